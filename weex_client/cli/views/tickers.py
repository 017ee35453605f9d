"""Tickers as a table, one row a symbol; the touch may come from another channel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from weex_client.cli.views.figures import (
    FALLING,
    NOTHING,
    QUIET,
    Cell,
    Column,
    age,
    colour,
    fitting_table,
    number,
    percent,
)
from weex_client.cli.views.rate import Rate
from weex_client.cli.views.view import Frame
from weex_client.models import BookTicker, Message, OrderBookView, Ticker

__all__ = ["TickerView"]

_COLUMNS: Final[tuple[Column, ...]] = (
    ("Symbol", "left", 0),
    ("Last", "right", 0),
    ("Change", "right", 0),
    ("Bid", "right", 1),
    ("Ask", "right", 1),
    ("Spread", "right", 4),
    ("Msg/s", "right", 3),
    ("Age", "right", 2),
)


class _Row:
    """Hold what is known of one symbol."""

    def __init__(self) -> None:
        self.ticker: Ticker | None = None
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.move = ""
        self.rate = Rate()
        self.is_refused = False


class TickerView:
    """Show last, change, touch, spread, messages a second and age."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._rows = {symbol: _Row() for symbol in symbols}

    def take(self, message: Message[Any]) -> None:
        """Note a ticker, or the touch that the ticker lacks."""
        row = self._rows.setdefault(message.symbol or message.venue, _Row())
        match message.data:
            case Ticker() as ticker:
                if row.ticker is not None and ticker.last != row.ticker.last:
                    row.move = colour(ticker.last - row.ticker.last)
                row.ticker = ticker
                if ticker.bid is not None or ticker.ask is not None:
                    row.bid, row.ask = ticker.bid, ticker.ask
                row.rate.count(message.received_time_ns / 1e9)
            case BookTicker() as touch:
                row.bid, row.ask = touch.bid, touch.ask
            case OrderBookView() as book:
                row.bid, row.ask = book.best_bid, book.best_ask

    def refuse(self, symbol: str) -> None:
        """Mark the symbol's row."""
        self._rows.setdefault(symbol, _Row()).is_refused = True

    def draw(self, frame: Frame) -> RenderableType:
        """Return the table; without spread, rate, age, bid and ask where they do not fit."""
        rows = [_cells(symbol, row, frame.now) for symbol, row in self._rows.items()]
        return fitting_table(_COLUMNS, rows, frame.width)


def _cells(symbol: str, row: _Row, now: float) -> list[Cell]:
    name = Text(symbol, style="bold")
    blank: list[Cell] = [Text(NOTHING, style=QUIET)] * 4
    if row.is_refused:
        return [name, Text("refused", style=FALLING), NOTHING, *blank, NOTHING]
    if row.ticker is None or row.rate.last is None:
        return [name, Text("waiting", style=QUIET), NOTHING, *blank, NOTHING]
    spread = None if row.bid is None or row.ask is None else row.ask - row.bid
    return [
        name,
        Text(number(row.ticker.last), style=row.move),
        percent(row.ticker.change),
        number(row.bid),
        number(row.ask),
        number(spread),
        f"{row.rate.per_second(now):.1f}",
        age(now - row.rate.last),
    ]
