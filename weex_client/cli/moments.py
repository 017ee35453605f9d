"""Moments as they are written on a command line: ISO 8601 or Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from weex_client.errors import UsageError

__all__ = ["iso_moment", "moment_ns"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999, where datetime ends


def moment_ns(text: str) -> int:
    """Read a moment.

    Args:
        text: ``2026-11-21``, ``2026-11-21T18:30``, with seconds, fractions and a zone if wanted
            (UTC if there is none), or seconds since the epoch.

    Returns:
        Nanoseconds since the epoch.

    Raises:
        UsageError: If it is none.
    """
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        return _iso_ns(text)
    if not seconds.is_finite() or not 0 <= seconds <= _LAST_SECOND:
        raise _no_moment(text)
    return int(seconds * 1_000_000_000)


def _iso_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _no_moment(text) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _no_moment(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is no time: write it like 2026-11-21T18:30 (UTC, unless a zone such as +02:00"
        " follows) or as Unix seconds"
    )


def iso_moment(time_ns: int) -> str:
    """Write a moment as ISO 8601 in UTC, with as many digits as it needs, up to microseconds."""
    moment = _EPOCH + timedelta(microseconds=time_ns // 1000)
    return moment.isoformat().replace("+00:00", "Z")
