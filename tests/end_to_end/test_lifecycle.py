"""Clients come and go in every way that programs do, and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    client_of,
    first,
    happened,
    impatient,
    take,
    until,
)
from weex_client import ConnectError, WeexConfig, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange


class ReaderError(Exception):
    """What a reader's own code raises."""


async def test_two_clients_do_not_know_of_each_other(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as stays:
        stream = stays.stream_tickers("BTCUSDT")
        async with client_of(exchange, "spot") as leaves:
            other = leaves.stream_tickers("BTCUSDT")
            for _ in range(10):
                contract, spot = await first(stream), await first(other)
            assert contract.data.mark_price is not None
            assert spot.data.mark_price is None
            assert len(exchange.connections) == 2
        await until(lambda: len(exchange.connections) == 1)
        await take(stream, stream.pending + 10)
        assert not leaves.is_connected
        assert stays.is_connected


async def test_one_failing_task_ends_the_group_and_the_client_closes(
    exchange: SandboxExchange,
) -> None:
    delivered = {"BTCUSDT": 0, "ETHUSDT": 0}

    async def watch(client: WeexWebSocketClient, symbol: str) -> None:
        async for _ in client.stream_tickers(symbol):
            delivered[symbol] += 1
            if symbol == "ETHUSDT" and delivered["BTCUSDT"]:
                raise ReaderError

    with pytest.RaisesGroup(ReaderError):
        async with client_of(exchange) as client, asyncio.TaskGroup() as group:
            for symbol in delivered:
                group.create_task(watch(client, symbol))
    assert min(delivered.values()) > 0
    await until(lambda: not exchange.connections)


async def test_the_client_s_exit_ends_streams_that_are_being_read(
    exchange: SandboxExchange,
) -> None:
    counts: list[int] = []

    async def watch(stream: Any) -> None:
        count = 0
        async for _ in stream:
            count += 1
        counts.append(count)

    async with client_of(exchange) as client:
        last = client.stream_tickers("BTCUSDT")
        tasks = [
            asyncio.create_task(watch(stream))
            for stream in (
                client.stream_tickers("BTCUSDT"),
                client.stream_trades("BTCUSDT"),
                client.stream_order_book("BTCUSDT"),
                client.stream_candles("BTCUSDT"),
                client.events(),
            )
        ]
        await take(last, 20)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*tasks)
    assert len(counts) == 5
    assert sum(counts) > 20
    await until(lambda: not exchange.connections)


async def test_an_error_in_the_body_closes_the_client_and_comes_out_as_it_is(
    exchange: SandboxExchange,
) -> None:
    async def stream_and_fail() -> None:
        async with client_of(exchange) as client:
            async for _ in client.stream_tickers("BTCUSDT"):
                raise ReaderError

    with pytest.raises(ReaderError):
        await stream_and_fail()
    await until(lambda: not exchange.connections)


async def test_a_cancelled_program_closes_its_client(exchange: SandboxExchange) -> None:
    is_reading = asyncio.Event()

    async def stream_for_ever() -> None:
        async with client_of(exchange) as client:
            async for _ in client.stream_tickers("BTCUSDT"):
                is_reading.set()

    program = asyncio.create_task(stream_for_ever())
    await is_reading.wait()
    program.cancel()
    with pytest.raises(asyncio.CancelledError):
        await program
    await until(lambda: not exchange.connections)


async def test_opening_and_closing_twice_is_once(exchange: SandboxExchange) -> None:
    client = client_of(exchange)
    await asyncio.gather(client.connect(), client.connect())
    await client.connect()
    assert exchange.counters.connections == 1
    await first(client.stream_tickers("BTCUSDT"))
    await asyncio.gather(client.disconnect(), client.disconnect())
    await client.disconnect()
    assert not client.is_connected


async def test_a_closed_client_opens_again(exchange: SandboxExchange) -> None:
    client = client_of(exchange)
    for _ in range(3):
        async with client:
            await first(client.stream_order_book("BTCUSDT"))
    assert exchange.counters.connections == 3


async def test_a_stream_outlives_its_client_only_to_say_that_it_ended(
    exchange: SandboxExchange,
) -> None:
    async with client_of(exchange) as client:
        stream = client.stream_tickers("BTCUSDT")
        await first(stream)
    waiting = await take(stream, stream.pending)
    assert all(message.symbol == "BTCUSDT" for message in waiting)
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
    await stream.aclose()


async def test_events_end_with_the_client(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        events = client.events()
        await first(client.stream_tickers("BTCUSDT"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        kinds = [event.kind async for event in events]
    assert "gave_up" not in kinds
    assert "reconnecting" not in kinds


async def test_the_exchange_s_end_does_not_hold_the_client_s_exit() -> None:
    exchange = SandboxExchange(speed=60)
    await exchange.start()
    async with client_of(exchange) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await first(stream)
        await exchange.close()
        for _ in range(3):
            await happened(events, "reconnecting")
    assert not client.is_connected


@asynccontextmanager
async def deaf_server() -> AsyncIterator[str]:
    """Accept connections and never say a word."""
    writers = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        server.close()
        for writer in writers:
            writer.close()
            await writer.wait_closed()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async with deaf_server() as url:
        config = WeexConfig(public_url=url, open_timeout_seconds=0.05)
        with pytest.raises(ConnectError, match="in time"):
            await WeexWebSocketClient(config).connect()


async def test_opening_can_be_cancelled() -> None:
    async with deaf_server() as url:
        client = WeexWebSocketClient(WeexConfig(public_url=url))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.connect()
        assert not client.is_connected


async def test_a_client_that_nobody_reads_from_leaves_nothing(exchange: SandboxExchange) -> None:
    async with WeexWebSocketClient(impatient(exchange.weex_config())) as client:
        client.stream_tickers("BTCUSDT")
        client.events()
        streams = [client.stream_trades("BTCUSDT"), client.stream_candles("BTCUSDT")]
        await until(lambda: all(stream.pending for stream in streams))
