"""WEEX public frames against what they say, read by hand from the captures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.book import OrderBook, SideMoment, unpack
from weex_client.models import Message
from weex_client.protocol import (
    Ack,
    Channel,
    Data,
    Event,
    Greeting,
    Ping,
    Pong,
    PongReceived,
    Reject,
    ServerPing,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from weex_client.venues.weex import WeexConfig, WeexVenue, codec

FRAMES = Path(__file__).parent / "frames"
RECEIVED_NS = 1_790_000_000_123_456_789
VENUE = WeexVenue(WeexConfig(market="contract"))


def captured(*names: str) -> list[bytes]:
    return [line for name in names for line in (FRAMES / name).read_bytes().splitlines()]


def spelled(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


CHANNELS = {
    "ticker": Channel.TICKER,
    "trade": Channel.TRADES,
    "tradeSnapshot": Channel.TRADES,
    "kline": Channel.CANDLES,
    "klineSnapshot": Channel.CANDLES,
    "bookTicker": Channel.BOOK_TICKER,
    "account": Channel.ACCOUNT,
    "orders": Channel.ORDERS,
    "fill": Channel.FILLS,
    "positions": Channel.POSITIONS,
}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("contract-depth.jsonl", {"Data": 61}),
        ("contract-depth200.jsonl", {"Data": 3}),
        ("contract-trade.jsonl", {"Greeting": 1, "Data": 16, "Ack": 1}),
        ("contract-kline.jsonl", {"Data": 3}),
        ("contract-ticker.jsonl", {"Data": 4}),
        ("contract-account.jsonl", {"Data": 2}),
        ("contract-positions.jsonl", {"Data": 2}),
        ("contract-orders.jsonl", {"Data": 1}),
        ("contract-fill.jsonl", {"Data": 1}),
        ("spot-ticker.jsonl", {"Data": 1}),
        ("spot-bookTicker.jsonl", {"Data": 2}),
        ("spot-kline.jsonl", {"Data": 2}),
        ("spot-trade.jsonl", {"Data": 3}),
        ("spot-depth.jsonl", {"Data": 2}),
        ("spot-account.jsonl", {"Data": 2}),
        ("spot-orders.jsonl", {"Data": 2}),
        ("spot-fill.jsonl", {"Data": 2}),
        ("synthetic-depth-dead-symbol.jsonl", {"Data": 1}),
        ("connection.jsonl", {"Greeting": 3, "Ack": 4, "ServerPing": 6, "PongReceived": 1}),
        ("errors.jsonl", {"Reject": 13}),
    ],
)
def test_every_captured_frame_is_of_a_known_kind(name: str, kinds: dict[str, int]) -> None:
    seen: dict[str, int] = {}
    for frame in captured(name):
        kind = type(VENUE.read(frame)).__name__
        seen[kind] = seen.get(kind, 0) + 1
    assert seen == kinds


def test_no_file_of_captured_frames_is_left_out() -> None:
    files = {path.name for path in FRAMES.glob("*.jsonl")}
    marks = test_every_captured_frame_is_of_a_known_kind.pytestmark  # type: ignore[attr-defined]
    assert files == {name for name, _ in marks[0].args[1]} | {"client.jsonl"}


def data_frames() -> list[bytes]:
    names = sorted(path.name for path in FRAMES.glob("*.jsonl") if path.name != "client.jsonl")
    return [frame for frame in captured(*names) if b'"e":"' in frame]


@pytest.mark.parametrize("frame", [f for f in data_frames() if b'"e":"depth' not in f])
def test_every_item_of_a_captured_frame_becomes_one_message(frame: bytes) -> None:
    fields = json.loads(frame)
    messages = VENUE.decoder(CHANNELS[fields["e"]])(frame, RECEIVED_NS)
    assert len(messages) == (len(fields["d"]) if "d" in fields else 1)
    for message in messages:
        assert isinstance(message, Message)
        assert message.venue == "weex"
        assert message.channel == CHANNELS[fields["e"]].value
        assert message.symbol == fields.get("s", message.symbol)
        assert message.received_time_ns == RECEIVED_NS
        assert message.is_snapshot == fields["e"].endswith("Snapshot")


@pytest.mark.parametrize("frame", [f for f in data_frames() if b'"e":"depth' in f])
def test_every_captured_book_frame_is_read_to_the_digit(frame: bytes) -> None:
    fields = json.loads(frame)
    update = VENUE.read_book(frame)
    bids, asks = unpack(update.levels)
    assert bids == [text for level in fields["b"] for text in level]
    assert asks == [text for level in fields["a"] for text in level]
    assert (update.previous_sequence, update.sequence) == (fields["U"], fields["u"])
    assert update.exchange_time_ns == fields["E"] * 1_000_000
    assert update.is_snapshot == (fields["d"] == "SNAPSHOT")


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (b'{"event":"ping","time":"1788692610000"}', ServerPing(1788692610000 * 10**6)),
        (b'{"type":"ping","time":"1776172740000"}', ServerPing(1776172740000 * 10**6)),
        (b'{"event":"ping"}', ServerPing(None)),
        (b'{"id":"5","method":"PONG"}', PongReceived()),
        (b'{"result":true,"id":1002}', Ack("1002")),
        (b'{"result":true,"id":"1002"}', Ack("1002")),
        (b'{"result":true}', Ack(None)),
        (b'{"result":false,"id":7}', Reject("7", "no reason given")),
        (b'{"result":null}', Reject(None, "no reason given")),
        (b'{"event":"connected"}', Greeting(None, None)),
        (b'{"event":"connected","cid":"a","time":"x"}', Greeting("a", None)),
    ],
)
def test_control_frames_mean_what_the_sheet_says(frame: bytes, event: Event) -> None:
    assert codec.read(frame) == event


def test_greeting_carries_the_connection_and_the_venues_clock() -> None:
    assert codec.read(captured("contract-trade.jsonl")[0]) == Greeting(
        "80509e2d-1683-ec84-4073-59fec34b7f36", 1788964868283 * 10**6
    )


def test_refusal_carries_the_request_and_the_venues_words() -> None:
    assert codec.read(captured("errors.jsonl")[1]) == Reject(
        "101", "INVALID_ARGUMENT: invalid symbol : cmt_nopeusdt"
    )


def test_refusal_of_what_is_no_request_names_none() -> None:
    assert codec.read(captured("errors.jsonl")[5]) == Reject(
        None, "INVALID_ARGUMENT: unrecognized message : hello"
    )


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"hello", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1,2]", "JSON list"),
        (b'"text"', "JSON str"),
        (b"null", "JSON NoneType"),
        (b"{}", "no event"),
        (b'{"s":"BTCUSDT"}', "no event"),
        (b'{"e":"markPrice","s":"BTCUSDT"}', "event 'markPrice'"),
        (b'{"e":"ticker"}', "event 'ticker'"),
        (b'{"e":"ticker","s":5}', "event 'ticker'"),
        (b'{"e":7,"s":"BTCUSDT"}', "event 7"),
        (b'{"e":[],"s":"BTCUSDT"}', "event []"),
        (b'{"e":null,"s":"BTCUSDT"}', "event None"),
        (b'{"e":"depth","s":"BTCUSDT"}', "order book without a level"),
        (b'{"e":"kline","s":"BTCUSDT"}', "candles without an interval"),
        (b'{"e":"kline","s":"BTCUSDT","d":[]}', "candles without an interval"),
        (b'{"e":"kline","s":"BTCUSDT","d":[1]}', "candles without an interval"),
        (b'{"e":"kline","s":"BTCUSDT","d":[{"i":1}]}', "candles without an interval"),
        (b'{"e":"kline","s":"BTCUSDT","p":1,"d":[{"i":"1m"}]}', "candles without an interval"),
        (b'{"event":"subscribe","channel":"ticker.cmt_btcusdt"}', "no event"),
    ],
)
def test_frame_that_fits_nothing_is_unknown_by_kind(frame: bytes, kind: str) -> None:
    assert codec.read(frame) == Unknown(kind)


def test_damaged_frame_is_still_known_to_be_of_its_feed() -> None:
    for frame in data_frames():
        for damaged in (frame[: max(150, len(frame) // 2)], frame[:-1], frame[:-1] + b"\xff"):
            assert codec.read(damaged) == codec.read(frame)


def test_kind_of_an_unknown_frame_stays_short() -> None:
    event = codec.read(spelled({"e": "x" * 10_000, "s": "BTCUSDT"}))
    assert isinstance(event, Unknown)
    assert len(event.kind) < 60


@pytest.mark.parametrize(
    ("frame", "feed"),
    [
        (b'{"e":"ticker","s":"BTCUSDT"}', "BTCUSDT@ticker"),
        (b'{"e":"24hrTicker","s":"BTCUSDT"}', "BTCUSDT@ticker"),
        (b'{"e":"ticker","s":"btcusdt"}', "BTCUSDT@ticker"),
        (b'{"e":"tradeSnapshot","s":"BTCUSDT"}', "BTCUSDT@trade"),
        (b'{"e":"bookTicker","s":"BTCUSDT"}', "BTCUSDT@bookTicker"),
        (b'{"e":"depthSnapshot","s":"BTCUSDT","l":200}', "BTCUSDT@depth200"),
        (b'{"e":"depth","s":"BTCUSDT","l":"15"}', "BTCUSDT@depth15"),
        (b'{"e":"kline","s":"BTCUSDT","d":[{"i":"1M"}]}', "BTCUSDT@kline_1M_LAST_PRICE"),
        (
            b'{"e":"kline","s":"BTCUSDT","p":"MARK_PRICE","d":[{"i":"1m"}]}',
            "BTCUSDT@kline_1m_MARK_PRICE",
        ),
        (b'{"e":"fill"}', "fill"),
        (b'{"e":"account","s":"BTCUSDT"}', "account"),
    ],
)
def test_data_frame_names_the_feed_that_was_asked_for(frame: bytes, feed: str) -> None:
    assert codec.read(frame) == Data(feed)


# Values, by hand.


def the_ticker(frame: bytes) -> Message[Any]:
    (message,) = codec.decode_ticker(frame, RECEIVED_NS)
    return message


def test_contract_ticker_says_what_was_captured() -> None:
    message = the_ticker(captured("contract-ticker.jsonl")[1])
    assert (message.symbol, message.timestamp) == ("BTCUSDT", 1790134568.308)
    assert message.exchange_time_ns == 1790134568308000000
    assert message.sequence is None
    assert dict(message.data) == {
        "last": Decimal("86645.2"),
        "bid": None,
        "ask": None,
        "open": Decimal("85577.6"),
        "high": Decimal("86814.0"),
        "low": Decimal("85079.9"),
        "volume": Decimal("27024.8956"),
        "quote_volume": Decimal("2324930869.93625"),
        "change": Decimal("1.2475"),
        "price_change": Decimal("1067.6"),
        "mark_price": Decimal("86660.8"),
        "index_price": Decimal("86690.49875"),
        "vwap": Decimal("86029.22669334"),
        "window_start": 1790047800.0,
        "window_end": 1790134200.0,
        "trade_count": 465441,
    }


@pytest.mark.parametrize("frame", captured("contract-ticker.jsonl", "spot-ticker.jsonl"))
def test_change_is_in_percent_of_the_price_a_day_ago(frame: bytes) -> None:
    data = the_ticker(frame).data
    assert data.change == Decimal(json.loads(frame)["d"][0]["P"]) * 100
    # The venue cuts its fraction after six places.
    assert abs(data.price_change / data.open * 100 - data.change) <= Decimal("0.0001")


def test_spot_ticker_has_no_mark_and_no_touch() -> None:
    data = the_ticker(captured("spot-ticker.jsonl")[0]).data
    assert (data.last, data.change) == (Decimal("2050.15"), Decimal("-3.5895"))
    assert (data.mark_price, data.index_price, data.bid, data.ask) == (None, None, None, None)


def test_documented_ticker_with_an_object_and_a_touch_is_accepted() -> None:
    fields = json.loads(captured("spot-ticker.jsonl")[0])
    fields |= {"e": "24hrTicker", "d": fields["d"][0] | {"b": "2050.14", "a": "2050.16"}}
    data = the_ticker(spelled(fields)).data
    assert (data.bid, data.ask, data.last) == tuple(map(Decimal, ("2050.14", "2050.16", "2050.15")))


def test_symbol_is_told_in_upper_case() -> None:
    fields = json.loads(captured("spot-ticker.jsonl")[0]) | {"s": "ethusdt"}
    assert the_ticker(spelled(fields)).symbol == "ETHUSDT"


def test_money_keeps_the_venues_trailing_zeros() -> None:
    assert str(the_ticker(captured("contract-ticker.jsonl")[3]).data.volume) == "359395.800"


def test_trade_says_what_was_captured() -> None:
    (message,) = codec.decode_trades(captured("spot-trade.jsonl")[1], RECEIVED_NS)
    assert (message.symbol, message.is_snapshot) == ("ETHUSDT", False)
    assert (message.timestamp, message.exchange_time_ns) == (1775118619.691, 1775118619691 * 10**6)
    assert dict(message.data) == {
        "trade_id": "8cd20870-d3b0-41d8-91bb-ccdfbdd6576f",
        "price": Decimal("2050.56"),
        "size": Decimal("0.02625"),
        "side": "sell",
        "timestamp": 1775118619.691,
        "notional": Decimal("53.8272000"),
    }


def test_side_of_a_trade_is_the_takers() -> None:
    maker_bought, maker_sold = captured("spot-trade.jsonl")[1:]
    assert b'"m":true' in maker_bought
    assert codec.decode_trades(maker_bought, RECEIVED_NS)[0].data.side == "sell"
    assert b'"m":false' in maker_sold
    assert codec.decode_trades(maker_sold, RECEIVED_NS)[0].data.side == "buy"


def test_history_of_trades_is_flagged() -> None:
    (message,) = codec.decode_trades(captured("spot-trade.jsonl")[0], RECEIVED_NS)
    assert message.is_snapshot


def trade_frames() -> list[bytes]:
    return [f for f in captured("contract-trade.jsonl") if b'"e":"trade' in f]


def test_captured_trades_are_118_distinct_ones_and_11_repeats() -> None:
    ids = [
        message.data.trade_id
        for frame in trade_frames()
        for message in codec.decode_trades(frame, RECEIVED_NS)
    ]
    assert (len(set(ids)), len(ids) - len(set(ids))) == (118, 11)


@pytest.mark.parametrize("frame", trade_frames())
def test_trades_of_a_frame_come_oldest_first(frame: bytes) -> None:
    times = [message.timestamp for message in codec.decode_trades(frame, RECEIVED_NS)]
    assert times == sorted(times)


def test_trades_of_one_time_keep_the_venues_order() -> None:
    row = json.loads(captured("spot-trade.jsonl")[1])["d"][0]
    rows = [row | {"t": name, "T": time} for name, time in [("c", 2), ("a", 1), ("b", 1)]]
    frame = spelled({"e": "trade", "E": 3, "s": "BTCUSDT", "d": rows})
    messages = codec.decode_trades(frame, RECEIVED_NS)
    assert [message.data.trade_id for message in messages] == ["a", "b", "c"]


@pytest.mark.parametrize("frame", [*trade_frames(), *captured("spot-trade.jsonl")])
def test_trade_ids_are_found_in_the_bytes(frame: bytes) -> None:
    assert codec.trade_ids(frame) == [row["t"] for row in json.loads(frame)["d"]]


@pytest.mark.parametrize(
    "unusual",
    [
        b'{"e":"trade","E":1,"s":"B","d":[{"t":"a"},{"t": "b"}]}',
        b'{"e":"trade","E":1,"s":"B","d":[{"t":"a"},{"t":"\\u0062"}]}',
        b'{"e":"trade","E":1,"s":"B","d":[{"t":"a"},{"t":"\xc3\xa4"}]}',
        b'{"e":"trade","E":1,"s":"B","d":[{"t":"a"},{"t":"\xff"}]}',
        b'{"e":"trade","E":1,"s":"B","d":[{"t":"a"},{"T":1}]}',
    ],
)
def test_trade_ids_are_all_found_or_none(unusual: bytes) -> None:
    assert not codec.trade_ids(unusual)


def test_candle_says_what_was_captured() -> None:
    (message,) = codec.decode_candles(captured("contract-kline.jsonl")[1], RECEIVED_NS)
    assert (message.symbol, message.timestamp) == ("BTCUSDT", 1788692276.838)
    assert dict(message.data) == {
        "open_time": 1788692220.0,
        "close_time": 1788692280.0,
        "interval": "1m",
        "open": Decimal("79961.3"),
        "high": Decimal("79997.5"),
        "low": Decimal("79961.3"),
        "close": Decimal("79982.2"),
        "volume": Decimal("17.6131"),
        "quote_volume": Decimal("1408872.78228"),
        "trade_count": 280,
        "is_closed": False,
        "one_sided_volume": Decimal("1.6664"),
        "one_sided_quote_volume": Decimal("133286.71425"),
    }


def test_history_of_candles_comes_oldest_first_and_flagged() -> None:
    fields = json.loads(captured("contract-kline.jsonl")[0])
    fields["d"].reverse()
    messages = codec.decode_candles(spelled(fields), RECEIVED_NS)
    times = [message.data.open_time for message in messages]
    assert times == sorted(times)
    assert all(message.is_snapshot for message in messages)
    assert (len(times), times[0]) == (16, 1788691320.0)


@pytest.mark.parametrize("frame", captured("contract-kline.jsonl", "spot-kline.jsonl"))
def test_end_of_a_candle_is_exclusive(frame: bytes) -> None:
    seconds = {"1m": 60, "1h": 3600, "1d": 86400}
    for message in codec.decode_candles(frame, RECEIVED_NS):
        candle = message.data
        assert candle.close_time - candle.open_time == seconds[candle.interval]


def test_top_of_book_says_what_was_captured() -> None:
    (message,) = codec.decode_book_ticker(captured("spot-bookTicker.jsonl")[1], RECEIVED_NS)
    assert (message.symbol, message.timestamp) == ("ETHUSDT", 1776103547.551)
    assert message.sequence == 1776103547547
    assert dict(message.data) == {
        "bid": Decimal("2227.39"),
        "bid_size": Decimal("1.05512"),
        "ask": Decimal("2227.40"),
        "ask_size": Decimal("6.30889"),
        "update_id": 1776103547547,
    }


# The book chain.


def levels_of(side: SideMoment) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple(zip(map(Decimal, side[0]), map(Decimal, side[1]), strict=True))


def test_book_chain_replays_to_the_oracle_of_the_sheet() -> None:
    book = OrderBook(window=15)
    for frame in captured("contract-depth.jsonl"):
        update = codec.read_book(frame)
        if update.is_snapshot:
            book.replace(update.levels, update.sequence)
        else:
            assert book.apply(update.levels, update.previous_sequence, update.sequence)
        now = book.now(20)
        bids, asks = levels_of(now.bids()), levels_of(now.asks())
        assert (len(bids), len(asks)) == (15, 15)
        assert bids[0][0] < asks[0][0]
        assert [price for price, _ in bids] == sorted((p for p, _ in bids), reverse=True)
        assert [price for price, _ in asks] == sorted(price for price, _ in asks)
    assert bids[0] == (Decimal("79982.1"), Decimal("2.4325"))
    assert asks[0] == (Decimal("79982.2"), Decimal("2.7899"))
    assert book.sequence == 16786246795


# Requests.


@pytest.mark.parametrize(
    ("intent", "request_id", "line"),
    [
        (
            Subscribe(
                (
                    "BTCUSDT@ticker",
                    "BTCUSDT@trade",
                    "BTCUSDT@depth15",
                    "BTCUSDT@kline_1m_LAST_PRICE",
                )
            ),
            1,
            0,
        ),
        (Unsubscribe(("BTCUSDT@ticker",)), 2, 1),
        (Pong(), 2, 2),
        (Ping(), 7, 3),
        (Subscribe(("account", "orders", "fill", "positions")), 1, 4),
    ],
)
def test_requests_are_written_as_the_venue_documents_them(
    intent: Subscribe | Unsubscribe | Ping | Pong, request_id: int, line: int
) -> None:
    assert codec.encode(intent, request_id, 0).encode() == captured("client.jsonl")[line]


FEEDS = ("BTCUSDT@ticker", "NOPEUSDT@ticker", "NOPEUSDT@trade", "BTCUSDT@depth50", "nope")


@pytest.mark.parametrize(
    ("reason", "feeds"),
    [
        ("INVALID_ARGUMENT: invalid symbol : NOPEUSDT", ("NOPEUSDT@ticker", "NOPEUSDT@trade")),
        ("INVALID_ARGUMENT: invalid symbol : nopeusdt", ("NOPEUSDT@ticker", "NOPEUSDT@trade")),
        ("INVALID_ARGUMENT: invalid symbol : cmt_nopeusdt", ("NOPEUSDT@ticker", "NOPEUSDT@trade")),
        ("INVALID_ARGUMENT: invalid symbol : NOPEUSDT_SPBL", ("NOPEUSDT@ticker", "NOPEUSDT@trade")),
        ("INVALID_ARGUMENT: invalid depth level : 50", ("BTCUSDT@depth50",)),
        ("INVALID_ARGUMENT: invalid event : nope", ("nope",)),
        ("INVALID_ARGUMENT: invalid event : trade", ("NOPEUSDT@trade",)),
        ("INVALID_ARGUMENT: invalid event : NOPEUSDT@trade", ("NOPEUSDT@trade",)),
        ("INVALID_ARGUMENT: invalid event : ", ()),
        ("no reason given", ()),
        ("INVALID_ARGUMENT: invalid symbol : DOGEUSDT", ()),
    ],
)
def test_refusal_blames_the_feeds_that_its_words_name(reason: str, feeds: Sequence[str]) -> None:
    assert tuple(codec.blamed(reason, FEEDS)) == feeds


def test_refusal_of_a_single_feed_blames_it_whatever_the_words() -> None:
    assert codec.blamed("no reason given", ("BTCUSDT@ticker",)) == ("BTCUSDT@ticker",)
