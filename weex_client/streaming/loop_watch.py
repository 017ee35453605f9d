"""Waiting that notices when the program itself did not let the event loop run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from weex_client.clock import Clock
from weex_client.errors import UsageError
from weex_client.models import ConnectionEvent

__all__ = ["LoopWatch", "check_loop"]

logger = logging.getLogger("weex_client")

# A wait is cut into naps, each of which should end on time: 20 us of work, four times a second.
_NAP_SECONDS = 0.25

# Shorter delays are a busy machine's; longer ones leave a trader with old prices.
_BLOCKED_SECONDS = 1.0

# A program that blocks again and again is logged once in a while; events tell of each time.
_LOG_SECONDS = 60.0


class LoopWatch:
    """Wait for a client's connections, and tell when the loop came back late, once for all.

    Args:
        clock: Time.
        emit: Takes what users should know.
    """

    def __init__(self, clock: Clock, emit: Callable[[ConnectionEvent], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._told_until = float("-inf")
        self._logged_at = float("-inf")

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for ``event``, or for the monotonic time ``until``.

        Returns:
            True if the loop was blocked meanwhile: what came in that time was not read yet.
        """
        clock = self._clock
        while True:
            now = clock.monotonic()
            nap_until = now + _NAP_SECONDS
            if until is not None:
                nap_until = max(now, min(nap_until, until))
            is_set = await clock.wait(event, nap_until)
            now = clock.monotonic()
            if now - nap_until >= _BLOCKED_SECONDS:
                self._tell(now - nap_until, now)
                return True
            if is_set or (until is not None and now >= until):
                return False

    def _tell(self, seconds: float, now: float) -> None:
        """Report a delay; other connections of the client wake from the same one."""
        is_known = now - seconds < self._told_until
        self._told_until = now
        if is_known:
            return
        cause = (
            f"this program's event loop was blocked for {seconds:.1f} s, and nothing was read"
            " meanwhile: move slow work into a thread or a process"
        )
        if now >= self._logged_at + _LOG_SECONDS:
            self._logged_at = now
            logger.warning("%s; logged once a minute at most", cause)
        self._emit(
            ConnectionEvent(
                kind="stale",
                timestamp=self._clock.time_ns() / 1_000_000_000,
                scope="public",
                cause=cause,
                duration_seconds=seconds,
            )
        )


def check_loop() -> None:
    """Make sure that a stream is opened where it can be read.

    Raises:
        UsageError: If no event loop runs here.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise UsageError(
            "open streams in the event loop that runs the client, not in another thread"
        ) from None
