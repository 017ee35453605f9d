"""Feeds that nobody reads, but that show whether others are complete. Pure.

Which they are, the venue says; what is done about a hole is the session's business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from weex_client.metrics import ChannelCounters
from weex_client.protocol import Feed, Venue
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.trade_chain import Missed, TradeChain

__all__ = ["CompanionFeed", "Companions"]

Witness = Callable[[bytes, int], str | None]
"""Take note of what a frame, received at a time, says of the newest trade; return its symbol."""


class _Unread(StrEnum):
    """What no reader can ask for."""

    COMPANION = "companion"


class CompanionFeed(FeedState):
    """A feed that nobody reads."""

    def __init__(self, feed: Feed, venue: Venue, witness: Witness) -> None:
        super().__init__(feed, _Unread.COMPANION, None, venue, ChannelCounters(), _tell_nobody)
        self.readers = 0  # feeds that need it
        self._witness = witness

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Take note of the newest trade."""
        self.symbol = self._witness(frame, received_time_ns) or self.symbol


class Companions:
    """The companions that one session needs, each as often as it is needed.

    Somebody may read one of them as well, as users read trades: then what comes is the reader's,
    and seen here besides; whether it is alive is judged once, by what both have in common.

    Args:
        venue: Says which feeds need which.
        feeds: All that somebody reads.
        now: Returns the monotonic time of what is being digested.
        missed: Takes what the companions show to be missing.
    """

    def __init__(
        self,
        venue: Venue,
        feeds: Mapping[Feed, FeedState],
        now: Callable[[], float],
        missed: Callable[[Missed, int], None],
    ) -> None:
        self.chain = TradeChain()
        self._venue = venue
        self._feeds = feeds
        self._now = now
        self._missed = missed
        self._states: dict[Feed, CompanionFeed] = {}

    def __len__(self) -> int:
        return len(self._states)

    def get(self, feed: Feed) -> CompanionFeed | None:
        """Return a companion, or None if it is not needed."""
        return self._states.get(feed)

    @property
    def unread(self) -> Collection[CompanionFeed]:
        """Return those that nobody reads."""
        return [each for feed, each in self._states.items() if feed not in self._feeds]

    @property
    def wanted(self) -> Mapping[Feed, FeedState]:
        """Return all that must be served: companions first, so that they see what follows."""
        return {**self._states, **self._feeds} if self._states else self._feeds

    def need(self, feed: Feed) -> Iterator[FeedState]:
        """Have what goes along with a feed that somebody reads from now on.

        Yields:
            Feeds whose frames go another way than before.
        """
        for name in self._venue.companions(feed):
            state = self._states.get(name)
            if state is None:
                state = self._states[name] = CompanionFeed(name, self._venue, self.witness)
                if name in self._feeds:
                    state.rhythm = self._feeds[name].rhythm
                    yield self._feeds[name]
            state.readers += 1
        if feed in self._states:
            self._feeds[feed].rhythm = self._states[feed].rhythm
            yield self._states[feed]

    def look_on(self, state: FeedState, frame: bytes, received_time_ns: int) -> bool:
        """See a frame that is somebody else's; return True if the next must be seen as well."""
        companion = self._states.get(state.feed)
        if companion is None or companion is state or state.is_witness:
            return False
        companion.receive(frame, received_time_ns)
        return True

    def release(self, feed: Feed) -> list[CompanionFeed]:
        """Give back what went along with a feed; return the companions that nothing needs now."""
        gone = []
        for name in self._venue.companions(feed):
            state = self._states.get(name)
            if state is None:
                continue
            state.readers -= 1
            if not state.readers:
                gone.append(self._states.pop(name))
                self.chain.forget(state.symbol)
        return gone

    def witness(self, frame: bytes, received_time_ns: int) -> str | None:
        """Take note of what a frame says of the newest trade; return its symbol."""
        trade = self._venue.last_trade(frame)
        if trade is None:
            return None
        missed = self.chain.note(trade, self._now())
        if missed is not None:
            self._missed(missed, received_time_ns)
        return trade.symbol

    def restart(self, symbol: str, trade_id: int) -> None:
        """Go on from a trade of which the feed has told whether something is missing before."""
        self.chain.begin(symbol, trade_id, self._now())

    def tick(self, now: float, now_ns: int) -> None:
        """Tell of trades that were promised and did not come."""
        for missed in tuple(self.chain.tick(now)):
            self._missed(missed, now_ns)


def _tell_nobody(*_: Any, **__: Any) -> None:
    """Do nothing: nobody reads a companion."""
