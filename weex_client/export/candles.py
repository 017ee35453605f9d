"""Candles of any interval, built from trades. Pure; where trades come from is elsewhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from typing import Any, Final, NamedTuple

from weex_client.export.intervals import Interval
from weex_client.models import Candle, Message, Trade

__all__ = ["BuiltCandle", "CandleBuilder", "Span", "Stretch", "candles_of", "joined_spans"]

_SECOND_NS: Final = 1_000_000_000

# What a reconnection brings again, or late, are a venue's newest trades: up to 20 (WEEX). Each
# opens one candle at most, so that none of them falls before the newest 20 that have trades.
_HELD_CANDLES: Final = 256
_SEEN_TRADES: Final = 10_000

# Sums of products stay exact: 28 digits, Python's default, are reached by a day of small coins.
_EXACT: Final = Context(prec=200)

Key = tuple[str, str | None]
Span = tuple[int, int]
_NEVER: Final[Span] = (0, -1)


class BuiltCandle(Candle):
    """A candle built from trades.

    Attributes:
        is_complete: True if every trade of the interval is in it, False if some may be missing,
            None where nobody said what is known.
    """

    is_complete: bool | None = None


class Stretch(NamedTuple):
    """A time in which every trade of a symbol is known.

    Attributes:
        venue: The venue's name.
        symbol: The symbol, or None for all.
        start_ns: Since when, nanoseconds since the epoch.
        end_ns: Until when.
    """

    venue: str
    symbol: str | None
    start_ns: int
    end_ns: int


def candles_of(
    trades: Iterable[Message[Trade]], interval: str, known: Iterable[Stretch] | None = None
) -> Iterator[Message[BuiltCandle]]:
    """Build candles from trades; see ``CandleBuilder``.

    Raises:
        ExportError: If the interval is none.
    """
    builder = CandleBuilder(interval, known)
    for trade in trades:
        yield from builder.add(trade)
    yield from builder.rest()


class CandleBuilder:
    """Put trades together to candles, each symbol's for itself and in order of time.

    A trade falls into the candle of the time at which it was matched, however late it came:
    history that a reconnection brings fills the hole it was made for. A trade that comes twice,
    with the same id and time, counts once. Within the same instant, the one that came first is
    the first. An interval without a trade has no candle.

    A candle comes out when 256 later ones of its symbol have begun, or at the end.
    """

    def __init__(self, interval: str, known: Iterable[Stretch] | None = None) -> None:
        """Build candles of an interval.

        Args:
            interval: A number and ``ms``, ``s``, ``m``, ``h``, ``d``, ``w`` (from Monday) or
                ``M`` (calendar months): ``7s``, ``90m``, ``4h``. Counted from the beginning of
                1970, UTC.
            known: When every trade is known, or None where nobody can say.

        Raises:
            ExportError: If the interval is none.
        """
        self.interval = Interval.of(interval)
        self.repeated = 0
        """How many trades came more than once."""
        self.late = 0
        """How many trades came after their candle had come out, and are in none."""
        self._known = None if known is None else _known_by_series(known)
        self._series: dict[Key, _Series] = {}

    def add(self, trade: Message[Trade]) -> list[Message[BuiltCandle]]:
        """Take a trade; return the candles that come out."""
        key = (trade.venue, trade.symbol)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(self._known_of(key))
        time_ns = _matched_ns(trade)
        # Some venues begin their numbers anew, the embedded exchange with each start.
        if not series.is_new((trade.data.trade_id, time_ns)):
            self.repeated += 1
            return []
        if series.known is not None:
            series.known.heard(trade.received_time_ns, time_ns)
        start_ns, end_ns = self.interval.span_of(time_ns)
        forming = series.forming.get(start_ns)
        if forming is not None:
            forming.add(trade, time_ns)
            return []
        if start_ns < series.out_until_ns:
            self.late += 1
            return []
        series.forming[start_ns] = _Forming(trade, time_ns, end_ns)
        if len(series.forming) <= _HELD_CANDLES:
            return []
        oldest = min(series.forming)
        candle = series.forming.pop(oldest)
        series.out_until_ns = candle.end_ns
        return [self._message(key, oldest, candle, series.known, is_closed=True)]

    def _known_of(self, key: Key) -> _Known | None:
        if self._known is None:
            return None
        return _Known([*self._known.get(key, ()), *self._known.get((key[0], None), ())])

    def rest(self) -> list[Message[BuiltCandle]]:
        """Return the candles that were held back, in order of time, then of symbol."""
        candles = []
        for key, series in self._series.items():
            newest = max(series.forming, default=0)
            for start_ns, candle in series.forming.items():
                is_over = series.known is not None and series.known.until_ns >= candle.end_ns
                is_closed = start_ns < newest or is_over
                made = self._message(key, start_ns, candle, series.known, is_closed=is_closed)
                candles.append(made)
            series.forming.clear()
        candles.sort(key=lambda each: (each.data.open_time, each.venue, each.symbol or ""))
        return candles

    def _message(
        self, key: Key, start_ns: int, candle: _Forming, known: _Known | None, *, is_closed: bool
    ) -> Message[BuiltCandle]:
        is_complete = None if known is None else known.covers(start_ns, candle.end_ns)
        return Message(
            venue=key[0],
            channel="candles",
            symbol=key[1],
            data=candle.data(self.interval.text, start_ns, is_closed, is_complete),
            timestamp=candle.last_ns / _SECOND_NS,
            exchange_time_ns=candle.exchange_time_ns,
            received_time_ns=candle.received_time_ns,
        )


def _matched_ns(trade: Message[Trade]) -> int:
    """Return when a trade was matched, to the nanosecond where the venue says it."""
    if trade.exchange_time_ns is not None:
        return trade.exchange_time_ns
    return round(trade.data.timestamp * 1_000_000) * 1000


class _Series:
    """One symbol's candles that are not out yet, and the trades that are known."""

    __slots__ = ("_seen", "_seen_before", "forming", "known", "out_until_ns")

    def __init__(self, known: _Known | None) -> None:
        self.known = known
        self.forming: dict[int, _Forming] = {}
        self.out_until_ns = -(1 << 63)
        self._seen: set[tuple[str, int]] = set()
        self._seen_before: set[tuple[str, int]] = set()

    def is_new(self, trade: tuple[str, int]) -> bool:
        """Tell whether a trade was not seen lately, and remember it."""
        if trade in self._seen or trade in self._seen_before:
            return False
        self._seen.add(trade)
        if len(self._seen) == _SEEN_TRADES:
            # Two sets by turns forget the oldest at no cost a trade.
            self._seen_before, self._seen = self._seen, set()
        return True


class _Forming:
    """A candle that trades may still fall into."""

    __slots__ = (
        *("end_ns", "exchange_time_ns", "received_time_ns", "first_ns", "last_ns"),
        *("_open", "_high", "_low", "_close", "_volume", "_quote_volume", "_count"),
    )

    def __init__(self, trade: Message[Trade], time_ns: int, end_ns: int) -> None:
        price, size = trade.data.price, trade.data.size
        self.end_ns = end_ns
        self._open = self._high = self._low = self._close = price
        self._volume, self._quote_volume = size, _EXACT.multiply(price, size)
        self._count = 1
        self.first_ns = self.last_ns = time_ns
        self._stamp(trade)

    def _stamp(self, trade: Message[Any]) -> None:
        self.exchange_time_ns = trade.exchange_time_ns
        self.received_time_ns = trade.received_time_ns

    def add(self, trade: Message[Trade], time_ns: int) -> None:
        """Take one more trade."""
        price: Decimal = trade.data.price
        size: Decimal = trade.data.size
        if time_ns >= self.last_ns:
            self._close, self.last_ns = price, time_ns
            self._stamp(trade)
        elif time_ns < self.first_ns:
            self._open, self.first_ns = price, time_ns
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._volume = _EXACT.add(self._volume, size)
        self._quote_volume = _EXACT.fma(price, size, self._quote_volume)
        self._count += 1

    def data(
        self, interval: str, start_ns: int, is_closed: bool, is_complete: bool | None
    ) -> BuiltCandle:
        """Return it as payload."""
        return BuiltCandle(
            open_time=start_ns / _SECOND_NS,
            close_time=self.end_ns / _SECOND_NS,
            interval=interval,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
            quote_volume=self._quote_volume,
            trade_count=self._count,
            is_closed=is_closed,
            is_complete=is_complete,
        )


def _known_by_series(stretches: Iterable[Stretch]) -> dict[Key, list[Span]]:
    known: dict[Key, list[Span]] = {}
    for venue, symbol, start_ns, end_ns in stretches:
        known.setdefault((venue, symbol), []).append((start_ns, end_ns))
    return known


class _Known:
    """When every trade of a symbol is known.

    Stretches are by the clock that recorded. Where one ends because trades were missed, it may
    have gone wrong some time before anybody noticed: everything since the last trade that was
    received in it is doubted, until the next begins.
    """

    __slots__ = ("_doubts", "_ends", "_heard_ns", "_span", "_starts", "until_ns")

    def __init__(self, spans: Iterable[Span]) -> None:
        joined = joined_spans(spans)
        self._starts = [start_ns for start_ns, _ in joined]
        self._ends = [end_ns for _, end_ns in joined]
        self.until_ns = self._ends[-1] if joined else 0
        self._span = _NEVER
        self._heard_ns = 0
        self._doubts: list[Span] = []

    def heard(self, received_ns: int, matched_ns: int) -> None:
        """Note when a trade was received, and when it was made."""
        start_ns, end_ns = self._span
        if not start_ns <= received_ns <= end_ns:
            left, self._span = self._span, self._span_of(received_ns)
            if left is not _NEVER:
                again_ns = matched_ns if self._span is _NEVER else min(matched_ns, self._span[0])
                self._doubts.append((min(self._heard_ns, again_ns), max(self._heard_ns, again_ns)))
        self._heard_ns = matched_ns

    def _span_of(self, time_ns: int) -> Span:
        place = bisect_right(self._starts, time_ns) - 1
        if place < 0 or self._ends[place] < time_ns:
            return _NEVER
        return self._starts[place], self._ends[place]

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Tell whether a candle lies within one stretch, and nothing of it is doubted."""
        _, known_until_ns = self._span_of(start_ns)
        return known_until_ns >= end_ns and not any(
            first_ns < end_ns and start_ns <= last_ns for first_ns, last_ns in self._doubts
        )


def joined_spans(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that meet as one."""
    joined: list[Span] = []
    for start_ns, end_ns in sorted(spans):
        if joined and start_ns <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
        else:
            joined.append((start_ns, end_ns))
    return joined
