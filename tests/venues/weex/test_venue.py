"""One market of WEEX as the streaming rooms see it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from weex_client.errors import ConfigError, UnsupportedChannelError
from weex_client.protocol import Channel, Scope, Topic
from weex_client.venues.weex import WeexConfig, WeexVenue
from weex_client.venues.weex.endpoints import Market

KEYS = {"api_key": "KEY-1", "secret_key": "SECRET-2", "passphrase": "PASS-3"}
NOW_NS = 1790134567942 * 10**6

INTERVALS = {
    "contract": "1m 5m 15m 30m 1h 4h 12h 1d 1w",
    "spot": "1m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 1w 1M",
}


def venue(market: Market = "contract", **values: Any) -> WeexVenue:
    return WeexVenue(WeexConfig(_env_file=None, market=market, **values))


@pytest.mark.parametrize("market", ["contract", "spot"])
@pytest.mark.parametrize(
    ("topic", "feed"),
    [
        (Topic(Channel.TICKER, "BTCUSDT"), "BTCUSDT@ticker"),
        (Topic(Channel.TRADES, "BTCUSDT"), "BTCUSDT@trade"),
        (Topic(Channel.BOOK, "BTCUSDT", level=1), "BTCUSDT@depth15"),
        (Topic(Channel.BOOK, "BTCUSDT", level=5), "BTCUSDT@depth15"),
        (Topic(Channel.BOOK, "BTCUSDT", level=15), "BTCUSDT@depth15"),
        (Topic(Channel.BOOK, "BTCUSDT", level=16), "BTCUSDT@depth200"),
        (Topic(Channel.BOOK, "BTCUSDT", level=200), "BTCUSDT@depth200"),
        (Topic(Channel.BOOK_DELTAS, "BTCUSDT", level=15), "BTCUSDT@depth15"),
        (Topic(Channel.BOOK_DELTAS, "BTCUSDT", level=200), "BTCUSDT@depth200"),
        (Topic(Channel.ACCOUNT), "account"),
        (Topic(Channel.ORDERS), "orders"),
        (Topic(Channel.FILLS), "fill"),
    ],
)
def test_topic_is_served_by_the_venues_own_feed(market: Market, topic: Topic, feed: str) -> None:
    assert venue(market).feed(topic) == feed


@pytest.mark.parametrize(
    ("market", "interval"),
    [(market, interval) for market, names in INTERVALS.items() for interval in names.split()],
)
def test_every_interval_of_the_sheet_has_a_feed(market: Market, interval: str) -> None:
    topic = Topic(Channel.CANDLES, "BTCUSDT", interval=interval)
    assert venue(market).feed(topic) == f"BTCUSDT@kline_{interval}_LAST_PRICE"


def test_top_of_book_is_on_spot() -> None:
    assert venue("spot").feed(Topic(Channel.BOOK_TICKER, "BTCUSDT")) == "BTCUSDT@bookTicker"


def test_positions_are_on_contract() -> None:
    assert venue("contract").feed(Topic(Channel.POSITIONS)) == "positions"


@pytest.mark.parametrize(
    ("market", "channel", "others"),
    [
        (
            "contract",
            Channel.BOOK_TICKER,
            "ticker, trades, book, book_deltas, candles, account, positions, orders, fills",
        ),
        (
            "spot",
            Channel.POSITIONS,
            "ticker, trades, book, book_deltas, candles, bookticker, account, orders, fills",
        ),
    ],
)
def test_missing_channel_is_refused_with_a_list_of_channels(
    market: Market, channel: Channel, others: str
) -> None:
    with pytest.raises(UnsupportedChannelError) as caught:
        venue(market).feed(Topic(channel, "BTCUSDT"))
    assert str(caught.value) == f"WEEX {market} has no {channel} channel; its channels: {others}"
    assert (caught.value.venue, caught.value.available) == ("weex", tuple(others.split(", ")))


@pytest.mark.parametrize("level", [0, -1, 201, None])
def test_missing_book_level_is_refused_with_the_range(level: int | None) -> None:
    text = f"WEEX contract has no order book of {level or 0} levels; its levels: 1 to 200"
    with pytest.raises(UnsupportedChannelError, match=f"^{re.escape(text)}$"):
        venue().feed(Topic(Channel.BOOK, "BTCUSDT", level=level))


@pytest.mark.parametrize("level", [5, 16, 201, None])
def test_missing_level_of_book_changes_is_refused_with_the_levels(level: int | None) -> None:
    text = f"WEEX contract has no book changes of {level or 0} levels; its levels: 15, 200"
    with pytest.raises(UnsupportedChannelError, match=f"^{re.escape(text)}$"):
        venue().feed(Topic(Channel.BOOK_DELTAS, "BTCUSDT", level=level))


@pytest.mark.parametrize(
    ("market", "interval"), [("contract", "2h"), ("contract", "1M"), ("spot", "7m"), ("spot", None)]
)
def test_missing_interval_is_refused_with_the_intervals(
    market: Market, interval: str | None
) -> None:
    available = tuple(INTERVALS[market].split())
    text = f"WEEX {market} has no candles of {interval!r}; its intervals: {', '.join(available)}"
    with pytest.raises(UnsupportedChannelError, match=f"^{re.escape(text)}$") as caught:
        venue(market).feed(Topic(Channel.CANDLES, "BTCUSDT", interval=interval))
    assert caught.value.available == available


@pytest.mark.parametrize("channel", Channel)
def test_account_channels_are_private_and_no_others(channel: Channel) -> None:
    private = {Channel.ACCOUNT, Channel.POSITIONS, Channel.ORDERS, Channel.FILLS}
    assert venue().scope(channel) is (Scope.PRIVATE if channel in private else Scope.PUBLIC)


@pytest.mark.parametrize(("feed", "window"), [("BTCUSDT@depth15", 15), ("BTCUSDT@depth200", 200)])
def test_window_of_a_book_is_its_level(feed: str, window: int) -> None:
    assert venue().book_window(feed) == window


# Dialling.


def test_public_dial_carries_a_user_agent_and_no_credentials() -> None:
    request = venue(**KEYS).dial(Scope.PUBLIC, NOW_NS)
    assert request.url == "wss://ws-contract.weex.com/v3/ws/public"
    assert list(request.headers) == ["User-Agent"]
    assert request.headers["User-Agent"]


def test_private_dial_is_signed_for_its_moment() -> None:
    spot = venue(
        "spot", api_key="weex-test-key", secret_key="weex-test-secret", passphrase="weex-test-pass"
    )
    request = spot.dial(Scope.PRIVATE, NOW_NS)
    assert request.url == "wss://ws-spot.weex.com/v3/ws/private"
    assert request.headers["User-Agent"]
    assert request.headers["ACCESS-TIMESTAMP"] == "1790134567942"
    assert request.headers["ACCESS-SIGN"] == "FJnFW0g92t6nS5xdl9GtArmA3fQYRpXvNKkCDayUoII="
    assert request.headers["ACCESS-KEY"] == "weex-test-key"
    assert request.headers["ACCESS-PASSPHRASE"] == "weex-test-pass"
    later = spot.dial(Scope.PRIVATE, NOW_NS + 10**9)
    assert later.headers["ACCESS-SIGN"] != request.headers["ACCESS-SIGN"]


def test_secrets_do_not_show_in_what_is_dialled() -> None:
    shown = repr(venue(**KEYS).dial(Scope.PRIVATE, NOW_NS))
    assert not any(secret in shown for secret in KEYS.values())
    assert "ACCESS" not in shown


@pytest.mark.parametrize("missing", KEYS)
def test_private_dial_without_credentials_says_which_variables_to_set(missing: str) -> None:
    lacking = venue(**(KEYS | {missing: ""}))
    for attempt in (lacking.check_credentials, lambda: lacking.dial(Scope.PRIVATE, NOW_NS)):
        with pytest.raises(ConfigError) as caught:
            attempt()
        for name in ("WEEX_API_KEY", "WEEX_SECRET_KEY", "WEEX_PASSPHRASE"):
            assert name in str(caught.value)
        assert not any(secret in str(caught.value) for secret in KEYS.values())


@pytest.mark.parametrize(
    "url", ["ws://ws-spot.weex.com/v3/ws/private", "ws://10.0.0.1/private", "ws://127.0.0.1.evil/"]
)
def test_credentials_never_cross_the_network_in_clear(url: str) -> None:
    with pytest.raises(ConfigError, match=f"{re.escape(url)} would send the credentials in clear"):
        venue(**KEYS, private_url=url).check_credentials()


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:8765/private", "ws://localhost/private", "ws://[::1]:80/private"]
)
def test_credentials_may_stay_on_this_machine_in_clear(url: str) -> None:
    local = venue(**KEYS, private_url=url)
    local.check_credentials()
    assert local.dial(Scope.PRIVATE, NOW_NS).url == url


# Heartbeat.


def test_silent_line_is_doubted_after_half_a_minute() -> None:
    heartbeat = venue().heartbeat
    assert (heartbeat.silence_seconds, heartbeat.answer_seconds) == (30.0, 10.0)


def test_setting_shortens_the_patience_with_a_silent_line() -> None:
    assert venue(stale_after_seconds=5).heartbeat.silence_seconds == 5


# What it passes on.


def test_venue_reads_and_writes_with_its_codec() -> None:
    contract = venue()
    assert contract.decoder(Channel.TICKER)(
        b'{"e":"ticker","E":1,"s":"BTCUSDT","d":[{"c":"1"}]}', 5
    )
    assert contract.route_key(b"hello") is None
    assert contract.trade_ids(b"hello") == ()
    assert contract.blamed("no words", ("a", "b")) == ()


@pytest.mark.parametrize("channel", [c for c in Channel if not c.startswith("book_deltas")])
def test_every_channel_but_books_has_a_decoder(channel: Channel) -> None:
    if channel is Channel.BOOK:
        with pytest.raises(KeyError):
            venue().decoder(channel)
    else:
        assert callable(venue().decoder(channel))


@pytest.mark.parametrize(
    ("frame", "sent_time_ns"),
    [
        (b'{"e":"ticker","E":1788692276431,"s":"BTCUSDT","d":[]}', 1788692276431 * 10**6),
        (
            b'{"cid":"80509e2d-1683-ec84-4073","event":"connected","time":"1788964868283"}',
            1788964868283 * 10**6,
        ),
        (b'{"event":"ping","time":"1788964868283"}', 1788964868283 * 10**6),
        (b'{"result":true,"id":1}', None),
        (b'{"e":"ticker","E":17886922764310000,"s":"BTCUSDT"}', None),
        (b'{"e":"ticker","d":[' + b" " * 200 + b'],"E":1788692276431}', None),
    ],
)
def test_frames_tell_when_they_were_sent(frame: bytes, sent_time_ns: int | None) -> None:
    assert venue().sent_time_ns(frame) == sent_time_ns
