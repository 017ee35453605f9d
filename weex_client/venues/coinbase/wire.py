"""Coinbase Exchange frames as the venue spells them, read straight into the final payloads.

The names on the left are ours, the aliases the venue's. No decisions here: see ``codec``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from weex_client.models import Account, Fill, Money, Order, Payload, Side, Ticker, Trade
from weex_client.venues.coinbase.times import seconds_text_ns, time_ns

__all__ = [
    "MAX_ID_LENGTH",
    "BalanceFrame",
    "BookFrame",
    "CoinbaseFill",
    "CoinbaseOrder",
    "CoinbaseTicker",
    "CoinbaseTrade",
    "CurrencyStatus",
    "Heartbeat",
    "HeartbeatFrame",
    "MatchFrame",
    "OrderEvent",
    "OrderEventFrame",
    "OrderMatch",
    "ProductStatus",
    "StatusFrame",
    "TickerFrame",
    "VenueStatus",
]

_AS_THE_VENUE_SPELLS = ConfigDict(validate_by_alias=True, validate_by_name=False)

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

    model_config = _AS_THE_VENUE_SPELLS

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

    model_config = _AS_THE_VENUE_SPELLS

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


class OrderEvent(Payload):
    """One thing that happened to an order: a frame of the channels ``full`` and ``user``.

    Which fields there are depends on ``kind``; what a kind does not have is None.

    Attributes:
        kind: ``received``, ``open``, ``match``, ``done``, ``change`` or ``activate``.
        product_id: The product.
        order_id: The order; None on a match, which has two.
        side: The order's side; on a match the maker's.
        order_type: ``limit`` or ``market`` (received).
        price: Limit price, or the price of a match.
        size: Base units ordered, or matched.
        funds: Quote units that a market order may spend (received, activate).
        remaining_size: What rests (open), or was left over (done).
        reason: ``filled`` or ``canceled`` (done); ``STP`` or ``modify_order`` (change).
        cancel_reason: ``102:Self Trade Prevention`` and the like (done, own orders).
        client_oid: The trader's own id (own orders).
        trade_id: The match's id.
        maker_order_id: The order that rested (match).
        taker_order_id: The order that crossed the spread (match).
        old_size: Before a change.
        new_size: After it.
        old_price: Before a change.
        new_price: After it.
        stop_type: ``entry`` or ``loss`` (activate).
        stop_price: What arms it (activate).
        user_id: Whose it is (own orders).
        maker_user_id: Who rested, if it was you.
        taker_user_id: Who crossed the spread, if it was you.
        maker_fee_rate: Your fee as a fraction, 0.005 is fifty basis points.
        taker_fee_rate: The same, if you took.
    """

    model_config = _AS_THE_VENUE_SPELLS

    kind: Literal["received", "open", "match", "done", "change", "activate"] = Field(
        validation_alias="type"
    )
    product_id: str
    order_id: Id | None = None
    side: Side | None = None
    order_type: str | None = None
    price: Money | None = None
    size: Money | None = None
    funds: Money | None = None
    remaining_size: Money | None = None
    reason: str | None = None
    cancel_reason: str | None = None
    # Documentation once printed it with a hyphen (sheet, 7).
    client_oid: Id | None = Field(None, validation_alias=AliasChoices("client_oid", "client-oid"))
    trade_id: int | None = None
    maker_order_id: Id | None = None
    taker_order_id: Id | None = None
    old_size: Money | None = None
    new_size: Money | None = None
    old_price: Money | None = None
    new_price: Money | None = None
    old_funds: Money | None = None
    new_funds: Money | None = None
    stop_type: str | None = None
    stop_price: Money | None = None
    user_id: str | None = None
    profile_id: str | None = None
    maker_user_id: str | None = None
    taker_user_id: str | None = None
    maker_fee_rate: Money | None = None
    taker_fee_rate: Money | None = None

    @model_validator(mode="after")
    def _names_its_order(self) -> OrderEvent:
        if self.kind == "match":
            has_all = None not in (self.maker_order_id, self.taker_order_id, self.price, self.size)
        else:
            has_all = self.order_id is not None
        if not has_all or (self.kind == "open" and None in (self.side, self.price)):
            raise ValueError(f"a {self.kind} without its order, price or size")
        return self


class OrderEventFrame(BaseModel):
    """The envelope of ``OrderEvent``; ``activate`` has no sequence, and its own time."""

    product_id: str
    time: Annotated[int, BeforeValidator(_required_ns)] | None = None
    timestamp: Annotated[int, BeforeValidator(seconds_text_ns)] | None = None
    sequence: Number | None = None


class OrderMatch(NamedTuple):
    """One execution of an order: ids count for each product anew."""

    trade_id: int
    price: Money
    size: Money
    fee: Money | None


class CoinbaseOrder(Order):
    """Order with what only Coinbase says.

    Attributes:
        funds: Quote units that a market order may spend.
        stop_price: What arms it, or None.
        reason: Why it is over, or None: ``filled``, ``canceled`` or ``102:Self Trade Prevention``.
        filled_value: Price times size of its executions, quote units; None if not known.
        matches: Its executions, as far as they are known one by one.
        settled_size: Filled by executions that are not among ``matches``, base units.
        settled_value: Their price times size, quote units.
        settled_fee: Their fees, quote units.
    """

    funds: Money | None = None
    stop_price: Money | None = None
    reason: str | None = None
    filled_value: Money | None = None
    matches: tuple[OrderMatch, ...] = ()
    settled_size: Money | None = None
    settled_value: Money | None = None
    settled_fee: Money | None = None


class CoinbaseFill(Fill):
    """Fill with what only Coinbase says.

    ``fill_id`` is the trade's id and the order's: trade ids count for each product anew, and if
    both orders of a trade are yours, it is two fills.

    Attributes:
        trade_id: The trade's id.
        fee_rate: What ``fee`` was computed with: 0.005 is fifty basis points; None where the
            venue told the amount itself.
    """

    trade_id: str
    fee_rate: Money | None = None


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
