"""Coinbase Exchange frames as the venue spells them, read straight into the final payloads.

The names on the left are ours, the aliases the venue's. No decisions here: see ``codec``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from weex_client.models import Account, Money, Payload, Side, Ticker, Trade
from weex_client.venues.coinbase.times import time_ns

__all__ = [
    "AS_THE_VENUE_SPELLS",
    "MAX_ID_LENGTH",
    "BalanceFrame",
    "BookFrame",
    "CoinbaseTicker",
    "CoinbaseTrade",
    "CurrencyStatus",
    "Heartbeat",
    "HeartbeatFrame",
    "Id",
    "MatchFrame",
    "Moment",
    "Number",
    "ProductStatus",
    "StatusFrame",
    "TickerFrame",
    "VenueStatus",
]

AS_THE_VENUE_SPELLS = ConfigDict(validate_by_alias=True, validate_by_name=False)

# Ids are remembered: a venue must not fill our memory with them. The wire's have 36 characters.
MAX_ID_LENGTH = 128

# Beyond this nobody counts; Python refuses to read numbers of thousands of digits at all.
_MAX_SEQUENCE = 10**30


def _required_ns(text: Any) -> int:
    moment = time_ns(text)
    if moment is None:
        raise ValueError("no time")
    return moment


def _taker_side(maker_side: Any) -> Side:
    # ``side`` of a match is the maker's: 107 of 107 pairs with the ticker's (sheet, 6.2).
    match maker_side:
        case "buy":
            return "sell"
        case "sell":
            return "buy"
    raise ValueError("neither buy nor sell")


Moment = Annotated[int, BeforeValidator(_required_ns)]
MomentOrNever = Annotated[int | None, BeforeValidator(time_ns)]
Number = Annotated[int, Field(ge=0, le=_MAX_SEQUENCE)]
TakerSide = Annotated[Side, BeforeValidator(_taker_side)]
Id = Annotated[str, Field(max_length=MAX_ID_LENGTH)]
# JSON numbers of ``status`` keep their digits: they are read as text before they are numbers.
Figure = Annotated[
    Money, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)
]


class CoinbaseTicker(Ticker):
    """Ticker with what only Coinbase says.

    Attributes:
        volume_30d: Volume of 30 days in base units.
        bid_size: Size at the best bid, base units; absent before 2022.
        ask_size: Size at the best ask, base units; absent before 2022.
        side: The taker's side of the last trade.
        last_size: Size of the last trade, base units.
        trade_id: The last trade's id.
    """

    model_config = AS_THE_VENUE_SPELLS

    last: Money = Field(validation_alias="price")
    bid: Money | None = Field(None, validation_alias="best_bid")
    ask: Money | None = Field(None, validation_alias="best_ask")
    open: Money | None = Field(None, validation_alias="open_24h")
    high: Money | None = Field(None, validation_alias="high_24h")
    low: Money | None = Field(None, validation_alias="low_24h")
    volume: Money | None = Field(None, validation_alias="volume_24h")
    volume_30d: Money | None = None
    bid_size: Money | None = Field(None, validation_alias="best_bid_size")
    ask_size: Money | None = Field(None, validation_alias="best_ask_size")
    side: Side | None = None
    last_size: Money | None = None
    trade_id: int | None = None


class TickerFrame(BaseModel):
    """The envelope of ``ticker``, whose payload stands beside it."""

    product_id: str
    time: Moment | None = None
    sequence: Number | None = None


class CoinbaseTrade(Trade):
    """Trade with what only Coinbase says.

    Attributes:
        maker_order_id: The order that rested.
        taker_order_id: The order that crossed the spread.
    """

    model_config = AS_THE_VENUE_SPELLS

    trade_id: Annotated[str, BeforeValidator(str)] = Field(max_length=MAX_ID_LENGTH)
    price: Money
    size: Money
    side: TakerSide
    timestamp: float = 0.0
    maker_order_id: str | None = None
    taker_order_id: str | None = None


class MatchFrame(BaseModel):
    """The envelope of ``match``, ``last_match`` and ``rfq_match``."""

    type: str
    product_id: str
    time: Moment
    sequence: Number | None = None


class Heartbeat(Payload):
    """One beat of a product.

    Attributes:
        last_trade_id: The newest trade's id: whoever has a lower one has lost trades.
        sequence: The product's newest sequence; a heartbeat consumes none.
    """

    last_trade_id: Number
    sequence: Number


class HeartbeatFrame(BaseModel):
    """The envelope of ``heartbeat``."""

    product_id: str
    time: Moment


# What the book keeps as text: digits with at most one point, no sign, exponent or NaN.
Numeral = Annotated[str, Field(pattern=r"^(?:[0-9]+\.?[0-9]*|\.[0-9]+)$", max_length=64)]


class BookFrame(BaseModel):
    """``snapshot`` and ``l2update``."""

    type: Literal["snapshot", "l2update"]
    product_id: str
    bids: list[tuple[Numeral, Numeral]] = []
    asks: list[tuple[Numeral, Numeral]] = []
    changes: list[tuple[Side, Numeral, Numeral]] = []
    time: MomentOrNever = None

    @model_validator(mode="after")
    def _has_levels(self) -> BookFrame:
        wanted = {"bids", "asks"} if self.type == "snapshot" else {"changes"}
        if not wanted <= self.model_fields_set:
            raise ValueError(f"no {' and '.join(sorted(wanted))}")
        return self


class ProductStatus(Payload):
    """What may be done with one product.

    Attributes:
        id: ``BTC-USD``.
        base_currency: What is traded.
        quote_currency: What is paid.
        base_increment: Step of sizes.
        quote_increment: Step of prices.
        status: ``online`` or why not.
        status_message: More words, or None.
        min_market_funds: Least worth of a market order, quote units.
        post_only: Orders may only rest.
        limit_only: No market orders.
        cancel_only: Nothing but cancels.
    """

    id: str
    base_currency: str
    quote_currency: str
    base_increment: Figure | None = None
    quote_increment: Figure | None = None
    display_name: str | None = None
    status: str | None = None
    status_message: str | None = None
    min_market_funds: Figure | None = None
    post_only: bool | None = None
    limit_only: bool | None = None
    cancel_only: bool | None = None
    fx_stablecoin: bool | None = None


class CurrencyStatus(Payload):
    """What may be done with one currency.

    Attributes:
        id: ``BTC``.
        name: In words.
        min_size: Least amount.
        max_precision: Smallest step.
        status: ``online`` or why not.
        convertible_to: Currencies it can be turned into one by one.
        networks: Ids of the networks it moves on.
    """

    id: str
    name: str | None = None
    min_size: Figure | None = None
    max_precision: Figure | None = None
    status: str | None = None
    status_message: str | None = None
    convertible_to: tuple[str, ...] = ()
    default_network: str | None = None
    networks: tuple[str, ...] = Field(
        (), validation_alias=AliasChoices("supported_networks", "networks")
    )

    @model_validator(mode="before")
    @classmethod
    def _network_ids(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and isinstance(fields.get("supported_networks"), Sequence):
            ids = [
                each["id"]
                for each in fields["supported_networks"]
                if isinstance(each, dict) and isinstance(each.get("id"), str)
            ]
            fields = {**fields, "supported_networks": ids}
        if isinstance(fields, dict) and fields.get("convertible_to", ()) is None:
            fields = {**fields, "convertible_to": ()}
        return fields


class VenueStatus(Payload):
    """What may be done at the venue now.

    Attributes:
        products: What is listed.
        currencies: What it is traded in.
    """

    products: tuple[ProductStatus, ...]
    currencies: tuple[CurrencyStatus, ...] = ()

    def product(self, product_id: str) -> ProductStatus | None:
        """Return the status of a product, or None if it is not listed."""
        return next((each for each in self.products if each.id == product_id), None)


class StatusFrame(BaseModel):
    """The envelope of ``status``, which says no time."""

    type: Literal["status"]


class BalanceFrame(BaseModel):
    """``balance``; documented not to tell every change."""

    account_id: str
    currency: str
    holds: Money
    available: Money
    updated: MomentOrNever = None
    timestamp: MomentOrNever = None

    def account(self) -> Account:
        """Return it as payload."""
        return Account(
            currency=self.currency,
            balance=self.available + self.holds,
            available=self.available,
            frozen=self.holds,
        )
