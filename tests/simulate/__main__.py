"""``python -m tests.simulate``: run seeds, and say how to repeat those that fail."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulate.account import AccountWorld
from tests.simulate.world import World, simulate


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed only")
    parser.add_argument("--seeds", type=int, default=500, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seconds", type=float, default=600.0, help="simulated seconds of each")
    parser.add_argument("--account", action="store_true", help="an account and its orders")
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds) if asked.seed is None else [asked.seed]
    kind = AccountWorld if asked.account else World
    begun, failed, counts = time.perf_counter(), [], Counter[str]()
    for seed in seeds:
        report = simulate(seed, seconds=asked.seconds, keeps_trace=asked.trace, kind=kind)
        counts.update(report.counts)
        if asked.trace or (report.violations and asked.seed is not None):
            print("\n".join(report.trace))
        if report.violations:
            failed.append(seed)
            print(report, flush=True)
        elif asked.seed is not None:
            print(f"seed {seed}: digest {report.digest}")
    spent = time.perf_counter() - begun
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"{len(seeds)} seeds of {asked.seconds:g} simulated seconds in {spent:.0f} s")
    print(f"{len(seeds) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
