"""Frames of the sheet and near it: what each means, and what of it becomes a message."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.errors import DecodeError
from weex_client.protocol import (
    Ack,
    Data,
    Denied,
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
from weex_client.venues.smartmoney import (
    FundingRate,
    Liquidation,
    Signal,
    SmartMoneyChannel,
    SmartMoneyEvent,
    WhaleUpdate,
    codec,
    mirror,
)
from weex_client.venues.smartmoney.channels import FEEDS, channel_and_asset

FRAMES = Path(__file__).parent / "frames"
WHALE = "0x1111111111111111111111111111111111111111"
RECEIVED_NS = 1_790_000_000_000_000_000


def lines(name: str) -> list[bytes]:
    return (FRAMES / f"{name}.jsonl").read_bytes().splitlines()


def told(frame: bytes) -> Any:
    """Return the message of a data frame, read as its channel's."""
    event = codec.read(frame)
    assert isinstance(event, Data), event
    place = channel_and_asset(event.feed)
    assert place is not None
    (message,) = codec.decoder(place[0])(frame, RECEIVED_NS)
    return message


def frame(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_both_envelopes_give_equal_typed_messages() -> None:
    flat = [told(line) for line in lines("synthetic-events-flat")]
    enveloped = [told(line) for line in lines("synthetic-events-enveloped")]
    assert flat == enveloped
    assert [message.data for message in flat] == [
        WhaleUpdate(event="whale_update", wallet=WHALE, asset="BTC", size_usd=Decimal(1250000)),
        FundingRate(event="funding_rate", symbol="BTC", rate=Decimal("0.0001"), exchange="binance"),
        Liquidation(
            event="liquidation",
            symbol="BTC",
            price=Decimal("64250.5"),
            size_usd=Decimal(310000),
        ),
        Signal(event="signal", symbol="BTC", signal_type="accumulation"),
    ]
    assert {(m.venue, m.symbol, m.exchange_time_ns) for m in flat} == {("smartmoney", "BTC", None)}
    assert [m.channel for m in flat] == ["whales", "funding", "liquidations", "signals"]
    assert {hash(m.data) for m in flat} == {hash(m.data) for m in enveloped}


def test_what_the_samples_do_not_show_is_kept() -> None:
    frame = (
        b'{"type":"signal","channel":"signals:confirmation","symbol":"BTC","score":0.1,"x":1.10}'
    )
    data = told(frame).data
    assert data.raw == frame.decode()
    assert data.frame()["x"] == Decimal("1.10")
    assert str(data.frame()["x"]) == "1.10"
    assert data.score == Decimal("0.1")
    assert "raw" not in dict(data)


def test_money_keeps_the_venue_s_digits_as_number_and_as_text() -> None:
    for spelled in ("64250.10", '"64250.10"', "0.1234567890123456789", '"1e3"'):
        text = f'{{"type":"liquidation","symbol":"BTC","price":{spelled}}}'
        assert str(told(text.encode()).data.price) == str(Decimal(spelled.strip('"')))


CONTROL = [
    (b'{"type":"pong"}', PongReceived()),
    (b'{"type":"ping"}', ServerPing(None)),
    (b'{"type":"auth","status":"ok"}', Greeting(None, None)),
    (b'{"type":"auth_ok"}', Greeting(None, None)),
    (b'{"type":"auth","success":false}', Denied(None, "no reason given")),
    (b'{"type":"auth_failed","reason":"expired"}', Denied(None, "expired")),
    (b'{"type":"error","message":"invalid api key"}', Denied(None, "invalid api key")),
    (b'{"type":"error","code":401}', Denied(None, "no reason given")),
    (b'{"status":"error","error":{"message":"Unauthorized"}}', Denied(None, "Unauthorized")),
    (b'{"type":"error"}', Reject(None, "no reason given")),
    (b'{"type":"error","msg":"slow down"}', Reject(None, "slow down")),
    (
        b'{"type":"error","channel":"whales:XYZ","message":"unknown"}',
        Reject(None, "unknown : whales:XYZ"),
    ),
    (b'{"type":"subscribed","channel":"whales:BTC"}', Ack(None)),
    (b'{"type":"something_new","channel":"onchain:flows","payload":{}}', Data("onchain:flows")),
    (b'{"type":"whale_update","wallet":"0x1","asset":"eth"}', Data("whales:ETH")),
    (
        b'{"type":"whale_update","channel":"whales","wallet":"0x1","asset":"ETH"}',
        Data("whales:ETH"),
    ),
    (
        b'{"type":"moved","channel":"whales:BTC"}',
        Unknown("type 'moved' on whales without a wallet"),
    ),
    (b'{"type":"status","status":"ok"}', Data("system:status")),
    (b'{"type":"novel"}', Unknown("type 'novel'")),
    (b'{"type":"novel","channel":7}', Unknown("type 'novel' on channel '7'")),
    (b"{}", Unknown("no type")),
    (b"[1]", Unknown("JSON list")),
    (b"\xff", Unknown("not JSON")),
    ('{"type":"ping"}'.encode("utf-16"), Unknown("not JSON")),
    (b'{"type":"signal","symbol":"\\ud800"}', Unknown("not JSON")),
    (b'{"type":"liquidation","symbol":"BTC","price":NaN}', Unknown("the number NaN")),
    # What cannot be read is told where it is missing, if the first bytes say whose it is.
    (b'{"type":"whale_update","channel":"whales:BTC","wal', Data("whales:BTC")),
    (b'{"type":"whale_update","channel":"whales","wal', Unknown("not JSON")),
    (b'{"type":"signal","channel":"elsewhere","p', Unknown("not JSON")),
]


@pytest.mark.parametrize(("text", "event"), CONTROL)
def test_what_a_frame_means(text: bytes, event: object) -> None:
    assert codec.read(text) == event


def test_control_frames_of_the_sheet_do_not_raise() -> None:
    kinds = [type(codec.read(line)) for line in lines("synthetic-control")]
    assert kinds == [PongReceived, Greeting, Ack, Denied, Data]


def test_events_that_nobody_describes_are_read_on_every_channel() -> None:
    messages = [told(line) for line in lines("synthetic-undescribed")]
    assert [m.channel for m in messages] == ["open_interest", "flows", "alerts", "status"]
    assert [m.symbol for m in messages] == ["BTC", "ETH", "SOL", None]
    assert [m.exchange_time_ns is None for m in messages] == [False, False, True, True]


def test_an_undescribed_event_says_all_it_says() -> None:
    message = told(frame(type="flow", channel="onchain:flows", data={"asset": "eth", "n": 1.5}))
    assert isinstance(message.data, SmartMoneyEvent)
    assert (message.channel, message.symbol) == ("flows", "ETH")
    assert message.data.payload == {"asset": "eth", "n": Decimal("1.5")}
    assert json.loads(message.model_dump_json())["data"]["payload"]["asset"] == "eth"


@pytest.mark.parametrize(
    ("stamp", "time_ns"),
    [
        (1_790_000_000, 1_790_000_000_000_000_000),
        (1_790_000_000.25, 1_790_000_000_250_000_000),
        (1_790_000_000_123, 1_790_000_000_123_000_000),
        (1_790_000_000_123_456, 1_790_000_000_123_456_000),
        (1_790_000_000_123_456_789, 1_790_000_000_123_456_789),
        ("1790000000123", 1_790_000_000_123_000_000),
        ("2026-09-21T14:13:20Z", 1_790_000_000_000_000_000),
        ("2026-09-21T14:13:20", None),
        ("today", None),
        (7, None),
        (True, None),
        (10**30, None),
        (None, None),
    ],
)
def test_a_time_is_read_in_whatever_unit_and_never_invented(stamp: Any, time_ns: Any) -> None:
    for name in ("timestamp", "time", "ts"):
        for fields in ({name: stamp}, {"payload": {name: stamp, "symbol": "BTC"}}):
            message = told(frame(type="liquidation", symbol="BTC", **fields))
            assert message.exchange_time_ns == time_ns
            assert message.timestamp == (time_ns or RECEIVED_NS) / 1_000_000_000


@pytest.mark.parametrize(
    "said", [{"size_usd": "lots"}, {"size_usd": "NaN"}, {"size_usd": [1]}, {"wallet": 7}]
)
def test_what_does_not_fit_is_a_decode_error(said: Any) -> None:
    text = frame(**{"type": "whale_update", "channel": "whales:BTC", "wallet": WHALE, **said})
    with pytest.raises(DecodeError):
        codec.decoder(SmartMoneyChannel.WHALES)(text, RECEIVED_NS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["type", "channel", "payload", "data", "wallet", "symbol", "asset", "size_usd", "ts", "x"]
)
WORDS = st.sampled_from(
    ["whale_update", "liquidation", "error", "auth", "whales:BTC", "onchain:flows", "BTC"]
)


@given(st.dictionaries(FIELDS, WORDS | JSON, max_size=6))
def test_whatever_a_frame_says_it_is_read_or_refused_in_words(fields: dict[str, Any]) -> None:
    text = json.dumps(fields).encode()
    event = codec.read(text)
    if isinstance(event, Data):
        place = channel_and_asset(event.feed)
        assert place is not None
        try:
            (message,) = codec.decoder(place[0])(text, RECEIVED_NS)
        except DecodeError:
            return
        assert message.model_dump_json()


@given(
    st.sampled_from([*FEEDS.values(), "whales:BTC", "whales:ETH"]),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9
    ),
    st.booleans(),
)
def test_what_the_mirror_writes_the_codec_reads(
    feed: str, figure: Decimal, enveloped: bool
) -> None:
    body = {"wallet": WHALE, "symbol": "BTC", "size_usd": figure}
    text = mirror.encode_event("whale_update", feed, body, is_enveloped=enveloped).encode()
    assert codec.read(text) == Data(feed)
    data = told(text).data
    shown = data.payload if isinstance(data, SmartMoneyEvent) else data
    assert shown.get("size_usd", figure) == figure


def test_requests_are_those_of_the_tutorial_to_the_letter() -> None:
    wanted = [line.decode() for line in lines("client")]
    feeds = [json.loads(line)["channel"] for line in wanted[1:5]]
    written = [
        codec.encode_auth("sm-test-key"),
        *(codec.encode(Subscribe((feed,)), 1, 0) for feed in feeds),
        codec.encode(Unsubscribe(("whales:BTC",)), 2, 0),
        codec.encode(Ping(), 3, 0),
    ]
    assert written == wanted
    kinds = [mirror.parse_request(text).kind for text in (*written, codec.encode(Pong(), 4, 0))]
    assert kinds == ["auth", *["subscribe"] * 4, "unsubscribe", "ping", "pong"]


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"dance"}', '{"type":"subscribe"}'])
def test_the_mirror_refuses_in_words_what_is_no_request(text: str) -> None:
    with pytest.raises(mirror.RefusedFrameError, match=r"\w"):
        mirror.parse_request(text)
