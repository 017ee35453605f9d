"""The clock that a test turns, and the machine's."""

from __future__ import annotations

import asyncio

from weex_client.clock import ManualClock, SystemClock


async def turn() -> None:
    """Let every task run as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_manual_clock_stands_still_until_it_is_turned() -> None:
    clock = ManualClock(start_ns=5)
    assert (clock.monotonic(), clock.time_ns()) == (0.0, 5)
    clock.advance(1.5)
    assert (clock.monotonic(), clock.time_ns()) == (1.5, 1_500_000_005)


async def test_waiting_ends_when_the_time_has_come() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 2.0))
    await turn()
    clock.advance(1.9)
    await turn()
    assert not waiting.done()
    clock.advance(0.1)
    assert await waiting is False


async def test_waiting_ends_when_the_event_is_set() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 2.0))
    await turn()
    event.set()
    assert await waiting is True
    clock.advance(10)


async def test_event_that_comes_with_the_time_wins() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 2.0))
    await turn()
    clock.advance(2)
    clock.advance(2)
    event.set()
    assert await waiting is True


async def test_waiting_for_a_time_that_is_over_gives_others_a_turn() -> None:
    clock, event = ManualClock(), asyncio.Event()
    assert await clock.wait(event, 0.0) is False
    asyncio.get_running_loop().call_soon(event.set)
    assert await clock.wait(event, -1.0) is True


async def test_waiting_without_a_time_is_for_the_event_alone() -> None:
    for clock in (ManualClock(), SystemClock()):
        event = asyncio.Event()
        waiting = asyncio.create_task(clock.wait(event, None))
        await turn()
        assert not waiting.done()
        event.set()
        assert await waiting is True


async def test_waiting_that_is_cancelled_leaves_nothing_behind() -> None:
    clock, event = ManualClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 2.0))
    await turn()
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert waiting.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    clock.advance(5)


async def test_system_clock_waits_until_a_time_or_an_event() -> None:
    clock, event = SystemClock(), asyncio.Event()
    assert await clock.wait(event, clock.monotonic() - 1) is False
    event.set()
    assert await clock.wait(event, clock.monotonic() + 60) is True
    assert clock.time_ns() > 1_700_000_000_000_000_000
