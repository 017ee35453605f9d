"""One attempt at a fault, from its loop to its outcome, whatever happens in it."""

from __future__ import annotations

import traceback
from collections import deque

from tests.faults.terms import Fault, Outcome
from tests.faults.trial import Trial
from tests.simulate.log_watch import watched_log
from tests.simulate.loop import SimulatedLoop, run


def attempt(
    name: str,
    fault: Fault,
    seed: int,
    *,
    keeps_trace: bool = False,
    kind: type[Trial] = Trial,
    venue: str = "",
) -> Outcome:
    """Run a fault once.

    Args:
        name: Which fault.
        fault: What it is.
        seed: Decides everything else.
        keeps_trace: Keep the whole trace, not only its end.
        kind: Where it happens; WEEX, if not said otherwise.
        venue: What the command line says of that.
    """
    outcome = Outcome(seed, fault=name, options=f" --venue {venue}" if venue else "")
    if keeps_trace:
        outcome.trace = deque()

    async def main(loop: SimulatedLoop) -> None:
        trial = kind(loop, outcome, fault)
        loop.set_exception_handler(
            lambda _, context: trial.complain(f"unhandled: {context.get('message')} {context}")
        )
        with watched_log(trial):
            await trial.play()

    try:
        run(f"{name}/{seed}", main)
    except Exception as exc:  # noqa: BLE001  # the other runs shall be made
        outcome.trace.extend(traceback.format_exception(exc))
        outcome.violations.append(f"the run ended with {exc!r}")
    return outcome
