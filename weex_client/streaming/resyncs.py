"""When a feed is asked for anew, and when a fresh connection is the better way. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from weex_client.errors import TransportError
from weex_client.protocol import Feed

__all__ = ["Resyncs"]

# Two operations a try out of 240 an hour: after five tries in five minutes a fresh connection is
# cheaper (WEEX sheet, 7.4).
_TRIES = 5
_WINDOW_SECONDS = 300.0
_HOPELESS_SECONDS = 60.0


class Resyncs:
    """The feeds of one connection that must be asked for anew."""

    def __init__(self) -> None:
        self._due: dict[Feed, float] = {}
        self._times: dict[Feed, deque[float]] = {}
        self._hopeless: set[Feed] = set()

    def __contains__(self, feed: Feed) -> bool:
        return feed in self._due

    def reset(self) -> None:
        """Start on a new connection; how often each was tried is remembered."""
        self._due.clear()

    def plan(self, feed: Feed, now: float) -> TransportError | None:
        """Ask for a feed anew: at once the first time, then after 1, 2, 4 and 8 seconds.

        Returns:
            Why the connection should be given up instead, or None.
        """
        times = self._times.setdefault(feed, deque(maxlen=_TRIES))
        while times and times[0] < now - _WINDOW_SECONDS:
            times.popleft()
        if len(times) == _TRIES and feed in self._hopeless:
            # A fresh connection did not help either: the others shall not pay for this one.
            self._due[feed] = now + _HOPELESS_SECONDS
            return None
        if len(times) == _TRIES:
            times.clear()
            self._hopeless.add(feed)
            return TransportError(f"{feed} could not be resynchronised in {_TRIES} tries")
        self._due[feed] = now + (2.0 ** (len(times) - 1) if times else 0.0)
        times.append(now)
        return None

    def due(self, now: float) -> tuple[Feed, ...]:
        """Return the feeds whose time has come."""
        return tuple(feed for feed, time in self._due.items() if time <= now)

    def postpone(self, feeds: Iterable[Feed], until: float) -> None:
        """Wait for the budget."""
        self._due |= dict.fromkeys(feeds, until)

    def asked(self, feed: Feed) -> None:
        """Note that a feed is given back, to be asked for anew."""
        self._due.pop(feed, None)

    def forget(self, feed: Feed) -> None:
        """Note that nobody wants a feed any more."""
        self._due.pop(feed, None)
        self._times.pop(feed, None)
        self._hopeless.discard(feed)

    def next_due(self) -> float | None:
        """Return when the next feed's time comes, or None."""
        return min(self._due.values(), default=None)
