"""Orders as a trader asks for them, and as the pretend exchange keeps them. No matching here."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from weex_client.errors import InvalidOrderError
from weex_client.models import OrderStatus, Side
from weex_client.simulation.trading_rules import TradingRules

__all__ = ["FINAL", "OrderRequest", "OrderType", "RestingOrder", "TimeInForce"]

OrderType = Literal["limit", "market", "stop", "take_profit", "stop_market", "take_profit_market"]
TimeInForce = Literal["GTC", "IOC", "FOK", "POST_ONLY"]

FINAL: Final = frozenset({"filled", "canceled", "rejected", "expired"})

_TYPES: Final = {
    *("limit", "market", "stop", "take_profit", "stop_market", "take_profit_market"),
}
_WITH_PRICE: Final = frozenset({"limit", "stop", "take_profit"})
_WITH_TRIGGER: Final = frozenset({"stop", "take_profit", "stop_market", "take_profit_market"})
_TIMES: Final = {"GTC", "IOC", "FOK", "POST_ONLY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """Say what a trader wants.

    Attributes:
        symbol: Upper case.
        side: ``buy`` or ``sell``.
        type: ``limit``, ``market``; ``stop`` and ``take_profit`` become limit orders, and
            ``stop_market`` and ``take_profit_market`` market orders, once the last price has
            reached the trigger.
        size: Base units; None only for a market buy by quote amount.
        quote_size: What a market buy may spend, quote units (spot).
        price: The limit, of types that have one.
        trigger_price: When the last price reaches it, the order becomes active.
        time_in_force: ``GTC`` rests, ``IOC`` takes what it can, ``FOK`` all or nothing,
            ``POST_ONLY`` never takes. Market orders are always ``IOC``.
        reduce_only: Never open a position, nor turn one round (contract).
        client_order_id: The trader's own id, unique in the account.
    """

    symbol: str
    side: Side
    type: OrderType = "limit"
    size: Decimal | None = None
    quote_size: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    reduce_only: bool = False
    client_order_id: str | None = None

    def check(self) -> None:
        """Make sure that the parts fit each other; numbers are checked against the rules later.

        Raises:
            InvalidOrderError: If they do not.
        """
        self._expect("side", self.side in ("buy", "sell"), "is 'buy' or 'sell'")
        self._expect("type", self.type in _TYPES, f"is one of {', '.join(sorted(_TYPES))}")
        self._expect(
            "time_in_force", self.time_in_force in _TIMES, f"is one of {', '.join(sorted(_TIMES))}"
        )
        wants_price, wants_trigger = self.type in _WITH_PRICE, self.type in _WITH_TRIGGER
        self._expect("price", (self.price is not None) == wants_price, _only(wants_price))
        has_trigger = self.trigger_price is not None
        self._expect("trigger_price", has_trigger == wants_trigger, _only(wants_trigger))
        is_possible = self.time_in_force != "POST_ONLY" or wants_price
        self._expect("time_in_force", is_possible, "cannot be POST_ONLY")
        if self.quote_size is None:
            self._expect("size", self.size is not None, "is missing")
        else:
            is_spend = self.type == "market" and self.side == "buy" and self.size is None
            self._expect("quote_size", is_spend, "is for market buys without size")

    def _expect(self, name: str, is_so: bool, otherwise: str) -> None:
        if not is_so:
            raise InvalidOrderError(
                f"{name} of a {self.type} order {otherwise}", symbol=self.symbol, field=name
            )


def _only(wanted: bool) -> str:
    return "is missing" if wanted else "must be left out"


@dataclass(slots=True, eq=False)
class RestingOrder:
    """Keep one order, in ticks and lots; only the exchange that made it changes it.

    Attributes:
        lots: What was ordered; grows with the fills of an order by quote amount.
        filled: Filled so far, lots.
        filled_value: Sum of price times lots so far, tick-lots.
        spend: Tick-lots that a market buy by quote amount may cost, or None.
        trigger: Trigger in ticks while the order waits for it, or None.
        fee: Paid so far, in quote units (spot buys: in base units).
        realized_pnl: Realized so far, quote units, fees not counted.
        reason: Why it ended, where that was not its filling.
    """

    order_id: str
    account: str
    request: OrderRequest
    rules: TradingRules
    is_buy: bool
    price: int | None
    lots: int
    created_ns: int
    spend: int | None = None
    trigger: int | None = None
    status: OrderStatus = "new"
    filled: int = 0
    filled_value: int = 0
    fee: Decimal = field(default_factory=Decimal)
    realized_pnl: Decimal = field(default_factory=Decimal)
    updated_ns: int = 0
    reason: str | None = None

    @property
    def remaining(self) -> int:
        """Return how many lots are not filled yet."""
        return self.lots - self.filled

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more can happen to it."""
        return self.status in FINAL
