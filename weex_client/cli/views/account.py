"""The account's own balances, positions, orders and fills as simple tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
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
    clock_time,
    colour,
    fitting_table,
    number,
)
from weex_client.cli.views.view import Frame
from weex_client.models import Message

__all__ = ["ACCOUNT", "FILLS", "ORDERS", "POSITIONS", "Layout", "StateView"]

_ROWS_KEPT = 200
_ROWS_AROUND = 3

_STYLES: Final = {"buy": RISING, "long": RISING, "sell": FALLING, "short": FALLING}


@dataclass(frozen=True, slots=True)
class Layout:
    """Say what a private channel's table looks like.

    Attributes:
        columns: Field of the payload, heading and rank (see ``figures.Column``).
        key: The newest message of each key is shown.
        hides: Which rows are over, such as a closed position.
    """

    columns: tuple[tuple[str, str, int], ...]
    key: Callable[[Any], object]
    hides: Callable[[Any], bool] = lambda _: False


ACCOUNT: Final = Layout(
    (
        ("currency", "Currency", 0),
        ("balance", "Balance", 0),
        ("available", "Available", 0),
        ("frozen", "Frozen", 1),
    ),
    key=lambda account: account.currency,
)
POSITIONS: Final = Layout(
    (
        ("symbol", "Symbol", 0),
        ("side", "Side", 0),
        ("size", "Size", 0),
        ("entry_price", "Entry", 0),
        ("mark_price", "Mark", 1),
        ("unrealized_pnl", "PnL", 1),
        ("leverage", "Leverage", 2),
        ("margin_mode", "Margin", 3),
    ),
    key=lambda position: (position.symbol, position.side),
    hides=lambda position: position.size == 0,
)
ORDERS: Final = Layout(
    (
        ("symbol", "Symbol", 0),
        ("side", "Side", 0),
        ("type", "Type", 2),
        ("price", "Price", 0),
        ("size", "Size", 1),
        ("filled_size", "Filled", 1),
        ("status", "Status", 0),
        ("order_id", "Order", 3),
    ),
    key=lambda order: order.order_id,
)
FILLS: Final = Layout(
    (
        ("symbol", "Symbol", 0),
        ("side", "Side", 0),
        ("price", "Price", 0),
        ("size", "Size", 0),
        ("fee", "Fee", 1),
        ("liquidity", "Liquidity", 2),
        ("fill_id", "Fill", 3),
    ),
    key=lambda fill: fill.fill_id,
)


class StateView:
    """Show the newest state of each thing that a private channel reports, newest first."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._newest: dict[object, Message[Any]] = {}

    def take(self, message: Message[Any]) -> None:
        """Note a state; it moves to the top."""
        key = self._layout.key(message.data)
        self._newest.pop(key, None)
        self._newest[key] = message
        while len(self._newest) > _ROWS_KEPT:
            del self._newest[next(iter(self._newest))]

    def refuse(self, _symbol: str, /) -> None:
        """Show nothing: a private channel has no symbols of its own."""

    def draw(self, frame: Frame) -> RenderableType:
        """Return the table, as many rows as fit."""
        layout = self._layout
        open_ones = [
            message for message in reversed(self._newest.values()) if not layout.hides(message.data)
        ]
        rows = [
            self._cells(message) for message in open_ones[: max(1, frame.height - _ROWS_AROUND)]
        ]
        if not rows:
            nothing = "nothing open" if self._newest else "waiting"
            rows = [["", Text(nothing, style=QUIET), *[""] * (len(layout.columns) - 1)]]
        columns: list[Column] = [("Time (UTC)", "left", 1)]
        for name, heading, rank in layout.columns:
            columns.append((heading, "left" if name in _WORDS else "right", rank))
        return fitting_table(columns, rows, frame.width)

    def _cells(self, message: Message[Any]) -> list[Cell]:
        cells: list[Cell] = [clock_time(message.timestamp)]
        return cells + [_cell(name, message.data[name]) for name, _, _ in self._layout.columns]


_WORDS: Final = frozenset(
    {"currency", "symbol", "side", "type", "status", "margin_mode", "liquidity"}
    | {"order_id", "fill_id"}
)


def _cell(name: str, value: object) -> Cell:
    if value is None:
        return NOTHING
    if isinstance(value, Decimal):
        return Text(number(value), style=colour(value) if name == "unrealized_pnl" else "")
    text = str(value)
    return Text(text, style="bold" if name == "symbol" else _STYLES.get(text, ""))
