"""From one connection to the next, make before break: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streaming.conftest import START_NS, Line, Listener
from tests.streaming.kucoin_line import CONFIG, WELCOME, Exchange
from tests.streaming.memory_line import MemoryTransport, read, turns, until
from weex_client.client import StreamClient
from weex_client.clock import ManualClock
from weex_client.errors import ConnectError
from weex_client.metrics import ChannelCounters
from weex_client.protocol import Channel, Closing, DialRequest, Scope, Topic
from weex_client.streaming.budget import Budgets
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.registry import Registry
from weex_client.streaming.session import Session
from weex_client.venues.kucoin import KucoinChannel, KucoinVenue


def trade(number: int) -> bytes:
    data = {"symbol": "A-B", "sequence": str(number), "tradeId": f"t{number}", "price": "1"}
    data |= {"size": "1", "side": "buy", "time": str(START_NS + number), "type": "match"}
    return _frame("/market/match:A-B", "trade.l3match", data)


def ticker(number: int) -> bytes:
    data = {"price": str(number), "sequence": str(number // 2), "time": START_NS // 10**6}
    return _frame("/market/ticker:A-B", "trade.ticker", data)


def order(number: int) -> bytes:
    # Two events of each moment: no order can be read from the time.
    data = {"orderId": f"o{number}", "symbol": "A-B", "side": "buy", "orderType": "limit"}
    data |= {"type": "match", "status": "open", "filledSize": "1", "matchPrice": "1"}
    data |= {"matchSize": "1", "tradeId": f"f{number}", "ts": START_NS + number // 2}
    return _frame("/spotMarket/tradeOrdersV2", "orderChange", data, channelType="private")


def _frame(topic: str, subject: str, data: dict[str, Any], **more: str) -> bytes:
    frame = {"topic": topic, "type": "message", "subject": subject, **more, "data": data}
    return json.dumps(frame, separators=(",", ":")).encode()


class KucoinLine(Line):
    """A session with KuCoin, without a socket."""

    def __init__(self, scope: Scope) -> None:
        self.venue: Any = KucoinVenue(CONFIG)
        self.events = []
        self.counters = defaultdict(ChannelCounters)
        self.registry = Registry()
        self.now = 0.0
        self.jump_seconds = 0.0
        self.ledger = Ledger()
        self.session = Session(
            self.venue, scope, self.counters.__getitem__, self.events.append, self.ledger
        )
        self.open()
        self.receive(WELCOME)

    def answer(self, requests: list[dict[str, Any]]) -> None:
        for request in requests:
            self.receive({"id": request["id"], "type": "ack"})


def told(listener: Listener) -> list[str]:
    """Return what the messages are about, in a form that tells each from each."""
    names = ("trade_id", "fill_id", "order_id", "last")
    return [
        str(next(getattr(m.data, name) for name in names if hasattr(m.data, name)))
        for m in listener.messages
    ]


@st.composite
def crossings(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Draw how many things happen, and between which the second connection begins and ends up."""
    count = draw(st.integers(1, 30))
    begins = draw(st.integers(0, count))
    # All that was sent before the second connection was served is shown by the first: the
    # answer to its ping proves it.
    shown = draw(st.integers(begins, count))
    waiting = draw(st.integers(begins, count))
    return count, begins, shown, waiting


@given(crossings())
@pytest.mark.parametrize(
    ("scope", "spell", "streams"),
    [
        (Scope.PUBLIC, trade, {Topic(Channel.TRADES, "A-B"): "t{}"}),
        (Scope.PUBLIC, ticker, {Topic(Channel.TICKER, "A-B"): "{}"}),
        (
            Scope.PRIVATE,
            order,
            {Topic(Channel.ORDERS): "o{}", Topic(Channel.FILLS): "f{}"},
        ),
    ],
    ids=["trades", "ticker", "orders and fills"],
)
def test_nothing_is_lost_and_nothing_comes_twice(
    scope: Scope, spell: Any, streams: dict[Topic, str], crossing: tuple[int, int, int, int]
) -> None:
    count, begins, shown, waiting = crossing
    line = KucoinLine(scope)
    listeners = {topic: line.join(topic.channel, topic.symbol) for topic in streams}
    line.answer(line.requests())
    happened = [spell(number) for number in range(count)]
    line.receive(*happened[:begins])
    handover = line.session.prepare(line.now)
    assert list(handover.pull(line.now, line.now_ns)) == []  # not before it is welcome
    handover.receive(WELCOME, line.now_ns, line.now)
    asked = [json.loads(text) for text in handover.pull(line.now, line.now_ns)]
    assert not handover.is_served
    for request in asked:
        ack = json.dumps({"id": request["id"], "type": "ack"}).encode()
        handover.receive(ack, line.now_ns, line.now)
    assert handover.is_served
    line.receive(*happened[begins:shown])
    for frame in happened[begins:waiting]:
        handover.receive(frame, line.now_ns, line.now)
    handover.receive(b'{"type":"notice"}', line.now_ns, line.now)
    line.session.ask_for_proof(lambda: None)
    (ping,) = line.requests()
    assert not line.session.is_proven
    line.receive({"id": ping["id"], "type": "pong"})
    assert line.session.is_proven
    line.session.take_over(handover, DialRequest("ws://b"), line.now, line.now_ns)
    for frames, _ in handover.batches():
        line.receive(*frames)
    line.receive(*happened[waiting:])
    # What comes over the first server late is older than what was shown.
    line.wait(1)
    line.receive(*happened[begins:shown])
    line.wait(20)
    line.receive(spell(count + 2))  # and then nothing is looked at any more
    for topic, text in streams.items():
        numbers = [*range(count), count + 2]
        assert told(listeners[topic]) == [text.format(number) for number in numbers]
    assert line.events == []
    line.session.end(None)


def test_what_a_topic_of_many_symbols_begins_with_is_not_older_than_what_was_shown() -> None:
    def spell(symbol: str, sequence: int) -> bytes:
        data = {"price": str(sequence), "sequence": str(sequence), "time": START_NS // 10**6}
        return _frame("/market/ticker:all", symbol, data)

    line = KucoinLine(Scope.PUBLIC)
    listener = line.join(KucoinChannel.ALL_TICKERS, None)
    line.answer(line.requests())
    line.receive(spell("A-B", 7), spell("C-D", 3))
    handover = line.session.prepare(line.now)
    line.receive(spell("A-B", 8), spell("C-D", 4))
    line.session.take_over(handover, DialRequest("ws://b"), line.now, line.now_ns)
    line.receive(spell("A-B", 6), spell("C-D", 5), spell("A-B", 9))
    assert told(listener) == ["7", "3", "8", "4", "5", "9"]
    line.session.end(None)


def test_frames_that_do_not_fit_are_known_to_be_missing() -> None:
    line = KucoinLine(Scope.PUBLIC)
    handover = line.session.prepare(line.now)
    for number in range(20_003):
        handover.receive(trade(number), number, line.now)
    assert len(handover.frames) == 20_000
    assert handover.dropped_ns == 2
    for number in range(3):
        handover.receive(trade(number) + b" " * 20_000_000, 30_000 + number, line.now)
    assert len(handover.frames) == 1
    assert handover.dropped_ns == 30_001


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "code": 401, "data": "token is expired"},
        {"type": "error", "code": 403, "id": "1"},
        {"type": "error", "code": 404, "id": "1"},
    ],
)
def test_a_connection_that_is_refused_anything_does_not_take_over(frame: dict[str, Any]) -> None:
    line = KucoinLine(Scope.PUBLIC)
    handover = line.session.prepare(line.now)
    handover.receive(json.dumps(frame).encode(), line.now_ns, line.now)
    assert list(handover.pull(line.now, line.now_ns)) == []
    assert "refused it" in str(handover.verdict)


def test_one_that_is_not_ready_in_time_does_not_take_over() -> None:
    line = KucoinLine(Scope.PUBLIC)
    handover = line.session.prepare(line.now)
    assert handover.next_due() == 10
    assert list(handover.pull(10.0, line.now_ns)) == []
    assert "greet" in str(handover.verdict)


def test_fills_are_given_back_with_the_last_who_needs_their_frames() -> None:
    line = KucoinLine(Scope.PRIVATE)
    orders, fills = line.join(Channel.ORDERS), line.join(Channel.FILLS)
    (request,) = line.requests()
    line.answer([request])
    line.receive(order(1))
    line.leave(Topic(Channel.ORDERS), orders)
    assert line.requests() == []
    line.receive(order(2))
    again = line.join(Channel.ORDERS)
    line.answer(line.requests())
    line.leave(Topic(Channel.FILLS), fills)
    line.receive(order(3))
    assert (told(orders), told(fills), told(again)) == (["o1"], ["f1", "f2"], ["o3"])
    line.leave(Topic(Channel.ORDERS), again)
    (request,) = line.requests()
    assert (request["type"], request["topic"]) == ("unsubscribe", "/spotMarket/tradeOrdersV2")


# The same by the supervisor, on lines in memory.


@contextlib.asynccontextmanager
async def streaming() -> AsyncIterator[tuple[Exchange, ManualClock, StreamClient, Any]]:
    clock = ManualClock()
    exchange = Exchange(clock)
    client = StreamClient(
        KucoinVenue(CONFIG), CONFIG, connector=exchange, clock=clock, budgets=Budgets()
    )
    async with client, client.stream_trades("A-B") as trades:
        await until(lambda: exchange.line.sent)
        assert exchange.answer(exchange.line) == ["subscribe"]
        yield exchange, clock, client, trades


async def a_day(exchange: Exchange, clock: ManualClock) -> None:
    """Let the connection grow old; its pings are answered."""
    clock.advance(23 * 3600)
    await turns(50)


async def ready(exchange: Exchange, clock: ManualClock) -> MemoryTransport:
    """Wait for the second connection, and let it be served."""
    await until(lambda: len(exchange.open_lines) == 2)
    second = exchange.line
    await until(lambda: second.sent)
    assert exchange.answer(second) == ["subscribe"]
    await turns(50)
    exchange.answer(exchange.lines[0])
    clock.advance(2)
    return second


async def let_go(exchange: Exchange, line: MemoryTransport) -> None:
    """Answer what a line asks, its usual pings and the one that proves it, until it is closed."""

    def is_closed() -> bool:
        exchange.answer(line)
        return not line.is_open

    await until(is_closed)


async def test_a_second_connection_takes_over_before_the_time_is_up() -> None:
    async with streaming() as (exchange, clock, client, trades):
        events = client.events()
        old = exchange.line
        old.say(trade(1))
        await a_day(exchange, clock)
        new = await ready(exchange, clock)
        assert exchange.asked == 2  # never the old token again
        new.say(trade(2), trade(3))
        old.say(trade(2))
        await until(lambda: old.sent)
        assert old.is_open
        assert client.is_connected
        assert exchange.answer(old) == ["ping"]
        await until(lambda: not old.is_open)
        new.say(trade(3), trade(4))
        assert [m.data.trade_id for m in await read(trades, 4)] == ["t1", "t2", "t3", "t4"]
        assert client.is_connected
        assert client.stats().scopes["public"].reconnects == 0
        kinds = {event.kind for event in await read(events, events.pending)}
        assert kinds <= {"connected", "stale"}  # the loop stood still for a day
        (past,) = client.continuity()
        assert past.hole_count == 0


async def test_a_token_that_cannot_be_had_is_asked_for_again() -> None:
    async with streaming() as (exchange, clock, _client, trades):
        old = exchange.line
        exchange.tickets = [b"<html>maintenance", b'{"code":"500000","msg":"busy"}']
        await a_day(exchange, clock)
        while len(exchange.open_lines) < 2:
            clock.advance(1)
            await turns(50)
            exchange.answer(old)
        assert exchange.asked == 4  # the first, two that failed, and the one that did not
        new = await ready(exchange, clock)
        await let_go(exchange, old)
        new.say(trade(1))
        assert [m.data.trade_id for m in await read(trades, 1)] == ["t1"]


async def test_a_token_endpoint_that_is_not_trusted_is_asked_once_and_the_old_line_goes_on() -> (
    None
):
    async with streaming() as (exchange, clock, _client, trades):
        old = exchange.line
        exchange.tickets = [ConnectError("TLS failed", url="x", retryable=False)]
        await a_day(exchange, clock)
        for _ in range(300):
            clock.advance(1)
            await turns(10)
            exchange.answer(old)
        assert exchange.asked == 2
        old.say(trade(1))
        assert [m.data.trade_id for m in await read(trades, 1)] == ["t1"]


async def test_a_connection_that_ends_too_early_is_dialled_anew() -> None:
    async with streaming() as (exchange, clock, client, trades):
        old = exchange.line
        await a_day(exchange, clock)
        new = await ready(exchange, clock)
        old.say({"type": "error", "code": 401, "data": "token is expired"})
        await until(lambda: not old.is_open and not new.is_open)
        while not exchange.open_lines:
            clock.advance(1)
            await turns(20)
        await until(lambda: exchange.line.sent)
        assert exchange.answer(exchange.line) == ["subscribe"]
        exchange.line.say(trade(7))
        assert [m.data.trade_id for m in await read(trades, 1)] == ["t7"]
        assert client.stats().scopes["public"].reconnects == 1


async def test_a_second_connection_that_breaks_is_followed_by_a_third() -> None:
    async with streaming() as (exchange, clock, client, trades):
        old = exchange.line
        await a_day(exchange, clock)
        broken = await ready(exchange, clock)
        broken.cut()
        await until(lambda: not broken.is_open)
        exchange.answer(old)
        assert client.is_connected
        while len(exchange.open_lines) < 2:
            clock.advance(1)
            await turns(50)
            exchange.answer(old)
        new = await ready(exchange, clock)
        old.say(trade(1))
        new.say(trade(1), trade(2))
        await let_go(exchange, old)
        assert [m.data.trade_id for m in await read(trades, 2)] == ["t1", "t2"]
        assert exchange.open_lines == [new]


async def test_a_client_that_is_closed_meanwhile_leaves_nothing_open() -> None:
    async with streaming() as (exchange, clock, _client, _trades):
        await a_day(exchange, clock)
        await ready(exchange, clock)
    assert exchange.open_lines == []


async def test_a_connection_that_nobody_needs_ends_without_another() -> None:
    async with streaming() as (exchange, clock, _client, trades):
        old = exchange.line
        await trades.aclose()
        await until(lambda: old.sent)
        exchange.answer(old)
        await a_day(exchange, clock)
        await until(lambda: not old.is_open)
        assert exchange.asked == 1


def test_the_venue_says_when_a_connection_is_over() -> None:
    event = KucoinVenue(CONFIG).read(b'{"type":"error","code":401,"data":"token is expired"}')
    assert isinstance(event, Closing)
