"""Each fault once, and whether the checks would notice a client that is wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.faults import frames, lines
from tests.faults.attempt import attempt
from tests.faults.plan import FAULTS
from tests.faults.report import END_MARK, START_MARK, rewritten
from tests.faults.terms import Fault, Outcome, Told, Trouble
from tests.faults.trial import Trial
from tests.faults.venue_trial import faults_of, trial_of
from tests.simulate.world import CANARY
from weex_client.websocket import VENUES


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_wrong_after(name: str) -> None:
    outcome = attempt(name, FAULTS[name], seed=0)
    assert not outcome.violations, str(outcome)
    assert outcome.recovered_seconds is not None


# One of each way in which a line, a dial or a frame can fail; ``--venue others`` does all of them.
@pytest.mark.parametrize(
    "fault", ["line cut", "half-open, answers pings", "dial answered with 502", "frame repeated"]
)
@pytest.mark.parametrize("venue", [each for each in VENUES if each != "weex"])
def test_nothing_is_wrong_after_at_any_venue(venue: str, fault: str) -> None:
    outcome = attempt(fault, faults_of(venue)[fault], 0, kind=trial_of(venue), venue=venue)
    assert not outcome.violations, str(outcome)
    assert outcome.recovered_seconds is not None


def test_one_seed_is_one_run() -> None:
    digests = [attempt("line cut", FAULTS["line cut"], seed).digest for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]


# Violations that are planted: the line changes what comes, and the client cannot know.


def tampering(kind: bytes, change: Callable[[bytes], list[bytes]]) -> Fault:
    """Return a fault that changes frames of a kind for ten seconds."""

    async def act(trial: Trial) -> Trouble:
        trial.tamper = lambda frame: change(frame) if frame.startswith(kind) else [frame]
        await asyncio.sleep(10.0)
        trial.tamper = lambda frame: [frame]
        return lines.at_once(trial)

    return Fault(act, Told.MAYBE)


def other_size(frame: bytes) -> list[bytes]:
    head, mark, tail = frame.rpartition(b'"]')
    return [head + b"1" + mark + tail]


def doing(deed: Callable[[], object]) -> Callable[[Trial], Awaitable[Trouble]]:
    async def act(trial: Trial) -> Trouble:
        deed()
        return lines.at_once(trial)

    return act


def log_a_secret() -> None:
    logging.getLogger("weex_client").debug("dialling with %s", CANARY)


_LEFT: list[object] = []


def leave_a_task() -> None:
    _LEFT.append(asyncio.ensure_future(asyncio.Event().wait()))


async def stall_for_good(trial: Trial) -> Trouble:
    stream = trial.live_streams("ticker")[0]
    trial.exchange.faults.stall(stream=stream)
    trouble = lines.at_once(trial)
    trouble.streams = (stream,)
    return trouble


PLANTED = {
    "lost trades": (tampering(b'{"e":"trade"', lambda frame: []), "are missing"),
    "a wrong size in a book": (tampering(b'{"e":"depth"', other_size), "a wrong book"),
    "silence about a loss": (Fault(doing(bool)), "nobody was told"),
    "a false alarm": (Fault(lines.cut, Told.NEVER), "a false alarm"),
    "a secret in the log": (Fault(doing(log_a_secret), Told.MAYBE), "a secret is in the log"),
    "a task that is left": (Fault(doing(leave_a_task), Told.MAYBE), "tasks are left"),
    "a stream that stays dead": (Fault(stall_for_good, limit_seconds=5.0), "not recovered"),
    "a stream that ended": (Fault(lines.distrust, limit_seconds=5.0), "ended with"),
    "a fault that fails": (Fault(partial(frames.hurt, kind=None, kinds=())), "the run ended with"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_violation_is_found(name: str) -> None:
    fault, words = PLANTED[name]
    outcome = attempt(name, fault, seed=0)
    assert any(words in text for text in outcome.violations), str(outcome)


def test_table_is_put_between_its_marks() -> None:
    outcomes = [
        Outcome(0, fault="cut", detected_seconds=0.5, recovered_seconds=seconds / 10)
        for seconds in range(30)
    ]
    outcomes[0].detected_seconds = None
    page = rewritten(f"before\n{START_MARK}\nold\n{END_MARK}\nafter", {"cut": outcomes})
    cells = ["cut", "30", "0", "29", "0.50", "0.50", "1.40", "2.90"]
    assert "".join(f"- {cell}\n     " for cell in cells).rstrip() in page
    assert "old" not in page
    assert page.startswith("before\n")
    assert page.endswith("after")
    with pytest.raises(ValueError, match="the page has no"):
        rewritten("", {})
