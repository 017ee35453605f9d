"""The command that writes what was recorded to a file. Formats are in ``weex_client.export``."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from weex_client.cli.failures import SUCCESS
from weex_client.cli.moments import iso_moment, moment_ns
from weex_client.cli.outlet import Outlet
from weex_client.errors import ExportError, TapeError
from weex_client.export import CandleBuilder, FileFormat, export, format_of, known_trades
from weex_client.models import Message
from weex_client.protocol import Channel
from weex_client.recording import ChannelRecord, Recording
from weex_client.recording.tape import parts_of

__all__ = ["ExportRequest", "export_tape"]

_SECOND_NS: Final = 1_000_000_000

# A trade is recorded after it was matched, at most by so much later or, where clocks differ,
# sooner; but for those that a venue repeats after an interruption.
_APART_NS: Final = 300 * _SECOND_NS

_STOP_SECONDS: Final = 5.0
_MESSAGES_A_STEP: Final = 500
_KINDS_OF_BOOKS: Final = (Channel.BOOK, Channel.BOOK_DELTAS)


class _CancelledError(Exception):
    """End an export from within: nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Hold the arguments and options of ``export``."""

    tape: Path
    channel: str
    out: Path
    file_format: FileFormat | None = None
    symbols: tuple[str, ...] = ()
    venue: str | None = None
    start: str | None = None
    end: str | None = None
    interval: str | None = None
    level: int | None = None

    @property
    def start_ns(self) -> int | None:
        """Return the first moment that is wanted."""
        return None if self.start is None else moment_ns(self.start)

    @property
    def end_ns(self) -> int | None:
        """Return the first moment that is not."""
        return None if self.end is None else moment_ns(self.end)

    @property
    def builds_candles(self) -> bool:
        """Tell whether candles are wanted that nobody has sent."""
        return self.channel == Channel.TRADES and self.interval is not None

    def check(self) -> None:
        """Make sure, before anything is read, that a file can come of it.

        Raises:
            UsageError: If not.
        """
        format_of(self.out) if self.file_format is None else None
        start_ns, end_ns = self.start_ns, self.end_ns
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            raise ExportError("--to must be later than --from")
        for part in [self.tape, *parts_of(self.tape)]:
            taken = [part.with_name(part.name + end).resolve() for end in ("", "-wal", "-shm")]
            if self.out.resolve() in taken:
                raise ExportError(f"{self.out} is the tape itself: choose another --out")

    def fits(self, record: ChannelRecord) -> bool:
        """Tell whether something that was recorded is asked for."""
        names = {each.strip().upper() for each in self.symbols}
        return (
            record.channel == self.channel
            and (not names or record.symbol is None or record.symbol in names)
            and self.venue in (None, record.venue)
        )


async def export_tape(request: ExportRequest) -> int:
    """Write what was asked for; if it is cancelled, nothing is written.

    Returns:
        Success.

    Raises:
        UsageError: If there is nothing of the kind, or it does not fit the format.
        OSError: If the file cannot be written.
    """
    request.check()
    is_cancelled = threading.Event()
    # In a thread, so that Ctrl-C is heard: all of it is work, and nothing to wait for.
    work = asyncio.ensure_future(asyncio.to_thread(_exported, request, is_cancelled))
    try:
        summary = await asyncio.shield(work)
    except asyncio.CancelledError:
        is_cancelled.set()
        # It hears of that with the next message, which may be far ahead.
        await asyncio.wait((work,), timeout=_STOP_SECONDS)
        if not work.done() or isinstance(work.exception(), _CancelledError):
            print(f"stopped: {request.out} was not written", file=sys.stderr, flush=True)
        raise
    await Outlet().line(summary)
    return SUCCESS


def _exported(request: ExportRequest, is_cancelled: threading.Event) -> str:
    """Write the file; return what there is to say about it."""
    with Recording(request.tape) as recording:
        records = [each for each in recording.channels() if request.fits(each)]
        _check_one_meaning(request, records)
        with _progress(records, request, is_cancelled) as step:
            source = _source(request, recording, step)
            messages = source.messages()
            first = next(messages, None)
            if first is None:
                raise _nothing(request, records)
            try:
                written = export(
                    itertools.chain((first,), messages), request.out, request.file_format
                )
            except OSError as exc:
                reason = exc.strerror or str(exc)
                raise OSError(exc.errno, f"cannot write {request.out}: {reason}") from exc
    return "; ".join(
        [f"{written.rows:,} rows in {request.out}, {written.size_bytes:,} bytes", *source.remarks()]
    )


def _check_one_meaning(request: ExportRequest, records: list[ChannelRecord]) -> None:
    """Refuse what would put several things into one file that nothing in it tells apart."""
    markets = {(each.venue, each.market) for each in records}
    if len(markets) > len({venue for venue, _ in markets}):
        names = ", ".join(sorted(f"{venue} {market}" for venue, market in markets))
        raise ExportError(
            f"{request.tape} has {request.channel} of several markets ({names}), which a file does"
            " not tell apart: record each market on a tape of its own"
        )
    levels = sorted({each.level for each in records if each.level is not None})
    if request.channel in _KINDS_OF_BOOKS and request.level is None and len(levels) > 1:
        choice = " or ".join(map(str, levels))
        raise ExportError(f"{request.tape} has books of several levels: choose --level {choice}")


Step = Callable[[Iterator[Message[Any]]], Iterator[Message[Any]]]


class _Recorded:
    """Messages as they were recorded."""

    def __init__(self, request: ExportRequest, recording: Recording, step: Step) -> None:
        self._request = request
        self._recording = recording
        self._step = step

    def messages(self) -> Iterator[Message[Any]]:
        """Yield them."""
        request = self._request
        try:
            return self._read(request.start_ns, request.end_ns, request.interval)
        except TapeError as exc:
            if request.channel != Channel.CANDLES or request.interval is None:
                raise
            hint = f"--channel trades --interval {request.interval} builds them from trades"
            raise TapeError(f"{exc}; {hint}", path=exc.path) from exc

    def _read(
        self, start_ns: int | None, end_ns: int | None, interval: str | None
    ) -> Iterator[Message[Any]]:
        request = self._request
        messages = self._recording.messages(
            request.channel,
            request.symbols,
            venue=request.venue,
            start_ns=start_ns,
            end_ns=end_ns,
            level=request.level,
            interval=interval,
        )
        return self._step(messages)

    def remarks(self) -> list[str]:
        """Return what should be known of them, once all were read."""
        return []


class _Candles(_Recorded):
    """Candles built from trades: those that begin in the time asked for."""

    def __init__(self, request: ExportRequest, recording: Recording, step: Step) -> None:
        super().__init__(request, recording, step)
        self._builder = CandleBuilder(request.interval or "", known_trades(recording))
        self._doubtful = 0

    def messages(self) -> Iterator[Message[Any]]:
        """Yield them."""
        start_ns, end_ns = self._request.start_ns, self._request.end_ns
        for candle in self._built():
            open_ns = round(candle.data.open_time * 1000) * 1_000_000
            if (start_ns is None or open_ns >= start_ns) and (end_ns is None or open_ns < end_ns):
                self._doubtful += not candle.data.is_complete
                yield candle

    def _built(self) -> Iterator[Message[Any]]:
        start_ns = self._request.start_ns
        early_ns = None if start_ns is None else start_ns - _APART_NS
        for trade in self._read(early_ns, self._last_ns(), None):
            yield from self._builder.add(trade)
        yield from self._builder.rest()

    def _last_ns(self) -> int | None:
        """Return until when trades of the last candle may have been recorded."""
        if self._request.end_ns is None:
            return None
        _, last_ns = self._builder.interval.span_of(self._request.end_ns - 1)
        # What was missed while a line was down comes after it.
        for gap in sorted(self._recording.gaps(), key=lambda gap: gap.start_ns):
            if gap.start_ns <= last_ns < gap.end_ns:
                last_ns = gap.end_ns
        return last_ns + _APART_NS

    def remarks(self) -> list[str]:
        """Return what may be missing in them."""
        remarks = []
        if self._doubtful:
            remarks.append(f"{self._doubtful:,} candles may lack trades (is_complete is false)")
        if self._builder.late:
            remarks.append(f"{self._builder.late:,} trades came too late for their candle")
        return remarks


def _source(request: ExportRequest, recording: Recording, step: Step) -> _Recorded:
    kind = _Candles if request.builds_candles else _Recorded
    return kind(request, recording, step)


@contextlib.contextmanager
def _progress(
    records: list[ChannelRecord], request: ExportRequest, is_cancelled: threading.Event
) -> Iterator[Step]:
    """Show on a terminal how far an export is, by the time of what was read."""
    console = Console(stderr=True)
    start_ns = request.start_ns or min((each.start_ns for each in records), default=0)
    end_ns = request.end_ns or max((each.end_ns for each in records), default=0)
    columns = (
        TextColumn("{task.fields[count]:,} messages"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    is_shown = console.is_terminal and not console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as bar:
        task = bar.add_task("", total=max(1, end_ns - start_ns), count=0)

        def step(messages: Iterator[Message[Any]]) -> Iterator[Message[Any]]:
            for number, message in enumerate(messages):
                if not number % _MESSAGES_A_STEP:
                    if is_cancelled.is_set():
                        raise _CancelledError
                    done_ns = max(0, message.received_time_ns - start_ns)
                    bar.update(task, completed=done_ns, count=number)
                yield message

        yield step


def _nothing(request: ExportRequest, records: list[ChannelRecord]) -> ExportError:
    """Return what to say where the time asked for holds no message."""
    asked = [request.channel]
    asked += [f"of {', '.join(request.symbols)}"] if request.symbols else []
    asked += [f"from {request.start}"] if request.start else []
    asked += [f"to {request.end}"] if request.end else []
    has = "; ".join(
        f"{each.symbol or each.venue} from {iso_moment(each.start_ns)} to {iso_moment(each.end_ns)}"
        for each in records
    )
    return ExportError(
        f"{request.tape} holds no {' '.join(asked)}: nothing was written; it recorded"
        f" {request.channel} {f'of {has}' if has else 'of nothing'}"
    )
