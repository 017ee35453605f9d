"""One connection's state machine: what is wanted, what comes in, what is due. No I/O, no venue.

It lives through reconnections: ``opened`` and ``lost`` tell it of them. Time comes in as
arguments; what it wants sent goes out through ``pull``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from weex_client.errors import TransportError
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent, EventKind, Message
from weex_client.protocol import (
    Ack,
    Closing,
    Data,
    Denied,
    DialRequest,
    Event,
    Feed,
    Greeting,
    Intent,
    Ping,
    Pong,
    PongReceived,
    Reject,
    Scope,
    ServerPing,
    Topic,
    Unknown,
    Venue,
)
from weex_client.streaming.answers import Answers, rejection
from weex_client.streaming.companions import Companions
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.feeds import make_feed
from weex_client.streaming.handover import Crossing, Handover
from weex_client.streaming.listing import Listing
from weex_client.streaming.liveness import Liveness
from weex_client.streaming.outages import Outages
from weex_client.streaming.passengers import Passengers
from weex_client.streaming.registry import Audience
from weex_client.streaming.requests import Requests
from weex_client.streaming.rounds import Rounds
from weex_client.streaming.seeding import Seeded, Seeding
from weex_client.streaming.server_time import Arrivals, ServerTime
from weex_client.streaming.tenure import Tenure
from weex_client.streaming.trade_chain import Missed
from weex_client.streaming.unknown_frames import UnknownFrames

__all__ = ["Session"]

logger = logging.getLogger("weex_client")

# A snapshot and a change of each are usual; other spellings are read completely every time.
_ROUTES_A_FEED = 4


class Session:
    """Keep one connection's subscriptions as they are wanted, and its feeds as they are sent.

    Args:
        venue: How the venue spells things.
        scope: Whose connection this is.
        counters: Returns the counters of a channel.
        emit: Takes what users should know.
        ledger: Where is noted when each feed was complete, and what the account was told.
        server_time: The venue's clock, which all sessions of a client share.
    """

    def __init__(
        self,
        venue: Venue,
        scope: Scope,
        counters: Callable[[str], ChannelCounters],
        emit: Callable[[ConnectionEvent], None],
        ledger: Ledger,
        server_time: ServerTime | None = None,
    ) -> None:
        self.scope = scope
        self.server_time = server_time or ServerTime()
        self.needs_pull = False
        self.has_data = False
        self.frames = 0
        self.bytes = 0
        self.unknown = UnknownFrames(venue.name, scope)
        self.last_frame_ns: int | None = None
        self._venue = venue
        self._route_key = venue.route_key
        self._counters = counters
        self._arrivals = Arrivals(venue, self.server_time)
        self._outages = Outages(scope, ledger, emit)
        self._memory = ledger.account
        self.seeding = Seeding(self._outages, self.server_time)
        self._requests = Requests(venue)
        # An account is silent while nothing is traded, however busy it was before.
        self._liveness = Liveness(venue.heartbeat, is_learning=scope is Scope.PUBLIC)
        self._line = self._liveness.line
        self._tenure = Tenure(venue)
        self._feeds: dict[Feed, FeedState] = {}
        self._companions = Companions(venue, self._feeds, lambda: self._now, self._trades_missed)
        # Given back in this turn of the loop: who wants them again before the venue is told gets
        # them as they are.
        self._leaving: dict[Feed, FeedState] = {}
        self._routes: dict[Hashable, FeedState] = {}
        self._passengers = Passengers(venue)
        self._crossing = Crossing(venue)
        self._interrupted = self._outages.since
        self._answers = Answers(
            venue, scope, self._feeds, self._requests, self._outages, self.seeding, self._tenure
        )
        self.seeding.look_up(
            Listing(venue, self._feeds, self._answers.unlisted, self._answers.unheard)
        )
        self._rounds = Rounds(
            self._feeds,
            self._companions,
            self._liveness,
            self._requests,
            self._outages,
            self._arrivals,
            self.server_time,
        )
        self._replies: list[Intent] = []
        self._is_open = False
        self._now = 0.0
        self._now_ns = 0

    # What is wanted.

    @property
    def feed_count(self) -> int:
        """Return how many venue subscriptions are wanted here."""
        return len(self._feeds)

    @property
    def load(self) -> int:
        """Return how many venue subscriptions that takes at most, with their companions."""
        return len(self._feeds) + len(self._companions)

    def want(self, feed: Feed, audience: Audience) -> Message[Any] | None:
        """Serve a topic from a feed.

        Returns:
            What a reader who joins now should start from, or None.

        Raises:
            SubscriptionRejectedError: If the venue has refused this feed, and is to be spared.
        """
        reason = self._requests.rejection(feed, self._now)
        if reason is not None:
            raise rejection(self._venue.name, audience.topic, reason)
        topic = audience.topic
        kept = self._leaving.pop(feed, None)
        state = self._feeds.get(feed) or kept
        goes_along = state is None and self._companions.get(feed) is not None
        if state is None:
            state = self._made(feed, topic)
        is_new = feed not in self._feeds
        self._feeds[feed] = state
        if is_new:
            # Whose frames were routed past the one that needs them from now on.
            carrier = self._feeds.get(self._passengers.board(feed, state), state)
            for each in (carrier, *self._companions.need(feed)):
                self._drop_routes(each)
        if isinstance(state, Seeded):
            self.seeding.add(state)
        state.join(audience)
        current = state.current(topic)
        self._outages.wanted(state, topic.channel, self._now, is_kept=kept is not None)
        if goes_along and self._requests.is_served(feed):
            self._outages.accepted(state, self._now, self._now_ns)
        self._resync_if_needed(state)
        return current

    def _made(self, feed: Feed, topic: Topic) -> FeedState:
        """Return a new feed; it begins anew unless it is served along with others already."""
        counters = self._counters(topic.channel.value)
        state = make_feed(
            feed, topic, self._venue, counters, self._tell, self._memory, self._companions
        )
        if self._requests.asked_at(feed) is not None:
            # Given back, but the venue was not told yet: what has no beginning goes on.
            is_alone = self._companions.get(feed) is None
            state.needs_resync = state.is_waiting or (is_alone and not state.is_news)
        if state.needs_resync or self._requests.is_ending(feed):
            state.expect_leftovers(self._now)
        return state

    def let_go(self, feed: Feed, topic: Topic, now: float) -> bool:
        """Serve a topic no more; return True if its feed went with it."""
        state = self._feeds.get(feed)
        if state is None or not state.leave(topic):
            return False
        del self._feeds[feed]
        self._leaving[feed] = state
        self._outages.let_go(feed, now)
        self.seeding.drop(feed)
        self._passengers.leave(feed)
        for each in (state, *self._companions.release(feed)):
            self._drop_routes(each)
        if not self._feeds:
            self._tenure.rest(now)
            self._line.rest()
        return True

    def _drop_routes(self, state: FeedState) -> None:
        self._routes = {key: route for key, route in self._routes.items() if route is not state}

    # What happens to the line.

    def opened(self, now: float, request: DialRequest | None = None) -> None:
        """Start on a new connection: everything wanted is asked for again.

        Args:
            now: Monotonic time.
            request: How it was dialled.
        """
        self._is_open = True
        self.has_data = False
        self._now = now
        self._arrivals.opened()
        self._tenure.opened(now, request, self.frames)
        self._liveness.opened(now, (*self._feeds.values(), *self._companions.unread), request)
        self._companions.chain.clear()
        self._requests.reset()
        self._crossing.opened()
        self.seeding.opened(now)

    def lost(self, cause: str) -> None:
        """Forget what only the lost connection knew."""
        self._crossing.drop()
        since = self._liveness.carried_data_until
        cause += self._tenure.suspicion(self._now, self.frames)
        self._is_open = False
        self._leaving.clear()
        self._replies.clear()
        self._requests.reset()
        self.seeding.lost(since)
        for state in tuple(self._feeds.values()):  # a reader that runs over leaves here
            self._outages.line_lost(state, since, cause)

    # What happens when another connection takes over.

    def prepare(self, now: float) -> Handover:
        """Return what is said on a second connection, while this one goes on."""
        self._routes = {}
        self._crossing.begin()
        return Handover(self._venue, lambda: self._companions.wanted, now)

    def stay(self) -> None:
        """Note that the second connection will not take over."""
        self._crossing.drop()

    def ask_for_proof(self, tell: Callable[[], None]) -> None:
        """Ping the venue: its answer comes behind all that it has sent before.

        Args:
            tell: Is called when it is here; then ``is_proven`` is True.
        """
        self._replies.append(Ping())
        self._crossing.ask(self._replies, tell)

    @property
    def is_proven(self) -> bool:
        """Tell whether the ping of ``ask_for_proof`` was answered."""
        return self._crossing.is_proven

    def take_over(self, handover: Handover, request: DialRequest, now: float, now_ns: int) -> None:
        """Go on over another connection, on which all is served; nothing was interrupted."""
        self._now = now
        self._replies.clear()
        self._arrivals.opened()
        self._tenure.opened(now)
        self._tenure.greeted()
        self._liveness.opened(now, (*self._feeds.values(), *self._companions.unread), request)
        self._answers.begin(self._requests.take_over(handover.requests), now, now_ns)
        self._crossing.taken_over(now)

    def end(self, error: Exception | None) -> None:
        """End every stream served here."""
        for state in tuple(self._feeds.values()):
            for audience in tuple(state.audiences.values()):
                audience.end(error)

    @property
    def verdict(self) -> TransportError | None:
        """Return why the connection should be given up, or None."""
        return self._tenure.verdict or self._liveness.verdict or self._requests.verdict

    def is_idle(self, now: float) -> bool:
        """Tell whether the venue would soon cut the connection for want of a subscription."""
        return self._tenure.is_idle(now, is_needed=bool(self._feeds))

    # What comes in.

    def heard(self, frames: Sequence[bytes], received_time_ns: int, now: float) -> None:
        """Count what came; called once for all frames that came together, before ``receive``."""
        line = self._line
        self._now = line.heard_at = now
        self._arrivals.heard(frames, now)
        line.answer_due = None
        self.needs_pull |= self._rounds.is_overdue
        self.frames += len(frames)
        self.bytes += sum(map(len, frames))
        self.last_frame_ns = received_time_ns

    def digested(self) -> None:
        """Note that nothing heard waits for its turn any more, as behind a slow reader."""
        self._arrivals.digested()

    def excuse_silence(self, now: float) -> None:
        """Note that nothing was heard for a reason of our own: what came waits in the socket.

        A reader holds the socket back by its own choice, or the program blocked its event loop.
        """
        self._rounds.excuse(now)
        self._liveness.excuse(now)
        self._requests.excuse(now)
        self._tenure.excuse(now)
        self._companions.chain.excuse(now)

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Digest one frame."""
        key = self._route_key(frame)
        state = self._routes.get(key)
        if state is None:
            state = self._state_of(frame, key, received_time_ns)
            if state is None:
                return
        self.has_data = True
        counters = state.counters
        counters.frames += 1
        counters.bytes += len(frame)
        counters.last_frame_ns = received_time_ns
        state.receive(frame, received_time_ns)
        state.last_frame_ns = received_time_ns
        if state.needs_resync:
            self._outages.interrupt(state, self._now, "it had to be asked for anew")
            self._resync_if_needed(state)
        if self._interrupted and state.feed in self._interrupted and not state.is_waiting:
            self._resume(state, received_time_ns)

    def _resume(self, state: FeedState, received_time_ns: int) -> None:
        """Tell that a feed speaks again, unless that was owed to the subscription before."""
        if not (state.heeds_leftovers and self._requests.is_ending(state.feed)):
            self._outages.resume(state, self._now, received_time_ns)

    def _resync_if_needed(self, state: FeedState) -> None:
        if state.needs_resync:
            state.needs_resync = False
            self.needs_pull = True
            self._requests.resync(state.feed, self._now)

    def _state_of(
        self, frame: bytes, key: Hashable | None, received_time_ns: int
    ) -> FeedState | None:
        """Read an unrouted frame completely; return the feed whose data it carries, if any."""
        event = self._venue.read(frame)
        if not isinstance(event, Data):
            self._obey(event, frame, received_time_ns)
            return None
        feed = next(filter(self._has, (event.feed, *event.others)), event.feed)
        if self._crossing.is_under_way:
            key = None  # while there are two connections, each frame is looked at
            if self._is_repeat(feed, frame):
                return None
        if self._passengers.pass_on(feed, frame, received_time_ns):
            self.has_data = True
            key = None  # every frame has several to go to
        state = self._feeds.get(feed) or self._companions.get(feed)
        if state is None:
            # It was still on the way when the feed was given back.
            self._leaving.pop(feed, None)
        elif state.is_leftover(
            frame, self._now, received_time_ns, is_ending=self._requests.is_ending(feed)
        ):
            return None
        elif self._companions.look_on(state, frame, received_time_ns):
            pass  # every frame has two to see it
        elif key is not None and len(self._routes) < _ROUTES_A_FEED * self.load:
            self._routes[key] = state
        return state

    def _has(self, feed: Feed) -> bool:
        return feed in self._feeds or self._passengers.has(feed)

    def _is_repeat(self, feed: Feed, frame: bytes) -> bool:
        """Tell whether the connection before has shown a frame that comes over this one."""
        state = self._feeds.get(feed)
        if state is None:
            return False
        return self._crossing.is_repeat(feed, self._venue.feed_kind(state.channel), frame)

    def _obey(self, event: Event, frame: bytes, now_ns: int) -> None:
        """Do what a frame that is no data calls for."""
        match event:
            case Ack():
                self._answers.accepted(event, self._now, now_ns)
                self.needs_pull = True  # something may have waited for the answer
            case Reject():
                self._answers.refused(event, now_ns)
                self.needs_pull = True
            case Denied():
                self._answers.denied(event, now_ns)
                self.needs_pull = True
            case Closing():
                self._tenure.close(event)
                self.needs_pull = True
            case ServerPing(server_time_ns):
                self.server_time.tell(server_time_ns, self._now)
                self._replies.append(Pong())
                self.needs_pull = True
            case Greeting(_, server_time_ns):
                self.server_time.tell(server_time_ns, self._now)
                self.needs_pull |= not self._tenure.may_speak
                self._tenure.greeted()
            case PongReceived(server_time_ns):
                self._line.answered()
                self.server_time.tell_of_ping(
                    server_time_ns, self._now, self._requests.ponged(self._now)
                )
                self._crossing.answered()
            case Unknown(kind):
                self.unknown.wonder(kind, frame)

    def _trades_missed(self, missed: Missed, now_ns: int) -> None:
        """Tell the readers of a symbol's trades, and start its books anew."""
        self._rounds.start_anew(missed, self._now, now_ns)
        self.needs_pull = True

    # What is due, and what goes out.

    def tick(self, now: float, now_ns: int) -> None:
        """Let the clock run: doubt a silent line, give up answers, close quiet candles."""
        self._now = now
        self._now_ns = now_ns
        if not self._is_open:
            return
        self._crossing.tick(now)
        self._tenure.tick(now)
        self.seeding.tick(now)
        is_needed = bool(self._feeds)
        if self._liveness.listen(now, is_needed=is_needed, has_data=self.has_data):
            self._replies.append(Ping())
        self._rounds.look(now, now_ns)
        self._companions.tick(now, now_ns)
        self._answers.missed(now, now_ns)
        self._rounds.tick(now, now_ns)

    def pull(self, now: float) -> Iterator[str]:
        """Write what should be sent now; ``needs_pull`` tells that a frame gave cause for it."""
        self.needs_pull = False
        self._leaving.clear()
        if not self._is_open or not self._tenure.may_speak:
            return
        replies, self._replies = self._replies, []
        self._crossing.sent(replies)
        for intent in replies:
            yield self._requests.write(intent, now)
        now_ns = self.server_time.signing_time_ns(now, self._now_ns)
        wanted = self._companions.wanted
        yield from self._requests.pull(wanted, now, now_ns)
        self._answers.spared(now, self._now_ns)
        self._answers.held(now, self._now_ns)

    def next_due(self, now_ns: int) -> float | None:
        """Return when ``tick`` or ``pull`` has something to do, or None while closed."""
        if not self._is_open:
            return None
        is_needed = bool(self._feeds)
        dues = (
            self._liveness.next_due(is_needed=is_needed),
            self._tenure.next_due(is_needed=is_needed),
            self._requests.next_due() if self._tenure.may_speak else None,
            self.seeding.next_due(),
            self._companions.chain.next_due(),
        )
        times = [due for due in dues if due is not None]
        return min((*times, *self._rounds.dues(self._now, now_ns)), default=None)

    def _tell(self, kind: EventKind, state: FeedState, now_ns: int, **facts: Any) -> None:
        """Pass on what a feed has found out."""
        self._outages.tell(kind, state, self._now, now_ns, **facts)
