"""KuCoin's account frames to messages: orders, fills, stop orders, balances.

No I/O. What fills have cost is kept by order, because the venue tells no average price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar

from pydantic import TypeAdapter

from weex_client.errors import DecodeError
from weex_client.models import (
    Account,
    Fill,
    Message,
    Order,
    OrderStatus,
    enveloped,
    exact_json,
    validated,
)
from weex_client.protocol import Channel
from weex_client.venues.kucoin.channels import VENUE, KucoinChannel
from weex_client.venues.kucoin.wire import (
    BalanceItem,
    KucoinAccount,
    KucoinFill,
    KucoinOrder,
    OrderItem,
    PrivateFrame,
    StopItem,
)

__all__ = [
    "FilledValues",
    "OrderReader",
    "decode_balances",
    "decode_fills",
    "decode_stop_orders",
    "liquidity",
    "positive",
]

T = TypeVar("T")

_frame = TypeAdapter(PrivateFrame).validate_python
_order = TypeAdapter(OrderItem).validate_python
_stop = TypeAdapter(StopItem).validate_python
_balance = TypeAdapter(BalanceItem).validate_python

# What an order's event makes of it (sheet, 8.1). A match that leaves nothing is followed by
# ``filled``: only that says it, once.
_FINAL: Final[dict[str, OrderStatus]] = {"filled": "filled", "canceled": "canceled"}
_ALIVE: Final = frozenset({"received", "open", "match", "update"})
# A stop order's (sheet, 8.3); other words are documented without a meaning.
_STOP_STATUS: Final[dict[str, OrderStatus]] = {
    "open": "new",
    "triggered": "new",
    "received": "new",
    "update": "new",
    "match": "partially_filled",
    "filled": "filled",
    "cancel": "canceled",
    "canceled": "canceled",
}

# Orders of which it is known what their fills have cost; nobody has so many open.
_KEPT_ORDERS: Final = 5_000


class FilledValues:
    """What the fills of each order have cost so far, as far as all of them were seen."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Decimal, Decimal]] = {}

    def note(self, order_id: str, filled_size: Decimal, value: Decimal) -> None:
        """Take the venue's word for what an order's fills have cost."""
        self._known.pop(order_id, None)
        self._known[order_id] = (filled_size, value)
        if len(self._known) > _KEPT_ORDERS:
            del self._known[next(iter(self._known))]

    def average(self, item: OrderItem) -> Decimal | None:
        """Return the average price of an order's fills after an event, None if it is not known.

        A repeat changes nothing; behind a fill that was not seen, nothing is known any more.
        """
        filled_size = item.filledSize
        if not filled_size:
            return None
        known_size, value = self._known.get(item.orderId, (Decimal(0), Decimal(0)))
        if filled_size > known_size:
            price, size = item.matchPrice, item.matchSize
            if price is None or size is None or known_size + size != filled_size:
                return None
            value += price * size
            self.note(item.orderId, filled_size, value)
            return value / filled_size
        return value / known_size if filled_size == known_size else None

    def forget(self, order_id: str) -> None:
        """Let go of an order that is over."""
        self._known.pop(order_id, None)


class OrderReader:
    """Read orders of one account, frame after frame.

    Args:
        values: What fills have cost, shared with those who read orders by request.
    """

    def __init__(self, values: FilledValues) -> None:
        self._values = values

    def decode(self, frame: bytes, received_time_ns: int) -> Sequence[Message[Order]]:
        """Read ``orderChange``: one order after an event.

        Raises:
            DecodeError: If the frame does not fit.
        """
        item = _item(_order, frame, Channel.ORDERS)
        filled_size = item.filledSize or Decimal(0)
        status = _FINAL.get(item.type)
        if status is None:
            if item.type not in _ALIVE:
                raise DecodeError(f"orders: no known event {item.type!r:.30}")
            status = "partially_filled" if filled_size > 0 else "new"
        average_price = self._values.average(item)
        if item.type in _FINAL:
            self._values.forget(item.orderId)
        data = KucoinOrder(
            order_id=item.orderId,
            client_order_id=item.clientOid or None,
            symbol=item.symbol,
            side=item.side,
            type=item.orderType.lower(),
            status=status,
            price=positive(item.price),
            size=positive(item.originSize) or positive(item.size),
            filled_size=filled_size,
            average_price=average_price,
            event=item.type,
            remaining_size=item.remainSize,
            canceled_size=item.canceledSize,
            funds=positive(item.originFunds),
        )
        return (
            enveloped(VENUE, Channel.ORDERS.value, item.symbol, data, item.ts, received_time_ns),
        )


def decode_fills(frame: bytes, received_time_ns: int) -> Sequence[Message[Fill]]:
    """Read ``orderChange``: the fill that a ``match`` tells; other events tell none.

    The venue tells no fee with it.

    Raises:
        DecodeError: If the frame does not fit.
    """
    item = _item(_order, frame, Channel.FILLS)
    if item.type != "match":
        return ()
    if item.tradeId is None or item.matchSize is None:
        raise DecodeError("fills: a match without trade id or size")
    data = KucoinFill(
        fill_id=item.tradeId,
        order_id=item.orderId,
        symbol=item.symbol,
        side=item.side,
        price=item.matchPrice,
        size=item.matchSize,
        liquidity=liquidity(item.liquidity),
        fee_type=item.feeType,
    )
    return (enveloped(VENUE, Channel.FILLS.value, item.symbol, data, item.ts, received_time_ns),)


def decode_stop_orders(frame: bytes, received_time_ns: int) -> Sequence[Message[Order]]:
    """Read ``stopOrder``: an order that waits for a price.

    Raises:
        DecodeError: If the frame does not fit.
    """
    item = _item(_stop, frame, KucoinChannel.STOP_ORDERS)
    status = _STOP_STATUS.get(item.type)
    if status is None:
        raise DecodeError(f"stop_orders: no known event {item.type!r:.30}")
    data = KucoinOrder(
        order_id=item.orderId,
        symbol=item.symbol,
        side=item.side,
        type="stop",
        status=status,
        price=positive(item.orderPrice),
        size=positive(item.size),
        event=item.type,
        stop=item.stop,
        stop_price=item.stopPrice,
    )
    channel = KucoinChannel.STOP_ORDERS.value
    return (enveloped(VENUE, channel, item.symbol, data, item.ts, received_time_ns),)


def decode_balances(frame: bytes, received_time_ns: int) -> Sequence[Message[Account]]:
    """Read ``account.balance``: a currency in one of its accounts, which the event names.

    Raises:
        DecodeError: If the frame does not fit.
    """
    item = _item(_balance, frame, Channel.ACCOUNT)
    context = item.relationContext or {}
    data = KucoinAccount(
        currency=item.currency,
        balance=item.total,
        available=item.available,
        frozen=item.hold,
        # ``trade.hold``, ``isolated_BTC-USDT.hold``, or ``other`` alone.
        account=item.relationEvent.partition(".")[0] or "other",
        account_id=item.accountId,
        event=item.relationEvent or None,
        available_change=item.availableChange,
        frozen_change=item.holdChange,
        order_id=_id(context.get("orderId")),
        trade_id=_id(context.get("tradeId")),
    )
    return (enveloped(VENUE, Channel.ACCOUNT.value, None, data, item.time, received_time_ns),)


def _item(validate: Callable[[Any], T], frame: bytes, channel: str) -> T:
    """Read what is inside an account frame; its values stay out of the error's text."""
    envelope = validated(_frame, exact_json(frame, channel), channel)
    return validated(validate, envelope.data, channel)


def _id(value: Any) -> str | None:
    return str(value) if value else None


def liquidity(word: str | None) -> Literal["maker", "taker"] | None:
    """Read who waited and who came; None for any other word."""
    return "maker" if word == "maker" else "taker" if word == "taker" else None


def positive(number: Decimal | None) -> Decimal | None:
    """Return a number, None where the venue says none with a nought."""
    return number or None
