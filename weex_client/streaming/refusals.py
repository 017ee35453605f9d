"""What a venue has refused on one connection, and when it may be asked for again. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from weex_client.protocol import Feed

__all__ = ["Refusals"]

# Who opens a stream again and again that is refused each time must not flood the venue.
_FIRST_PAUSE_SECONDS = 5.0
_MAX_PAUSE_SECONDS = 300.0


class Refusals:
    """Remember refusals for those who want the same again.

    What was refused once may be asked for again at once, by a new stream: a service may have been
    busy. After that the venue is spared for a time that doubles, in which the answer is known.

    Args:
        is_final: Whether each refusal counts, so that the venue closes the connection after some:
            then nothing is asked for twice on one.
    """

    def __init__(self, *, is_final: bool) -> None:
        self._is_final = is_final
        self._reasons: dict[Feed, str] = {}
        self._until: dict[Feed, float] = {}
        self._counts: dict[Feed, int] = {}

    def __contains__(self, feed: Feed) -> bool:
        return feed in self._reasons

    def reset(self) -> None:
        """Start on a new connection."""
        self._reasons.clear()
        self._until.clear()
        self._counts.clear()

    def note(self, feeds: Iterable[Feed], reason: str, now: float) -> None:
        """Note that feeds were refused."""
        for feed in feeds:
            count = self._counts[feed] = self._counts.get(feed, 0) + 1
            pause_seconds = _FIRST_PAUSE_SECONDS * 2.0 ** min(count - 2, 10) if count > 1 else 0.0
            self._reasons[feed] = reason
            self._until[feed] = now + min(pause_seconds, _MAX_PAUSE_SECONDS)

    def reason(self, feed: Feed, now: float) -> str | None:
        """Return why a feed cannot be had now, in the venue's words; None if it can be asked for.

        Args:
            feed: What is wanted.
            now: Monotonic time.
        """
        if not self._is_final and now >= self._until.get(feed, now):
            self._reasons.pop(feed, None)
        return self._reasons.get(feed)
