"""Ledger arithmetic, worked by hand: entries, margins, liquidation, fees."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from tests.simulation.floor import FREE, RULES, SYMBOL, Floor
from weex_client.errors import InsufficientBalanceError, InvalidOrderError
from weex_client.simulation.ledger import ContractLedger, Intent, SpotLedger
from weex_client.simulation.trading_rules import TradingRules

D = Decimal


def traded(money: object, *trades: tuple[str, str], leverage: int = 1) -> ContractLedger:
    """Return a ledger without fees after trades of signed size and price."""
    ledger = ContractLedger(D(leverage))
    ledger.deposit("USDT", D(str(money)))
    for size, price in trades:
        ledger.settle(FREE, D(price), abs(D(size)), D(0), is_buy=D(size) > 0)
    return ledger


def test_average_entry_of_a_long_that_grew() -> None:
    holding = traded(1000, ("1", "100"), ("3", "104")).holdings[SYMBOL]
    assert (holding.size, holding.value, holding.entry_price) == (4, 412, 103)


def test_partial_close_realizes_its_share_and_keeps_the_entry() -> None:
    ledger = traded(1000, ("1", "100"), ("3", "104"), ("-1", "110"))
    holding = ledger.holdings[SYMBOL]
    assert holding.realized_pnl == 7
    assert (holding.size, holding.value, holding.entry_price) == (3, 309, 103)
    assert ledger.wallets["USDT"] == 1007


def test_share_that_cannot_be_divided_leaves_its_rest_in_the_position() -> None:
    # 0.3 for 31.0 and 0.1 of it sold at 100: a third of 31 is rounded to 10.35 (unit 0.05).
    ledger = traded(1000, ("0.1", "100"), ("0.2", "105"), ("-0.1", "100"))
    holding = ledger.holdings[SYMBOL]
    assert (holding.realized_pnl, holding.value) == (D("-0.35"), D("20.65"))
    ledger.settle(FREE, D(100), D("0.2"), D(0), is_buy=False)
    assert ledger.wallets["USDT"] == 1000 - 31 + 30
    assert holding.value == holding.size == 0
    assert holding.entry_price is None


def test_short_gains_when_the_price_falls() -> None:
    ledger = traded(1000, ("-2", "100"))
    ledger.mark(FREE, D(90))
    assert ledger.holdings[SYMBOL].unrealized_pnl == 20
    ledger.settle(FREE, D(90), D(2), D(0), is_buy=True)
    assert ledger.wallets["USDT"] == 1020


def test_selling_more_than_is_held_turns_the_position_round() -> None:
    ledger = traded(1000, ("2", "100"), ("-5", "110"))
    holding = ledger.holdings[SYMBOL]
    assert (holding.realized_pnl, holding.size, holding.value) == (20, -3, 330)
    assert holding.entry_price == 110


def test_balance_of_a_leveraged_account_by_hand() -> None:
    # Long 10 at 100 with leverage 5: margin 200. Marked at 98: 20 lost.
    ledger = traded(1000, ("10", "100"), leverage=5)
    ledger.mark(FREE, D(98))
    assert ledger.holdings[SYMBOL].margin == 200
    assert ledger.equity("USDT") == 980
    assert ledger.balance("USDT") == (1000, 780, 0)
    # An order for 5 more at 90 freezes 450 / 5; one against the position freezes nothing.
    ledger.hold(FREE, D(90), D(5), is_buy=True)
    assert ledger.balance("USDT") == (1000, 690, 90)
    ledger.hold(FREE, D(110), D(10), is_buy=False)
    assert ledger.balance("USDT").frozen == 90
    # Selling 20 more at 110 could leave a short of 20 worth 2200: 1200 more than is held.
    ledger.hold(FREE, D(110), D(20), is_buy=False)
    assert ledger.balance("USDT").frozen == 240


def test_order_that_closes_freezes_nothing_at_whatever_price() -> None:
    ledger = traded(1000, ("10", "100"), leverage=2)
    ledger.check(FREE, Intent(False, [], D(100_000), D(10)))
    ledger.hold(FREE, D(100_000), D(10), is_buy=False)
    assert ledger.balance("USDT").frozen == 0
    with pytest.raises(InsufficientBalanceError):
        ledger.check(FREE, Intent(False, [], D(100_000), D(10)))


def test_unrealized_profit_cannot_be_spent() -> None:
    ledger = traded(1000, ("5", "100"))
    ledger.mark(FREE, D(200))
    assert ledger.balance("USDT").available == 500
    assert ledger.equity("USDT") == 1500


def test_closing_is_allowed_with_nothing_available() -> None:
    ledger = traded(100, ("1", "100"))
    ledger.mark(RULES, D(60))
    assert ledger.balance("USDT").available == 0
    ledger.check(RULES, Intent(False, [(D(60), D(1))]))
    ledger.check(RULES, Intent(False, [], D(70), D(1)))
    with pytest.raises(InsufficientBalanceError):
        ledger.check(RULES, Intent(False, [(D(60), D("2.5"))]))
    with pytest.raises(InsufficientBalanceError):
        ledger.check(RULES, Intent(True, [(D(60), D("0.1"))]))


def test_liquidation_price_of_a_long_by_hand() -> None:
    # 1000 + 10 P - 5000 = 0.01 * 10 P, so P = 4000 / 9.9 = 404.04..., and up to the tick: 404.5.
    ledger = traded(1000, ("10", "500"), leverage=10)
    assert ledger.liquidation_price(FREE) == D("404.5")
    ledger.mark(FREE, D("404.5"))
    assert not ledger.is_bankrupt("USDT")
    ledger.mark(FREE, D("404.0"))
    assert ledger.is_bankrupt("USDT")


def test_liquidation_price_of_a_short_by_hand() -> None:
    # 1000 + 5000 - 10 P = 0.01 * 10 P, so P = 6000 / 10.1 = 594.05..., and down to the tick: 594.
    ledger = traded(1000, ("-10", "500"), leverage=10)
    assert ledger.liquidation_price(FREE) == D("594.0")
    ledger.mark(FREE, D("594.0"))
    assert not ledger.is_bankrupt("USDT")
    ledger.mark(FREE, D("594.5"))
    assert ledger.is_bankrupt("USDT")


def test_liquidation_price_counts_other_positions() -> None:
    other = TradingRules("ETHUSDT", "ETH", "USDT", D(1), D(1), D(0), D(0), D("0.02"))
    ledger = traded(1000, ("10", "500"), leverage=10)
    ledger.settle(other, D(100), D(10), D(0), is_buy=True)
    ledger.mark(other, D(90))
    # rest = 1000 - 100 - 900 * 0.02 = 882; P = (5000 - 882) / 9.9 = 415.96 -> 416.0
    assert ledger.liquidation_price(FREE) == D("416.0")
    assert ledger.maintenance("USDT") == D("18")


def test_position_that_no_price_liquidates() -> None:
    ledger = traded(1000, ("1", "500"))
    assert ledger.liquidation_price(FREE) is None
    assert traded(1000).liquidation_price(FREE) is None
    assert not traded(1000).is_bankrupt("USDT")


def test_liquidation_cancels_orders_closes_at_the_mark_and_leaves_no_debt() -> None:
    floor = Floor(money=1000, leverage=10)
    floor.book({499: 99}, {500: 99})
    floor.buy(10)
    waiting = floor.buy("0.1", 300)
    floor.mark(395)
    assert floor.order(waiting).status == "canceled"
    assert floor.order(waiting).reason == "liquidation"
    assert floor.ledger().holdings[SYMBOL].size == 0
    desk = floor.exchange.desks["ann"]
    # 1000 - 3 fee - 1050 lost - 2.37 fee
    assert desk.written_off == D("55.37")
    assert floor.balance() == (0, 0, 0)
    (closing,) = (o for o in desk.orders.values() if o.reason == "liquidation" and o.filled)
    assert closing.status == "filled"


def test_position_is_valued_at_once_where_the_mark_is_known() -> None:
    floor = Floor()
    floor.book({}, {100: 9})
    floor.mark(103)
    floor.buy(1)
    (change,) = (event for event in floor.events if hasattr(event, "entry_price"))
    assert (change.mark_price, change.unrealized_pnl) == (103, 3)


def test_leverage_within_bounds_and_means() -> None:
    ledger = traded(200, ("4", "100"), leverage=4)
    with pytest.raises(InvalidOrderError):
        ledger.set_leverage(FREE, D("0.5"))
    with pytest.raises(InvalidOrderError):
        ledger.set_leverage(FREE, D(200))
    with pytest.raises(InsufficientBalanceError):
        ledger.set_leverage(FREE, D(1))
    assert ledger.holdings[SYMBOL].leverage == 4
    ledger.set_leverage(FREE, D(2))
    assert ledger.balance("USDT").available == 0


def test_margin_that_cannot_be_divided_is_rounded_up() -> None:
    ledger = traded(200, ("1", "100"), leverage=3)
    assert ledger.holdings[SYMBOL].margin == D("33.35")


def test_spot_fees_are_taken_from_what_is_received() -> None:
    ledger = SpotLedger()
    ledger.deposit("USDT", D(1000))
    bought = ledger.settle(RULES, D(100), D(2), D("0.001"), is_buy=True)
    assert (bought.fee, bought.fee_currency) == (D("0.002"), "BTC")
    assert ledger.balance("BTC") == (D("1.998"), D("1.998"), 0)
    sold = ledger.settle(RULES, D(110), D("1.5"), D("0.001"), is_buy=False)
    assert (sold.fee, sold.fee_currency, sold.realized_pnl) == (D("0.165"), "USDT", 15)
    ledger.mark(RULES, D(120))
    # 1000 - 200 + 165 - 0.165, and 0.498 left
    assert ledger.equity("USDT") == D("964.835") + D("0.498") * 120
    holding = ledger.holdings[SYMBOL]
    gained = holding.realized_pnl - holding.fees + (holding.unrealized_pnl or 0)
    assert ledger.equity("USDT") == 1000 + gained


def test_spot_coins_that_were_deposited_have_no_cost() -> None:
    ledger = SpotLedger()
    ledger.deposit("BTC", D(3))
    assert ledger.settle(RULES, D(100), D(2), D(0), is_buy=False).realized_pnl == 0
    with pytest.raises(InsufficientBalanceError) as refused:
        ledger.check(RULES, Intent(False, [], D(100), D(2)))
    assert (refused.value.currency, refused.value.available) == ("BTC", 1)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity"])
def test_deposit_must_be_money(amount: str) -> None:
    with pytest.raises(InvalidOrderError):
        SpotLedger().deposit("USDT", D(amount))


def test_no_digit_is_lost_whatever_the_callers_precision() -> None:
    tiny = TradingRules("X", "X", "USDT", D("1E-10"), D("1E-8"), D("0.00023"), D("0.00061"))
    ledger = ContractLedger()
    ledger.deposit("USDT", D(10**15))
    with localcontext(prec=5):
        ledger.settle(tiny, D("123456789.0123456789"), D("9.87654321"), D("0.00061"), is_buy=True)
        ledger.settle(tiny, D("123456789.0123456789"), D("9.87654321"), D("0.00061"), is_buy=False)
    with localcontext(prec=99):
        fee = D("123456789.0123456789") * D("9.87654321") * D("0.00061")
        assert ledger.wallets["USDT"] == 10**15 - 2 * fee
