"""The command that stores streams. Where they are stored is in ``weex_client.sinks``."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from weex_client.cli.failures import Failures
from weex_client.cli.outlet import Outlet
from weex_client.cli.request import WatchPlan, WatchRequest
from weex_client.cli.sandbox import opened
from weex_client.cli.screens import LineScreen, LiveScreen, Screen
from weex_client.cli.views.storing import StoringView, sink_line
from weex_client.client import StreamClient
from weex_client.config import StreamConfig
from weex_client.errors import ConnectError, SinkError, WeexClientError
from weex_client.models import Message
from weex_client.protocol import Topic
from weex_client.sandbox import SandboxExchange
from weex_client.sinks import Sink, sink_at
from weex_client.websocket import VENUES

__all__ = ["StoreRequest", "store"]

# How often somebody who sees no live line is told that a store has gone away or come back.
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """Hold the arguments and options of ``store``.

    Attributes:
        watched: What is streamed, as for ``watch``, but for the channel.
        channels: The channels; the venue's first where empty.
        address: Where messages go: ``sqlite:FILE`` or ``mongodb://...``.
    """

    watched: WatchRequest
    channels: tuple[str, ...]
    address: str

    def watches(self) -> list[WatchRequest]:
        """Return what would be watched, one channel each."""
        channels = tuple(dict.fromkeys(self.channels)) or (None,)
        return [replace(self.watched, channel=channel) for channel in channels]


async def store(request: StoreRequest) -> int:
    """Store what was asked for until time is up, or every stream has ended.

    Returns:
        Success, or the status of the worst error that ended a stream.

    Raises:
        WeexClientError: If something could not be opened, or messages were lost.
    """
    watched = request.watched
    watched.check()
    sink = sink_at(request.address)
    try:
        async with contextlib.AsyncExitStack() as stack:
            exchange = None
            if watched.sandbox:
                exchange = await stack.enter_async_context(opened(SandboxExchange()))
            watches = request.watches()
            # What --url means, a private channel knows if there is one.
            config = max(watches, key=lambda each: each.is_private).config(exchange)
            venue = VENUES[watched.venue].venue_class(config)
            plans = [each.plan(venue) for each in watches]
            await stack.enter_async_context(sink)
            stack.callback(_say_what_waits, sink)
            client = VENUES[watched.venue](config)
            try:
                await stack.enter_async_context(client)
            except ConnectError as exc:
                raise _advised(exc, watched) from exc
            screen = _screen(sink, client, _place(watched, config))
            await stack.enter_async_context(screen.opened())
            try:
                return await _Storing(watched, plans, client, sink, screen).run(_label(config))
            finally:
                if not isinstance(sys.exception(), Exception):  # whose one line says it all
                    screen.conclude(client.continuity())  # also after Ctrl-C
    finally:
        # Only now, when the sink is closed, it is known what became of every message.
        stats = sink.stats()
        if stats.stored or stats.repeated:
            await Outlet().line(sink_line(stats, sink.place))
        if stats.lost and not isinstance(sys.exception(), WeexClientError):
            raise SinkError(
                f"{stats.lost} messages were read and not stored: {stats.last_error}",
                place=sink.place,
            )


def _say_what_waits(sink: Sink) -> None:
    """Say why closing takes a while."""
    stats = sink.stats()
    if stats.away_since is not None and stats.waiting:
        print(f"{stats.waiting} messages wait; a last try", file=sys.stderr, flush=True)


def _label(config: StreamConfig) -> str:
    """Return the market of a venue that has several: their symbols are spelled alike."""
    return str(getattr(config, "market", ""))


def _place(watched: WatchRequest, config: StreamConfig) -> str:
    words = (watched.venue, _label(config), "sandbox" if watched.sandbox else "")
    return " ".join(filter(None, words))


def _advised(error: ConnectError, watched: WatchRequest) -> ConnectError:
    if watched.sandbox:
        return error
    advice = "check the address and that its server runs" if watched.url else "check the network"
    return ConnectError(
        f"{error}; {advice}, or add --sandbox to store what the embedded exchange says",
        url=error.url,
        status=error.status,
    )


def _screen(sink: Sink, client: StreamClient, place: str) -> Screen:
    if sys.stdout.isatty() and not Console().is_dumb_terminal:
        return LiveScreen(StoringView(sink), place, client)
    return LineScreen(as_json=False)


class _Storing:
    """Feed a sink from one stream a symbol and channel."""

    def __init__(
        self,
        watched: WatchRequest,
        plans: Sequence[WatchPlan],
        client: StreamClient,
        sink: Sink,
        screen: Screen,
    ) -> None:
        self._watched = watched
        self._plans = plans
        self._client = client
        self._sink = sink
        self._screen = screen
        self._failures = Failures(screen.say)

    async def run(self, label: str) -> int:
        """Store until the end."""
        # What the embedded exchange makes up is never taken for the market.
        label = " ".join(filter(None, (label, "sandbox" if self._watched.sandbox else "")))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._watched.seconds), asyncio.TaskGroup() as beside:
                helpers = [
                    beside.create_task(self._follow_events()),
                    beside.create_task(self._follow_sink()),
                ]
                async with asyncio.TaskGroup() as readers:
                    for plan in self._plans:
                        for topic in plan.topics:
                            readers.create_task(self._store(plan, topic, label))
                for helper in helpers:
                    helper.cancel()
        return self._failures.status

    async def _store(self, plan: WatchPlan, topic: Topic, label: str) -> None:
        """Store one stream; its error ends it alone, one of the sink ends all."""
        try:
            stream = plan.stream(self._client, topic)
            chosen = stream if not plan.chosen else _chosen(plan, stream)
            async with stream:
                await self._sink.consume(chosen, label=label)
        except SinkError:
            raise
        except WeexClientError as exc:
            self._fail(topic.symbol, exc)

    def _fail(self, symbol: str | None, error: WeexClientError) -> None:
        """Say an error once, however many streams it ends."""
        if symbol is not None:
            self._screen.refuse(symbol)
        self._failures.take(error)

    async def _follow_events(self) -> None:
        async with self._client.events() as events:
            async for event in events:
                self._screen.note(event)

    async def _follow_sink(self) -> None:
        """Say on standard error what a live line would show."""
        was_away = False
        while isinstance(self._screen, LineScreen):
            await asyncio.sleep(_LOOK_SECONDS)
            stats = self._sink.stats()
            is_away = stats.away_since is not None
            if is_away and not was_away:
                text = f"{stats.last_error}; {stats.waiting} messages wait"
                print(" ".join(text.split()), file=sys.stderr, flush=True)
            elif was_away and not is_away:
                print(f"{self._sink.place} takes messages again", file=sys.stderr, flush=True)
            was_away = is_away


async def _chosen(
    plan: WatchPlan, stream: AsyncIterator[Message[Any]]
) -> AsyncIterator[Message[Any]]:
    async for message in stream:
        if plan.wants(message):
            yield message
