from weex_client.cli.views.depth import DepthView

from ..messages import book, drawn, message


def test_best_levels_stand_on_top_with_bars_by_size():
    view = DepthView(("BTCUSDT",))
    view.take(message(book(3)))

    lines = drawn(view)
    assert "mid 100.0" in lines[0]
    assert "spread 1.0" in lines[0]
    assert "seq 4711" in lines[0]
    assert lines[2].split()[1:5] == ["1.250", "99.5", "100.5", "2.500"]
    assert lines[4].count("\N{BLACK SQUARE}") > lines[2].count("\N{BLACK SQUARE}")


def test_deep_book_is_cut_to_the_terminal():
    view = DepthView(("BTCUSDT", "ETHUSDT"))
    view.take(message(book(200)))
    view.take(message(book(200), symbol="ETHUSDT"))

    assert len(drawn(view, height=30)) <= 30


def test_longest_bar_is_never_cut():
    view = DepthView(("BTCUSDT",))
    view.take(message(book(5)))

    for width in range(40, 120):
        assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in drawn(view, width=width)[1:])
