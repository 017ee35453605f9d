"""Best bid and ask with their sizes, one row a symbol. Deeper levels are in ``depth``."""

from __future__ import annotations

from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from weex_client.cli.views.figures import (
    FALLING,
    NOTHING,
    QUIET,
    RISING,
    Cell,
    Column,
    age,
    fitting_table,
    number,
)
from weex_client.cli.views.rate import Rate
from weex_client.cli.views.view import Frame
from weex_client.models import BookTicker, Message

__all__ = ["TouchView"]

_COLUMNS: Final[tuple[Column, ...]] = (
    ("Symbol", "left", 0),
    ("Bid size", "right", 1),
    ("Bid", "right", 0),
    ("Ask", "right", 0),
    ("Ask size", "right", 1),
    ("Spread", "right", 2),
    ("Msg/s", "right", 4),
    ("Age", "right", 3),
)


class TouchView:
    """Show the newest top of book of each symbol."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._touches: dict[str, BookTicker | None] = dict.fromkeys(symbols)
        self._rates = {symbol: Rate() for symbol in symbols}
        self._refused: set[str] = set()

    def take(self, message: Message[Any]) -> None:
        """Note a top of book."""
        symbol = message.symbol or message.venue
        self._touches[symbol] = message.data
        self._rates.setdefault(symbol, Rate()).count(message.received_time_ns / 1e9)

    def refuse(self, symbol: str) -> None:
        """Mark the symbol's row."""
        self._touches.setdefault(symbol, None)
        self._refused.add(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return the table."""
        rows = [self._cells(symbol, touch, frame.now) for symbol, touch in self._touches.items()]
        return fitting_table(_COLUMNS, rows, frame.width)

    def _cells(self, symbol: str, touch: BookTicker | None, now: float) -> list[Cell]:
        name = Text(symbol, style="bold")
        if symbol in self._refused:
            return [name, NOTHING, Text("refused", style=FALLING), *[NOTHING] * 5]
        if touch is None:
            return [name, NOTHING, Text("waiting", style=QUIET), *[NOTHING] * 5]
        rate = self._rates[symbol]
        return [
            name,
            number(touch.bid_size),
            Text(number(touch.bid), style=RISING),
            Text(number(touch.ask), style=FALLING),
            number(touch.ask_size),
            number(touch.ask - touch.bid),
            f"{rate.per_second(now):.1f}",
            age(now - (rate.last or now)),
        ]
