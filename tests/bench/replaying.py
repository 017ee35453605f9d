"""How fast a tape is read and replayed: ``python -m tests.bench.replaying [--seconds 30]``.

The tape is recorded from the embedded exchange: trades, books of 15 levels and tickers of five
contracts. Figures are of the process's own CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.recording import Recorder, Recording, replaying
from weex_client.sandbox import SandboxExchange

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")


def streams(client: StreamClient) -> list[Any]:
    """Return what is recorded, and replayed."""
    books = [client.stream_order_book(symbol, 15) for symbol in SYMBOLS]
    return [client.stream_trades(SYMBOLS), client.stream_tickers(SYMBOLS), *books]


async def read(client: StreamClient) -> int:
    """Read every stream to its end; return how many messages came."""

    async def count(stream: Any) -> int:
        messages = 0
        async for _ in stream:
            messages += 1
        return messages

    return sum(await asyncio.gather(*map(count, streams(client))))


async def record(tape: Path, seconds: float) -> None:
    """Record for so many seconds."""
    async with SandboxExchange() as exchange, Recorder(tape) as recorder:
        config = exchange.weex_config()
        async with WeexWebSocketClient(config, recorder=recorder) as client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await read(client)


async def replay(tape: Path) -> int:
    """Replay at once."""
    config = WeexConfig(_env_file=None)
    async with WeexWebSocketClient(config, connector=replaying(tape)) as client:
        return await read(client)


def main() -> None:
    """Record a tape, read it in both ways, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "tape.db"
        asyncio.run(record(tape, seconds))
        with Recording(tape) as recording:
            (session,) = recording.sessions()
            lasted = recording.duration_ns / 1e9
            began = process_time()
            messages = sum(1 for _ in recording.messages())
            listed = process_time() - began
            began = process_time()
            recording.digest()
            digested = process_time() - began
        began = process_time()
        streamed = asyncio.run(replay(tape))
        replayed = process_time() - began
    print(f"tape              {lasted:8.1f} s, {session.frames:,} frames, {messages:,} messages")
    print(f"Recording.messages{messages / listed:10,.0f} messages/s, {lasted / listed:8.0f} x")
    print(f"Recording.digest  {messages / digested:10,.0f} messages/s, {lasted / digested:8.0f} x")
    print(f"replaying, speed 0{streamed / replayed:10,.0f} messages/s, {lasted / replayed:8.0f} x")


if __name__ == "__main__":
    main()
