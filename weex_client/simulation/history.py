"""Seeded candles from before the first simulated trade, walked back from the opening price."""

from __future__ import annotations

from math import sqrt

from weex_client.simulation.candles import (
    DAY_NS,
    HOUR_NS,
    MINUTE_NS,
    Candle,
    regroup,
    span_of,
)
from weex_client.simulation.draws import seeded
from weex_client.simulation.instrument import Instrument

# Pieces get coarser with age: each tier reaches back far enough for 300 candles of the intervals
# that are made of it, and ends on a boundary of the next tier.
# (piece, interval of the next tier's boundary, reach)
_TIERS: tuple[tuple[int, str, int], ...] = (
    (MINUTE_NS, "5m", 301 * MINUTE_NS),
    (5 * MINUTE_NS, "15m", 301 * 5 * MINUTE_NS),
    (15 * MINUTE_NS, "1h", 301 * 30 * MINUTE_NS),
    (HOUR_NS, "2h", 301 * 2 * HOUR_NS),
    (2 * HOUR_NS, "1d", 301 * 12 * HOUR_NS),
    # Listed for 301 weeks: a month of a market is then younger than 300 candles.
    (DAY_NS, "1w", 301 * 7 * DAY_NS),
)

_TIER_OF = {
    "1m": 0,
    "5m": 1,
    "15m": 2,
    "30m": 2,
    "1h": 3,
    "2h": 3,
    "4h": 4,
    "6h": 4,
    "8h": 4,
    "12h": 4,
    "1d": 5,
    "1w": 5,
    "1M": 5,
}

# One minute's move, as a share of the price: a calm day, as the live walk draws it.
_MINUTE_VOLATILITY = 2e-4


class PriceHistory:
    """Make up the past of one symbol, only as far back as somebody asks.

    Every interval is folded from the same pieces, so that all intervals tell the same past.
    """

    def __init__(self, instrument: Instrument, seed: str, end_ns: int, opening: int) -> None:
        self._instrument = instrument
        self._seed = seed
        self._end_ns = end_ns
        self._opening = opening
        self._tiers: list[list[Candle]] = []
        self._by_interval: dict[str, list[Candle]] = {}

    def candles(self, interval: str) -> list[Candle]:
        """Return the candles before the first simulated minute, oldest first.

        The last one may be unfinished: the simulated trades finish it.
        """
        known = self._by_interval.get(interval)
        if known is None:
            wanted = _TIER_OF[interval]
            while len(self._tiers) <= wanted:
                self._tiers.append(self._walk_back(len(self._tiers)))
            pieces = [piece for tier in reversed(self._tiers[: wanted + 1]) for piece in tier]
            # The oldest piece may open inside a candle of this interval: that half is no candle.
            while pieces and span_of(interval, pieces[0].open_time_ns)[0] < pieces[0].open_time_ns:
                del pieces[0]
            known = self._by_interval[interval] = regroup(interval, pieces)
        return known

    def _walk_back(self, tier: int) -> list[Candle]:
        length, boundary, reach = _TIERS[tier]
        newer = self._tiers[tier - 1][0] if tier else None
        end, close = (newer.open_time_ns, newer.open) if newer else (self._end_ns, self._opening)
        oldest = span_of(boundary, self._end_ns - reach)[0]
        draw = seeded(f"{self._seed}/tier-{tier}").random
        pieces: list[Candle] = []
        while end > oldest:
            piece = self._piece(end - length, end, close, draw(), draw(), draw(), draw())
            pieces.append(piece)
            end, close = piece.open_time_ns, piece.open
        pieces.reverse()
        return pieces

    def _piece(
        self, start: int, end: int, close: int, move: float, up: float, down: float, busy: float
    ) -> Candle:
        minutes = (end - start) // MINUTE_NS
        # A walk's reach grows with the square root of time.
        reach = self._opening * _MINUTE_VOLATILITY * sqrt(minutes)
        opening = max(2, close + round((move - 0.5) * 3.4 * reach))
        high = max(opening, close) + int(up * reach)
        low = max(1, min(opening, close) - int(down * reach))
        instrument = self._instrument
        count = 1 + int(instrument.events_per_step * 36 * minutes * (0.5 + busy))
        lots = 1 + int(count * instrument.typical_lots * 0.04 * (0.5 + up))
        # Any price between the extremes serves as the average; the product stays exact.
        notional = lots * ((opening + close) // 2)
        # Falling stretches are mostly sold (captured minutes: V/v 0.6 to 0.95 falling).
        sold_lots = int(lots * (0.6 + 0.35 * busy if close < opening else 0.05 + 0.45 * busy))
        sold = sold_lots * ((opening + close) // 2)
        return Candle(start, end, opening, high, low, close, lots, notional, count, sold_lots, sold)
