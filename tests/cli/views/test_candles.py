from weex_client.cli.views.candles import CandleView

from ..messages import candle, drawn, message


def test_newest_candle_stands_last_and_replaces_its_earlier_state():
    view = CandleView(("BTCUSDT",))
    view.take(message(candle(0)))
    view.take(message(candle(1, is_closed=False, close="100.50")))
    view.take(message(candle(1, is_closed=False, close="100.70")))

    rows = [line for line in drawn(view) if "11-21 04:" in line]
    assert len(rows) == 2
    assert "closed" in rows[0]
    assert "100.70" in rows[1]
    assert "forming" in rows[1]


def test_each_symbol_gets_its_share_of_the_rows():
    view = CandleView(("BTCUSDT", "ETHUSDT"))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for minute in range(100):
            view.take(message(candle(minute), symbol=symbol))

    assert len(drawn(view, height=24)) <= 24
