"""How long a candle is, and which one a moment falls into. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from weex_client.errors import ExportError

__all__ = ["Interval"]

_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _SECOND_NS
_UNITS_NS: Final = {
    "ms": _SECOND_NS // 1000,
    "s": _SECOND_NS,
    "m": 60 * _SECOND_NS,
    "h": 3600 * _SECOND_NS,
    "d": _DAY_NS,
    "w": 7 * _DAY_NS,
}
_SPELLED: Final = re.compile(r"([1-9]\d{0,5})(ms|s|m|h|d|w|M)")
# The epoch was a Thursday; weeks begin on Monday.
_FIRST_MONDAY_NS: Final = 4 * _DAY_NS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MONTHS: Final = 1200


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of candles, laid out from the beginning of 1970 (UTC) on.

    Attributes:
        text: As it was spelled: ``7s``, ``90m``, ``4h``, ``1w``, ``1M``.
        length_ns: Its length; 0 for months, which differ.
        months: How many months, or 0.
    """

    text: str
    length_ns: int
    months: int = 0

    @classmethod
    def of(cls, text: str) -> Interval:
        """Read an interval.

        Raises:
            ExportError: If it is none.
        """
        found = _SPELLED.fullmatch(text.strip())
        count, unit = (int(found[1]), found[2]) if found else (0, "")
        if unit == "M" and count <= _MOST_MONTHS:
            return cls(text.strip(), 0, count)
        if unit not in _UNITS_NS:
            raise ExportError(
                f"{text!r} is no interval: write a number and ms, s, m, h, d, w or M (months),"
                " such as 7s, 90m or 4h"
            )
        return cls(text.strip(), count * _UNITS_NS[unit])

    def span_of(self, time_ns: int) -> tuple[int, int]:
        """Return the beginning and the exclusive end of the candle that a moment falls into."""
        if self.months:
            return self._months_of(time_ns)
        offset = _FIRST_MONDAY_NS if self.text.endswith("w") else 0
        start = (time_ns - offset) // self.length_ns * self.length_ns + offset
        return start, start + self.length_ns

    def _months_of(self, time_ns: int) -> tuple[int, int]:
        moment = _EPOCH + timedelta(seconds=time_ns // _SECOND_NS)
        month = (moment.year - 1970) * 12 + moment.month - 1
        first = month // self.months * self.months
        return _month_ns(first), _month_ns(first + self.months)


def _month_ns(month: int) -> int:
    """Return when a month began, counted from January 1970."""
    begin = datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (begin - _EPOCH) // timedelta(seconds=1) * _SECOND_NS
