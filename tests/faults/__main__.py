"""``python -m tests.faults``: every fault many times, as a table, which ``--write`` publishes."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.faults.plan import FAULTS
from tests.faults.report import rewritten, table
from tests.faults.terms import Outcome
from tests.faults.trial import attempt

PAGE = Path(__file__).parents[2] / "docs" / "reliability.rst"
RUNS = 30


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this one")
    parser.add_argument("--seed", type=int, help="run this seed only")
    parser.add_argument("--runs", type=int, default=RUNS, help="seeds of each fault")
    parser.add_argument("--jobs", type=int, help="how many at a time; else one per processor")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    parser.add_argument("--write", action="store_true", help=f"refresh {PAGE.name} in docs")
    asked = parser.parse_args()
    if asked.write and (asked.fault or asked.seed is not None or asked.runs < RUNS):
        parser.error(f"--write needs all faults and {RUNS} runs of each")
    return asked


def one(job: tuple[str, int, bool]) -> Outcome:
    """Run one job of the pool."""
    name, seed, keeps_trace = job
    return attempt(name, FAULTS[name], seed, keeps_trace=keeps_trace)


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    asked, begun = arguments(), time.perf_counter()
    seeds = range(asked.runs) if asked.seed is None else [asked.seed]
    runs: dict[str, list[Outcome]] = {name: [] for name in asked.fault or FAULTS}
    jobs = [(name, seed, asked.trace) for name in runs for seed in seeds]
    with ProcessPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(one, jobs, chunksize=min(RUNS, max(1, len(jobs) // 8))):
            runs[outcome.fault].append(outcome)
            if asked.trace:
                print("\n".join(outcome.trace))
            if outcome.violations:
                print(outcome, flush=True)
    print(table(runs).as_text())
    failed = sum(bool(run.violations) for outcomes in runs.values() for run in outcomes)
    total = sum(map(len, runs.values()))
    print(f"{total} runs, {failed} with violations, {time.perf_counter() - begun:.0f} s")
    if asked.write and not failed:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), runs), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
