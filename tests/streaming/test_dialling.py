"""Dials in their turn: budgets, signatures, a clock that jumps, a venue that hangs up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from weex_client.clock import ManualClock
from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    RateLimitedError,
    WeexClientError,
)
from weex_client.models import ConnectionEvent
from weex_client.streaming.budget import PROCESS_BUDGETS, Budgets
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

from .memory_line import (
    BTC,
    CREDENTIALS,
    ETH,
    FAR,
    Desk,
    lasts,
    open_desk,
    other_tasks,
    read,
    refusal,
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


async def events_now(events: Any) -> list[ConnectionEvent]:
    return await read(events, events.pending)


# Distance and number.


async def test_dials_of_one_address_keep_a_second_and_say_so() -> None:
    async with open_desk(**FAR) as desk:
        events = desk.client.events()
        _stream = desk.client.stream_tickers(symbols(300))
        await turns(30)
        assert len(desk.venue.dials) == 1
        told = [event for event in await events_now(events) if event.kind == "reconnecting"]
        assert [(event.attempt, event.delay_seconds) for event in told] == [(1, 1.0), (1, 2.0)]
        assert told[0].cause == ("the budget of weex (ws-contract.weex.com:443) is one dial in 1 s")
        await desk.pass_time(3)
        assert [time for time, _ in desk.venue.dials] == [0, 1, 2]
        assert desk.client.is_connected


async def test_clients_that_share_budgets_keep_the_distance_together() -> None:
    desk, budgets = Desk(**FAR), Budgets()
    clients = [desk.another_client(budgets=budgets, **FAR) for _ in range(3)]
    opening = asyncio.gather(*(client.connect() for client in clients))
    await turns(5)
    await desk.pass_time(3)
    await opening
    assert [time for time, _ in desk.venue.dials] == [0, 1, 2]
    for client in clients:
        await client.disconnect()


async def test_queue_at_the_door_is_no_reason_to_turn_a_client_away() -> None:
    desk, budgets = Desk(**FAR), Budgets()
    clients = [desk.another_client(budgets=budgets, **FAR) for _ in range(20)]
    opening = asyncio.gather(*(client.connect() for client in clients))
    await turns(5)
    await desk.pass_time(20)
    await opening
    assert [time for time, _ in desk.venue.dials] == list(range(20))
    for client in clients:
        await client.disconnect()


async def test_clients_of_the_systems_clock_share_the_budgets_of_the_process() -> None:
    clients = [WeexWebSocketClient(WeexConfig(_env_file=None)) for _ in range(2)]
    assert {client._budgets for client in clients} == {PROCESS_BUDGETS}
    other = WeexWebSocketClient(WeexConfig(_env_file=None), clock=ManualClock())
    assert other._budgets is not PROCESS_BUDGETS


async def test_venue_that_accepts_and_closes_a_thousand_times_sees_no_more_than_its_budget(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    hasty = {"reconnect_delay_seconds": 0.001, "reconnect_max_delay_seconds": 0.001}
    async with open_desk(**hasty) as desk:
        stream = desk.client.stream_tickers(BTC)
        events = desk.client.events()
        while len(desk.venue.dials) < 1000:
            for line in desk.venue.open_lines:
                line.cut(1013)
            desk.clock.advance(0.1 if len(desk.venue.dials) % 300 else 5.0)
            await turns(12)
        times = [time for time, _ in desk.venue.dials]
        assert all(late - soon >= 300 for soon, late in zip(times, times[300:], strict=False))
        assert times[299] < 200
        causes = {event.cause for event in await events_now(events) if event.delay_seconds}
        assert any("300 dials in 300 s for all connections" in str(cause) for cause in causes)
        while not desk.venue.open_lines:
            await desk.pass_time(1)
        await until(lambda: desk.venue.line.sent)
        desk.venue.line.say(ticker(last=7))
        assert await lasts(stream, 1) == [7]
    assert other_tasks() == set()


async def test_connect_does_not_wait_for_minutes_but_says_how_long_it_would_be() -> None:
    desk, budgets = Desk(), Budgets()
    client = desk.another_client(budgets=budgets)
    for _ in range(300):
        await client.connect()
        await client.disconnect()
    with pytest.raises(RateLimitedError, match=r"300 dials in 300 s.*in 300 s") as caught:
        await client.connect()
    assert caught.value.retry_after_seconds == 300
    assert len(desk.venue.dials) == 300
    desk.clock.advance(300)
    await client.connect()
    await client.disconnect()


async def test_connect_that_retries_waits_for_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    desk, budgets = Desk(), Budgets()
    client = desk.another_client(budgets=budgets, retry_first_connect=True)
    for _ in range(300):
        await client.connect()
        await client.disconnect()
    connecting = asyncio.create_task(client.connect())
    await turns(20)
    assert "waiting 300 s to dial" in caplog.text
    desk.clock.advance(300)
    await asyncio.wait_for(connecting, 1)
    await client.disconnect()


async def test_turn_of_a_stream_that_was_closed_meanwhile_is_given_back() -> None:
    async with open_desk(**FAR) as desk:
        _kept = desk.client.stream_tickers(symbols(100))
        short = [desk.client.stream_tickers(f"X{number}USDT") for number in range(1)]
        await turns(10)
        await short[0].aclose()
        await turns(10)
        await desk.pass_time(5)
        assert len(desk.venue.dials) == 1
        _late = desk.client.stream_tickers(ETH)
        await turns(10)
        assert len(desk.venue.dials) == 2


async def test_client_that_is_closed_while_it_waits_gives_its_turn_back() -> None:
    desk, budgets = Desk(**FAR), Budgets()
    first, second = (desk.another_client(budgets=budgets, **FAR) for _ in range(2))
    await first.connect()
    connecting = asyncio.create_task(second.connect())
    await turns(5)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    desk.clock.advance(1)
    await second.connect()
    assert [time for time, _ in desk.venue.dials] == [0, 1]
    await second.disconnect()
    await first.disconnect()


async def test_wait_that_the_venue_asks_of_one_connection_holds_for_all() -> None:
    async with open_desk() as desk:
        _first = desk.client.stream_tickers(symbols(100))
        await desk.subscribed()
        desk.venue.script = [refusal(status=429, retry_after_seconds=90.0)]
        events = desk.client.events()
        _second = desk.client.stream_tickers(BTC)
        await turns(20)
        desk.venue.lines[0].cut()
        await desk.pass_time(89)
        assert len(desk.venue.dials) == 2
        causes = [event.cause for event in await events_now(events)]
        assert "weex (127.0.0.1:1) asked all connections to wait" in causes
        await desk.pass_time(2)
        assert len(desk.venue.dials) == 4


# Connections of several clients.


async def test_connections_of_all_clients_count_and_a_refusal_has_the_numbers() -> None:
    desk, budgets = Desk(), Budgets()
    mine, other = (desk.another_client(budgets=budgets) for _ in range(2))
    async with mine, other:
        others = other.stream_tickers(symbols(1500))
        with pytest.raises(RateLimitedError) as caught:
            mine.stream_tickers(symbols(600))
        text = str(caught.value)
        assert "20 connections of 100 subscriptions: 600 subscriptions more were asked" in text
        assert "takes 5 more connections" in text
        assert "1 are held by this client and 15 by other clients" in text
        assert "so that 4 are left" in text
        await others.aclose()
        await turns(20)
        # They stay open a moment longer than they are needed.
        for _ in range(50):
            desk.clock.advance(1)
            await turns(20)
        _stream = mine.stream_tickers(symbols(600))
        await turns(30)
        assert mine.stats().scopes["public"].connections == 6


async def test_twenty_first_client_is_refused_at_the_door() -> None:
    desk, budgets = Desk(), Budgets()
    clients = [desk.another_client(budgets=budgets) for _ in range(21)]
    for client in clients[:20]:
        await client.connect()
    with pytest.raises(RateLimitedError, match="20 by other clients"):
        await clients[20].connect()
    await clients[0].disconnect()
    await clients[20].connect()
    for client in clients:
        await client.disconnect()


@pytest.mark.parametrize("turn_count", range(4))
async def test_connect_that_is_cancelled_holds_no_place(turn_count: int) -> None:
    desk, budgets = Desk(), Budgets()
    client = desk.another_client(budgets=budgets)
    connecting = asyncio.create_task(client.connect())
    await turns(turn_count)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    (budget,) = budgets._kept or [None]
    assert budget is None or not budget._owners
    await client.disconnect()


async def test_ten_thousand_subscriptions_are_refused_with_the_numbers() -> None:
    async with open_desk() as desk:
        with pytest.raises(RateLimitedError, match=r"10000 subscriptions more.*takes 99 more"):
            desk.client.stream_tickers(symbols(10_000))
        refused = 0
        streams = []
        for symbol in symbols(10_000):
            try:
                streams.append(desk.client.stream_tickers(symbol))
            except RateLimitedError:
                refused += 1
        assert (len(streams), refused) == (2000, 8000)
        await desk.subscribed(20)
        assert [len(params) for params in desk.venue.subscribed()] == [100] * 20
        assert desk.client.is_connected


# Credentials.


def timestamps(desk: Desk) -> list[int]:
    return [
        int(request.headers["ACCESS-TIMESTAMP"])
        for _, request in desk.venue.dials
        if "ACCESS-TIMESTAMP" in request.headers
    ]


async def test_refused_credentials_are_tried_once_more_signed_anew() -> None:
    async with open_desk(**FAR, **CREDENTIALS) as desk:
        await desk.pass_time(1)
        desk.venue.script = [AuthenticationError("too late")]
        events = desk.client.events()
        _orders = desk.client.stream_orders()
        await turns(20)
        await desk.pass_time(1)
        await desk.subscribed()
        first, second = timestamps(desk)
        assert second - first == 1000
        told = [event for event in await events_now(events) if event.kind == "reconnecting"]
        assert told[0].cause == "too late; trying once more with a fresh signature"
        assert told[0].scope == "private"


async def test_credentials_refused_twice_end_the_streams_of_the_scope() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        desk.venue.script = [AuthenticationError("wrong key"), AuthenticationError("wrong key")]
        events = desk.client.events()
        streams = desk.client.stream_orders(), desk.client.stream_fills()
        for stream in streams:
            with pytest.raises(AuthenticationError, match="wrong key"):
                await asyncio.wait_for(anext(stream), 1)
        assert len(timestamps(desk)) == 2
        await desk.pass_time(100, step=10)
        assert len(timestamps(desk)) == 2
        assert [event.kind for event in await events_now(events)][:2] == ["reconnecting", "gave_up"]


async def test_public_line_knows_no_credentials_and_a_firewall_may_open_again() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [refusal(status=403, retryable=False)] * 3
        desk.venue.line.cut()
        await desk.pass_time(40)
        await desk.subscribed(2)
        desk.venue.line.say(ticker(last=3))
        assert await lasts(stream, 1) == [3]


async def test_first_public_dial_that_a_firewall_refuses_is_raised() -> None:
    desk = Desk(refusal(status=403, retryable=False))
    with pytest.raises(ConnectError):
        await desk.client.connect()


async def test_private_dial_is_signed_by_the_venues_clock() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _tickers = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        wrong_by_ns = 3_600 * 10**9
        server_ms = (desk.clock.time_ns() + wrong_by_ns) // 1_000_000
        desk.venue.line.say({"event": "connected", "time": str(server_ms)})
        await turns(10)
        desk.clock.advance(5)
        _orders = desk.client.stream_orders()
        await desk.subscribed(2)
        assert timestamps(desk) == [server_ms + 5000]


@pytest.mark.parametrize("jump_seconds", [3600, -3600])
async def test_wall_clock_that_jumps_signs_no_dial_wrongly(jump_seconds: int) -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _tickers = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        server_ms = desk.clock.time_ns() // 1_000_000
        desk.venue.line.say({"event": "connected", "time": str(server_ms)})
        await turns(10)
        desk.clock.set_wall(jump_seconds)
        _orders = desk.client.stream_orders()
        await desk.subscribed(2)
        assert timestamps(desk) == [server_ms]


async def test_refusal_that_tells_the_time_is_signed_by_it() -> None:
    error = AuthenticationError("too late", server_time_ns=1_000_000 * 10**9)
    async with open_desk(**CREDENTIALS) as desk:
        desk.venue.script = [error]
        _orders = desk.client.stream_orders()
        await desk.subscribed()
        assert timestamps(desk)[1] == 1_000_000_000


# A wall clock that jumps.


@pytest.mark.parametrize("jump_seconds", [3600, -3600])
async def test_wall_clock_that_jumps_costs_no_line_and_no_candle(jump_seconds: int) -> None:
    async with open_desk() as desk:
        tickers = desk.client.stream_tickers(BTC)
        candles = desk.client.stream_candles(BTC)
        await desk.subscribed()
        start_ms = desk.clock.time_ns() // 1_000_000
        line = desk.venue.line
        line.say({"event": "connected", "time": str(start_ms)}, candle(start_ms))
        await turns(10)
        desk.clock.set_wall(jump_seconds)
        for _ in range(3):
            line.say(ticker(), candle(start_ms))
            await desk.pass_time(15)
        assert {message.data.is_closed for message in await read(candles, 4)} == {False}
        assert len(desk.venue.dials) == 1
        assert (line.is_open, desk.client.is_connected) == (True, True)
        await read(tickers, 3)
        latencies = desk.client.stats().channels["ticker"].latency_seconds
        assert all(abs(seconds) < 900 for seconds in latencies.values())
        await desk.pass_time(16)
        line.say({"event": "ping", "time": str(start_ms + 61_000)})
        await desk.pass_time(2)
        assert (await read(candles, 1))[0].data.is_closed


def candle(start_ms: int) -> dict[str, Any]:
    """The candle that opens at a time, in the shape of contract-kline.jsonl."""
    figures = {"i": "1m", "o": "1", "h": "1", "l": "1", "c": "1", "v": "1", "q": "1", "n": 1}
    return {
        "e": "kline",
        "E": start_ms,
        "s": BTC,
        "p": "LAST_PRICE",
        "d": [{"t": start_ms, "T": start_ms + 59_999, "s": BTC, "V": "1", "Q": "1", **figures}],
    }


# How lines end.


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1007, 1008, 1011, 1012, 1013, 4000])
async def test_line_is_dialled_again_whatever_code_it_ended_with(code: int) -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        events = desk.client.events()
        await desk.subscribed()
        desk.venue.line.cut(code)
        await turns(10)
        await desk.pass_time(2)
        await desk.subscribed(2)
        desk.venue.line.say(ticker(last=code))
        assert await lasts(stream, 1) == [code]
        assert (await read(events, 1))[0].close_code == code


PASSING: list[WeexClientError] = [
    refusal(),
    *(refusal(status=status) for status in (429, 500, 502, 503, 504)),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: str(error.status))
async def test_dial_that_fails_for_what_may_pass_is_tried_for_ever(error: WeexClientError) -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.always = error
        desk.venue.line.cut()
        await desk.pass_time(600, step=10)
        assert len(desk.venue.dials) > 10
        desk.venue.always = None
        while not desk.venue.open_lines:
            await desk.pass_time(1)
        desk.venue.line.say(ticker(last=9))
        assert await lasts(stream, 1) == [9]


async def test_failed_tls_is_not_retried_on_an_address_that_worked_before() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [refusal(retryable=False)]
        desk.venue.line.cut()
        await desk.pass_time(100, step=5)
        with pytest.raises(ConnectError):
            await asyncio.wait_for(anext(stream), 1)
        assert len(desk.venue.dials) == 2
