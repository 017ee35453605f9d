"""The time of a tape that is played: it stands, and is moved on by the player."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["TapeClock"]


class TapeClock:
    """Tell the tape's time, and wait for it.

    Args:
        start_ns: Where it begins, nanoseconds since the epoch.
        stir: Is called when somebody waits.
    """

    def __init__(self, start_ns: int, stir: Callable[[], None]) -> None:
        self._start_ns = start_ns
        self._time_ns = start_ns
        self._now = 0.0
        self._stir = stir
        self._waiting: dict[asyncio.Timeout, float] = {}

    def monotonic(self) -> float:
        """Return seconds since the tape's beginning."""
        return self._now

    def time_ns(self) -> int:
        """Return the time on the tape, nanoseconds since the epoch."""
        return self._time_ns

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or until the tape has come to ``until``."""
        if until is None or event.is_set():
            await event.wait()
            return True
        if until <= self._now:
            await asyncio.sleep(0)
            return event.is_set()
        try:
            async with asyncio.timeout(None) as limit:
                self._waiting[limit] = until
                self._stir()
                await event.wait()
        except TimeoutError:
            return event.is_set()
        finally:
            self._waiting.pop(limit, None)
        return True

    @property
    def due(self) -> float | None:
        """Return the first time that somebody waits for, or None."""
        return min(self._waiting.values(), default=None)

    def seconds_at(self, time_ns: int) -> float:
        """Return a time of the tape as monotonic seconds."""
        return (time_ns - self._start_ns) / 1_000_000_000

    def pass_to(self, time_ns: int) -> None:
        """Move on to an entry's time; a wall clock that was set back moves the wall time alone."""
        self._time_ns = time_ns
        self._now = max(self._now, self.seconds_at(time_ns))

    def wake(self) -> None:
        """Move on to the first time that somebody waits for, and wake who does."""
        due = self.due
        if due is None:
            return
        self._now = max(self._now, due)
        self._time_ns = self._start_ns + round(self._now * 1_000_000_000)
        for limit, until in tuple(self._waiting.items()):
            if until <= self._now:
                del self._waiting[limit]
                # In the past of the loop's own time: it ends in the next turn.
                limit.reschedule(float("-inf"))
