"""Coinbase Exchange against the venue contract: routes, answers, refusals, signed requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from tests.venues.coinbase.recordings import FRAMES, frames
from weex_client.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    RateLimitedError,
    UnsupportedChannelError,
    UsageError,
    VenueError,
)
from weex_client.protocol import (
    Ack,
    Channel,
    Closing,
    Data,
    Denied,
    Reject,
    Scope,
    Subscribe,
    Topic,
    Unknown,
    Unsubscribe,
)
from weex_client.rest import HttpResponse, Query
from weex_client.venues.coinbase import CoinbaseChannel, CoinbaseConfig, CoinbaseVenue, endpoints

SECRET = "Y29pbmJhc2UtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="
NOW = 1_790_134_567 * 10**9


def config(**settings: Any) -> CoinbaseConfig:
    return CoinbaseConfig(_env_file=None, **settings)


def signed(**settings: Any) -> CoinbaseVenue:
    keys = {"api_key": "key", "secret_key": SECRET, "passphrase": "pass"}
    return CoinbaseVenue(config(**{n: SecretStr(v) for n, v in keys.items()}, **settings))


PUBLIC = CoinbaseVenue(config())
SIGNED = signed()


@pytest.mark.parametrize("venue", [PUBLIC, SIGNED])
def test_every_frame_of_the_venue_is_known(venue: CoinbaseVenue) -> None:
    for path in sorted(FRAMES.glob("*.jsonl")):
        if path.stem == "client":
            continue
        for frame in frames(path.stem):
            assert not isinstance(venue.read(frame), Unknown), (path.stem, frame[:80])


def test_books_come_from_the_channel_that_the_credentials_allow() -> None:
    topic = Topic(Channel.BOOK, "BAND-GBP", 5)
    snapshot, change = frames("recording-2021-band-gbp")[0], None
    for venue, feed in ((PUBLIC, "level2_batch:BAND-GBP"), (SIGNED, "level2:BAND-GBP")):
        assert venue.feed(topic) == feed
        assert venue.read(snapshot) == Data(feed)
        change = next(f for f in frames("recording-2021-band-gbp") if b"l2update" in f)
        assert venue.read(change) == Data(feed)
        assert venue.companions(feed) == ("heartbeat:BAND-GBP", "matches:BAND-GBP")
    in_clear = signed(public_url="ws://example.org")
    assert in_clear.feed(topic) == "level2_batch:BAND-GBP"


def test_acknowledgement_is_the_complete_list_in_our_names() -> None:
    first, second, _, live = (PUBLIC.read(frame) for frame in frames("subscriptions"))
    assert isinstance(first, Ack)
    assert isinstance(second, Ack)
    assert len(first.served or ()) == 10
    assert (first.served or frozenset()) < (second.served or frozenset())
    assert live == Ack(None, frozenset({"level2_batch:BTC-USD", "matches:BTC-USD"}))
    batch = b'{"type":"subscriptions","channels":[{"name":"ticker_1000","product_ids":["A-B"]},'
    batch += b'{"name":"status","product_ids":[]},{"name":"user","product_ids":["A-B"]}]}'
    assert PUBLIC.read(batch) == Ack(
        None, frozenset({"ticker_batch:A-B", "status", "user/orders", "user/fills", "user/steps"})
    )
    assert PUBLIC.read(b'{"type":"subscriptions","channels":null}') == Ack(None, frozenset())


def test_refusals_say_what_they_are() -> None:
    unsigned, nothing, key = (PUBLIC.read(frame) for frame in frames("errors"))
    assert isinstance(unsigned, Denied)
    assert nothing == Reject(None, "Failed to subscribe: No channels provided")
    assert key == Denied(None, "Authentication Failed: Invalid API Key")
    assert PUBLIC.read(b'{"type":"error"}') == Reject(None, "no reason given")
    only = b'{"message":"Message too big","type":"error"}'
    assert PUBLIC.read(only) == Reject(None, "Message too big")
    slow = PUBLIC.read(b'{"type":"error","message":"ErrSlowConsume"}')
    assert isinstance(slow, Closing)
    old = b'{"type":"error","message":"Sorry, you could not be authenticated: no"}'
    assert isinstance(PUBLIC.read(old), Denied)


def test_words_of_a_refusal_name_the_feed() -> None:
    feeds = ("ticker:FOO-BAR", "ticker:BTC-USD", "heartbeat:FOO-BAR")
    reason = "Failed to subscribe: FOO-BAR is not a valid product"
    assert PUBLIC.blamed(reason, feeds) == ("ticker:FOO-BAR", "heartbeat:FOO-BAR")
    reason = "Failed to subscribe: heartbeat is not a valid channel"
    assert PUBLIC.blamed(reason, feeds) == ("heartbeat:FOO-BAR",)
    assert PUBLIC.blamed("Failed to subscribe", feeds) == ()
    assert PUBLIC.blamed("whatever", feeds[:1]) == feeds[:1]
    assert PUBLIC.blamed("busy", feeds[1:]) == feeds[1:2]


def test_frames_of_two_channels_name_both() -> None:
    match = PUBLIC.read(frames("matches")[-1])
    product = json.loads(frames("matches")[-1])["product_id"]
    assert match == Data(f"matches:{product}", (f"full:{product}", "user"))
    assert PUBLIC.read(frames("full-2017-06-25")[0]) == Data("full:BTC-USD", ("user",))
    kinds = {SIGNED.apart(channel) for channel in (CoinbaseChannel.FULL, CoinbaseChannel.BOOK3)}
    assert kinds == {CoinbaseChannel.FULL}
    assert PUBLIC.apart(Channel.TICKER) is None


@pytest.mark.parametrize("frame", [b"", b"17", b"[]", b"{}", b'{"type":7}', b'{"type":"news"}'])
def test_what_is_not_known_is_told_by_its_kind(frame: bytes) -> None:
    assert isinstance(PUBLIC.read(frame), Unknown)


@pytest.mark.parametrize("name", ["ticker", "matches", "live-2026-08-25", "heartbeat", "status"])
def test_damaged_frame_is_still_known_to_be_of_its_feed(name: str) -> None:
    for frame in frames(name):
        known = PUBLIC.read(frame)
        for damaged in (frame[:-1], frame[:-1] + b"\xff", frame.replace(b'"time"', b'"\x00ime"')):
            assert not isinstance(known, Data) or PUBLIC.read(damaged) == known
    # What names nobody is counted, and not thrown away as somebody else's.
    torn = b'{"type":"heartbeat","last_trade_id":9045792,"product_id":"ADA-E\x00R","sequence":1}'
    assert PUBLIC.read(torn) == PUBLIC.read(torn[:60]) == Unknown("not JSON")


def test_signed_feeds_are_asked_for_apart_and_signed_for_this_moment() -> None:
    feeds = ("ticker:A-B", "level2:A-B", "matches:A-B", "full:A-B")
    assert list(SIGNED.batches(feeds)) == [
        ("ticker:A-B", "matches:A-B"),
        ("level2:A-B", "full:A-B"),
    ]
    request = json.loads(SIGNED.encode(Subscribe(feeds[1:2]), 1, NOW))
    assert request == {
        "type": "subscribe",
        "channels": [{"name": "level2", "product_ids": ["A-B"]}],
        "key": "key",
        "passphrase": "pass",
        "timestamp": "1790134567",
        "signature": "YqpqpKZpde0/Hfh0Cj4uO6eBLyvkQDeAGegaXu6MfMw=",
    }
    assert "signature" not in json.loads(SIGNED.encode(Subscribe(feeds[:1]), 1, NOW))
    assert "signature" not in json.loads(SIGNED.encode(Unsubscribe(feeds[1:2]), 1, NOW))
    direct = signed(public_url="wss://ws-direct.exchange.coinbase.com")
    assert "signature" in json.loads(direct.encode(Subscribe(feeds[:1]), 1, NOW))


def test_own_orders_are_asked_for_by_the_products_that_are_set() -> None:
    feeds = tuple(SIGNED.feed(Topic(channel)) for channel in (Channel.ORDERS, Channel.FILLS))
    assert {SIGNED.carrier(feed) for feed in feeds} == {"user"}
    assert all(map(SIGNED.needs_credentials, feeds))
    request = json.loads(SIGNED.encode(Subscribe(feeds), 1, NOW))
    assert request["channels"] == [{"name": "user"}]
    some = signed(products=("ETH-USD",))
    request = json.loads(some.encode(Subscribe((*feeds, "heartbeat:ETH-USD")), 1, NOW))
    assert request["channels"][0] == {"name": "user", "product_ids": ["ETH-USD"]}
    assert some.companions(feeds[0]) == ("heartbeat:ETH-USD",)
    assert SIGNED.scope(CoinbaseChannel.USER) is Scope.PRIVATE


@pytest.mark.parametrize(
    ("symbol", "hint"), [("BTCUSD", "BTC-USD"), ("ETH/USDT", "ETH-USDT"), ("X", "BTC-USD")]
)
def test_symbol_of_another_venue_is_told_how_it_is_spelled_here(symbol: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        PUBLIC.feed(Topic(Channel.TICKER, symbol))


def test_what_there_is_not_is_said_with_what_there_is() -> None:
    with pytest.raises(UnsupportedChannelError, match="book3"):
        PUBLIC.feed(Topic(Channel.CANDLES, "BTC-USD", interval="1m"))
    with pytest.raises(UnsupportedChannelError, match="1 or more"):
        PUBLIC.feed(Topic(Channel.BOOK, "BTC-USD", 0))


def test_credentials_are_asked_for_by_name_and_never_sent_in_clear() -> None:
    assert PUBLIC.needs_credentials(PUBLIC.feed(Topic(CoinbaseChannel.FULL, "BTC-USD")))
    with pytest.raises(ConfigError, match="COINBASE_PASSPHRASE"):
        PUBLIC.check_credentials()
    with pytest.raises(ConfigError, match="in clear"):
        signed(public_url="ws://example.org").feed(Topic(CoinbaseChannel.FULL, "BTC-USD"))
    with pytest.raises(ConfigError, match="in clear"):
        signed(private_url="ws://example.org").check_credentials()
    with pytest.raises(ConfigError, match="in clear"):
        signed(rest_url="http://example.org").check_credentials()
    SIGNED.check_credentials()
    assert "pass" not in repr(SIGNED.dial(Scope.PRIVATE, NOW))


def test_nothing_is_read_elsewhere_for_an_account_on_this_machine() -> None:
    here = signed(public_url="ws://127.0.0.1:9/coinbase")
    assert here.account_reads(Channel.ORDERS) is None
    assert SIGNED.account_reads(Channel.ORDERS) is not None
    assert SIGNED.account_reads(CoinbaseChannel.USER) is None


def test_questions_are_signed_with_what_is_behind_the_question_mark() -> None:
    query = SIGNED.account_reads(Channel.ORDERS).query
    request = SIGNED.ask(query, NOW)
    target = request.url.removeprefix(endpoints.REST_URL)
    assert target == "/orders?status=open&status=pending&status=active&limit=1000"
    assert request.headers["CB-ACCESS-SIGN"] == endpoints.sign(SECRET, f"1790134567GET{target}")
    book = SIGNED.book_query("full:BTC-USD")
    assert SIGNED.ask(book, NOW).url.endswith("/products/BTC-USD/book?level=3")
    assert SIGNED.book_query("level2:BTC-USD") is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, AuthenticationError),
        (429, RateLimitedError),
        (302, VenueError),
        (400, VenueError),
        (503, ConnectError),
    ],
)
def test_refused_question_is_the_error_that_it_is(status: int, error: type[Exception]) -> None:
    body = b'{"message":"no key here, pass"}' if status != 503 else b"<html>busy</html>"
    with pytest.raises(error) as refusal:
        SIGNED.answered(Query("orders", "/orders"), HttpResponse(status, body))
    assert "pass)" not in str(refusal.value)


def test_order_that_is_forgotten_is_none() -> None:
    answer = HttpResponse(404, b'{"message":"NotFound"}')
    assert SIGNED.answered(Query("order", "/orders/x"), answer) is None
