"""Turn results into tables and verdicts, as plain text and as reStructuredText.

The numbers come from ``measure``; which figures are required comes from ``plan``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from .measure import Result

START_MARK = ".. the tables below are written by: python -m tests.bench --write"
END_MARK = ".. end of the written tables"


Found: TypeAlias = dict[tuple[str, str], Result]

UNDISTURBED_SHARE = 0.93


@dataclass(frozen=True, slots=True)
class Table:
    """Hold one table as text cells."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def as_text(self) -> str:
        """Align the columns with spaces: names to the left, figures to the right."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.header))]
        return "\n".join([self.title, *(_aligned(line, widths) for line in lines), ""])

    def as_rst(self) -> str:
        """Write a ``list-table`` directive."""
        lines = [f".. list-table:: {self.title}", "   :header-rows: 1", ""]
        for row in (self.header, *self.rows):
            lines += [f"   {'*' if not place else ' '} - {cell}" for place, cell in enumerate(row)]
        return "\n".join([*lines, ""])


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    names = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    figures = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  " + "  ".join([*names, *figures]).rstrip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold one required figure beside the measured one."""

    what: str
    required: str
    measured: str
    is_met: bool


def yardstick(results: list[Result], result: Result) -> Result:
    """Give the result that another of the same load is held to: the load's first."""
    return next(other for other in results if other.load.name == result.load.name)


def paired_ratios(result: Result, other: Result) -> list[float]:
    """Give the ratio of rates for each round, in which both ran one after the other."""
    pairs = zip(result.outcomes, other.outcomes, strict=True)
    return [theirs.seconds / ours.seconds for ours, theirs in pairs]


def cost_table(results: list[Result]) -> Table:
    """Compare rates and processor time."""
    rows = []
    for result in (result for result in results if result.contender.measure == "cost"):
        base = yardstick(results, result)
        ratios = paired_ratios(result, base)
        rows.append(
            (
                result.load.name,
                result.contender.name,
                f"{result.frames_per_second:,.0f}",
                f"{result.frames_per_second / base.frames_per_second:.2f}",
                f"{min(ratios):.2f} to {max(ratios):.2f}",
                f"{result.cpu_microseconds:.2f}",
                f"{result.cpu_microseconds / base.cpu_microseconds:.2f}",
            )
        )
    header = ("load", "reader", "frames/s", "ratio", "of each round", "CPU us/frame", "ratio")
    return Table("Cost of a frame, from the wire to user code", header, rows)


def latency_table(results: list[Result]) -> Table:
    """Compare times from send to user code."""
    rows = []
    for result in (result for result in results if result.contender.measure == "latency"):
        base = yardstick(results, result).latency_microseconds
        figures = result.latency_microseconds
        ratios = [figure / other for figure, other in zip(figures, base, strict=True)]
        rows.append(
            (
                result.load.name,
                result.contender.name,
                *(f"{figure:,.0f}" for figure in figures),
                *(f"{ratio:.2f}" for ratio in ratios),
            )
        )
    header = ("load", "reader", "p50 us", "p99 us", "p99.9 us", "p50 ratio", "p99 ratio", "p99.9")
    return Table("Time from send to user code, steady traffic", header, rows)


def memory_table(results: list[Result]) -> Table:
    """Compare what a thousand waiting messages weigh."""
    rows = [
        (result.load.name, result.contender.name, f"{result.waiting_megabytes:.2f}")
        for result in results
        if result.contender.measure == "memory"
    ]
    return Table("Memory of 1,000 queued messages", ("load", "held as", "MB"), rows)


def tape_table(results: list[Result]) -> Table:
    """Tell how fast frames came onto tapes, and what they take there."""
    rows = []
    for result in results:
        runs = [outcome.taped for outcome in result.outcomes if outcome.taped is not None]
        if runs:
            rows.append(
                (
                    result.load.name,
                    result.contender.name,
                    f"{median(run.frames / run.seconds for run in runs):,.0f}",
                    f"{median(run.bytes / run.frames for run in runs):,.0f}",
                    f"{sum(run.dropped for run in runs):,}",
                )
            )
    header = ("load", "reader", "frames/s on the tape", "bytes/frame in the file", "lost")
    return Table("Recording", header, rows)


def tables(results: list[Result]) -> list[Table]:
    """Give the tables that have rows, the verdicts first."""
    judged = verdicts(results)
    rows = [
        (verdict.what, verdict.required, verdict.measured, "yes" if verdict.is_met else "NO")
        for verdict in judged
    ]
    required = Table("Required figures", ("figure", "required", "measured", "met"), rows)
    every = [required, cost_table(results), latency_table(results)]
    every += [memory_table(results), tape_table(results)]
    return [table for table in every if table.rows]


def verdicts(results: list[Result]) -> list[Verdict]:
    """Judge the required figures for which there are results."""
    found = {(result.load.name, result.contender.name): result for result in results}
    return [
        *_completeness(results),
        *_mixed(found),
        *_growth(found),
        *_latency(found),
        *_recording(results),
        *_server(results),
    ]


def _completeness(results: list[Result]) -> Iterator[Verdict]:
    lost = sum(not outcome.is_complete for result in results for outcome in result.outcomes)
    total = sum(len(result.outcomes) for result in results)
    yield Verdict("runs that lost or repeated a message", "0", f"{lost} of {total}", not lost)


def _mixed(found: Found) -> Iterator[Verdict]:
    bare = found.get(("mixed", "websockets + orjson"))
    for name, what in (
        ("weex_client, books as changes", "each change a message"),
        ("weex_client, books as views", "each change built into a whole book"),
    ):
        ours = found.get(("mixed", name))
        if ours and bare:
            ratio = ours.frames_per_second / bare.frames_per_second
            text = f"mixed load, of the bare loop ({what})"
            yield Verdict(text, ">= 0.40", f"{ratio:.2f}", ratio >= 0.40)


def _growth(found: Found) -> Iterator[Verdict]:
    one = found.get(("tickers of 1 symbol", "weex_client"))
    for name in ("weex_client", "weex_client, a stream per symbol"):
        thousand = found.get(("tickers of 1,000 symbols", name))
        if one and thousand:
            ratio = thousand.cpu_microseconds / one.cpu_microseconds
            what = f"cost of a frame at 1,000 subscriptions, of that at 1 ({name})"
            yield Verdict(what, "<= 1.60", f"{ratio:.2f}", ratio <= 1.60)


def _latency(found: Found) -> Iterator[Verdict]:
    ours = found.get(("mixed, 20,000 frames/s", "weex_client"))
    bare = found.get(("mixed, 20,000 frames/s", "websockets + orjson"))
    if ours and bare and ours.is_complete and bare.is_complete:
        pairs = zip(ours.latency_microseconds, bare.latency_microseconds, strict=True)
        p50, p99, _ = (figure / other for figure, other in pairs)
        yield Verdict(
            "p50 at 20,000 frames/s, of the bare loop's", "<= 1.5", f"{p50:.2f}", p50 <= 1.5
        )
        yield Verdict(
            "p99 at 20,000 frames/s, of the bare loop's", "<= 3.0", f"{p99:.2f}", p99 <= 3
        )


def _recording(results: list[Result]) -> Iterator[Verdict]:
    """Judge steady traffic: a flood may be faster than any disk."""
    for result in results:
        runs = [outcome.taped for outcome in result.outcomes if outcome.taped is not None]
        rate = result.load.frames_per_second
        if runs and rate:
            lost = sum(run.dropped for run in runs)
            what = f"frames that were not recorded of {rate:,} a second"
            yield Verdict(what, "0", f"{lost:,}", not lost)


def _server(results: list[Result]) -> Iterator[Verdict]:
    for result in (result for result in results if result.contender.program == "drain"):
        ratio = median(paired_ratios(result, yardstick(results, result)))
        what = "the server, of the bare loop (else it is what is measured)"
        yield Verdict(what, ">= 3.0", f"{ratio:.1f}", ratio >= 3)


def disturbance(results: list[Result]) -> str:
    """Say how much of its core a program did not get; empty if the bare loops got nearly all."""
    shares = [
        _own_share(result)
        for result in results
        if result.contender.program == "bare" and result.contender.measure != "memory"
    ]
    if not shares or min(shares) > UNDISTURBED_SHARE:
        return ""
    return (
        f"Something else ran on these cores: one program got {min(shares):.0%} of its own. "
        "Trust the ratios of CPU time, not the rates and latencies."
    )


def _own_share(result: Result) -> float:
    """Give the part of a core that was left: to the reader in a flood, to the server if paced.

    In a flood the bare loop is never idle, and a paced server spins: time beyond that is others'.
    """
    rate, frames = result.load.frames_per_second, result.load.frames
    if rate:
        return median(frames / rate / outcome.seconds for outcome in result.outcomes)
    return median(outcome.cpu_seconds / outcome.seconds for outcome in result.outcomes)


def rewritten(page: str, results: list[Result], machine: str) -> str:
    """Give the page with its tables replaced.

    Raises:
        ValueError: If the page lacks the two marks.
    """
    before, mark, rest = page.partition(START_MARK)
    _, end, after = rest.partition(END_MARK)
    if not mark or not end:
        raise ValueError(f"the page has no {START_MARK!r} and {END_MARK!r}")
    body = "\n".join(table.as_rst() for table in tables(results))
    return f"{before}{START_MARK}\n\nMeasured on {machine}.\n\n{body}\n{END_MARK}{after}"
