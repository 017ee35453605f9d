"""What is streamed live from the embedded exchange while it is recorded, with cut lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from weex_client.client import StreamClient
from weex_client.recording import Recorder
from weex_client.sandbox import SandboxExchange
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.websocket import VENUES

PATIENCE_SECONDS = 60.0  # of a test that fails
START_NS = 1_790_134_567_942_000_000

Key = tuple[str, str | None, int | None]
Lines = dict[Key, list[str]]

# Channels, symbols and levels: of each kind of feed one.
STREAMS: Mapping[str, tuple[Key, ...]] = {
    "weex": (
        ("ticker", "BTCUSDT", None),
        ("trades", "BTCUSDT", None),
        ("book", "BTCUSDT", 5),
        ("book_deltas", "ETHUSDT", 15),
        ("candles", "ETHUSDT", None),
        ("positions", None, None),
        ("orders", None, None),
        ("fills", None, None),
    ),
    "coinbase": (
        ("trades", "BTC-USD", None),
        ("book", "BTC-USD", 5),
        ("book3", "ETH-USD", 3),
        ("orders", None, None),
        ("fills", None, None),
    ),
    "kucoin": (
        ("trades", "BTC-USDT", None),
        ("book", "BTC-USDT", 5),
        ("candles", "BTC-USDT", None),
        ("account", None, None),
        ("orders", None, None),
    ),
    "smartmoney": (("whales", "BTC", None), ("funding", None, None)),
}

# What happens once in a while, and must not be waited for.
RARE = frozenset({"positions", "orders", "fills", "account", "whales", "funding"})


async def until(is_so: Callable[[], object]) -> None:
    """Wait, by the machine's time, until something is so that announces itself to nobody."""
    while not is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def read_streams(
    client: StreamClient, venue: str, lines: Lines, work: Callable[[], Awaitable[None]]
) -> None:
    """Read the streams of a venue as JSON lines, to their end: after ``work``, or before."""

    async def read(key: Key, stream: Any) -> None:
        async for message in stream:
            lines.setdefault(key, []).append(message.model_dump_json())

    streams = [(key, opened(client, key)) for key in STREAMS[venue]]
    readers = [asyncio.create_task(read(*each)) for each in streams]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await work()
        await client.disconnect()
        await asyncio.gather(*readers)


def opened(client: StreamClient, key: Key) -> Any:
    channel, symbol, level = key
    return client.stream(channel, symbol or (), level=level, overflow=OverflowPolicy.BLOCK)


async def recorded(venue: str, tape: Path, *, speed: float = 20.0) -> Lines:
    """Record a venue's streams over two cuts; return the lines that were printed live."""
    lines: Lines = {}
    busy = [key for key in STREAMS[venue] if key[0] not in RARE]

    async def until_more(count: int) -> None:
        wanted = {key: len(lines.get(key, ())) + count for key in busy or STREAMS[venue]}
        await until(lambda: all(len(lines.get(key, ())) >= least for key, least in wanted.items()))

    async with (
        Recorder(tape) as recorder,
        SandboxExchange(speed=speed, start_time_ns=START_NS) as exchange,
    ):
        quickly = {"reconnect_delay_seconds": 0.01, "reconnect_max_delay_seconds": 0.05}
        config = exchange.config(venue).model_copy(update=quickly)

        async def cut_twice() -> None:
            await until_more(5)
            for _ in range(2):
                await exchange.faults.cut()
                await until_more(10)

        async with VENUES[venue](config, recorder=recorder) as client:
            await read_streams(client, venue, lines, cut_twice)
    return lines
