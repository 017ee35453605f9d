"""What a client tells a tape machine, and asks one; the machines have tests of their own."""

from __future__ import annotations

from typing import Any

import pytest

from weex_client.clock import Clock, ManualClock
from weex_client.config import StreamConfig
from weex_client.errors import TapeEndedError, UsageError
from weex_client.models import ConnectionEvent
from weex_client.protocol import Channel, DialRequest, Feed, Scope, Topic, Venue
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.mailbox import Mailbox, OverflowPolicy
from weex_client.streaming.tape import TapeConnector
from weex_client.streaming.transport import Connector
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

from .memory_line import (
    BTC,
    CREDENTIALS,
    ETH,
    LOCAL,
    MemoryConnector,
    MemoryTransport,
    lasts,
    other_tasks,
    reached,
    rest,
    ticker,
    turns,
    until,
)


class Machine(TapeConnector):
    """Stand at both ends: write down what a client tells, answer what it asks."""

    def __init__(self, venue: MemoryConnector) -> None:
        self.venue = venue
        self.told: list[tuple[Any, ...]] = []
        self.dials: list[int] = []
        self.events: list[str] = []
        self.lanes: dict[str, int] = {}
        self.mailboxes: list[Mailbox] = []

    def wrap(
        self, venue: Venue, config: StreamConfig, connector: Connector, clock: Clock
    ) -> TapeConnector:
        assert connector is self.venue
        return self

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> MemoryTransport:
        self.dials.append(request.lane)
        return await self.venue.connect(
            request, max_frame_bytes=max_frame_bytes, timeout_seconds=timeout_seconds
        )

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        raise AssertionError("nothing is asked here")

    def carries(self, lane: int, scope: Scope, topic: Topic) -> None:
        self.told.append(("carries", lane, scope, topic.channel, topic.symbol))

    def leaves(self, lane: int, scope: Scope, topic: Topic) -> None:
        self.told.append(("leaves", lane, scope, topic.channel, topic.symbol))

    def happened(self, event: ConnectionEvent) -> None:
        self.events.append(event.kind)

    def closed(self) -> None:
        self.told.append(("closed",))

    def lane_of(self, feed: Feed, scope: Scope) -> int | None:
        return self.lanes.get(str(feed))

    def overflow(self, policy: OverflowPolicy) -> OverflowPolicy:
        is_lossy = policy is OverflowPolicy.DROP_OLDEST
        return OverflowPolicy.BLOCK if is_lossy else policy

    def reads(self, mailbox: Mailbox) -> None:
        self.mailboxes.append(mailbox)


def settings(**more: Any) -> WeexConfig:
    return WeexConfig(_env_file=None, **LOCAL | CREDENTIALS | {"seed_private": False} | more)


def make_machine(*script: Exception | None) -> Machine:
    return Machine(MemoryConnector(ManualClock(), *script))


async def test_a_recorder_is_told_which_lane_carries_what_from_when_to_when() -> None:
    machine = make_machine()
    client = WeexWebSocketClient(
        settings(), connector=machine.venue, clock=machine.venue.clock, recorder=machine
    )
    async with client:
        first, second = client.stream_tickers(BTC), client.stream_tickers(BTC)
        trades = client.stream_trades([BTC, ETH])
        orders = client.stream_orders()
        await reached(lambda: len(machine.venue.lines), 2)
        await first.aclose()
        await trades.aclose()
        machine.venue.lines[0].cut()
        while len(machine.dials) < 3:
            machine.venue.clock.advance(0.1)
            await turns(20)
        await second.aclose()
        await orders.aclose()
    public, private = Scope.PUBLIC, Scope.PRIVATE
    assert machine.told == [
        ("carries", 0, public, Channel.TICKER, BTC),
        ("carries", 0, public, Channel.TRADES, BTC),
        ("carries", 0, public, Channel.TRADES, ETH),
        ("carries", 1, private, Channel.ORDERS, None),
        ("leaves", 0, public, Channel.TRADES, BTC),
        ("leaves", 0, public, Channel.TRADES, ETH),
        ("leaves", 0, public, Channel.TICKER, BTC),
        ("leaves", 1, private, Channel.ORDERS, None),
        ("closed",),
    ]
    assert machine.dials == [0, 1, 0]
    assert machine.events[:5] == [
        "connected",
        "connected",
        "disconnected",
        "reconnecting",
        "connected",
    ]


async def test_feeds_go_to_the_lanes_that_the_tape_has_them_on() -> None:
    machine = make_machine()
    machine.lanes = {f"{BTC}@ticker": 3, f"{ETH}@ticker": 0}
    client = WeexWebSocketClient(settings(), connector=machine, clock=machine.venue.clock)
    async with client:
        stream = client.stream_tickers([BTC, ETH])
        await reached(lambda: len(machine.venue.subscribed()), 2)
        assert [line.request.lane for line in machine.venue.lines] == [0, 3]
        assert [line.requests("SUBSCRIBE") for line in machine.venue.lines] == [
            [[f"{ETH}@ticker"]],
            [[f"{BTC}@ticker"]],
        ]
        await stream.aclose()


async def test_a_tape_gives_the_time_and_lets_nothing_be_dropped() -> None:
    machine = make_machine()
    machine.clock = machine.venue.clock
    client = WeexWebSocketClient(settings(), connector=machine)
    assert client.clock is machine.clock
    async with client:
        stream = client.stream_tickers(BTC, queue_size=2)
        await reached(lambda: len(machine.venue.subscribed()), 1)
        machine.venue.line.say(*(ticker(last=number) for number in range(5)))
        await until(lambda: stream.pending == 3)  # one more than fits: the line is not read on
        assert [mailbox.pending for mailbox in machine.mailboxes] == [3]
        assert await lasts(stream, 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("is_open", [True, False])
async def test_streams_of_a_tape_that_has_ended_just_finish(is_open: bool) -> None:
    machine = make_machine(None, TapeEndedError("nothing more"))
    client = WeexWebSocketClient(settings(), connector=machine, clock=machine.venue.clock)
    async with client:
        stream, events = client.stream_tickers(BTC), client.events()
        await reached(lambda: len(machine.venue.subscribed()), 1)
        machine.venue.line.say(ticker(last=7))
        if is_open:
            machine.venue.line.break_receive(TapeEndedError("nothing more"))
        else:
            machine.venue.line.cut()
            while len(machine.dials) < 2:
                machine.venue.clock.advance(0.1)
                await turns(20)
        assert [message.data.last for message in await rest(stream)] == [7]
        await client.disconnect()
        kinds = [event.kind for event in await rest(events)]
        assert "gave_up" not in kinds
        assert kinds.count("reconnecting") == (0 if is_open else 1)
    assert not other_tasks()


async def test_a_feed_that_is_not_on_the_tape_is_refused_at_the_call() -> None:
    machine = make_machine()

    def refuse(feed: Feed, scope: Scope) -> int:
        raise UsageError(f"the tape has no {feed}")

    machine.lane_of = refuse  # type: ignore[method-assign]
    client = WeexWebSocketClient(settings(), connector=machine, clock=machine.venue.clock)
    async with client:
        with pytest.raises(UsageError, match=f"the tape has no {BTC}@ticker"):
            client.stream_tickers(BTC)
