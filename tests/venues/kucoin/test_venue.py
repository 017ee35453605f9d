"""KuCoin as a venue: where it connects, how that is signed, what can be asked of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from tests.venues.kucoin.recorded import CONFIG, NOBODY, VENUE, frames, spelled
from weex_client.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    RateLimitedError,
    SymbolError,
    UnsupportedChannelError,
    VenueError,
    WeexClientError,
)
from weex_client.protocol import Channel, FeedKind, Scope, Topic
from weex_client.rest import HttpResponse, Query
from weex_client.venues.kucoin import KucoinChannel, KucoinConfig, KucoinVenue
from weex_client.venues.kucoin.endpoints import rest_headers, sign

TIME_NS = 1_790_134_567_942_000_000
TICKET = HttpResponse(200, frames("bullet-public-response.jsonl")[0])
DATA = json.loads(TICKET.body)["data"]


def refused(status: int, code: str, text: str = "no") -> HttpResponse:
    return HttpResponse(status, spelled({"code": code, "msg": text}))


# Signatures: openssl and another implementation agree (sheet, 1.1).


def test_signatures_are_those_of_the_test_vectors() -> None:
    request = VENUE.ticket_request(Scope.PRIVATE, TIME_NS)
    assert request.method == "POST"
    assert request.url == "https://api.kucoin.com/api/v1/bullet-private"
    assert request.body == b""
    assert request.headers["KC-API-TIMESTAMP"] == "1790134567942"
    assert request.headers["KC-API-SIGN"] == "OhdHzr/t5O0mqiJs7uwmpdq2VcmA9FMo1wM3nn0qx20="
    assert request.headers["KC-API-PASSPHRASE"] == "KcbEjMRuJKVkHLDWoxYTziO3vQ2M0EQawEmYvPRcOfM="
    assert request.headers["KC-API-KEY-VERSION"] == "3"
    query = VENUE.book_query("/market/level2:BTC-USDT")
    assert query is not None
    question = VENUE.ask(query, TIME_NS)
    assert question.url.endswith("/api/v3/market/orderbook/level2?symbol=BTC-USDT")
    assert question.headers["KC-API-SIGN"] == "S9Rj2tNqDzk+c9hL+A+rUPYNgHDV9dO2dD1d+Tyb9gE="
    assert sign("a", "b") != rest_headers(("k", "a", "p"), "2", 0, "b", "")["KC-API-SIGN"]


def test_a_public_token_is_asked_for_without_a_key() -> None:
    request = VENUE.ticket_request(Scope.PUBLIC, TIME_NS)
    assert request.url == "https://api.kucoin.com/api/v1/bullet-public"
    assert not any(name.startswith("KC-") for name in request.headers)
    assert "kucoin-test" not in repr(VENUE.ticket_request(Scope.PRIVATE, TIME_NS))


# Where a token lets us connect.


def test_the_address_comes_with_the_token() -> None:
    dial = VENUE.dial(Scope.PUBLIC, 255, TICKET)
    assert dial.url.startswith("wss://ws-api-spot.kucoin.com/?token=2neAiuYvAU61ZDXANAGAsiL4-iA")
    assert dial.url.endswith(".mvnekBb8DJegZIgYLs2FBQ%3D%3D&connectId=ff")
    assert "token" not in repr(dial)
    assert (dial.ping_interval_seconds, dial.answer_seconds) == (18.0, 10.0)
    assert dial.lifetime_seconds == 23 * 3600


def test_an_address_that_was_set_is_used_instead() -> None:
    config = KucoinConfig(public_url="ws://127.0.0.1:7/spot?x=1")
    dial = KucoinVenue(config).dial(Scope.PUBLIC, 0, TICKET)
    assert dial.url.startswith("ws://127.0.0.1:7/spot?x=1&token=")
    assert KucoinConfig(rest_url="http://127.0.0.1:8").public_url == "ws://127.0.0.1:8"
    assert KucoinConfig().public_url == "wss://ws-api-spot.kucoin.com/"


def test_of_several_servers_the_first_usable_is_taken() -> None:
    (server,) = DATA["instanceServers"]
    addresses = (
        "https://x.y",
        "ws://far.away",
        "wss://u:p@x.y",
        "http://[",
        "wss://push.x/endpoint",
    )
    servers = [server | {"endpoint": address} for address in addresses]
    body = spelled({"code": "200000", "data": DATA | {"instanceServers": servers}})
    dial = VENUE.dial(Scope.PUBLIC, 0, HttpResponse(200, body))
    assert dial.url.startswith("wss://push.x/endpoint?token=")


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (HttpResponse(200, b"<html><body>Maintenance"), ConnectError, "a page"),
        (HttpResponse(502, b"bad gateway"), ConnectError, "HTTP 502"),
        (HttpResponse(200, b'{"code":"200000"}'), ConnectError, "without a token"),
        (HttpResponse(200, b'{"code":"200000","data":{"token":""}}'), ConnectError, "without"),
        (HttpResponse(403, b"<html>error 1015"), RateLimitedError, "HTTP 403"),
        (HttpResponse(302, b""), ConnectError, "redirection"),
        (refused(200, "400004", "KC-API-PASSPHRASE error"), AuthenticationError, "passphrase"),
        (refused(401, "400005"), AuthenticationError, "check key"),
        (refused(401, "400002"), AuthenticationError, "the line is slow"),
        (refused(429, "429000"), RateLimitedError, "429000"),
        (refused(500, "500000"), ConnectError, "HTTP 500"),
        (refused(400, "400100", ""), VenueError, "no reason given"),
    ],
)
def test_what_is_no_token_says_what_it_is(
    response: HttpResponse, error: type[WeexClientError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        VENUE.dial(Scope.PRIVATE, 0, response)
    assert type(caught.value) is error
    assert "bullet-private" in str(caught.value)


@pytest.mark.parametrize("interval", [0, -1, 1e9, "x", None])
def test_pings_that_cannot_be_are_refused(interval: Any) -> None:
    servers = [DATA["instanceServers"][0] | {"pingInterval": interval}]
    body = spelled({"code": "200000", "data": DATA | {"instanceServers": servers}})
    with pytest.raises(ConnectError):
        VENUE.dial(Scope.PUBLIC, 0, HttpResponse(200, body))


def test_credentials_are_missed_and_kept_off_the_open_network() -> None:
    VENUE.check_credentials()
    with pytest.raises(ConfigError, match="KUCOIN_API_KEY"):
        NOBODY.check_credentials()
    with pytest.raises(ConfigError, match="nobody asked"):
        VENUE.dial(Scope.PUBLIC, 0)
    clear = KucoinVenue(CONFIG.model_copy(update={"rest_url": "http://example.com"}))
    with pytest.raises(ConfigError, match="in clear"):
        clear.check_credentials()
    assert clear.ticket_request(Scope.PUBLIC, 0).url.startswith("http://example.com/")


def test_answers_to_questions() -> None:
    query = Query("order", "/api/v1/orders/7")
    good = HttpResponse(200, b'{"code":"200000","data":{}}')
    assert VENUE.answered(query, good) == good.body
    assert VENUE.answered(query, refused(200, "400100", "The order does not exist.")) is None
    assert VENUE.answered(query, HttpResponse(200, b'{"code":"200000","data":null}')) is None
    with pytest.raises(AuthenticationError) as caught:
        VENUE.answered(query, refused(401, "400003", "no key kucoin-test-secret"))
    assert "kucoin-test-secret" not in str(caught.value)
    with pytest.raises(VenueError, match="spelling"):
        VENUE.answered(Query("order book", "/b"), refused(200, "900001", "symbol not exists"))


# What can be streamed.


@pytest.mark.parametrize(
    ("topic", "feed"),
    [
        (Topic(Channel.TICKER, "BTC-USDT"), "/market/ticker:BTC-USDT"),
        (Topic(Channel.TRADES, "BTC-USDT"), "/market/match:BTC-USDT"),
        (Topic(Channel.BOOK_TICKER, "BTC-USDT"), "/spotMarket/level1:BTC-USDT"),
        (Topic(Channel.CANDLES, "BTC-USDT", interval="1m"), "/market/candles:BTC-USDT_1min"),
        (Topic(Channel.CANDLES, "BTC-USDT", interval="12hour"), "/market/candles:BTC-USDT_12hour"),
        (Topic(Channel.BOOK, "BTC-USDT", level=500), "/market/level2:BTC-USDT"),
        (Topic(Channel.BOOK_DELTAS, "BTC-USDT", level=200), "/market/level2:BTC-USDT"),
        (Topic(Channel.BOOK_DELTAS, "BTC-USDT", level=50), "/spotMarket/level2Depth50:BTC-USDT"),
        (Topic(KucoinChannel.SNAPSHOT, "BTC-USDT"), "/market/snapshot:BTC-USDT"),
        (Topic(KucoinChannel.SNAPSHOT, "USDS"), "/market/snapshot:USDS"),
        (Topic(KucoinChannel.ALL_TICKERS), "/market/ticker:all"),
        (Topic(Channel.ORDERS), "/spotMarket/tradeOrdersV2"),
        (Topic(KucoinChannel.STOP_ORDERS), "/spotMarket/advancedOrders"),
        (Topic(Channel.ACCOUNT), "/account/balance"),
    ],
)
def test_topics_are_spelled_as_the_venue_does(topic: Topic, feed: str) -> None:
    assert topic.channel in VENUE.channels
    assert VENUE.feed(topic) == VENUE.carrier(feed) == feed
    is_private = feed.startswith(("/account", "/spotMarket/trade", "/spotMarket/adv"))
    assert VENUE.scope(topic.channel) is (Scope.PRIVATE if is_private else Scope.PUBLIC)


def test_fills_come_with_the_frames_of_orders() -> None:
    fills = VENUE.feed(Topic(Channel.FILLS))
    assert fills != VENUE.feed(Topic(Channel.ORDERS)) == VENUE.carrier(fills)
    assert VENUE.feed_kind(Channel.FILLS) is FeedKind.FILLS
    assert VENUE.feed_kind(KucoinChannel.STOP_ORDERS) is FeedKind.STATE
    assert VENUE.feed_kind(KucoinChannel.SNAPSHOT) is FeedKind.FRAMES


@pytest.mark.parametrize(
    ("level", "feed"),
    [(1, "Depth5"), (5, "Depth5"), (6, "Depth50"), (50, "Depth50")],
)
def test_without_credentials_books_are_complete_pictures(level: int, feed: str) -> None:
    found = NOBODY.feed(Topic(Channel.BOOK, "BTC-USDT", level=level))
    assert found == f"/spotMarket/level2{feed}:BTC-USDT"
    assert NOBODY.book_query(found) is None
    assert Channel.BOOK in NOBODY.heartbeat.prompt
    assert Channel.BOOK not in VENUE.heartbeat.prompt


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (Topic(Channel.BOOK, "BTC-USDT", level=51), "without credentials.*KUCOIN_API_KEY.*1 to 50"),
        (Topic(Channel.BOOK, "BTC-USDT", level=0), "0 levels"),
        (Topic(Channel.BOOK_DELTAS, "BTC-USDT", level=200), "without credentials.*levels: 5, 50"),
        (Topic(Channel.CANDLES, "BTC-USDT", interval="7m"), "1min, 3min"),
        (Topic(Channel.POSITIONS), "ticker, trades, .*snapshot"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(topic: Topic, words: str) -> None:
    with pytest.raises(UnsupportedChannelError, match=words):
        NOBODY.feed(topic)


@pytest.mark.parametrize(
    ("symbol", "meant"),
    [
        ("BTCUSDT", "BTC-USDT"),
        ("ETHBTC", "ETH-BTC"),
        ("BTC/USDT", "BTC-USDT"),
        ("BTC_USDT", "BTC-USDT"),
        ("XYZ", None),
        ("USDT", None),
        ("A-B-C", None),
        ("", None),
    ],
)
def test_a_symbol_spelled_for_another_venue_is_understood(symbol: str, meant: str | None) -> None:
    with pytest.raises(SymbolError, match=meant or "like BTC-USDT") as caught:
        VENUE.feed(Topic(Channel.TICKER, symbol))
    assert (caught.value.symbol, caught.value.suggestion) == (symbol, meant)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUCOIN_REST_URL", "https://proxy.example")
    monkeypatch.setenv("KUCOIN_API_KEY", "a")
    monkeypatch.setenv("KUCOIN_KEY_VERSION", "2")
    config = KucoinConfig.from_env()
    assert config.public_url == "wss://proxy.example"
    assert config.own_address(config.public_url) is None
    assert config.api_key == SecretStr("a")
    assert config.key_version == "2"
    monkeypatch.setenv("KUCOIN_REST_URL", "nowhere")
    with pytest.raises(ConfigError, match="KUCOIN_REST_URL"):
        KucoinConfig.from_env()
