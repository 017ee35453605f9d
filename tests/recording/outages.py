"""Take a recorder's disk away, or its file, for half a minute, under a flood of frames.

Run as ``python -m tests.recording.outages [SECONDS]``. A real client reads all the while; what it
reads, and what the tape has kept, is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.recording.hose import HoseConnector, number_of
from tests.recording.on_tape import rows
from weex_client.recording import Recorder
from weex_client.recording.rows import EventRow, FrameRow, HoleRow
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

SECONDS = 30.0
# A flood that fills the memory allowed within the time, and one that does not.
MANY, FEW = 20_000, 1_000

Outage = Callable[[Path], contextlib.AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold the file as another program may."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with contextlib.closing(database) as other:
        # In a thread: the recorder may be in the midst of a transaction, and needs the loop.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield


@contextlib.asynccontextmanager
async def full(path: Path) -> AsyncIterator[None]:
    """Let no file of this process grow beyond what the tape has now."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = [each.stat().st_size for each in path.parent.glob(path.name + "*")]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(filter(None, sizes)), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def suffer(outage: Outage, path: Path, rate: int, seconds: float) -> str:
    """Record through one outage; return what came of it, in words."""
    hose = HoseConnector(rate)
    recorder = Recorder(path)
    longest = 0.0
    async with recorder:
        client = WeexWebSocketClient(WeexConfig(_env_file=None), connector=hose, recorder=recorder)
        async with client, _reading(client) as read:
            await asyncio.sleep(2)
            async with outage(path):
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    before, at = read[0], time.monotonic()
                    await asyncio.sleep(0.01)
                    while read[0] == before:  # noqa: ASYNC110 - it is measured
                        await asyncio.sleep(0.001)
                    longest = max(longest, time.monotonic() - at)
                worst = recorder.stats()
            since = time.monotonic()
            while recorder.stats().problem is not None or recorder.stats().waiting > rate:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            back = time.monotonic() - since
            await asyncio.sleep(1)
            dropped_by_reader = client.stats().channels["ticker"].dropped
    said = _judged(path, recorder, hose, worst.problem, worst.waiting_bytes)
    return (
        f"{said}; the reader never waited for more than {longest * 1000:.0f} ms, and missed"
        f" {dropped_by_reader}; all was well {back:.1f} s after"
    )


@contextlib.asynccontextmanager
async def _reading(client: WeexWebSocketClient) -> AsyncIterator[list[int]]:
    read = [0]

    async def count() -> None:
        async for message in client.stream_tickers("BTCUSDT", queue_size=100_000):
            read[0] = int(message.data.last)

    task = asyncio.create_task(count())
    try:
        yield read
    finally:
        task.cancel()
        await asyncio.wait((task,))


def _judged(
    path: Path, recorder: Recorder, hose: HoseConnector, problem: str | None, weight: int
) -> str:
    stats = recorder.stats()
    kept = [number_of(row.payload) for row in rows(path, FrameRow) if not row.is_sent]
    holes = rows(path, HoleRow)
    assert [row.kind for row in rows(path, EventRow)] == ["connected"], "the line was lost"
    assert len(hose.lines) == 1
    assert kept == sorted(kept)  # type: ignore[type-var]
    assert stats.written + stats.dropped == stats.frames
    assert sum(hole.frames for hole in holes) == stats.dropped
    # Requests of ours may have been dropped too, and the last batch may never have been read.
    astray = hose.lines[0].sent - len(kept) - stats.dropped
    assert -10 <= astray <= 200, f"{astray} frames are missing without a hole"
    assert problem is not None
    said = f"{stats.frames:,} frames, {len(kept):,} of them on the tape, {stats.dropped:,} dropped"
    holes_said = f"{len(holes)} holes say so" if holes else "no hole"
    return f"{problem}: {said}, {holes_said}; {weight / 2**20:.0f} MiB waited"


def main() -> None:
    """Do what the command line asks for."""
    logging.basicConfig(format="  %(message)s", level=logging.WARNING)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    for name, outage in (("lock held", locked), ("disk full", full)):
        for rate in (FEW, MANY):
            print(f"{name} for {seconds:.0f} s at {rate:,} frames/s:", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "tape.db")
                print(f"  {asyncio.run(suffer(outage, path, rate, seconds))}", flush=True)


if __name__ == "__main__":
    main()
