"""What time it is at the venue, and up to which time of its own all it sent is here.

Pure: our own clocks come in as arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

from weex_client.protocol import Venue

__all__ = ["Arrivals", "ServerTime"]


# What signatures, candles and fills call for is a second.
_PROMPT_SECONDS = 1.0


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

    def tell_of_ping(self, server_time_ns: int | None, now: float, seconds: float | None) -> None:
        """Take the venue's word for the time in an answer to a ping.

        Args:
            server_time_ns: The time, if it gave it.
            now: Monotonic time.
            seconds: How long ping and answer took together, if that is known: an answer that was
                held up tells little.
        """
        if server_time_ns is not None and seconds is not None and seconds <= _PROMPT_SECONDS:
            self.tell(server_time_ns + round(seconds / 2 * 1_000_000_000), now)

    def time_ns(self, now: float, wall_time_ns: int) -> int:
        """Return the venue's time at a monotonic moment.

        Args:
            now: The moment.
            wall_time_ns: What our wall clock says then; believed once, until the venue speaks.
        """
        if self._origin_ns is None:
            self._origin_ns = wall_time_ns - round(now * 1_000_000_000)
        return self._origin_ns + round(now * 1_000_000_000)

    def signing_time_ns(self, now: float, wall_time_ns: int) -> int:
        """Return the time to sign with: what our wall clock says now, until the venue speaks."""
        return self.time_ns(now, wall_time_ns) if self.is_told else wall_time_ns


class Arrivals:
    """Tell up to which time of the venue's everything that one connection was sent is digested.

    That something comes proves little: behind a slow line it may have been sent half a minute
    ago, with more on its way. What the venue has stamped proves all that it sent before.
    """

    def __init__(self, venue: Venue, server_time: ServerTime) -> None:
        self._venue = venue
        self._server_time = server_time
        self._heard_at = 0.0
        self._last_frame = b""
        self._is_digested = True
        self._until_ns = 0

    def opened(self) -> None:
        """Start on a new connection: what the old one proved is not proved of this one."""
        self._last_frame = b""
        self._is_digested = True
        self._until_ns = 0

    def heard(self, frames: Sequence[bytes], now: float) -> None:
        """Note what came together, and waits to be digested."""
        self._heard_at = now
        self._is_digested = False
        if frames:
            self._last_frame = frames[-1]

    def digested(self) -> None:
        """Note that nothing heard waits for its turn any more, as behind a slow reader."""
        self._is_digested = True

    def complete_until_ns(self, now_ns: int) -> int:
        """Return the venue's time up to which nothing is missing.

        Args:
            now_ns: What our wall clock says.
        """
        frame = self._last_frame
        if self._is_digested and frame:
            self._last_frame = b""
            arrived_ns = self._server_time.time_ns(self._heard_at, now_ns)
            # Answers have no stamp: they come in order, to what was asked a moment ago.
            sent_ns = self._venue.sent_time_ns(frame)
            self._until_ns = arrived_ns if sent_ns is None else min(arrived_ns, sent_ns)
        return self._until_ns
