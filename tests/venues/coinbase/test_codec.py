"""Coinbase frames to messages: every fixture, the traps of the sheet, and the replay oracle."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.venues.coinbase.recordings import frames
from weex_client.book import OrderBook, SideMoment, unpack
from weex_client.errors import DecodeError, UsageError
from weex_client.protocol import Ping, Subscribe, Unsubscribe
from weex_client.venues.coinbase import codec
from weex_client.venues.coinbase.times import rfc3339, seconds_text_ns, time_ns

RECEIVED = 1_790_000_000_000_000_000


def test_ticker_has_the_figures_and_what_follows_from_them() -> None:
    (message,) = codec.decode_ticker(frames("ticker-with-sizes")[0], RECEIVED)
    ticker = message.data
    assert (message.symbol, message.sequence) == ("BTC-EUR", 20401309348)
    assert message.exchange_time_ns == 1_666_813_202_207_724_000
    assert (ticker.last, ticker.bid, ticker.ask) == (
        Decimal("20608.9"),
        Decimal("20602.07"),
        Decimal("20611.92"),
    )
    assert ticker.price_change == Decimal("269.83")
    assert round(ticker.change, 6) == Decimal("1.326658")
    assert ticker.quote_volume is ticker.mark_price is ticker.index_price is None
    assert (ticker.side, ticker.bid_size) == ("buy", Decimal("0.00604328"))


def test_match_and_ticker_of_a_trade_name_the_same_taker() -> None:
    tickers = [codec.decode_ticker(frame, RECEIVED)[0] for frame in frames("ticker")]
    takers = {(m.symbol, str(m.data.trade_id)): m.data.side for m in tickers}
    trades = [codec.decode_trades(frame, RECEIVED)[0] for frame in frames("matches")]
    pairs = [
        (trade.data.side, takers[trade.symbol, trade.data.trade_id])
        for trade in trades
        if (trade.symbol, trade.data.trade_id) in takers
    ]
    assert len(pairs) == 107
    assert all(ours == theirs for ours, theirs in pairs)
    assert sum(trade.is_snapshot for trade in trades) == 10
    assert all(trade.timestamp == trade.data.timestamp for trade in trades)


def test_trade_ids_of_a_product_rise_by_one() -> None:
    newest: dict[str, int] = {}
    for frame in frames("matches"):
        symbol, trade_id, is_heartbeat = codec.last_trade(frame)
        assert not is_heartbeat
        assert trade_id == newest.get(symbol, trade_id - 1) + 1
        newest[symbol] = trade_id
        (message,) = codec.decode_trades(frame, RECEIVED)
        assert codec.trade_ids(frame) == (message.data.trade_id,)


def test_heartbeat_tells_the_newest_trade() -> None:
    beats = frames("heartbeat")
    assert codec.last_trade(beats[-1]) == ("ADA-EUR", 9045792, True)
    messages = [codec.decode_heartbeat(frame, RECEIVED)[0] for frame in beats]
    assert messages[-1].data.sequence == messages[-1].sequence == 1936995973
    assert codec.sent_time_ns(beats[-1]) == messages[-1].exchange_time_ns
    assert codec.sent_time_ns(frames("matches")[0]) is None  # it may be minutes old


def replayed(book: OrderBook, frame: bytes) -> None:
    update = codec.read_book(frame)
    if update.is_snapshot:
        book.replace(update.levels, update.sequence)
    else:
        assert book.apply(*update[:3])


def numbers(side: SideMoment) -> list[tuple[Decimal, Decimal]]:
    return list(zip(map(Decimal, side[0]), map(Decimal, side[1]), strict=True))


def test_recorded_book_equals_a_naive_one_after_every_frame() -> None:
    book, naive = OrderBook(), {"buy": {}, "sell": {}}
    updates = 0
    for frame in frames("recording-2021-band-gbp"):
        fields = json.loads(frame)
        if fields["type"] == "snapshot":
            for side, name in (("buy", "bids"), ("sell", "asks")):
                naive[side] = {Decimal(price): Decimal(size) for price, size in fields[name]}
        elif fields["type"] == "l2update":
            updates += 1
            for side, price, size in fields["changes"]:
                if Decimal(size):
                    naive[side][Decimal(price)] = Decimal(size)
                else:
                    del naive[side][Decimal(price)]  # every delete hits an existing level
        else:
            continue
        replayed(book, frame)
        moment = book.now(1000)
        bids, asks = numbers(moment.bids()), numbers(moment.asks())
        assert bids == sorted(naive["buy"].items(), reverse=True)
        assert asks == sorted(naive["sell"].items())
        assert bids[0][0] < asks[0][0]
        if not updates:
            assert (len(bids), len(asks)) == (152, 166)
            assert (bids[0][0], asks[0][0]) == (Decimal("14.7693"), Decimal("14.8024"))
    assert updates == 471
    assert (len(bids), len(asks)) == (148, 162)
    assert (bids[0], asks[0]) == (
        (Decimal("14.7366"), Decimal("27.57")),
        (Decimal("14.7664"), Decimal("12.00")),
    )


def l2update(changes: list[list[str]]) -> bytes:
    return json.dumps({"type": "l2update", "product_id": "X", "changes": changes}).encode()


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00", "0.00000000"])
def test_levels_are_found_however_price_and_zero_are_spelled(zero: str) -> None:
    book = OrderBook()
    snapshot = (
        b'{"type":"snapshot","product_id":"X","bids":[["10101.10","1"]],"asks":[["10102","2"]]}'
    )
    changes = [["buy", "10101.10000000", zero], ["sell", "10102.00", "5"]]
    replayed(book, snapshot)
    replayed(book, l2update(changes))
    assert numbers(book.now(5).bids()) == []
    assert numbers(book.now(5).asks()) == [(Decimal(10102), Decimal(5))]


@pytest.mark.parametrize("spelled", [("1.0", "1.00", "1.0"), ("1.0", "1.0", "1.0")])
def test_last_word_of_a_batch_about_a_price_counts(spelled: tuple[str, str, str]) -> None:
    book = OrderBook()
    replayed(book, b'{"type":"snapshot","product_id":"X","bids":[["1.00","9"]],"asks":[]}')
    changes = [["buy", price, size] for price, size in zip(spelled, "506", strict=True)]
    replayed(book, l2update(changes))
    assert numbers(book.now(5).bids()) == [(Decimal(1), Decimal(6))]


def test_documented_books_decode() -> None:
    updates = [codec.read_book(frame) for frame in frames("level2-doc-examples")]
    assert [update.is_snapshot for update in updates] == [True, False, False]
    assert updates[0].exchange_time_ns is None
    assert updates[1].exchange_time_ns == 1_565_815_347_265_000_000
    assert unpack(updates[2].levels)[0] == [
        "22356.270000",
        "0.00000000",
        "22356.300000",
        "1.00000000",
    ]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"l2update","product_id":"X"}',
        b'{"type":"snapshot","product_id":"X","bids":[]}',
        b'{"type":"l2update","product_id":"X","changes":[["hold","1","1"]]}',
        b'{"type":"l2update","product_id":"X","changes":[["buy","-1","1"]]}',
        b'{"type":"l2update","product_id":"X","changes":[["buy",".","1"]]}',
        b'{"type":"l2update","product_id":"X","changes":[["buy","1e3","1"]]}',
        b'{"type":"l2update","product_id":"X","changes":[["buy","NaN","1"]]}',
        b'{"type":"l2update","product_id":"X","changes":[["buy","","1"]]}',
        b"[]",
        b"",
    ],
)
def test_book_frame_that_cannot_be_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.read_book(frame)


def test_status_lists_products_and_currencies() -> None:
    (message,) = codec.decode_status(frames("status")[0], RECEIVED)
    assert message.exchange_time_ns is None
    bitcoin = message.data.product("BTC-USD")
    assert (bitcoin.quote_increment, bitcoin.status) == (Decimal("0.01"), "online")
    assert message.data.currencies[1].networks == ("bitcoin",)
    spaced = frames("status")[0].replace(b'"min_size":"0.01000000"', b'"min_size":" 0.01000000"')
    (message,) = codec.decode_status(spaced, RECEIVED)
    assert message.data.currencies[0].min_size == Decimal("0.01")


def test_balance_is_what_is_available_and_held() -> None:
    (message,) = codec.decode_balance(frames("other-doc-examples")[2], RECEIVED)
    account = message.data
    assert (account.balance, account.frozen) == (Decimal("103031.22"), Decimal("1000.23"))
    never = frames("other-doc-examples")[2].replace(
        b"2023-10-10T20:42:27.265Z", b"0001-01-01T00:00:00Z"
    )
    assert codec.decode_balance(never, RECEIVED)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2019-08-14T20:42:27.265Z", 1_565_815_347_265_000_000),
        ("2019-08-14T20:42:27Z", 1_565_815_347_000_000_000),
        ("2026-08-25T03:35:57.123456789Z", 1_787_628_957_123_456_789),
        ("2026-08-25T03:35:57.1234567891Z", 1_787_628_957_123_456_789),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_times_have_any_number_of_places(text: str, nanoseconds: int | None) -> None:
    assert time_ns(text) == nanoseconds
    if nanoseconds is not None:
        assert time_ns(rfc3339(nanoseconds, 9)) == nanoseconds
    assert seconds_text_ns("1483736448.299000") == 1_483_736_448_299_000_000


@pytest.mark.parametrize("text", ["", "2019-13-14T20:42:27Z", "yesterday", 17, None, "2019-08-14"])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        time_ns(text)


def test_requests_are_grouped_by_channel() -> None:
    feeds = ("ticker:BTC-USD", "heartbeat:BTC-USD", "ticker:ETH-USD", "status")
    request = json.loads(codec.encode(Subscribe(feeds), {"key": "k"}))
    assert request == {
        "type": "subscribe",
        "channels": [
            {"name": "ticker", "product_ids": ["BTC-USD", "ETH-USD"]},
            {"name": "heartbeat", "product_ids": ["BTC-USD"]},
            {"name": "status"},
        ],
        "key": "k",
    }
    assert json.loads(codec.encode(Unsubscribe(("ticker:X",))))["type"] == "unsubscribe"
    with pytest.raises(UsageError):
        codec.encode(Ping())


def test_recorded_frames_tell_their_route_in_the_first_bytes() -> None:
    kinds = {codec.route_key(frame) for frame in frames("recording-2021-band-gbp")}
    assert kinds == {
        None,  # the snapshot, whose product is looked for in full
        *((kind, b"BAND-GBP") for kind in (b"l2update", b"ticker", b"match", b"last_match")),
    }
