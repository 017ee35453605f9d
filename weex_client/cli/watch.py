"""The command that shows streams as they come. What is shown how lives in ``screens``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from rich.console import Console

from weex_client.cli.failures import Failures
from weex_client.cli.request import WatchPlan, WatchRequest
from weex_client.cli.sandbox import opened
from weex_client.cli.screens import LineScreen, LiveScreen, Screen
from weex_client.cli.views import view_for
from weex_client.client import StreamClient
from weex_client.config import StreamConfig
from weex_client.errors import ConnectError, UnsupportedChannelError, WeexClientError
from weex_client.models import Message, Ticker
from weex_client.protocol import Topic
from weex_client.sandbox import SandboxExchange
from weex_client.websocket import VENUES

__all__ = ["watch"]

# The smallest book there is serves the touch.
_TOUCH_LEVEL = 5


class _EnoughError(Exception):
    """End the watch: as many messages were shown as asked for."""


async def watch(request: WatchRequest) -> int:
    """Show what was asked for until enough came, time is up, or every stream has ended.

    Returns:
        Success, or the status of the worst error that ended a stream.

    Raises:
        WeexClientError: If nothing could be opened.
        BrokenPipeError: If nobody reads standard output any more.
    """
    request.check()
    async with contextlib.AsyncExitStack() as stack:
        exchange = None
        if request.sandbox:
            exchange = await stack.enter_async_context(opened(SandboxExchange()))
        config = request.config(exchange)
        client_class = VENUES[request.venue]
        plan = request.plan(client_class.venue_class(config))
        client = client_class(config)
        try:
            await stack.enter_async_context(client)
        except ConnectError as exc:
            raise _advised(exc, request) from exc
        screen = _screen(request, plan, config, client)
        await stack.enter_async_context(screen.opened())
        try:
            return await _Watch(request, plan, client, screen).run()
        finally:
            if not isinstance(sys.exception(), Exception):  # whose one line says it all
                screen.conclude(client.continuity())  # also after Ctrl-C


def _advised(error: ConnectError, request: WatchRequest) -> ConnectError:
    """Add what to try next to an error of the first dial."""
    if request.sandbox:
        return error
    advice = "check the address and that its server runs" if request.url else "check the network"
    return ConnectError(
        f"{error}; {advice}, or add --sandbox to watch the embedded exchange",
        url=error.url,
        status=error.status,
    )


def _screen(
    request: WatchRequest, plan: WatchPlan, config: StreamConfig, client: StreamClient
) -> Screen:
    is_drawable = sys.stdout.isatty() and not Console().is_dumb_terminal
    if request.json or not is_drawable:
        return LineScreen(as_json=request.json)
    market = getattr(config, "market", "")
    words = (request.venue, market, "sandbox" if request.sandbox else "")
    place = " ".join(filter(None, words))
    return LiveScreen(view_for(plan.channel, plan.symbols), place, client)


class _Watch:
    """Read one stream a symbol, and what a screen needs beside it."""

    def __init__(
        self, request: WatchRequest, plan: WatchPlan, client: StreamClient, screen: Screen
    ) -> None:
        self._request = request
        self._plan = plan
        self._client = client
        self._screen = screen
        self._taken = 0
        self._failures = Failures(screen.say)

    async def run(self) -> int:
        """Read until the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._request.seconds):
                await self._read_all()
        return self._failures.status

    async def _read_all(self) -> None:
        try:
            async with asyncio.TaskGroup() as beside:
                helpers = [beside.create_task(self._follow_events())]
                async with asyncio.TaskGroup() as readers:
                    for topic in self._plan.topics:
                        readers.create_task(self._read(topic, beside, helpers))
                for helper in helpers:
                    helper.cancel()
        except* _EnoughError:
            pass

    async def _read(
        self, topic: Topic, beside: asyncio.TaskGroup, helpers: list[asyncio.Task[None]]
    ) -> None:
        """Show one stream; its error ends it alone."""
        has_touch = not self._screen.wants_touch
        try:
            async with self._plan.stream(self._client, topic) as stream:
                async for message in stream:
                    if not self._plan.wants(message):
                        continue
                    if not has_touch and topic.symbol and isinstance(message.data, Ticker):
                        has_touch = True
                        if message.data.bid is None:
                            helpers.append(beside.create_task(self._read_touch(topic.symbol)))
                    await self._show_counted(message)
        except WeexClientError as exc:
            self._fail(topic.symbol, exc)

    async def _show_counted(self, message: Message[Any]) -> None:
        """Show a message, unless enough were: another reader may be writing the last one."""
        count = self._request.count
        if count is not None and self._taken >= count:
            return
        self._taken += 1
        await self._screen.show(message)
        if self._taken == count:
            raise _EnoughError

    def _fail(self, symbol: str | None, error: WeexClientError) -> None:
        """Say an error once, however many streams it ends."""
        if symbol is not None:
            self._screen.refuse(symbol)
        self._failures.take(error)

    async def _read_touch(self, symbol: str) -> None:
        """Show best bid and ask of a symbol whose ticker has none.

        An error needs no words here: a refused symbol is refused on its ticker as well.
        """
        with contextlib.suppress(WeexClientError):
            try:
                stream = self._client.stream_book_tickers(symbol)
            except UnsupportedChannelError:
                async with self._client.stream_order_book(symbol, _TOUCH_LEVEL) as books:
                    async for book in books:
                        await self._screen.show(book)
                return
            async with stream:
                async for touch in stream:
                    await self._screen.show(touch)

    async def _follow_events(self) -> None:
        async with self._client.events() as events:
            async for event in events:
                self._screen.note(event)
