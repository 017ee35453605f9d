"""Turn runs into the table of the documentation. What is done and how it is judged is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tests.bench.report import Table
from tests.faults.terms import Outcome

START_MARK = ".. the table below is written by: python -m tests.faults --write"
END_MARK = ".. end of the written table"
OTHERS_MARK = ".. the table below is written by: python -m tests.faults --venue others --write"
END_OTHERS_MARK = ".. end of the other venues' table"

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


def venues_table(runs: Mapping[str, Mapping[str, Sequence[Outcome]]]) -> Table:
    """Return one table of several venues, one row per fault."""
    faults = dict.fromkeys(name for rows in runs.values() for name in rows)
    header = ["fault", "runs at each"]
    for venue in runs:
        header += [f"{venue}: violations", "noticed", "right again after, p50 s"]
    cells: list[tuple[str, ...]] = []
    for fault in faults:
        count = max(len(rows.get(fault, ())) for rows in runs.values())
        cells.append((fault, str(count)))
        for rows in runs.values():
            if fault in rows:
                _, _, violations, noticed, _, _, recovered, _ = row(fault, rows[fault])
                cells[-1] += (violations, noticed, recovered)
            else:
                cells[-1] += (_NONE, _NONE, _NONE)
    return Table("The same at the other venues", tuple(header), cells)


def rewritten_others(page: str, runs: Mapping[str, Mapping[str, Sequence[Outcome]]]) -> str:
    """Return the page with the table of the other venues replaced.

    Raises:
        ValueError: If the page lacks the two marks.
    """
    return _between(page, OTHERS_MARK, END_OTHERS_MARK, venues_table(runs))


def rewritten(page: str, runs: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the page with its table replaced.

    Raises:
        ValueError: If the page lacks the two marks.
    """
    return _between(page, START_MARK, END_MARK, table(runs))


def _between(page: str, start: str, stop: str, content: Table) -> str:
    before, mark, rest = page.partition(start)
    _, end, after = rest.partition(stop)
    if not mark or not end:
        raise ValueError(f"the page has no {start!r} and {stop!r}")
    return f"{before}{start}\n\n{content.as_rst()}\n{stop}{after}"
