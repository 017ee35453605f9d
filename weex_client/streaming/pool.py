"""The connections of one scope, and which of them carries which feed. Dialling is elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from weex_client.errors import SubscriptionRejectedError
from weex_client.metrics import ChannelCounters, ScopeStats
from weex_client.models import ConnectionEvent
from weex_client.protocol import Feed, Topic
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.dialling import Dialler
from weex_client.streaming.loop_watch import LoopWatch
from weex_client.streaming.mailbox import Gate
from weex_client.streaming.registry import Reader, Registry
from weex_client.streaming.session import Session
from weex_client.streaming.supervisor import Supervisor

__all__ = ["ConnectionPool"]


class ConnectionPool:
    """Spread feeds over as few connections as the venue allows.

    One connection serves a scope until it is full; a further one is opened then, and closes by
    itself when its last feed is gone.

    Args:
        dialler: How connections are opened, and how many.
        lanes: Numbers the client's connections.
        counters: Returns the counters of a channel.
        emit: Takes what users should know.
        ledger: Where is noted when each feed was complete.
        watch: Notices when the program blocks the event loop.
    """

    def __init__(
        self,
        dialler: Dialler,
        lanes: Iterator[int],
        counters: Callable[[str], ChannelCounters],
        emit: Callable[[ConnectionEvent], None],
        ledger: Ledger,
        watch: LoopWatch,
    ) -> None:
        self.scope = dialler.scope
        self.gate = Gate()
        self._dialler = dialler
        self._tape = dialler.tape
        self._lanes = lanes
        self._venue = dialler.venue
        self._clock = dialler.clock
        self._counters = counters
        self._emit = emit
        self._ledger = ledger
        self._watch = watch
        self._kind: StrEnum | None = None
        self._registry = Registry()
        self._supervisors: list[Supervisor] = []
        self._carriers: dict[Feed, Supervisor] = {}

    async def open(self, *, retry_first_connect: bool) -> None:
        """Dial the first connection.

        Raises:
            WeexClientError: If that fails, or, with ``retry_first_connect``, when the configured
                attempts are used up.
        """
        supervisor = self._make()
        supervisor.take_place()
        self._supervisors.append(supervisor)
        await supervisor.dial(retry=retry_first_connect)

    def dedicate(self, kind: StrEnum | None) -> None:
        """Let connections say which kind of channel is the only one to come here."""
        self._kind = kind
        for supervisor in self._supervisors:
            supervisor.channel = kind

    def end(self) -> None:
        """End every stream, and let every connection end; ``close`` waits for it."""
        for audience in self._registry:
            audience.end(None)
        for supervisor in self._supervisors:
            supervisor.cancel()

    async def close(self) -> None:
        """End every stream and every connection; may be called again if it was cancelled."""
        self.end()
        await asyncio.gather(*(supervisor.stop() for supervisor in self._supervisors))

    @property
    def is_connected(self) -> bool:
        """Tell whether every connection that is needed is open."""
        return all(each.is_open or not each.is_needed for each in self._supervisors)

    @property
    def is_unused(self) -> bool:
        """Tell whether nobody reads anything here."""
        return not self._carriers

    def join(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader have some topics; a feed that was refused just now ends its stream.

        Raises:
            RateLimitedError: If it takes more connections than the venue allows.
        """
        self._check_plan(topics)
        try:
            for topic in topics:
                self._join(topic, mailbox)
        except SubscriptionRejectedError as exc:
            mailbox.end(exc)
        except BaseException:
            self.leave(topics, mailbox)
            raise

    def _join(self, topic: Topic, mailbox: Reader) -> None:
        feed = self._venue.feed(topic)
        supervisor = self._carriers.get(feed) or self._with_room(feed)
        session = supervisor.session
        audience = self._registry.join(topic, mailbox)
        current = session.want(feed, audience)
        self._carriers[feed] = supervisor
        if len(audience) == 1:
            self._tape.carries(supervisor.lane, self.scope, topic)
        session.seeding.welcome(feed, mailbox.pusher(topic.symbol), self._clock.monotonic())
        if current is not None:
            mailbox.pusher(topic.symbol)(current)
        supervisor.wake()

    def _check_plan(self, topics: Sequence[Topic]) -> None:
        """Refuse at the call what would need more connections than the address allows."""
        feeds = {self._venue.feed(topic) for topic in topics} - self._carriers.keys()
        if feeds:
            room = sum(map(self._room, filter(lambda each: each.has_place, self._supervisors)))
            self._dialler.budget.check_plan(len(feeds), room, self._dialler.owner)

    def _room(self, supervisor: Supervisor) -> int:
        return self._venue.limits.feeds_per_connection - supervisor.session.load

    def _with_room(self, feed: Feed) -> Supervisor:
        """Return a connection that has room, one that counts already before any other."""
        closed: Supervisor | None = None
        lane = self._tape.lane_of(feed, self.scope)
        for supervisor in self._supervisors:
            if lane not in (None, supervisor.lane):
                continue
            if supervisor.has_place:
                if self._room(supervisor) > 0:
                    return supervisor
            elif closed is None:
                closed = supervisor
        if closed is not None:
            closed.take_place()
            return closed
        supervisor = self._make(lane)
        supervisor.take_place()
        supervisor.start()
        self._supervisors.append(supervisor)
        return supervisor

    def _make(self, lane: int | None = None) -> Supervisor:
        session = Session(
            self._venue,
            self.scope,
            self._counters,
            self._emit,
            self._ledger,
            self._dialler.server_time,
        )
        dialler = self._dialler.of_lane(next(self._lanes) if lane is None else lane)
        supervisor = Supervisor(session, dialler, self.gate, self._watch, self._emit)
        supervisor.channel = self._kind
        return supervisor

    def leave(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader go; what nobody else reads is given back to the venue."""
        now = self._clock.monotonic()
        for topic in topics:
            if not self._registry.leave(topic, mailbox):
                continue
            feed = self._venue.feed(topic)
            supervisor = self._carriers.get(feed)
            if supervisor is not None:
                self._tape.leaves(supervisor.lane, self.scope, topic)
            if supervisor is not None and supervisor.session.let_go(feed, topic, now):
                del self._carriers[feed]
                supervisor.wake()

    def stats(self) -> ScopeStats:
        """Return the connections' counters as they are now."""
        sessions = [supervisor.session for supervisor in self._supervisors]
        unknown: dict[str, int] = {}
        for session in sessions:
            for kind, count in session.unknown.items():
                unknown[kind] = unknown.get(kind, 0) + count
        opened = [each.opened_at for each in self._supervisors if each.opened_at is not None]
        last_frame_ns = max((session.last_frame_ns or 0 for session in sessions), default=0)
        return ScopeStats(
            connections=len(opened),
            subscriptions=sum(session.feed_count for session in sessions),
            frames=sum(session.frames for session in sessions),
            bytes=sum(session.bytes for session in sessions),
            unknown_frames=unknown,
            reconnects=sum(supervisor.reconnects for supervisor in self._supervisors),
            uptime_seconds=self._clock.monotonic() - min(opened) if opened else 0.0,
            last_frame_time=last_frame_ns / 1_000_000_000 or None,
        )
