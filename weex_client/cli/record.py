"""The command that records. What a tape is, and who writes it, is in ``weex_client.recording``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console, Group
from rich.text import Text

from weex_client.cli.failures import SUCCESS, Failures, complain
from weex_client.cli.lines import event_line
from weex_client.cli.outlet import Outlet
from weex_client.cli.request import WatchPlan, WatchRequest
from weex_client.cli.sandbox import opened
from weex_client.cli.screens import redrawn
from weex_client.cli.views.recording import Progress, summary
from weex_client.cli.views.status import Status
from weex_client.client import StreamClient
from weex_client.errors import ConnectError, StreamError, WeexClientError
from weex_client.models import ConnectionEvent
from weex_client.protocol import Topic
from weex_client.recording import Recorder
from weex_client.sandbox import SandboxExchange
from weex_client.websocket import VENUES

__all__ = ["RecordRequest", "record"]

_LOOK_SECONDS = 0.25
_LINE_SECONDS = 10.0

# What is no news to somebody who leaves a recording to itself.
_UNSAID = frozenset({"connected", "resubscribed", "gave_up"})


@dataclass(frozen=True, slots=True)
class RecordRequest:
    """Hold the arguments and options of ``record``."""

    watch: WatchRequest
    channels: tuple[str, ...]
    out: Path
    rotation: tuple[int | None, float | None] = (None, None)
    retain_seconds: float | None = None
    redact_private: bool = False

    def recorder(self) -> Recorder:
        """Return what records."""
        rotate_bytes, rotate_seconds = self.rotation
        return Recorder(
            self.out,
            rotate_bytes=rotate_bytes,
            rotate_seconds=rotate_seconds,
            retain_seconds=self.retain_seconds,
            redact_private=self.redact_private,
        )

    def watches(self) -> list[WatchRequest]:
        """Return what would be watched, one channel each."""
        channels = tuple(dict.fromkeys(self.channels)) or (None,)
        return [replace(self.watch, channel=channel) for channel in channels]


async def record(request: RecordRequest) -> int:
    """Record what was asked for until time is up, every stream has ended, or a signal comes.

    Returns:
        Success, or the status of the worst error that ended a stream.

    Raises:
        WeexClientError: If nothing could be opened, or frames were lost.
        BrokenPipeError: If nobody reads standard output any more.
    """
    request.watch.check()
    recorder = request.recorder()
    async with contextlib.AsyncExitStack() as stack:
        exchange = None
        if request.watch.sandbox:
            exchange = await stack.enter_async_context(opened(SandboxExchange()))
        watches = request.watches()
        # What --url means, a private channel knows if there is one.
        config = max(watches, key=lambda watch: watch.is_private).config(exchange)
        client_class = VENUES[request.watch.venue]
        venue = client_class.venue_class(config)
        plans = [watch.plan(venue) for watch in watches]
        await stack.enter_async_context(_concluded(recorder))
        client = client_class(config, recorder=recorder)
        try:
            await stack.enter_async_context(client)
        except ConnectError as exc:
            raise _advised(exc, request.watch) from exc
        words = (request.watch.venue, getattr(config, "market", ""), "sandbox" if exchange else "")
        screen = _screen(recorder, client, " ".join(filter(None, words)))
        await stack.enter_async_context(screen.opened())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(request.watch.seconds):
                return await _read_all(client, plans, screen)
    return SUCCESS


def _advised(error: ConnectError, watch: WatchRequest) -> ConnectError:
    if watch.sandbox:
        return error
    return ConnectError(
        f"{error}; check the network, or add --sandbox to record the embedded exchange",
        url=error.url,
        status=error.status,
    )


@contextlib.asynccontextmanager
async def _concluded(recorder: Recorder) -> AsyncIterator[None]:
    """Open a recorder; at the end, also after Ctrl-C, say what is on the tape.

    Raises:
        StreamError: If something is not, unless there is another error to tell of.
    """
    began: float | None = None
    try:
        async with recorder:
            began = time.monotonic()
            yield
    finally:
        if began is not None:
            stats = recorder.stats()
            said = summary(stats, time.monotonic() - began)
            is_whole = not stats.dropped and stats.problem is None
            if not is_whole and not isinstance(sys.exception(), Exception):
                raise StreamError(said)
            print(said, file=sys.stderr, flush=True)


async def _read_all(
    client: StreamClient, plans: Sequence[WatchPlan], screen: _LineScreen | _LiveScreen
) -> int:
    """Read every stream to its end, and throw away what comes: it is on the tape."""
    failures = Failures(screen.say)

    async def read(plan: WatchPlan, topic: Topic) -> None:
        try:
            async with plan.stream(client, topic) as stream:
                async for _ in stream:
                    pass
        except WeexClientError as exc:
            failures.take(exc)

    async def follow() -> None:
        async with client.events() as events:
            async for event in events:
                screen.note(event)

    async with asyncio.TaskGroup() as beside:
        following = beside.create_task(follow())
        async with asyncio.TaskGroup() as readers:
            for plan in plans:
                for topic in plan.topics:
                    readers.create_task(read(plan, topic))
        following.cancel()
    return failures.status


def _screen(recorder: Recorder, client: StreamClient, place: str) -> _LineScreen | _LiveScreen:
    if sys.stdout.isatty() and not Console().is_dumb_terminal:
        return _LiveScreen(recorder, client, place)
    return _LineScreen(recorder)


class _LineScreen:
    """Write a line every ten seconds, and trouble on standard error."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._progress = Progress()
        self._outlet = Outlet()
        self._problem: str | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Write lines until left; a reader that is gone ends the recording."""
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._write())
            try:
                yield
            finally:
                writing.cancel()

    async def _write(self) -> None:
        due = 0.0
        while True:
            stats, now = self._recorder.stats(), time.monotonic()
            if stats.problem != self._problem:
                self._problem = stats.problem
                due = 0.0  # its line says so
            if now >= due:
                due = now + _LINE_SECONDS
                await self._outlet.line(self._progress.line(stats, now))
            await asyncio.sleep(_LOOK_SECONDS)

    def note(self, event: ConnectionEvent) -> None:
        """Say trouble with the connection on standard error."""
        if event.kind not in _UNSAID and event.cause != "no subscription":
            print(" ".join(event_line(event).split()), file=sys.stderr, flush=True)

    def say(self, reason: str) -> None:
        """Say why a stream ended."""
        complain(reason)


class _LiveScreen:
    """Redraw a line about the tape and one about the connection."""

    def __init__(self, recorder: Recorder, client: StreamClient, place: str) -> None:
        self._recorder = recorder
        self._client = client
        self._progress = Progress()
        self._status = Status(place)
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._reasons: list[str] = []

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Draw until left, then a last time, and say below what went wrong."""
        try:
            async with redrawn(self._console, self._picture):
                yield
        finally:
            for reason in self._reasons:
                complain(reason)

    def _picture(self) -> Group:
        stats = self._recorder.stats()
        style = "yellow" if stats.problem is not None or stats.dropped else ""
        line = Text(
            f" {self._progress.line(stats, time.monotonic())}",
            style=style,
            no_wrap=True,
            overflow="ellipsis",
        )
        is_connected = self._client.is_connected
        return Group(
            line, self._status.draw(self._client.stats(), time.time(), is_connected=is_connected)
        )

    def note(self, event: ConnectionEvent) -> None:
        """Let the line about the connection know."""
        self._status.take(event)

    def say(self, reason: str) -> None:
        """Say it below, once the lines stand still."""
        self._reasons.append(reason)
