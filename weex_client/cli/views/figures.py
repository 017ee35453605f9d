"""Numbers, times and tables as the views spell them, with the venue's own digits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from weex_client.models.payload import plain_text

__all__ = [
    "FALLING",
    "NOTHING",
    "QUIET",
    "RISING",
    "Column",
    "age",
    "clock_time",
    "colour",
    "fitting_table",
    "number",
    "percent",
]

RISING: Final = "green"
FALLING: Final = "red"
QUIET: Final = "dim"
NOTHING: Final = "-"

_CENTS = Decimal("0.01")

Column = tuple[str, Literal["left", "right"], int]
"""Heading, side, and rank: the columns of the highest ranks go first when space is short."""

Cell = str | Text


def number(value: Decimal | None) -> str:
    """Write a number with all its digits; a dash where there is none."""
    return NOTHING if value is None else plain_text(value)


def percent(value: Decimal | None) -> Text:
    """Write a percentage to two places, coloured by its sign."""
    if value is None:
        return Text(NOTHING)
    if value.adjusted() < 20:  # more digits than a Decimal can round are shown as they are
        value = value.quantize(_CENTS)
    return Text(f"{value:+f}%", style=colour(value))


def colour(difference: Decimal) -> str:
    """Return the style of a rise, a fall or neither."""
    if difference > 0:
        return RISING
    return FALLING if difference < 0 else ""


def age(seconds: float) -> str:
    """Write how long ago something was, in five characters at most."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}s"
    if seconds < 100:
        return f"{seconds:.0f}s"
    if seconds < 6000:
        return f"{seconds / 60:.0f}m"
    return f"{min(999, seconds / 3600):.0f}h"


def clock_time(seconds: float, pattern: str = "%H:%M:%S") -> str:
    """Write Unix seconds as a time of day in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime(pattern)


def fitting_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    width: int,
    title: Text | None = None,
) -> Table:
    """Return a table that is not wider than ``width``, without its least needed columns if so."""
    kept = list(range(len(columns)))
    while True:
        table = _table([columns[index] for index in kept], title)
        for row in rows:
            table.add_row(*(row[index] for index in kept))
        least = max(kept, key=lambda index: columns[index][2])
        if len(kept) == 1 or columns[least][2] == 0 or _natural_width(table) <= width:
            return table
        kept.remove(least)


def _table(columns: Sequence[Column], title: Text | None) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        header_style="bold",
        title=title,
        title_justify="left",
        title_style="",
    )
    for heading, side, _ in columns:
        table.add_column(heading, justify=side, no_wrap=True)
    return table


def _natural_width(table: Table) -> int:
    console = Console(width=10_000)
    return Measurement.get(console, console.options, table).maximum
