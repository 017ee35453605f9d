"""Whatever a venue sends, decoders answer with ``DecodeError`` and ``read`` with an event."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from weex_client.errors import DecodeError
from weex_client.models import Message
from weex_client.protocol import Event, ServerPing, Unknown
from weex_client.venues.weex import codec, private

FRAMES = Path(__file__).parent / "frames"
CAPTURED = {
    json.loads(frame)["e"]: frame
    for path in sorted(FRAMES.glob("*.jsonl"))
    if path.name != "client.jsonl"
    for frame in sorted(path.read_bytes().splitlines(), key=len, reverse=True)
    if frame.startswith(b'{"e":') and len(frame) < 4000
}
DECODERS: list[Callable[[bytes, int], Any]] = [
    codec.decode_ticker,
    codec.decode_trades,
    codec.decode_candles,
    codec.decode_book_ticker,
    private.decode_account,
    private.decode_orders,
    private.decode_fills,
    private.decode_positions,
]


def try_everything(frame: bytes) -> None:
    assert isinstance(codec.read(frame), Event)
    hash(codec.route_key(frame))
    codec.trade_ids(frame)
    for decode in DECODERS:
        with contextlib.suppress(DecodeError):
            for message in decode(frame, 1):
                assert isinstance(message, Message)
                assert len(str(message)) < 100 * len(frame) + 1000
                json.loads(message.model_dump_json())
    with contextlib.suppress(DecodeError):
        codec.read_book(frame)


@given(st.binary(max_size=300))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"e":"ticker","E":1,"s":"B","d":' + b"[" * 5_000)
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    try_everything(frame)


@given(st.sampled_from(sorted(CAPTURED)), st.data())
def test_damaged_frames_are_read_or_refused(event: str, data: st.DataObject) -> None:
    frame = bytearray(CAPTURED[event])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(frame)))
        end = data.draw(st.integers(start, min(len(frame), start + 5)))
        frame[start:end] = data.draw(st.binary(max_size=5))
    try_everything(bytes(frame))


numbers = st.sampled_from(
    [
        "NaN",
        "Infinity",
        "-Infinity",
        '"NaN"',
        '"Infinity"',
        '"1E999999"',
        '"-1E-999999999"',
        '"1E99999999999999999999"',
        "1e400",
        "9" * 400,
        "9" * 5000,
        f'"{"9" * 5000}"',
        "-1",
        "1.5",
        '""',
        "null",
        "true",
        "[]",
        "{}",
        "[[[[]]]]",
        '"\\u0661"',
    ]
)


@given(st.sampled_from(sorted(CAPTURED)), st.data())
def test_frames_with_absurd_values_are_read_or_refused(event: str, data: st.DataObject) -> None:
    fields = json.loads(CAPTURED[event])
    targets: list[Any] = [fields]
    rows = fields.get("d")
    if isinstance(rows, list):
        targets.append(rows[0])
    for _ in range(data.draw(st.integers(1, 2))):
        target = data.draw(st.sampled_from(targets))
        target[data.draw(st.sampled_from(sorted(target)))] = "@@@"
    spelled = json.dumps(fields, separators=(",", ":"))
    while '"@@@"' in spelled:
        spelled = spelled.replace('"@@@"', data.draw(numbers), 1)
    try_everything(spelled.encode())


@given(st.sampled_from(sorted(CAPTURED)), st.data())
def test_frames_that_lack_a_field_are_read_or_refused(event: str, data: st.DataObject) -> None:
    fields = json.loads(CAPTURED[event])
    row = fields["d"][0] if isinstance(fields.get("d"), list) else fields
    target = data.draw(st.sampled_from([fields, row]))
    del target[data.draw(st.sampled_from(sorted(target)))]
    try_everything(json.dumps(fields, separators=(",", ":")).encode())


@pytest.mark.parametrize("event", sorted(CAPTURED))
def test_frame_of_two_megabytes_is_read_or_refused(event: str) -> None:
    fields = json.loads(CAPTURED[event]) | {"x": "x" * 2_000_000}
    try_everything(json.dumps(fields, separators=(",", ":")).encode())


@pytest.mark.parametrize("time", ["NaN", "Infinity", "1e400", "null", "[]", '"soon"', "9" * 5000])
def test_ping_without_a_usable_time_is_still_a_ping(time: str) -> None:
    event = codec.read(b'{"event":"ping","time":%s}' % time.encode())
    assert event in (ServerPing(None), Unknown("not JSON"))


def ticker(**fields: str) -> bytes:
    row = {"c": '"1"'} | fields
    body = ",".join(f'"{name}":{value}' for name, value in row.items())
    return b'{"e":"ticker","E":1790134568308,"s":"BTCUSDT","d":[{%s}]}' % body.encode()


@pytest.mark.parametrize("number", ['"NaN"', "NaN", '"Infinity"', '"-Infinity"', '"sNaN"', '"x"'])
def test_price_that_is_no_number_is_refused_by_name(number: str) -> None:
    with pytest.raises(DecodeError, match=r"d\.0\.c: "):
        codec.decode_ticker(ticker(c=number), 1)


def test_change_too_large_for_percent_is_refused() -> None:
    with pytest.raises(DecodeError, match="too large to reckon with"):
        codec.decode_ticker(ticker(P='"1E999999"'), 1)


def test_time_spelled_as_text_is_read_as_milliseconds() -> None:
    (message,) = codec.decode_ticker(ticker(O='"1790047800000"'), 1)
    assert message.data.window_start == 1790047800.0


@pytest.mark.parametrize("time", ["-1", "NaN", "Infinity", "253402300800000", "9" * 400, "[]"])
@pytest.mark.parametrize("name", ["T", "E"])
def test_time_beyond_the_calendar_is_refused(time: str, name: str) -> None:
    frame = CAPTURED["kline"]
    fields = json.loads(frame)
    old = f'"{name}":{fields[name] if name == "E" else fields["d"][0][name]}'
    with pytest.raises(DecodeError):
        codec.decode_candles(frame.decode().replace(old, f'"{name}":{time}').encode(), 1)


@pytest.mark.parametrize("maker", ["1", '"buy"', "null", "[]", "{}"])
def test_trade_without_a_plain_maker_flag_is_refused(maker: str) -> None:
    frame = CAPTURED["trade"].replace(b'"m":true', b'"m":' + maker.encode())
    with pytest.raises(DecodeError, match=r"d\.\d+\.m"):
        codec.decode_trades(frame, 1)


def test_fault_names_no_more_than_three_fields() -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode_candles(b'{"e":"kline","E":1,"s":"B","d":[{}]}', 1)
    assert str(caught.value).count(";") == 2


def test_fault_of_a_frame_as_a_whole_is_named_so() -> None:
    with pytest.raises(DecodeError, match="content: "):
        codec.decode_ticker(b"hello", 1)


@pytest.mark.parametrize("side", ["b", "a"])
@pytest.mark.parametrize(
    "level",
    [
        '["NaN","1"]',
        '["1","-1"]',
        '["1e5","1"]',
        '["1"]',
        "[1.5,2]",
        '["1.2.3","1"]',
        '["\\u0661","1"]',
        "null",
    ],
)
def test_book_level_that_is_no_pair_of_numerals_is_refused(side: str, level: str) -> None:
    other = "a" if side == "b" else "b"
    frame = f'{{"e":"depth","E":1,"s":"B","U":1,"u":2,"l":15,"d":"CHANGED","{side}":[{level}]'
    with pytest.raises(DecodeError):
        codec.read_book(f'{frame},"{other}":[]}}'.encode())


@pytest.mark.parametrize("name", ["E", "U", "u"])
def test_book_frame_with_thousands_of_digits_is_refused(name: str) -> None:
    frame = b'{"e":"depth","E":1,"s":"B","U":1,"u":1,"l":15,"d":"CHANGED","b":[],"a":[]}'
    with pytest.raises(DecodeError):
        codec.read_book(frame.replace(f'"{name}":1'.encode(), f'"{name}":{"9" * 5000}'.encode()))


def test_frame_with_fields_nobody_knows_is_read() -> None:
    fields = json.loads(CAPTURED["ticker"])
    fields |= {"new": [1], "d": [fields["d"][0] | {"new": {}}]}
    (message,) = codec.decode_ticker(json.dumps(fields).encode(), 1)
    (plain,) = codec.decode_ticker(CAPTURED["ticker"], 1)
    assert message == plain
