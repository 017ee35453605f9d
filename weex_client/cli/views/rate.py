"""How many messages a second, over the last seconds. Times are the caller's, Unix seconds."""

from __future__ import annotations

from collections import deque

__all__ = ["Rate"]

_WINDOW_SECONDS = 5.0
_SLICE_SECONDS = 0.25


class Rate:
    """Count messages in slices of a sliding window, so that a flood costs no memory."""

    def __init__(self) -> None:
        self._slices: deque[list[float]] = deque()
        self._began: float | None = None
        self.last: float | None = None

    def count(self, now: float) -> None:
        """Note one message."""
        if self._began is None:
            self._began = now
        self.last = now
        if self._slices and abs(now - self._slices[-1][0]) < _SLICE_SECONDS:
            self._slices[-1][1] += 1
        else:
            self._slices.append([now, 1])
        self._forget(now)

    def per_second(self, now: float) -> float:
        """Return messages a second of the window, or of the time since the first message."""
        self._forget(now)
        if self._began is None:
            return 0.0
        span_seconds = min(_WINDOW_SECONDS, max(1.0, now - self._began))
        return sum(count for _, count in self._slices) / span_seconds

    def _forget(self, now: float) -> None:
        # Either way: somebody may set the machine's clock.
        while self._slices and abs(now - self._slices[0][0]) > _WINDOW_SECONDS:
            self._slices.popleft()
