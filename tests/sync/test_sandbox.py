"""The client in a thread over a real socket: what it reads, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest

from weex_client import Fill, Message, Trade, WeexConfig, WeexWebSocketClient
from weex_client.models import Payload
from weex_client.protocol import Channel
from weex_client.sandbox import SandboxExchange
from weex_client.sync import SyncClient
from weex_client.websocket import VENUES

PATIENCE_SECONDS = 30.0


def read(config: WeexConfig) -> list[Message[Any] | None]:
    """Be a program without asyncio."""
    with SyncClient(WeexWebSocketClient, config) as client:
        trades, fills = client.stream_trades("BTCUSDT"), client.stream_fills()
        return [stream.get(PATIENCE_SECONDS) for stream in (trades, fills, client)]


def read_any(name: str, config: Any, symbol: str) -> list[Message[Any] | None]:
    """Be such a program at any venue."""
    client_class = VENUES[name]
    channels = client_class.venue_class(config).channels
    channel = Channel.TICKER if Channel.TICKER in channels else channels[0]
    with SyncClient(client_class, config) as client:
        stream = client.stream(client_class.stream, channel.value, symbol)
        return [stream.get(PATIENCE_SECONDS), client.get(PATIENCE_SECONDS)]


@asynccontextmanager
async def exchange_and_pool() -> AsyncIterator[tuple[SandboxExchange, ThreadPoolExecutor]]:
    """Run an exchange, and make sure that what comes to it goes again."""
    threads = set(threading.enumerate())
    async with SandboxExchange(seed=7, speed=50) as exchange:
        with ThreadPoolExecutor(1) as pool:
            yield exchange, pool
        async with asyncio.timeout(PATIENCE_SECONDS):
            while exchange.connections:  # noqa: ASYNC110 - a turn of the loop, not a wait
                await asyncio.sleep(0)
    assert set(threading.enumerate()) == threads


async def test_public_and_private_streams_come_over_sockets_that_are_closed_again() -> None:
    async with exchange_and_pool() as (exchange, pool):
        loop = asyncio.get_running_loop()
        trade, fill, first = await loop.run_in_executor(pool, read, exchange.weex_config())
    assert exchange.counters.connections == 2
    assert trade is not None
    assert isinstance(trade.data, Trade)
    assert fill is not None
    assert isinstance(fill.data, Fill)
    assert first is not None


@pytest.mark.parametrize("name", VENUES)
async def test_every_venue_speaks_to_a_program_without_asyncio(name: str) -> None:
    async with exchange_and_pool() as (exchange, pool):
        loop = asyncio.get_running_loop()
        symbol = next(iter(exchange.front(name).symbols))
        words = (name, exchange.config(name), symbol)
        told, first = await loop.run_in_executor(pool, read_any, *words)
    assert exchange.counters.connections
    assert told is not None
    assert (told.venue, told.symbol) == (name, symbol)
    assert isinstance(told.data, Payload)
    assert first is not None
