"""Readers share the venue's subscriptions; the last one's leaving ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    asked,
    client_of,
    first,
    happened,
    impatient,
    take,
    until,
)
from weex_client import WeexWebSocketClient
from weex_client.clock import ManualClock
from weex_client.sandbox import SandboxExchange

Leave = Callable[[WeexWebSocketClient], Awaitable[None]]


class ReaderError(Exception):
    """What a reader's own code raises."""


async def by_break(client: WeexWebSocketClient) -> None:
    async for _ in client.stream_trades("BTCUSDT"):
        break


async def by_aclose(client: WeexWebSocketClient) -> None:
    stream = client.stream_trades("BTCUSDT")
    await first(stream)
    await stream.aclose()


async def by_async_with(client: WeexWebSocketClient) -> None:
    async with client.stream_trades("BTCUSDT") as stream:
        await first(stream)


async def by_forgetting(client: WeexWebSocketClient) -> None:
    await first(client.stream_trades("BTCUSDT"))


async def by_exception(client: WeexWebSocketClient) -> None:
    async def read() -> None:
        async for _ in client.stream_trades("BTCUSDT"):
            raise ReaderError

    with pytest.raises(ReaderError):
        await read()


async def by_cancel(client: WeexWebSocketClient) -> None:
    is_reading = asyncio.Event()

    async def read() -> None:
        async for _ in client.stream_trades("BTCUSDT"):
            is_reading.set()

    task = asyncio.create_task(read())
    await is_reading.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def by_batches(client: WeexWebSocketClient) -> None:
    async for batch in client.stream_trades("BTCUSDT").batches(10, 1.0):
        assert len(batch) == 10
        break


WAYS = [by_break, by_aclose, by_async_with, by_forgetting, by_exception, by_cancel, by_batches]


@pytest.mark.parametrize("leave", WAYS)
async def test_the_last_reader_s_leaving_ends_the_subscription(
    exchange: SandboxExchange, client: WeexWebSocketClient, leave: Leave
) -> None:
    other = client.stream_tickers("BTCUSDT")
    await leave(client)
    (connection,) = exchange.connections
    await until(lambda: connection.streams == {"BTCUSDT@ticker"})
    await take(other, other.pending + 1)
    assert client.stats().scopes["public"].subscriptions == 1


@pytest.mark.parametrize("leave", WAYS)
async def test_another_reader_s_leaving_ends_nothing(
    exchange: SandboxExchange, client: WeexWebSocketClient, leave: Leave
) -> None:
    stays = client.stream_trades("BTCUSDT")
    await leave(client)
    await take(stays, stays.pending + 20)
    (connection,) = exchange.connections
    assert len(asked(connection)) == 1


async def test_readers_of_one_channel_get_the_same_messages_over_one_subscription(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    streams = [client.stream_tickers("BTCUSDT") for _ in range(5)]
    several = client.stream_tickers(["ETHUSDT", "BTCUSDT"])
    runs = [await take(stream, 20) for stream in streams]
    assert all(run == runs[0] for run in runs)
    shared = [message for message in await take(several, 30) if message.symbol == "BTCUSDT"]
    assert shared[:10] == runs[0][:10]
    (connection,) = exchange.connections
    assert connection.streams == {"BTCUSDT@ticker", "ETHUSDT@ticker"}
    assert len(asked(connection)) == 1
    for stream in streams:
        await stream.aclose()
    await take(several, several.pending + 10)
    assert connection.streams == {"BTCUSDT@ticker", "ETHUSDT@ticker"}


async def test_an_abandoned_channel_can_be_had_again(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    for _ in range(3):
        async with client.stream_trades("BTCUSDT") as stream:
            (trade, *_) = await take(stream, 25)
            assert trade.is_snapshot
        (connection,) = exchange.connections
        await until(lambda: not exchange.connections[0].streams)
    assert len(asked(connection)) == 6


@pytest.mark.parametrize("channel", ["book", "book_deltas", "candles"])
async def test_a_channel_opened_anew_in_the_turn_in_which_it_was_left_begins_with_its_state(
    client: WeexWebSocketClient, channel: str
) -> None:
    def stream() -> Any:
        match channel:
            case "book":
                return client.stream_order_book("BTCUSDT")
            case "book_deltas":
                return client.stream_order_book_deltas("BTCUSDT")
            case _:
                return client.stream_candles("BTCUSDT")

    for _ in range(2):
        async with stream() as opened, asyncio.timeout(PATIENCE_SECONDS):
            assert (await anext(opened)).is_snapshot


async def test_995_symbols_take_ten_connections_and_ten_requests() -> None:
    # Delisted ones are acknowledged like others and cost the exchange nothing.
    names = [f"A{number}USDT" for number in range(994)]
    exchange = SandboxExchange(speed=60, delisted=names)
    async with exchange, client_of(exchange) as client:
        stream = client.stream_tickers([*names, "BTCUSDT"])
        await first(stream)
        await until(lambda: sum(len(each.streams) for each in exchange.connections) == 995)
        assert [len(each.streams) for each in exchange.connections] == [100] * 9 + [95]
        assert [len(asked(each)) for each in exchange.connections] == [1] * 10
        scope = client.stats().scopes["public"]
        assert (scope.connections, scope.subscriptions) == (10, 995)
        await stream.aclose()
        await until(lambda: not any(each.streams for each in exchange.connections))


async def test_an_unused_connection_is_closed_before_the_cut_and_opened_when_needed() -> None:
    clock = ManualClock()
    exchange = SandboxExchange(seed=7)
    async with exchange:
        config = impatient(exchange.weex_config())
        async with WeexWebSocketClient(config, clock=clock) as client:
            events = client.events()
            async with client.stream_tickers("BTCUSDT") as stream:
                await first(stream)
            (connection,) = exchange.connections
            await until(lambda: not connection.streams)
            clock.advance(44.9)
            await until(lambda: client.stats().scopes["public"].uptime_seconds >= 44.9)
            assert len(exchange.connections) == 1
            clock.advance(0.2)
            closed = await happened(events, "disconnected")
            assert closed.cause == "no subscription"
            await until(lambda: not exchange.connections)
            assert client.is_connected  # nothing that is needed is down
            await first(client.stream_tickers("BTCUSDT"))
            assert len(exchange.connections) == 1
        assert exchange.counters.connections == 2
        assert exchange.counters.cut_idle == 0


async def test_a_further_connection_goes_with_its_last_subscription() -> None:
    clock = ManualClock()
    names = [f"A{number}USDT" for number in range(100)]
    async with SandboxExchange(seed=7, delisted=names) as exchange:
        config = impatient(exchange.weex_config())
        async with WeexWebSocketClient(config, clock=clock) as client:
            many: Any = client.stream_tickers(names)
            few = client.stream_tickers("BTCUSDT")
            await first(few)
            await until(lambda: len(exchange.connections) == 2)
            await few.aclose()
            await until(lambda: [len(c.streams) for c in exchange.connections] == [100, 0])
            # The first connection is silent, and answers when it is asked.
            clock.advance(46)
            await until(lambda: len(exchange.connections) == 1)
            assert many.pending == 0
