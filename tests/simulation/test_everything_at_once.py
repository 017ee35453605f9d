"""Stops, reduce-only, leverage, marks and liquidations in one random flow: the sums still hold."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.floor import RULES, SYMBOL, Floor
from weex_client.errors import OrderRejectedError

ACCOUNTS = ("ann", "bob")
MONEY = 300

price = st.integers(180, 220).map(lambda ticks: Decimal(ticks) / 2)
levels = st.dictionaries(st.integers(0, 12), st.integers(1, 60), min_size=2, max_size=6)
order = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "side": st.sampled_from(("buy", "sell")),
        "size": st.integers(1, 60).map(lambda lots: Decimal(lots) / 10),
        "kind": st.sampled_from(
            ("limit", "limit", "market", "stop", "take_profit", "stop_market", "take_profit_market")
        ),
        "price": price,
        "trigger_price": price,
        "reduce_only": st.sampled_from((False, False, True)),
        "time_in_force": st.sampled_from(("GTC", "GTC", "IOC", "FOK")),
    }
)
flow = st.lists(
    st.one_of(
        order.map(lambda fields: ("order", fields)),
        order.map(lambda fields: ("order", fields)),
        order.map(lambda fields: ("order", fields)),
        order.map(lambda fields: ("order", fields)),
        st.tuples(st.just("book"), st.tuples(levels, levels)),
        st.tuples(st.just("book"), st.tuples(levels, levels)),
        st.tuples(st.just("trade"), st.tuples(st.integers(180, 220), st.integers(1, 40))),
        st.tuples(st.just("mark"), st.integers(120, 300)),
    ),
    min_size=25,  # else half of them would be shorter than six steps
    max_size=90,
)


def play(floor: Floor, kind: str, what: Any) -> list[Any]:
    """Do one thing and return what happened; what is refused changes nothing."""
    if kind == "book":
        bids = {199 - depth: lots for depth, lots in what[0].items()}
        asks = {200 + depth: lots for depth, lots in what[1].items()}
        return floor.exchange.see_book(SYMBOL, bids, asks, 0)
    if kind == "trade":
        return floor.exchange.see_trade(SYMBOL, *what, 0, buyer_is_taker=bool(what[1] % 2))
    if kind == "mark":
        return floor.exchange.see_mark(SYMBOL, Decimal(what) / 2, 0)
    fields = dict(what)
    fields["type"] = name = fields.pop("kind")
    if name in ("market", "stop_market", "take_profit_market"):
        fields["price"] = None
    if not name.startswith(("stop", "take")):
        fields["trigger_price"] = None
    before = floor.picture()
    try:
        floor.submit(**fields)
    except OrderRejectedError:
        assert floor.picture() == before
        return []
    return floor.events


@settings(max_examples=150, deadline=None)
@given(flow, st.sampled_from((1, 5, 20)))
def test_sums_hold_and_reduce_only_never_turns_a_position(steps: list[Any], leverage: int) -> None:
    floor = Floor(*ACCOUNTS, money=MONEY, leverage=leverage)
    size = dict.fromkeys(ACCOUNTS, Decimal(0))
    paid = dict.fromkeys(ACCOUNTS, Fraction(0))
    for kind, what in steps:
        for event in play(floor, kind, what):
            if not hasattr(event, "fill_id"):
                continue
            account = event.account
            sign = 1 if event.side == "buy" else -1
            old, size[account] = size[account], size[account] + sign * event.size
            paid[account] += sign * Fraction(event.notional) + Fraction(event.fee)
            if floor.exchange.desks[account].orders[event.order_id].request.reduce_only:
                assert abs(size[account]) < abs(old)
                assert old * size[account] >= 0
        for account in ACCOUNTS:
            check(floor, account, size[account], paid[account])


def check(floor: Floor, account: str, size: Decimal, paid: Fraction) -> None:
    desk = floor.exchange.desks[account]
    holding = desk.ledger.holdings.get(SYMBOL)
    wallet = Fraction(desk.ledger.wallets["USDT"]) - Fraction(desk.written_off)
    if holding is None:
        assert wallet == MONEY
        return
    assert holding.size == size
    # What was paid for what is held is its value; all else went through the wallet.
    held = Fraction(holding.value) * (1 if size > 0 else -1)
    assert wallet == MONEY - paid + held
    open_ones = list(map(desk.state, desk.open_orders.values()))
    for state in open_ones:
        waits = state.request.trigger_price is not None and state.order_id in (
            floor.exchange.matcher(SYMBOL)._waiting
        )
        if state.request.reduce_only and not waits:
            assert state.size - state.filled_size <= abs(size)
    assert holding.opening >= 0
    assert floor.balance("USDT", account).available >= 0
    bids, asks = (floor.exchange.matcher(SYMBOL).levels(side, 1) for side in ("bid", "ask"))
    assert not bids or not asks or max(bids) < min(asks)
    assert RULES.unit > 0
