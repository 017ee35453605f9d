"""``python -m tests.faults``: every fault many times, as a table, which ``--write`` publishes."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.faults.attempt import attempt
from tests.faults.plan import FAULTS
from tests.faults.report import rewritten, rewritten_others, table
from tests.faults.terms import Outcome
from tests.faults.venue_trial import faults_of, trial_of
from weex_client.websocket import VENUES

PAGE = Path(__file__).parents[2] / "docs" / "reliability.rst"
RUNS = 30


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this one")
    parser.add_argument("--venue", choices=(*VENUES, "others"), default="weex", help="at which")
    parser.add_argument("--seed", type=int, help="run this seed only")
    parser.add_argument("--runs", type=int, default=RUNS, help="seeds of each fault")
    parser.add_argument("--jobs", type=int, help="how many at a time; else one per processor")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    parser.add_argument("--write", action="store_true", help=f"refresh {PAGE.name} in docs")
    asked = parser.parse_args()
    few = asked.runs < RUNS and asked.venue == "weex"
    if asked.write and (asked.fault or asked.seed is not None or few):
        parser.error(f"--write needs all faults and {RUNS} runs of each")
    return asked


Job = tuple[str, str, int, bool]
"""A venue, a fault of its, a seed, and whether the trace is kept."""


def one(job: Job) -> tuple[str, Outcome]:
    """Run one job of the pool; return the venue with what came of it."""
    venue, name, seed, keeps_trace = job
    fault, kind = faults_of(venue)[name], trial_of(venue)
    spelled = "" if venue == "weex" else venue
    return venue, attempt(name, fault, seed, keeps_trace=keeps_trace, kind=kind, venue=spelled)


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    asked, begun = arguments(), time.perf_counter()
    seeds = range(asked.runs) if asked.seed is None else [asked.seed]
    others = [name for name in VENUES if name != "weex"]
    venues = others if asked.venue == "others" else [asked.venue]
    wanted = asked.fault or list(FAULTS)
    runs: dict[str, dict[str, list[Outcome]]] = {
        venue: {name: [] for name in faults_of(venue) if name in wanted} for venue in venues
    }
    jobs = [
        (venue, name, seed, asked.trace)
        for venue, rows in runs.items()
        for name in rows
        for seed in seeds
    ]
    with ProcessPoolExecutor(asked.jobs) as pool:
        for venue, outcome in pool.map(one, jobs, chunksize=min(RUNS, max(1, len(jobs) // 8))):
            runs[venue][outcome.fault].append(outcome)
            if asked.trace:
                print("\n".join(outcome.trace))
            if outcome.violations:
                print(outcome, flush=True)
    for rows in runs.values():
        print(table(rows).as_text())
    outcomes = [run for rows in runs.values() for some in rows.values() for run in some]
    failed, total = sum(bool(run.violations) for run in outcomes), len(outcomes)
    print(f"{total} runs, {failed} with violations, {time.perf_counter() - begun:.0f} s")
    if asked.write and not failed:
        page = PAGE.read_text(encoding="utf-8")
        page = rewritten(page, runs["weex"]) if "weex" in runs else rewritten_others(page, runs)
        PAGE.write_text(page, encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
