"""Payloads of private streams: what only the account's owner sees. Market data is elsewhere."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

from weex_client.models.market import Side
from weex_client.models.payload import Money, Payload

__all__ = ["Account", "Fill", "Order", "OrderStatus", "Position"]

OrderStatus = Literal["new", "partially_filled", "filled", "canceled", "rejected", "expired"]


class Account(Payload):
    """What the account holds of one currency.

    Attributes:
        currency: The currency.
        balance: All of it.
        available: What can be used, where the venue says it.
        frozen: What orders hold back, where the venue says it.
    """

    currency: str
    balance: Money
    available: Money | None = None
    frozen: Money | None = None

    @property
    def identity(self) -> Hashable:
        """Return which balance this is, to tell whether a message replaces another."""
        return self.currency


class Position(Payload):
    """One open (or just closed) position.

    Attributes:
        symbol: The venue's symbol.
        side: ``long`` or ``short``.
        size: Absolute size in base units; zero when closed.
        entry_price: Average entry price, or None when closed.
        leverage: Leverage as a factor.
        margin_mode: The venue's margin mode in lower case.
        mark_price: What the position is valued at, or None until known.
        unrealized_pnl: Profit or loss at the mark price, quote units, or None until known.
    """

    symbol: str
    side: Literal["long", "short"]
    size: Money
    entry_price: Money | None = None
    leverage: Money | None = None
    margin_mode: str | None = None
    mark_price: Money | None = None
    unrealized_pnl: Money | None = None

    @property
    def identity(self) -> Hashable:
        """Return which position this is, to tell whether a message replaces another."""
        return (self.symbol, self.side)


class Order(Payload):
    """One of the account's orders after a change.

    Attributes:
        order_id: The venue's id.
        client_order_id: The id the trader gave, or None.
        symbol: The venue's symbol.
        side: ``buy`` or ``sell``.
        type: The venue's order type in lower case.
        status: Where in its life it is.
        price: Limit price, or None for a market order.
        size: Size in base units, or None where only a quote amount was ordered.
        filled_size: Filled so far, base units.
        average_price: Average price of the fills, or None without a fill.
        fee: Fees so far; positive is paid.
    """

    order_id: str
    client_order_id: str | None = None
    symbol: str
    side: Side
    type: str
    status: OrderStatus
    price: Money | None = None
    size: Money | None = None
    filled_size: Money | None = None
    average_price: Money | None = None
    fee: Money | None = None

    @property
    def identity(self) -> Hashable:
        """Return which order this is, to tell whether a message replaces another."""
        return self.order_id

    @property
    def is_final(self) -> bool:
        """Tell whether nothing happens to it any more."""
        return self.status not in ("new", "partially_filled")


class Fill(Payload):
    """One execution of one of the account's orders.

    Attributes:
        fill_id: The venue's id of the fill.
        order_id: The order it belongs to.
        symbol: The venue's symbol.
        side: ``buy`` or ``sell``.
        price: Price in quote units.
        size: Size in base units.
        fee: Fee of this fill; positive is paid.
        liquidity: ``maker`` or ``taker``.
    """

    fill_id: str
    order_id: str
    symbol: str
    side: Side
    price: Money | None = None
    size: Money
    fee: Money | None = None
    liquidity: Literal["maker", "taker"] | None = None
