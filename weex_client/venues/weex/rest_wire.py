"""WEEX V3 REST answers about an account as the venue spells them. No decisions here: see ``rest``.

The shapes are those that independent clients read (ccxt 4.5.90, ``weex.py``: comments with answers
of 2026-04) and that the sheet names (sections 3 and 8). Ids are numbers above 2**53 here, texts in
frames.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from weex_client.models import Money
from weex_client.venues.weex.wire import Milliseconds, OrderSide

__all__ = ["ContractBalance", "RestFill", "RestOrder", "RestPosition", "SpotBalance", "SpotState"]


def _id_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_id_text)]


class SpotBalance(BaseModel):
    """One element of ``balances`` of the spot account."""

    asset: str
    free: Money
    locked: Money


class SpotState(BaseModel):
    """``GET /api/v3/account/``."""

    balances: list[SpotBalance]
    updateTime: Milliseconds | None = None


class ContractBalance(BaseModel):
    """One element of ``GET /capi/v3/account/balance``."""

    asset: str
    balance: Money
    availableBalance: Money | None = None
    frozen: Money | None = None


class RestPosition(BaseModel):
    """One element of ``GET /capi/v3/account/position/allPosition``."""

    id: Id
    symbol: str
    side: Literal["LONG", "SHORT"]
    size: Money
    openValue: Money
    coin: str | None = Field(None, validation_alias=AliasChoices("asset", "coin"))
    leverage: Money | None = None
    marginMode: str | None = Field(None, validation_alias=AliasChoices("marginType", "marginMode"))
    separatedMode: str | None = None
    updatedTime: Milliseconds | None = None


class RestOrder(BaseModel):
    """One order; ``cummulativeQuoteQty`` on spot is ``cumQuote`` on contract."""

    orderId: Id
    clientOrderId: str | None = None
    symbol: str
    side: OrderSide
    positionSide: str | None = None
    type: str
    status: str
    price: Money | None = None
    origQty: Money
    executedQty: Money
    quote: Money = Field(validation_alias=AliasChoices("cumQuote", "cummulativeQuoteQty"))
    timeInForce: str | None = None
    reduceOnly: bool | None = None
    stopPrice: Money | None = None
    updateTime: Milliseconds | None = None


class RestFill(BaseModel):
    """One element of ``myTrades`` (spot) and ``userTrades`` (contract)."""

    id: Id
    orderId: Id
    symbol: str
    price: Money
    qty: Money
    quoteQty: Money | None = None
    commission: Money | None = None
    side: OrderSide | None = None
    isBuyer: bool | None = Field(None, validation_alias=AliasChoices("isBuyer", "buyer"))
    maker: bool | None = Field(None, validation_alias=AliasChoices("maker", "isMaker"))
    positionSide: str | None = None
    realizedPnl: Money | None = None
    time: Milliseconds
