"""The yardstick: ``websockets`` as its documentation shows it, ``orjson.loads``, and nothing else.

No types, no routing, no queue; one task per connection, 100 channels a connection as the venue
has it.
"""

import asyncio
import gc
import tracemalloc
from contextlib import AsyncExitStack
from time import perf_counter_ns
from typing import TypeAlias

import orjson
from websockets.asyncio.client import ClientConnection, connect

from .board import Board
from .job import Job, Outcome, Stopwatch
from .load import SUFFIXES

CHANNELS_PER_CONNECTION = 100


# A connection, and how many of the load's frames come on it.
Line: TypeAlias = tuple[ClientConnection, int]


async def run(job: Job, board: Board) -> Outcome:
    """Subscribe, read what comes before the load, then measure the load."""
    async with AsyncExitStack() as stack:
        lines: list[Line] = []
        streams = list(job.frames_by_stream)
        for start in range(0, len(streams), CHANNELS_PER_CONNECTION):
            group = streams[start : start + CHANNELS_PER_CONNECTION]
            connection = await stack.enter_async_context(connect(job.url, compression=None))
            await _subscribe(connection, group)
            lines.append((connection, sum(job.frames_by_stream[name] for name in group)))
        watch = Stopwatch(board)
        await watch.wait_until_ready()
        return await _MEASURES[job.contender.measure](watch, lines)


async def _subscribe(connection: ClientConnection, streams: list[str]) -> None:
    request = {"method": "SUBSCRIBE", "params": streams, "id": 1}
    await connection.send(orjson.dumps(request).decode())
    before = 2 + sum(stream.endswith(SUFFIXES["depth"]) for stream in streams)
    for _ in range(before):  # greeting, ack, snapshots
        await connection.recv()


async def _cost(watch: Stopwatch, lines: list[Line]) -> Outcome:
    running = len(lines)
    delivered = 0

    async def read(connection: ClientConnection, frames: int) -> None:
        nonlocal running, delivered
        left = frames
        async for text in connection:
            orjson.loads(text)
            left -= 1
            if not left:
                break
        delivered += frames - left
        running -= 1
        if not running:
            watch.stop()

    async with asyncio.TaskGroup() as tasks:
        for line in lines:
            tasks.create_task(read(*line))
        await asyncio.sleep(0)
        watch.go()
    return Outcome(
        expected=sum(frames for _, frames in lines),
        delivered=delivered,
        seconds=watch.seconds,
        cpu_seconds=watch.cpu_seconds,
    )


async def _latency(watch: Stopwatch, lines: list[Line]) -> Outcome:
    ((connection, frames),) = lines
    arrivals: list[tuple[int, int]] = []
    watch.go()
    async for text in connection:
        frame = orjson.loads(text)
        arrivals.append((frame["E"], perf_counter_ns()))
        if len(arrivals) == frames:
            break
    watch.stop()
    return Outcome(
        expected=frames,
        delivered=len(arrivals),
        seconds=watch.seconds,
        cpu_seconds=watch.cpu_seconds,
        latency_microseconds=watch.latency_microseconds(arrivals),
    )


async def _memory(watch: Stopwatch, lines: list[Line]) -> Outcome:
    ((connection, frames),) = lines
    tracemalloc.start()
    watch.go()
    waiting = [orjson.loads(await connection.recv()) for _ in range(frames)]
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    return Outcome(
        expected=frames, delivered=len(waiting), waiting_bytes=traced / len(waiting) * 1_000
    )


_MEASURES = {"cost": _cost, "latency": _latency, "memory": _memory}
