"""Orders as Coinbase Exchange tells of them, step by step, and as they are told here.

The names on the left are ours, the aliases the venue's. No decisions here: see ``orders``.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, model_validator

from weex_client.models import Fill, Money, Order, Payload, Side
from weex_client.venues.coinbase.times import seconds_text_ns
from weex_client.venues.coinbase.wire import AS_THE_VENUE_SPELLS, Id, Moment, Number

__all__ = ["CoinbaseFill", "CoinbaseOrder", "OrderEvent", "OrderEventFrame", "OrderMatch"]


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

    model_config = AS_THE_VENUE_SPELLS

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
    time: Moment | None = None
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
