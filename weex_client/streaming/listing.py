"""Which symbols a venue has, where it accepts those that do not exist and stays silent. Pure.

When the question is put, ``seeding`` says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from weex_client.protocol import Feed, Venue
from weex_client.rest import Query
from weex_client.streaming.feed_state import FeedState

__all__ = ["Listing"]

logger = logging.getLogger("weex_client")

# What is busy speaks at once, and need not be looked up.
_SILENT_SECONDS = 2.0

_MAX_ATTEMPTS = 3
_PAUSE_SECONDS = 5.0

Refuse = Callable[[Iterable[Feed], str, int], None]
"""Takes feeds of one symbol that does not exist, why in words, and when."""


class Listing:
    """Look up the symbols of feeds that say nothing.

    Args:
        venue: How it is asked.
        feeds: All that is wanted on a connection.
        refuse: Ends the streams of what does not exist.
        doubt: Tells of what could not be looked up.

    Attributes:
        is_asking: Whether there is something to be asked.
        ask_at: Monotonic time before which it is not.
        attempt: How often it was.
    """

    def __init__(
        self, venue: Venue, feeds: Mapping[Feed, FeedState], refuse: Refuse, doubt: Refuse
    ) -> None:
        self.is_asking = False
        self.ask_at = 0.0
        self.attempt = 0
        self._venue = venue
        self._query = venue.listing_query()
        self._feeds = feeds
        self._refuse = refuse
        self._doubt = doubt
        self._listed: frozenset[str] = frozenset()
        self._due: dict[Feed, float] = {}
        self._doubted: dict[Feed, str] = {}
        self._unknown: set[str] = set()  # could not be looked up on this connection

    def accepted(self, feed: Feed, now: float) -> None:
        """Note that the venue says that it serves a feed."""
        state = self._feeds.get(feed)
        if self._query is None or state is None or state.last_frame_ns:
            return
        name = self._venue.listed_name(feed)
        if name is not None and name not in self._listed and name not in self._unknown:
            self._due[feed] = now + _SILENT_SECONDS

    def lost(self) -> None:
        """Start on a new connection, where nothing is served yet."""
        self._due.clear()
        self._doubted.clear()
        self._unknown.clear()
        self.is_asking = False

    def tick(self, now: float) -> None:
        """Doubt what has said nothing."""
        late = [feed for feed, due in self._due.items() if due <= now]
        for feed in late:
            del self._due[feed]
            state, name = self._feeds.get(feed), self._venue.listed_name(feed)
            if state is not None and name is not None and not state.last_frame_ns:
                self._doubted[feed] = name
                if not self.is_asking:
                    self.is_asking, self.ask_at, self.attempt = True, now, 0

    def next_due(self) -> float | None:
        """Return when ``tick`` has something to do, or None."""
        return min(self._due.values(), default=None)

    def question(self, now: float) -> Query | None:
        """Return what is to be asked now, or None."""
        if not self.is_asking or now < self.ask_at:
            return None
        self.ask_at = now + _PAUSE_SECONDS
        self.attempt += 1
        return self._query

    def answered(self, body: bytes | None, now_ns: int) -> None:
        """Refuse what is not listed.

        Raises:
            DecodeError: If it cannot be read.
        """
        self._listed = self._venue.read_listing(body or b"")
        doubted, self._doubted = self._doubted, {}
        self.is_asking = False
        for name in dict.fromkeys(doubted.values()):
            if name not in self._listed:
                near = ", ".join(get_close_matches(name, self._listed, 3, 0.7))
                hint = f"; did you mean {near}?" if near else ""
                feeds = [feed for feed, each in doubted.items() if each == name]
                self._refuse(feeds, f"there is no {name}{hint}", now_ns)

    def failed(self, error: Exception, now_ns: int) -> None:
        """Try again a few times; then tell what nobody knows."""
        if self.attempt < _MAX_ATTEMPTS:
            return
        doubted, self._doubted = self._doubted, {}
        self.is_asking = False
        logger.warning("%s: its symbols could not be looked up: %s", self._venue.name, error)
        for feed, name in doubted.items():
            self._unknown.add(name)
            text = f"nothing came, and whether there is {name} could not be looked up: {error}"
            self._doubt([feed], text, now_ns)
