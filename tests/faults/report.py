"""Turn runs into the table of the documentation. What is done and how it is judged is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tests.bench.report import Table
from tests.faults.terms import Outcome

START_MARK = ".. the table below is written by: python -m tests.faults --write"
END_MARK = ".. end of the written table"

HEADER = (
    "fault",
    "runs",
    "violations",
    "noticed",
    "noticed after, p50 s",
    "p99 s",
    "right again after, p50 s",
    "p99 s",
)

_NONE = "n/a"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _spans(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return _NONE, _NONE
    return f"{quantile(values, 0.5):.2f}", f"{quantile(values, 0.99):.2f}"


def row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return the cells of one fault."""
    detected = [run.detected_seconds for run in outcomes if run.detected_seconds is not None]
    recovered = [run.recovered_seconds for run in outcomes if run.recovered_seconds is not None]
    return (
        name,
        str(len(outcomes)),
        str(sum(len(run.violations) for run in outcomes)),
        str(len(detected)),
        *_spans(detected),
        *_spans(recovered),
    )


def table(runs: Mapping[str, Sequence[Outcome]]) -> Table:
    """Return the table, one row per fault."""
    rows = [row(name, outcomes) for name, outcomes in runs.items()]
    return Table("Each fault at random moments", HEADER, rows)


def rewritten(page: str, runs: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the page with its table replaced.

    Raises:
        ValueError: If the page lacks the two marks.
    """
    before, mark, rest = page.partition(START_MARK)
    _, end, after = rest.partition(END_MARK)
    if not mark or not end:
        raise ValueError(f"the page has no {START_MARK!r} and {END_MARK!r}")
    return f"{before}{START_MARK}\n\n{table(runs).as_rst()}\n{END_MARK}{after}"
