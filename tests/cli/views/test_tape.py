from weex_client.cli.views.tape import TapeView

from ..messages import TIME, drawn, message, trade


def test_newest_twenty_trades_stand_on_top():
    view = TapeView()
    for number in range(30):
        view.take(message(trade(price=f"{number}.50"), timestamp=TIME + number))

    rows = drawn(view, height=40)[3:23]
    assert "04:00:29.000" in rows[0]
    assert "29.50" in rows[0]
    assert "10.50" in rows[-1]


def test_history_is_marked():
    view = TapeView()
    view.take(message(trade(), is_snapshot=True))

    assert "history" in drawn(view)[3]
