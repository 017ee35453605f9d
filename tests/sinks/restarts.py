"""Kill the server, and the program, while messages are stored; count what is lost or repeated.

Run as ``python -m tests.sinks.restarts [COUNT]``: twenty kills of each, if not said otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

from pymongo import AsyncMongoClient

from weex_client.sinks import MongoSink

from .messages import trade
from .mongo_server import running

ROOT = Path(__file__).parents[2]

# What a venue tells again after a program has come back: more than one batch.
TOLD_AGAIN = 250


async def kill_server(folder: Path, count: int) -> tuple[int, int, int]:
    """Kill a MongoDB server at random moments while one sink goes on; start it again each time.

    Returns:
        How many messages were told, lost and repeated.
    """
    draw = Random(7)
    told = 0
    is_over = False

    async def trades() -> AsyncIterator[Any]:
        nonlocal told
        while not is_over:
            for _ in range(50):
                yield trade(told)
                told += 1
            await asyncio.sleep(0.01)

    with running(folder) as server:
        address = f"{server.uri}/market"
        options = {"batch_size": 100, "max_wait_seconds": 0.02, "retry_max_delay_seconds": 0.5}
        async with MongoSink(address, closing_seconds=60, connect_seconds=60, **options) as sink:
            storing = asyncio.create_task(sink.consume(trades()))
            for _ in range(count):
                await asyncio.sleep(draw.uniform(0.05, 0.8))
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(draw.uniform(0.0, 0.3))
                await asyncio.to_thread(server.start)
                await progress(sink)
            is_over = True
            await storing
        stats = sink.stats()
        print(f"  retries {stats.retries}, away for {stats.away_seconds:.1f} s", file=sys.stderr)
        found = await mongo_numbers(address)
    return told, len(set(range(told)) - set(found)), len(found) - len(set(found))


async def progress(sink: MongoSink) -> None:
    """Wait until something was stored after a restart, so that each kill meets a working sink."""
    before = sink.stats().stored
    async with asyncio.timeout(120):
        while sink.stats().stored == before:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)


async def kill_program(address: str, count: int) -> int:
    """Kill a program that stores at random moments; let the next one be told much of it again.

    Returns:
        The number up to which everything was said to be stored.
    """
    draw = Random(7)
    said = 0
    for _ in range(count):
        first = max(0, said - TOLD_AGAIN)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.sinks.storing", address, str(first)),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(120):
                for _ in range(draw.randint(1, 30)):
                    line = await process.stdout.readline()
                    said = max(said, int(line))
                await asyncio.sleep(draw.uniform(0.0, 0.02))
        finally:
            process.kill()
            rest, _ = await process.communicate()
        # The last line may be cut in the middle.
        said = max([said, *(int(line) for line in rest.split(b"\n")[:-1])])
    return said


async def mongo_numbers(address: str) -> list[int]:
    """Return the numbers of the trades in a database."""
    async with AsyncMongoClient[dict[str, Any]](address) as client:
        found = client.get_default_database().trades.find({})
        return [int(each["trade_id"][1:]) async for each in found]


def sqlite_numbers(path: Path) -> list[int]:
    """Return the numbers of the trades in a file that is whole."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [int(row[0][1:]) for row in database.execute("SELECT trade_id FROM trades")]


def counted(said: int, found: list[int]) -> tuple[int, int, int]:
    """Return how many were said to be stored, and how many of them are lost or repeated."""
    return said, len(set(range(said)) - set(found)), len(found) - len(set(found))


async def main(count: int) -> int:
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = {"MongoDB server": await kill_server(_below(folder, "server"), count)}
        path = folder / "market.db"
        said = await kill_program(f"sqlite:{path}", count)
        results["program, SQLite"] = counted(said, sqlite_numbers(path))
        with running(_below(folder, "other")) as server:
            said = await kill_program(f"{server.uri}/market", count)
            found = await mongo_numbers(f"{server.uri}/market")
            results["program, MongoDB"] = counted(said, found)
    for killed, (messages, lost, repeated) in results.items():
        print(
            f"{killed} killed {count} times: {messages} messages, lost {lost}, repeated {repeated}"
        )
        failures += lost + repeated
    return min(failures, 1)


def _below(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


if __name__ == "__main__":
    logging.getLogger("weex_client").addHandler(logging.NullHandler())
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)))
