"""When each feed was known to be complete, and when not. Pure; who finds out is the session.

It is driven by what happens to subscriptions, never by frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import StrEnum

from weex_client.models import Continuity, Hole
from weex_client.protocol import Feed
from weex_client.streaming.account_feed import AccountMemory

__all__ = ["Ledger", "Timeline"]

# A channel with more holes than anybody reads; their count and their sum go on.
_KEPT_HOLES = 100

# WEEX serves 2,000 subscriptions to one address: all of them, and as many that were given back.
_KEPT_FEEDS = 4000


class Timeline:
    """One feed's past: covered, in a hole, or neither while it begins or nobody wants it.

    All times are monotonic seconds. A time before the last one noted counts as that.
    """

    def __init__(self, feed: Feed, symbol: str | None) -> None:
        self.feed = feed
        self.symbol = symbol
        self.channels: dict[StrEnum, None] = {}
        self.is_wanted = True
        self._covered_until: float | None = None  # when it was let go
        self._began_at: float | None = None
        self._covered_since: float | None = None
        self._covered_seconds = 0.0
        self._open: tuple[float, str] | None = None
        self._holes: deque[tuple[float, float, str]] = deque(maxlen=_KEPT_HOLES)
        self._hole_count = 0
        self._hole_seconds = 0.0

    def covered(self, now: float) -> None:
        """Note that from now on nothing is missed; an open hole ends."""
        if self._covered_since is not None:
            return
        if self._began_at is None:
            self._began_at = now
        self._end_hole(now)
        self._covered_since = now

    def bridged(self, now: float) -> None:
        """Note that the venue has made up for the open hole: nothing is missing after all."""
        if self._open is not None:
            self._covered_since, self._open = self._open[0], None
        self.covered(now)

    def missing(self, since: float, cause: str) -> None:
        """Note that something may be missing since a time; the first cause of a hole counts."""
        covered_since = self._covered_since
        if covered_since is None:
            return
        since = max(since, covered_since)
        self._covered_seconds += since - covered_since
        self._covered_since = None
        self._open = (since, cause)

    def let_go(self, now: float) -> None:
        """Note that nobody wants the feed any more."""
        self.is_wanted = False
        self._covered_until = None
        if self._covered_since is not None:
            self._covered_until = max(now, self._covered_since)
            self._covered_seconds += max(0.0, now - self._covered_since)
            self._covered_since = None
        self._end_hole(now)

    def kept(self) -> None:
        """Note that it is wanted again before the venue was told: all goes on as it was."""
        if self._covered_until is not None:
            self.covered(self._covered_until)

    def _end_hole(self, now: float) -> None:
        if self._open is None:
            return
        (since, cause), self._open = self._open, None
        end = max(since, now)
        self._holes.append((since, end, cause))
        self._hole_count += 1
        self._hole_seconds += end - since

    def report(self, now: float, now_ns: int) -> Iterator[Continuity]:
        """Return the past up to now, once for each channel that is served from the feed."""

        def unix(time: float) -> float:
            return now_ns / 1_000_000_000 - (now - time)

        holes = [
            Hole(start=unix(since), end=unix(end), duration_seconds=end - since, cause=cause)
            for since, end, cause in self._holes
        ]
        covered_seconds, hole_seconds = self._covered_seconds, self._hole_seconds
        if self._covered_since is not None:
            covered_seconds += max(0.0, now - self._covered_since)
        if self._open is not None:
            since, cause = self._open
            open_seconds = max(0.0, now - since)
            holes.append(
                Hole(start=unix(since), end=None, duration_seconds=open_seconds, cause=cause)
            )
            hole_seconds += open_seconds
        for channel in self.channels:
            yield Continuity(
                channel=channel.value,
                symbol=self.symbol,
                feed=self.feed,
                since=None if self._began_at is None else unix(self._began_at),
                covered_seconds=covered_seconds,
                hole_seconds=hole_seconds,
                hole_count=self._hole_count + (self._open is not None),
                holes=tuple(holes[-_KEPT_HOLES:]),
            )


class Ledger:
    """The pasts of all feeds that a client wants, and of the last ones that it wanted.

    Attributes:
        account: What is known of the account.
    """

    def __init__(self) -> None:
        self.account = AccountMemory()
        self._timelines: dict[Feed, Timeline] = {}

    def want(self, feed: Feed, channel: StrEnum, symbol: str | None) -> Timeline:
        """Return the past of a feed, which goes on; a new one begins if there is none."""
        timeline = self._timelines.get(feed)
        if timeline is None:
            self._forget_one()
            timeline = self._timelines[feed] = Timeline(feed, symbol)
        timeline.is_wanted = True
        timeline.channels[channel] = None
        return timeline

    def _forget_one(self) -> None:
        """Make room by forgetting the oldest feed that nobody wants."""
        if len(self._timelines) >= _KEPT_FEEDS:
            for feed, timeline in self._timelines.items():
                if not timeline.is_wanted:
                    del self._timelines[feed]
                    return

    def report(self, now: float, now_ns: int) -> tuple[Continuity, ...]:
        """Return what is known of every feed, in the order in which they were first wanted."""
        timelines = self._timelines.values()
        return tuple(each for past in timelines for each in past.report(now, now_ns))
