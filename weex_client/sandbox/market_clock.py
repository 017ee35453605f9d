"""Simulated time: which step of the market is due at a moment of the event loop's clock."""

from __future__ import annotations

# A machine that cannot keep up gets a slower market, never one with holes in it.
_MAX_LAG_SECONDS = 1.0

# Timers are good to about a millisecond; a fast market makes several steps in one turn.
_SHORTEST_PAUSE_SECONDS = 0.005


class MarketClock:
    """Run ``speed`` simulated seconds a real one, from a given start."""

    def __init__(self, start_time_ns: int, speed: float, loop_time: float) -> None:
        self._start_time_ns = start_time_ns
        self._speed = speed
        self._origin = loop_time

    def time_ns(self, loop_time: float) -> int:
        """Return the simulated time that is due."""
        return self._start_time_ns + int((loop_time - self._origin) * self._speed * 1e9)

    def hold_back(self, loop_time: float, reached_ns: int) -> None:
        """Give up catching up when the market is too far behind: its time stands a moment."""
        behind = (self.time_ns(loop_time) - reached_ns) / 1e9 / self._speed
        if behind > _MAX_LAG_SECONDS:
            self._origin += behind - _MAX_LAG_SECONDS

    def pause_seconds(self, loop_time: float, due_ns: int) -> float:
        """Return how long to sleep until a simulated time is due."""
        wait = (due_ns - self.time_ns(loop_time)) / 1e9 / self._speed
        return max(wait, _SHORTEST_PAUSE_SECONDS)
