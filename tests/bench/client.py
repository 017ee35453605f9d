"""This client end to end, as its users write it: ``async for message in client.stream_...``.

Every stream has ``OverflowPolicy.BLOCK``, so that a flood holds the socket back and loses nothing.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any, Protocol

from weex_client import OverflowPolicy, WeexConfig, WeexWebSocketClient
from weex_client.recording import Recorder

from .board import Board
from .job import (
    LAST_FRAME_SECONDS,
    POLL_SECONDS,
    SUBSCRIBE_SECONDS,
    Contender,
    Job,
    Outcome,
    Stopwatch,
    Taped,
)
from .load import SUFFIXES, Kind

QUEUE_SIZE = 1000
BOOK_LEVEL = 5
DELTA_LEVEL = 15


class Message(Protocol):
    """Name what user code touches of a message."""

    @property
    def symbol(self) -> str | None: ...
    @property
    def data(self) -> Any: ...
    @property
    def exchange_time_ns(self) -> int | None: ...


class Stream(Protocol):
    """Name what the benchmark uses of a subscription."""

    def __aiter__(self) -> AsyncIterator[Message]: ...
    def __anext__(self) -> Awaitable[Message]: ...
    @property
    def dropped(self) -> int: ...
    @property
    def pending(self) -> int: ...


def _book_numbers(book: Any) -> list[tuple[Any, Any]]:
    return [(price, size) for side in (book.bids, book.asks) for price, size in side]


_NUMBERS: dict[Kind, Callable[[Any], object]] = {
    "depth": _book_numbers,
    "trade": attrgetter("price", "size", "side", "trade_id", "timestamp"),
    "ticker": attrgetter(
        "last",
        *("open", "high", "low", "volume", "quote_volume"),
        *("change", "price_change", "mark_price", "index_price"),
    ),
}


@dataclass(slots=True)
class Reading:
    """Hold one stream, what must come out of it, and what is still to come."""

    stream: Stream
    kind: Kind
    snapshots: int
    left: int


class Reader:
    """Read all streams of a job in their own tasks until every message of the load has come."""

    def __init__(self, readings: list[Reading], board: Board) -> None:
        self.readings = readings
        self.watch = Stopwatch(board)
        self.arrivals: list[tuple[int, int]] = []
        self._latest: dict[str | None, object] = {}
        self._running = len(readings)
        self._opening = len(readings)
        self._opened = asyncio.Event()

    async def wait_until_open(self) -> None:
        """Wait until each book has given its snapshot and the server is ready."""
        await self.watch.wait_until_ready()
        async with asyncio.timeout(SUBSCRIBE_SECONDS):
            await self._opened.wait()

    async def open(self, reading: Reading) -> None:
        """Take the snapshots that come before the load."""
        for _ in range(reading.snapshots):
            await anext(reading.stream)
        self._opening -= 1
        if not self._opening:
            self._opened.set()

    def _finish_one(self) -> None:
        self._running -= 1
        if not self._running:
            self.watch.stop()

    async def read(self, reading: Reading) -> None:
        """Read as most programs do: touch the symbol and the typed data."""
        await self.open(reading)
        latest, left = self._latest, reading.left
        try:
            async for message in reading.stream:
                latest[message.symbol] = message.data
                left -= 1
                if not left:
                    self._finish_one()
        finally:
            reading.left = left

    async def read_numbers(self, reading: Reading) -> None:
        """Read every number of every message."""
        await self.open(reading)
        numbers = _NUMBERS[reading.kind]
        latest, left = self._latest, reading.left
        try:
            async for message in reading.stream:
                latest[message.symbol] = numbers(message.data)
                left -= 1
                if not left:
                    self._finish_one()
        finally:
            reading.left = left

    async def read_times(self, reading: Reading) -> None:
        """Note when each message, its typed data touched, was in user code."""
        await self.open(reading)
        latest, left = self._latest, reading.left
        try:
            async for message in reading.stream:
                latest[message.symbol] = message.data
                now = perf_counter_ns()
                self.arrivals.append(((message.exchange_time_ns or 0) // 10**6, now))
                left -= 1
                if not left:
                    self._finish_one()
        finally:
            reading.left = left


async def run(job: Job, board: Board) -> Outcome:
    """Carry a job out with the client."""
    if not job.contender.recorded:
        return await _run(job, board, None)
    with TemporaryDirectory() as folder:
        path = Path(folder, "tape.db")
        async with Recorder(path) as recorder:
            outcome = await _run(job, board, recorder)
        stats = recorder.stats()
        assert outcome.taped is not None
        taped = replace(outcome.taped, dropped=stats.dropped, bytes=path.stat().st_size)  # noqa: ASYNC240
        return replace(outcome, taped=taped)


async def _run(job: Job, board: Board, recorder: Recorder | None) -> Outcome:
    config = WeexConfig(public_url=job.url, queue_size=QUEUE_SIZE)
    async with WeexWebSocketClient(config, recorder=recorder) as client:
        reader = Reader(list(_open_readings(client, job)), board)
        expected = sum(reading.left for reading in reader.readings)
        if job.contender.measure == "memory":
            return await _weigh(reader, expected)
        await _read_all(reader, job.contender)
        return Outcome(
            expected=expected,
            delivered=expected - sum(reading.left for reading in reader.readings),
            dropped=sum(reading.stream.dropped for reading in reader.readings),
            seconds=reader.watch.seconds,
            cpu_seconds=reader.watch.cpu_seconds,
            latency_microseconds=reader.watch.latency_microseconds(reader.arrivals),
            taped=None if recorder is None else await _taped(recorder, reader.watch),
        )


async def _taped(recorder: Recorder, watch: Stopwatch) -> Taped:
    """Wait until everything is on the tape."""
    while recorder.stats().waiting:  # noqa: ASYNC110 - it is measured from outside
        await asyncio.sleep(POLL_SECONDS)
    frames = recorder.stats().written
    return Taped(seconds=watch.seconds_since_start(), frames=frames, dropped=0, bytes=0)


async def _read_all(reader: Reader, contender: Contender) -> None:
    read = reader.read_numbers if contender.numbers else reader.read
    if contender.measure == "latency":
        read = reader.read_times
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(reading)) for reading in reader.readings]
        await reader.wait_until_open()
        reader.watch.go()
        await reader.watch.wait_until_stopped()
        await asyncio.sleep(POLL_SECONDS)  # a message too many would come now, and be counted
        for task in tasks:
            task.cancel()


async def _weigh(reader: Reader, expected: int) -> Outcome:
    """Let the load wait in its queues, unread, and weigh it."""
    async with asyncio.TaskGroup() as group:
        for reading in reader.readings:
            group.create_task(reader.open(reading))
        await reader.wait_until_open()
    gc.collect()
    tracemalloc.start()
    reader.watch.go()
    for _ in range(round(LAST_FRAME_SECONDS / POLL_SECONDS)):
        await asyncio.sleep(POLL_SECONDS)
        waiting = sum(reading.stream.pending for reading in reader.readings)
        if waiting >= expected:
            break
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    return Outcome(
        expected=expected,
        delivered=waiting,
        dropped=sum(reading.stream.dropped for reading in reader.readings),
        waiting_bytes=traced / max(waiting, 1) * 1_000,
    )


def _open_readings(client: WeexWebSocketClient, job: Job) -> Iterator[Reading]:
    """Open the streams that a user of this load would open."""
    contender = job.contender
    frames = {
        kind: {
            stream.removesuffix(suffix): count
            for stream, count in job.frames_by_stream.items()
            if stream.endswith(suffix)
        }
        for kind, suffix in SUFFIXES.items()
    }
    for _ in range(contender.readers):
        for symbol, count in frames["depth"].items():
            yield Reading(_open_book(client, symbol, contender), "depth", 1, count)
        for symbols in _groups(frames["trade"], contender):
            trades = client.stream_trades(symbols, overflow=OverflowPolicy.BLOCK)
            yield Reading(trades, "trade", 0, sum(frames["trade"][name] for name in symbols))
        for symbols in _groups(frames["ticker"], contender):
            tickers = client.stream_tickers(symbols, overflow=OverflowPolicy.BLOCK)
            yield Reading(tickers, "ticker", 0, sum(frames["ticker"][name] for name in symbols))


def _open_book(client: WeexWebSocketClient, symbol: str, contender: Contender) -> Stream:
    if contender.book == "view":
        return client.stream_order_book(symbol, level=BOOK_LEVEL, overflow=OverflowPolicy.BLOCK)
    return client.stream_order_book_deltas(symbol, level=DELTA_LEVEL, overflow=OverflowPolicy.BLOCK)


def _groups(frames: dict[str, int], contender: Contender) -> list[list[str]]:
    symbols = list(frames)
    if contender.apart:
        return [[symbol] for symbol in symbols]
    return [symbols] if symbols else []
