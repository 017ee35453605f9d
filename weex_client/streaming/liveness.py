"""Whether each feed of a connection is alive: judged by what it says, and when. Pure.

Whether anything at all is heard, ``pings`` says; what is done about it, a resubscription or
another connection, is the session's business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from weex_client.errors import SilentLineError
from weex_client.protocol import DialRequest, Feed, Heartbeat
from weex_client.streaming.pings import Pings, silent

__all__ = ["Findings", "Liveness", "Rhythm"]

# How often feeds are looked at within the time they may be silent; a look costs 1 us a feed.
# More often than ``_SILENCES``, or the wait between two looks would itself pass for a habit.
_LOOKS_PER_SILENCE = 5

# A feed with news at so many looks (half a minute of them) has a rhythm that it can lose.
_KNOWN_LOOKS = 4

# Silent for so many times its longest silence of late, a feed is doubted. Where trades come at
# random, the longest silence of a few minutes is about twice the mean: a doubt is wrong once in
# 3,000 silences, and costs two operations.
_SILENCES = 4

# Half of a long silence is forgotten over the next 35 looks with news.
_FADING = 0.98

# A market that stands still is not helped by connections: from 30 s, patience grows to 16 min.
_MAX_DOUBLINGS = 5

# A feed that no resubscription wakes is asked for again at least once an hour.
_HOPELESS_SECONDS = 3600.0


class Rhythm:
    """How one feed speaks, learned from how things stand at each look.

    Times are monotonic seconds.
    """

    __slots__ = (
        "asked_at",
        "doubted_at",
        "heard_at",
        "is_hopeless",
        "is_told",
        "longest_seconds",
        "looks",
        "seen_ns",
    )

    def __init__(self) -> None:
        self.seen_ns = 0
        self.looks = 0
        self.longest_seconds = 0.0
        self.heard_at = 0.0
        self.asked_at: float | None = None  # first, on this connection
        self.doubted_at: float | None = None
        self.is_told = False  # that it is stale, since it was doubted
        self.is_hopeless = False  # the line spoke while this feed was silent under doubt

    def silent_since(self, floor: float) -> float:
        """Return since when the feed owes a frame, not counting time before ``floor``."""
        return max(floor, self.heard_at, self.asked_at or 0.0)

    def has_news(self, last_frame_ns: int, heard_at: float, floor: float) -> bool:
        """Take note if something came since the last look."""
        if last_frame_ns == self.seen_ns:
            return False
        self.seen_ns = last_frame_ns
        silent_seconds = heard_at - self.silent_since(floor)
        self.longest_seconds = max(self.longest_seconds * _FADING, silent_seconds)
        self.heard_at = heard_at
        self.looks += 1
        self.doubted_at = None
        self.is_told = self.is_hopeless = False
        return True


class Pulse(Protocol):
    """A feed, as far as it is judged here."""

    feed: Feed
    channel: StrEnum
    last_frame_ns: int
    rhythm: Rhythm

    @property
    def is_news(self) -> bool:
        """Tell whether it speaks at no regular times, so that nothing is to be learnt of it."""

    @property
    def is_waiting(self) -> bool:
        """Tell whether it waits for a snapshot, which is asked for again by itself."""


P = TypeVar("P", bound=Pulse)


class Findings(NamedTuple, Generic[P]):
    """What a look has found.

    Attributes:
        doubted: Feeds that are silent against their habit: to be asked for anew.
        stale: Feeds that stay silent though asked for anew: to be announced.
    """

    doubted: list[P]
    stale: list[P]


class Liveness:
    """Judge one connection at a time, and remember from one to the next.

    Two things are judged. A line on which nothing comes at all is pinged, and given up without
    an answer. A feed that is silent against its habit is asked for anew; if it stays silent, it
    is stale where the line carries other data, and where it carries none the line is given up:
    that it answers pings proves nothing.
    """

    def __init__(self, heartbeat: Heartbeat, *, is_learning: bool = True) -> None:
        self.line = Pings(heartbeat)
        self.floor = 0.0  # silence before it does not count
        self._data_at = 0.0
        self._heartbeat = heartbeat
        self._is_learning = is_learning
        self._opened_at = 0.0
        self._looked_at = 0.0
        self._look_due = 0.0
        self._vain_connections = 0
        self._verdict: SilentLineError | None = None

    @property
    def verdict(self) -> SilentLineError | None:
        """Return why the line should be given up, or None."""
        return self.line.verdict or self._verdict

    def opened(
        self, now: float, feeds: Collection[Pulse], request: DialRequest | None = None
    ) -> None:
        """Start on a new connection."""
        self.line.opened(now, request, is_needed=bool(feeds))
        self._opened_at = self._data_at = now
        self._plan(now)
        self._verdict = None
        for each in feeds:
            each.rhythm.asked_at = each.rhythm.doubted_at = None
            each.rhythm.is_told = False
        self.excuse(now)

    def excuse(self, now: float) -> None:
        """Note that silence until now is nobody's fault but ours."""
        self.floor = now
        self.line.excuse(now)

    @property
    def carried_data_until(self) -> float:
        """Return when the connection was known to be good, for what its loss has cost."""
        heard_at = self.line.heard_at
        is_about_data = self.verdict is not None and self._data_at < heard_at
        return max(self._data_at, self.floor) if is_about_data else heard_at

    def listen(self, now: float, *, is_needed: bool, has_data: bool) -> bool:
        """Doubt a line on which nothing is heard at all; return True if a ping is due."""
        if not self.line.is_listening:
            self.floor = now
        return self.line.listen(now, is_needed=is_needed, has_data=has_data)

    def look(
        self,
        feeds: Collection[P],
        asked_at: Callable[[Feed], float | None],
        now: float,
        now_ns: int,
    ) -> Findings[P]:
        """Look at every feed, if it is time for that.

        Args:
            feeds: All that the connection serves.
            asked_at: Returns when a feed was asked for last, or None if it is not.
            now: Monotonic time.
            now_ns: The time that the feeds' ``last_frame_ns`` are compared with.
        """
        findings: Findings[P] = Findings([], [])
        if self.verdict is not None or now < self._look_due:
            return findings
        quiet = [each for each in feeds if not self._has_news(each, now, now_ns)]
        self._plan(now)
        is_line_doubted = False
        for each in quiet:
            time = asked_at(each.feed)
            if time is None:
                continue
            rhythm = each.rhythm
            if rhythm.asked_at is None:
                rhythm.asked_at = time
            if self._is_unanswered(rhythm, now):
                is_line_doubted |= self._blame(each, findings)
            doubt_due = self._doubt_due(each, time)
            if now >= doubt_due:
                self._doubt(rhythm, now)
                findings.doubted.append(each)
            elif doubt_due < self._look_due:
                self._look_due = doubt_due
            if rhythm.doubted_at is not None and not rhythm.is_told:
                self._look_due = min(self._look_due, self._answer_due(rhythm.doubted_at, now))
        silent_seconds = now - max(self._data_at, self.floor)
        if is_line_doubted and silent_seconds >= self._line_patience():
            self._vain_connections = 1 if self._has_served else self._vain_connections + 1
            self._verdict = silent("no data came", silent_seconds, "though the venue answers")
        return findings

    def _plan(self, now: float) -> None:
        self._looked_at = now
        self._look_due = now + self._heartbeat.silence_seconds / _LOOKS_PER_SILENCE

    def _has_news(self, pulse: Pulse, now: float, now_ns: int) -> bool:
        # The time of the frame is by the wall clock, which may have been set meanwhile.
        heard_at = now - (now_ns - pulse.last_frame_ns) / 1_000_000_000
        heard_at = min(now, max(heard_at, self._looked_at))
        if not pulse.rhythm.has_news(pulse.last_frame_ns, heard_at, self.floor):
            return False
        self._data_at = max(self._data_at, heard_at)
        return True

    def _answer_due(self, doubted_at: float, now: float) -> float:
        due = max(doubted_at, self.floor) + self._heartbeat.answer_seconds
        return due if due > now else self._look_due

    def _is_unanswered(self, rhythm: Rhythm, now: float) -> bool:
        doubted_at = rhythm.doubted_at
        return (
            doubted_at is not None
            and now >= max(doubted_at, self.floor) + self._heartbeat.answer_seconds
        )

    def _blame(self, pulse: P, findings: Findings[P]) -> bool:
        """Decide who is to blame for a feed that does not answer; return True for the line."""
        rhythm = pulse.rhythm
        has_line_spoken = self._data_at >= (rhythm.doubted_at or 0.0)
        rhythm.is_hopeless |= has_line_spoken
        if not rhythm.is_told and (has_line_spoken or self._vain_connections):
            rhythm.is_told = True
            findings.stale.append(pulse)
        return not rhythm.is_hopeless

    def _doubt_due(self, pulse: Pulse, asked_at: float) -> float:
        """Return when a feed that stays silent must be asked for anew; infinity for never."""
        rhythm, heartbeat = pulse.rhythm, self._heartbeat
        silence_seconds = heartbeat.silence_seconds
        since = rhythm.silent_since(self.floor)
        is_new = rhythm.heard_at < (rhythm.asked_at or 0.0) or not rhythm.looks
        if rhythm.doubted_at is None and is_new and pulse.channel in heartbeat.prompt:
            due = since + silence_seconds
        elif (
            pulse.channel in heartbeat.steady
            or rhythm.doubted_at is not None
            or (self._is_learning and not pulse.is_news and rhythm.looks >= _KNOWN_LOOKS)
        ):
            due = since + max(silence_seconds, _SILENCES * rhythm.longest_seconds)
        else:
            return float("inf")
        if rhythm.doubted_at is not None:
            due = min(due, rhythm.doubted_at + max(_HOPELESS_SECONDS, silence_seconds))
        # A request that is not answered, and a book's snapshot, are asked for again elsewhere;
        # this one comes on top of that only after its time.
        return max(due, asked_at + silence_seconds)

    def _doubt(self, rhythm: Rhythm, now: float) -> None:
        # Should it turn out that there was nothing to say, it may be silent for longer next time.
        silent_seconds = now - rhythm.silent_since(self.floor)
        rhythm.longest_seconds = max(rhythm.longest_seconds, silent_seconds)
        rhythm.doubted_at = now
        rhythm.is_told = False

    @property
    def _has_served(self) -> bool:
        """Tell whether data came for longer than what a subscription brings at once."""
        return self._data_at - self._opened_at > self._heartbeat.silence_seconds

    def _line_patience(self) -> float:
        """Return how long the line may carry no data, longer after each vain connection."""
        vain = 0 if self._has_served else min(self._vain_connections, _MAX_DOUBLINGS)
        heartbeat = self._heartbeat
        return heartbeat.silence_seconds * 2.0**vain + heartbeat.answer_seconds

    def next_due(self, *, is_needed: bool) -> float | None:
        """Return when ``listen`` or ``look`` has something to do, or None."""
        line_due = self.line.next_due(is_needed=is_needed)
        if not is_needed:
            return line_due
        return self._look_due if line_due is None else min(line_due, self._look_due)
