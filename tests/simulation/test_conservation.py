"""Random order flows: no money, no size and no digit is lost; a naive exchange agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.floor import FREE, RULES, SYMBOL, Floor
from weex_client.errors import OrderRejectedError

ACCOUNTS = ("ann", "bob", "cid")
RICH = 10**9

prices = st.integers(180, 220).map(lambda ticks: Decimal(ticks) / 2)
sizes = st.integers(1, 40).map(lambda lots: Decimal(lots) / 10)
orders = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "side": st.sampled_from(("buy", "sell")),
        "size": sizes,
        "price": st.none() | prices,
        "time_in_force": st.sampled_from(("GTC", "GTC", "GTC", "IOC", "FOK", "POST_ONLY")),
    }
)
cancels = st.integers(0, 30)
# Without a least size, half of all lists would be shorter than six steps.
flows = st.lists(st.one_of(orders, orders, orders, cancels), min_size=20, max_size=80)


@dataclass
class NaiveOrder:
    number: int
    account: str
    side: str
    price: Decimal | None
    left: Decimal


@dataclass
class NaiveExchange:
    """Sort the whole book for every order; nothing is kept but a list."""

    resting: list[NaiveOrder] = field(default_factory=list)
    fills: list[tuple[str, str, Decimal, Decimal]] = field(default_factory=list)
    count: int = 0

    def submit(
        self, account: str, side: str, size: Decimal, price: Decimal | None, time_in_force: str
    ) -> bool:
        sign = 1 if side == "buy" else -1
        fits = [
            order
            for order in self.resting
            if order.side != side and (price is None or sign * order.price <= sign * price)
        ]
        fits.sort(key=lambda order: (sign * order.price, order.number))
        others = [order for order in fits if order.account != account]
        if price is None and (not others or time_in_force == "POST_ONLY"):
            return False
        if time_in_force == "POST_ONLY" and others:
            return False
        there = sum((order.left for order in others), Decimal(0))
        self.count += 1
        mine = NaiveOrder(self.count, account, side, price, size)
        if time_in_force != "FOK" or there >= size:
            for order in fits:
                if not mine.left:
                    break
                if order.account == account:
                    self.resting.remove(order)
                    continue
                lots = min(order.left, mine.left)
                self.fills.append((account, order.account, order.price, lots))
                order.left -= lots
                mine.left -= lots
                if not order.left:
                    self.resting.remove(order)
        if mine.left and price is not None and time_in_force in ("GTC", "POST_ONLY"):
            self.resting.append(mine)
        return True


def play(floor: Floor, flow: list[Any], naive: NaiveExchange | None = None) -> list[Any]:
    """Trade a flow; return all fills."""
    fills: list[Any] = []
    accepted: list[tuple[str, str, int]] = []
    for step in flow:
        if isinstance(step, int):
            cancel(floor, accepted, step, naive)
            continue
        before = floor.picture()
        expected = naive is None or naive.submit(
            step["account"], step["side"], step["size"], step["price"], step["time_in_force"]
        )
        try:
            state = floor.submit(**step)
        except OrderRejectedError:
            assert floor.picture() == before
            assert naive is None or not expected
            continue
        assert expected
        accepted.append((step["account"], state.order_id, naive.count if naive else 0))
        fills += [event for event in floor.events if hasattr(event, "fill_id")]
    return fills


def cancel(
    floor: Floor, accepted: list[tuple[str, str, int]], index: int, naive: NaiveExchange | None
) -> None:
    if index >= len(accepted):
        return
    account, order_id, number = accepted[index]
    before = floor.picture()
    try:
        floor.exchange.cancel(account, order_id, 0)
    except OrderRejectedError:
        assert floor.picture() == before
        assert naive is None or all(order.number != number for order in naive.resting)
        return
    if naive is not None:
        naive.resting = [order for order in naive.resting if order.number != number]


@settings(max_examples=300, deadline=None)
@given(flows)
def test_a_naive_exchange_makes_the_same_fills_and_the_same_book(flow: list[Any]) -> None:
    naive = NaiveExchange()
    floor = Floor(*ACCOUNTS, rules=FREE, money=RICH)

    fills = play(floor, flow, naive)

    takers = [fill for fill in fills if fill.liquidity == "taker"]
    makers = [fill for fill in fills if fill.liquidity == "maker"]
    assert [
        (taker.account, maker.account, taker.price, taker.size)
        for taker, maker in zip(takers, makers, strict=True)
    ] == naive.fills
    matcher = floor.exchange.matcher(SYMBOL)
    for side, name in (("buy", "bid"), ("sell", "ask")):
        levels: dict[Decimal, Decimal] = {}
        for order in naive.resting:
            if order.side == side:
                levels[order.price] = levels.get(order.price, Decimal(0)) + order.left
        ours = matcher.levels(name, 99)
        assert {RULES.price(p): RULES.size(lots) for p, lots in ours.items()} == levels


@settings(max_examples=200, deadline=None)
@given(flows, st.sampled_from((1, 3, 7)))
def test_contract_money_and_size_are_conserved_to_the_last_digit(
    flow: list[Any], leverage: int
) -> None:
    floor = Floor(*ACCOUNTS, money=2_000, leverage=leverage)

    fills = play(floor, flow)

    ledgers = [floor.ledger(account) for account in ACCOUNTS]
    held = [ledger.holdings[SYMBOL] for ledger in ledgers if SYMBOL in ledger.holdings]
    assert sum((each.size for each in held), Decimal(0)) == 0
    fees = sum((Fraction(fill.fee) for fill in fills), Fraction(0))
    for mark in (Decimal("91.5"), Decimal("107.5")):
        for ledger in ledgers:
            ledger.mark(RULES, mark)
        worth = sum((Fraction(ledger.equity("USDT")) for ledger in ledgers), Fraction(0))
        assert worth + fees == 2_000 * len(ACCOUNTS)
    for account, ledger in zip(ACCOUNTS, ledgers, strict=True):
        for each in ledger.holdings.values():
            check_totals(ledger, each, [f for f in fills if f.account == account])


def check_totals(ledger: Any, holding: Any, fills: list[Any]) -> None:
    """Money in = money out, in fractions that round nothing."""
    size = sum((f.size if f.side == "buy" else -f.size for f in fills), Decimal(0))
    paid = sum((Fraction(f.notional) * (1 if f.side == "buy" else -1) for f in fills), Fraction(0))
    assert holding.size == size
    held = Fraction(holding.value) * (1 if size > 0 else -1)
    assert Fraction(holding.realized_pnl) == held - paid
    assert Fraction(holding.fees) == sum((Fraction(f.fee) for f in fills), Fraction(0))
    gained = Fraction(holding.realized_pnl) - Fraction(holding.fees)
    assert Fraction(ledger.wallets["USDT"]) == 2_000 + gained
    buying = selling = Decimal(0)
    assert holding.buying >= buying
    assert holding.selling >= selling


@settings(max_examples=200, deadline=None)
@given(flows)
def test_spot_money_and_coins_are_conserved_to_the_last_digit(flow: list[Any]) -> None:
    floor = Floor(*ACCOUNTS, money=2_000, spot=True)
    for account in ACCOUNTS:
        floor.ledger(account).deposit("BTC", Decimal(10))

    fills = play(floor, flow)

    for currency, start in (("USDT", 6_000), ("BTC", 30)):
        held = sum((Fraction(floor.balance(currency, a).balance) for a in ACCOUNTS), Fraction(0))
        fees = sum((Fraction(f.fee) for f in fills if f.fee_currency == currency), Fraction(0))
        assert held + fees == start
    for account in ACCOUNTS:
        for currency in ("USDT", "BTC"):
            balance = floor.balance(currency, account)
            assert balance.available >= 0
            assert balance.available + balance.frozen == balance.balance


@settings(max_examples=200, deadline=None)
@given(flows, st.booleans())
def test_what_is_frozen_is_what_open_orders_need_and_nothing_when_all_are_cancelled(
    flow: list[Any], spot: bool
) -> None:
    floor = Floor(*ACCOUNTS, money=5_000, spot=spot)
    play(floor, flow)
    for account in ACCOUNTS:
        desk = floor.exchange.desks[account]
        value = {"buy": Decimal(0), "sell": Decimal(0)}
        size = Decimal(0)
        for order in map(desk.state, desk.open_orders.values()):
            left = order.size - order.filled_size
            value[order.request.side] += left * order.price
            size += left if order.request.side == "sell" else 0
        if spot:
            assert floor.balance("USDT", account).frozen == value["buy"]
            assert floor.balance("BTC", account).frozen == size
        elif SYMBOL in desk.ledger.holdings:
            holding = desk.ledger.holdings[SYMBOL]
            assert (holding.buying, holding.selling) == (value["buy"], value["sell"])
        floor.exchange.cancel_all(account, 0)
        assert floor.balance("USDT", account).frozen == 0
        assert floor.balance("BTC", account).frozen == 0
    matcher = floor.exchange.matcher(SYMBOL)
    assert matcher.levels("bid", 9) == matcher.levels("ask", 9) == {}


levels = st.dictionaries(st.integers(0, 12), st.integers(1, 20), max_size=6)
outside = st.lists(
    st.one_of(
        orders.map(lambda order: ("order", order | {"account": "ann"})),
        st.tuples(st.just("book"), st.tuples(levels, levels)),
        st.tuples(st.just("trade"), st.tuples(st.integers(186, 214), st.integers(1, 20))),
    ),
    min_size=15,
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(outside)
def test_no_fill_is_better_or_worse_than_the_watched_book_allowed(flow: list[Any]) -> None:
    floor = Floor("ann", money=10**7)
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for kind, what in flow:
        if kind == "order":
            check_taker(floor, what, bids, asks)
        elif kind == "book":
            bids = {199 - depth: lots for depth, lots in what[0].items()}
            asks = {200 + depth: lots for depth, lots in what[1].items()}
            events = floor.exchange.see_book(SYMBOL, bids, asks, 0)
            check_resting(floor, events, min(asks, default=999), max(bids, default=0), "reach")
        else:
            price, lots = what
            events = floor.exchange.see_trade(SYMBOL, price, lots, 0, buyer_is_taker=True)
            filled = [event for event in events if hasattr(event, "fill_id")]
            assert sum((fill.size for fill in filled), Decimal(0)) <= RULES.size(lots)
            check_resting(floor, events, price, price, "through")
    check_no_cross(floor, bids, asks)


def check_taker(
    floor: Floor, order: dict[str, Any], bids: dict[int, int], asks: dict[int, int]
) -> None:
    try:
        floor.submit(**order)
    except OrderRejectedError:
        return
    theirs = asks if order["side"] == "buy" else bids
    for event in floor.events:
        if hasattr(event, "fill_id"):
            assert event.size <= RULES.size(theirs[RULES.ticks(event.price)])
            if order["price"] is not None:
                sign = 1 if order["side"] == "buy" else -1
                assert sign * event.price <= sign * order["price"]


def check_resting(floor: Floor, events: list[Any], ask: int, bid: int, how: str) -> None:
    for event in events:
        if hasattr(event, "fill_id"):
            state = floor.order(event)
            assert event.price == state.price
            assert event.liquidity == "maker"
            ticks = RULES.ticks(event.price)
            if how == "reach":
                assert ticks >= ask if event.side == "buy" else ticks <= bid
            else:
                assert ticks > ask if event.side == "buy" else ticks < bid


def check_no_cross(floor: Floor, bids: dict[int, int], asks: dict[int, int]) -> None:
    matcher = floor.exchange.matcher(SYMBOL)
    ours = matcher.levels("bid", 1), matcher.levels("ask", 1)
    if ours[0] and ours[1]:
        assert max(ours[0]) < min(ours[1])
