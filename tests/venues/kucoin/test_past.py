"""What everybody may ask KuCoin for: past trades and candles, and all symbols."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.kucoin.test_venue import VENUE
from weex_client.errors import DecodeError
from weex_client.protocol import Channel, Topic

TRADES = VENUE.feed(Topic(Channel.TRADES, "BTC-USDT"))
CANDLES = VENUE.feed(Topic(Channel.CANDLES, "BTC-USDT", interval="1m"))
NOW_S = 1_790_000_000


def told(data: Any) -> bytes:
    return json.dumps({"code": "200000", "data": data}).encode()


def test_past_is_asked_for_without_a_signature_and_from_where_it_is_known() -> None:
    query = VENUE.history_query(CANDLES, NOW_S * 10**9)
    assert query is not None
    request = VENUE.ask(query, 0)
    assert request.url.endswith(
        f"/api/v1/market/candles?symbol=BTC-USDT&type=1min&startAt={NOW_S - 300 * 60}"
    )
    assert not [name for name in request.headers if name.startswith("KC-")]
    assert VENUE.history_query(VENUE.feed(Topic(Channel.TICKER, "BTC-USDT")), 0) is None


def test_past_trades_come_oldest_first_and_are_known_by_their_sequence() -> None:
    # The venue's REST page "Get Trade History", its example; an older trade added.
    newer = {"sequence": "10976028003549185", "price": "67122", "size": "0.000025", "side": "buy"}
    older = newer | {"sequence": "10976028003549184", "side": "sell"}
    rows = [newer | {"time": 1729177117877000000}, older | {"time": 1729177117876000000}]
    first, second = VENUE.read_history(TRADES, told(rows), 7)
    assert (first.data.trade_id, first.data.side) == ("10976028003549184", "sell")
    assert second.exchange_time_ns == 1729177117877000000
    assert second.data.timestamp == 1729177117.877
    assert second.sequence == 10976028003549185
    assert (second.data.price, second.data.size) == (Decimal(67122), Decimal("0.000025"))
    assert first.is_snapshot
    assert first.data.maker_order_id is None


def test_past_candles_come_oldest_first_in_the_order_of_frames() -> None:
    rows = [
        ["1619378340", "2", "5", "6", "1", "7", "8"],
        ["1619378280", "1", "2", "4", "0.5", "3", "9"],
    ]
    first, second = VENUE.read_history(CANDLES, told(rows), 7)
    data = first.data
    assert (data.open_time, data.close_time, data.interval) == (1619378280, 1619378340, "1min")
    assert (data.open, data.close, data.high) == (1, 2, 4)
    assert (data.low, data.volume, data.quote_volume) == (Decimal("0.5"), 3, 9)
    assert second.is_snapshot
    assert second.symbol == "BTC-USDT"


@pytest.mark.parametrize("body", [b"<html>", b"[]", told({}), told([{"symbol": 1}]), told(["x"])])
def test_past_that_is_none_is_refused(body: bytes) -> None:
    for feed in (TRADES, CANDLES):
        with pytest.raises(DecodeError):
            VENUE.read_history(feed, body, 0)
    with pytest.raises(DecodeError):
        VENUE.read_listing(body)


@pytest.mark.parametrize(
    ("channel", "symbol", "words", "name"),
    [
        (Channel.TRADES, "BTC-USDT", {}, "BTC-USDT"),
        (Channel.CANDLES, "BTC-USDT", {"interval": "1hour"}, "BTC-USDT"),
        (Channel.TICKER, "BTC-USDT", {}, "BTC-USDT"),
        (Channel.BOOK_DELTAS, "BTC-USDT", {"level": 5}, "BTC-USDT"),
        ("snapshot", "USDS", {}, None),  # a market
        ("all_tickers", None, {}, None),
        (Channel.FILLS, None, {}, None),
    ],
)
def test_symbols_are_looked_up_where_the_venue_accepts_what_does_not_exist(
    channel: str, symbol: str | None, words: dict[str, str], name: str | None
) -> None:
    kind = next(each for each in VENUE.channels if each.value == channel)
    assert VENUE.listed_name(VENUE.feed(Topic(kind, symbol, **words))) == name
    listed = VENUE.read_listing(told([{"symbol": "BTC-USDT", "enableTrading": False}]))
    assert listed == {"BTC-USDT"}
