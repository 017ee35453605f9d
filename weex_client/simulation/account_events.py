"""What happens to an account, as facts in the order of cause. How they are sent is elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from weex_client.models import OrderStatus, Side
from weex_client.simulation.orders import OrderRequest

__all__ = ["AccountEvent", "BalanceChange", "FillEvent", "OrderState", "PositionChange"]


class OrderState(NamedTuple):
    """One order after a change.

    Attributes:
        account: Whose it is.
        size: Base units ordered; of an order by quote amount, None until it is over.
        price: Its limit, or None.
        filled_size: Base units filled so far.
        filled_value: Quote units of its fills.
        average_price: Their ratio, or None without a fill.
        fee: Paid so far: in quote units, of spot buys in base units.
        realized_pnl: Realized so far, quote units, fees not counted.
        reason: Why it ended, where that was not its filling.
    """

    account: str
    order_id: str
    request: OrderRequest
    status: OrderStatus
    price: Decimal | None
    size: Decimal | None
    filled_size: Decimal
    filled_value: Decimal
    average_price: Decimal | None
    fee: Decimal
    realized_pnl: Decimal
    created_ns: int
    updated_ns: int
    reason: str | None = None


class FillEvent(NamedTuple):
    """One execution of one order.

    Attributes:
        notional: Price times size, exactly.
        fee: In ``fee_currency``; positive is paid.
        realized_pnl: Realized by it, quote units, fees not counted.
    """

    account: str
    fill_id: str
    order_id: str
    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    notional: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Literal["maker", "taker"]
    realized_pnl: Decimal
    time_ns: int


class PositionChange(NamedTuple):
    """One position after a change.

    Attributes:
        side: Of what is open; of a closed one, what it was.
        size: Absolute; zero when closed.
        entry_value: What opening it cost, quote units.
    """

    account: str
    symbol: str
    currency: str
    side: Literal["long", "short"]
    size: Decimal
    entry_price: Decimal | None
    entry_value: Decimal
    leverage: Decimal
    mark_price: Decimal | None
    unrealized_pnl: Decimal | None
    liquidation_price: Decimal | None
    time_ns: int


class BalanceChange(NamedTuple):
    """One currency's balance after a change."""

    account: str
    currency: str
    balance: Decimal
    available: Decimal
    frozen: Decimal
    time_ns: int


AccountEvent = OrderState | FillEvent | PositionChange | BalanceChange
