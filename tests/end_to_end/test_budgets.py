"""What the venue allows an address is shared by all clients of the process, and kept."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.end_to_end.conftest import asked, client_of, first, impatient, until
from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.errors import RateLimitedError
from weex_client.sandbox import SandboxExchange


async def test_twenty_first_connection_of_the_process_is_refused_before_it_is_dialled(
    exchange: SandboxExchange,
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(client_of(exchange))
        with pytest.raises(RateLimitedError, match="20 by other clients of this process"):
            await client_of(exchange).connect()
        assert len(exchange.connections) == 20
    async with client_of(exchange) as client:
        await first(client.stream_tickers("BTCUSDT"))


async def test_client_in_another_thread_counts_too(exchange: SandboxExchange) -> None:
    def refused() -> str:
        async def connect() -> None:
            async with client_of(exchange):
                pass

        with pytest.raises(RateLimitedError) as caught:
            asyncio.run(connect())
        return str(caught.value)

    names = [f"A{number}USDT" for number in range(1901)]
    async with client_of(exchange) as client, client.stream_tickers(names):
        loop = asyncio.get_running_loop()
        assert "20 by other clients" in await loop.run_in_executor(None, refused)
    await loop.shutdown_default_executor()


async def test_each_kind_of_channel_is_asked_for_on_its_own_connection(
    exchange: SandboxExchange,
) -> None:
    config = impatient(exchange.weex_config(), connection_per_channel=True)
    async with WeexWebSocketClient(config) as client:
        tickers, trades = client.stream_tickers("BTCUSDT"), client.stream_trades("BTCUSDT")
        book = client.stream_order_book("BTCUSDT")
        for stream in (tickers, trades, book):
            await first(stream)
        requests = [asked(connection) for connection in exchange.connections]
        assert sorted(params for ((_, params),) in requests) == [
            ["BTCUSDT@depth15"],
            ["BTCUSDT@ticker"],
            ["BTCUSDT@trade"],
        ]


async def test_server_that_accepts_and_hangs_up_sees_no_more_dials_than_allowed() -> None:
    dials = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dials
        dials += 1
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address: dict[str, Any] = {"public_url": f"ws://127.0.0.1:{port}", "_env_file": None}
    config = impatient(WeexConfig(**address))
    async with server:
        client = WeexWebSocketClient(config, retry_first_connect=True)
        connecting = asyncio.create_task(client.connect())
        await until(lambda: dials == 300)
        for _ in range(2000):
            await asyncio.sleep(0)
        assert dials == 300
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
