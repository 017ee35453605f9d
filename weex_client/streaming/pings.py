"""Whether anything at all is heard on a line: when it is pinged, and when it is dead. Pure.

Whether its feeds are alive is ``liveness``'s business.
"""

from __future__ import annotations

from weex_client.errors import SilentLineError
from weex_client.protocol import DialRequest, Heartbeat

__all__ = ["Pings", "silent"]

# A ping at the very end of the interval would come too late over a slow line (KuCoin sheet, 4).
_INTERVAL_SHARE = 0.9


class Pings:
    """Ping one line at a time, and give it up where nothing comes.

    Attributes:
        heard_at: When something came last, or silence was excused.
        answer_due: When the answer to a ping is overdue; None where none is awaited.
        verdict: Why the line is dead, or None.
        is_listening: Whether something was to be heard since the last time it was looked at.
    """

    def __init__(self, heartbeat: Heartbeat) -> None:
        self.heard_at = 0.0
        self.answer_due: float | None = None
        self.verdict: SilentLineError | None = None
        self._heartbeat = heartbeat
        self._answer_seconds = heartbeat.answer_seconds
        self._interval_seconds: float | None = None
        self._ping_due: float | None = None
        self.is_listening = False
        self._tries = 0
        self._pings = 0
        self._has_answered = False
        self._forgiven_at = 0.0

    def opened(self, now: float, request: DialRequest | None, *, is_needed: bool) -> None:
        """Start on a new connection.

        Args:
            now: Monotonic time.
            request: How it was dialled, with what the server said of pings.
            is_needed: Whether something is subscribed.
        """
        self.verdict = None
        self._answer_seconds = self._heartbeat.answer_seconds
        self._interval_seconds = self._ping_due = None
        if request is not None and request.answer_seconds is not None:
            self._answer_seconds = request.answer_seconds
        if request is not None and request.ping_interval_seconds is not None:
            self._interval_seconds = request.ping_interval_seconds * _INTERVAL_SHARE
            self._ping_due = now + self._interval_seconds
        if self._heartbeat.pings_first:
            self._ping_due = now
        self.is_listening = is_needed
        self._pings = 0
        self._has_answered = False
        self._forgiven_at = 0.0
        self.excuse(now)

    def rest(self) -> None:
        """Note that nothing is subscribed any more, so that silence means nothing."""
        self.is_listening = False
        self.answer_due = None

    def excuse(self, now: float) -> None:
        """Note that silence until now is nobody's fault but ours."""
        self.heard_at = now
        self.answer_due = None

    def answered(self) -> None:
        """Note that the venue answers pings."""
        self._has_answered = True

    def listen(self, now: float, *, is_needed: bool, has_data: bool) -> bool:
        """Doubt a line on which nothing is heard; return True if a ping is due.

        Args:
            now: Monotonic time.
            is_needed: Whether something is subscribed.
            has_data: Whether data came on this connection.
        """
        is_due = self._ping_due is not None and now >= self._ping_due
        if not self.is_listening:
            # Silence counts from the first subscription: nothing was to be heard before.
            self.is_listening = is_needed
            self.excuse(now)
        elif self.answer_due is None:
            if is_due or now >= self._silence_due():
                is_due = True
                self._tries = 1
                self.answer_due = now + self._answer_seconds
        elif now >= self.answer_due:
            is_due |= self._is_tried_again(now, has_data=has_data)
        if is_due:
            interval_seconds = self._interval_seconds
            self._ping_due = None if interval_seconds is None else now + interval_seconds
        self._pings += is_due
        return is_due and self._heartbeat.has_ping

    def _silence_due(self) -> float:
        return max(self.heard_at, self._forgiven_at) + self._heartbeat.silence_seconds

    def _is_tried_again(self, now: float, *, has_data: bool) -> bool:
        """Decide about a ping without an answer: try once more, forgive, or give the line up."""
        heartbeat = self._heartbeat
        if self._tries < heartbeat.tries:
            self._tries += 1
            self.answer_due = now + self._answer_seconds
            return True
        forgives_after = heartbeat.forgives_after
        if (
            forgives_after is not None
            and self._pings >= forgives_after
            and has_data
            and not self._has_answered
        ):
            self.answer_due = None
            self._forgiven_at = now
            return False
        though = "not even an answer to a ping" if heartbeat.has_ping else "which never happens"
        self.verdict = silent("nothing came", now - self.heard_at, though)
        return False

    def next_due(self, *, is_needed: bool) -> float | None:
        """Return when ``listen`` has something to do, or None."""
        if not is_needed:
            return self._ping_due
        due = self._silence_due() if self.answer_due is None else self.answer_due
        return due if self._ping_due is None else min(due, self._ping_due)


def silent(what: str, seconds: float, though: str) -> SilentLineError:
    """Return why a line is given up, in words and seconds."""
    digits = 0 if seconds >= 10 else 1
    return SilentLineError(f"{what} for {seconds:.{digits}f} s, {though}", silent_seconds=seconds)
