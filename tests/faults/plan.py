"""The rows of the table: what is done to a client, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tests.faults.trial import Fault, Trial, Trouble
from weex_client import OverflowPolicy
from weex_client.sandbox.fault_log import FaultKind
from weex_client.simulation import STEP_NS

_STEP_SECONDS = STEP_NS / 1e9

# Every kind of stream but books, as the venue spells them.
_UNNUMBERED = ("ticker", "trade", "bookTicker", "kline_1m_LAST_PRICE")
_BOOKS = ("depth15", "depth200")

# RFC 6455, 7.4, and what lies beyond it.
CLOSE_CODES = {
    "going away": (1000, 1001),
    "without a code": (1005, 1006, 1015),
    "the client is to blame": (1002, 1003, 1007, 1008, 1009, 1010),
    "the exchange is": (1011, 1012, 1013, 1014),
    "a code of its own": (3000, 3999, 4000, 4999),
    "a code that nobody may send": (0, 999, 1004, 1016, 2999, 5000, 65535),
}


def _at_once(trial: Trial) -> Trouble:
    now = trial.now()
    return Trouble(now, now)


# Lines.


async def _cut(trial: Trial, *, mid_frame: bool = False) -> Trouble:
    trouble = _at_once(trial)
    await trial.exchange.faults.cut(mid_frame=mid_frame)
    return trouble


async def _close(trial: Trial, codes: tuple[int, ...]) -> Trouble:
    trouble = _at_once(trial)
    reason = trial.random.choice(("", "going away"))
    await trial.exchange.faults.close(trial.random.choice(codes), reason)
    return trouble


async def _half_open(trial: Trial, *, answer_pings: bool) -> Trouble:
    """Leave the line open for good; a new one is healthy."""
    trouble = _at_once(trial)
    trial.exchange.faults.half_open(answer_pings=answer_pings)
    return trouble


async def _silence(trial: Trial) -> Trouble:
    """Let nothing arrive at either end of any line there is, and tell nobody."""
    for end in trial.network.client_ends:
        end.freeze()
        end.peer.freeze()
    return _at_once(trial)


async def _drip(trial: Trial) -> Trouble:
    trouble = _at_once(trial)
    seconds = trial.random.uniform(10.0, 60.0)
    lines = [each for each in trial.exchange.connections if not each.is_cut]
    trial.exchange.faults.drip(trial.random.choice((20.0, 200.0, 1000.0)), seconds)
    # It is over as well when all of those lines were given up.
    await trial.until(
        lambda: not set(lines) & set(trial.exchange.connections), seconds + _STEP_SECONDS
    )
    trouble.ended = trial.now()
    return trouble


async def _huge_frame(trial: Trial) -> Trouble:
    trouble = _at_once(trial)
    trial.exchange.faults.huge_frame(17 * 2**20)
    return trouble


async def _large_frame(trial: Trial) -> Trouble:
    """Send a large frame that nobody knows, but no larger than is allowed."""
    trouble = _at_once(trial)
    trial.exchange.faults.huge_frame(trial.random.choice((2, 1000, 10**6, 15 * 2**20)) + 15)
    return trouble


# Dials.


async def _refuse_dials(trial: Trial, status: int) -> Trouble:
    faults, random = trial.exchange.faults, trial.random
    wait = random.choice((None, 1, 20)) if status in (429, 503) else None
    count = random.randint(1, 4)
    faults.handshake(status, retry_after=wait, count=count)
    trouble = await _cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.HANDSHAKE] == count, "a refused dial")
    trouble.ended = trial.now() + (wait or 0.0)
    return trouble


async def _delay_dial(trial: Trial) -> Trouble:
    faults = trial.exchange.faults
    seconds = trial.random.uniform(1.0, 25.0)
    faults.slow_handshake(seconds)
    trouble = await _cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.SLOW_HANDSHAKE] == 1, "a slow dial")
    return trouble


async def _swallow_dials(trial: Trial) -> Trouble:
    trial.network.weather.is_swallowing = True
    trouble = await _cut(trial)
    await asyncio.sleep(trial.random.uniform(1.0, 30.0))
    trial.network.weather.is_swallowing = False
    trouble.ended = trial.now()
    return trouble


async def _accept_and_close(trial: Trial) -> Trouble:
    """Take each new line, and close it before anything was said over it."""
    trouble, exchange = await _cut(trial), trial.exchange
    how: Callable[[], Awaitable[Any]] = partial(exchange.faults.close, 1013)
    if trial.random.random() < 0.5:
        how = exchange.faults.cut
    for _ in range(trial.random.randint(1, 5)):
        await trial.expect(
            lambda: any(not each.is_cut for each in exchange.connections), "a new connection"
        )
        await how()
        trouble.ended = trial.now()
    return trouble


# Frames.


async def _hurt(trial: Trial, kind: FaultKind, kinds: tuple[str, ...], **options: Any) -> Trouble:
    """Do something to the next frames of one stream, and wait until one was hit."""
    faults = trial.exchange.faults
    stream = trial.random.choice(trial.live_streams(*kinds))
    getattr(faults, kind.value)(stream=stream, **options)
    await trial.expect(lambda: bool(faults.log.of(kind)), f"a {kind} of {stream}")
    # The exchange looks at its clock after it has spoken.
    at = trial.log_time(kind, 0) + _STEP_SECONDS
    return Trouble(at, at, (stream,))


async def _stall(trial: Trial) -> Trouble:
    stream = trial.random.choice(trial.live_streams())
    seconds = trial.random.uniform(40.0, 120.0)
    trouble = Trouble(trial.now(), trial.now() + seconds, (stream,))
    trial.exchange.faults.stall(stream=stream, seconds=seconds)
    await asyncio.sleep(seconds + _STEP_SECONDS)
    trouble.ended = trial.now()
    return trouble


async def _stale_snapshot(trial: Trial) -> Trouble:
    """Make a client ask for a book, and answer with that of a few changes ago."""
    faults = trial.exchange.faults
    stream = trial.random.choice(trial.live_streams(*_BOOKS))
    faults.stale_snapshot(stream=stream)
    faults.skip(stream=stream)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.STALE_SNAPSHOT] > 0, "a stale snapshot")
    at = trial.log_time(FaultKind.STALE_SNAPSHOT)
    return Trouble(at, at, (stream,))


# Answers.


async def _refuse(trial: Trial) -> Trouble:
    """Refuse what a client asks for on its next connection."""
    faults = trial.exchange.faults
    count = trial.random.randint(1, 2)
    faults.refuse(count)
    trouble = await _cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.REFUSE] == count, "a refusal")
    trouble.ended = trial.now()
    return trouble


async def _delay_acks(trial: Trial) -> Trouble:
    faults = trial.exchange.faults
    seconds = trial.random.uniform(1.0, 40.0)
    faults.delay_acks(seconds, count=trial.random.randint(1, 3))
    trouble = await _cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.DELAY_ACKS] > 0, "a late answer")
    return trouble


# The program.


async def _fall_asleep(trial: Trial) -> Trouble:
    """Let one reader read nothing for a while."""
    seconds = trial.random.uniform(20.0, 90.0)
    sleeper, begun = trial.sleeper, trial.now()
    sleeper.sleeps_until = trial.loop.time() + seconds
    await asyncio.sleep(seconds)
    hit = tuple(f"{symbol}@{sleeper.wire}" for symbol in sleeper.symbols)
    return Trouble(begun, trial.now(), hit)


async def _block(trial: Trial) -> Trouble:
    """Compute for so long that nothing else runs."""
    begun = trial.now()
    trial.loop.block(trial.random.uniform(1.5, 45.0))
    return Trouble(begun, trial.now())


def _frame(kind: FaultKind, kinds: tuple[str, ...], **options: Any) -> Any:
    return partial(_hurt, kind=kind, kinds=kinds, **options)


FAULTS: dict[str, Fault] = {
    "line cut": Fault(_cut),
    "line cut in the middle of a frame": Fault(partial(_cut, mid_frame=True)),
    **{
        f"closed: {name} ({', '.join(map(str, codes))})": Fault(partial(_close, codes=codes))
        for name, codes in CLOSE_CODES.items()
    },
    "half-open, mute": Fault(partial(_half_open, answer_pings=False)),
    "half-open, answers pings": Fault(partial(_half_open, answer_pings=True)),
    "silence of the whole line": Fault(_silence),
    "slow drip": Fault(_drip, must_be_told=False),
    "frame of 17 MB": Fault(_huge_frame),
    "frame of up to 15 MB": Fault(_large_frame, must_be_told=False),
    "dial answered late": Fault(_delay_dial),
    "dial answered with 401": Fault(partial(_refuse_dials, status=401)),
    "dial answered with 403": Fault(partial(_refuse_dials, status=403)),
    "dial answered with 429": Fault(partial(_refuse_dials, status=429)),
    "dial answered with 502": Fault(partial(_refuse_dials, status=502)),
    "dial never answered": Fault(_swallow_dials),
    "accepted and closed": Fault(_accept_and_close),
    "subscription refused": Fault(_refuse),
    "answers delayed": Fault(_delay_acks),
    "one channel stalled": Fault(_stall, must_be_told=False),
    "book change skipped": Fault(_frame(FaultKind.SKIP, _BOOKS)),
    "other frame skipped": Fault(_frame(FaultKind.SKIP, _UNNUMBERED), must_be_told=False),
    "book change repeated": Fault(_frame(FaultKind.REPEAT, _BOOKS), must_be_told=False),
    "other frame repeated": Fault(_frame(FaultKind.REPEAT, _UNNUMBERED), must_be_told=False),
    "book changes in wrong order": Fault(_frame(FaultKind.REORDER, _BOOKS)),
    "other frames in wrong order": Fault(
        _frame(FaultKind.REORDER, _UNNUMBERED), must_be_told=False
    ),
    **{
        f"{what} {damage.replace('_', ' ')}": Fault(
            _frame(FaultKind.CORRUPT, kinds, damage=damage),
            must_be_told=kinds is _BOOKS,
        )
        for what, kinds in (("book change", _BOOKS), ("other frame", _UNNUMBERED))
        for damage in ("garbled", "truncated", "not_a_number", "not_utf8")
    },
    "stale snapshot": Fault(_stale_snapshot),
    "slow reader, drop_oldest": Fault(_fall_asleep, overflow=OverflowPolicy.DROP_OLDEST),
    "slow reader, conflate": Fault(_fall_asleep, overflow=OverflowPolicy.CONFLATE),
    "slow reader, raise": Fault(_fall_asleep, overflow=OverflowPolicy.RAISE),
    "slow reader, block": Fault(_fall_asleep, must_be_told=False, overflow=OverflowPolicy.BLOCK),
    "event loop blocked": Fault(_block),
}
