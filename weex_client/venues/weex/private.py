"""WEEX V3 account frames to messages: balances, orders, fills, positions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from weex_client.models import (
    Account,
    Fill,
    Message,
    Order,
    OrderStatus,
    Payload,
    Position,
    enveloped,
    validated,
    validator,
)
from weex_client.protocol import Channel
from weex_client.venues.weex.codec import VENUE
from weex_client.venues.weex.wire import (
    AccountItem,
    FillItem,
    OrderItem,
    PositionItem,
    PrivateFrame,
    WeexAccount,
    WeexFill,
    WeexOrder,
    WeexPosition,
)

__all__ = [
    "decode_account",
    "decode_fills",
    "decode_orders",
    "decode_positions",
    "order_status",
    "ratio",
]

_frame = validator(PrivateFrame)

# Whose symbol, what, and when in milliseconds.
_Item = tuple[str | None, Payload, int | None]

# Final states; everything else is alive and counts as partially filled once something filled.
_FINAL: Final[dict[str, OrderStatus]] = {
    "FILLED": "filled",
    "FULL_FILL": "filled",
    "CANCELED": "canceled",
    "EXPIRED": "expired",
    "REJECTED": "rejected",
    "CANCELLED": "canceled",
}


def decode_account(frame: bytes, received_time_ns: int) -> Sequence[Message[Account]]:
    """Read ``account``, one message a balance.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _messages(frame, received_time_ns, Channel.ACCOUNT, _account)


def decode_orders(frame: bytes, received_time_ns: int) -> Sequence[Message[Order]]:
    """Read ``orders``, one message an order.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _messages(frame, received_time_ns, Channel.ORDERS, _order)


def decode_fills(frame: bytes, received_time_ns: int) -> Sequence[Message[Fill]]:
    """Read ``fill``, one message a fill.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _messages(frame, received_time_ns, Channel.FILLS, _fill)


def decode_positions(frame: bytes, received_time_ns: int) -> Sequence[Message[Position]]:
    """Read ``positions``, one message a position.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _messages(frame, received_time_ns, Channel.POSITIONS, _position)


def _messages(
    frame: bytes,
    received_time_ns: int,
    channel: Channel,
    read_item: Callable[[dict[str, Any]], _Item],
) -> Sequence[Message[Any]]:
    envelope = validated(_frame, frame, channel)
    items = [validated(read_item, fields, channel) for fields in envelope.d]
    items.sort(key=lambda item: item[2] or 0)
    return [
        enveloped(
            VENUE,
            channel.value,
            symbol,
            data,
            (envelope.E if updated_ms is None else updated_ms) * 1_000_000,
            received_time_ns,
            envelope.v,
        )
        for symbol, data, updated_ms in items
    ]


def _account(fields: dict[str, Any]) -> tuple[str | None, Account, int | None]:
    item = AccountItem.model_validate(fields)
    data = WeexAccount(
        currency=item.coin,
        balance=item.balance,
        available=item.available,
        frozen=item.frozen,
        margin_mode=_lower(item.marginMode),
        pending_deposit=item.pendingDepositAmount,
        pending_withdraw=item.pendingWithdrawAmount,
        liquidating=item.liquidating,
        isolated_position_id=_id(item.isolatedPositionId),
    )
    return None, data, item.updatedTime


def _order(fields: dict[str, Any]) -> tuple[str | None, Order, int | None]:
    item = OrderItem.model_validate(fields)
    data = WeexOrder(
        order_id=item.id,
        client_order_id=item.clientOrderId or None,
        symbol=item.symbol.upper(),
        side=item.orderSide,
        type=item.type.lower(),
        status=order_status(item.status, item.cumFillSize),
        price=item.price or None,
        size=item.size or None,
        filled_size=item.cumFillSize,
        average_price=ratio(item.cumFillValue, item.cumFillSize),
        fee=item.cumFillFee,
        status_text=item.status,
        position_side=item.positionSide,
        time_in_force=item.timeInForce,
        quote_size=item.value or None,
        reduce_only=item.reduceOnly,
        trigger_price=item.triggerPrice or None,
        realized_pnl=item.cumRealizePnl,
        # Live orders carry this word too (captures of 2026-04).
        cancel_reason=None
        if item.cancelReason == "UNKNOWN_ORDER_CANCEL_REASON"
        else item.cancelReason,
    )
    return data.symbol, data, item.updatedTime


def order_status(word: str, filled_size: Decimal) -> OrderStatus:
    """Derive the state: the venue has no word of its own for a partly filled order.

    Every word that is not final, ``CANCELING`` among them, leaves it as the fills have made it.
    """
    final = _FINAL.get(word.upper())
    if final is not None:
        return final
    return "partially_filled" if filled_size > 0 else "new"


def _fill(fields: dict[str, Any]) -> tuple[str | None, Fill, int | None]:
    item = FillItem.model_validate(fields)
    direction = (item.direction or "").upper()
    data = WeexFill(
        fill_id=item.id,
        order_id=item.orderId,
        symbol=item.symbol.upper(),
        side=item.orderSide,
        price=ratio(item.fillValue, item.fillSize),
        size=item.fillSize,
        fee=item.fillFee,
        liquidity="maker" if direction == "MAKER" else "taker" if direction == "TAKER" else None,
        notional=item.fillValue,
        position_side=item.positionSide,
        realized_pnl=item.realizePnl,
    )
    return data.symbol, data, item.createdTime


def _position(fields: dict[str, Any]) -> tuple[str | None, Position, int | None]:
    item = PositionItem.model_validate(fields)
    data = WeexPosition(
        symbol=item.symbol.upper(),
        side="long" if item.side == "LONG" else "short",
        size=item.size,
        entry_price=ratio(item.openValue, item.size),
        leverage=item.leverage,
        margin_mode=_lower(item.marginMode),
        position_id=item.id,
        entry_value=item.openValue,
        currency=item.coin,
        separated_mode=_lower(item.separatedMode),
    )
    return data.symbol, data, item.updatedTime


def ratio(value: Decimal, size: Decimal) -> Decimal | None:
    """Return the average price of a size that cost a value; None where there is no size."""
    return value / size if size else None


def _id(text: str | None) -> str | None:
    return None if text in (None, "", "0") else text  # an empty text and "0" are none (sheet, 8.1)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
