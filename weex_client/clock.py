"""Where time comes from: the system's clock, or one that a test turns by hand. Nothing else."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Tell the time and wait for it."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def time_ns(self) -> int:
        """Return nanoseconds since the epoch."""

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or for the monotonic time ``until``.

        Returns:
            True if the event is set, False if the time came first.
        """


class SystemClock:
    """Read the machine's clocks."""

    def monotonic(self) -> float:
        """Return the event loop's seconds."""
        return time.monotonic()

    def time_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or for the monotonic time ``until``."""
        if until is None:
            await event.wait()
            return True
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True


class ManualClock:
    """Stand still until a test calls ``advance``.

    Wall time and monotonic time move together, unless ``set_wall`` moves wall time alone.
    """

    def __init__(self, start_ns: int = 1_790_000_000_000_000_000) -> None:
        self._start_ns = start_ns
        self._elapsed_ns = 0
        self._waiting: dict[asyncio.Future[None], float] = {}

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return self._elapsed_ns / 1_000_000_000

    def time_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._start_ns + self._elapsed_ns

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock forward, or back, as people and time services do."""
        self._start_ns += round(seconds * 1_000_000_000)

    def advance(self, seconds: float) -> None:
        """Move time forward and wake whoever waited for it."""
        self._elapsed_ns += round(seconds * 1_000_000_000)
        now = self.monotonic()
        for future, until in list(self._waiting.items()):
            if until <= now and not future.done():
                future.set_result(None)

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or until ``advance`` reaches ``until``."""
        if until is None or event.is_set():
            await event.wait()
            return True
        if until <= self.monotonic():
            await asyncio.sleep(0)
            return event.is_set()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = until
        waiter = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((future, waiter), return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waiting[future]
            waiter.cancel()
            await asyncio.wait((waiter,))
        return event.is_set()
