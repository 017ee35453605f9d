"""KuCoin frames against what they say, read by hand from the captures."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.kucoin.recorded import (
    FRAMES,
    NOBODY,
    RECEIVED_NS,
    VENUE,
    changed,
    frames,
    spelled,
)
from weex_client.errors import DecodeError
from weex_client.protocol import (
    Ack,
    Channel,
    Closing,
    Data,
    Denied,
    Event,
    Greeting,
    Ping,
    PongReceived,
    Reject,
    Subscribe,
    Topic,
    Unknown,
    Unsubscribe,
)
from weex_client.venues.kucoin import KucoinChannel, KucoinTicker, codec
from weex_client.venues.kucoin.wire import nanoseconds

CHANNELS = {
    "/market/ticker": Channel.TICKER,
    "/market/match": Channel.TRADES,
    "/market/candles": Channel.CANDLES,
    "/market/snapshot": KucoinChannel.SNAPSHOT,
    "/spotMarket/level1": Channel.BOOK_TICKER,
    "/spotMarket/tradeOrdersV2": Channel.ORDERS,
    "/account/balance": Channel.ACCOUNT,
    "/spotMarket/advancedOrders": KucoinChannel.STOP_ORDERS,
}


def decoded(frame: bytes, channel: Any) -> Any:
    (message,) = VENUE.decoder(channel)(frame, RECEIVED_NS)
    return message


def test_every_recorded_frame_is_read_as_what_it_is() -> None:
    names = sorted(path.name for path in FRAMES.glob("*.jsonl"))
    names = [name for name in names if not name.startswith(("client", "bullet"))]
    data = 0
    for frame in frames(*names):
        event = VENUE.read(frame)
        assert not isinstance(event, Unknown), frame
        if not isinstance(event, Data):
            continue
        data += 1
        key = VENUE.route_key(frame)
        assert key is not None
        if b"tradeOrders" not in frame:
            assert key == event.feed.encode()
        path = event.feed.partition(":")[0]
        if "level2" in path:
            update = VENUE.read_book(frame)
            assert update.is_snapshot == ("Depth" in path)
            continue
        message = decoded(frame, CHANNELS[path])
        assert message.venue == "kucoin"
        assert message.received_time_ns == RECEIVED_NS
        assert message.exchange_time_ns is None or message.exchange_time_ns > 1_500_000_000 * 10**9
    assert data == 1016  # all but a welcome and seven control frames


def test_damaged_frame_is_still_known_to_be_of_its_feed() -> None:
    for frame in frames("modern-2024.jsonl", "level2depth.jsonl", "tradeOrdersV2.jsonl"):
        for torn in (frame[:-1], frame.replace(b'"data"', b'"\xffata"')):
            assert VENUE.read(torn) == VENUE.read(frame)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (0, Greeting("NSkIrWGB1s", None)),
        (1, Ack("1")),
        (3, PongReceived()),
        (4, Reject("p28", "topic does not exist (code 404)")),
    ],
)
def test_control_frames(line: int, event: Event) -> None:
    assert VENUE.read(frames("welcome-ack-pong-error.jsonl")[line]) == event


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"code": 401, "data": "token is expired"}, Closing),
        ({"code": 400, "data": "ping timeout"}, Closing),
        ({"code": 509, "data": "too many messages"}, Closing),
        ({"code": 500}, Closing),
        ({"code": 403, "id": "3"}, Denied),
        ({"code": 404}, Reject),
        ({"code": None, "data": {"x": 1}, "id": 7}, Reject),
    ],
)
def test_an_error_is_about_a_request_the_credentials_or_the_line(
    fields: dict[str, Any], kind: type
) -> None:
    event: Any = VENUE.read(spelled({"type": "error", **fields}))
    assert isinstance(event, kind)
    assert ("no reason given" in event.reason) == (not fields.get("data"))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"<html>", "not JSON"),
        (b"[1]", "JSON list"),
        (b"{}", "no type"),
        (b'{"type":"notice"}', "type 'notice'"),
        (b'{"type":"message"}', "no topic"),
        (b'{"type":"message","topic":"/x:y"}', "topic '/x'"),
    ],
)
def test_what_is_no_known_frame_is_counted_as_what_it_is(frame: bytes, kind: str) -> None:
    assert VENUE.read(frame) == Unknown(kind)


def test_orders_are_told_by_their_subject_whatever_their_topic_says() -> None:
    for frame in frames("tradeOrders-doc-examples.jsonl", "tradeOrdersV2.jsonl"):
        assert VENUE.read(frame) == Data("/spotMarket/tradeOrdersV2")


def test_a_ticker_has_last_trade_and_touch_and_no_statistics() -> None:
    message = decoded(frames("ticker.jsonl")[0], Channel.TICKER)
    assert isinstance(message.data, KucoinTicker)
    assert (message.symbol, message.channel) == ("BCHSV-USDT", "ticker")
    assert message.sequence == 1613277183873
    assert message.exchange_time_ns == 1619378326330 * 10**6
    assert message.timestamp == 1619378326.33
    assert message.data.last == Decimal("243.65")
    assert (message.data.bid, message.data.ask) == (Decimal("242.654"), Decimal("242.951"))
    assert message.data.ask_size == Decimal("4.51280965")
    assert message.data.open is message.data.change is None
    assert "topic" not in message.model_dump()


def test_of_all_tickers_the_subject_is_the_symbol() -> None:
    misspelt, of_all = frames("ticker-doc-examples.jsonl")
    message = decoded(of_all, KucoinChannel.ALL_TICKERS)
    assert (message.symbol, message.channel) == ("BTC-USDT", "all_tickers")
    # ``Time``, as one page of the documentation has it.
    assert decoded(misspelt, Channel.TICKER).exchange_time_ns == 1704873323416 * 10**6
    assert decoded(misspelt.replace(b"Time", b"T"), Channel.TICKER).exchange_time_ns is None


def test_a_snapshot_keeps_the_digits_of_its_json_numbers() -> None:
    message = decoded(frames("snapshot.jsonl")[0], KucoinChannel.SNAPSHOT)
    data = message.data
    # A subscription to a market names the market in its topic.
    assert (message.symbol, message.channel) == ("CRO-BTC", "snapshot")
    assert str(data.high) == "0.00000222300000000000"
    assert data.last == Decimal("0.000002133")
    assert (data.bid, data.ask) == (Decimal("0.00000213"), Decimal("0.000002136"))
    assert data.volume == Decimal("55533.4734")
    assert data.quote_volume == Decimal("0.1205820972845")
    assert data.price_change == Decimal("-0.000000021")
    assert data.change == Decimal("-0.97")  # percent
    assert data.mark_price is None  # ``mark`` is a flag of its listing
    assert message.exchange_time_ns == 1714767640010 * 10**6
    assert decoded(frames("snapshot.jsonl")[1], KucoinChannel.SNAPSHOT).sequence == 14691517895


def test_a_candle_stands_open_close_high_low() -> None:
    message = decoded(frames("modern-2024.jsonl")[1], Channel.CANDLES)
    candle = message.data
    assert (candle.open_time, candle.close_time) == (1729839600.0, 1729843200.0)
    assert candle.interval == "1hour"
    assert (candle.open, candle.close) == (Decimal("67644.9"), Decimal("67437.6"))
    assert (candle.high, candle.low) == (Decimal("67724.8"), Decimal("67243.8"))
    assert candle.volume == Decimal("44.88321441")
    assert candle.quote_volume == Decimal("3027558.991928447")
    assert candle.trade_count is None
    assert message.exchange_time_ns == 1729842192785164840
    for frame in frames("candles.jsonl"):
        data = decoded(frame, Channel.CANDLES).data
        assert data.low <= min(data.open, data.close) <= max(data.open, data.close) <= data.high


def test_a_trade_has_the_takers_side_and_its_time_in_nanoseconds() -> None:
    frame = frames("match.jsonl")[0]
    message = decoded(frame, Channel.TRADES)
    assert VENUE.trade_ids(frame) == [message.data.trade_id] == ["6085c09769bc506996295e36"]
    assert (message.data.side, message.data.price) == ("buy", Decimal("0.0000001117"))
    assert message.data.size == Decimal("81.8814")
    assert message.exchange_time_ns == 1619378327739050725
    assert message.sequence == 1612701563869
    assert message.data.taker_order_id == "6085c097587c2000060cde57"
    with pytest.raises(DecodeError, match="side"):
        decoded(changed(frame, side="both"), Channel.TRADES)


def test_the_top_of_book_is_one_pair_a_side() -> None:
    message = decoded(frames("level1.jsonl")[0], Channel.BOOK_TICKER)
    assert message.symbol == "BTC-USDT"
    assert (message.data.bid, message.data.bid_size) == (Decimal("68145.7"), Decimal("1.29267802"))
    assert (message.data.ask, message.data.ask_size) == (Decimal("68145.8"), Decimal("0.51987471"))
    assert message.exchange_time_ns == 1729816058766 * 10**6


@pytest.mark.parametrize(
    ("time", "nanos"),
    [
        ("1619378280", 1619378280 * 10**9),
        (1704873323416, 1704873323416 * 10**6),
        ("1704873323416123", 1704873323416123 * 10**3),
        (1593487481683297666, 1593487481683297666),
    ],
)
def test_a_time_is_read_by_its_magnitude(time: Any, nanos: int) -> None:
    assert nanoseconds(time) == nanos


@pytest.mark.parametrize("nonsense", [None, True, "x", -1, 10**30, float("inf"), []])
def test_no_time_is_invented(nonsense: Any) -> None:
    with pytest.raises(ValueError, match=r"time|int"):
        nanoseconds(nonsense)


def test_stamps_tell_when_a_frame_was_sent() -> None:
    assert VENUE.sent_time_ns(frames("level1.jsonl")[0]) == 1729816058766 * 10**6
    pong = b'{"id":"1","type":"pong","timestamp":1729816058766123}'
    assert VENUE.sent_time_ns(pong) == 1729816058766123 * 10**3
    assert VENUE.sent_time_ns(frames("account-balance.jsonl")[0]) is None
    assert VENUE.sent_time_ns(b'{"id":"1","type":"ack"}') is None


def test_requests_are_spelled_as_recorded() -> None:
    recorded = [json.loads(line) for line in frames("client.jsonl")]
    feeds = tuple(
        f"/market/match:{symbol}" for symbol in recorded[0]["topic"].partition(":")[2].split(",")
    )
    assert json.loads(VENUE.encode(Subscribe(feeds), 1, 0)) == recorded[0] | {"id": "1"}
    assert json.loads(VENUE.encode(Unsubscribe(feeds[:1]), 9, 0)) == recorded[0] | {
        "id": "9",
        "type": "unsubscribe",
        "topic": "/market/match:EQZ-BTC",
    }
    assert json.loads(VENUE.encode(Subscribe(("/account/balance",)), 2, 0)) == {
        "id": "2",
        "type": "subscribe",
        "topic": "/account/balance",
        "privateChannel": True,
        "response": True,
    }
    assert json.loads(VENUE.encode(Ping(), 3, 0)) == {"id": "3", "type": "ping"}


def test_a_request_names_one_path_and_a_hundred_symbols_at_most() -> None:
    tickers = [f"/market/ticker:A{number}-USDT" for number in range(150)]
    candles = ["/market/candles:A-B_1min", "/market/candles:A-B_1hour", "/market/ticker:all"]
    batches = list(VENUE.batches([*candles[:1], *tickers, *candles[1:], "/spotMarket/level1:A-B"]))
    assert sorted(map(len, batches)) == [1, 1, 1, 1, 50, 100]
    assert {feed for batch in batches for feed in batch} == {
        *tickers,
        *candles,
        "/spotMarket/level1:A-B",
    }
    assert all(len({feed.partition(":")[0] for feed in batch}) == 1 for batch in batches)
    fills = VENUE.feed(Topic(Channel.FILLS))
    (both,) = VENUE.batches(["/spotMarket/tradeOrdersV2", fills])
    assert json.loads(VENUE.encode(Subscribe(both), 1, 0))["topic"] == "/spotMarket/tradeOrdersV2"


def test_the_venues_words_name_what_is_wrong_with_a_request() -> None:
    feeds = ("/market/ticker:A-B", "/market/ticker:A-BC")
    assert codec.blamed("topic does not exist", feeds[:1]) == feeds[:1]
    assert codec.blamed("symbol A-BC is not supported", feeds) == [feeds[1]]
    assert codec.blamed("topic does not exist", feeds) == []


@pytest.mark.parametrize("venue", [VENUE, NOBODY])
def test_frames_that_do_not_fit_are_refused(venue: Any) -> None:
    for channel in CHANNELS.values():
        for frame in (b"<html>", b"[]", b'{"data":{}}', b'{"data":[],"topic":"x","subject":"y"}'):
            with pytest.raises(DecodeError):
                venue.decoder(channel)(frame, RECEIVED_NS)
