"""Order books as two ladders side by side, with a bar for each level's size."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from weex_client.cli.views.figures import FALLING, QUIET, RISING, age, number
from weex_client.cli.views.rate import Rate
from weex_client.cli.views.view import Frame
from weex_client.models import Message, OrderBookView

__all__ = ["DepthView"]

_LONGEST_BAR = 24
# Title, headings, and the empty line between books.
_ROWS_AROUND = 3
_FEWEST_LEVELS = 3

Level = tuple[Decimal, Decimal]
_NO_LEVEL: Final = ("", "", "")


class DepthView:
    """Show bids left and asks right, best first, with spread, mid and sequence."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._books: dict[str, OrderBookView | None] = dict.fromkeys(symbols)
        self._rates = {symbol: Rate() for symbol in symbols}
        self._refused: set[str] = set()

    def take(self, message: Message[Any]) -> None:
        """Note a book."""
        symbol = message.symbol or message.venue
        self._books[symbol] = message.data
        self._rates.setdefault(symbol, Rate()).count(message.received_time_ns / 1e9)

    def refuse(self, symbol: str) -> None:
        """Say so where the book would stand."""
        self._books.setdefault(symbol, None)
        self._refused.add(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return the books, each with as many levels as its share of the rows takes."""
        share = frame.height // max(1, len(self._books)) - _ROWS_AROUND
        levels = max(_FEWEST_LEVELS, share)
        parts: list[RenderableType] = []
        for symbol, book in self._books.items():
            if symbol in self._refused:
                parts.append(_heading(symbol, Text("refused", style=FALLING)))
            elif book is None:
                parts.append(_heading(symbol, Text("waiting", style=QUIET)))
            else:
                parts.append(_heading(symbol, self._summary(symbol, book, frame.now)))
                parts.append(_ladder(book, levels, frame.width))
            parts.append(Text(""))
        return Group(*parts[:-1])

    def _summary(self, symbol: str, book: OrderBookView, now: float) -> Text:
        rate = self._rates[symbol]
        facts = [f"mid {number(book.mid)}", f"spread {number(book.spread)}"]
        if book.sequence is not None:
            facts.append(f"seq {book.sequence}")
        facts.append(f"{rate.per_second(now):.1f} msg/s")
        facts.append(f"age {age(now - (rate.last or now))}")
        return Text("  ".join(facts))


def _heading(symbol: str, text: Text) -> Text:
    heading = Text(no_wrap=True, overflow="ellipsis").append(f" {symbol}  ", style="bold")
    return heading.append_text(text)


def _ladder(book: OrderBookView, levels: int, width: int) -> Table:
    """Return both sides; the longest bar stands for the largest size in sight."""
    bids, asks = book.bids[:levels], book.asks[:levels]
    shown = (*bids, *asks)
    largest = max((size for _, size in shown), default=Decimal(0))
    texts = [max((len(number(level[part])) for level in shown), default=0) for part in (0, 1)]
    # Two prices, two sizes, and ten spaces between and around the columns.
    room = width - 2 * max(3, texts[0]) - 2 * max(4, texts[1]) - 10
    bar = max(0, min(_LONGEST_BAR, room // 2))
    table = Table.grid(padding=(0, 1), pad_edge=True)
    headings = ("", "Size", "Bid", "Ask", "Size", "")
    # Bars have a fixed place: the prices must not wander from picture to picture.
    table.add_column(justify="right", no_wrap=True, width=bar)
    for _ in headings[1:-1]:
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, width=bar)
    table.add_row(*(Text(heading, style="bold") for heading in headings))
    for index in range(max(len(bids), len(asks))):
        bid, ask = _cells(bids, index, largest, bar), _cells(asks, index, largest, bar)
        table.add_row(
            Text(bid[0], style=RISING),
            bid[1],
            Text(bid[2], style=RISING),
            Text(ask[2], style=FALLING),
            ask[1],
            Text(ask[0], style=FALLING),
        )
    return table


def _cells(side: tuple[Level, ...], index: int, largest: Decimal, bar: int) -> tuple[str, str, str]:
    """Return bar, size and price of a level."""
    if index >= len(side):
        return _NO_LEVEL
    price, size = side[index]
    length = int(size / largest * bar) if largest else 0
    return "\N{BLACK SQUARE}" * length, number(size), number(price)
