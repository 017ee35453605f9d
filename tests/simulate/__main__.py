"""``python -m tests.simulate``: run seeds, and say how to repeat those that fail."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.simulate.account import AccountWorld
from tests.simulate.venue_world import world_of
from tests.simulate.world import Report, World, simulate
from weex_client.websocket import VENUES

# Of each venue where nobody says: the first is played as ever, the others along with it.
SEEDS, OTHER_SEEDS = 500, 60


def kinds(asked: argparse.Namespace) -> list[type[World]]:
    """Return what is played."""
    if asked.account:
        return [AccountWorld]
    return [world_of(name) for name in (VENUES if asked.venue == "all" else (asked.venue,))]


def seeds(asked: argparse.Namespace, kind: type[World]) -> Sequence[int]:
    """Return which seeds of it."""
    if asked.seed is not None:
        return [asked.seed]
    count = asked.seeds
    if count is None:
        count = SEEDS if kind in (World, AccountWorld) else OTHER_SEEDS
    return range(asked.first, asked.first + count)


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed only")
    parser.add_argument("--venue", choices=(*VENUES, "all"), default="weex", help="which is played")
    parser.add_argument("--seeds", type=int, help="how many seeds of each venue to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seconds", type=float, default=600.0, help="simulated seconds of each")
    parser.add_argument("--account", action="store_true", help="an account and its orders")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    asked = parser.parse_args()
    if asked.account and asked.venue != "weex":
        parser.error("accounts of other venues trade in every run of theirs")
    begun, failed, counts = time.perf_counter(), list[Report](), Counter[str]()
    runs = [(kind, seed) for kind in kinds(asked) for seed in seeds(asked, kind)]
    for kind, seed in runs:
        report = simulate(seed, seconds=asked.seconds, keeps_trace=asked.trace, kind=kind)
        counts.update(report.counts)
        if asked.trace or (report.violations and asked.seed is not None):
            print("\n".join(report.trace))
        if report.violations:
            failed.append(report)
            print(report, flush=True)
        elif asked.seed is not None:
            print(f"seed {seed}: digest {report.digest}")
    spent = time.perf_counter() - begun
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"{len(runs)} seeds of {asked.seconds:g} simulated seconds in {spent:.0f} s")
    print(f"{len(runs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
