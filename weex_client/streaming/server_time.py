"""What time it is at the venue, as its frames tell. Pure: our own clocks come in as arguments."""

from __future__ import annotations

__all__ = ["ServerTime"]


class ServerTime:
    """The venue's clock, carried on by ours that never jumps.

    Wall clocks are set: by hand, by the time service, by whoever gets daylight saving wrong. A
    candle closed by such a clock would be closed early, and a signature made with it be refused.
    """

    def __init__(self) -> None:
        self._origin_ns: int | None = None
        self.is_told = False

    def tell(self, server_time_ns: int | None, now: float) -> None:
        """Take the venue's word for the time at a monotonic moment, if it gave it."""
        if server_time_ns is not None:
            self._origin_ns = server_time_ns - round(now * 1_000_000_000)
            self.is_told = True

    def time_ns(self, now: float, wall_time_ns: int) -> int:
        """Return the venue's time at a monotonic moment.

        Args:
            now: The moment.
            wall_time_ns: What our wall clock says then; believed once, until the venue speaks.
        """
        if self._origin_ns is None:
            self._origin_ns = wall_time_ns - round(now * 1_000_000_000)
        return self._origin_ns + round(now * 1_000_000_000)
