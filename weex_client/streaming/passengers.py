"""Feeds that are read from the frames of others, because the venue has no such feed. Pure.

Which they are, ``Venue.carrier`` says.
"""

from __future__ import annotations

from weex_client.protocol import Feed, Venue
from weex_client.streaming.feed_state import FeedState

__all__ = ["Passengers"]


class Passengers:
    """The feeds of one connection that come under another's name.

    Args:
        venue: Says which feeds those are.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._states: dict[Feed, dict[Feed, FeedState]] = {}

    def board(self, feed: Feed, state: FeedState) -> Feed:
        """Let a feed be carried, if it must be; return the name that its frames come under."""
        carrier = self._venue.carrier(feed)
        if carrier != feed:
            self._states.setdefault(carrier, {})[feed] = state
        return carrier

    def leave(self, feed: Feed) -> None:
        """Carry a feed no more."""
        self._states.get(self._venue.carrier(feed), {}).pop(feed, None)

    def has(self, carrier: Feed) -> bool:
        """Tell whether something is carried by a feed."""
        return bool(self._states.get(carrier))

    def pass_on(self, carrier: Feed, frame: bytes, received_time_ns: int) -> bool:
        """Let feeds digest a frame that came under another's name; tell whether there are any."""
        states = tuple(self._states.get(carrier, {}).values())
        for state in states:
            state.counters.frames += 1
            state.counters.bytes += len(frame)
            state.counters.last_frame_ns = received_time_ns
            state.receive(frame, received_time_ns)
            state.last_frame_ns = received_time_ns
        return bool(states)
