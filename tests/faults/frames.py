"""Trouble with single frames, with snapshots and with the answers to requests."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from tests.faults.lines import STEP_SECONDS, cut
from tests.faults.terms import Trouble
from tests.faults.trial import Trial
from weex_client.sandbox.fault_log import FaultKind

# Every kind of stream but books, as the venue spells them.
UNNUMBERED = ("ticker", "trade", "bookTicker", "kline_1m_LAST_PRICE", "kline_1m")
BOOKS = ("depth15", "depth200")


async def hurt(trial: Trial, kind: FaultKind, kinds: tuple[str, ...], **options: Any) -> Trouble:
    """Do something to the next frames of one stream, and wait until one was hit."""
    faults = trial.exchange.faults
    stream = trial.random.choice(trial.live_streams(*kinds))
    getattr(faults, kind.value)(stream=stream, **options)
    await trial.expect(lambda: bool(faults.log.of(kind)), f"a {kind} of {stream}")
    # The exchange looks at its clock after it has spoken.
    at = trial.log_time(kind, 0) + STEP_SECONDS
    return Trouble(at, at, (stream,))


async def cross(trial: Trial) -> Trouble:
    """Change one digit of a book change so that bids and asks cross."""
    symbol = trial.random.choice(trial.symbols)
    side, others = trial.random.choice((("a", "b"), ("b", "a")))
    at: list[float] = []

    def changed(frame: bytes) -> list[bytes]:
        if at or not frame.startswith(b'{"e":"depth","'):
            return [frame]
        fields = json.loads(frame)
        places = [place for place, level in enumerate(fields[side]) if float(level[1])]
        if fields["s"] != symbol or fields["l"] != 15 or not places or fields[others]:
            return [frame]
        level = fields[side][places[0]]
        # An ask of next to nothing, or a bid of many times the price.
        price = level[0]
        level[0] = re.sub("[1-9]", "0", price, count=1) if side == "a" else f"9{price}"
        at.append(trial.now())
        trial.tampered += 1
        return [json.dumps(fields, separators=(",", ":")).encode()]

    trial.tamper = changed
    await trial.expect(lambda: bool(at), f"a change of the book of {symbol}")
    return Trouble(at[0], at[0], (f"{symbol}@depth15",))


async def stall(trial: Trial) -> Trouble:
    """Say nothing on one stream for a while."""
    stream = trial.random.choice(trial.live_streams())
    seconds = trial.random.uniform(40.0, 120.0)
    trouble = Trouble(trial.now(), trial.now() + seconds, (stream,))
    trial.exchange.faults.stall(stream=stream, seconds=seconds)
    await asyncio.sleep(seconds + STEP_SECONDS)
    trouble.ended = trial.now()
    return trouble


async def stale_snapshot(trial: Trial) -> Trouble:
    """Make a client ask for a book, and answer with that of a few changes ago."""
    faults = trial.exchange.faults
    stream = trial.random.choice(trial.live_streams(*BOOKS))
    faults.stale_snapshot(stream=stream)
    faults.skip(stream=stream)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.STALE_SNAPSHOT] > 0, "a stale snapshot")
    at = trial.log_time(FaultKind.STALE_SNAPSHOT)
    return Trouble(at, at, (stream,))


# Answers.


async def refuse(trial: Trial) -> Trouble:
    """Refuse what a client asks for on its next connection."""
    faults = trial.exchange.faults
    count = trial.random.randint(1, 2)
    faults.refuse(count)
    trouble = await cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.REFUSE] == count, "a refusal")
    trouble.ended = trial.now()
    return trouble


async def delay_acks(trial: Trial) -> Trouble:
    """Answer late what a client asks for on its next connection."""
    faults = trial.exchange.faults
    faults.delay_acks(trial.random.uniform(1.0, 40.0), count=trial.random.randint(1, 3))
    trouble = await cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.DELAY_ACKS] > 0, "a late answer")
    return trouble
