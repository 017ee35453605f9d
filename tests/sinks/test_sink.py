"""What feeds a store, with a store in memory and a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from weex_client.clock import ManualClock
from weex_client.errors import ConfigError, SinkError, SlowConsumerError, UsageError
from weex_client.sinks import Outcome, RefusedRowsError, Row, Sink

from .messages import stream, trade


class Memory:
    """Keep rows by key; be away, or refuse, when told to."""

    place = "memory"

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.batches: list[int] = []
        self.refused: set[str] = set()
        self.fault: Exception | None = None
        self.is_forgetful = False  # store, and fail nevertheless
        self.is_closed = False
        self.attempts = 0
        self.tried = asyncio.Event()

    async def open(self) -> None:
        if self.fault is not None:
            raise self.fault

    async def write(self, rows: Sequence[Row]) -> Outcome:
        self.attempts += 1
        self.tried.set()
        if any(row.fields["trade_id"] in self.refused for row in rows):
            raise RefusedRowsError("too large", place=self.place)
        if self.fault is None or self.is_forgetful:
            before = len(self.rows)
            self.rows |= {row.key_text: row for row in rows}
        if self.fault is not None:
            raise self.fault
        self.batches.append(len(rows))
        stored = len(self.rows) - before
        return Outcome(stored, len(rows) - stored)

    async def close(self) -> None:
        self.is_closed = True


def away(*, retryable: bool = True) -> SinkError:
    return SinkError("memory is away", place="memory", retryable=retryable)


async def until(condition: Callable[[], bool], clock: ManualClock, seconds: float = 0.0) -> None:
    """Let everything go on, and time, until something is so."""
    async with asyncio.timeout(60):
        while not condition():
            clock.advance(seconds)
            await asyncio.sleep(0)


def sink_and_clock(store: Memory, **options: Any) -> tuple[Sink, ManualClock]:
    clock = ManualClock()
    return Sink(store, clock=clock, **options), clock


async def test_batch_is_written_when_it_is_full_or_has_waited() -> None:
    store = Memory()
    sink, clock = sink_and_clock(store, batch_size=3, max_wait_seconds=0.25)
    gate = asyncio.Event()

    async def seven() -> AsyncIterator[Any]:
        for number in range(7):
            yield trade(number)
        await gate.wait()

    async with sink:
        reading = asyncio.create_task(sink.consume(seven()))
        await until(lambda: store.batches == [3, 3], clock)
        assert sink.stats().waiting == 1

        await until(lambda: store.batches == [3, 3, 1], clock, 0.25)
        gate.set()
        await reading
        await sink.consume(stream([]))
    assert store.is_closed


async def test_streams_are_not_read_while_the_buffer_is_full() -> None:
    store = Memory()
    sink, clock = sink_and_clock(store, batch_size=2, buffer_size=4)
    read: list[int] = []

    async def numbered(start: int) -> AsyncIterator[Any]:
        for number in range(start, start + 10):
            read.append(number)
            yield trade(number)

    async with sink:
        store.fault = away()
        async with asyncio.TaskGroup() as group:
            group.create_task(sink.consume(numbered(0)))
            group.create_task(sink.consume(numbered(100)))
            await until(lambda: sink.stats().retries == 3, clock, 1.0)
            held = len(read)
            assert held <= 5  # the buffer, and what the other stream had in hand
            assert sink.stats().waiting == held
            assert sink.stats().away_since is not None
            assert sink.stats().backpressure_seconds > 0
            store.fault = None
            await until(lambda: len(read) == 20, clock, 1.0)

    assert len(store.rows) == 20
    stats = sink.stats()
    assert (stats.stored, stats.lost, stats.waiting, stats.away_since) == (20, 0, 0, None)
    assert stats.away_seconds > 0


async def test_write_that_failed_after_it_was_stored_is_no_repeat() -> None:
    store = Memory()
    sink, clock = sink_and_clock(store)
    async with sink:
        store.fault, store.is_forgetful = away(), True
        reading = asyncio.create_task(sink.consume(stream([trade(1), trade(1), trade(2)])))
        await until(lambda: store.attempts == 2, clock, 1.0)
        store.fault = None
        await until(reading.done, clock, 1.0)
        again = asyncio.create_task(sink.consume(stream([trade(1)])))
        await until(again.done, clock, 1.0)

    assert (len(store.rows), sink.stats().stored, sink.stats().repeated) == (2, 3, 1)


async def test_row_that_cannot_be_stored_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Memory()
    store.refused = {"t3"}
    sink, _ = sink_and_clock(store, batch_size=8)
    async with sink:
        await sink.consume(stream([trade(number) for number in range(8)]))

    assert (sink.stats().stored, sink.stats().refused, sink.stats().lost) == (7, 1, 0)
    assert "memory cannot store weex:trades::BTCUSDT:t3: too large" in caplog.text


async def test_cancelled_consume_leaves_nothing_that_was_read_unwritten() -> None:
    store = Memory()
    sink, clock = sink_and_clock(store)
    forever = asyncio.Event()
    closed = []

    async def endless() -> AsyncIterator[Any]:
        try:
            yield trade(1)
            await forever.wait()
        finally:
            closed.append(True)

    async with sink:
        reading = asyncio.create_task(sink.consume(endless()))
        await until(lambda: sink.stats().waiting == 1, clock)
        reading.cancel()
        await asyncio.wait((reading,))
        assert reading.cancelled()

    assert closed
    assert (sink.stats().stored, sink.stats().lost) == (1, 0)


async def test_error_of_the_stream_is_raised_and_what_came_before_is_written() -> None:
    store = Memory()
    sink, _ = sink_and_clock(store)

    async def broken() -> AsyncIterator[Any]:
        yield trade(1)
        raise SlowConsumerError("too slow", queue_size=1)

    with pytest.raises(SlowConsumerError):
        async with sink:
            await sink.consume(broken())
    assert len(store.rows) == 1


async def test_what_cannot_be_written_on_closing_is_counted_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Memory()
    sink, clock = sink_and_clock(store, closing_seconds=10.0)

    async def open_and_leave() -> None:
        async with sink:
            store.fault = away()
            reading = asyncio.create_task(sink.consume(stream([trade(1), trade(2)])))
            await until(lambda: sink.stats().waiting == 2, clock)
            reading.cancel()
            await asyncio.wait((reading,))

    leaving = asyncio.create_task(open_and_leave())
    await until(leaving.done, clock, 0.1)

    with pytest.raises(SinkError, match=r"2 messages were read and not stored \(memory is away"):
        await leaving
    assert (sink.stats().lost, sink.stats().waiting) == (2, 0)
    assert store.is_closed
    assert "memory: 2 messages were read and not stored" in caplog.text


@pytest.mark.parametrize("fault", [away(retryable=False), KeyError("a bug")])
async def test_store_that_is_broken_for_good_ends_every_consume(fault: Exception) -> None:
    store = Memory()
    sink, clock = sink_and_clock(store)

    async def endless() -> AsyncIterator[Any]:
        number = 0
        while True:
            yield trade(number)
            number += 1
            await asyncio.sleep(0)

    async def both() -> None:
        async with sink, asyncio.TaskGroup() as group:
            group.create_task(sink.consume(endless()))
            group.create_task(sink.consume(endless(), label="spot"))
            store.fault = fault

    running = asyncio.create_task(both())
    await until(running.done, clock, 1.0)
    with pytest.raises(ExceptionGroup) as ended:
        await running

    assert ended.group_contains(SinkError, match="^memory(: KeyError: 'a bug'| is away)$")
    assert sink.stats().lost > 0
    assert sink.stats().waiting == 0


async def test_wrong_use_is_said() -> None:
    store = Memory()
    for wrong in ({"batch_size": 0}, {"batch_size": 5, "buffer_size": 4}, {"closing_seconds": -1}):
        with pytest.raises(ConfigError):
            Sink(store, **wrong)
    sink = Sink(store)
    with pytest.raises(UsageError, match="not open"):
        await sink.consume(stream([trade()]))
    store.fault = away()
    with pytest.raises(SinkError):
        async with sink:
            pass
    store.fault = None
    async with sink:
        pass
    with pytest.raises(UsageError, match="opened once"):
        async with sink:
            pass
