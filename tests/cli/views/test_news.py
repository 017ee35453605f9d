from decimal import Decimal

from weex_client.cli.views.news import NewsView
from weex_client.venues.smartmoney import SmartMoneyEvent, WhaleUpdate

from ..messages import TIME, drawn, message


def test_newest_events_stand_on_top_with_what_they_say():
    view = NewsView()
    assert "waiting" in "\n".join(drawn(view))
    for number in range(30):
        whale = WhaleUpdate(event="whale_update", wallet="0x1", size_usd=Decimal(number))
        view.take(message(whale, symbol="BTC", timestamp=TIME + number))
    view.take(message(SmartMoneyEvent(event="alert", payload={"kind": "move"}), symbol=None))
    view.refuse("NOPE")

    rows = drawn(view, height=40)[3:]
    assert "event=alert payload={kind: move}" in rows[0]
    assert "size_usd=29" in rows[1]
    assert "size_usd=11" in rows[19]
    assert "NOPE" in rows[20]
    assert "refused" in rows[20]
