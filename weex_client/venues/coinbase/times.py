"""Times as Coinbase Exchange writes them: RFC 3339 in UTC, with any number of places."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

__all__ = ["rfc3339", "seconds_text_ns", "time_ns"]

_SHAPE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,30}))?(?:Z|\+00(?::?00)?)"
).fullmatch
_SECONDS: Final = re.compile(r"(\d{1,11})(?:\.(\d{1,30}))?").fullmatch


def time_ns(text: Any) -> int | None:
    """Return a time in nanoseconds since the epoch; None for the year 1, which means never.

    Digits beyond nanoseconds are cut off.

    Raises:
        ValueError: If it is no time in UTC.
    """
    shape = _SHAPE(text) if isinstance(text, str) else None
    if shape is None:
        raise ValueError("no time as RFC 3339 has it")
    whole, fraction = shape.groups()
    seconds = _epoch_seconds(whole)
    if seconds < 0:
        return None
    return seconds * 1_000_000_000 + _nanoseconds(fraction)


def seconds_text_ns(text: Any) -> int:
    """Return a time given as seconds since the epoch, ``"1483736448.299000"``, in nanoseconds.

    Raises:
        ValueError: If it is none.
    """
    shape = _SECONDS(text) if isinstance(text, str) else None
    if shape is None:
        raise ValueError("no time in seconds")
    whole, fraction = shape.groups()
    return int(whole) * 1_000_000_000 + _nanoseconds(fraction)


def rfc3339(nanoseconds: int, places: int = 6) -> str:
    """Write a time as the venue does."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest:09}"[: len(whole) + 1 + places] + "Z"


def _nanoseconds(fraction: str | None) -> int:
    return int(fraction[:9].ljust(9, "0")) if fraction else 0


# Frames of one second share it.
@lru_cache(maxsize=256)
def _epoch_seconds(whole: str) -> int:
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds())


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
