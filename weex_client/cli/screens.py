"""Where messages and events go: lines, JSON lines, or a terminal's live table."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from weex_client.cli.failures import complain
from weex_client.cli.lines import event_line, message_line
from weex_client.cli.outlet import Outlet
from weex_client.cli.summary import continuity_lines
from weex_client.cli.views import Frame, View
from weex_client.cli.views.status import Status
from weex_client.client import StreamClient
from weex_client.models import ConnectionEvent, Continuity, Message

__all__ = ["LineScreen", "LiveScreen", "Screen", "redrawn"]

# Eight pictures a second: faster than anybody reads, and rich takes some milliseconds for each.
_REDRAW_SECONDS = 0.125
# What the status takes at most, and the cursor's line.
_STATUS_ROWS = 3

# What the streams' own errors say, or nobody needs to know.
_UNSAID = frozenset({"connected", "rejected", "gave_up", "resubscribed"})


class Screen(Protocol):
    """Show what comes."""

    wants_touch: bool
    """Whether best bid and ask are wanted where a ticker has none."""

    def opened(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Show a client's messages while open."""

    async def show(self, message: Message[Any]) -> None:
        """Show a message."""

    def note(self, event: ConnectionEvent) -> None:
        """Show an event."""

    def refuse(self, symbol: str, /) -> None:
        """Show that nothing more will come of a symbol."""

    def say(self, reason: str) -> None:
        """Show why a stream ended."""

    def conclude(self, pasts: Sequence[Continuity]) -> None:
        """Show at the end how complete the streams were."""


class LineScreen:
    """Write one line a message: JSON for machines, or words."""

    wants_touch = False

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._outlet = Outlet()
        self._was_lost = False
        self._has_complained = False

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Need nothing but standard output."""
        yield

    async def show(self, message: Message[Any]) -> None:
        """Write a message's line.

        Raises:
            BrokenPipeError: If nobody reads any more.
        """
        text = message.model_dump_json() if self._as_json else message_line(message)
        await self._outlet.line(text)

    def note(self, event: ConnectionEvent) -> None:
        """Say trouble on standard error: standard output holds messages and nothing else."""
        if event.kind == "connected" and self._was_lost:
            self._was_lost = False
        elif event.kind in _UNSAID or event.cause == "no subscription":
            return
        else:
            self._was_lost |= event.kind == "reconnecting"
        print(" ".join(event_line(event).split()), file=sys.stderr, flush=True)

    def refuse(self, _symbol: str, /) -> None:
        """Need no mark: the reason names the symbol."""

    def say(self, reason: str) -> None:
        """Say it on standard error at once."""
        self._has_complained = True
        complain(reason)

    def conclude(self, pasts: Sequence[Continuity]) -> None:
        """Say it on standard error; beside errors and JSON only what had holes."""
        is_brief = self._as_json or self._has_complained
        for line in continuity_lines(pasts, only_trouble=is_brief):
            print(" ".join(line.split()), file=sys.stderr, flush=True)


@contextlib.asynccontextmanager
async def redrawn(console: Console, picture: Callable[[], Group]) -> AsyncIterator[None]:
    """Redraw a picture in place until left, then a last time."""

    async def redraw() -> None:
        while True:
            live.update(picture(), refresh=True)
            await asyncio.sleep(_REDRAW_SECONDS)

    with Live(console=console, auto_refresh=False, redirect_stderr=False) as live:
        redrawing = asyncio.create_task(redraw())
        try:
            yield
        finally:
            redrawing.cancel()
            await asyncio.wait((redrawing,))
            live.update(picture(), refresh=True)


class LiveScreen:
    """Redraw a table in place, some times a second however many messages come."""

    wants_touch = True

    def __init__(self, view: View, place: str, client: StreamClient) -> None:
        self._view = view
        self._status = Status(place)
        self._client = client
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._reasons: list[str] = []
        self._pasts: Sequence[Continuity] = ()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Draw until left, then a last time, and say what went wrong below."""
        try:
            async with redrawn(self._console, self._picture):
                yield
        finally:
            for line in continuity_lines(self._pasts, only_trouble=False):
                text = Text(f" {' '.join(line.split())}", no_wrap=True, overflow="ellipsis")
                self._console.print(text)
            for reason in self._reasons:
                complain(reason)

    def _picture(self) -> Group:
        width, height = self._console.size
        now = time.time()
        status = self._status.draw(
            self._client.stats(), now, is_connected=self._client.is_connected
        )
        return Group(self._view.draw(Frame(width, height - _STATUS_ROWS, now)), status)

    async def show(self, message: Message[Any]) -> None:
        """Let the table know."""
        self._view.take(message)

    def note(self, event: ConnectionEvent) -> None:
        """Let the status line know."""
        self._status.take(event)

    def refuse(self, symbol: str, /) -> None:
        """Mark the symbol."""
        self._view.refuse(symbol)

    def say(self, reason: str) -> None:
        """Say it below the table, once that stands still."""
        self._reasons.append(reason)

    def conclude(self, pasts: Sequence[Continuity]) -> None:
        """Say it below the table, once that stands still."""
        self._pasts = pasts
