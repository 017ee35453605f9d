"""What of a connection's feeds is interrupted, since when and why; tells users. Pure.

When something is interrupted, and when it goes on, is found out by the session.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from weex_client.models import ConnectionEvent, EventKind
from weex_client.protocol import Channel, Feed, Scope
from weex_client.streaming.continuity import Ledger, Timeline
from weex_client.streaming.feed_state import FeedState

__all__ = ["Outages"]

# Holes and events keep their causes, and some quote what a venue has sent, however long.
_MAX_CAUSE_LENGTH = 400


class Outages:
    """Note when each feed is complete and when not, and announce what users should know.

    Args:
        scope: Whose connection this is.
        ledger: Where the past is kept.
        emit: Takes what users should know.
    """

    def __init__(
        self, scope: Scope, ledger: Ledger, emit: Callable[[ConnectionEvent], None]
    ) -> None:
        # Since when nothing right is shown; None for a book that has not begun yet.
        self.since: dict[Feed, float | None] = {}
        self._scope = scope
        self._ledger = ledger
        self._emit = emit
        self._timelines: dict[Feed, Timeline] = {}
        self._shown_at_doubt: dict[Feed, object] = {}
        self._lifeless: set[Feed] = set()

    def wanted(self, state: FeedState, channel: StrEnum, now: float, *, is_kept: bool) -> None:
        """Note that a feed is wanted on a channel.

        Args:
            state: The feed, which the channel's reader has joined.
            channel: What it is wanted for.
            now: Monotonic time.
            is_kept: True if it was left in this turn, and the venue was not told.
        """
        feed = state.feed
        timeline = self._timelines[feed] = self._ledger.want(feed, channel, state.symbol)
        if is_kept:
            timeline.kept()
        if state.is_waiting:
            timeline.missing(now, f"a new reader needed {state.beginning} to start from")
            self.since.setdefault(feed, None)

    def let_go(self, feed: Feed, now: float) -> None:
        """Note that nobody wants a feed any more."""
        self._timelines.pop(feed).let_go(now)
        self.since.pop(feed, None)
        self._shown_at_doubt.pop(feed, None)
        self._lifeless.discard(feed)

    def interrupt(self, state: FeedState, since: float, cause: str) -> None:
        """Note that nothing right is shown of a feed since a time."""
        timeline = self._timelines.get(state.feed)
        if timeline is None:
            return  # its last reader left in the middle of a publication
        if self.since.get(state.feed) is None:
            self.since[state.feed] = since
        timeline.missing(since, cause[:_MAX_CAUSE_LENGTH])

    def hole(self, state: FeedState, since: float, now: float, cause: str) -> None:
        """Note that a feed that goes on has missed something before now."""
        timeline = self._timelines.get(state.feed)
        if timeline is not None and state.feed not in self.since:
            timeline.missing(since, cause)
            timeline.covered(now)

    def doubt(self, state: FeedState, since: float) -> None:
        """Note that a feed is asked for anew, because it fell silent against its habit."""
        if state.feed in self._timelines:
            self._shown_at_doubt.setdefault(state.feed, _shown(state))
        self.interrupt(state, since, "it fell silent")
        state.doubted()

    def line_lost(self, state: FeedState, since: float, cause: str) -> None:
        """Note that the connection was lost under a feed."""
        self._shown_at_doubt.pop(state.feed, None)
        self.interrupt(state, since, cause)
        state.interrupted()

    def accepted(self, state: FeedState, now: float, now_ns: int) -> None:
        """Note that the venue serves a feed from now on."""
        if state.is_waiting:
            return
        if state.feed not in self.since:
            self._timelines[state.feed].covered(now)
        elif self._is_rare(state):  # whose next news may be hours away
            self.resume(state, now, now_ns)

    def seeded(self, state: FeedState, now: float, now_ns: int) -> None:
        """Note that the account's state was read, and what was missed with it."""
        if state.feed in self.since:
            self.resume(state, now, now_ns)

    def resume(self, state: FeedState, now: float, now_ns: int) -> None:
        """Tell that an interrupted feed speaks again, a book once it may be shown."""
        feed, timeline = state.feed, self._timelines[state.feed]
        if feed in self._lifeless:
            self._lifeless.remove(feed)  # this very frame said that there is nothing to show
            return
        since = self.since.pop(feed)
        shown_before = self._shown_at_doubt.pop(feed, None)
        is_unchanged = shown_before is not None and shown_before == _shown(state)
        if since is not None and (state.is_bridged or is_unchanged):
            timeline.bridged(now)
        else:
            timeline.covered(now)
        if since is None:
            return
        if self._is_rare(state) and not state.is_bridged:
            state.counters.gaps += 1
            what = "happened" if state.is_news else "happened to the account"
            cause = f"the venue does not repeat what {what} meanwhile"
            self.announce("gap", state, now_ns, cause=cause, duration_seconds=now - since)
        self.announce("resubscribed", state, now_ns, duration_seconds=now - since)

    def _is_rare(self, state: FeedState) -> bool:
        """Tell whether a feed speaks only when something happens, and says it once."""
        return self._scope is Scope.PRIVATE or state.is_news

    def tell(
        self, kind: EventKind, state: FeedState, now: float, now_ns: int, **facts: Any
    ) -> None:
        """Announce what a feed has found out, and note if it shows nothing from now on."""
        if kind == "stale":
            self._lifeless.add(state.feed)
        if kind == "stale" or state.has_lost:
            self.interrupt(state, now, facts["cause"])
        self.announce(kind, state, now_ns, **facts)

    def announce(self, kind: EventKind, state: FeedState, now_ns: int, **facts: Any) -> None:
        """Tell what happened to a feed, once for each channel that is served from it."""
        if "cause" in facts:
            facts["cause"] = facts["cause"][:_MAX_CAUSE_LENGTH]
        for channel in dict.fromkeys(topic.channel for topic in state.audiences):
            self._emit(
                ConnectionEvent(
                    kind=kind,
                    timestamp=now_ns / 1_000_000_000,
                    scope=self._scope.value,
                    channel=channel.value,
                    symbol=state.symbol,
                    **facts,
                )
            )


def _shown(state: FeedState) -> object:
    """Return what a book shows now, to tell later whether it changed; None for all else."""
    for topic in state.audiences:
        if topic.channel is Channel.BOOK:
            view = state.current(topic)
            return None if view is None else (view.data.bids, view.data.asks)
    return None
