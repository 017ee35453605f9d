"""How long a connection is kept, for reasons that are not silence. Pure.

It must be greeted in time, must not be idle for too long, and ends when the venue says so.
"""

from __future__ import annotations

import logging

from weex_client.errors import TransportError
from weex_client.protocol import Closing, DialRequest, Venue

__all__ = ["Tenure"]

logger = logging.getLogger("weex_client")

# A connection without subscription is closed at this share of what the venue grants it.
_IDLE_SHARE = 0.75

# A greeting takes some tenths of a second; KuCoin's own client waits 5 s for it.
GREETING_SECONDS = 10.0

# A venue that says nothing of a key it refuses hangs up instead (Smart Money sheet, 2).
_HANGING_UP_SECONDS = 5.0
_HANGINGS_UP = 2


class Tenure:
    """Tell whether a connection may be spoken on, and whether it is worth keeping.

    Attributes:
        may_speak: False until the greeting that the venue wants awaited.
        verdict: Why the connection should be given up, or None.
    """

    def __init__(self, venue: Venue) -> None:
        self.may_speak = True
        self.verdict: TransportError | None = None
        self._name = venue.name
        self._waits = venue.waits_for_greeting
        self._idle_seconds = venue.limits.idle_seconds
        self._idle_since = 0.0
        self._greeting_due = 0.0
        self._key_shown_at: float | None = None
        self._frames_before = 0
        self._hangings_up = 0

    def opened(self, now: float, request: DialRequest | None = None, frames: int = 0) -> None:
        """Start on a new connection.

        Args:
            now: Monotonic time.
            request: How it was dialled.
            frames: What was heard on all connections before.
        """
        self._key_shown_at = now if request is not None and request.opening else None
        self._frames_before = frames
        self.may_speak = not self._waits
        self.verdict = None
        self._idle_since = now
        self._greeting_due = now + GREETING_SECONDS

    def greeted(self) -> None:
        """Note that the venue is ready."""
        self.may_speak = True

    def close(self, closing: Closing) -> None:
        """Note that the venue has done with this connection."""
        self.verdict = closing.error or TransportError(
            f"{self._name} says that this connection is over: {closing.reason}"
        )

    def suspicion(self, now: float, frames: int) -> str:
        """Return what the end of a connection lets suspect, as the end of a sentence.

        Args:
            now: Monotonic time.
            frames: What was heard on all connections.
        """
        shown_at, self._key_shown_at = self._key_shown_at, None
        is_unheard = shown_at is not None and frames == self._frames_before
        if shown_at is None or not is_unheard or now - shown_at > _HANGING_UP_SECONDS:
            self._hangings_up = 0
            return ""
        self._hangings_up += 1
        if self._hangings_up < _HANGINGS_UP:
            return ""
        said = "the key is probably refused: check it"
        if self._hangings_up == _HANGINGS_UP:
            logger.warning("%s hangs up without a word; %s", self._name, said)
        return f"; {said}"

    def deny(self, reason: str) -> None:
        """Note that nothing can be had on this connection: its credentials were refused."""
        self.verdict = TransportError(
            f"{self._name} refused this connection's credentials: {reason}"
        )

    def excuse(self, now: float) -> None:
        """Note that what came waits in the socket, perhaps the greeting."""
        self._greeting_due = now + GREETING_SECONDS

    def rest(self, now: float) -> None:
        """Note that nothing is subscribed any more."""
        self._idle_since = now

    def tick(self, now: float) -> None:
        """Give a connection up that is not greeted."""
        if not self.may_speak and self.verdict is None and now >= self._greeting_due:
            self.verdict = TransportError(f"{self._name} did not greet in {GREETING_SECONDS:g} s")

    def is_idle(self, now: float, *, is_needed: bool) -> bool:
        """Tell whether the venue would soon cut the connection for want of a subscription."""
        due = self._idle_due(is_needed=is_needed)
        return due is not None and now >= due

    def _idle_due(self, *, is_needed: bool) -> float | None:
        if self._idle_seconds is None or is_needed:
            return None
        return self._idle_since + self._idle_seconds * _IDLE_SHARE

    def next_due(self, *, is_needed: bool) -> float | None:
        """Return when ``tick`` or ``is_idle`` has news, or None."""
        idle_due = self._idle_due(is_needed=is_needed)
        if self.may_speak:
            return idle_due
        return self._greeting_due if idle_due is None else min(self._greeting_due, idle_due)
