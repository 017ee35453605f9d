"""The pretend exchange: accounts, their orders, and one matcher a symbol. Time comes in.

Driven by a live market (paper trading) or by the seeded one (the sandbox); it changes neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from weex_client.errors import (
    InvalidOrderError,
    OrderClosedError,
    OrderRejectedError,
    UnknownOrderError,
)
from weex_client.models import OrderStatus, Side
from weex_client.simulation.account_events import AccountEvent, OrderState
from weex_client.simulation.desk import Desk
from weex_client.simulation.ledger import ContractLedger, Ledger
from weex_client.simulation.limit_book import LimitBook
from weex_client.simulation.matching import Hit, Matcher, Plan
from weex_client.simulation.order_entry import checked, expiry, fit_to_position, made, rests
from weex_client.simulation.orders import OrderRequest, RestingOrder
from weex_client.simulation.position import Holding
from weex_client.simulation.trading_rules import EXACT, TradingRules

__all__ = ["PretendExchange"]

# As long as a venue's; a trader sees at once that these are not one's own.
_FIRST_ORDER_ID: Final = 700_000_000_000_000_000

# Levels of a seeded book that orders are matched with: as many as are ever published.
_PUBLISHED_LEVELS: Final = 200

ZERO = Decimal(0)


class PretendExchange:
    """Take orders of several accounts, match them by price and time, and book what happens.

    * Resting orders fill at their own price, takers at the prices they hit.
    * A watched book and watched trades fill orders too, as somebody outside who never notices:
      a resting order fills when a trade goes *through* its price or the book's other side
      reaches it, by the size there. What was taken stays taken until the book says otherwise.
    * Self-trade: a resting order in the way of another one of the same account is cancelled,
      and the new one goes on.
    * Every refused operation leaves everything as it was.

    Each method that changes something returns what happened, in the order of cause.
    """

    def __init__(self) -> None:
        self.desks: dict[str, Desk] = {}
        self._rules: dict[str, TradingRules] = {}
        self._matchers: dict[str, Matcher] = {}
        self._marks: dict[str, Decimal] = {}
        self._last_id = _FIRST_ORDER_ID
        self._news: list[AccountEvent] = []
        self._now_ns = 0

    # What there is.

    def list_symbol(self, rules: TradingRules) -> None:
        """Let a symbol be traded; listing it again changes nothing."""
        if rules.symbol not in self._rules:
            self._rules[rules.symbol] = rules
            self._matchers[rules.symbol] = Matcher()

    def open_account(self, account: str, ledger: Ledger) -> Desk:
        """Open an account, and return its desk.

        Raises:
            ValueError: If there is one of that name.
        """
        if account in self.desks:
            raise ValueError(f"there is an account {account!r} already")
        desk = self.desks[account] = Desk(account, ledger)
        return desk

    def rules(self, symbol: str) -> TradingRules:
        """Return a symbol's rules.

        Raises:
            InvalidOrderError: If the symbol is not listed.
        """
        if symbol not in self._rules:
            raise InvalidOrderError(f"{symbol} is not listed", symbol=symbol, field="symbol")
        return self._rules[symbol]

    def matcher(self, symbol: str) -> Matcher:
        """Return a symbol's matcher, to look at."""
        self.rules(symbol)
        return self._matchers[symbol]

    # What traders do.

    def submit(
        self, account: str, request: OrderRequest, now_ns: int
    ) -> tuple[OrderState, list[AccountEvent]]:
        """Take an order.

        Returns:
            The order as it is now, and all that happened.

        Raises:
            OrderRejectedError: If it is refused; a subclass says why. Nothing has changed then.
        """
        self._now_ns = now_ns
        desk = self.desks[account]
        rules = self.rules(request.symbol)
        order = made(request, rules, desk, str(self._last_id + 1), now_ns)
        if order.trigger is not None:
            if self._matchers[request.symbol].would_trigger(order):
                raise InvalidOrderError(
                    f"the last price has reached the trigger {request.trigger_price} already",
                    symbol=request.symbol,
                    field="trigger_price",
                )
            self._accept(desk, order)
            self._matchers[request.symbol].await_trigger(order)
        else:
            plan = self._checked_plan(desk, order)
            self._accept(desk, order)
            self._execute(desk, order, plan)
            self._trigger(request.symbol)
        self._tidy(request.symbol)
        events = self._told()
        return desk.state(order), events

    def cancel(self, account: str, order_id: str, now_ns: int) -> list[AccountEvent]:
        """Cancel an order.

        Raises:
            UnknownOrderError: If the account has no such order.
            OrderClosedError: If it is over.
        """
        self._now_ns = now_ns
        desk = self.desks[account]
        order = desk.orders.get(order_id)
        if order is None:
            raise UnknownOrderError(f"there is no order {order_id}", symbol=None, order_id=order_id)
        if order.is_final:
            raise OrderClosedError(
                f"order {order_id} is {order.status}",
                symbol=order.request.symbol,
                order_id=order_id,
                status=order.status,
            )
        self._close(order, "canceled", "canceled by its owner")
        return self._told()

    def cancel_all(
        self, account: str, now_ns: int, symbol: str | None = None, reason: str = "canceled"
    ) -> list[AccountEvent]:
        """Cancel every open order of an account, or those of one symbol."""
        self._now_ns = now_ns
        for order in list(self.desks[account].open_orders.values()):
            if symbol in (None, order.request.symbol):
                self._close(order, "canceled", reason)
        return self._told()

    # What is restored.

    @property
    def last_id(self) -> int:
        """Return the last id given to an order or a fill."""
        return self._last_id

    def restore(self, orders: Iterable[RestingOrder], last_id: int) -> None:
        """Take back orders that were kept elsewhere, oldest first; ledgers are restored before.

        Nobody is told: this is what was so already.
        """
        self._last_id = max(self._last_id, last_id)
        for order in orders:
            desk, matcher = self.desks[order.account], self._matchers[order.rules.symbol]
            desk.add(order)
            if order.is_final:
                desk.close(order)
            elif order.trigger is not None:
                matcher.await_trigger(order)
            else:
                matcher.rest(order)
                desk.hold(order, order.remaining)

    # What is seen of a market outside.

    def see_book(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], now_ns: int
    ) -> list[AccountEvent]:
        """Show the watched book: lots by price in ticks."""
        self._now_ns = now_ns
        matcher = self._matchers[symbol]
        matcher.see_book(bids, asks)
        while (hit := matcher.next_crossed()) is not None:
            self._book_maker(hit)
            self._tidy(symbol)
        return self._told()

    def see_limit_book(self, symbol: str, book: LimitBook, now_ns: int) -> list[AccountEvent]:
        """Show the seeded market's book as the watched one, as deep as it is published."""
        bids, asks = book.bids.top(_PUBLISHED_LEVELS), book.asks.top(_PUBLISHED_LEVELS)
        return self.see_book(symbol, bids, asks, now_ns)

    def forget_book(self, symbol: str) -> None:
        """Forget the watched book: nothing can be taken until it is seen again."""
        self._matchers[symbol].forget_book()

    def see_trade(
        self, symbol: str, price: int, lots: int, now_ns: int, *, buyer_is_taker: bool
    ) -> list[AccountEvent]:
        """Show somebody's trade, in ticks and lots; it sets the last price."""
        self._now_ns = now_ns
        matcher = self._matchers[symbol]
        lots = matcher.see_trade(price, lots, buyer_is_taker)
        while (hit := matcher.next_swept(price, lots)) is not None:
            lots -= hit.lots
            self._book_maker(hit)
            self._tidy(symbol)
        self._trigger(symbol)
        self._tidy(symbol)
        return self._told()

    def see_mark(self, symbol: str, price: Decimal, now_ns: int) -> list[AccountEvent]:
        """Value a symbol; accounts that are worth too little are liquidated at their marks."""
        self._now_ns = now_ns
        rules = self.rules(symbol)
        self._marks[symbol] = price
        for desk in self.desks.values():
            if symbol in desk.ledger.holdings:
                desk.ledger.mark(rules, price)
                if isinstance(desk.ledger, ContractLedger):
                    self._liquidate(desk, desk.ledger, rules.quote)
        return self._told()

    # An order's way.

    def _checked_plan(self, desk: Desk, order: RestingOrder) -> Plan:
        symbol = order.request.symbol
        plan = self._matchers[symbol].plan(order, self._capacity)
        return checked(plan, order, self._rules[symbol], desk.ledger)

    def _capacity(self, order: RestingOrder) -> int | None:
        """Return what an order that only reduces can still close, None for all others."""
        if not order.request.reduce_only:
            return None
        return self.desks[order.account].closable(self._rules[order.request.symbol], order)

    def _accept(self, desk: Desk, order: RestingOrder) -> None:
        self._last_id += 1
        desk.add(order)
        self._news.append(desk.state(order))

    def _execute(
        self, desk: Desk, order: RestingOrder, plan: Plan, *, is_matched: bool = True
    ) -> None:
        """Carry a plan out, and let the rest of the order rest or end."""
        symbol = order.request.symbol
        matcher = self._matchers[symbol]
        for own in plan.own:
            self._close(own, "canceled", "self-trade: a newer order of the account took its place")
        for hit in plan.hits:
            if is_matched:
                matcher.carry_out(order.is_buy, hit)
            order.filled += hit.lots
            order.filled_value += hit.lots * hit.price
            if order.spend is not None:
                order.spend -= hit.lots * hit.price
                order.lots = order.filled
            is_last = plan.is_complete and hit is plan.hits[-1]
            order.status = "filled" if is_last else "partially_filled"
            self._book(desk, order, hit, is_maker=False)
            if hit.order is not None:
                self._book_maker(hit)
        if order.status == "filled":
            desk.close(order)
        elif rests(order):
            matcher.rest(order)
            desk.hold(order, order.remaining)
        else:
            self._end(desk, order, "expired", expiry(order))

    def _book_maker(self, hit: Hit) -> None:
        """Book the fill of a resting order, which the matcher has filled."""
        order = hit.order
        if order is None:
            raise ValueError("nobody of ours was hit")
        desk = self.desks[order.account]
        desk.hold(order, -hit.lots)
        order.status = "partially_filled" if order.remaining else "filled"
        self._book(desk, order, hit, is_maker=True)
        if order.status == "filled":
            desk.close(order)

    def _book(self, desk: Desk, order: RestingOrder, hit: Hit, *, is_maker: bool) -> None:
        self._last_id += 1
        fill = desk.book(order, str(self._last_id), hit, self._now_ns, is_maker=is_maker)
        self._news += (fill, desk.state(order))
        holding = desk.ledger.holdings[order.rules.symbol]
        if holding.mark is None:
            holding.mark = self._marks.get(order.rules.symbol)

    def _close(self, order: RestingOrder, status: OrderStatus, reason: str) -> None:
        """Take an order that waits out of the book."""
        desk = self.desks[order.account]
        self._matchers[order.request.symbol].remove(order)
        if order.trigger is None:
            desk.hold(order, -order.remaining)
        self._end(desk, order, status, reason)

    def _end(self, desk: Desk, order: RestingOrder, status: OrderStatus, reason: str) -> None:
        order.status, order.reason, order.updated_ns = status, reason, self._now_ns
        desk.close(order)
        self._news.append(desk.state(order))

    # What follows from a change.

    def _trigger(self, symbol: str) -> None:
        """Send the orders whose trigger was reached; what is refused now ends as rejected."""
        matcher, rules = self._matchers[symbol], self._rules[symbol]
        while (order := matcher.next_triggered()) is not None:
            desk = self.desks[order.account]
            order.trigger, order.updated_ns = None, self._now_ns
            try:
                if order.request.reduce_only:
                    fit_to_position(order, rules, desk)
                plan = self._checked_plan(desk, order)
            except OrderRejectedError as exc:
                self._end(desk, order, "rejected", str(exc))
                continue
            self._news.append(desk.state(order))
            self._execute(desk, order, plan)

    def _tidy(self, symbol: str) -> None:
        """Cut orders that only reduce to the positions that are left."""
        rules, matcher = self._rules[symbol], self._matchers[symbol]
        for desk in self.desks.values():
            for order in desk.reducing(symbol) if desk.has_reducing else ():
                excess = order.remaining - desk.closable(rules, order)
                if order.trigger is not None or excess <= 0:
                    continue
                if excess == order.remaining:
                    self._close(order, "canceled", "the position it would reduce is closed")
                else:
                    matcher.shrink(order, excess)
                    order.updated_ns = self._now_ns
                    self._news.append(desk.state(order))

    def _liquidate(self, desk: Desk, ledger: ContractLedger, currency: str) -> None:
        """Close all positions of an account that is worth too little, at their marks.

        The exchange takes them over; what the wallet then lacks is the exchange's loss.
        """
        if not ledger.is_bankrupt(currency):
            return
        for order in list(desk.open_orders.values()):
            if self._rules[order.request.symbol].quote == currency:
                self._close(order, "canceled", "liquidation")
        for holding in list(ledger.holdings.values()):
            if holding.size and holding.mark is not None and holding.rules.quote == currency:
                self._take_over(desk, holding)
        desk.written_off = EXACT.add(desk.written_off, ledger.write_off(currency))

    def _take_over(self, desk: Desk, holding: Holding) -> None:
        rules, size, mark = holding.rules, holding.size.copy_abs(), holding.mark or ZERO
        is_buy = holding.size < 0
        ticks = EXACT.divide(mark, rules.tick_size)
        price = int(ticks.to_integral_value(ROUND_CEILING if is_buy else ROUND_FLOOR))
        side: Side = "buy" if is_buy else "sell"
        request = OrderRequest(
            symbol=rules.symbol, side=side, type="market", size=size, reduce_only=True
        )
        order = made(request, rules, desk, str(self._last_id + 1), self._now_ns)
        self._accept(desk, order)
        plan = Plan([Hit(price, order.lots, None)], [], order.lots, is_complete=True)
        order.reason = "liquidation"
        self._execute(desk, order, plan, is_matched=False)

    def _told(self) -> list[AccountEvent]:
        """Return what happened, and what positions and balances have come to by it."""
        events, self._news = self._news, []
        for desk in self.desks.values():
            if desk.is_touched:
                events += desk.changes(self._now_ns)
        return events
