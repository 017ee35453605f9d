"""Where accounts trade in one symbol's seeded market. How they are told is not known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from weex_client.errors import InvalidOrderError
from weex_client.simulation.account_events import AccountEvent, FillEvent, OrderState
from weex_client.simulation.desk import Desk
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.limit_book import BookSideName, Execution
from weex_client.simulation.market import SymbolMarket
from weex_client.simulation.order_flow import RESERVE_LEVELS
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_rules import TradingRules

__all__ = ["PRICE_BAND", "Trader", "TradingFloor"]

# Positions are valued once a simulated second, as often as anybody would look.
_MARK_STEPS: Final = 10

# A buy above, or a sell below, the fair price by more than this is refused; spot's exchangeInfo
# calls it buyLimitPriceRatio and sellLimitPriceRatio. It also keeps the crowd near its price.
PRICE_BAND: Final = Decimal("0.1")

_SIDES: Final[tuple[tuple[BookSideName, BookSideName], ...]] = (("bid", "ask"), ("ask", "bid"))


class Trader(Protocol):
    """Somebody who lives on a floor and acts by himself."""

    def act(self, floor: TradingFloor) -> None:
        """Do what is due after a step."""


class _Trades(NamedTuple):
    """What accounts traded in one operation.

    Attributes:
        rested: Where the crowd came to their orders.
        taken: Where they took, from the crowd or from each other.
    """

    rested: list[Execution]
    taken: list[Execution]


class TradingFloor:
    """Join the accounts of an exchange to the market of one symbol.

    * Orders that rest are seen by everybody, behind the crowd's at the same price.
    * Orders that take do so from the crowd's book, and are printed on the tape.
    * Whoever of the crowd comes to a better price meets them first.

    Nothing differs from the market without accounts until the first order is placed.

    Args:
        market: The symbol's market.
        exchange: Keeps orders and accounts.
        rules: Of the symbol.
        tell: Gets what happened, in the order of cause.
        trader: Acts after each step, or None.
    """

    def __init__(
        self,
        market: SymbolMarket,
        exchange: PretendExchange,
        rules: TradingRules,
        tell: Callable[[Sequence[AccountEvent]], None],
        trader: Trader | None = None,
    ) -> None:
        exchange.list_symbol(rules)
        self.market = market
        self.rules = rules
        self._exchange = exchange
        self._matcher = exchange.matcher(rules.symbol)
        self._tell = tell
        self._trader = trader
        market.participants = self
        market.book.guests = self._matcher

    def desk(self, account: str) -> Desk:
        """Return an account's orders and ledger."""
        return self._exchange.desks[account]

    # What accounts do.

    def place(self, account: str, request: OrderRequest) -> OrderState:
        """Take an order at the market's current step.

        Raises:
            OrderRejectedError: If it is refused; a subclass says why. Nothing has changed then.
        """
        self._check_band(request)
        now_ns = self.market.time_ns
        # A stop that the last price has reached already is refused: so it must be known.
        told = self._see_price(self.market.last, now_ns)
        told += self._show(now_ns)
        try:
            state, events = self._exchange.submit(account, request, now_ns)
            told += events
            taken = self._trades_of(events).taken
            self.market.print(self._follow_up(taken, told, now_ns))
        finally:
            self._close(told)
        desk = self.desk(account)
        # What it set off can have changed it.
        return desk.state(desk.orders[state.order_id])

    def cancel(self, account: str, order_id: str) -> OrderState:
        """Cancel an order.

        Raises:
            UnknownOrderError: If the account has no such order.
            OrderClosedError: If it is over.
        """
        events = self._exchange.cancel(account, order_id, self.market.time_ns)
        self._close(events)
        desk = self.desk(account)
        return desk.state(desk.orders[order_id])

    def see_mark(self) -> None:
        """Value positions at the mark; accounts that are worth too little are liquidated."""
        market = self.market
        price = self.rules.price(market.mark)
        self._close(self._exchange.see_mark(self.rules.symbol, price, market.time_ns))

    # What the market does.

    def meet(self, executions: list[Execution], now_ns: int) -> list[Execution]:
        """Let what the crowd did in a step meet the accounts' orders.

        Returns:
            What was traded, by the crowd and with the accounts, in order.
        """
        if self._matcher.is_idle or not self._is_touched(executions):
            return executions
        told = self._show(now_ns)
        traded = self._trades_of(told).rested
        for execution in executions:
            price, lots, buyer_is_maker = execution
            events = self._exchange.see_trade(
                self.rules.symbol, price, lots, now_ns, buyer_is_taker=not buyer_is_maker
            )
            told += events
            trades = self._trades_of(events)
            traded += trades.rested
            # The crowd's taker met our better price first: so much of the crowd's level stays.
            kept = sum(t.lots for t in trades.rested if t.buyer_is_maker == buyer_is_maker)
            self._give_back(execution, kept)
            if lots > kept:
                traded.append(execution._replace(lots=lots - kept))
            traded += self._follow_up(trades.taken, told, now_ns)
        self._close(told)
        return traded

    def act(self) -> None:
        """Value what is open, and let the trader act."""
        if self.market.step % _MARK_STEPS == 0 and self._has_positions():
            self.see_mark()
        if self._trader is not None:
            self._trader.act(self)

    def _is_touched(self, executions: Sequence[Execution]) -> bool:
        """Tell whether a step can concern any order."""
        if executions and self._matcher.has_triggers:
            return True
        book = self.market.book
        bid, ask = self._best("bid"), self._best("ask")
        if bid is not None and (
            bid >= book.asks.best or any(each.price < bid for each in executions)
        ):
            return True
        return ask is not None and (
            ask <= book.bids.best or any(each.price > ask for each in executions)
        )

    def _best(self, name: BookSideName) -> int | None:
        """Return the best price of the accounts' resting orders, or None."""
        return next(iter(self._matcher.levels(name, 1)), None)

    def _has_positions(self) -> bool:
        symbol = self.rules.symbol
        ledgers = (desk.ledger for desk in self._exchange.desks.values())
        return any(
            ledger.has_positions and symbol in ledger.holdings and ledger.holdings[symbol].size
            for ledger in ledgers
        )

    def _check_band(self, request: OrderRequest) -> None:
        """Refuse a limit that is too far on the wrong side of the fair price.

        Raises:
            InvalidOrderError: If it is, or the order's parts do not fit each other.
        """
        request.check()
        if request.price is None or not request.price.is_finite():
            return
        is_buy = request.side == "buy"
        fair = self.rules.price(self.market.fair_ticks)
        limit = fair * (1 + PRICE_BAND if is_buy else 1 - PRICE_BAND)
        if request.price > limit if is_buy else request.price < limit:
            raise InvalidOrderError(
                f"price {request.price} is more than {PRICE_BAND * 100:g} % on the wrong side of"
                f" {fair}, at which {self.rules.symbol} trades",
                symbol=self.rules.symbol,
                field="price",
            )

    # Between the two.

    def _show(self, now_ns: int) -> list[AccountEvent]:
        """Show the crowd's book to the accounts' orders, all but its reserve."""
        book = self.market.book
        bids, asks = (
            side.top(max(0, len(side) - RESERVE_LEVELS)) for side in (book.bids, book.asks)
        )
        return self._exchange.see_book(self.rules.symbol, bids, asks, now_ns)

    def _see_price(self, ticks: int, now_ns: int) -> list[AccountEvent]:
        """Let the accounts see the last price, and stops act on it."""
        return self._exchange.see_trade(self.rules.symbol, ticks, 0, now_ns, buyer_is_taker=True)

    def _follow_up(
        self, taken: list[Execution], told: list[AccountEvent], now_ns: int
    ) -> list[Execution]:
        """Let the accounts' own trades set off the stops that wait for such a price."""
        traded = list(taken)
        while taken:
            events = self._see_price(taken[-1].price, now_ns)
            told += events
            taken = self._trades_of(events).taken
            traded += taken
        return traded

    def _give_back(self, execution: Execution, lots: int) -> None:
        """Let the crowd keep what its taker did not take, where that still fits its book."""
        book = self.market.book
        side, other = (book.bids, book.asks) if execution.buyer_is_maker else (book.asks, book.bids)
        key = execution.price * side.sign
        if lots and key < -other.keys[-1]:
            side.set(key, side.lots.get(key, 0) + lots)

    def _close(self, told: Sequence[AccountEvent]) -> None:
        """Take out of the crowd's book what was taken, let nothing cross, and tell the accounts."""
        book = self.market.book
        for name, other in _SIDES:
            side = book.side(name)
            for price, lots in self._matcher.taken(name).items():
                key = price * side.sign
                side.set(key, side.lots[key] - lots)
            best = self._best(other)
            if best is not None:
                self.market.make_room(name, best)
        self._exchange.forget_book(self.rules.symbol)
        book.sequence += sum(isinstance(event, OrderState) for event in told)
        if told:
            self._tell(told)

    def _trades_of(self, events: Sequence[AccountEvent]) -> _Trades:
        """Return what was traded; a maker's fill behind a taker's is the same trade."""
        rules, trades = self.rules, _Trades([], [])
        for event in events:
            if not isinstance(event, FillEvent):
                continue
            is_maker = event.liquidity == "maker"
            if is_maker and trades.taken:
                continue
            price, lots = rules.ticks(event.price), rules.lots(event.size)
            execution = Execution(price, lots, (event.side == "buy") == is_maker)
            (trades.rested if is_maker else trades.taken).append(execution)
        return trades
