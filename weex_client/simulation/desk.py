"""One account at the pretend exchange: its orders, its ledger, and what it was last told."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from weex_client.simulation.account_events import (
    AccountEvent,
    BalanceChange,
    FillEvent,
    OrderState,
    PositionChange,
)
from weex_client.simulation.ledger import Balance, ContractLedger, Ledger
from weex_client.simulation.matching import Hit
from weex_client.simulation.orders import RestingOrder
from weex_client.simulation.position import Holding
from weex_client.simulation.trading_rules import EXACT, TradingRules

__all__ = ["Desk"]

# Orders that are over and still known, for cancels that come late and for ids used twice.
_CLOSED_KEPT: Final = 10_000

_Shape = tuple[Decimal, Decimal, Decimal]


class Desk:
    """Keep one account's orders beside its ledger.

    Attributes:
        orders: By id; of those that are over, the newest 10,000.
        open_orders: Those that are not over, oldest first.
        is_touched: Whether there may be something to tell.
        has_reducing: Whether there ever was an order that only reduces.
        written_off: What the exchange lost on the account's liquidations, quote units.
    """

    def __init__(self, account: str, ledger: Ledger) -> None:
        self.account = account
        self.ledger = ledger
        self.orders: dict[str, RestingOrder] = {}
        self.open_orders: dict[str, RestingOrder] = {}
        self.written_off = Decimal(0)
        self.is_touched = True
        self.has_reducing = False
        self._client_ids: set[str] = set()
        self._closed: deque[RestingOrder] = deque()
        self._reducing: dict[str, dict[str, RestingOrder]] = {}
        self._told_positions: dict[str, _Shape] = {}
        self._told_balances: dict[str, Balance] = {}

    def knows(self, client_order_id: str) -> bool:
        """Tell whether a client order id was used."""
        return client_order_id in self._client_ids

    def add(self, order: RestingOrder) -> None:
        """Note a new order."""
        self.is_touched = True
        self.orders[order.order_id] = self.open_orders[order.order_id] = order
        if order.request.client_order_id is not None:
            self._client_ids.add(order.request.client_order_id)
        if order.request.reduce_only:
            self.has_reducing = True
            self._reducing.setdefault(order.request.symbol, {})[order.order_id] = order

    def close(self, order: RestingOrder) -> None:
        """Note that an order is over; the oldest of too many is forgotten."""
        self.is_touched = True
        del self.open_orders[order.order_id]
        if order.request.reduce_only:
            del self._reducing[order.request.symbol][order.order_id]
        self._closed.append(order)
        if len(self._closed) > _CLOSED_KEPT:
            oldest = self._closed.popleft()
            del self.orders[oldest.order_id]
            self._client_ids.discard(oldest.request.client_order_id or "")

    def hold(self, order: RestingOrder, lots: int) -> None:
        """Hold back, or give back, what some lots of a resting order need."""
        self.is_touched = True
        if order.price is not None and not order.request.reduce_only:
            rules = order.rules
            self.ledger.hold(rules, rules.price(order.price), rules.size(lots), is_buy=order.is_buy)

    def reducing(self, symbol: str) -> list[RestingOrder]:
        """Return the open orders of a symbol that only reduce, oldest first."""
        return list(self._reducing.get(symbol, {}).values())

    def closable(self, rules: TradingRules, order: RestingOrder) -> int:
        """Return how many lots of the account's position an order of its side would close."""
        holding = self.ledger.holdings.get(rules.symbol)
        if holding is None or not holding.size or (holding.size < 0) != order.is_buy:
            return 0
        return rules.lots_below(holding.size.copy_abs())

    def book(
        self, order: RestingOrder, fill_id: str, hit: Hit, now_ns: int, *, is_maker: bool
    ) -> FillEvent:
        """Book one fill of an order in the ledger."""
        self.is_touched = True
        rules = order.rules
        price, size = rules.price(hit.price), rules.size(hit.lots)
        rate = rules.maker_fee_rate if is_maker else rules.taker_fee_rate
        settled = self.ledger.settle(rules, price, size, rate, is_buy=order.is_buy)
        order.fee = EXACT.add(order.fee, settled.fee)
        order.realized_pnl = EXACT.add(order.realized_pnl, settled.realized_pnl)
        order.updated_ns = now_ns
        return FillEvent(
            account=self.account,
            fill_id=fill_id,
            order_id=order.order_id,
            symbol=rules.symbol,
            side=order.request.side,
            price=price,
            size=size,
            notional=EXACT.multiply(price, size),
            fee=settled.fee,
            fee_currency=settled.fee_currency,
            liquidity="maker" if is_maker else "taker",
            realized_pnl=settled.realized_pnl,
            time_ns=now_ns,
        )

    def state(self, order: RestingOrder) -> OrderState:
        """Return an order as it is now."""
        rules = order.rules
        value = rules.notional(order.filled_value)
        filled = rules.size(order.filled)
        is_by_value = order.request.quote_size is not None
        return OrderState(
            account=self.account,
            order_id=order.order_id,
            request=order.request,
            status=order.status,
            price=order.request.price,
            size=None if is_by_value and not order.is_final else rules.size(order.lots),
            filled_size=filled,
            filled_value=value,
            average_price=rules.average(value, filled) if order.filled else None,
            fee=order.fee,
            realized_pnl=order.realized_pnl,
            created_ns=order.created_ns,
            updated_ns=order.updated_ns,
            reason=order.reason,
        )

    def changes(self, now_ns: int) -> list[AccountEvent]:
        """Return positions and balances that are not as last told.

        A new mark alone is nothing to tell: it would be, many times a second.
        """
        self.is_touched = False
        events: list[AccountEvent] = []
        ledger = self.ledger
        if ledger.has_positions:
            for symbol, holding in ledger.holdings.items():
                shape = (holding.size, holding.value, holding.leverage)
                before = self._told_positions.get(symbol)
                if shape != before and (holding.size or (before is not None and before[0])):
                    events.append(self.position(holding, now_ns, before))
                self._told_positions[symbol] = shape
        for currency in ledger.wallets:
            balance = ledger.balance(currency)
            if balance != self._told_balances.get(currency):
                self._told_balances[currency] = balance
                events.append(BalanceChange(self.account, currency, *balance, now_ns))
        return events

    def balances(self, now_ns: int) -> list[AccountEvent]:
        """Return every balance as it is now."""
        return [
            BalanceChange(self.account, currency, *self.ledger.balance(currency), now_ns)
            for currency in self.ledger.wallets
        ]

    def position(
        self, holding: Holding, now_ns: int, before: _Shape | None = None
    ) -> PositionChange:
        """Return a position as it is now."""
        sign = holding.size or (before[0] if before is not None else holding.size)
        return PositionChange(
            account=self.account,
            symbol=holding.rules.symbol,
            currency=holding.rules.quote,
            side="short" if sign < 0 else "long",
            size=holding.size.copy_abs(),
            entry_price=holding.entry_price,
            entry_value=holding.value,
            leverage=holding.leverage,
            mark_price=holding.mark,
            unrealized_pnl=holding.unrealized_pnl,
            liquidation_price=self.ledger.liquidation_price(holding.rules)
            if isinstance(self.ledger, ContractLedger)
            else None,
            time_ns=now_ns,
        )
