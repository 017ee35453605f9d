"""Accounts in a seeded market: what they do to it, what it does to them, and that it adds up."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weex_client.errors import InsufficientBalanceError, InvalidOrderError, OrderRejectedError
from weex_client.simulation import Market, Segment, SymbolMarket
from weex_client.simulation.account_events import FillEvent, PositionChange
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.ledger import ContractLedger, Ledger, SpotLedger
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_floor import TradingFloor
from weex_client.simulation.trading_rules import TradingRules

START_NS = 1_790_134_567_942_000_000
SYMBOL = "ETHUSDT"


class Pit:
    """One symbol's market with two accounts in it."""

    def __init__(
        self, segment: Segment = "contract", seed: int = 7, *, joined: bool = True
    ) -> None:
        self.events: list[Any] = []
        self.exchange = PretendExchange()
        for account in ("ann", "bob"):
            ledger: Ledger = ContractLedger(Decimal(20)) if segment == "contract" else SpotLedger()
            ledger.deposit("USDT", Decimal(10_000_000))
            ledger.deposit("ETH", Decimal(1_000))
            self.exchange.open_account(account, ledger)
        self.floor: Any = None
        market = Market(seed, START_NS, [SYMBOL], self._join if joined else None)
        self.market = market.symbol(segment, SYMBOL)
        self.advance(50)
        self.events.clear()

    def _join(self, market: SymbolMarket) -> None:
        rules = TradingRules.of(market.instrument, Decimal("0.0002"), Decimal("0.0008"))
        self.floor = TradingFloor(market, self.exchange, rules, self.events.extend)

    def advance(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.market.advance()
            self.check()

    def check(self) -> None:
        """Make sure that nobody could see a crossed, empty or shallow book."""
        bids, asks = (list(self.market.book.top(side, 15)) for side in ("bid", "ask"))
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
        assert len(self.market.book.bids) > 0 < len(self.market.book.asks)

    def place(self, side: str, lots: int, ticks: int | None = None, **rest: Any) -> Any:
        rules = self.floor.rules
        account = rest.pop("account", "ann")
        request = OrderRequest(
            symbol=SYMBOL,
            side=side,  # type: ignore[arg-type]
            type=rest.pop("type", "market" if ticks is None else "limit"),
            size=rules.size(lots),
            price=None if ticks is None else rules.price(ticks),
            **rest,
        )
        return self.floor.place(account, request)

    def fills(self) -> list[FillEvent]:
        return [event for event in self.events if isinstance(event, FillEvent)]

    def printed(self, since: int) -> list[tuple[int, int, bool]]:
        """Return what was printed on the tape after a number."""
        return [(p.price, p.lots, p.buyer_is_maker) for p in self.market.tape.since(since)]

    def lots_at(self, name: Any, ticks: int) -> int:
        return self.market.book.top(name, 500).get(ticks, 0)


def picture(market: SymbolMarket) -> object:
    return (
        market.book.top("bid", 300),
        market.book.top("ask", 300),
        market.book.sequence,
        market.tape.newest(20),
        market.day(),
        market.candles("1m"),
    )


@pytest.mark.parametrize("segment", ["contract", "spot"])
def test_accounts_without_orders_change_nothing(segment: Any) -> None:
    bare, watched = Pit(segment, joined=False), Pit(segment)
    for pit in (bare, watched):
        pit.advance(500)
    assert picture(bare.market) == picture(watched.market)


def test_a_resting_order_stands_in_the_book_and_leaves_it_when_cancelled() -> None:
    pit = Pit()
    ticks = pit.market.touch.bid - 5
    before, sequence = pit.lots_at("bid", ticks), pit.market.book.sequence
    order = pit.place("buy", 70, ticks)
    assert order.status == "new"
    assert pit.lots_at("bid", ticks) == before + 70
    assert pit.market.book.sequence > sequence
    assert pit.floor.cancel("ann", order.order_id).status == "canceled"
    assert pit.lots_at("bid", ticks) == before


def test_a_better_order_is_the_touch() -> None:
    pit = Pit()
    while pit.market.touch.ask - pit.market.touch.bid < 2:
        pit.advance()
    ticks = pit.market.touch.bid + 1
    pit.place("buy", 3, ticks)
    assert pit.market.touch[:2] == (ticks, 3)


def test_a_taker_takes_from_the_book_and_is_printed() -> None:
    pit = Pit()
    ask, resting = pit.market.touch.ask, pit.market.touch.ask_lots
    since = pit.market.tape.count
    order = pit.place("buy", resting + 1)
    assert order.status == "filled"
    assert pit.lots_at("ask", ask) == 0
    (first, second) = pit.printed(since)
    assert first == (ask, resting, False)
    assert second[1:] == (1, False)
    assert pit.market.last == second[0] > ask
    assert [(fill.price, fill.size) for fill in pit.fills()] == [
        (pit.floor.rules.price(price), pit.floor.rules.size(lots))
        for price, lots, _ in (first, second)
    ]


def test_whoever_trades_meets_the_better_order_first() -> None:
    pit = Pit()
    for _ in range(3):
        while pit.market.touch.ask - pit.market.touch.bid < 2:
            pit.advance()
        ticks = pit.market.touch.bid + 1
        pit.place("buy", 5, ticks)
        pit.events.clear()
        while not pit.fills():
            since = pit.market.tape.count
            pit.advance()
        (fill, *_) = pit.fills()
        assert fill.liquidity == "maker"
        assert (ticks, pit.floor.rules.lots(fill.size), True) in pit.printed(since)


def test_no_trade_goes_through_an_order_that_still_stands() -> None:
    pit = Pit()
    pit.place("buy", 1_000_000, pit.market.touch.bid - 3)
    pit.place("sell", 1_000_000, pit.market.touch.ask + 3, account="bob")
    for _ in range(300):
        since = pit.market.tape.count
        pit.advance()
        bid = next(iter(pit.exchange.matcher(SYMBOL).levels("bid", 1)), 0)
        ask = next(iter(pit.exchange.matcher(SYMBOL).levels("ask", 1)), 10**12)
        for price, _, _ in pit.printed(since):
            assert bid <= price <= ask
    assert pit.fills()


def test_two_accounts_trade_with_each_other_at_one_print() -> None:
    pit = Pit()
    while pit.market.touch.ask - pit.market.touch.bid < 2:
        pit.advance()
    ticks = pit.market.touch.bid + 1
    pit.place("sell", 4, ticks, account="bob")
    since = pit.market.tape.count
    pit.place("buy", 4, ticks)
    assert pit.printed(since) == [(ticks, 4, False)]
    assert Counter(fill.account for fill in pit.fills()) == {"ann": 1, "bob": 1}


def test_a_sweep_of_everything_leaves_a_book_and_the_crowd_comes_back() -> None:
    pit = Pit()
    fair = pit.market.fair_ticks
    order = pit.place("buy", 10**7)
    assert order.status == "expired"
    pit.check()
    assert pit.market.touch.ask > fair
    pit.advance(20)
    assert len(pit.market.book.top("ask", 200)) == 200
    assert abs(pit.market.touch.ask - pit.market.fair_ticks) < fair // 1000


def test_a_great_limit_order_is_never_crossed_and_eats_what_comes() -> None:
    pit = Pit()
    ticks = pit.market.fair_ticks * 1005 // 1000
    pit.place("buy", 5 * 10**6, ticks)
    pit.check()
    assert pit.market.touch.bid == ticks
    assert pit.market.touch.ask > ticks
    before = len(pit.fills())
    pit.advance(3)
    assert len(pit.fills()) > before


def test_prices_far_on_the_wrong_side_are_refused() -> None:
    pit = Pit()
    fair = pit.market.fair_ticks
    for side, ticks in (("buy", fair * 112 // 100), ("sell", fair * 88 // 100)):
        with pytest.raises(InvalidOrderError) as refused:
            pit.place(side, 1, ticks)
        assert refused.value.field == "price"
    assert pit.place("buy", 1, fair * 50 // 100).status == "new"
    assert pit.place("sell", 1, fair * 200 // 100).status == "new"


def test_a_stop_is_set_off_by_the_crowd() -> None:
    pit = Pit()
    trigger = pit.market.last + 4
    order = pit.place(
        "buy",
        10,
        type="stop_market",
        trigger_price=pit.floor.rules.price(trigger),
    )
    assert order.status == "new"
    while not pit.fills():
        since = pit.market.tape.count
        pit.advance()
    assert max(price for price, _, _ in pit.printed(since)) >= trigger
    assert pit.fills()[0].liquidity == "taker"


def test_a_stop_is_set_off_by_another_account_s_trade() -> None:
    pit = Pit()
    trigger = pit.floor.rules.price(pit.market.touch.ask + 3)
    pit.place("buy", 10, type="stop_market", trigger_price=trigger, account="bob")
    since = pit.market.tape.count
    pit.place("buy", 500_000)
    owners = [fill.account for fill in pit.fills()]
    assert owners[-1] == "bob"
    assert len(pit.printed(since)) == len(owners)


def test_a_position_that_is_worth_too_little_is_liquidated() -> None:
    pit = Pit()
    ledger = pit.exchange.desks["ann"].ledger
    ledger.wallets["USDT"] = Decimal(300)
    pit.place("buy", 1_500)
    with pytest.raises(InsufficientBalanceError):
        pit.place("buy", 1_500)
    ledger.wallets["USDT"] = Decimal(30)
    pit.events.clear()
    since = pit.market.tape.count
    pit.advance(10)
    (fill,) = pit.fills()
    # The exchange takes the position over, at the mark: that is no trade of the market.
    assert (pit.floor.rules.ticks(fill.price), 1_500, True) not in pit.printed(since)
    closed = [event for event in pit.events if isinstance(event, PositionChange)][-1]
    assert (closed.account, closed.size) == ("ann", 0)


def test_a_refused_order_leaves_everything_as_it_was() -> None:
    pit = Pit()
    pit.place("buy", 10, pit.market.touch.bid - 4, client_order_id="one")
    pit.events.clear()
    before = picture(pit.market), pit.exchange.desks["ann"].ledger.balance("USDT")
    for refused in (
        {"side": "buy", "lots": 10**9, "ticks": pit.market.touch.ask},
        {"side": "buy", "lots": 1, "client_order_id": "one"},
        {"side": "sell", "lots": 1, "reduce_only": True},
        {"side": "sell", "lots": 1, "ticks": pit.market.touch.bid, "time_in_force": "POST_ONLY"},
    ):
        with pytest.raises(OrderRejectedError):
            pit.place(**refused)  # type: ignore[arg-type]
    assert (picture(pit.market), pit.exchange.desks["ann"].ledger.balance("USDT")) == before
    assert not pit.events


ORDERS = st.tuples(
    st.sampled_from(["buy", "sell"]),
    st.integers(1, 40_000) | st.integers(1, 3_000_000),
    st.none() | st.integers(-60, 60),
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(["GTC", "IOC", "FOK"]),
    st.integers(0, 3),
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 5), st.lists(ORDERS, min_size=1, max_size=25))
def test_whatever_accounts_do_the_book_holds_and_each_fill_is_on_the_tape(
    seed: int, orders: list[tuple[Any, ...]]
) -> None:
    pit = Pit("spot", seed)
    ledgers = [desk.ledger for desk in pit.exchange.desks.values()]
    before = sum(ledger.wallets["ETH"] for ledger in ledgers)
    since = pit.market.tape.count
    placed = []
    for side, lots, offset, account, patience, steps in orders:
        ticks = None if offset is None else pit.market.touch.bid + offset
        with suppress(OrderRejectedError):
            order = pit.place(side, lots, ticks, account=account, time_in_force=patience)
            placed.append((account, order))
        pit.check()
        pit.advance(steps)
    printed = Counter(pit.printed(since))
    rules = pit.floor.rules
    traded: Counter[tuple[int, int, bool]] = Counter()
    makers: Counter[tuple[int, int]] = Counter()
    for fill in pit.fills():
        ticks, lots = rules.ticks(fill.price), rules.lots(fill.size)
        is_maker = fill.liquidity == "maker"
        traded[ticks, lots, (fill.side == "buy") == is_maker] += 1
        makers[ticks, lots] += is_maker
    for trade, count in traded.items():
        # Of a trade between the two accounts each has a fill, and the tape one print.
        assert printed[trade] >= count - makers[trade[:2]]
        assert printed[trade] > 0
    bought = sum(f.size if f.side == "buy" else -f.size for f in pit.fills())
    fees = sum(f.fee for f in pit.fills() if f.fee_currency == "ETH")
    assert sum(ledger.wallets["ETH"] for ledger in ledgers) == before + bought - fees
    for account, order in placed:
        desk = pit.exchange.desks[account]
        state = desk.state(desk.orders[order.order_id])
        own = [fill for fill in pit.fills() if fill.order_id == order.order_id]
        assert state.filled_size == sum(fill.size for fill in own)
