"""Figures over time, in bounded memory: older points are thinned out, extremes are not lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

__all__ = ["Drawdown", "Point", "Series"]

# Enough for a chart on any screen.
_MAX_POINTS: Final = 8_192
_FIRST_SPACING_NS: Final = 1_000_000_000


class Point(NamedTuple):
    """A value at a time."""

    time_ns: int
    value: Decimal


class Series:
    """Keep at most 8,192 points: one a second, then one every two seconds, every four...

    The newest point is always kept.
    """

    def __init__(self, points: list[Point] | None = None) -> None:
        self.points: list[Point] = points or []
        self._spacing_ns = _FIRST_SPACING_NS
        self._thin()

    def add(self, time_ns: int, value: Decimal) -> bool:
        """Add a value; return True if it is a point of its own, False if it moved the last one."""
        points = self.points
        point = Point(time_ns, value)
        if len(points) > 1 and time_ns - points[-2].time_ns < self._spacing_ns:
            points[-1] = point
            return False
        points.append(point)
        self._thin()
        return True

    def _thin(self) -> None:
        while len(self.points) > _MAX_POINTS:
            self._spacing_ns *= 2
            self.points[:] = [*self.points[:-1:2], self.points[-1]]


class Drawdown:
    """Follow how far a value is below its highest, and how far it ever was.

    Attributes:
        peak: Highest value so far.
        deepest: Greatest fall below the peak of its time, as a share of that peak.
        deepest_value: Greatest fall in the value's own units.
    """

    def __init__(
        self,
        peak: Decimal = Decimal(0),
        deepest: Decimal = Decimal(0),
        deepest_value: Decimal = Decimal(0),
    ) -> None:
        self.peak, self.deepest, self.deepest_value = peak, deepest, deepest_value

    def add(self, value: Decimal) -> None:
        """Take the next value."""
        self.peak = max(self.peak, value)
        if value < self.peak:
            fall = self.peak - value
            self.deepest_value = max(self.deepest_value, fall)
            self.deepest = max(self.deepest, fall / self.peak)
