"""Candles of every interval, folded from trades minute by minute. The past is in `history`."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

# The venue replays 300 closed candles and the forming one (301 counted on the wire).
KEPT_CANDLES = 300

_FIXED_NS = {
    "1m": MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS,
    "2h": 2 * HOUR_NS,
    "4h": 4 * HOUR_NS,
    "6h": 6 * HOUR_NS,
    "8h": 8 * HOUR_NS,
    "12h": 12 * HOUR_NS,
    "1d": DAY_NS,
}
INTERVALS: tuple[str, ...] = (*_FIXED_NS, "1w", "1M")

_WEEK_NS = 7 * DAY_NS
# The epoch was a Thursday; weeks open on Monday.
_FIRST_MONDAY_NS = 4 * DAY_NS


class Candle(NamedTuple):
    """One candle in ticks, lots and ticks x lots; the end is exclusive."""

    open_time_ns: int
    close_time_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    notional: int
    trade_count: int
    sold_lots: int
    sold_notional: int


def span_of(interval: str, time_ns: int) -> tuple[int, int]:
    """Return the open time and the exclusive end of the candle that holds a time."""
    fixed = _FIXED_NS.get(interval)
    if fixed is not None:
        start = time_ns // fixed * fixed
        return start, start + fixed
    if interval == "1w":
        start = (time_ns - _FIRST_MONDAY_NS) // _WEEK_NS * _WEEK_NS + _FIRST_MONDAY_NS
        return start, start + _WEEK_NS
    first = datetime.fromtimestamp(time_ns // SECOND_NS, UTC).replace(
        day=1, hour=0, minute=0, second=0
    )
    year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
    following = first.replace(year=year, month=month)
    return int(first.timestamp()) * SECOND_NS, int(following.timestamp()) * SECOND_NS


def merge(earlier: Candle, later: Candle) -> Candle:
    """Join two neighbouring stretches of the same candle; its span is the earlier one's."""
    return Candle(
        earlier.open_time_ns,
        earlier.close_time_ns,
        earlier.open,
        max(earlier.high, later.high),
        min(earlier.low, later.low),
        later.close,
        earlier.lots + later.lots,
        earlier.notional + later.notional,
        earlier.trade_count + later.trade_count,
        earlier.sold_lots + later.sold_lots,
        earlier.sold_notional + later.sold_notional,
    )


def _spanning(interval: str, beginning: Candle) -> Candle:
    start, end = span_of(interval, beginning.open_time_ns)
    if (start, end) == (beginning.open_time_ns, beginning.close_time_ns):
        return beginning
    return beginning._replace(open_time_ns=start, close_time_ns=end)


def regroup(interval: str, candles: list[Candle]) -> list[Candle]:
    """Fold consecutive shorter candles into those of a longer interval."""
    grouped: list[Candle] = []
    for candle in candles:
        if grouped and candle.open_time_ns < grouped[-1].close_time_ns:
            grouped[-1] = merge(grouped[-1], candle)
        else:
            grouped.append(_spanning(interval, candle))
    return grouped


class CandleBoard:
    """Fold one symbol's trades into minutes, and closed minutes into every interval."""

    def __init__(self, start_ns: int, opening: int) -> None:
        self._series: dict[str, deque[Candle]] = {
            interval: deque(maxlen=KEPT_CANDLES + 1) for interval in INTERVALS
        }
        self.minutes_closed = 0
        self._open_minute(start_ns, opening)

    def _open_minute(self, start_ns: int, price: int) -> None:
        # A candle opens where the last one closed, trade or no trade (all 15 joints of the
        # captured klineSnapshot do).
        self._start_ns = start_ns
        self._end_ns = start_ns + MINUTE_NS
        self._open = self._high = self._low = self._close = price
        self._lots = self._notional = self._count = self._sold_lots = self._sold_notional = 0

    def record(self, price: int, lots: int, buyer_is_maker: bool) -> None:
        """Count one trade in the minute of now."""
        self.observe(price)
        notional = price * lots
        self._lots += lots
        self._notional += notional
        self._count += 1
        if buyer_is_maker:
            self._sold_lots += lots
            self._sold_notional += notional

    def observe(self, price: int) -> None:
        """Move the close, and with it the extremes, without a trade."""
        self._close = price
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price

    def roll(self, time_ns: int) -> None:
        """Close every minute that ended at or before a time."""
        while time_ns >= self._end_ns:
            minute = self._minute()
            for interval, series in self._series.items():
                if series and minute.open_time_ns < series[-1].close_time_ns:
                    series[-1] = merge(series[-1], minute)
                else:
                    series.append(_spanning(interval, minute))
            self.minutes_closed += 1
            self._open_minute(self._end_ns, self._close)

    def _minute(self) -> Candle:
        return Candle(
            self._start_ns,
            self._end_ns,
            self._open,
            self._high,
            self._low,
            self._close,
            self._lots,
            self._notional,
            self._count,
            self._sold_lots,
            self._sold_notional,
        )

    def series(self, interval: str, history: list[Candle]) -> list[Candle]:
        """Return the kept candles of an interval, oldest first, the forming one last.

        Args:
            interval: One of `INTERVALS`.
            history: The candles before this board's first minute; the last may be the beginning
                of this board's first candle.
        """
        candles = [*self._series[interval], self._minute()]
        if len(candles) <= KEPT_CANDLES:
            candles = history[-(KEPT_CANDLES + 1) :] + candles
        return regroup(interval, candles)[-(KEPT_CANDLES + 1) :]

    def newest(self, interval: str, history: list[Candle]) -> tuple[Candle | None, Candle]:
        """Return the last closed candle, None before any, and the forming one."""
        recent = [*list(self._series[interval])[-2:], self._minute()]
        if len(recent) < 3:
            recent = history[-2:] + recent
        grouped = regroup(interval, recent)
        return (grouped[-2] if len(grouped) > 1 else None), grouped[-1]
