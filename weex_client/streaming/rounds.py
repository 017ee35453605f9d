"""What is due for each feed: by the venue's clock, its silence, a snapshot that is late. Pure.

What is due for the connection as a whole is the session's business.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from weex_client.protocol import Channel, Feed
from weex_client.streaming.companions import Companions
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.liveness import Liveness
from weex_client.streaming.outages import Outages
from weex_client.streaming.requests import ANSWER_SECONDS, Requests
from weex_client.streaming.server_time import Arrivals, ServerTime
from weex_client.streaming.trade_chain import Missed

__all__ = ["Rounds"]

logger = logging.getLogger("weex_client")


class Rounds:
    """Go round the feeds of one connection.

    Attributes:
        is_overdue: Whether a feed waits until the connection brings more.

    Args:
        feeds: All that is wanted.
        companions: What goes along with it.
        liveness: Knows which fell silent.
        requests: Asks anew.
        outages: Who is told.
        arrivals: Know up to when all is here.
        server_time: The venue's clock.
    """

    def __init__(
        self,
        feeds: Mapping[Feed, FeedState],
        companions: Companions,
        liveness: Liveness,
        requests: Requests,
        outages: Outages,
        arrivals: Arrivals,
        server_time: ServerTime,
    ) -> None:
        self.is_overdue = False
        self._feeds = feeds
        self._companions = companions
        self._liveness = liveness
        self._requests = requests
        self._outages = outages
        self._arrivals = arrivals
        self._server_time = server_time
        self._excused_at = 0.0

    def excuse(self, now: float) -> None:
        """Note that what came waits in the socket, perhaps a snapshot."""
        self._excused_at = now

    def look(self, now: float, now_ns: int) -> None:
        """Ask anew for feeds that fell silent, and tell of those that stay so."""
        floor = self._liveness.floor
        states = (*self._feeds.values(), *self._companions.unread)
        doubted, stale = self._liveness.look(states, self._requests.asked_at, now, now_ns)
        for state in stale:
            seconds = now - state.rhythm.silent_since(floor)
            self._outages.interrupt(state, now - seconds, "it fell silent")
            state.stayed_silent()
            cause = f"nothing came for {seconds:.0f} s, not even after asking for it anew"
            if self._companions.get(state.feed) is state:
                logger.warning("%s: %s; what it vouches for may be incomplete", state.feed, cause)
            self._outages.announce("stale", state, now_ns, cause=cause, duration_seconds=seconds)
        for state in doubted:
            self._outages.doubt(state, state.rhythm.silent_since(floor))
            self._requests.resync(state.feed, now)

    def start_anew(self, missed: Missed, now: float, now_ns: int) -> None:
        """Tell the readers of trades that did not come, and ask for the symbol's books anew."""
        for state in tuple(self._feeds.values()):
            if state.symbol != missed.symbol:
                continue
            state.trades_missed(missed, now_ns)
            if state.needs_resync:
                state.needs_resync = False
                self._requests.resync(state.feed, now)
            elif state.channel is Channel.TRADES:
                self._outages.hole(state, missed.since, now, missed.cause)

    def tick(self, now: float, now_ns: int) -> None:
        """Do what is due by the venue's clock, and ask anew where a snapshot is late."""
        exchange_now_ns = self._server_time.time_ns(now, now_ns)
        complete_ns = self._arrivals.complete_until_ns(now_ns)
        self.is_overdue = False
        for state in tuple(self._feeds.values()):  # a reader that runs over leaves here
            state.tell_unreadable(now_ns)
            if not state.tick(exchange_now_ns, complete_ns):
                self.is_overdue = True
            due = self._snapshot_due(state)
            if state.needs_resync or (due is not None and now >= due):
                state.needs_resync = False
                self._requests.resync(state.feed, now)

    def _snapshot_due(self, state: FeedState) -> float | None:
        """Return when a feed that shows nothing before its snapshot has waited long enough."""
        is_due = state.is_waiting and state.begins_in_frames
        since = self._requests.asked_at(state.feed) if is_due else None
        return None if since is None else max(since, self._excused_at) + ANSWER_SECONDS

    def dues(self, now: float, now_ns: int) -> Iterator[float]:
        """Yield when ``tick`` has something to do."""
        exchange_now_ns = self._server_time.time_ns(now, now_ns)
        for state in self._feeds.values():
            due = self._snapshot_due(state)
            if due is not None:
                yield due
            due_ns = state.next_due_ns()
            if due_ns is not None and (due_ns > exchange_now_ns or not self.is_overdue):
                yield now + max(0, due_ns - exchange_now_ns) / 1_000_000_000
