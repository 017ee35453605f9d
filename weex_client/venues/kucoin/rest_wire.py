"""KuCoin's answers about an account as the venue spells them; no decisions here: see ``rest``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from weex_client.models import Money
from weex_client.venues.kucoin.wire import Id, Nanoseconds, OptionalMoney

__all__ = ["RestAccount", "RestFill", "RestOrder", "RestPage"]


class RestAccount(BaseModel):
    """One of ``GET /api/v1/accounts``."""

    currency: str
    type: str
    balance: Money
    available: OptionalMoney = None
    holds: OptionalMoney = None
    id: str | None = None


class RestOrder(BaseModel):
    """One of ``GET /api/v1/orders``, or the one of ``GET /api/v1/orders/{id}``."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: Id
    symbol: str
    type: str
    side: Literal["buy", "sell"]
    price: OptionalMoney = None
    size: OptionalMoney = None
    funds: OptionalMoney = None
    dealFunds: OptionalMoney = None
    dealSize: OptionalMoney = None
    fee: OptionalMoney = None
    feeCurrency: str | None = None
    clientOid: str | None = None
    stop: str | None = None
    stopPrice: OptionalMoney = None
    isActive: bool
    cancelExist: bool = False
    createdAt: Nanoseconds | None = None


class RestFill(BaseModel):
    """One of ``GET /api/v1/fills``."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    symbol: str
    tradeId: Id
    orderId: Id
    side: Literal["buy", "sell"]
    price: Money
    size: Money
    fee: OptionalMoney = None
    feeCurrency: str | None = None
    liquidity: str | None = None
    createdAt: Nanoseconds


class RestPage(BaseModel):
    """A page of orders or fills."""

    items: list[dict[str, Any]]
