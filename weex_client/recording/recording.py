"""A recording as notebooks and programs without a loop read it: what it has, and its messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from weex_client.errors import TapeError, UsageError
from weex_client.models import Message, OrderBookView
from weex_client.recording.catalogue import Catalogue, Request, Wish
from weex_client.recording.contents import Contents
from weex_client.recording.playback import Playback
from weex_client.recording.records import (
    ChannelRecord,
    CoverageRecord,
    GapRecord,
    SessionRecord,
    channels_in,
    coverage_in,
    gaps_in,
    sessions_in,
)
from weex_client.streaming.registry import Sealed

__all__ = ["Recording"]

# As seconds the year 33,658; as nanoseconds the first day of 1970.
_LEAST_NANOSECONDS = 1e12


class Recording:
    """Read a tape.

    It shows what stands on the tape at first use, be it still written: after ``close``, or after
    leaving ``with``, the next use looks again. All parts of a recording are meant by the name of
    its first one.

    Args:
        path: The tape, as it was given to the recorder.

    Raises:
        TapeError: At first use, if it is no tape, or one that cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Recording({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget what was read; the next use reads it again, and sees what is new."""
        self.__dict__.pop("_contents", None)
        self.__dict__.pop("_catalogue", None)

    @cached_property
    def _contents(self) -> Contents:
        return Contents(self.path)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue(self._contents)

    # What there is.

    def sessions(self) -> tuple[SessionRecord, ...]:
        """Return which clients were recorded, in the order in which they were opened."""
        return tuple(sessions_in(self._contents))

    def channels(self) -> tuple[ChannelRecord, ...]:
        """Return what was streamed: each topic of each market once."""
        return tuple(channels_in(self._contents, self._catalogue))

    def gaps(self) -> tuple[GapRecord, ...]:
        """Return where something is missing, and why, in the order of time."""
        return tuple(gaps_in(self._contents))

    def coverage(self) -> tuple[CoverageRecord, ...]:
        """Return how much of the time each channel was recorded."""
        return tuple(coverage_in(self._contents, self._catalogue))

    @property
    def size(self) -> int:
        """Return how many bytes the files have."""
        return self._contents.size

    @property
    def start_ns(self) -> int:
        """Return when the recording begins, nanoseconds since the epoch; 0 if it is empty."""
        return min((each.opened_ns for each in self._contents.sessions.values()), default=0)

    @property
    def duration_ns(self) -> int:
        """Return how long the recording is, in nanoseconds."""
        return max((each.end_ns for each in self.sessions()), default=0) - self.start_ns

    # What it says.

    def messages(
        self,
        channel: str | None = None,
        symbols: str | Sequence[str] = (),
        *,
        venue: str | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
        level: int | None = None,
        interval: str | None = None,
    ) -> Iterator[Message[Any]]:
        """Yield the messages that a live client's readers got, in the order of the tape.

        Args:
            channel: Which channel, as ``message.channel`` spells it; all where None.
            symbols: Of which symbols; all where empty.
            venue: Of which venue; all where None.
            start_ns: The first moment, nanoseconds since the epoch, by the clock that recorded.
            end_ns: The first moment that is not wanted any more.
            level: Levels a side of a book; as recorded where None.
            interval: Interval of candles; as recorded where None.

        Raises:
            TapeError: If nothing of the kind was recorded; the text says what was.
            UsageError: If the end is not later than the start.
        """
        names = (symbols,) if isinstance(symbols, str) else tuple(symbols)
        spelled = tuple(dict.fromkeys(name.strip().upper() for name in names))
        request = Request(channel, spelled, venue, level, interval)
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            raise UsageError("the end must be later than the start")
        return self._played(self._catalogue.wishes(request), spelled, start_ns, end_ns)

    def _played(
        self,
        wishes: Sequence[Wish],
        symbols: Sequence[str],
        start_ns: int | None,
        end_ns: int | None,
    ) -> Iterator[Message[Any]]:
        # A session that was over before needs not be played: the next one began anew.
        sessions = self._contents.sessions
        wishes = [
            wish
            for wish in wishes
            if start_ns is None or (sessions[wish.session].closed_ns or start_ns) >= start_ns
        ]
        playback = Playback(self._contents, self._catalogue, wishes)
        is_chosen = _chooser(symbols) if any(wish.topic.symbol is None for wish in wishes) else None
        for items in playback.run(end_ns):
            if start_ns is not None and playback.time_ns < start_ns:
                continue
            for item in items:
                message = item.open() if isinstance(item, Sealed) else item
                if message is not None and (is_chosen is None or is_chosen(message)):
                    yield message

    def book(
        self,
        symbol: str,
        at: float | datetime,
        level: int | None = None,
        venue: str | None = None,
    ) -> Message[OrderBookView]:
        """Return the order book as it was known at a moment.

        Args:
            symbol: Of which symbol.
            at: The moment, by the clock that recorded: a ``datetime``, Unix seconds, or
                nanoseconds since the epoch.
            level: Levels a side; the most that was recorded where None.
            venue: Of which venue, where several were recorded.

        Raises:
            TapeError: If no book was recorded, or none was known to be right at that moment.
        """
        name = symbol.strip().upper()
        at_ns = _nanoseconds(at)
        wishes = self._catalogue.wishes(Request("book", (name,), venue, level))
        most = max(wish.topic.level or 0 for wish in wishes)
        wishes = [wish for wish in wishes if wish.topic.level == most]
        playback = Playback(self._contents, self._catalogue, wishes)
        for _ in playback.run(at_ns + 1):
            pass
        for wish in reversed(wishes):
            message = playback.current(wish)
            if message is not None:
                return message
        moment = datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="milliseconds")
        raise TapeError(
            f"{self.path} has no book of {name} that was known to be right at {moment}; see"
            " coverage() for when it was",
            path=str(self.path),
        )

    def digest(self, *args: Any, **options: Any) -> str:
        """Return the SHA-256 of the messages as JSON lines; arguments as for ``messages``."""
        digest = hashlib.sha256()
        for message in self.messages(*args, **options):
            digest.update(f"{message.model_dump_json()}\n".encode())
        return digest.hexdigest()


def _chooser(symbols: Sequence[str]) -> Callable[[Message[Any]], bool] | None:
    """Return what tells messages about some symbols, or currencies, from others."""
    if not symbols:
        return None
    chosen = frozenset(symbols)
    return lambda message: str(message.symbol or message.data.get("currency", "")).upper() in chosen


def _nanoseconds(at: float | datetime) -> int:
    if isinstance(at, datetime):
        return round(at.timestamp() * 1_000_000) * 1000
    return round(at * 1_000_000_000) if at < _LEAST_NANOSECONDS else round(at)
