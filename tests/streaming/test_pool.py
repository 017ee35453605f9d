"""Which connection carries what: sharing, spreading, idling, refusing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weex_client.errors import RateLimitedError, UnsupportedChannelError, UsageError
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent
from weex_client.protocol import Scope
from weex_client.streaming.budget import AddressBudget
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.dialling import Dialler
from weex_client.streaming.loop_watch import LoopWatch
from weex_client.streaming.pool import ConnectionPool
from weex_client.streaming.server_time import ServerTime
from weex_client.streaming.subscription import Subscription
from weex_client.venues.weex import WeexConfig, WeexVenue

from .memory_line import (
    BTC,
    CREDENTIALS,
    ETH,
    SOL,
    Desk,
    lasts,
    open_desk,
    reached,
    read,
    refusal,
    rest,
    snapshot,
    symbols,
    ticker,
    turns,
    until,
)


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # type: ignore[operator]


# One turn, one request.


async def test_streams_opened_in_one_turn_go_out_in_one_request() -> None:
    async with open_desk() as desk:
        _streams = (
            desk.client.stream_tickers((BTC, ETH)),
            desk.client.stream_trades(BTC),
            desk.client.stream_order_book(BTC),
            desk.client.stream_candles(BTC),
        )
        await desk.subscribed()
        await turns(20)
        assert desk.venue.subscribed() == [
            [
                "BTCUSDT@ticker",
                "ETHUSDT@ticker",
                "BTCUSDT@trade",
                "BTCUSDT@depth15",
                "BTCUSDT@kline_1m_LAST_PRICE",
            ]
        ]


async def test_streams_opened_by_tasks_of_a_group_go_out_in_one_request() -> None:
    async with open_desk() as desk:

        async def watch(symbol: str) -> None:
            await anext(desk.client.stream_tickers(symbol))

        async with asyncio.TaskGroup() as group:
            for symbol in (BTC, ETH, SOL):
                group.create_task(watch(symbol))
            await desk.subscribed()
            assert [len(params) for params in desk.venue.subscribed()] == [3]
            desk.venue.line.say(ticker(BTC), ticker(ETH), ticker(SOL))


async def test_symbols_of_one_stream_are_counted_once_and_spelled_as_the_venue_does() -> None:
    async with open_desk() as desk:
        _stream = desk.client.stream_tickers(["btcusdt", " BTCUSDT ", "BtcUsdt"])
        await desk.subscribed()
        assert desk.venue.subscribed() == [["BTCUSDT@ticker"]]


# Sharing.


async def test_two_readers_share_one_subscription() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        second = desk.client.stream_tickers(BTC)
        await turns(20)
        assert desk.venue.subscribed() == [["BTCUSDT@ticker"]]
        desk.venue.line.say(ticker(last=5))
        assert (await lasts(first, 1), await lasts(second, 1)) == ([5], [5])


async def test_subscription_ends_with_the_last_of_its_readers() -> None:
    async with open_desk() as desk:
        readers = [desk.client.stream_tickers(BTC) for _ in range(3)]
        await desk.subscribed()
        for reader in readers[:2]:
            await reader.aclose()
        await turns(20)
        assert desk.venue.unsubscribed() == []
        desk.venue.line.say(ticker())
        assert await lasts(readers[2], 1) == [1]
        await readers[2].aclose()
        await until(lambda: desk.venue.unsubscribed() == [["BTCUSDT@ticker"]])


async def test_reader_of_several_symbols_leaves_those_that_others_read() -> None:
    async with open_desk() as desk:
        both = desk.client.stream_tickers((BTC, ETH))
        _one = desk.client.stream_tickers(ETH)
        await desk.subscribed()
        await both.aclose()
        await until(lambda: desk.venue.unsubscribed())
        assert desk.venue.unsubscribed() == [["BTCUSDT@ticker"]]


async def test_book_views_of_several_levels_share_one_feed() -> None:
    async with open_desk() as desk:
        views = [desk.client.stream_order_book(BTC, level=level) for level in (1, 5, 15)]
        await desk.subscribed()
        assert desk.venue.subscribed() == [["BTCUSDT@depth15"]]
        desk.venue.line.say(snapshot())
        for view in views:
            assert (await read(view, 1))[0].sequence == 100


async def test_late_reader_of_a_book_starts_from_the_book_as_it_stands() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_order_book(BTC)
        await desk.subscribed()
        desk.venue.line.say(snapshot())
        await read(first, 1)
        late = desk.client.stream_order_book(BTC)
        assert late.pending == 1
        assert (await read(late, 1))[0].is_snapshot


async def test_leaving_and_joining_in_one_turn_sends_nothing() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        before = list(desk.venue.line.sent)
        await first.aclose()
        second = desk.client.stream_tickers(BTC)
        await turns(20)
        assert desk.venue.line.sent == before
        desk.venue.line.say(ticker(last=7))
        assert await lasts(second, 1) == [7]


async def test_joining_and_leaving_in_one_turn_sends_nothing() -> None:
    async with open_desk() as desk:
        await desk.client.stream_tickers(BTC).aclose()
        await turns(20)
        assert desk.venue.line.sent == []


async def test_book_joined_in_the_turn_the_last_reader_left_is_shown_at_once() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_order_book(BTC)
        await desk.subscribed()
        desk.venue.line.say(snapshot())
        await read(first, 1)
        before = list(desk.venue.line.sent)
        await first.aclose()
        second = desk.client.stream_order_book(BTC)
        assert [message.sequence for message in await read(second, 1)] == [100]
        await turns(20)
        assert desk.venue.line.sent == before
        desk.venue.line.say(snapshot() | {"e": "depth", "d": "CHANGED", "U": 100, "u": 101})
        assert [message.sequence for message in await read(second, 1)] == [101]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from((BTC, ETH, SOL)), st.booleans())))
async def test_venue_has_what_somebody_reads_and_nothing_else(
    steps: list[tuple[bool, str, bool]],
) -> None:
    async with open_desk() as desk:
        readers: list[tuple[str, Subscription[Any]]] = []
        for is_coming, symbol, ends_the_turn in steps:
            if is_coming:
                readers.append((symbol, desk.client.stream_tickers(symbol)))
            elif readers:
                await readers.pop(0)[1].aclose()
            if ends_the_turn:
                await turns(20)
        await turns(30)
        assert subscribed_now(desk) == {f"{symbol}@ticker" for symbol, _ in readers}
        scope = desk.client.stats().scopes["public"]
        assert scope.subscriptions == len({symbol for symbol, _ in readers})


def subscribed_now(desk: Desk) -> set[str]:
    """What the venue has under subscription on all open lines, from the requests alone."""
    feeds: set[str] = set()
    for line in desk.venue.open_lines:
        for request in line.sent:
            # A request for what is there, or against what is not, would be a wasted operation.
            names = set(request.partition("[")[2].partition("]")[0].replace('"', "").split(","))
            if '"UNSUBSCRIBE"' in request:
                assert names <= feeds
                feeds -= names
            elif '"SUBSCRIBE"' in request:
                assert not names & feeds
                feeds |= names
    return feeds


# Spreading.


async def test_995_symbols_use_ten_connections() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(symbols(995))
        await desk.subscribed(10)
        counts = [len(params) for params in desk.venue.subscribed()]
        assert (len(desk.venue.dials), counts) == (10, [100] * 9 + [95])
        assert desk.client.is_connected
        scope = desk.client.stats().scopes["public"]
        assert (scope.connections, scope.subscriptions) == (10, 995)
        for line in desk.venue.lines:
            first = line.requests("SUBSCRIBE")[0][0].partition("@")[0]
            line.say(ticker(first))
        assert len({message.symbol for message in await read(stream, 10)}) == 10


async def test_place_that_became_free_is_taken_before_a_connection_is_opened() -> None:
    async with open_desk() as desk:
        full = [desk.client.stream_tickers(symbol) for symbol in symbols(100)]
        await desk.subscribed()
        await full[3].aclose()
        _late = desk.client.stream_tickers(BTC)
        await desk.subscribed(2)
        assert len(desk.venue.dials) == 1


async def test_2001_symbols_are_refused_with_the_numbers() -> None:
    async with open_desk() as desk:
        with pytest.raises(RateLimitedError, match="20 connections of 100 subscriptions"):
            desk.client.stream_tickers(symbols(2001))
        await turns(30)
        assert desk.client.stats().scopes["public"].subscriptions == 0
        assert desk.venue.line.sent == []
        assert len(desk.venue.dials) == 1
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.lines[0].say(ticker())
        assert await lasts(stream, 1) == [1]


async def test_2000_symbols_are_served_and_one_more_is_refused_without_harm() -> None:
    async with open_desk() as desk:
        _stream = desk.client.stream_tickers(symbols(2000))
        await desk.subscribed(20)
        with pytest.raises(RateLimitedError):
            desk.client.stream_tickers(("S0USDT", "ONEMORE"))
        # What others read can still be shared.
        _shared = desk.client.stream_tickers("S0USDT")
        await turns(20)
        assert desk.client.stats().scopes["public"].subscriptions == 2000
        assert desk.venue.unsubscribed() == []


async def test_private_connection_counts_towards_the_venues_limit() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _public = desk.client.stream_tickers(symbols(2000))
        await desk.subscribed(20)
        try:
            _private = desk.client.stream_orders()
        except RateLimitedError:
            return
        await turns(30)
        assert len(desk.venue.open_lines) <= 20


async def test_one_connections_loss_does_not_touch_another() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(symbols(150))
        await desk.subscribed(2)
        first, second = desk.venue.lines
        first.cut()
        await turns(20)
        assert not desk.client.is_connected
        second.say(ticker("S120USDT", 6))
        assert await lasts(stream, 1) == [6]
        desk.clock.advance(1)
        await desk.subscribed(3)
        assert len(desk.venue.line.requests("SUBSCRIBE")[0]) == 100
        assert (second.is_open, desk.client.is_connected) == (True, True)


async def test_resubscription_of_a_full_connection_is_one_request() -> None:
    async with open_desk() as desk:
        _streams = [desk.client.stream_tickers(symbol) for symbol in symbols(100)]
        await desk.subscribed()
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(1)
        await desk.subscribed(2)
        assert [len(params) for params in desk.venue.line.requests("SUBSCRIBE")] == [100]


# Idling.


async def test_connection_without_subscription_closes_itself_before_the_venue_cuts_it() -> None:
    async with open_desk() as desk:
        events = desk.client.events()
        await desk.pass_time(30)
        desk.venue.line.say({"event": "ping", "time": "1788692610000"})
        await desk.pass_time(14)
        assert desk.venue.line.is_open
        await desk.pass_time(6)
        assert desk.venue.open_lines == []
        assert desk.client.is_connected
        await desk.pass_time(120, step=5)
        assert len(desk.venue.dials) == 1
        told = (await read(events, 2))[-1] if events.pending > 1 else (await read(events, 1))[0]
        assert (told.kind, told.cause, told.close_code) == ("disconnected", "no subscription", None)


async def test_idle_connection_comes_back_at_once_when_it_is_needed() -> None:
    async with open_desk() as desk:
        await desk.pass_time(50)
        assert desk.venue.open_lines == []
        stream = desk.client.stream_tickers(BTC)
        assert not desk.client.is_connected
        await desk.subscribed()
        assert desk.client.is_connected
        desk.venue.line.say(ticker())
        assert await lasts(stream, 1) == [1]
        assert desk.client.stats().scopes["public"].reconnects == 0


async def test_idle_time_begins_when_the_last_reader_leaves() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        for _ in range(4):
            await desk.pass_time(25)
            desk.venue.line.say(ticker())
        await stream.aclose()
        await turns(20)
        await desk.pass_time(25)
        desk.venue.line.say({"event": "ping", "time": "1788692610000"})
        await desk.pass_time(19)
        assert desk.venue.line.is_open
        await desk.pass_time(2)
        assert desk.venue.open_lines == []


async def test_subscription_in_time_keeps_the_connection() -> None:
    async with open_desk() as desk:
        await desk.pass_time(25)
        _stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        await desk.pass_time(29)
        assert desk.venue.line.is_open
        assert len(desk.venue.dials) == 1


async def test_further_connection_closes_by_itself_when_its_last_feed_is_gone() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_tickers(symbols(100))
        second = desk.client.stream_tickers(BTC)
        await desk.subscribed(2)
        await second.aclose()
        for _ in range(3):
            await desk.pass_time(20)
            desk.venue.lines[0].say(ticker("S0USDT"))
        assert desk.venue.open_lines == desk.venue.lines[:1]
        assert first.pending > 0


async def test_line_lost_while_nobody_needs_it_is_not_dialled_again() -> None:
    async with open_desk() as desk:
        await turns(5)
        desk.venue.line.cut()
        await desk.pass_time(100, step=5)
        assert len(desk.venue.dials) == 1
        assert desk.client.is_connected


async def test_stream_opened_after_the_loss_of_an_idle_line_dials_at_once() -> None:
    async with open_desk() as desk:
        await turns(5)
        desk.venue.line.cut()
        await turns(10)
        _stream = desk.client.stream_tickers(BTC)
        await turns(20)
        assert len(desk.venue.dials) == 2


# Opening, with the pool alone.


def make_pool(desk: Desk, events: list[ConnectionEvent]) -> ConnectionPool:
    config = WeexConfig(_env_file=None)
    venue = WeexVenue(config)
    dialler = Dialler(
        venue,
        Scope.PUBLIC,
        config,
        desk.venue,
        desk.clock,
        AddressBudget("weex", venue.limits, has_spacing=False),
        ServerTime(),
        owner=desk,
    )
    watch = LoopWatch(desk.clock, events.append)
    lanes = itertools.count()
    return ConnectionPool(
        dialler, lanes, lambda _: ChannelCounters(), events.append, Ledger(), watch
    )


async def test_attempts_of_the_first_dial_are_announced_with_growing_ceilings() -> None:
    desk, events = Desk(*(refusal() for _ in range(10))), list[ConnectionEvent]()
    pool = make_pool(desk, events)
    opening = asyncio.create_task(pool.open(retry_first_connect=True))
    for count in range(1, 11):
        await reached(lambda: len(events), count)
        desk.clock.advance(60)
    await asyncio.wait_for(opening, 1)
    tried = [event for event in events if event.kind == "reconnecting"]
    assert [event.attempt for event in tried] == list(range(1, 11))
    for event in tried:
        assert 0 <= event.delay_seconds <= min(60, 2 ** (event.attempt - 1))
    assert events[-1].kind == "connected"
    await pool.close()


async def test_first_dial_honours_retry_after() -> None:
    desk, events = Desk(refusal(status=429, retry_after_seconds=100)), list[ConnectionEvent]()
    pool = make_pool(desk, events)
    opening = asyncio.create_task(pool.open(retry_first_connect=True))
    await until(lambda: events)
    desk.clock.advance(99)
    await turns(20)
    assert len(desk.venue.dials) == 1
    desk.clock.advance(1)
    await asyncio.wait_for(opening, 1)
    await pool.close()


# Arguments.


@pytest.mark.parametrize("names", [[], "", ["BTCUSDT", " "], "BTC USDT", "BTC@USDT", "BTÇ"])
async def test_symbols_that_no_venue_could_have_are_refused_at_the_call(names: Any) -> None:
    async with open_desk() as desk:
        with pytest.raises(UsageError):
            desk.client.stream_tickers(names)
        assert desk.client.stats().scopes["public"].subscriptions == 0


async def test_channel_level_or_interval_that_is_lacking_subscribes_nothing() -> None:
    async with open_desk() as desk:
        with pytest.raises(UnsupportedChannelError, match="1 to 200"):
            desk.client.stream_order_book(BTC, level=500)
        with pytest.raises(UnsupportedChannelError, match="1m, 5m"):
            desk.client.stream_candles([BTC, ETH], "7m")
        with pytest.raises(UnsupportedChannelError, match="ticker"):
            desk.client.stream_book_tickers(BTC)
        await turns(20)
        assert desk.venue.line.sent == []


@pytest.mark.parametrize("queue_size", [0, -1])
async def test_queue_without_a_place_is_refused(queue_size: int) -> None:
    async with open_desk() as desk:
        with pytest.raises(UsageError, match="queue_size"):
            desk.client.stream_tickers(BTC, queue_size=queue_size)
        await turns(20)
        assert desk.venue.line.sent == []


async def test_configured_queue_size_is_used_where_none_is_given() -> None:
    async with open_desk(queue_size=2) as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.say(*(ticker(last=number) for number in range(1, 6)))
        await until(lambda: stream.dropped)
        assert (stream.pending, stream.dropped) == (2, 3)


# Figures.


async def test_stats_picture_what_came_and_what_was_lost() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers((BTC, ETH), queue_size=2)
        await desk.subscribed()
        desk.clock.advance(5)
        frames_before = desk.client.stats().scopes["public"].frames
        desk.venue.line.say(*(ticker(last=n) for n in range(1, 6)), {"e": "news", "s": "X"})
        await until(lambda: stream.dropped == 3)
        await turns(5)
        assert await lasts(stream, 2) == [4, 5]
        stats = desk.client.stats()
        scope, channel = stats.scopes["public"], stats.channels["ticker"]
        assert (scope.connections, scope.subscriptions, scope.reconnects) == (1, 2, 0)
        assert scope.frames - frames_before == 6
        assert scope.unknown_frames == {"event 'news'": 1}
        assert scope.uptime_seconds == 5
        assert scope.last_frame_time == pytest.approx(1_790_000_005)
        assert (channel.frames, channel.messages, channel.dropped) == (5, 5, 3)
        assert channel.latency_seconds["p50"] == pytest.approx(5)


async def test_stats_add_up_the_connections_of_a_scope() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _streams = desk.client.stream_tickers(symbols(101)), desk.client.stream_orders()
        await desk.subscribed(3)
        scopes = desk.client.stats().scopes
        assert (scopes["public"].connections, scopes["private"].connections) == (2, 1)
        assert (scopes["public"].subscriptions, scopes["private"].subscriptions) == (101, 1)


async def test_channels_figures_survive_the_client_being_closed() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.say(ticker())
        await read(stream, 1)
    stats = desk.client.stats()
    assert stats.scopes["public"].connections == 0
    assert (stats.scopes["public"].frames, stats.channels["ticker"].frames) == (2, 1)
    assert await rest(stream) == []
