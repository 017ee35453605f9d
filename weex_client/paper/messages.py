"""What happens to a paper account, as the messages that a real account's streams carry."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from weex_client.models import Account, Fill, Message, Money, Order, Position, enveloped
from weex_client.protocol import Channel
from weex_client.simulation import (
    AccountEvent,
    BalanceChange,
    FillEvent,
    OrderState,
    PositionChange,
    TimeInForce,
)

__all__ = ["VENUE", "PaperFill", "PaperOrder", "PaperPosition", "message_of", "order_of"]

VENUE: Final = "paper"


class PaperOrder(Order):
    """Order with what else the paper engine knows of it.

    Attributes:
        time_in_force: ``GTC``, ``IOC``, ``FOK`` or ``POST_ONLY``.
        quote_size: What a market buy may spend, quote units.
        trigger_price: Last price that makes a stop or take-profit order active.
        reduce_only: Whether it can only close.
        filled_value: Quote units of its fills.
        realized_pnl: Realized by its fills, quote units, fees not counted.
        created_time: When it was taken, Unix seconds.
        reason: Why it ended, where that was not its filling.
    """

    time_in_force: TimeInForce
    quote_size: Money | None = None
    trigger_price: Money | None = None
    reduce_only: bool = False
    filled_value: Money = Decimal(0)
    realized_pnl: Money = Decimal(0)
    created_time: float
    reason: str | None = None


class PaperFill(Fill):
    """Fill with what else the paper engine knows of it.

    Attributes:
        notional: Price times size, exactly.
        fee_currency: What the fee was taken from.
        realized_pnl: Realized by it, quote units, fees not counted.
        timestamp: When, Unix seconds.
    """

    notional: Money
    fee_currency: str
    realized_pnl: Money
    timestamp: float


class PaperPosition(Position):
    """Position with what else the paper engine knows of it.

    Attributes:
        entry_value: What opening it cost, quote units.
        currency: The currency of the margin.
        liquidation_price: Mark price that liquidates it while all else stands still, or None.
    """

    entry_value: Money
    currency: str
    liquidation_price: Money | None = None


def message_of(
    event: AccountEvent, sequence: int, received_time_ns: int, *, is_snapshot: bool = False
) -> tuple[Channel, Message[Any]]:
    """Return the channel and the message of an event."""
    symbol: str | None
    data: Any
    match event:
        case OrderState():
            channel, symbol, data = Channel.ORDERS, event.request.symbol, order_of(event)
            time_ns = event.updated_ns
        case FillEvent():
            channel, symbol, data, time_ns = Channel.FILLS, event.symbol, *_fill(event)
        case PositionChange():
            channel, symbol, data, time_ns = Channel.POSITIONS, event.symbol, *_position(event)
        case BalanceChange():
            channel, symbol, data, time_ns = Channel.ACCOUNT, None, *_account(event)
    name = channel.value
    return channel, enveloped(
        VENUE, name, symbol, data, time_ns, received_time_ns, sequence, is_snapshot
    )


def order_of(state: OrderState) -> PaperOrder:
    """Return an order's payload."""
    request = state.request
    return PaperOrder(
        order_id=state.order_id,
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        status=state.status,
        price=state.price,
        size=state.size,
        filled_size=state.filled_size,
        average_price=state.average_price,
        fee=state.fee,
        time_in_force=request.time_in_force,
        quote_size=request.quote_size,
        trigger_price=request.trigger_price,
        reduce_only=request.reduce_only,
        filled_value=state.filled_value,
        realized_pnl=state.realized_pnl,
        created_time=state.created_ns / 1_000_000_000,
        reason=state.reason,
    )


def _fill(event: FillEvent) -> tuple[PaperFill, int]:
    data = PaperFill(
        fill_id=event.fill_id,
        order_id=event.order_id,
        symbol=event.symbol,
        side=event.side,
        price=event.price,
        size=event.size,
        fee=event.fee,
        liquidity=event.liquidity,
        notional=event.notional,
        fee_currency=event.fee_currency,
        realized_pnl=event.realized_pnl,
        timestamp=event.time_ns / 1_000_000_000,
    )
    return data, event.time_ns


def _position(event: PositionChange) -> tuple[PaperPosition, int]:
    data = PaperPosition(
        symbol=event.symbol,
        side=event.side,
        size=event.size,
        entry_price=event.entry_price,
        leverage=event.leverage,
        margin_mode="crossed",
        mark_price=event.mark_price,
        unrealized_pnl=event.unrealized_pnl,
        entry_value=event.entry_value,
        currency=event.currency,
        liquidation_price=event.liquidation_price,
    )
    return data, event.time_ns


def _account(event: BalanceChange) -> tuple[Account, int]:
    data = Account(
        currency=event.currency,
        balance=event.balance,
        available=event.available,
        frozen=event.frozen,
    )
    return data, event.time_ns
