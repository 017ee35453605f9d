"""Coinbase Exchange REST answers as the venue spells them. No decisions here: see ``rest``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from weex_client.models import Money, Side
from weex_client.venues.coinbase.wire import MAX_ID_LENGTH, Moment

__all__ = ["RestBook", "RestFill", "RestOrder"]

_Text = Annotated[str, BeforeValidator(str), Field(max_length=MAX_ID_LENGTH)]


class RestOrder(BaseModel):
    """One order, of ``GET /orders`` and ``GET /orders/{id}``."""

    id: _Text
    client_oid: str | None = None
    product_id: str
    side: Side
    type: str
    status: str
    price: Money | None = None
    size: Money | None = None
    funds: Money | None = None
    filled_size: Money
    executed_value: Money | None = None
    fill_fees: Money | None = None
    stop_price: Money | None = None
    done_reason: str | None = None
    created_at: Moment | None = None
    done_at: Moment | None = None


class RestFill(BaseModel):
    """One execution, of ``GET /fills``."""

    trade_id: int
    order_id: _Text
    product_id: str
    side: Side
    price: Money
    size: Money
    fee: Money | None = None
    liquidity: Literal["M", "T", "O"] | None = None
    created_at: Moment


class RestBook(BaseModel):
    """All resting orders, of ``GET /products/{id}/book?level=3``: price, size, order id."""

    sequence: Annotated[int, Field(ge=0)]
    bids: list[tuple[Money, Money, str]]
    asks: list[tuple[Money, Money, str]]
