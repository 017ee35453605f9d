"""Candles of any interval, built from trades. Pure; where trades come from is elsewhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from weex_client.export.intervals import Interval
from weex_client.models import Candle, Message, Trade

__all__ = ["BuiltCandle", "CandleBuilder", "Stretch", "candles_of"]

_SECOND_NS: Final = 1_000_000_000

# What a reconnection brings again, or late, are a venue's newest trades: up to 20 (WEEX). Each
# opens one candle at most, so that none of them falls before the newest 20 that have trades.
_HELD_CANDLES: Final = 256
_KNOWN_TRADES: Final = 10_000

# Sums of products stay exact: 28 digits, Python's default, are reached by a day of small coins.
_EXACT: Final = Context(prec=200)

Key = tuple[str, str | None]


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
        self._known = None if known is None else _Known(known)
        self._series: dict[Key, _Series] = {}

    def add(self, trade: Message[Trade]) -> list[Message[BuiltCandle]]:
        """Take a trade; return the candles that come out."""
        key = (trade.venue, trade.symbol)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        time_ns = _matched_ns(trade)
        # Some venues begin their numbers anew, the embedded exchange with each start.
        if not series.is_new((trade.data.trade_id, time_ns)):
            self.repeated += 1
            return []
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
        return [self._message(key, oldest, candle, is_closed=True)]

    def rest(self) -> list[Message[BuiltCandle]]:
        """Return the candles that were held back, in order of time, then of symbol."""
        candles = []
        for key, series in self._series.items():
            newest = max(series.forming, default=0)
            for start_ns, candle in series.forming.items():
                is_closed = start_ns < newest or self._is_over(key, candle)
                candles.append(self._message(key, start_ns, candle, is_closed=is_closed))
            series.forming.clear()
        candles.sort(key=lambda each: (each.data.open_time, each.venue, each.symbol or ""))
        return candles

    def _is_over(self, key: Key, candle: _Forming) -> bool:
        return self._known is not None and self._known.until_ns(key) >= candle.end_ns

    def _message(
        self, key: Key, start_ns: int, candle: _Forming, *, is_closed: bool
    ) -> Message[BuiltCandle]:
        known = self._known
        is_complete = None if known is None else known.covers(key, start_ns, candle.end_ns)
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

    __slots__ = ("_known", "_known_before", "forming", "out_until_ns")

    def __init__(self) -> None:
        self.forming: dict[int, _Forming] = {}
        self.out_until_ns = -(1 << 63)
        self._known: set[tuple[str, int]] = set()
        self._known_before: set[tuple[str, int]] = set()

    def is_new(self, trade: tuple[str, int]) -> bool:
        """Tell whether a trade was not seen lately, and remember it."""
        if trade in self._known or trade in self._known_before:
            return False
        self._known.add(trade)
        if len(self._known) == _KNOWN_TRADES:
            # Two sets by turns forget the oldest at no cost a trade.
            self._known_before, self._known = self._known, set()
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


class _Known:
    """When every trade is known, by venue and symbol."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self._stretches: dict[Key, list[tuple[int, int]]] = {}
        for venue, symbol, start_ns, end_ns in sorted(stretches, key=itemgetter(2)):
            joined = self._stretches.setdefault((venue, symbol), [])
            if joined and start_ns <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
            else:
                joined.append((start_ns, end_ns))

    def covers(self, key: Key, start_ns: int, end_ns: int) -> bool:
        """Tell whether a candle lies within one stretch."""
        for stretches in self._of(key):
            place = bisect_right(stretches, start_ns, key=itemgetter(0)) - 1
            if place >= 0 and stretches[place][1] >= end_ns:
                return True
        return False

    def until_ns(self, key: Key) -> int:
        """Return until when anything is known of a symbol."""
        return max((stretches[-1][1] for stretches in self._of(key)), default=0)

    def _of(self, key: Key) -> Iterator[list[tuple[int, int]]]:
        for each in dict.fromkeys((key, (key[0], None))):
            if each in self._stretches:
                yield self._stretches[each]
