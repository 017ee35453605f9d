"""What a venue's answers to requests mean for those who wait for them. Pure.

Which request an answer belongs to, ``requests`` knows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from weex_client.errors import AuthenticationError, SubscriptionRejectedError
from weex_client.protocol import Ack, Denied, Feed, Reject, Scope, Topic, Venue
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.outages import Outages
from weex_client.streaming.requests import LEFT_OUT, Requests
from weex_client.streaming.seeding import Seeding
from weex_client.streaming.tenure import Tenure

__all__ = ["Answers", "rejection"]

logger = logging.getLogger("weex_client")


class Answers:
    """Let feeds begin that are served, and end the streams of those that are not.

    Args:
        venue: Who answers.
        scope: Whose connection it is.
        feeds: All that is wanted on it.
        requests: What was asked.
        outages: Who is told.
        seeding: Reads what must be read once a feed is served.
        tenure: Ends a connection on which nothing can be had.
    """

    def __init__(
        self,
        venue: Venue,
        scope: Scope,
        feeds: Mapping[Feed, FeedState],
        requests: Requests,
        outages: Outages,
        seeding: Seeding,
        tenure: Tenure,
    ) -> None:
        self._venue = venue
        self._scope = scope
        self._feeds = feeds
        self._requests = requests
        self._outages = outages
        self._seeding = seeding
        self._tenure = tenure

    def accepted(self, ack: Ack, now: float, now_ns: int) -> None:
        """Note that a request was accepted."""
        self.begin(self._requests.accepted(ack, now), now, now_ns)

    def spared(self, now: float, now_ns: int) -> None:
        """Note that what was sent is served, where the venue answers nothing."""
        self.begin(self._requests.sent(), now, now_ns)

    def begin(self, feeds: Iterable[Feed], now: float, now_ns: int) -> None:
        """Let feeds begin: they are served."""
        for state in filter(None, map(self._feeds.get, feeds)):
            self._seeding.accepted(state.feed, now, now_ns)
            self._outages.accepted(state, now, now_ns)

    def refused(self, reject: Reject, now_ns: int) -> None:
        """Fail the streams that the venue's words name; the others go on."""
        blamed = self._requests.refused(reject.request_id, reject.reason)
        if not blamed:
            logger.warning("%s refused a request: %s", self._venue.name, reject.reason)
        self._refuse(blamed, reject.reason, now_ns)

    def missed(self, now: float, now_ns: int) -> None:
        """Ask again where an answer is overdue; give up what the venue left out twice."""
        for feed in self._requests.overdue(now):
            self._requests.resync(feed, now)
        self._refuse(self._requests.left_out(now), LEFT_OUT, now_ns)

    def unlisted(self, feeds: Iterable[Feed], reason: str, now_ns: int) -> None:
        """Fail the streams of a symbol that does not exist, though the venue has accepted it."""
        feeds = tuple(feeds)
        self._requests.reject(feeds, reason)
        self._refuse(feeds, reason, now_ns)

    def unheard(self, feeds: Iterable[Feed], cause: str, now_ns: int) -> None:
        """Tell which streams say nothing for a reason that nobody knows."""
        for state in filter(None, map(self._feeds.get, feeds)):
            self._outages.announce("stale", state, now_ns, cause=cause)

    def _refuse(self, feeds: Iterable[Feed], reason: str, now_ns: int) -> None:
        for feed in feeds:
            state = self._feeds.get(feed)
            if state is None:
                logger.warning("%s refused %s: %s", self._venue.name, feed, reason)
                continue
            self._outages.announce("rejected", state, now_ns, cause=reason)
            for audience in tuple(state.audiences.values()):
                audience.end(rejection(self._venue.name, audience.topic, reason))

    def held(self, now: float, now_ns: int) -> None:
        """Tell which feeds must wait before the venue may be asked for them."""
        feeds, cause, delay_seconds = self._requests.held_news(now)
        if feeds:
            names = ", ".join(sorted(feeds))
            logger.warning("%s waits %.0f s to be asked for: %s", names, delay_seconds, cause)
        for state in filter(None, map(self._feeds.get, feeds)):
            self._outages.announce("stale", state, now_ns, cause=cause, delay_seconds=delay_seconds)

    def denied(self, denied: Denied, now_ns: int) -> None:
        """End the streams whose credentials were refused, all with one error."""
        feeds = self._requests.denied(denied.request_id)
        if feeds is None:
            feeds = [feed for feed in self._feeds if self._needs_credentials(feed)]
            self._requests.drop(feeds)
            if len(feeds) == len(self._feeds):
                self._tenure.deny(denied.reason)
        error = denial(self._venue.name, denied.reason)
        logger.warning("%s", error)
        for state in tuple(filter(None, map(self._feeds.get, feeds))):
            self._outages.announce("rejected", state, now_ns, cause=str(error))
            for audience in tuple(state.audiences.values()):
                audience.end(error)

    def _needs_credentials(self, feed: Feed) -> bool:
        return self._scope is Scope.PRIVATE or self._venue.needs_credentials(feed)


def rejection(venue_name: str, topic: Topic, reason: str) -> SubscriptionRejectedError:
    """Return why one topic cannot be had."""
    about = f"{topic.channel} of {topic.symbol}" if topic.symbol else topic.channel.value
    return SubscriptionRejectedError(
        f"{venue_name} refused {about}: {reason}; check the symbol's spelling",
        channel=topic.channel.value,
        symbol=topic.symbol,
        reason=reason,
    )


def denial(venue_name: str, reason: str) -> AuthenticationError:
    """Return why nothing that needs these credentials can be had."""
    return AuthenticationError(
        f"{venue_name} refused the credentials: {reason}; check key, secret and passphrase, the"
        " key's permissions and address list, and this machine's clock"
    )
