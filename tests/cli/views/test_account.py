from decimal import Decimal

from weex_client.cli.views.account import ACCOUNT, FILLS, ORDERS, POSITIONS, StateView
from weex_client.models import Account, Fill, Order, Position

from ..messages import drawn, message


def test_newest_balance_of_a_currency_replaces_the_last():
    view = StateView(ACCOUNT)
    for balance in ("10.00", "12.50"):
        view.take(message(Account(currency="USDT", balance=Decimal(balance)), symbol=None))

    rows = [line for line in drawn(view) if "USDT" in line]
    assert len(rows) == 1
    assert "12.50" in rows[0]


def test_closed_position_leaves_the_table():
    view = StateView(POSITIONS)
    view.take(message(Position(symbol="BTCUSDT", side="long", size=Decimal("1.5"))))
    assert any("1.5" in line for line in drawn(view))

    view.take(message(Position(symbol="BTCUSDT", side="long", size=Decimal("0.0"))))
    assert any("nothing open" in line for line in drawn(view))


def test_order_moves_to_the_top_with_its_newest_status():
    view = StateView(ORDERS)
    for number, status in (("1", "new"), ("2", "new"), ("1", "filled")):
        order = Order(order_id=number, symbol="X", side="buy", type="limit", status=status)
        view.take(message(order))

    rows = [line for line in drawn(view, width=120) if "limit" in line]
    assert ["filled" in row for row in rows] == [True, False]


def test_fill_shows_price_size_and_fee():
    fill = Fill(
        fill_id="f",
        order_id="1",
        symbol="BTCUSDT",
        side="sell",
        price=Decimal("79800.10"),
        size=Decimal("0.0100"),
        fee=Decimal("0.4788"),
        liquidity="taker",
    )
    view = StateView(FILLS)
    view.take(message(fill))

    row = drawn(view)[3].split()
    assert row[1:7] == ["BTCUSDT", "sell", "79800.10", "0.0100", "0.4788", "taker"]
