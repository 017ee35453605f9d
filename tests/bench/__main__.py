"""Run the benchmark: ``python -m tests.bench [--only mixed] [--runs 5] [--quick] [--write]``."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .machine import describe
from .measure import ROOT, Result, RunFailedError, measure
from .plan import FRAMES, groups
from .report import disturbance, rewritten, tables, verdicts

PAGE = ROOT / "docs" / "benchmark.rst"
RUNS = 5


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(groups()), help="measure these groups")
    parser.add_argument("--runs", type=int, default=RUNS, help="rounds; the table gives medians")
    parser.add_argument("--frames", type=int, default=FRAMES, help="frames of a run")
    parser.add_argument("--quick", action="store_true", help="a smoke test: few frames, one round")
    parser.add_argument("--write", action="store_true", help=f"refresh {PAGE.name} in docs")
    options = parser.parse_args()
    if options.write and (options.only or options.quick):
        parser.error("--write needs a whole run: leave out --only and --quick")
    return options


def main() -> int:
    """Measure, print, and say by the exit status whether everything required was met.

    Returns:
        Zero if nothing was lost and, in a run that is not ``--quick``, every figure was reached.
    """
    options = arguments()
    runs = 1 if options.quick else options.runs
    chosen = groups(quick=options.quick, frames=options.frames)
    results: list[Result] = []
    for name in options.only or chosen:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            with TemporaryDirectory() as folder:
                results += measure(chosen[name], runs, Path(folder))
        except RunFailedError as error:
            print(error, file=sys.stderr)
            return 1
    machine = f"{describe()}; medians of {runs} rounds"
    print(f"{machine}\n")
    print("\n".join(table.as_text() for table in tables(results)))
    if not options.quick and (warning := disturbance(results)):
        print(warning)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(rewritten(page, results, machine), encoding="utf-8")
    if options.quick:
        return 0 if all(result.is_complete for result in results) else 1
    return 0 if all(verdict.is_met for verdict in verdicts(results)) else 1


if __name__ == "__main__":
    sys.exit(main())
