"""What one connection has asked of the venue, what was answered, what must be asked again.

Pure. Which feeds are wanted, and what their frames mean, is the session's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from weex_client.errors import TransportError
from weex_client.protocol import Ack, Feed, Intent, Ping, Subscribe, Unsubscribe, Venue
from weex_client.streaming.budget import OperationBudget
from weex_client.streaming.refusals import Refusals
from weex_client.streaming.resyncs import Resyncs

__all__ = ["Requests"]

# An answer takes 0.1 to 0.5 s on the wire; one that is not there by now never comes.
ANSWER_SECONDS = 10.0

LEFT_OUT = "the venue leaves it out of what it says it serves, without a reason"

# Pings and pongs count from here: a venue that was recorded, or counts for itself, answers the
# first request under the first number.
_SIGNS = 1_000_000_000

# A wait for the budget that is shorter than a connection's opening costs is worth it, and one
# that is shorter than this need not be told.
_SHORT_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Open:
    """A request that waits for its answer."""

    intent: Subscribe | Unsubscribe
    due: float


class Requests:
    """Keep what the venue sends in step with what is wanted, in as few requests as possible."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._limits = venue.limits
        self._last_id = 0
        self._last_sign = _SIGNS  # of life
        self._now_ns = 0
        self._open: dict[str, _Open] = {}
        self._asked: dict[Feed, float] = {}
        self._accepted: set[Feed] = set()
        self._refusals = Refusals(is_final=venue.limits.rejects_per_connection is not None)
        self._now = 0.0
        self._rejects = 0
        # By a venue that answers with the complete list: what it has served, what it left out.
        self._served: set[Feed] = set()
        self._left_out: dict[Feed, float] = {}
        self._left_out_before: set[Feed] = set()
        self._sent: list[Feed] = []
        self._groups: list[tuple[Feed, ...]] = []
        self._resyncs = Resyncs()
        # Given back by which request, until it is answered, however late; where nothing is
        # answered, before which ping.
        self._ending: dict[Feed, int] = {}
        self._pings = 0
        self._pongs = 0
        self._pinged_at = 0.0
        self._verdict: TransportError | None = None
        self._operations = OperationBudget(venue.limits)
        self._resyncing: set[Feed] = set()
        self._held: frozenset[Feed] = frozenset()
        self._held_news: frozenset[Feed] = frozenset()
        self._held_until: float | None = None

    @property
    def verdict(self) -> TransportError | None:
        """Return why this connection should be given up for a fresh one, or None."""
        return self._verdict

    def reset(self) -> None:
        """Start on a new connection, where nothing was asked yet."""
        self._open.clear()
        self._asked.clear()
        self._refusals.reset()
        self._rejects = 0
        self._served.clear()
        self._left_out.clear()
        self._left_out_before.clear()
        self._sent.clear()
        self._resyncs.reset()
        self._ending.clear()
        self._pings = self._pongs = 0
        self._verdict = None
        self._operations.reset()
        self._resyncing.clear()
        self._held = self._held_news = frozenset()
        self._held_until = None

    def take_over(self, other: Requests) -> Sequence[Feed]:
        """Go on where another connection's requests are, which serves from now on.

        Returns:
            The feeds that were not answered here, and are served there.
        """
        open_here = {feed for each in self._open.values() for feed in each.intent.feeds}
        news = [feed for feed in other._asked if feed in open_here or feed not in self._asked]
        resyncs = self._resyncs  # about feeds, not about a connection
        vars(self).update(vars(other))
        self._resyncs = resyncs
        self._resyncs.reset()
        return news

    def rejection(self, feed: Feed, now: float) -> str | None:
        """Return why the venue would refuse a feed on this connection again, in its words."""
        return self._refusals.reason(feed, now)

    def resync(self, feed: Feed, now: float) -> None:
        """Ask for a feed anew: at once the first time, then after 1, 2, 4 and 8 seconds."""
        if feed in self._asked and feed not in self._resyncs:
            self._verdict = self._resyncs.plan(feed, now) or self._verdict

    def pull(self, wanted: Collection[Feed], now: float, now_ns: int) -> Iterator[str]:
        """Write the requests that bring the venue in step with ``wanted``.

        Args:
            wanted: What should be served.
            now: Monotonic time.
            now_ns: The venue's time, for signatures.
        """
        self._now, self._now_ns = now, now_ns
        due = self._resyncs.due(now)
        free_at = self._operations.free_at(now, 2, is_resync=True)
        if due and free_at > now + _SHORT_WAIT_SECONDS:
            self._verdict = TransportError(
                f"all {self._operations.limit} requests that one connection may send are used,"
                f" and {due[0]} must be asked for anew: a fresh connection has its own"
            )
            return
        self._held_until = None
        yield from self._give_back(wanted, due, now)
        missing = self._missing(wanted)
        limit = self._limits.rejects_per_connection
        if limit is not None and missing:
            # One refusal too many would close the connection under the good streams, and each
            # request that waits for its first answer may become one.
            left = limit - 1 - self._rejects
            if left <= 0:
                self._verdict = TransportError(
                    f"{self._rejects} requests were refused on this connection, and the venue"
                    f" closes it after {limit}"
                )
                return
            missing = self._first(missing, left)
        held_before, self._held = self._held, frozenset()
        for group in missing:
            feeds = self._affordable(group, now)
            self._hold(frozenset(group).difference(feeds), now)
            if feeds:
                self._asked |= dict.fromkeys(feeds, now)
                self._resyncing.difference_update(feeds)
                self._groups = [each for each in self._groups if each != group]
                yield self.write(Subscribe(feeds), now)
                if not self._limits.acknowledges:
                    self._sent += feeds
                    if not self._ending.keys().isdisjoint(feeds):
                        # Its answer comes behind all that the subscription before is owed.
                        yield self.write(Ping(), now)
        self._held_news = self._held - held_before

    def _give_back(
        self, wanted: Collection[Feed], due: tuple[Feed, ...], now: float
    ) -> Iterator[str]:
        """Write what gives feeds back, for good or to be asked for anew."""
        unwanted = [feed for feed in self._asked if feed not in wanted]
        for feed in self._shared(wanted, (*unwanted, *due)):
            # Given back, it would be gone for the other as well.
            self._forget(feed, is_wanted=feed in wanted)
        unwanted = [feed for feed in unwanted if feed in self._asked]
        due = tuple(feed for feed in due if feed in self._asked)
        for feeds in self._venue.batches((*unwanted, *due)):
            again = [feed for feed in feeds if feed in wanted]
            free_at = self._operations.free_at(now, 2 if again else 1, is_resync=bool(again))
            if free_at > now:
                # Until then the frames of those that nobody wants are nobody's.
                self._held_until = free_at
                self._resyncs.postpone(again, free_at)
                continue
            for feed in feeds:
                self._forget(feed, is_wanted=feed in wanted)
            self._resyncing.update(again)
            yield self.write(Unsubscribe(feeds), now)
        self._resyncing = {feed for feed in self._resyncing if feed in wanted}

    def _shared(self, wanted: Collection[Feed], feeds: Sequence[Feed]) -> list[Feed]:
        """Return which feeds the venue sends under the name of another one that is wanted."""
        carrier = self._venue.carrier
        others = {carrier(feed) for feed in wanted if feed not in feeds} if feeds else ()
        return [feed for feed in feeds if carrier(feed) in others]

    def _forget(self, feed: Feed, *, is_wanted: bool) -> None:
        """Note that a feed is given back, for good unless it is wanted."""
        self._asked.pop(feed, None)
        self._resyncs.asked(feed)
        self._served.discard(feed)
        self._left_out.pop(feed, None)
        if not is_wanted:
            self._accepted.discard(feed)
            self._resyncs.forget(feed)

    def _affordable(self, feeds: tuple[Feed, ...], now: float) -> tuple[Feed, ...]:
        """Return which feeds may be asked for now; those to be resynchronised have a reserve."""
        if self._operations.free_at(now) <= now:
            return feeds
        if self._operations.free_at(now, is_resync=True) <= now:
            return tuple(feed for feed in feeds if feed in self._resyncing)
        return ()

    def _hold(self, feeds: frozenset[Feed], now: float) -> None:
        if feeds:
            self._held |= feeds
            self._held_until = self._operations.free_at(now)

    def held_news(self, now: float) -> tuple[frozenset[Feed], str, float]:
        """Return, once, which feeds the budget makes wait, why in words, and for how long."""
        news, self._held_news = self._held_news, frozenset()
        wait_seconds = self._operations.free_at(now) - now
        if not news or wait_seconds < _SHORT_WAIT_SECONDS:
            return frozenset(), "", 0.0
        cause = (
            f"this connection has sent {self._operations.unreserved} requests in"
            f" {self._limits.operation_window_seconds:g} s; the rest of the"
            f" {self._operations.limit} that the venue allows is kept for resynchronising"
        )
        return news, cause, wait_seconds

    def _first(self, missing: Sequence[tuple[Feed, ...]], left: int) -> list[tuple[Feed, ...]]:
        """Return the requests that may go out now; feeds accepted once are not doubted again."""
        left -= sum(
            isinstance(request.intent, Subscribe) and self._is_doubtful(request.intent.feeds)
            for request in self._open.values()
        )
        chosen = []
        for feeds in missing:
            if self._is_doubtful(feeds):
                left -= 1
                if left < 0:
                    continue
            chosen.append(feeds)
        return chosen

    def _is_doubtful(self, feeds: tuple[Feed, ...]) -> bool:
        return not self._accepted.issuperset(feeds)

    def _missing(self, wanted: Collection[Feed]) -> list[tuple[Feed, ...]]:
        """Return what is wanted and was not asked for, by request."""
        self._groups = [
            group
            for feeds in self._groups
            if (group := tuple(feed for feed in feeds if self._may_ask(feed, wanted)))
        ]
        grouped = {feed for group in self._groups for feed in group}
        others = tuple(
            feed for feed in wanted if feed not in grouped and self._may_ask(feed, wanted)
        )
        return [*self._groups, *self._venue.batches(others)]

    def _may_ask(self, feed: Feed, wanted: Collection[Feed]) -> bool:
        return feed in wanted and feed not in self._asked and feed not in self._refusals

    def write(self, intent: Intent, now: float) -> str:
        """Write one request under the next id; pings and pongs have numbers of their own."""
        if not isinstance(intent, Subscribe | Unsubscribe):
            if isinstance(intent, Ping):
                self._pings += 1
                self._pinged_at = now
            if self._limits.counts_pings:
                self._operations.spend(now)
            self._last_sign += 1
            return self._venue.encode(intent, self._last_sign, self._now_ns)
        self._last_id += 1
        self._operations.spend(now)
        acknowledges = self._limits.acknowledges
        if isinstance(intent, Unsubscribe):
            proof = self._last_id if acknowledges else self._pings + 1
            self._ending |= dict.fromkeys(intent.feeds, proof)
        if acknowledges:
            self._open[str(self._last_id)] = _Open(intent, now + ANSWER_SECONDS)
        return self._venue.encode(intent, self._last_id, self._now_ns)

    def sent(self) -> Sequence[Feed]:
        """Return, once, the feeds that are served because they were asked for."""
        feeds, self._sent = self._sent, []
        feeds = [feed for feed in feeds if feed in self._asked]
        self._accepted.update(feeds)
        return feeds

    def accepted(self, ack: Ack, now: float) -> Sequence[Feed]:
        """Note that a request was accepted; the oldest one where the venue names none.

        Returns:
            The feeds that are served from now on.
        """
        request_id = ack.request_id
        if request_id is None:
            request_id = next(iter(self._open), "")
        if request_id.isdecimal():
            # Answers come in order: so were all requests before it.
            self._ended(int(request_id[:20]))
        request = self._open.pop(request_id, None)
        feeds: list[Feed] = []
        if request is not None and isinstance(request.intent, Subscribe):
            feeds = [feed for feed in request.intent.feeds if feed in self._asked]
        if ack.served is not None:
            feeds = self._compared(feeds, ack.served, now)
        self._accepted.update(feeds)
        return feeds

    def ponged(self, now: float) -> float | None:
        """Note that a ping was answered; answers come in the order of what was asked.

        Returns:
            How long it was on its way, or None if another ping was sent meanwhile.
        """
        self._pongs += 1
        if not self._limits.acknowledges:
            self._ended(self._pongs)
        return now - self._pinged_at if self._pongs == self._pings else None

    def _ended(self, answered: int) -> None:
        """Note that what was given back up to here is owed nothing any more."""
        self._ending = {feed: last for feed, last in self._ending.items() if last > answered}

    def _compared(self, feeds: list[Feed], served: frozenset[Feed], now: float) -> list[Feed]:
        """Compare what was asked for with all that the venue says it serves."""
        for feed in (*feeds, *self._served):
            if feed not in served and feed in self._asked:
                self._left_out.setdefault(feed, now + ANSWER_SECONDS)
        late = [feed for feed in self._left_out if feed in served and feed not in feeds]
        feeds = [feed for feed in feeds if feed in served] + late
        for feed in feeds:
            self._left_out.pop(feed, None)
        self._left_out_before.difference_update(feeds)
        self._served = {feed for feed in self._served if feed in served} | set(feeds)
        return feeds

    def left_out(self, now: float) -> Sequence[Feed]:
        """Ask once more for feeds that the venue left out; return those it left out twice.

        They are not asked for again on this connection.
        """
        late = [feed for feed, due in self._left_out.items() if due <= now]
        twice = [feed for feed in late if feed in self._left_out_before]
        for feed in late:
            del self._left_out[feed]
            self._asked.pop(feed, None)
        self._left_out_before.update(late)
        self._refusals.note(twice, LEFT_OUT, now)
        return twice

    def denied(self, request_id: str | None) -> Sequence[Feed] | None:
        """Note that the credentials of a request were refused.

        Returns:
            The feeds that it asked for, or None if there is no such request.
        """
        request = self._open.pop(self._key(request_id), None)
        if request is None:
            return None
        feeds = tuple(feed for feed in request.intent.feeds if feed in self._asked)
        self.drop(feeds)
        return feeds

    def reject(self, feeds: Iterable[Feed], reason: str) -> None:
        """Note that feeds are not to be had, though the venue has accepted them."""
        self._refusals.note(feeds, reason, self._now)

    def drop(self, feeds: Iterable[Feed]) -> None:
        """Note that feeds are not served, and that the venue need not be told."""
        for feed in feeds:
            self._forget(feed, is_wanted=False)

    def _key(self, request_id: str | None) -> str:
        """Return which open request a refusal is about; none has an empty number."""
        if request_id is None and self._limits.answers_in_order:
            return next(iter(self._open), "")
        return request_id or ""

    def refused(self, request_id: str | None, reason: str) -> Sequence[Feed]:
        """Note that a request was refused.

        A request with one bad feed is refused as a whole, and which of the others became active
        is unknown: they are asked for once more without it. Where the venue's words name none,
        halves find the bad one in the fewest requests.

        Returns:
            The feeds that the venue's words name; they are not asked for again on this
            connection.
        """
        self._rejects += 1
        if not self._limits.acknowledges:
            # No request is open, and only the venue's words tell what it refuses.
            blamed = self._venue.blamed(reason, tuple(self._asked))
            self.drop(blamed)
            self._refusals.note(blamed, reason, self._now)
            return blamed
        request = self._open.pop(self._key(request_id), None)
        if request is None or not isinstance(request.intent, Subscribe):
            return ()
        feeds = tuple(feed for feed in request.intent.feeds if feed in self._asked)
        for feed in feeds:
            del self._asked[feed]
        # The words are about all that was asked for, also what nobody wants any more.
        named = frozenset(self._venue.blamed(reason, request.intent.feeds))
        blamed = tuple(feed for feed in feeds if feed in named)
        self._refusals.note(blamed, reason, self._now)
        if not named and len(feeds) > 1:
            middle = len(feeds) // 2
            self._groups.extend((feeds[:middle], feeds[middle:]))
        return blamed

    def excuse(self, now: float) -> None:
        """Wait for answers anew: those that came were not read, for a reason of our own."""
        for key, request in self._open.items():
            self._open[key] = replace(request, due=max(request.due, now + ANSWER_SECONDS))
        for feed, due in self._left_out.items():
            self._left_out[feed] = max(due, now + ANSWER_SECONDS)

    def overdue(self, now: float) -> Sequence[Feed]:
        """Give up on answers that are overdue; return the feeds that were asked for in vain."""
        late = [key for key, request in self._open.items() if request.due <= now]
        feeds: list[Feed] = []
        for key in late:
            intent = self._open.pop(key).intent
            if isinstance(intent, Subscribe):
                feeds.extend(feed for feed in intent.feeds if feed in self._asked)
        return feeds

    def asked_at(self, feed: Feed) -> float | None:
        """Return when a feed was asked for last, or None if it is not, or will be anew."""
        return None if feed in self._resyncs else self._asked.get(feed)

    def is_served(self, feed: Feed) -> bool:
        """Tell whether the venue has said on this connection that it serves a feed."""
        is_open = any(feed in each.intent.feeds for each in self._open.values())
        return self.asked_at(feed) is not None and feed in self._accepted and not is_open

    def is_ending(self, feed: Feed) -> bool:
        """Tell whether the venue may still send what an earlier subscription is owed."""
        return feed in self._ending or feed in self._resyncs

    def next_due(self) -> float | None:
        """Return when an answer is overdue or something may or must be asked, or None."""
        times = [request.due for request in self._open.values()]
        times.extend(self._left_out.values())
        dues = (self._resyncs.next_due(), self._held_until)
        times.extend(due for due in dues if due is not None)
        return min(times, default=None)
