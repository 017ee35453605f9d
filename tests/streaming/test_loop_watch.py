"""A program that blocks its own event loop is told so, and the venue is not blamed."""

from __future__ import annotations

import asyncio

import pytest

from weex_client.clock import ManualClock
from weex_client.models import ConnectionEvent
from weex_client.streaming.loop_watch import LoopWatch

from .memory_line import BTC, filled, lasts, open_desk, read, ticker, turns


class Waiting:
    """A wait under way."""

    def __init__(self, until: float | None) -> None:
        self.clock = ManualClock()
        self.events: list[ConnectionEvent] = []
        self.watch = LoopWatch(self.clock, self.events.append)
        self.woken = asyncio.Event()
        self.task = asyncio.create_task(self.watch.wait(self.woken, until))

    async def advance(self, *steps: float) -> None:
        await turns(5)
        for step in steps:
            self.clock.advance(step)
            await turns(5)


async def test_wait_ends_at_its_time() -> None:
    waiting = Waiting(until=1.1)
    await waiting.advance(0.25, 0.25, 0.25, 0.25)
    assert not waiting.task.done()
    await waiting.advance(0.1)
    assert await waiting.task is False
    assert waiting.events == []


async def test_wait_ends_with_its_event() -> None:
    waiting = Waiting(until=None)
    await waiting.advance(0.25, 0.25)
    waiting.woken.set()
    assert await waiting.task is False


async def test_time_that_is_past_is_no_delay() -> None:
    waiting = Waiting(until=-100.0)
    assert await waiting.task is False
    assert waiting.events == []


async def test_delay_of_a_busy_machine_is_no_matter() -> None:
    waiting = Waiting(until=60)
    await waiting.advance(1.2)
    assert not waiting.task.done()
    waiting.task.cancel()
    assert waiting.events == []


async def test_blocked_loop_is_told_with_how_long(caplog: pytest.LogCaptureFixture) -> None:
    waiting = Waiting(until=60)
    await waiting.advance(0.25, 5.25)
    assert await waiting.task is True
    (event,) = waiting.events
    assert (event.kind, event.channel, event.symbol) == ("stale", None, None)
    assert event.duration_seconds == 5.0
    assert "this program's event loop was blocked for 5.0 s" in event.cause
    assert "blocked for 5.0 s" in caplog.text


async def test_connections_that_wake_from_one_delay_tell_it_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting = Waiting(until=60)
    other = asyncio.create_task(waiting.watch.wait(asyncio.Event(), None))
    await waiting.advance(5)
    assert (await waiting.task, await other) == (True, True)
    assert len(waiting.events) == 1
    again = asyncio.create_task(waiting.watch.wait(asyncio.Event(), None))
    await waiting.advance(5)
    assert await again is True
    assert len(waiting.events) == 2
    assert caplog.text.count("blocked for") == 1


async def test_blocked_program_keeps_its_line_and_reads_what_waited() -> None:
    async with open_desk() as desk:
        events = desk.client.events()
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        for number in range(60):
            desk.venue.line.say(ticker(last=number))
            await desk.pass_time(1)
        await lasts(stream, 60)
        desk.venue.line.say(ticker(last=60))
        desk.clock.advance(300)
        await filled(stream)
        assert await lasts(stream, 1) == [60]
        await desk.pass_time(5)
        assert len(desk.venue.lines) == 1
        assert len(desk.venue.subscribed()) == 1
        (blocked,) = await read(events, 1)
        assert (blocked.kind, events.pending) == ("stale", 0)
        assert blocked.duration_seconds == pytest.approx(300, abs=1)
