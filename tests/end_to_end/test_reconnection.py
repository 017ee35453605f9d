"""What goes on over a reconnection: nothing twice, nothing out of order, holes announced."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    START_NS,
    asked,
    client_of,
    first,
    happened,
    impatient,
    take,
    until,
)
from weex_client import RetriesExhaustedError, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange


async def test_trades_never_repeat_over_reconnections(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    stream, events = client.stream_trades("BTCUSDT"), client.events()
    trades = await take(stream, 40)
    for _ in range(3):
        await exchange.faults.cut()
        await happened(events, "resubscribed")
        trades += await take(stream, stream.pending + 60)
    ids = [trade.data.trade_id for trade in trades]
    assert len(ids) == len(set(ids))
    assert all(a.data.timestamp <= b.data.timestamp for a, b in pairwise(trades))


async def test_a_replay_that_reaches_back_to_nothing_known_is_a_gap(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    stream, events = client.stream_trades("BTCUSDT"), client.events()
    await take(stream, 20)
    exchange.faults.mute(channel="trades")
    begun = exchange.time_ns
    await until(lambda: exchange.time_ns > begun + 20_000_000_000)  # more than 20 trades
    await exchange.faults.cut()
    exchange.faults.unmute()
    gap = await happened(events, "gap")
    assert (gap.channel, gap.symbol) == ("trades", "BTCUSDT")
    assert client.stats().channels["trades"].gaps == 1


async def test_each_candle_closes_once_over_reconnections() -> None:
    closed: list[float] = []
    fast = SandboxExchange(seed=7, speed=300, start_time_ns=START_NS)
    async with fast as exchange, client_of(exchange) as client:
        stream = client.stream_candles("BTCUSDT", "1m")
        for _ in range(3):
            more = 0
            while more < 2:
                message = await first(stream)
                if message.data.is_closed:
                    closed.append(message.data.open_time)
                    more += not message.is_snapshot
            await exchange.faults.cut()
    # None twice, and the history after a reconnection fills the hole.
    assert [later - earlier for earlier, later in pairwise(closed)] == [60.0] * (len(closed) - 1)


async def test_every_channel_speaks_again_after_a_cut_and_says_so(
    exchange: SandboxExchange,
) -> None:
    async with client_of(exchange, "spot") as client:
        streams = {
            "ticker": client.stream_tickers("BTCUSDT"),
            "trades": client.stream_trades("BTCUSDT"),
            "book": client.stream_order_book("BTCUSDT"),
            "candles": client.stream_candles("BTCUSDT"),
            "bookticker": client.stream_book_tickers("BTCUSDT"),
        }
        for stream in streams.values():
            await first(stream)
        events = client.events()
        await exchange.faults.cut()
        resubscribed = [await happened(events, "resubscribed") for _ in streams]
        assert {event.channel for event in resubscribed} == set(streams)
        (connection,) = exchange.connections
        assert len(asked(connection)) == 1
        for stream in streams.values():
            await take(stream, stream.pending + 1)


async def test_is_connected_tells_of_a_line_that_is_needed_and_down(
    exchange: SandboxExchange,
) -> None:
    config = impatient(
        exchange.weex_config(), reconnect_delay_seconds=3600.0, reconnect_max_delay_seconds=3600.0
    )
    async with WeexWebSocketClient(config) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await first(stream)
        assert client.is_connected
        await exchange.faults.cut()
        await happened(events, "reconnecting")
        assert not client.is_connected
        await stream.aclose()
        assert client.is_connected
    assert not client.is_connected


async def test_leaving_while_waiting_to_reconnect_is_quick(exchange: SandboxExchange) -> None:
    config = impatient(
        exchange.weex_config(), reconnect_delay_seconds=3600.0, reconnect_max_delay_seconds=3600.0
    )
    client = WeexWebSocketClient(config)
    await client.connect()
    stream, events = client.stream_tickers("BTCUSDT"), client.events()
    await first(stream)
    await exchange.faults.cut()
    await happened(events, "reconnecting")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.disconnect()
    while stream.pending:
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_streams_end_when_the_exchange_stays_away() -> None:
    exchange = SandboxExchange(seed=7, speed=60, start_time_ns=START_NS)
    await exchange.start()
    config = impatient(exchange.weex_config(), max_reconnect_attempts=3)
    async with WeexWebSocketClient(config) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await first(stream)
        await exchange.close()
        await happened(events, "gave_up")
        with pytest.raises(RetriesExhaustedError) as gave_up:
            await take(stream, stream.pending + 1)
        assert gave_up.value.attempts == 3
        # The exchange is back: so is the client, for whoever asks again.
        async with exchange:
            await first(client.stream_tickers("BTCUSDT"))
