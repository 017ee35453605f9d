"""The command that prints what each venue has. Where the table comes from is ``capabilities``."""

from __future__ import annotations

from weex_client.cli.capabilities import capability_table
from weex_client.cli.outlet import Outlet

__all__ = ["show_venues"]

# Between two columns; the cells themselves have spaces.
_GAP = "  "


async def show_venues() -> int:
    """Print a line a channel, in columns, a venue's market each."""
    rows = capability_table()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    outlet = Outlet()
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        await outlet.line(_GAP.join(cells).rstrip())
    return 0
