"""Who stands at which price of a seeded book, order by order. The market knows sizes alone.

The crowd's sizes are dealt out to orders that nobody placed, so that every change of the book and
every trade has an order that it happened to. Orders of accounts stand among them as they are.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from weex_client.sandbox.coinbase.happenings import Execution, Happening, Kind, OwnOrder
from weex_client.simulation import (
    DepthChange,
    DepthWindow,
    FillEvent,
    OrderState,
    SymbolMarket,
    TradePrint,
)
from weex_client.simulation.trading_rules import TradingRules

__all__ = ["OrderQueues"]


# Deeper than any book of the seeded market.
ALL_LEVELS: Final = 1_000_000

# Live engines stood at some 10^9; a test that confuses two products should notice.
_FIRST_TRADE_ID: Final = 1_000_000

# A level of the first picture is dealt out to so many orders at most.
_MOST_AT_FIRST: Final = 3

# The newest executions of accounts are kept, for those who ask for their fills.
_KEPT_EXECUTIONS: Final = 10_000
_KEPT_MATCHES: Final = 1_000


_Queues = dict[int, dict[str, int]]


class OrderQueues:
    """The orders of one product, followed step by step.

    Args:
        market: The product's market, current.
        rules: Turns prices and sizes of accounts into ticks and lots.
        states: The accounts' orders that are not over.
        recent: What has just happened to some of them and will be noted next: the book shows it
            already.

    Attributes:
        window: The whole book as it was last followed.
        change: What the last step changed in it, or None.
        sequence: The product's counter.
        trade_id: The newest match's number.
        matches: The newest matches and when they were, oldest first.
        executions: Those of accounts, oldest first.
    """

    def __init__(
        self,
        market: SymbolMarket,
        rules: TradingRules,
        states: Iterable[OrderState] = (),
        recent: Sequence[OrderState | FillEvent] = (),
    ) -> None:
        self.window = DepthWindow(market.book, ALL_LEVELS)
        self.change: DepthChange | None = None
        self.sequence = market.book.sequence
        self.trade_id = _FIRST_TRADE_ID + market.tape.count
        self.matches: deque[tuple[Happening, int]] = deque(maxlen=_KEPT_MATCHES)
        self.executions: deque[Execution] = deque(maxlen=_KEPT_EXECUTIONS)
        self._market = market
        self._rules = rules
        self._printed = market.tape.count
        self._names = f"{market.instrument.symbol}/{market.book.sequence}"
        self._named = 0
        self._sides: dict[bool, _Queues] = {True: {}, False: {}}
        self._own: dict[str, OwnOrder] = {}
        self._states: list[OrderState] = []
        self._fills: list[FillEvent] = []
        for state in states:
            self._own[state.order_id] = OwnOrder(state)
        for is_buy, levels in ((True, self.window.bids), (False, self.window.asks)):
            for price, lots in levels.items():
                _, owned = self._crowd(is_buy, price)
                if lots > owned:
                    self._sides[is_buy][price] = dict(self._dealt_out(lots - owned))
        self._opened()
        news = {each.order_id for each in recent if isinstance(each, OrderState)}
        for order_id in news & self._own.keys():
            own = self._own.pop(order_id)  # its place is kept free until it is noted
            if own.rests and own.state.price is not None:
                self._rest(own.is_buy, self._rules.ticks(own.state.price), own.name, 0)
        self._printed -= sum(
            isinstance(each, FillEvent) and each.liquidity == "taker" for each in recent
        )
        for trade in market.tape.newest(1):
            match = self._match(trade, self._name(), self._name(), trade.lots)
            self.matches.append((match, trade.time_ns))

    @property
    def last(self) -> tuple[Happening, int] | None:
        """Return the newest match and when it was, or None."""
        return self.matches[-1] if self.matches else None

    def note(self, event: OrderState | FillEvent) -> None:
        """Hear what happened to an account's order; it is shown with the next step."""
        if isinstance(event, OrderState):
            self._states.append(event)
        else:
            self._fills.append(event)

    def orders(self, is_buy: bool) -> Iterator[tuple[int, str, int]]:
        """Yield price, order and lots of a side, best price first and first come first."""
        queues = self._sides[is_buy]
        for price in sorted(queues, reverse=is_buy):
            for name, lots in queues[price].items():
                yield price, name, lots

    def step(self) -> list[Happening]:
        """Follow the market to where it is now."""
        happened: list[Happening] = []
        states, self._states = self._states, []
        for state in states:
            own = self._own.get(state.order_id)
            if own is None:
                own = self._own[state.order_id] = OwnOrder(state)
                happened.append(self._received(own))
            own.state = state
        for trade in self._market.tape.since(self._printed):
            happened += self._trade(trade)
        self._printed = self._market.tape.count
        self._fills.clear()
        happened += self._ended()
        change = self.change = self.window.advance(self._market.book)
        if change is not None:
            touched = ((True, change.bids), (False, change.asks))
            happened += [each for side in touched for each in self._shrunk(*side)]
            happened += self._opened()
            happened += [each for side in touched for each in self._grown(*side)]
        else:
            happened += self._opened()
        return happened

    # Trades.

    def _trade(self, trade: TradePrint) -> list[Happening]:
        """Return what a print was: one match for each order that it took from."""
        maker_is_buy = trade.buyer_is_maker
        maker = self._own_of(trade, "maker", maker_is_buy)
        taker = self._own_of(trade, "taker", not maker_is_buy)
        happened: list[Happening] = []
        taker_id = self._name() if taker is None else taker.name
        if taker is None:
            happened.append(self._happens("received", taker_id, not maker_is_buy, None, trade.lots))
        parts = [(maker.name, trade.lots)] if maker is not None else None
        if parts is None:
            parts, lacking = self._first_in_line(trade)
            if lacking:
                name = self._name()
                happened += self._open(name, maker_is_buy, trade.price, lacking)
                parts.append((name, lacking))
        elif maker is not None and maker.name not in self._queue(maker_is_buy, trade.price):
            happened += self._open(maker.name, maker_is_buy, trade.price, trade.lots, maker)
        for name, lots in parts:
            happened += self._matched(trade, name, taker_id, lots, maker, taker)
        if taker is None:
            happened.append(
                self._happens("done", taker_id, not maker_is_buy, None, None, reason="filled")
            )
        return happened

    def _own_of(self, trade: TradePrint, role: str, is_buy: bool) -> OwnOrder | None:
        """Return the account's order that a print was an execution of, if it was one."""
        for index, fill in enumerate(self._fills):
            if (
                fill.liquidity == role
                and (fill.side == "buy") == is_buy
                and self._rules.ticks(fill.price) == trade.price
                and self._rules.lots(fill.size) == trade.lots
            ):
                del self._fills[index]
                return self._own.get(fill.order_id)
        return None

    def _first_in_line(self, trade: TradePrint) -> tuple[list[tuple[str, int]], int]:
        """Return which orders of the crowd a print took from, and what they lack for it."""
        parts, left = [], trade.lots
        own = {each.name for each in self._own.values()} if self._own else frozenset()
        for name, lots in self._queue(trade.buyer_is_maker, trade.price).items():
            if left and name not in own:
                parts.append((name, min(lots, left)))
                left -= parts[-1][1]
        return parts, left

    def _matched(
        self,
        trade: TradePrint,
        name: str,
        taker_id: str,
        lots: int,
        maker: OwnOrder | None,
        taker: OwnOrder | None,
    ) -> Iterator[Happening]:
        self.trade_id += 1
        self.sequence += 1
        match = self._match(trade, name, taker_id, lots)._replace(
            state=None if maker is None else maker.state,
            taker_state=None if taker is None else taker.state,
        )
        self.matches.append((match, trade.time_ns))
        for own, is_maker in ((maker, True), (taker, False)):
            if own is not None:
                self.executions.append(
                    Execution(self.trade_id, own.state, trade.price, lots, is_maker, trade.time_ns)
                )
        yield match
        left = self._queue(trade.buyer_is_maker, trade.price)[name] - lots
        self._rest(trade.buyer_is_maker, trade.price, name, left)
        if not left and maker is None:
            yield self._happens("done", name, trade.buyer_is_maker, trade.price, 0, reason="filled")

    def _match(self, trade: TradePrint, name: str, taker_id: str, lots: int) -> Happening:
        return Happening(
            "match",
            self.sequence,
            name,
            trade.buyer_is_maker,
            trade.price,
            lots,
            taker_id,
            self.trade_id,
        )

    # Orders of accounts.

    def _received(self, own: OwnOrder) -> Happening:
        request = own.state.request
        price = None if request.price is None else self._rules.ticks(request.price)
        lots = None if request.size is None else self._rules.lots(request.size)
        if request.trigger_price is not None:
            # Outside the counter, as everything that only its owner hears (sheet, 5).
            return Happening(
                "activate", self.sequence, own.name, own.is_buy, price, lots, state=own.state
            )
        return self._happens("received", own.name, own.is_buy, price, lots, state=own.state)

    def _ended(self) -> list[Happening]:
        """Take out the accounts' orders that are over."""
        happened = []
        for order_id, own in tuple(self._own.items()):
            state = own.state
            if own.rests or state.status in ("new", "partially_filled"):
                continue
            price = None if state.price is None else self._rules.ticks(state.price)
            if price is not None and own.name in self._queue(own.is_buy, price):
                self._rest(own.is_buy, price, own.name, 0)
            left = None if state.size is None else state.size - state.filled_size
            reason = "filled" if state.status == "filled" else "canceled"
            happened.append(
                self._happens(
                    "done",
                    own.name,
                    own.is_buy,
                    price,
                    self._rules.lots(left) if left else 0,
                    reason=reason,
                    state=state,
                )
            )
            del self._own[order_id]
        return happened

    def _opened(self) -> list[Happening]:
        """Put the accounts' orders that rest into their queues."""
        happened: list[Happening] = []
        for own in self._own.values():
            state = own.state
            if not own.rests or state.price is None or state.size is None:
                continue
            price, left = self._rules.ticks(state.price), state.size - state.filled_size
            if left and own.name not in self._queue(own.is_buy, price):
                happened += self._open(own.name, own.is_buy, price, self._rules.lots(left), own)
        return happened

    # The crowd's.

    def _crowd(self, is_buy: bool, price: int) -> tuple[dict[str, int], int]:
        """Return the crowd's orders at a price, and how many lots of it are accounts'."""
        crowd = dict(self._queue(is_buy, price))
        owned = 0
        for own in self._own.values():
            if own.is_buy == is_buy and own.rests and own.state.price is not None:
                if self._rules.ticks(own.state.price) == price and own.state.size is not None:
                    left = own.state.size - own.state.filled_size
                    owned += self._rules.lots(left) if left else 0
                crowd.pop(own.name, None)
        return crowd, owned

    def _shrunk(self, is_buy: bool, levels: Mapping[int, int]) -> Iterator[Happening]:
        """Let the last of the crowd leave prices where there is less now."""
        for price, total in levels.items():
            crowd, owned = self._crowd(is_buy, price)
            surplus = sum(crowd.values()) - (total - owned)
            for name, lots in reversed(crowd.items()):
                if surplus <= 0:
                    break
                gone = min(lots, surplus)
                surplus -= gone
                self._rest(is_buy, price, name, lots - gone)
                if gone == lots:
                    yield self._happens("done", name, is_buy, price, lots, reason="canceled")
                else:
                    yield self._happens("change", name, is_buy, price, lots - gone, old_lots=lots)

    def _grown(self, is_buy: bool, levels: Mapping[int, int]) -> Iterator[Happening]:
        """Let somebody of the crowd come to prices where there is more now."""
        for price, total in levels.items():
            crowd, owned = self._crowd(is_buy, price)
            lacking = total - owned - sum(crowd.values())
            if lacking > 0:
                yield from self._open(self._name(), is_buy, price, lacking)

    def _open(
        self, name: str, is_buy: bool, price: int, lots: int, own: OwnOrder | None = None
    ) -> Iterable[Happening]:
        state = None if own is None else own.state
        happened = []
        if own is None:
            happened.append(self._happens("received", name, is_buy, price, lots))
        happened.append(self._happens("open", name, is_buy, price, lots, state=state))
        self._rest(is_buy, price, name, lots)
        return happened

    # Parts.

    def _queue(self, is_buy: bool, price: int) -> dict[str, int]:
        return self._sides[is_buy].get(price, {})

    def _rest(self, is_buy: bool, price: int, name: str, lots: int) -> None:
        queue = self._sides[is_buy].setdefault(price, {})
        if lots:
            queue[name] = lots
        else:
            del queue[name]
        if not queue:
            del self._sides[is_buy][price]

    def _happens(
        self,
        kind: Kind,
        name: str,
        is_buy: bool,
        price: int | None,
        lots: int | None,
        *,
        reason: str | None = None,
        old_lots: int | None = None,
        state: OrderState | None = None,
    ) -> Happening:
        self.sequence += 1
        return Happening(
            kind,
            self.sequence,
            name,
            is_buy,
            price,
            lots,
            reason=reason,
            old_lots=old_lots,
            state=state,
        )

    def _dealt_out(self, lots: int) -> Iterator[tuple[str, int]]:
        count = min(lots, 1 + lots % _MOST_AT_FIRST)
        for index in range(count, 0, -1):
            part = lots // index
            lots -= part
            yield self._name(), part

    def _name(self) -> str:
        self._named += 1
        digits = hashlib.blake2b(
            f"{self._names}/{self._named}".encode(), digest_size=16
        ).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
