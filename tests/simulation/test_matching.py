"""Matching: price, time, what each kind of order does, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulation.floor import RULES, SYMBOL, Floor
from weex_client.errors import (
    DuplicateOrderError,
    InsufficientBalanceError,
    InvalidOrderError,
    NoMarketError,
    OrderClosedError,
    PostOnlyError,
    UnknownOrderError,
)
from weex_client.simulation import instrument_for
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_rules import TradingRules


@pytest.fixture
def floor() -> Floor:
    return Floor("ann", "bob", "cid")


def test_better_price_is_hit_first_then_the_older_order(floor: Floor) -> None:
    late = floor.sell(1, 101, account="bob")
    first = floor.sell(1, 100, account="bob")
    second = floor.sell(1, 100, account="cid")

    taken = floor.buy(2.5, 101)

    assert floor.fills() == [("100.0", "1.0"), ("100.0", "1.0"), ("101.0", "0.5")]
    assert floor.order(first, "bob").status == "filled"
    assert floor.order(second, "cid").status == "filled"
    assert floor.order(late, "bob").status == "partially_filled"
    assert (taken.status, taken.average_price) == ("filled", Decimal("100.20000"))


def test_rest_of_a_limit_order_rests_and_pays_the_makers_fee(floor: Floor) -> None:
    floor.sell(1, 100, account="bob")
    mine = floor.buy(3, 100)
    assert (mine.status, mine.filled_size) == ("partially_filled", Decimal("1.0"))
    assert mine.fee == Decimal("100") * RULES.taker_fee_rate

    floor.sell(2, 99, account="cid")

    assert floor.fills() == [("100.0", "2.0")]  # a resting order fills at its own price
    assert floor.order(mine).fee == 100 * RULES.taker_fee_rate + 200 * RULES.maker_fee_rate


def test_immediate_or_cancel_expires_with_what_it_got(floor: Floor) -> None:
    floor.sell(1, 100, account="bob")
    order = floor.buy(3, 100, time_in_force="IOC")
    assert (order.status, order.filled_size) == ("expired", Decimal("1.0"))
    assert floor.balance().frozen == 0


def test_fill_or_kill_takes_all_or_nothing(floor: Floor) -> None:
    floor.sell(1, 100, account="bob")
    assert floor.buy(2, 100, time_in_force="FOK").filled_size == 0
    assert floor.buy(1, 100, time_in_force="FOK").status == "filled"


def test_post_only_rests_or_is_refused(floor: Floor) -> None:
    floor.sell(1, 100, account="bob")
    before = floor.picture()
    with pytest.raises(PostOnlyError) as refused:
        floor.buy(1, 100, time_in_force="POST_ONLY")
    assert refused.value.best_price == 100
    assert floor.picture() == before
    assert floor.buy(1, "99.5", time_in_force="POST_ONLY").status == "new"


def test_market_order_takes_level_after_level_and_the_rest_expires(floor: Floor) -> None:
    floor.book({}, {100: 1, 102: 1})
    order = floor.buy(3)
    assert floor.fills() == [("100.0", "1.0"), ("102.0", "1.0")]
    assert (order.status, order.average_price) == ("expired", Decimal("101.0"))


def test_market_order_without_a_market_is_refused(floor: Floor) -> None:
    with pytest.raises(NoMarketError) as refused:
        floor.buy(1)
    assert refused.value.retryable


def test_spot_market_buy_spends_a_quote_amount() -> None:
    floor = Floor(spot=True)
    floor.book({}, {100: 1, 102: 1})
    order = floor.buy(quote_size=150)
    assert floor.fills() == [("100.0", "1.0"), ("102.0", "0.4")]
    assert (order.status, order.size, order.filled_value) == (
        "filled",
        Decimal("1.4"),
        Decimal("140.8"),
    )
    with pytest.raises(InvalidOrderError, match="less than"):
        floor.buy(quote_size=1)


def test_spot_buy_that_the_book_cannot_serve_expires() -> None:
    floor = Floor(spot=True)
    floor.book({}, {100: 1})
    assert floor.buy(quote_size=150).status == "expired"


def test_stop_becomes_active_when_the_last_price_reaches_it(floor: Floor) -> None:
    floor.book({99: 5}, {100: 5})
    stop = floor.buy(1, type="stop_market", trigger_price=105)
    assert stop.status == "new"
    floor.trade("104.5", 1, buyer_is_taker=True)
    assert floor.order(stop).status == "new"
    floor.trade(105, 1, buyer_is_taker=True)
    assert floor.order(stop).status == "filled"
    assert floor.fills() == [("100.0", "1.0")]


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "last"),
    [
        ("buy", "stop_market", 105, 105),
        ("sell", "stop_market", 95, 95),
        ("buy", "take_profit_market", 95, 95),
        ("sell", "take_profit_market", 105, 105),
    ],
)
def test_triggers_look_the_right_way(
    floor: Floor, side: Any, kind: Any, trigger: int, last: int
) -> None:
    floor.book({99: 5}, {100: 5})
    floor.trade(100, 1)
    order = floor.submit(side, 1, type=kind, trigger_price=trigger)
    floor.trade(200 - last, 1)
    assert floor.order(order).status == "new"
    floor.trade(last, 1)
    assert floor.order(order).status == "filled"


def test_stop_limit_rests_at_its_price_once_triggered(floor: Floor) -> None:
    floor.book({99: 5}, {100: 5})
    order = floor.buy(1, 98, type="stop", trigger_price=105)
    assert floor.balance().frozen == 0
    floor.trade(105, 1)
    assert floor.order(order).status == "new"
    assert floor.exchange.matcher(SYMBOL).levels("bid", 9) == {196: 10}
    assert floor.balance().frozen > 0


def test_trigger_that_was_reached_already_is_refused(floor: Floor) -> None:
    floor.trade(100, 1)
    with pytest.raises(InvalidOrderError, match="already"):
        floor.buy(1, type="stop_market", trigger_price=99)


def test_triggered_order_that_nobody_can_pay_ends_as_rejected() -> None:
    floor = Floor(money=150)
    floor.book({99: 5}, {100: 5})
    order = floor.buy(2, type="stop_market", trigger_price=105)
    before = floor.balance()
    floor.trade(105, 1)
    assert floor.order(order).status == "rejected"
    assert "available" in floor.order(order).reason
    assert floor.balance() == before


def test_cancelled_triggers_are_forgotten(floor: Floor) -> None:
    for _ in range(300):
        order = floor.buy(1, type="stop_market", trigger_price=105)
        floor.exchange.cancel("ann", order.order_id, 1)
    matcher = floor.exchange.matcher(SYMBOL)
    assert len(matcher._rising) <= 65
    floor.book({99: 5}, {100: 5})
    assert floor.trade(106, 1) == []


def test_own_resting_order_is_cancelled_when_met(floor: Floor) -> None:
    mine = floor.sell(1, 100)
    floor.sell(1, 101, account="bob")
    taker = floor.buy(1, 101)
    assert floor.order(mine).status == "canceled"
    assert "self-trade" in floor.order(mine).reason
    assert taker.status == "filled"
    assert floor.fills() == [("101.0", "1.0")]


def test_cancel_gives_back_what_was_frozen(floor: Floor) -> None:
    before = floor.balance()
    order = floor.buy(1, 100)
    assert floor.balance().available == before.available - 100 - 100 * RULES.taker_fee_rate
    floor.exchange.cancel("ann", order.order_id, 9)
    assert floor.balance() == before
    assert floor.order(order).status == "canceled"


def test_cancel_of_what_is_over_or_unknown_is_refused(floor: Floor) -> None:
    floor.book({}, {100: 5})
    order = floor.buy(1, 100)
    before = floor.picture()
    with pytest.raises(OrderClosedError) as closed:
        floor.exchange.cancel("ann", order.order_id, 9)
    with pytest.raises(UnknownOrderError):
        floor.exchange.cancel("bob", order.order_id, 9)
    assert closed.value.status == "filled"
    assert floor.picture() == before


def test_client_order_id_may_be_used_once(floor: Floor) -> None:
    floor.buy(1, 90, client_order_id="a")
    with pytest.raises(DuplicateOrderError):
        floor.buy(1, 91, client_order_id="a")
    floor.buy(1, 91, client_order_id="a", account="bob")


BAD: list[dict[str, Any]] = [
    {"size": 0},
    {"size": -1},
    {"size": "NaN"},
    {"size": "Infinity"},
    {"size": "0.15"},
    {"size": "1E+400"},
    {"price": 0},
    {"price": -5},
    {"price": "100.3"},
    {"price": "NaN"},
    {"price": "1E-400"},
    {"type": "market"},
    {"type": "stop"},
    {"type": "stop", "price": None, "trigger_price": 100},
    {"type": "iceberg"},
    {"trigger_price": 100},
    {"quote_size": 5},
    {"size": None},
    {"size": None, "price": None, "type": "market", "quote_size": 10},
    {"price": None, "type": "market", "time_in_force": "POST_ONLY"},
    {"time_in_force": "GTX"},
    {"side": "long"},
    {"reduce_only": True},
    {"symbol": "NOPEUSDT"},
]


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_order_that_makes_no_sense_is_refused_and_nothing_changes(
    floor: Floor, wrong: dict[str, Any]
) -> None:
    floor.book({99: 5}, {100: 5})
    floor.buy(1, 98)
    before = floor.picture()
    asked: dict[str, Any] = {"symbol": SYMBOL, "side": "buy", "size": 1, "price": 99} | wrong
    for name in ("size", "price", "trigger_price", "quote_size"):
        if asked.get(name) is not None:
            asked[name] = Decimal(str(asked[name]))
    with pytest.raises(InvalidOrderError) as refused:
        floor.exchange.submit("ann", OrderRequest(**asked), 5)
    assert refused.value.field
    assert floor.picture() == before


def test_order_beyond_the_money_is_refused_and_nothing_changes() -> None:
    floor = Floor(money=100)
    floor.book({99: 5}, {100: 5})
    before = floor.picture()
    for price in (None, 98, 101):
        with pytest.raises(InsufficientBalanceError) as refused:
            floor.buy(2, price)
        assert refused.value.needed > refused.value.available == 100
    assert floor.picture() == before


# A book that is only watched.


def test_resting_order_fills_only_when_a_trade_goes_through_its_price(floor: Floor) -> None:
    order = floor.buy(2, 100)
    floor.trade(100, 9)
    assert floor.order(order).filled_size == 0
    floor.trade("99.5", "0.5")
    assert floor.fills() == [("100.0", "0.5")]
    floor.trade("99.5", 9)
    assert floor.order(order).status == "filled"


def test_one_trade_fills_several_orders_by_price_and_time_and_never_more_than_its_size(
    floor: Floor,
) -> None:
    second = floor.sell(1, 101)
    first = floor.sell(1, 100, account="bob")
    floor.trade(105, "1.5", buyer_is_taker=True)
    assert floor.order(first, "bob").status == "filled"
    assert floor.order(second).filled_size == Decimal("0.5")


def test_resting_order_fills_by_the_size_that_crosses_it_once(floor: Floor) -> None:
    order = floor.buy(3, 100)
    floor.book({99: 5}, {"99.5": 1, 101: 5})
    assert floor.fills() == [("100.0", "1.0")]
    floor.book({99: 5}, {"99.5": 1, 101: 5})
    assert floor.fills() == []
    floor.book({99: 5}, {"99.5": "1.5", 101: 5})
    assert floor.fills() == [("100.0", "0.5")]
    assert floor.order(order).filled_size == Decimal("1.5")


def test_what_was_taken_stays_taken_until_the_level_was_gone(floor: Floor) -> None:
    floor.book({}, {100: 2, 101: 9})
    floor.buy(2)
    floor.book({}, {100: 2, 101: 9})
    floor.buy(1)
    assert floor.fills() == [("101.0", "1.0")]
    floor.book({}, {101: 9})
    floor.book({}, {100: 2, 101: 9})
    floor.buy(1)
    assert floor.fills() == [("100.0", "1.0")]


def test_level_that_shrinks_below_what_we_took_forgets_the_difference(floor: Floor) -> None:
    floor.book({}, {100: 5})
    floor.buy(3)
    floor.book({}, {100: 1})
    floor.book({}, {100: 4})
    floor.buy(9, 100, time_in_force="IOC")
    assert floor.fills() == [("100.0", "3.0")]


def test_level_behind_the_last_one_shown_is_out_of_sight_not_gone(floor: Floor) -> None:
    floor.book({}, {100: 5, 101: 5})
    floor.buy(6)
    floor.book({}, {98: 1, 99: 1})  # a window of two levels moved down
    floor.book({}, {100: 5, 101: 5})
    floor.buy(9, 101, time_in_force="IOC")
    assert floor.fills() == [("101.0", "4.0")]


def test_trade_in_what_we_took_before_fills_nothing_again(floor: Floor) -> None:
    order = floor.buy(5, 100)
    floor.book({}, {"99.5": 2, 101: 9})
    floor.trade("99.5", 2, buyer_is_taker=True)
    assert floor.order(order).filled_size == 2
    floor.trade("99.5", 2, buyer_is_taker=True)
    assert floor.order(order).filled_size == 4


def test_at_one_price_whoever_is_outside_was_first(floor: Floor) -> None:
    floor.book({}, {100: 1})
    resting = floor.sell(1, 100, account="bob")
    floor.buy(1, 100)
    assert floor.order(resting, "bob").filled_size == 0
    floor.buy(1, 100)
    assert floor.order(resting, "bob").status == "filled"


def test_forgotten_book_cannot_be_taken(floor: Floor) -> None:
    floor.book({99: 1}, {100: 1})
    floor.exchange.forget_book(SYMBOL)
    with pytest.raises(NoMarketError):
        floor.buy(1)
    assert floor.buy(1, 100).status == "new"


# Orders that only reduce.


def test_reduce_only_is_cut_to_the_position_and_never_turns_it(floor: Floor) -> None:
    floor.book({99: 50}, {100: 50})
    floor.buy(2)
    order = floor.sell(5, reduce_only=True)
    assert (order.size, order.status) == (Decimal("2.0"), "filled")
    assert floor.ledger().holdings[SYMBOL].size == 0


def test_resting_reduce_only_shrinks_with_the_position_and_ends_with_it(floor: Floor) -> None:
    floor.book({99: 50}, {100: 50})
    floor.buy(3)
    order = floor.sell(3, 110, reduce_only=True)
    assert floor.balance().frozen == 0
    floor.sell(1)
    assert floor.order(order).size == Decimal("2.0")
    floor.sell(2)
    assert floor.order(order).status == "canceled"


def test_two_reduce_only_orders_in_one_sweep_close_no_more_than_there_is(floor: Floor) -> None:
    floor.book({99: 50}, {100: 50})
    floor.buy(3)
    floor.exchange.forget_book(SYMBOL)
    first, second = floor.sell(3, 110, reduce_only=True), floor.sell(2, 111, reduce_only=True)
    floor.sell(1, 109)
    floor.buy(9, 120, account="bob")
    assert floor.ledger().holdings[SYMBOL].size == 0
    assert floor.order(first).filled_size == 2
    assert floor.order(second).status == "canceled"
    assert floor.ledger("bob").holdings[SYMBOL].size == 3


def test_bracket_may_be_placed_before_the_position_is_there(floor: Floor) -> None:
    floor.book({99: 50}, {100: 50})
    floor.trade(100, 1)
    stop = floor.sell(1, type="stop_market", trigger_price=95, reduce_only=True)
    floor.buy(1)
    floor.trade(95, 1)
    assert floor.order(stop).status == "filled"
    lone = floor.sell(1, type="stop_market", trigger_price=90, reduce_only=True)
    floor.trade(90, 1)
    assert floor.order(lone).status == "rejected"


def test_cancel_all_leaves_nothing_frozen_and_other_symbols_alone(floor: Floor) -> None:
    floor.exchange.list_symbol(TradingRules("ETHUSDT", "ETH", "USDT", Decimal(1), Decimal(1)))
    request = OrderRequest(symbol="ETHUSDT", side="buy", size=Decimal(1), price=Decimal(9))
    floor.exchange.submit("ann", request, 1)
    for price in (90, 91, 92):
        floor.buy(1, price)
    floor.exchange.cancel_all("ann", 5, SYMBOL)
    assert [o.request.symbol for o in floor.exchange.desks["ann"].open_orders.values()] == [
        "ETHUSDT"
    ]
    floor.exchange.cancel_all("ann", 5)
    assert floor.balance().frozen == 0


def test_rules_of_the_seeded_market_have_its_digits() -> None:
    rules = TradingRules.of(instrument_for("BTCUSDT", "contract"), Decimal(0), Decimal(0))
    assert (str(rules.tick_size), str(rules.size_step)) == ("0.1", "0.0001")
    assert str(rules.price(800000)) == "80000.0"
    exchange = PretendExchange()
    exchange.list_symbol(rules)
    assert exchange.rules("BTCUSDT") is rules


def test_events_come_in_the_order_of_cause(floor: Floor) -> None:
    floor.sell(1, 100, account="bob")
    floor.buy(1, 100)
    kinds = [(event.account, type(event).__name__) for event in floor.events]
    assert kinds == [
        ("ann", "OrderState"),
        ("ann", "FillEvent"),
        ("ann", "OrderState"),
        ("bob", "FillEvent"),
        ("bob", "OrderState"),
        ("ann", "PositionChange"),
        ("ann", "BalanceChange"),
        ("bob", "PositionChange"),
        ("bob", "BalanceChange"),
    ]
    statuses = [event.status for event in floor.events if hasattr(event, "status")]
    assert statuses == ["new", "filled", "filled"]


def test_account_has_one_name() -> None:
    with pytest.raises(ValueError, match="already"):
        Floor("ann").exchange.open_account("ann", Floor().ledger())


def test_oldest_order_that_is_over_is_forgotten_with_its_id(floor: Floor) -> None:
    floor.book({}, {100: 20_000})
    for number in range(10_001):
        floor.buy("0.1", client_order_id=str(number))
    assert len(floor.exchange.desks["ann"].orders) == 10_000
    floor.buy("0.1", client_order_id="0")
    with pytest.raises(DuplicateOrderError):
        floor.buy("0.1", client_order_id="2")


def test_best_price_is_the_better_of_ours_and_theirs(floor: Floor) -> None:
    matcher = floor.exchange.matcher(SYMBOL)
    assert matcher.best("bid") is None
    floor.book({99: 1}, {101: 1})
    floor.buy(1, 100)
    assert (matcher.best("bid"), matcher.best("ask")) == (200, 202)


def test_only_orders_with_a_price_rest_and_only_those_with_a_trigger_wait(floor: Floor) -> None:
    matcher = floor.exchange.matcher(SYMBOL)
    limit = floor.exchange.desks["ann"].orders[floor.buy(1, 90).order_id]
    with pytest.raises(ValueError, match="trigger"):
        matcher.await_trigger(limit)
    limit.price = None
    with pytest.raises(ValueError, match="price"):
        matcher.rest(limit)


def test_levels_out_of_sight_are_remembered_in_bounds() -> None:
    floor = Floor(money=10**9)
    prices = [Decimal(ticks) / 2 for ticks in range(1_402, 400, -1)]
    for price in prices:
        floor.book({}, {price: 1})
        floor.buy(1)
    floor.book({}, dict.fromkeys(prices, 1))
    floor.buy(9, time_in_force="IOC")
    assert floor.fills() == [("700.5", "1.0"), ("701.0", "1.0")]


def test_restored_orders_wait_and_rest_where_they_did(floor: Floor) -> None:
    floor.book({99: 9}, {100: 9})
    floor.buy(1)
    floor.buy(2, 98)
    floor.buy(1, type="stop_market", trigger_price=105)
    before, kept = floor.picture(), floor.exchange.desks["ann"]
    again = Floor("ann", "bob", "cid")
    ledger = again.ledger()
    ledger.wallets = dict(kept.ledger.wallets)
    holding = ledger.holding(RULES)
    old = kept.ledger.holdings[SYMBOL]
    holding.size, holding.value, holding.fees = old.size, old.value, old.fees
    holding.fill_count = old.fill_count

    again.exchange.restore(kept.orders.values(), floor.exchange.last_id)

    assert again.picture() == before
    again.book({99: 9}, {100: 9})
    again.trade(105, 1, buyer_is_taker=True)
    assert again.fills() == [("100.0", "1.0")]
    assert int(again.buy(1, 90).order_id) > floor.exchange.last_id
