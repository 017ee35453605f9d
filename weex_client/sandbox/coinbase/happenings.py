"""What happens to single orders of a seeded book, and what those of accounts are called."""

from __future__ import annotations

import uuid
from typing import Final, Literal, NamedTuple

from weex_client.simulation import OrderState

__all__ = ["Execution", "Happening", "Kind", "OwnOrder", "order_uuid", "simulated_id"]

Kind = Literal["received", "open", "match", "done", "change", "activate"]

# The upper bits of what accounts' orders are called.
_OWN: Final = 0xC0 << 120


def order_uuid(order_id: str) -> str:
    """Return the venue's name for an account's order."""
    return str(uuid.UUID(int=_OWN | int(order_id)))


def simulated_id(name: str) -> str | None:
    """Return whose name that is, or None if it is no account's order."""
    try:
        number = uuid.UUID(name).int
    except ValueError:
        return None
    return str(number ^ _OWN) if number >> 120 == _OWN >> 120 else None


class Happening(NamedTuple):
    """One thing that happens to an order, in ticks and lots.

    Attributes:
        kind: As the channel ``full`` calls it.
        sequence: The product's counter after it.
        order_id: Which order; of a match the maker.
        is_buy: Its side.
        price: Its price, or that of the match; None for market orders.
        lots: Ordered (received), resting (open), matched, left over (done) or resting (change).
        taker_id: The other order of a match.
        trade_id: The match's number.
        reason: Why it is done.
        old_lots: What rested before a change.
        state: The account's order it happens to, or None.
        taker_state: The account's order that took, or None.
    """

    kind: Kind
    sequence: int
    order_id: str
    is_buy: bool
    price: int | None
    lots: int | None
    taker_id: str | None = None
    trade_id: int | None = None
    reason: str | None = None
    old_lots: int | None = None
    state: OrderState | None = None
    taker_state: OrderState | None = None


class Execution(NamedTuple):
    """One execution of an account's order."""

    trade_id: int
    state: OrderState
    price: int
    lots: int
    is_maker: bool
    time_ns: int


class OwnOrder:
    """An account's order as it was last told."""

    __slots__ = ("is_done", "name", "state")

    def __init__(self, state: OrderState) -> None:
        self.name = order_uuid(state.order_id)
        self.state = state
        self.is_done = False

    @property
    def is_buy(self) -> bool:
        """Tell whose side it is."""
        return self.state.request.side == "buy"

    @property
    def rests(self) -> bool:
        """Tell whether it stands in the book, if it is not over."""
        request = self.state.request
        return (
            self.state.status in ("new", "partially_filled")
            and request.price is not None
            and request.trigger_price is None
        )
