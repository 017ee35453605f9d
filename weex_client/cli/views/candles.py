"""Candles as one table a symbol, newest last, with a mark for what is closed."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from weex_client.cli.views.figures import (
    FALLING,
    QUIET,
    Cell,
    Column,
    clock_time,
    colour,
    fitting_table,
    number,
)
from weex_client.cli.views.view import Frame
from weex_client.models import Candle, Message

__all__ = ["CandleView"]

_CANDLES_KEPT = 50
# Title, headings, and the lines around them.
_ROWS_AROUND = 5
_FEWEST_CANDLES = 2
_DAY_SECONDS = 86_400

_COLUMNS: Final[tuple[Column, ...]] = (
    ("Opened (UTC)", "left", 0),
    ("Open", "right", 0),
    ("High", "right", 0),
    ("Low", "right", 0),
    ("Close", "right", 0),
    ("Volume", "right", 2),
    ("State", "left", 1),
)


class CandleView:
    """Show the last candles of each symbol."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._candles: dict[str, dict[float, Candle]] = {symbol: {} for symbol in symbols}
        self._refused: set[str] = set()

    def take(self, message: Message[Any]) -> None:
        """Note a candle, in the place of an earlier state of it."""
        candles = self._candles.setdefault(message.symbol or message.venue, {})
        candles[message.data.open_time] = message.data
        while len(candles) > _CANDLES_KEPT:
            del candles[min(candles)]

    def refuse(self, symbol: str) -> None:
        """Say so over the symbol's table."""
        self._candles.setdefault(symbol, {})
        self._refused.add(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return the tables, each with as many candles as its share of the rows takes."""
        share = frame.height // max(1, len(self._candles)) - _ROWS_AROUND
        shown = max(_FEWEST_CANDLES, share)
        return Group(*(self._table(symbol, shown, frame.width) for symbol in self._candles))

    def _table(self, symbol: str, shown: int, width: int) -> RenderableType:
        title = Text(f" {symbol}", style="bold", no_wrap=True)
        if symbol in self._refused:
            return title.append("  refused", style=FALLING)
        known = self._candles[symbol]
        candles = [known[open_time] for open_time in sorted(known)[-shown:]]
        if not candles:
            return title.append("  waiting", style=QUIET)
        title.append(f"  {candles[-1].interval}", style=QUIET)
        return fitting_table(_COLUMNS, [_cells(candle) for candle in candles], width, title)


def _cells(candle: Candle) -> list[Cell]:
    long = candle.close_time - candle.open_time >= _DAY_SECONDS
    state = Text("closed") if candle.is_closed else Text("forming", style=QUIET)
    return [
        clock_time(candle.open_time, "%Y-%m-%d" if long else "%m-%d %H:%M"),
        number(candle.open),
        number(candle.high),
        number(candle.low),
        Text(number(candle.close), style=colour(candle.close - candle.open)),
        number(candle.volume),
        state,
    ]
