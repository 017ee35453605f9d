"""KuCoin's books: complete pictures, changes with a sequence each, and the snapshot over HTTP.

Pure. How snapshot and changes become one book is the streaming's business.

Source:
    Sheet, 7.4 and 7.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from weex_client.book import pack
from weex_client.errors import DecodeError
from weex_client.protocol import BookUpdate
from weex_client.venues.kucoin.wire import nanoseconds

__all__ = ["read_book", "read_book_after", "read_book_answer"]

# Numerals with commas between: digits with at most one point, and no empty one.
_NUMERALS = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:,(?:\d+\.?\d*|\.\d+))*", re.ASCII).fullmatch


def read_book(frame: bytes) -> BookUpdate:
    """Read ``level2`` (a complete picture) or ``trade.l2update`` (changes).

    Raises:
        DecodeError: If the frame does not fit.
    """
    data = _part(_fields(frame), "data")
    if "changes" in data:
        return _changes(data, None)
    # Both depths have the subject ``level2``, and no sequence: each replaces the one before.
    levels = _packed(_side(data, "bids"), _side(data, "asks"))
    return BookUpdate(levels, None, None, _time(data.get("timestamp")), is_snapshot=True)


def read_book_after(frame: bytes, sequence: int) -> BookUpdate:
    """Read changes that overlap a snapshot: only those newer than its sequence.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _changes(_part(_fields(frame), "data"), sequence)


def read_book_answer(body: bytes) -> BookUpdate:
    """Read the book that was asked for over HTTP.

    Raises:
        DecodeError: If the answer does not fit.
    """
    data = _part(_fields(body), "data")
    levels = _packed(_side(data, "bids"), _side(data, "asks"))
    sequence = _sequence(data.get("sequence"))
    return BookUpdate(levels, None, sequence, _time(data.get("time")), is_snapshot=True)


def _changes(data: dict[str, Any], after: int | None) -> BookUpdate:
    first, last = _sequence(data.get("sequenceStart")), _sequence(data.get("sequenceEnd"))
    if first > last:
        raise DecodeError(f"changes from {first} to {last}, which is before it")
    changes = _part(data, "changes")
    bids, asks = (_changed(_side(changes, name, 3), after) for name in ("bids", "asks"))
    return BookUpdate(_packed(bids, asks), first - 1, last, _time(data.get("time")), False)


def _changed(side: Sequence[Any], after: int | None) -> Sequence[Any]:
    """Leave out what tells no level: fillers, and what a snapshot has already.

    A filler stands at price ``0``; its sequence counts (a third of the recording is such).
    """
    return [
        level
        for level in side
        if level[0].strip("0.") and (after is None or _sequence(level[2]) > after)
    ]


def _packed(bids: Sequence[Any], asks: Sequence[Any]) -> bytes:
    """Pack both sides as ``BookUpdate`` has them, once all that is in them are numerals."""
    try:
        texts = [[text for level in side for text in level[:2]] for side in (bids, asks)]
        for side in texts:
            joined = ",".join(side)
            # A comma inside a text would make one numeral two.
            if side and (joined.count(",") != len(side) - 1 or not _NUMERALS(joined)):
                raise DecodeError("a price or size that is no number")
    except TypeError:
        raise DecodeError("a price or size that is no text") from None
    return pack(*texts)


def _fields(content: bytes) -> dict[str, Any]:
    try:
        fields = from_json(content)
    except ValueError:
        raise DecodeError("not JSON") from None
    if not isinstance(fields, dict):
        raise DecodeError("no JSON object")
    return fields


def _part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    part = fields.get(name)
    if not isinstance(part, dict):
        raise DecodeError(f"no {name}")
    return part


def _side(fields: dict[str, Any], name: str, width: int = 2) -> list[list[Any]]:
    """Return one side, each level a list that begins with its price; changes have a third part."""
    side = fields.get(name)
    if not isinstance(side, list) or not all(
        isinstance(level, list) and len(level) >= width and isinstance(level[0], str)
        for level in side
    ):
        raise DecodeError(f"{name} that are no list of levels")
    return side


def _sequence(value: Any) -> int:
    """Read a sequence, a number or a text: the venue's own examples mix both."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        return int(value)
    raise DecodeError("no sequence")


def _time(value: Any) -> int | None:
    """Read a time; changes had none in 2021."""
    if value is None:
        return None
    try:
        return nanoseconds(value)
    except ValueError:
        raise DecodeError("no time") from None
