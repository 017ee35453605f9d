"""The short look at a frame's first bytes against the complete reading of it."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.errors import DecodeError
from weex_client.protocol import BookUpdate, Data
from weex_client.venues.weex import codec

FRAMES = Path(__file__).parent / "frames"
DATA_FRAMES = [
    frame
    for path in sorted(FRAMES.glob("*.jsonl"))
    if path.name != "client.jsonl"
    for frame in path.read_bytes().splitlines()
    if frame.startswith(b'{"e":')
]
# One of each kind, small ones first.
SAMPLES = list(
    {json.loads(frame)["e"]: frame for frame in sorted(DATA_FRAMES, key=len, reverse=True)}.values()
)


@pytest.mark.parametrize("frame", DATA_FRAMES)
def test_every_captured_data_frame_is_routed_by_its_first_bytes(frame: bytes) -> None:
    assert codec.route_key(frame) is not None


def test_frames_of_one_key_are_frames_of_one_feed() -> None:
    feeds: dict[Hashable, str] = {}
    for frame in DATA_FRAMES:
        event = codec.read(frame)
        assert isinstance(event, Data)
        assert feeds.setdefault(codec.route_key(frame), event.feed) == event.feed
    assert len(feeds) == 21


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"e":"depth","E":1,"s":"B","u":1,"U":1,"l":15}', b'{"e":"depth","E":1,"s":"B","l":200}'),
        (
            b'{"e":"kline","E":1,"s":"B","p":"LAST_PRICE","d":[{"i":"1m"}]}',
            b'{"e":"kline","E":1,"s":"B","p":"LAST_PRICE","d":[{"i":"5m"}]}',
        ),
        (b'{"e":"ticker","E":1,"v":1,"s":"A"}', b'{"e":"ticker","E":1,"v":1,"s":"B"}'),
        (b'{"e":"ticker","E":1,"s":"A\\u0041"}', b'{"e":"ticker","E":1,"s":"A\\u0042"}'),
    ],
)
def test_unusual_frames_of_two_feeds_never_share_a_key(one: bytes, other: bytes) -> None:
    assert codec.read(one) != codec.read(other)
    assert codec.route_key(one) is None
    assert codec.route_key(other) is None


@pytest.mark.parametrize(
    "frame",
    [
        b'{"event":"ping","time":"1"}',
        b'{"result":true,"id":1}',
        b'{"e":"markPrice","E":1,"s":"BTCUSDT"}',
        b' {"e":"ticker","E":1,"s":"BTCUSDT"}',
        b"hello",
        b"",
    ],
)
def test_what_is_no_usual_data_has_no_key(frame: bytes) -> None:
    assert codec.route_key(frame) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["NaN", "Infinity", "-1", "1E-8", "1e400", "BTCUSDT", "btcusdt", "1m", 15]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@st.composite
def respelled(draw: st.DrawFn) -> bytes:
    """Another spelling of a captured frame: order, spaces, fields more, fewer and changed."""
    fields: dict[str, Any] = json.loads(draw(st.sampled_from(SAMPLES)))
    for name in draw(st.lists(st.sampled_from(list(fields)), max_size=2)):
        if draw(st.booleans()):
            fields.pop(name, None)
        else:
            fields[name] = draw(json_values)
    if isinstance(fields.get("s"), str) and draw(st.booleans()):
        fields["s"] = fields["s"].lower()
    if isinstance(fields.get("d"), list) and fields["d"] and draw(st.booleans()):
        rows = fields["d"]
        if draw(st.booleans()) and isinstance(rows[0], dict):
            rows[0] = dict(draw(st.permutations(list(rows[0].items()))))
        else:
            fields["d"] = rows[0]
    # "result", "event" and "type" would make it an answer or a ping.
    extra = st.dictionaries(st.sampled_from(["x", "v", "zz", "l"]), json_values, max_size=2)
    fields = fields | draw(extra) if draw(st.booleans()) else draw(extra) | fields
    if draw(st.booleans()):
        fields = dict(draw(st.permutations(list(fields.items()))))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    ensure_ascii = draw(st.booleans())
    return json.dumps(fields, separators=separators, ensure_ascii=ensure_ascii).encode(
        errors="replace"
    )


@given(st.lists(respelled(), min_size=1, max_size=4))
def test_short_look_and_complete_reading_agree_on_any_spelling(frames: list[bytes]) -> None:
    feeds: dict[Hashable, object] = {}
    for frame in [*SAMPLES, *frames]:
        key, event = codec.route_key(frame), codec.read(frame)
        if key is not None and isinstance(event, Data):
            assert feeds.setdefault(key, event.feed) == event.feed


numerals = st.text("0123456789.", max_size=6) | st.sampled_from(
    ["0", "0.000", "1.5", "79982.1", "01.5", "00", ".0"]
)
levels = st.lists(st.tuples(numerals, numerals), max_size=4)


@given(
    levels,
    levels,
    st.sampled_from(["depth", "depthSnapshot"]),
    st.integers(0, 10**18),
    st.integers(0, 10**14),
)
def test_cut_and_parsed_book_frames_say_the_same(
    bids: list[tuple[str, str]],
    asks: list[tuple[str, str]],
    event: str,
    sequence: int,
    milliseconds: int,
) -> None:
    fields = {
        "e": event,
        "E": milliseconds,
        "s": "BTCUSDT",
        "U": sequence,
        "u": sequence + 1,
        "l": 15,
        "d": "CHANGED",
        "b": bids,
        "a": asks,
    }

    def outcome(frame: bytes) -> BookUpdate | None:
        try:
            return codec.read_book(frame)
        except DecodeError:
            return None

    usual = outcome(json.dumps(fields, separators=(",", ":")).encode())
    assert usual == outcome(json.dumps(fields).encode())
    assert usual == outcome(json.dumps(fields | {"x": 1}, separators=(",", ":")).encode())
