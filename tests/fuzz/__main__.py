"""``python -m tests.fuzz``: bad frames into every venue's sessions."""

from __future__ import annotations

import argparse
import time

from tests.fuzz.campaign import run_campaign


def main() -> None:
    """Run what the command line asks for; an assertion ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000, help="how many, all venues together")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun, total = time.perf_counter(), 0
    for label, count, growth in run_campaign(asked.seed, asked.frames):
        total += count
        print(f"{label}: {count} frames, {growth:,} bytes more in the second half", flush=True)
    print(f"{total} frames in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
