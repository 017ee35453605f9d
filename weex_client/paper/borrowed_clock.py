"""The time that an engine goes by where it was given none: that of the client it trades with."""

from __future__ import annotations

import asyncio

from weex_client.clock import Clock, SystemClock

__all__ = ["BorrowedClock"]


class BorrowedClock:
    """Tell the system's time until there is a client, and then that one's: a tape's in a replay."""

    def __init__(self) -> None:
        self._clock: Clock = SystemClock()

    def follow(self, clock: Clock) -> None:
        """Tell another clock's time from now on."""
        self._clock = clock

    def monotonic(self) -> float:
        """Return seconds that never go back, once there is a client."""
        return self._clock.monotonic()

    def time_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._clock.time_ns()

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or for the monotonic time ``until``."""
        return await self._clock.wait(event, until)
