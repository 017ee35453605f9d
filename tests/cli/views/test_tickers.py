import re
from decimal import Decimal

from rich.console import Console

from weex_client.cli.views import Frame
from weex_client.cli.views.tickers import TickerView

from ..messages import TIME, book, drawn, message, ticker


def test_row_shows_the_venues_digits_and_the_books_touch():
    view = TickerView(("BTCUSDT",))
    view.take(message(ticker(last="79800.10")))
    view.take(message(book(price="79800.0", step="0.1")))

    row = drawn(view, now=TIME + 2)[3].split()
    assert row == ["BTCUSDT", "79800.10", "-0.35%", "79799.9", "79800.1", "0.2", "0.5", "2.0s"]


def test_tickers_own_touch_is_preferred():
    view = TickerView(())
    view.take(message(ticker(bid=Decimal("1.0"), ask=Decimal("1.5"))))

    assert drawn(view)[3].split()[3:6] == ["1.0", "1.5", "0.5"]


def test_long_prices_cost_columns_and_not_digits():
    view = TickerView(("PEPEUSDT",))
    view.take(message(ticker(last="0.00000831540000"), symbol="PEPEUSDT"))
    view.take(message(book(price="0.00000831540000", step="0.00000000010000"), symbol="PEPEUSDT"))

    lines = drawn(view, width=60)
    assert "0.00000831540000" in lines[3]
    assert "Spread" not in lines[1]


def test_rise_and_fall_are_coloured():
    view = TickerView(("BTCUSDT",))
    view.take(message(ticker(last="1.0", change="0.5")))
    view.take(message(ticker(last="1.1", change="0.6")))

    console = Console(width=80, force_terminal=True, color_system="standard", no_color=False)
    with console.capture() as capture:
        console.print(view.draw(Frame(80, 24, TIME)))
    assert re.search(r"\x1b\[32m *1\.1\x1b\[0m", capture.get())
