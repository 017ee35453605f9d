"""Trouble that a user's own program, or machine, makes."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.faults.lines import at_once
from tests.faults.terms import Leave, Trouble
from tests.faults.trial import Trial
from tests.simulate.witness import Witness
from weex_client import OverflowPolicy, Subscription

_MANY = 10_000


async def fall_asleep(trial: Trial) -> Trouble:
    """Let one reader read nothing for a while, and until its queue ran over if it can."""
    sleeper, begun = trial.sleeper, trial.now()
    sleeper.awake.clear()
    await asyncio.sleep(trial.random.uniform(20.0, 90.0))
    if trial.fault.overflow is not OverflowPolicy.BLOCK:
        await trial.until(lambda: trial.has_been_told("slow_consumer"), 300.0)
    sleeper.awake.set()
    return Trouble(begun, trial.now(), sleeper.names)


async def block(trial: Trial) -> Trouble:
    """Compute for so long that nothing else runs."""
    begun = trial.now()
    trial.loop.block(trial.random.uniform(1.5, 45.0))
    return Trouble(begun, trial.now())


async def leave(trial: Trial, how: Leave) -> Trouble:
    """Let one reader leave its stream in the middle; the program then opens another."""
    watched = trial.random.choice(trial.watched)
    await trial.expect(lambda: watched.reader is not None, "a reader")
    opened = watched.opened
    watched.leaves = how
    if how is Leave.CANCELLED and watched.reader is not None:
        watched.reader.cancel()
    await trial.expect(lambda: watched.leaves is None, "the end of a reader")
    trouble = at_once(trial)
    trouble.streams = watched.names
    await trial.expect(lambda: watched.opened > opened, "another reader")
    return trouble


async def set_clock(trial: Trial, hours: int) -> Trouble:
    """Set the machine's wall clock, as people and time services do."""
    trial.record.is_clock_set = True
    trial.loop.wall_jump_ns += hours * 3_600_000_000_000
    return at_once(trial)


async def subscribe_much(trial: Trial) -> Trouble:
    """Open ten thousand streams at once, read none of them, and leave them in both ways."""
    trouble = at_once(trial)
    streams: list[tuple[Subscription[Any], Witness]] = []
    for number in range(_MANY):
        watched = trial.watched[number % len(trial.watched)]
        stream = trial.open(watched)
        if stream is None:
            trial.complain(f"{number} streams are too many")
            break
        streams.append((stream, trial.witness(watched, stream)))
        del stream
    await asyncio.sleep(trial.random.uniform(0.0, 2.0))
    for stream, witness in streams:
        trial.note_counts(stream, witness)
        witness.is_forgotten = trial.random.random() < 0.5
        if not witness.is_forgotten:
            await stream.aclose()
    streams.clear()
    del stream
    trouble.ended = trial.now()
    return trouble
