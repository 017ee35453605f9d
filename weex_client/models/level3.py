"""The payload of a book of orders: who stands where in which queue. Books by price: ``market``."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from pydantic import computed_field

from weex_client.models.payload import Money, Payload

__all__ = ["OrderBook3View", "OrderQueue"]


class OrderQueue(NamedTuple):
    """The resting orders of one price.

    Attributes:
        price: In quote units.
        size: Of all of them, base units.
        orders: ``(order_id, size)``, first come first.
    """

    price: Money
    size: Money
    orders: tuple[tuple[str, Money], ...]


class OrderBook3View(Payload):
    """A book of some prices a side with every single order at one sequence.

    Attributes:
        bids: Highest price first.
        asks: Lowest price first.
        sequence: The venue's sequence of the last message in it.
    """

    bids: tuple[OrderQueue, ...]
    asks: tuple[OrderQueue, ...]
    sequence: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def best_bid(self) -> Money | None:
        """Highest price somebody would buy at, or None on an empty side."""
        return self.bids[0].price if self.bids else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def best_ask(self) -> Money | None:
        """Lowest price somebody would sell at, or None on an empty side."""
        return self.asks[0].price if self.asks else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mid(self) -> Money | None:
        """Middle between best bid and best ask, or None where a side is empty."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0].price + self.asks[0].price) / Decimal(2)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spread(self) -> Money | None:
        """Best ask less best bid, or None where a side is empty."""
        if not self.bids or not self.asks:
            return None
        return self.asks[0].price - self.bids[0].price
