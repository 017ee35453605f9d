from decimal import Decimal

from weex_client.cli.lines import event_line, message_line
from weex_client.models import BookTicker, ConnectionEvent, Order, OrderBook3View, OrderQueue

from .messages import TIME, book, candle, message, ticker, trade


def test_ticker_keeps_the_venues_digits():
    assert message_line(message(ticker())) == (
        "2026-11-21T04:00:00.000Z BTCUSDT ticker last=79800.10 change=-0.346800%"
    )


def test_computed_change_is_told_with_four_places():
    line = message_line(message(ticker(change="-0.3702930095286870023395666427")))

    assert line.endswith("change=-0.3703%")


def test_small_price_is_written_without_an_exponent():
    line = message_line(message(ticker(last="8.5E-7")))

    assert "last=0.00000085" in line


def test_replayed_trade_is_marked_as_history():
    line = message_line(message(trade(), is_snapshot=True))

    assert line.endswith("side=buy price=79800.10 size=0.0100 id=t1 history")


def test_book_line_tells_the_touch():
    line = message_line(message(book(), is_snapshot=True))

    assert "bid=99.5 bid_size=1.250 ask=100.5 ask_size=2.500 spread=1.0 mid=100.0" in line
    assert line.endswith("levels=3x3 sequence=4711")


def test_empty_side_of_a_book_is_left_out():
    line = message_line(message(book(levels=0)))

    assert "bid" not in line


def test_line_of_a_book_of_orders_tells_how_many_stand_at_the_touch():
    bid = OrderQueue(Decimal("99.5"), Decimal(3), (("a", Decimal(1)), ("b", Decimal(2))))
    ask = OrderQueue(Decimal("100.5"), Decimal(1), (("c", Decimal(1)),))

    line = message_line(message(OrderBook3View(bids=(bid,), asks=(ask,), sequence=7)))

    assert line.endswith("ask_size=1 spread=1.0 mid=100.0 orders=2x1 sequence=7")


def test_candle_line_tells_whether_it_is_closed():
    assert message_line(message(candle())).endswith("volume=12.500 state=closed")
    assert message_line(message(candle(is_closed=False))).endswith("state=forming")


def test_book_ticker_line_has_a_spread():
    touch = BookTicker(bid=Decimal("1.10"), ask=Decimal("1.30"))

    assert message_line(message(touch)).endswith("bid=1.10 ask=1.30 spread=0.20")


def test_private_line_has_every_field_that_is_known():
    order = Order(
        order_id="7", symbol="BTCUSDT", side="buy", type="limit", status="new", price=Decimal("5.0")
    )

    line = message_line(message(order))
    assert line.endswith("order_id=7 side=buy type=limit status=new price=5.0")


def test_event_line_says_what_happened():
    event = ConnectionEvent(
        kind="reconnecting",
        timestamp=TIME,
        scope="public",
        attempt=2,
        delay_seconds=1.25,
        cause="connection ended with code 1001",
    )

    assert event_line(event) == (
        "2026-11-21T04:00:00.000Z public reconnecting attempt=2 in 1.2 s:"
        " connection ended with code 1001"
    )
