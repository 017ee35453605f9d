"""The client in a thread over a real socket: what it reads, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from weex_client import Fill, Message, Trade, WeexConfig, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange
from weex_client.sync import SyncClient

PATIENCE_SECONDS = 30.0


def read(config: WeexConfig) -> list[Message[Any] | None]:
    """Be a program without asyncio."""
    with SyncClient(WeexWebSocketClient, config) as client:
        trades, fills = client.stream_trades("BTCUSDT"), client.stream_fills()
        return [stream.get(PATIENCE_SECONDS) for stream in (trades, fills, client)]


async def test_public_and_private_streams_come_over_sockets_that_are_closed_again() -> None:
    threads = set(threading.enumerate())
    async with SandboxExchange(seed=7, speed=50) as exchange:
        with ThreadPoolExecutor(1) as pool:
            loop = asyncio.get_running_loop()
            trade, fill, first = await loop.run_in_executor(pool, read, exchange.weex_config())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while exchange.connections:  # noqa: ASYNC110 - a turn of the loop, not a wait
                await asyncio.sleep(0)
        assert exchange.counters.connections == 2

    assert trade is not None
    assert isinstance(trade.data, Trade)
    assert fill is not None
    assert isinstance(fill.data, Fill)
    assert first is not None
    assert set(threading.enumerate()) == threads
