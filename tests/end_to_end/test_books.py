"""A book that somebody is shown is the exchange's at that sequence, whatever happened before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, asked, client_of, first, happened, take
from tests.end_to_end.scripted_venue import ScriptedVenue, captured
from weex_client import WeexWebSocketClient
from weex_client.clock import ManualClock
from weex_client.models import Message, OrderBookDelta, OrderBookView
from weex_client.sandbox import SandboxExchange

LEVELS = [5, 15, 200]

Trouble = Callable[[SandboxExchange], Awaitable[object]]


def is_true(
    exchange: SandboxExchange, view: Message[OrderBookView], level: int, market: Any = "contract"
) -> bool:
    """Compare a view with the exchange's own memory of that sequence."""
    assert view.sequence is not None
    depth = 15 if level <= 15 else 200
    bids, asks = exchange.true_book(market, str(view.symbol), depth, view.sequence)
    return (list(view.data.bids), list(view.data.asks)) == (bids[:level], asks[:level])


class HandmadeBook:
    """Apply changes as a user would who believes the documentation."""

    def __init__(self) -> None:
        self.sides: tuple[dict[Decimal, Decimal], ...] = ({}, {})
        self.sequence: int | None = None

    def apply(self, message: Message[OrderBookDelta]) -> None:
        delta = message.data
        if message.is_snapshot:
            self.sides = ({}, {})
        else:
            assert delta.previous_sequence == self.sequence
        self.sequence = delta.sequence
        for side, levels in zip(self.sides, (delta.bids, delta.asks), strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    del side[price]

    def is_true(self, exchange: SandboxExchange, symbol: str, level: int) -> bool:
        assert self.sequence is not None
        bids, asks = exchange.true_book("contract", symbol, level, self.sequence)
        return self.sides == (dict(bids), dict(asks))


async def skip(exchange: SandboxExchange) -> None:
    # One of each stream's changes: level 5 is cut from the stream of 15.
    exchange.faults.skip_depth("BTCUSDT", 2)


async def cut(exchange: SandboxExchange) -> None:
    await exchange.faults.cut()


async def go_away(exchange: SandboxExchange) -> None:
    await exchange.faults.close(1001, "going away")


async def restart(exchange: SandboxExchange) -> None:
    await exchange.faults.close(1012, "service restart")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("market", ["contract", "spot"])
async def test_every_view_is_the_true_book(
    exchange: SandboxExchange, market: str, level: int
) -> None:
    async with client_of(exchange, market) as client:
        views = await take(client.stream_order_book("BTCUSDT", level), 60)
        assert all(is_true(exchange, view, level, market) for view in views)
        assert all(a.sequence < b.sequence for a, b in pairwise(views))
        assert [view.is_snapshot for view in views] == [True] + [False] * 59


@pytest.mark.parametrize("trouble", [skip, cut, go_away, restart])
async def test_views_stay_true_through_trouble(
    exchange: SandboxExchange, client: WeexWebSocketClient, trouble: Trouble
) -> None:
    streams = {level: client.stream_order_book("BTCUSDT", level) for level in LEVELS}
    events = client.events()
    before = [await take(stream, 10) for stream in streams.values()]
    await trouble(exchange)
    for _ in range(2):  # the streams of 15 and of 200
        resubscribed = await happened(events, "resubscribed")
        assert (resubscribed.channel, resubscribed.symbol) == ("book", "BTCUSDT")
        assert resubscribed.duration_seconds is not None
    for (level, stream), early in zip(streams.items(), before, strict=True):
        views = await take(stream, stream.pending + 20)
        assert all(is_true(exchange, view, level) for view in early + views)
        # A new snapshot may be the book that was last seen.
        assert all(a.sequence <= b.sequence for a, b in pairwise(early + views))
        assert sum(view.is_snapshot for view in views) == 1


@pytest.mark.parametrize("trouble", [skip, cut, go_away])
async def test_changes_replayed_by_hand_are_the_true_book_through_trouble(
    exchange: SandboxExchange, client: WeexWebSocketClient, trouble: Trouble
) -> None:
    streams = {level: client.stream_order_book_deltas("BTCUSDT", level) for level in (15, 200)}
    events = client.events()
    books = {level: HandmadeBook() for level in streams}

    async def follow(level: int, count: int) -> None:
        for message in await take(streams[level], count):
            books[level].apply(message)
            assert books[level].is_true(exchange, "BTCUSDT", level)

    for level in streams:
        await follow(level, 20)
    await trouble(exchange)
    for _ in range(2):
        await happened(events, "resubscribed")
    for level, stream in streams.items():
        await follow(level, stream.pending + 20)


async def test_a_gap_is_announced_with_its_sequences_and_resubscribes_that_book_only(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    events = client.events()
    wounded, whole = client.stream_order_book("BTCUSDT"), client.stream_order_book("ETHUSDT")
    await take(whole, 3)
    last = (await take(wounded))[0].sequence
    exchange.faults.skip_depth("BTCUSDT")
    gap = await happened(events, "gap")
    assert (gap.channel, gap.symbol) == ("book", "BTCUSDT")
    assert last is not None
    assert gap.from_sequence is not None
    assert gap.to_sequence is not None
    assert last <= gap.from_sequence < gap.to_sequence
    await happened(events, "resubscribed")
    (connection,) = exchange.connections
    assert asked(connection)[1:] == [
        ("UNSUBSCRIBE", ["BTCUSDT@depth15"]),
        ("SUBSCRIBE", ["BTCUSDT@depth15"]),
    ]
    assert client.stats().channels["book"].gaps == 1
    assert not any(view.is_snapshot for view in await take(whole, whole.pending + 3))


async def test_a_lost_line_is_announced_from_its_end_to_the_new_book(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    events = client.events()
    stream = client.stream_order_book("BTCUSDT")
    await take(stream)
    await exchange.faults.close(1012, "service restart")
    told = [await happened(events, "disconnected")]
    while told[-1].kind != "resubscribed":
        told += await take(events)
    assert [event.kind for event in told] == [
        "disconnected",
        "reconnecting",
        "connected",
        "resubscribed",
    ]
    assert told[0].close_code == 1012
    assert "service restart" in str(told[0].cause)
    assert told[1].attempt == 1
    assert told[1].delay_seconds is not None
    assert client.is_connected
    assert client.stats().scopes["public"].reconnects == 1


async def test_a_view_that_joins_readers_of_changes_is_true_and_theirs_stay_whole(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    deltas = client.stream_order_book_deltas("BTCUSDT", 200)
    book = HandmadeBook()
    for message in await take(deltas, 10):
        book.apply(message)
    views = client.stream_order_book("BTCUSDT", 100)
    assert all(is_true(exchange, view, 100) for view in await take(views, 30))
    for message in await take(deltas, deltas.pending + 10):
        book.apply(message)
        assert book.is_true(exchange, "BTCUSDT", 200)
    (connection,) = exchange.connections
    assert connection.streams == {"BTCUSDT@depth200"}


@pytest.mark.parametrize("level", [15, 200])
async def test_a_reader_of_changes_that_joins_views_begins_with_a_whole_book(
    exchange: SandboxExchange, client: WeexWebSocketClient, level: int
) -> None:
    views = client.stream_order_book("BTCUSDT", level)
    await take(views, 10)
    deltas = client.stream_order_book_deltas("BTCUSDT", level)
    messages = await take(deltas, 30)
    assert messages[0].is_snapshot
    book = HandmadeBook()
    for message in messages:
        book.apply(message)
        assert book.is_true(exchange, "BTCUSDT", level)
    assert not any(view.is_snapshot for view in await take(views, views.pending + 5))
    (connection,) = exchange.connections
    assert len(asked(connection)) == 1


async def test_a_second_reader_of_changes_can_follow_from_its_first_snapshot(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    early = client.stream_order_book_deltas("BTCUSDT", 15)
    books = [HandmadeBook(), HandmadeBook()]
    for message in await take(early, 10):
        books[0].apply(message)
    late = client.stream_order_book_deltas("BTCUSDT", 15)
    books[1].apply(await first(late, lambda message: message.is_snapshot))
    for book, stream in zip(books, (early, late), strict=True):
        for message in await take(stream, stream.pending + 20):
            book.apply(message)
            assert book.is_true(exchange, "BTCUSDT", 15)


async def test_a_second_reader_of_changes_begins_with_a_whole_book(venue: ScriptedVenue) -> None:
    snapshot, change, *_ = captured("contract-depth")
    venue.answers["BTCUSDT@depth15"] = [snapshot]
    async with WeexWebSocketClient(venue.config()) as client:
        early = client.stream_order_book_deltas("BTCUSDT", 15)
        await take(early)
        late = client.stream_order_book_deltas("BTCUSDT", 15)
        await venue.say(change)
        assert (await first(late)).is_snapshot


async def test_many_readers_of_changes_join_without_waiting_or_hurting_anybody(
    exchange: SandboxExchange,
) -> None:
    # Time that stands still shows that nobody waits for it.
    async with WeexWebSocketClient(exchange.weex_config(), clock=ManualClock()) as client:
        streams = []
        for _ in range(7):
            streams.append(client.stream_order_book_deltas("BTCUSDT", 15))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await first(streams[-1], lambda message: message.is_snapshot)
        assert exchange.counters.connections == 1


async def test_a_late_reader_of_a_book_need_not_wait_for_the_next_change(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    early = client.stream_order_book("BTCUSDT", 15)
    await take(early, 5)
    exchange.faults.mute("BTCUSDT", "book")
    late = client.stream_order_book("BTCUSDT", 5)
    (view,) = await take(late)
    assert view.is_snapshot
    assert is_true(exchange, view, 5)


async def test_a_delisted_symbol_shows_no_book_and_says_so(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    events = client.events()
    dead, alive = client.stream_order_book("DEADUSDT"), client.stream_order_book("BTCUSDT")
    assert (await happened(events, "stale")).symbol == "DEADUSDT"
    await take(alive, 10)
    assert dead.pending == 0
    (connection,) = exchange.connections
    assert len(asked(connection)) == 1
