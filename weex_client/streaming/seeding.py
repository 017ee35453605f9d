"""Which feeds are to be read by request, in which order and when again. Pure: the seeder asks.

Frames and answers are merged by the feeds; here is only whose turn it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from weex_client.errors import SequenceGapError
from weex_client.protocol import Feed
from weex_client.rest import Query
from weex_client.streaming.account_feed import AccountFeed, Push
from weex_client.streaming.asked_feed import AskedFeed
from weex_client.streaming.history_feed import HistoryFeed
from weex_client.streaming.listing import Listing
from weex_client.streaming.outages import Outages
from weex_client.streaming.server_time import ServerTime

__all__ = ["Question", "Seeded", "Seeding"]

logger = logging.getLogger("weex_client")


Seeded = AccountFeed | AskedFeed | HistoryFeed
"""A feed that must be read by request: an account's state, a book's beginning, the past."""

# A snapshot is now and then older than the first frame, by as long as the venue keeps one.
_USUAL_ATTEMPTS = 3


class Question(NamedTuple):
    """One question of one feed, put on one connection; or which symbols there are."""

    state: Seeded | Listing
    epoch: int
    query: Query


class Seeding:
    """The feeds of one connection that are read by request.

    Args:
        outages: Who is told when a feed is complete, and when it cannot be.
        server_time: The venue's clock.
    """

    def __init__(self, outages: Outages, server_time: ServerTime) -> None:
        self.notify: Callable[[], None] = _nobody
        self._outages = outages
        self._server_time = server_time
        self._states: dict[Feed, Seeded] = {}
        self._covered_at: dict[Feed, float] = {}
        self._listing: Listing | None = None

    def look_up(self, listing: Listing) -> None:
        """Ask also which symbols there are."""
        self._listing = listing

    def add(self, state: Seeded) -> None:
        """Look after a feed."""
        if isinstance(state, AskedFeed | HistoryFeed):
            state.notify = self._notify
        self._states[state.feed] = state

    def drop(self, feed: Feed) -> None:
        """Forget a feed that nobody wants any more."""
        self._states.pop(feed, None)
        self._covered_at.pop(feed, None)

    def welcome(self, feed: Feed, push: Push, now: float) -> None:
        """Let a reader of a feed start from the state, as soon as that is known."""
        state = self._states.get(feed)
        if state is not None:
            if feed not in self._covered_at:
                self._covered_at[feed] = now
                state.opened(now)
            state.welcome(push)
            self.notify()

    # What happens to the line.

    def opened(self, now: float) -> None:
        """Expect states to be read on a new connection."""
        for state in self._states.values():
            state.opened(now)

    def accepted(self, feed: Feed, now: float, wall_time_ns: int) -> None:
        """Note that frames tell from now on what happens."""
        if self._listing is not None:
            self._listing.accepted(feed, now)
        state = self._states.get(feed)
        if state is not None:
            covered_at = self._covered_at.setdefault(feed, now)
            state.accepted(now, self._server_time.time_ns(covered_at, wall_time_ns))
            self.notify()

    def lost(self, since: float) -> None:
        """Note until when nothing was missed, before the feeds learn of the loss."""
        if self._listing is not None:
            self._listing.lost()
        for feed, state in self._states.items():
            if not state.is_seeding:
                self._covered_at[feed] = since

    # What is due.

    def tick(self, now: float) -> None:
        """Let go what was held long enough."""
        for state in tuple(self._states.values()):
            if state.hold_until is not None and now >= state.hold_until:
                state.release()
        listing = self._listing
        if listing is not None and (due := listing.next_due()) is not None and now >= due:
            listing.tick(now)
            self.notify()

    def next_due(self) -> float | None:
        """Return when ``tick`` has something to do, or None."""
        times = [state.hold_until for state in self._states.values()]
        if self._listing is not None:
            times.append(self._listing.next_due())
        return min((time for time in times if time is not None), default=None)

    def question(self, now: float, now_ns: int) -> Question | None:
        """Return what is to be asked now, or None."""
        for state in self._asking():
            if state.ask_at <= now or not state.is_seeding:
                query = state.next_query()
                if query is not None:
                    state.ask_at = now + state.spacing_seconds
                    return Question(state, state.epoch, query)
                state.finished()
                self._outages.seeded(state, now, now_ns)
        query = None if self._listing is None else self._listing.question(now)
        return None if query is None or self._listing is None else Question(self._listing, 0, query)

    def ask_due(self) -> float | None:
        """Return when there is something to be asked, or None."""
        times = [state.ask_at for state in self._asking()]
        if self._listing is not None and self._listing.is_asking:
            times.append(self._listing.ask_at)
        return min(times, default=None)

    def _asking(self) -> Iterator[Seeded]:
        return (state for state in tuple(self._states.values()) if state.is_asking)

    def outgoing(self) -> Seeded | None:
        """Return a feed that has something lined up, or None."""
        return next((state for state in self._states.values() if state.has_outgoing), None)

    # What comes of it.

    def answered(self, question: Question, body: bytes | None, received_time_ns: int) -> None:
        """Take an answer; one to a question of a connection before is none.

        Raises:
            DecodeError: If it cannot be read.
            SequenceGapError: If it is older than what is here.
            SubscriptionRejectedError: If the venue has no such thing.
        """
        state = question.state
        if isinstance(state, Listing):
            state.answered(body, received_time_ns)
        elif self._is_current(question):
            state.answered(question.query, body, received_time_ns)
            state.attempt = 0

    def refused(self, question: Question, error: Exception, now_ns: int) -> None:
        """End the streams of a feed that cannot be had."""
        state = question.state
        if isinstance(state, AskedFeed) and self._is_current(question):
            self._outages.announce("rejected", state, now_ns, cause=str(error))
            state.end(error)

    def failed(
        self, question: Question, error: Exception, delay_seconds: float, now: float, now_ns: int
    ) -> None:
        """Tell that a question was not answered; wait before it is put again, if it is."""
        state = question.state
        about = question.query.about
        if isinstance(state, Listing):
            state.failed(error, now_ns)
            return
        if not self._is_current(question):
            return
        if isinstance(state, HistoryFeed):
            logger.warning("%s: the %s could not be read: %s", state.feed, about, error)
            state.release()
            return
        state.ask_at = now + delay_seconds
        state.put_back()
        state.release()
        if isinstance(error, SequenceGapError) and state.attempt < _USUAL_ATTEMPTS:
            return
        text = f"the {about} could not be read: {error}; {state.meanwhile}"
        if state.attempt == 1:
            logger.warning("%s: %s", state.feed, text)
        self._outages.announce("stale", state, now_ns, cause=text, delay_seconds=delay_seconds)

    def _notify(self) -> None:
        self.notify()

    def _is_current(self, question: Question) -> bool:
        state = question.state
        if isinstance(state, Listing):
            return True
        return self._states.get(state.feed) is state and state.epoch == question.epoch


def _nobody() -> None:
    """Do nothing: there is no connection that could ask."""
