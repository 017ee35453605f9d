"""What is said at the end of a watch: how much of its time was covered, and where the holes are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from weex_client.cli.views.figures import age, clock_time
from weex_client.models import Continuity

__all__ = ["continuity_lines"]

# What fits a terminal; the worst come first.
_MAX_LINES = 12


def continuity_lines(pasts: Sequence[Continuity], *, only_trouble: bool) -> Iterator[str]:
    """Write how continuous the streams were.

    Args:
        pasts: The client's report.
        only_trouble: Say nothing of what is complete, or never began.
    """
    complete = [past for past in pasts if past.is_complete]
    if complete and not only_trouble:
        seconds = max(past.covered_seconds for past in complete)
        names = _name(complete[0]) if len(complete) == 1 else f"{len(complete)} channels"
        yield f"continuity: {names} covered 100% of {age(seconds)}, no holes"
    torn = sorted((past for past in pasts if past.hole_count), key=lambda past: past.covered)
    for past in torn[:_MAX_LINES]:
        yield f"continuity: {_torn(past)}"
    if len(torn) > _MAX_LINES:
        yield f"continuity: {len(torn) - _MAX_LINES} more with holes"
    if not only_trouble:
        silent = [past for past in pasts if past.since is None]
        for past in silent[:_MAX_LINES]:
            yield f"continuity: {_name(past)} never began"


def _name(past: Continuity) -> str:
    return past.channel if past.symbol is None else f"{past.symbol} {past.channel}"


def _torn(past: Continuity) -> str:
    total_seconds = past.covered_seconds + past.hole_seconds
    # Rounded down: what was not complete never reads as if it had been.
    share = int(past.covered * 10_000) / 100
    holes = "1 hole" if past.hole_count == 1 else f"{past.hole_count} holes"
    last = past.holes[-1]
    end = "still open" if last.end is None else f"{last.duration_seconds:.1f} s"
    return (
        f"{_name(past)} covered {share:.2f}% of {age(total_seconds)}, {holes} of"
        f" {past.hole_seconds:.1f} s; the last at {clock_time(last.start)}Z, {end}: {last.cause}"
    )
