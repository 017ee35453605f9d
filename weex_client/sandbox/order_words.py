"""Orders as a test spells them, and as it gets them back. Nothing trades here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from weex_client.errors import InvalidOrderError
from weex_client.models import Order, Side
from weex_client.simulation.account_events import OrderState
from weex_client.simulation.orders import OrderRequest, OrderType, TimeInForce

__all__ = ["Number", "exactly", "order_of", "request_of"]

Number = Decimal | int | str
"""A number without rounding; a ``float`` near a price is a bug."""


def request_of(
    *,
    symbol: str,
    side: Side,
    type: OrderType | None,  # noqa: A002 - as the contract calls it
    size: Number | None,
    price: Number | None,
    quote_size: Number | None,
    trigger_price: Number | None,
    time_in_force: TimeInForce,
    reduce_only: bool,
    client_order_id: str | None,
) -> OrderRequest:
    """Return an order; without a type it is a limit order where there is a price.

    Raises:
        InvalidOrderError: If a number is none.
    """

    def number(value: Number | None, name: str) -> Decimal | None:
        return None if value is None else exactly(value, name, symbol)

    return OrderRequest(
        symbol=symbol.upper(),
        side=side,
        type=type or ("market" if price is None else "limit"),
        size=number(size, "size"),
        price=number(price, "price"),
        quote_size=number(quote_size, "quote_size"),
        trigger_price=number(trigger_price, "trigger_price"),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        client_order_id=client_order_id,
    )


def order_of(state: OrderState) -> Order:
    """Return an order as its owner's client would read it, were it of no venue."""
    request = state.request
    return Order(
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
    )


def exactly(value: Number, name: str, symbol: str | None = None) -> Decimal:
    """Return a number as it is spelled.

    Raises:
        InvalidOrderError: If it is none, or a float, whose digits nobody meant.
    """
    try:
        if isinstance(value, Decimal | int | str):
            return Decimal(value)
    except InvalidOperation:
        pass
    raise InvalidOrderError(
        f"{name} is a Decimal, an int or a string of digits, not {value!r}",
        symbol=symbol,
        field=name,
    )
