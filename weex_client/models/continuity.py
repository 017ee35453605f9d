"""How much of the time a channel was known to be complete, as typed facts. Kept in streaming."""

from __future__ import annotations

from pydantic import computed_field

from weex_client.models.payload import Payload

__all__ = ["Continuity", "Hole"]


class Hole(Payload):
    """A stretch of time in which a channel may have missed something.

    Attributes:
        start: When it was last known to be complete, Unix seconds.
        end: When it was complete again, Unix seconds, or None while it is not.
        duration_seconds: How long it lasted, or has lasted so far.
        cause: Why, in words.
    """

    start: float
    end: float | None
    duration_seconds: float
    cause: str


class Continuity(Payload):
    """What one channel of one symbol has been worth since it was first subscribed.

    Time in which nobody wanted the channel counts neither way, and no more does the wait for
    its first acknowledgement or snapshot.

    Attributes:
        channel: The channel, as ``message.channel`` spells it.
        symbol: The symbol, or None where the channel has none.
        feed: The venue's own name of what it sends; tells candles of two intervals apart.
        since: When it was first known to be complete, Unix seconds, or None if it never was.
        covered_seconds: How long it was known to be complete.
        hole_seconds: How long it was not, all holes together, an open one until now.
        hole_count: How many holes there were.
        holes: The newest hundred of them, oldest first; the last one may be open.
        covered: Share of the time that was covered, 0 to 1.
        is_complete: True if something was covered and there was no hole.
    """

    channel: str
    symbol: str | None
    feed: str
    since: float | None
    covered_seconds: float
    hole_seconds: float
    hole_count: int
    holes: tuple[Hole, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def covered(self) -> float:
        """Share of the time that was covered, 0 to 1; 0 for what never began."""
        if not self.hole_count:
            return 0.0 if self.since is None else 1.0
        total_seconds = self.covered_seconds + self.hole_seconds
        return self.covered_seconds / total_seconds if total_seconds else 0.0

    @property
    def is_complete(self) -> bool:
        """True if something was covered and there was no hole."""
        return self.since is not None and not self.hole_count
