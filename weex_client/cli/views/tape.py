"""Everybody's trades as a tape, newest first. One's own are in ``account``."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from weex_client.cli.views.figures import (
    FALLING,
    QUIET,
    RISING,
    Cell,
    Column,
    clock_time,
    fitting_table,
    number,
)
from weex_client.cli.views.view import Frame
from weex_client.models import Message

__all__ = ["TapeView"]

_TRADES_SHOWN = 20
# Headings and the lines around them.
_ROWS_AROUND = 3

_COLUMNS: Final[tuple[Column, ...]] = (
    ("Time (UTC)", "left", 0),
    ("Symbol", "left", 0),
    ("Side", "left", 0),
    ("Price", "right", 0),
    ("Size", "right", 0),
    ("", "left", 1),
)


class TapeView:
    """Show the last trades of all symbols."""

    def __init__(self) -> None:
        self._trades: deque[Message[Any]] = deque(maxlen=_TRADES_SHOWN)
        self._refused: list[str] = []

    def take(self, message: Message[Any]) -> None:
        """Note a trade."""
        self._trades.appendleft(message)

    def refuse(self, symbol: str) -> None:
        """Say it in a last row."""
        self._refused.append(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return the tape, as many trades as fit."""
        room = max(1, frame.height - _ROWS_AROUND - len(self._refused))
        rows = [_cells(message) for message in list(self._trades)[:room]]
        refused = Text("refused", style=FALLING)
        rows += [["", symbol, refused, "", "", ""] for symbol in self._refused]
        if not rows:
            rows = [[Text("waiting", style=QUIET), "", "", "", "", ""]]
        return fitting_table(_COLUMNS, rows, frame.width)


def _cells(message: Message[Any]) -> list[Cell]:
    trade = message.data
    style = RISING if trade.side == "buy" else FALLING
    moment = clock_time(message.timestamp) + f".{int(message.timestamp * 1000) % 1000:03d}"
    return [
        moment,
        Text(message.symbol or "", style="bold"),
        Text(trade.side, style=style),
        Text(number(trade.price), style=style),
        number(trade.size),
        Text("history" if message.is_snapshot else "", style=QUIET),
    ]
