"""Frames that no venue should send: fixtures with something wrong, and JSON of no known shape."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

VENUES_FOLDER = Path(__file__).parents[1] / "venues"

_DEEP = 300

# What a field may hold that nobody expects.
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, 0.1, 1e308,
    "", " ", "0", "-1", "1", "NaN", "nan", "Infinity", "-Infinity", "1e5", "1E400", "0x10", "1_0",
    "١٢٣", "9" * 400, "0." + "0" * 400 + "1", "1.2.3", "+1", "true", "null", "\x00", "\ud800",
    "🙂", "é", "BTCUSDT", "ticker", "depth", "SNAPSHOT", "a" * 5000, [], {}, [[]], [[[]]], [None],
    [["1"]], [["1", "2", "3"]], [["0", "0"]], [["-1", "1"]], [[1, 2]], {"a": {"b": {}}},
)  # fmt: skip

_INSERTS = (
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b'"', b"\\", b"\\u0000", b"{", b"}", b"[", b"]",
    b",", b":", b"null", b"NaN", b"Infinity", b"-", b"1e999", b" ", b"\n", b"\xef\xbb\xbf",
    b"[" * _DEEP, b'{"a":' * _DEEP, b'"e":"depth",', b'"s":"",',
)  # fmt: skip


def fixture_frames(venue: str) -> list[bytes]:
    """Return the frames of a venue that the tests hold, in order."""
    folder = VENUES_FOLDER / venue / "frames"
    return [
        line
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
        if line
    ]


def mutated(frames: Sequence[bytes], random: Random) -> Iterator[bytes]:
    """Yield frames with something wrong, without end."""
    shapes = [shape for shape in map(_parsed, frames) if shape is not None]
    while True:
        kind = random.random()
        if kind < 0.05:
            yield random.choice(frames)
        elif kind < 0.45:
            frame = random.choice(frames)
            for _ in range(random.choice((1, 1, 2, 5))):
                frame = random.choice(_BYTE_CHANGES)(frame, random)
            yield frame
        else:
            shape = json.loads(json.dumps(random.choice(shapes)))
            for _ in range(random.choice((1, 1, 2, 5))):
                shape = _changed(shape, random)
            yield spelled(shape, random)


def spelled(shape: Any, random: Random) -> bytes:
    """Spell JSON as a venue does, or as another might."""
    compact = random.random() < 0.9
    text = json.dumps(
        shape,
        separators=(",", ":") if compact else None,
        ensure_ascii=random.random() < 0.9,
    )
    return text.encode(errors="surrogatepass")


def _parsed(frame: bytes) -> Any:
    try:
        return json.loads(frame)
    except ValueError:
        return None


def _changed(shape: Any, random: Random) -> Any:
    """Change one thing somewhere inside."""
    if isinstance(shape, dict) and shape and random.random() < 0.95:
        key = random.choice(list(shape))
        match random.randrange(8):
            case 0:
                del shape[key]
            case 1:
                shape[key] = _odd_value(random)
            case 2:
                shape[random.choice(("", "e", "event", "d", "U", "u", "E", "x"))] = shape[key]
            case 3:
                other = random.choice(list(shape))
                shape[key], shape[other] = shape[other], shape[key]
            case _:
                shape[key] = _changed(shape[key], random)
        return shape
    if isinstance(shape, list) and shape and random.random() < 0.95:
        place = random.randrange(len(shape))
        match random.randrange(6):
            case 0:
                del shape[place]
            case 1:
                shape[place] = _odd_value(random)
            case 2:
                shape.insert(place, shape[random.randrange(len(shape))])
            case 3:
                shape *= random.choice((2, 3, 40))
                del shape[500:]
            case _:
                shape[place] = _changed(shape[place], random)
        return shape
    if isinstance(shape, int) and not isinstance(shape, bool) and random.random() < 0.5:
        return shape + random.choice((-1, 1, -1000, 1000, 10**6, -(10**12), 10**15))
    if isinstance(shape, str) and shape and random.random() < 0.5:
        place = random.randrange(len(shape))
        return shape[:place] + random.choice("0159.-eE+ xZ\x00") + shape[place + 1 :]
    return _odd_value(random)


def _odd_value(random: Random) -> Any:
    return copy.deepcopy(random.choice(ODD_VALUES))


def _cut(frame: bytes, random: Random) -> bytes:
    return frame[: random.randrange(len(frame) + 1)]


def _drop(frame: bytes, random: Random) -> bytes:
    start = random.randrange(len(frame) + 1)
    return frame[:start] + frame[start + random.choice((1, 1, 2, 10, 100)) :]


def _put(frame: bytes, random: Random) -> bytes:
    start = random.randrange(len(frame) + 1)
    return frame[:start] + random.choice(_INSERTS) + frame[start:]


def _flip(frame: bytes, random: Random) -> bytes:
    if not frame:
        return frame
    changed = bytearray(frame)
    changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _repeat(frame: bytes, random: Random) -> bytes:
    start = random.randrange(len(frame) + 1)
    stop = start + random.choice((1, 5, 50, len(frame)))
    return frame[:stop] + frame[start:stop] + frame[stop:]


_BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (_cut, _drop, _put, _flip, _repeat)
