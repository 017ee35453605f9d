"""Events of channels that only one venue has, newest first, each with all that it says."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from weex_client.cli.lines import facts_of
from weex_client.cli.views.figures import FALLING, QUIET, Cell, Column, clock_time, fitting_table
from weex_client.cli.views.view import Frame
from weex_client.models import Message

__all__ = ["NewsView"]

_EVENTS_SHOWN: Final = 20
# Headings and the lines around them.
_ROWS_AROUND: Final = 3

_COLUMNS: Final[tuple[Column, ...]] = (
    ("Time (UTC)", "left", 0),
    ("Symbol", "left", 0),
    ("What", "left", 0),
)


class NewsView:
    """Show the last events."""

    def __init__(self) -> None:
        self._events: deque[Message[Any]] = deque(maxlen=_EVENTS_SHOWN)
        self._refused: list[str] = []

    def take(self, message: Message[Any]) -> None:
        """Note an event."""
        self._events.appendleft(message)

    def refuse(self, symbol: str) -> None:
        """Say it in a last row."""
        self._refused.append(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return the events, as many as fit."""
        room = max(1, frame.height - _ROWS_AROUND - len(self._refused))
        rows = [_cells(message, frame.width) for message in list(self._events)[:room]]
        rows += [["", symbol, Text("refused", style=FALLING)] for symbol in self._refused]
        return fitting_table(
            _COLUMNS, rows or [[Text("waiting", style=QUIET), "", ""]], frame.width
        )


def _cells(message: Message[Any], width: int) -> list[Cell]:
    said = " ".join(f"{name}={text}" for name, text in facts_of(message.data))
    # One row an event, however much it says; all of it is in a pipe's lines.
    return [
        clock_time(message.timestamp),
        Text(message.symbol or "", style="bold"),
        Text(said[:width], overflow="ellipsis", no_wrap=True),
    ]
