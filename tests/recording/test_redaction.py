"""No secret reaches a tape; what is none stays as it is."""

from __future__ import annotations

import base64
import json
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from weex_client.config import StreamConfig
from weex_client.protocol import Scope, Subscribe, Topic, Venue
from weex_client.recording.redaction import Redaction
from weex_client.rest import HttpResponse
from weex_client.streaming.topics import named_topics
from weex_client.websocket import VENUES

NOW_NS = 1_790_000_000_123_000_000
secrets = st.text(st.characters(exclude_categories=("C", "Z")), min_size=8, max_size=40).filter(
    lambda text: not text.isdecimal()
)


def _config(venue: str, key: str, secret: str, passphrase: str) -> StreamConfig:
    return VENUES[venue].config_class(
        _env_file=None,
        api_key=key,
        secret_key=base64.b64encode(secret.encode()).decode(),
        passphrase=passphrase,
    )


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", VENUES)
@given(key=secrets, secret=secrets, passphrase=secrets)
def test_no_venue_says_a_secret_on_a_tape(
    name: str, key: str, secret: str, passphrase: str
) -> None:
    config = _config(name, key, secret, passphrase)
    venue = VENUES[name].venue_class(config)
    redaction = Redaction(config)
    told = [redaction.settings(config)]
    for scope in Scope:
        request = venue.ticket_request(scope, NOW_NS)
        ticket = None
        if request is not None:
            told.append(redaction.place(request.url))
            servers = [
                {"endpoint": "wss://a.example/", "pingInterval": 18000, "pingTimeout": 10000}
            ]
            body = {"code": "200000", "data": {"token": "abcd1234", "instanceServers": servers}}
            ticket = HttpResponse(200, json.dumps(body).encode())
        dial = venue.dial(scope, NOW_NS, ticket)
        # Openings are not recorded at all; this is the second lock.
        told += [redaction.sent(text).decode() for text in dial.opening]
        told.append(dial.address)
        channels = [each for each in venue.channels if venue.scope(each) is scope]
        topics = [_topic(venue, channel) for channel in channels]
        feeds = tuple(dict.fromkeys(venue.feed(topic) for topic in topics))
        told += [
            redaction.sent(venue.encode(Subscribe(batch), 1, NOW_NS)).decode()
            for batch in venue.batches(feeds)
        ]
    echo = json.dumps({"error": "invalid", "key": key, "pass": passphrase})
    mask = redaction.mask
    assert mask is not None
    told.append(mask(echo.encode()).decode())
    told.append(redaction.text(f"refused {key}: {config.secret_key.get_secret_value()}"))  # type: ignore[union-attr]
    for form in (key, passphrase, config.secret_key.get_secret_value()):  # type: ignore[union-attr]
        for text in told:
            assert form not in text
            assert json.dumps(form)[1:-1] not in text


def _topic(venue: Venue, channel: StrEnum) -> Topic:
    symbols = () if not venue.has_symbols(channel) else (_SYMBOLS[venue.name],)
    return named_topics(venue, channel.value, symbols, level=None, interval=None)[0]


_SYMBOLS = {"weex": "BTCUSDT", "coinbase": "BTC-USD", "kucoin": "BTC-USDT", "smartmoney": "BTC"}


def test_signed_subscribe_keeps_all_but_its_signature() -> None:
    config = _config("coinbase", "the-key-of-ours", "a secret", "the passphrase")
    sent = {
        "type": "subscribe",
        "channels": [{"name": "user", "product_ids": ["BTC-USD"]}],
        "signature": "8sFi+/x=",
        "key": "the-key-of-ours",
        "passphrase": "the passphrase",
        "timestamp": "1790000000",
    }
    kept = json.loads(Redaction(config).sent(json.dumps(sent)))
    assert kept == sent | dict.fromkeys(("signature", "key", "passphrase", "timestamp"), "***")


@given(st.text(max_size=60))
def test_frames_without_secrets_stay_byte_for_byte(text: str) -> None:
    config = _config("weex", "key", "12", "pass")  # too short to be looked for in what comes
    redaction = Redaction(config)
    frame = json.dumps({"method": "SUBSCRIBE", "params": [text], "id": 1, "timestamp": 3})
    if text not in ("key", "MTI=", "pass"):
        assert redaction.sent(frame) == frame.encode()
    assert Redaction(VENUES["weex"].config_class(_env_file=None)).mask is None


def test_digits_that_are_a_passphrase_are_no_reason_to_change_a_price() -> None:
    config = _config("weex", "abcdefghij", "a secret", "12345678")
    mask = Redaction(config).mask
    assert mask is not None
    assert mask(b'{"p":"12345678","k":"abcdefghij","x":"abcdefghijk"}') == (
        b'{"p":"12345678","k":"***","x":"abcdefghijk"}'
    )


def test_places_and_settings_have_no_tokens() -> None:
    config = VENUES["weex"].config_class(
        _env_file=None, public_url="wss://a.example/ws?token=abcd", api_key=SecretStr("k" * 20)
    )
    redaction = Redaction(config)
    assert redaction.place("https://a.example/p/q?symbol=A&signature=zz&timestamp=1&token=t") == (
        "/p/q?symbol=A"
    )
    kept = json.loads(redaction.settings(config))
    assert kept["public_url"] == "wss://a.example/ws"
    assert not {"api_key", "secret_key", "passphrase"} & kept.keys()
