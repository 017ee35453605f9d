import pytest

from weex_client.cli.request import channels_of
from weex_client.cli.views import view_for
from weex_client.websocket import VENUES

from ..messages import book, candle, drawn, message, ticker, trade

CHANNELS = {
    channel
    for client in VENUES.values()
    for channel in channels_of(client.venue_class(client.config_class()))
}


@pytest.mark.parametrize("channel", sorted(CHANNELS))
@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_view_draws_before_the_first_message(channel, width):
    lines = drawn(view_for(channel, ("BTCUSDT", "ETHUSDT")), width=width)

    assert any("waiting" in line for line in lines)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("channel", ["ticker", "book", "candles", "bookticker", "trades"])
def test_refused_symbol_is_marked(channel):
    view = view_for(channel, ("BTCUSDT", "NOSUCH"))
    view.refuse("NOSUCH")

    lines = [line for line in drawn(view) if "NOSUCH" in line]
    assert len(lines) == 1
    assert "refused" in lines[0]


@pytest.mark.parametrize(
    ("channel", "data"),
    [("ticker", ticker()), ("book", book(200)), ("candles", candle()), ("trades", trade())],
)
def test_no_view_is_wider_than_the_terminal(channel, data):
    view = view_for(channel, ("BTCUSDT",))
    view.take(message(data))

    for width in (40, 60, 80, 120):
        assert max(map(len, drawn(view, width=width))) <= width
