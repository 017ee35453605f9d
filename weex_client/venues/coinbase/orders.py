"""What frames of ``full`` and ``user`` say of orders, and what an order is after it. Pure.

The venue tells steps, not states: an order is what it was before, and what happened to it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from weex_client.book import OrderUpdate
from weex_client.errors import DecodeError
from weex_client.models import Fill, Message, OrderStatus, Side, enveloped, validated, validator
from weex_client.protocol import Channel
from weex_client.venues.coinbase.channels import VENUE, CoinbaseChannel
from weex_client.venues.coinbase.order_wire import (
    CoinbaseFill,
    CoinbaseOrder,
    OrderEvent,
    OrderEventFrame,
    OrderMatch,
)

__all__ = [
    "OrderStep",
    "advanced",
    "decode_fills",
    "decode_full",
    "decode_order_steps",
    "decode_user",
    "read_orders",
    "summed",
]

Role = Literal["maker", "taker"]

# Once for all messages: an enumeration looks its members' values up each time.
_FULL: Final = CoinbaseChannel.FULL.value
_USER: Final = CoinbaseChannel.USER.value

_envelope = validator(OrderEventFrame)
_event = validator(OrderEvent)

_FINAL: Final[dict[str, OrderStatus]] = {"filled": "filled", "canceled": "canceled"}


class OrderStep(OrderEvent):
    """One step of one of the account's orders; ``advanced`` says what the order is after it.

    Attributes:
        role: On a match, which of both orders it is.
    """

    role: Role | None = None

    @property
    def identity(self) -> str | None:
        """Return which order this is."""
        return self.order_id


def _read(frame: bytes) -> tuple[OrderEvent, int | None, int | None]:
    """Return an event, its time and its sequence."""
    envelope = validated(_envelope, frame, "order")
    event = validated(_event, frame, "order")
    time_ns = envelope.timestamp if envelope.time is None else envelope.time
    return event, time_ns, envelope.sequence


def decode_full(frame: bytes, received_time_ns: int) -> Sequence[Message[OrderEvent]]:
    """Read a frame of ``full`` as it is.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _events(frame, received_time_ns, _FULL)


def decode_user(frame: bytes, received_time_ns: int) -> Sequence[Message[OrderEvent]]:
    """Read a frame of ``user`` as it is.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _events(frame, received_time_ns, _USER)


def _events(frame: bytes, received_time_ns: int, channel: str) -> Sequence[Message[OrderEvent]]:
    event, time_ns, sequence = _read(frame)
    return (
        enveloped(
            VENUE, channel, event.product_id, event, time_ns, received_time_ns, sequence=sequence
        ),
    )


# The level-3 book.


def read_orders(frame: bytes) -> OrderUpdate:
    """Read what a frame of ``full`` does to the book of orders.

    Raises:
        DecodeError: If the frame does not fit.

    Source:
        Coinbase Exchange, channel ``full`` (sheet, 7).
    """
    event, time_ns, sequence = _read(frame)
    match event.kind:
        case "open":
            return OrderUpdate(
                sequence,
                "open",
                event.order_id,
                event.side,
                event.price,
                event.remaining_size,
                time_ns,
            )
        case "match":
            return OrderUpdate(
                sequence, "match", event.maker_order_id, None, None, event.size, time_ns
            )
        case "done":
            return OrderUpdate(sequence, "done", event.order_id, exchange_time_ns=time_ns)
        case "change":
            return OrderUpdate(
                sequence,
                "change",
                event.order_id,
                event.side,
                event.new_price,
                event.new_size,
                time_ns,
            )
    return OrderUpdate(sequence, "none", exchange_time_ns=time_ns)


# The account's orders.


def _roles(event: OrderEvent) -> tuple[Role, ...]:
    """Return which orders of a match are the account's; both, if it traded with itself."""
    roles: list[Role] = []
    if event.maker_user_id is not None or event.maker_fee_rate is not None:
        roles.append("maker")
    if event.taker_user_id is not None or event.taker_fee_rate is not None:
        roles.append("taker")
    return tuple(roles)


def _side(event: OrderEvent, role: Role) -> Side:
    """Return the side of an order in a match: the maker's is told, the taker's is the other."""
    if event.side is None:
        raise DecodeError("a match without a side")
    if role == "maker":
        return event.side
    return "buy" if event.side == "sell" else "sell"


def _execution(event: OrderEvent, role: Role) -> OrderMatch:
    """Return an execution; its fee is computed, because the wire has the rate alone."""
    price, size, trade_id = event.price, event.size, event.trade_id
    if price is None or size is None or trade_id is None:
        raise DecodeError("a match without trade id, price or size")
    rate = event.maker_fee_rate if role == "maker" else event.taker_fee_rate
    return OrderMatch(trade_id, price, size, None if rate is None else price * size * rate)


def decode_fills(frame: bytes, received_time_ns: int) -> Sequence[Message[Fill]]:
    """Read the account's executions in a frame of ``user``: two if it traded with itself.

    Raises:
        DecodeError: If the frame does not fit.
    """
    event, time_ns, _ = _read(frame)
    if event.kind != "match":
        return ()
    fills: list[Message[Fill]] = []
    for role in _roles(event):
        order_id = event.maker_order_id if role == "maker" else event.taker_order_id
        execution = _execution(event, role)
        data = CoinbaseFill(
            fill_id=f"{execution.trade_id}:{order_id}",
            order_id=order_id or "",
            symbol=event.product_id,
            side=_side(event, role),
            price=execution.price,
            size=execution.size,
            fee=execution.fee,
            liquidity=role,
            trade_id=str(execution.trade_id),
            fee_rate=event.maker_fee_rate if role == "maker" else event.taker_fee_rate,
        )
        fills.append(
            enveloped(VENUE, Channel.FILLS.value, event.product_id, data, time_ns, received_time_ns)
        )
    return fills


def decode_order_steps(frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
    """Read the steps of the account's orders in a frame of ``user``.

    They carry no sequence: the venue counts for each product, not for the account.

    Raises:
        DecodeError: If the frame does not fit.
    """
    event, time_ns, _ = _read(frame)
    return [
        enveloped(VENUE, Channel.ORDERS.value, event.product_id, step, time_ns, received_time_ns)
        for step in _steps(event)
    ]


def _steps(event: OrderEvent) -> Iterator[OrderStep]:
    fields = {name: getattr(event, name) for name in OrderEvent.model_fields}
    if event.kind != "match":
        yield OrderStep.model_construct(**fields)
        return
    for role in _roles(event):
        fields["order_id"] = event.maker_order_id if role == "maker" else event.taker_order_id
        fields["side"] = _side(event, role)
        yield OrderStep.model_construct(**fields, role=role)


def advanced(known: CoinbaseOrder | None, step: OrderStep) -> CoinbaseOrder | None:
    """Return what an order is after a step, or None if the step says nothing new.

    Args:
        known: What it was before; None if nobody has told.
        step: What happened.

    Raises:
        DecodeError: If the step says too little.

    Source:
        Coinbase Exchange, channel ``user`` (sheet, 8).
    """
    order = known or _unknown(step)
    match step.kind:
        case "received":
            if known is not None:
                return None  # read already, and perhaps further on
            return _with(order, settled_size=_ZERO, settled_value=_ZERO, settled_fee=_ZERO)
        case "activate":
            return _with(order, type="stop", stop_price=step.stop_price)
        case "open":
            return _rested(order, step.remaining_size)
        case "match":
            execution = _execution(step, step.role or "maker")
            if any(each.trade_id == execution.trade_id for each in order.matches):
                return None
            return _with(order, matches=(*order.matches, execution))
        case "change":
            return _changed(order, step)
    status = _FINAL.get(step.reason or "", "canceled")
    left = _ZERO if status == "filled" and order.size is not None else step.remaining_size
    over = _rested(order, left)
    return over.model_copy(update={"status": status, "reason": step.cancel_reason or step.reason})


_ZERO: Final = Decimal(0)


def _unknown(step: OrderStep) -> CoinbaseOrder:
    """Return an order of which nothing but a step is known."""
    if step.order_id is None or step.side is None:
        raise DecodeError(f"{step.kind} of an order without id or side")
    is_new = step.kind in ("received", "activate")
    return CoinbaseOrder(
        order_id=step.order_id,
        client_order_id=step.client_oid,
        symbol=step.product_id,
        side=step.side,
        type=step.order_type or "limit",
        status="new",
        price=None if step.kind == "match" else step.price,
        size=step.size if is_new else None,
        funds=step.funds,
    )


def _with(order: CoinbaseOrder, **changes: Any) -> CoinbaseOrder:
    return summed(order.model_copy(update=changes))


def summed(order: CoinbaseOrder) -> CoinbaseOrder:
    """Return an order with its figures added up from its executions.

    What was filled before anybody told is not known: then neither are the sums.
    """
    size, value, fee = order.settled_size, order.settled_value, order.settled_fee
    for each in order.matches:
        size = None if size is None else size + each.size
        value = None if value is None else value + each.price * each.size
        fee = None if fee is None or each.fee is None else fee + each.fee
    status: OrderStatus = order.status
    if status in ("new", "partially_filled"):
        status = "partially_filled" if size or order.matches else "new"
    average = value / size if size and value is not None else None
    return order.model_copy(
        update={
            "status": status,
            "filled_size": size,
            "filled_value": value,
            "average_price": average,
            "fee": fee,
        }
    )


def _rested(order: CoinbaseOrder, left: Decimal | None) -> CoinbaseOrder:
    """Take the venue's word for what is left of an order.

    Where less is left than the executions that were told make up for, some were missed: how much
    is filled is known then, what was paid is not. A word that was overtaken changes nothing.
    """
    if left is None or order.size is None:
        return summed(order)
    told = sum((each.size for each in order.matches), _ZERO)
    settled = order.size - left - told
    if settled > (order.settled_size or _ZERO):
        return _with(order, settled_size=settled, settled_value=None, settled_fee=None)
    if not settled and order.settled_size is None:
        return _with(order, settled_size=_ZERO, settled_value=_ZERO, settled_fee=_ZERO)
    return summed(order)


def _changed(order: CoinbaseOrder, step: OrderStep) -> CoinbaseOrder:
    """Give an order its new size and price; the size on the wire is what rests."""
    changes: dict[str, Any] = {}
    if step.new_size is not None:
        filled = order.filled_size or _ZERO
        changes["size"] = filled + step.new_size
    if step.new_price is not None:
        changes["price"] = step.new_price
    if step.new_funds is not None:
        changes["funds"] = step.new_funds
    return _with(order, **changes)
