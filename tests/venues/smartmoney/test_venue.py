"""Where Smart Money is dialled, what it has, and how its settings are read."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from weex_client.errors import ConfigError, UnsupportedChannelError, UsageError
from weex_client.protocol import Channel, Scope, Topic
from weex_client.venues.smartmoney import SmartMoneyChannel, SmartMoneyConfig, SmartMoneyVenue

KEY = "sm-canary-key"


def venue(**settings: object) -> SmartMoneyVenue:
    return SmartMoneyVenue(SmartMoneyConfig(_env_file=None, **{"api_key": KEY, **settings}))


def test_the_key_travels_in_the_first_frame_and_is_shown_nowhere() -> None:
    request = venue().dial(Scope.PUBLIC, 0)
    assert request.url == "wss://api.smartmoneyapi.com/ws"
    assert request.opening == (f'{{"type":"auth","api_key":"{KEY}"}}',)
    assert KEY not in repr(request)
    assert KEY not in repr(SmartMoneyConfig(_env_file=None, api_key=SecretStr(KEY)))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"api_key": None}, "SMARTMONEY_API_KEY"),
        ({"api_key": ""}, "SMARTMONEY_API_KEY"),
        ({"public_url": "ws://example.com/ws"}, "in clear"),
    ],
)
def test_a_dial_without_a_key_or_in_clear_is_refused(settings: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        venue(**settings).dial(Scope.PUBLIC, 0)
    with pytest.raises(ConfigError, match=word):
        venue(**settings).check_credentials()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMONEY_API_KEY", KEY)
    monkeypatch.setenv("SMARTMONEY_PUBLIC_URL", "wss://example.com/ws")
    monkeypatch.setenv("SMARTMONEY_REQUESTS_PER_SECOND", "2")
    config = SmartMoneyConfig(_env_file=None)
    assert (config.public_url, config.private_url) == ("wss://example.com/ws",) * 2
    limits = SmartMoneyVenue(config).limits
    assert (limits.operations, limits.operation_window_seconds, limits.feeds_per_request) == (
        2,
        1,
        1,
    )
    assert not limits.acknowledges
    monkeypatch.delenv("SMARTMONEY_REQUESTS_PER_SECOND")
    assert venue().limits.operations == 5


@pytest.mark.parametrize(
    ("spelled", "feed"),
    [
        ("whales:BTC", "whales:BTC"),
        ("Whales:eth", "whales:ETH"),
        ("derivatives:funding", "derivatives:funding"),
        ("SYSTEM:STATUS", "system:status"),
    ],
)
def test_channels_are_found_as_they_are_spelled_on_the_wire(spelled: str, feed: str) -> None:
    assert venue().feed(venue().topic(spelled)) == feed


def test_every_channel_has_a_feed_and_no_other_has() -> None:
    one = venue()
    feeds = {
        one.feed(Topic(channel, "BTC" if one.has_symbols(channel) else None))
        for channel in one.channels
    }
    assert len(feeds) == len(SmartMoneyChannel) == 8
    with pytest.raises(UnsupportedChannelError, match="whales, funding"):
        one.feed(Topic(Channel.TICKER, "BTC"))
    for spelled in ("derivatives:basis", "whales:", "whales:B-T", ""):
        with pytest.raises(UnsupportedChannelError, match="whales:BTC"):
            one.topic(spelled)
    for topic in (Topic(SmartMoneyChannel.WHALES), Topic(SmartMoneyChannel.FUNDING, "BTC")):
        with pytest.raises(UsageError):
            one.feed(topic)
