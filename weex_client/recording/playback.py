"""Plays a tape through real sessions, on the tape's time: the same decoding as of a live client.

Synchronous and pure but for what it reads from the tape. Replays for programs: ``replay``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from weex_client.errors import UsageError
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent, Message
from weex_client.protocol import Channel, Feed, FeedKind, Scope, Topic, Venue
from weex_client.recording.asking import Asking
from weex_client.recording.catalogue import Catalogue, Wish
from weex_client.recording.contents import (
    Answered,
    Carried,
    Closed,
    Contents,
    Entry,
    Left,
    Opened,
    Received,
    time_of,
)
from weex_client.recording.lanes import Batch, Down, Lane, Step, Up
from weex_client.recording.rows import FeedRow
from weex_client.recording.taped_venue import acknowledged
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.registry import Reader, Registry
from weex_client.streaming.server_time import ServerTime
from weex_client.streaming.session import Session
from weex_client.streaming.valuation import Valuation

__all__ = ["Playback"]

# What is due at a moment that has passed is due again a little later: time goes on in a replay,
# too.
_LEAST_SECONDS = 0.001

# Nothing of what waits between two entries may be dropped.
_ALL = 1_000_000_000


class _Inbox:
    """A reader that takes everything, in the order in which it comes."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:  # noqa: ARG002  # all alike
        """Return what takes messages."""
        return self._take

    def _take(self, item: Any) -> None:
        self.items.append(item)

    def end(self, error: Exception | None) -> None:
        """Do nothing: what the venue refused has no messages."""


class _Player:
    """One lane of one recorded session, and what is said on it."""

    def __init__(
        self,
        venue: Venue,
        scope: Scope,
        kinds: Mapping[Feed, FeedKind],
        start_ns: int,
        server_time: ServerTime,
    ) -> None:
        counters = ChannelCounters()
        self.session = Session(
            venue, scope, lambda _: counters, _tell_nobody, Ledger(), server_time
        )
        self.registry = Registry()
        self.lane = Lane(venue, kinds, start_ns)
        self.asking = Asking(self.session.seeding, venue)
        self.due: float | None = None
        self.wanted: dict[Topic, int] = {}  # by how many rows
        self.has_heard = False
        self._requests: list[str] = []

    def tick(self, place: int, now: float, now_ns: int) -> None:
        """Let the session's clock run, and say yes to what it asks for."""
        session = self.session
        session.tick(now, now_ns)
        self._requests += [text for text in session.pull(now) if text]
        while self.has_heard and self._requests:
            # Once the line has said anything: venues greet, and tell the time, first.
            requests, self._requests = self._requests, []
            for text in requests:
                session.receive(acknowledged(text), now_ns)
            self._requests += [text for text in session.pull(now) if text]
        self.ask(place, now, now_ns)
        due = session.next_due(now_ns)
        self.due = None if due is None else max(due, now + _LEAST_SECONDS)

    def opened(self) -> None:
        """Take note of a new line, on which nothing was said yet."""
        self.has_heard = False
        self._requests.clear()

    def ask(self, place: int, now: float, now_ns: int) -> None:
        """Put the questions whose time has come."""
        due = self.asking.due()
        while due is not None and due <= now:
            self.asking.step(place, now, now_ns)
            due = self.asking.due()

    @property
    def next_due(self) -> float | None:
        """Return when there is something to do."""
        dues = [due for due in (self.due, self.asking.due()) if due is not None]
        return min(dues, default=None)


class Playback:
    """Play what is wished of a recording.

    Args:
        contents: The recording.
        catalogue: What it has.
        wishes: What to read.

    Attributes:
        time_ns: What time it is on the tape.
    """

    def __init__(self, contents: Contents, catalogue: Catalogue, wishes: Sequence[Wish]) -> None:
        sessions = dict.fromkeys(wish.session for wish in wishes)
        rows = [contents.sessions[each] for each in sessions]
        self._start_ns = min((row.opened_ns for row in rows), default=0)
        self.time_ns = self._start_ns
        self._contents = contents
        self._venues = {each: catalogue.venues[each] for each in sessions}
        self._kinds = {each: catalogue.kinds(each) for each in sessions}
        self._wishes = wishes
        self._inbox = _Inbox()
        self._valued = Mailbox(
            _ALL,
            OverflowPolicy.BLOCK,
            ChannelCounters(),
            gate=Gate(),
            on_overflow=lambda _: None,
            on_release=lambda _: None,
        )
        self._now = 0.0
        self._place = 0
        self._due: float | None = None
        self._players: dict[tuple[int, int], _Player] = {}
        self._server_times: dict[int, ServerTime] = {}  # a client's lines share what they are told
        self._valuations: dict[int, Valuation] = {}

    def run(self, end_ns: int | None = None) -> Iterator[list[Any]]:
        """Play, and yield what came of each step; ``time_ns`` says when that was.

        Args:
            end_ns: The first moment that is not played; None for all of it.

        Yields:
            Messages, or what becomes one when it is opened (``Sealed``), oldest first.
        """
        lanes = {(wish.session, wish.lane) for wish in self._wishes}
        lanes |= self._lanes_of_marks()
        lines = [
            row.id for row in self._contents.lines.values() if (row.session, row.lane) in lanes
        ]
        for entry in self._contents.entries(lines, {session for session, _ in lanes}):
            time_ns = time_of(entry)
            if end_ns is not None and time_ns is not None and time_ns >= end_ns:
                yield from self._pass(end_ns - 1)
                return
            if time_ns is not None:
                yield from self._pass(time_ns)
            self._place = entry.id
            self._play(entry)
            if self._inbox.items or self._valued.pending:
                yield self._taken()
        if end_ns is not None and self._is_going_on:
            yield from self._pass(end_ns - 1)

    def current(self, wish: Wish) -> Message[Any] | None:
        """Return what a reader who came now would start from: a book that is right, or None."""
        player = self._players.get((wish.session, wish.lane))
        if player is None or not player.wanted.get(wish.topic):
            return None
        return player.session.want(wish.feed, player.registry.join(wish.topic, _Inbox()))

    def _lanes_of_marks(self) -> set[tuple[int, int]]:
        """Return the lanes of all tickers where positions are read, which they value."""
        sessions = {
            each.session for each in self._wishes if each.topic.channel is Channel.POSITIONS
        }
        return {
            (row.session, row.lane)
            for row in self._contents.feeds
            if row.session in sessions and row.channel == Channel.TICKER
        }

    @property
    def _is_going_on(self) -> bool:
        """Tell whether the tape is still being written, so that time goes on behind its end."""
        return any(self._contents.sessions[each].closed_ns is None for each in self._venues)

    # Time.

    def _pass(self, time_ns: int) -> Iterator[list[Any]]:
        """Let time pass, and everything be done that is due before."""
        now = (time_ns - self._start_ns) / 1_000_000_000
        while self._due is not None and self._due <= now:
            self._now = max(self._now, self._due)
            self.time_ns = self._start_ns + round(self._now * 1_000_000_000)
            for player in self._players.values():
                due = player.next_due
                if due is not None and due <= self._now:
                    player.tick(self._place, self._now, self.time_ns)
            self._plan()
            if self._inbox.items or self._valued.pending:
                yield self._taken()
        self._now = max(self._now, now)
        self.time_ns = time_ns

    def _plan(self) -> None:
        dues = [player.next_due for player in self._players.values()]
        self._due = min((due for due in dues if due is not None), default=None)

    def _taken(self) -> list[Any]:
        items, self._inbox.items = self._inbox.items, []
        while self._valued.pending:
            items.append(self._valued.queue.get_nowait())
            self._valued.delivered += 1
        return items

    # Entries.

    def _play(self, entry: Entry) -> None:
        match entry:
            case Received():
                row = self._contents.lines[entry.line]
                player = self._player(row.session, row.lane, row.scope)
                for step in player.lane.received(entry):
                    self._step(player, step)
            case Opened(_, row) | Closed(_, row):
                player = self._player(row.session, row.lane, row.scope)
                lane = player.lane
                steps = lane.opened(row) if isinstance(entry, Opened) else lane.closed(row)
                for step in steps:
                    self._step(player, step)
                self._plan()
            case Carried(_, row) | Left(_, row):
                for wish in self._wishes:
                    if row.id in wish.rows:
                        self._turn(wish, row, is_begin=isinstance(entry, Carried))
                self._plan()
            case Answered(_, row):
                for (session, _), player in self._players.items():
                    if session == row.session:
                        player.asking.answered(row, self._now, self.time_ns)
                        player.ask(self._place, self._now, self.time_ns)
                self._plan()

    def _player(self, session: int, lane: int, scope: str) -> _Player:
        player = self._players.get((session, lane))
        if player is None:
            kinds, venue = self._kinds[session], self._venues[session]
            server_time = self._server_times.setdefault(session, ServerTime())
            player = _Player(venue, Scope(scope), kinds, self._start_ns, server_time)
            self._players[session, lane] = player
        return player

    def _step(self, player: _Player, step: Step) -> None:
        session, now = player.session, self._now
        match step:
            case Batch(time_ns, frames):
                session.heard(frames, time_ns, now)
                for frame in frames:
                    session.receive(frame, time_ns)
                session.digested()
                if session.needs_pull or not player.has_heard:
                    player.has_heard = True
                    player.tick(self._place, now, self.time_ns)
                    self._plan()
                elif player.asking.has_news:
                    player.ask(self._place, now, self.time_ns)
                    self._plan()
            case Up():
                player.opened()
                session.opened(now)
                player.tick(self._place, now, self.time_ns)
            case Down(_, cause):
                session.lost(cause)
                player.due = None

    # Topics.

    def _turn(self, wish: Wish, row: FeedRow, *, is_begin: bool) -> None:
        """Begin or end to read a topic, as the recorded client did."""
        player = self._player(wish.session, wish.lane, row.scope)
        count = player.wanted.get(wish.topic, 0)
        player.wanted[wish.topic] = count + (1 if is_begin else -1)
        if is_begin and not count:
            if wish.topic.channel is Channel.POSITIONS:
                self._valuation(wish).join((wish.topic,), self._valued)
            else:
                self.join(wish.session, wish.topic, wish.feed, wish.lane, self._inbox)
        elif not is_begin and count == 1:
            if wish.topic.channel is Channel.POSITIONS:
                self._valuation(wish).leave((wish.topic,), self._valued)
            else:
                self.leave(wish.session, wish.topic, wish.feed, wish.lane, self._inbox)

    def join(self, session: int, topic: Topic, feed: Feed, lane: int, reader: Reader) -> None:
        """Let a reader have a topic of a session."""
        player = self._players[session, lane]
        pusher = reader.pusher(topic.symbol)
        current = player.session.want(feed, player.registry.join(topic, reader))
        player.session.seeding.welcome(feed, pusher, self._now)
        if current is not None:
            pusher(current)
        player.tick(self._place, self._now, self.time_ns)

    def leave(self, session: int, topic: Topic, feed: Feed, lane: int, reader: Reader) -> None:
        """Let a reader go."""
        player = self._players[session, lane]
        if player.registry.leave(topic, reader):
            player.session.let_go(feed, topic, self._now)
            player.tick(self._place, self._now, self.time_ns)

    def _valuation(self, wish: Wish) -> Valuation:
        valuation = self._valuations.get(wish.session)
        if valuation is None:
            door = _Door(self, wish.session)
            mark_topic = self._venues[wish.session].mark_topic
            valuation = Valuation(door, mark_topic, lambda: door, lambda: self._now)
            self._valuations[wish.session] = valuation
        return valuation

    def lane_of(self, session: int, topic: Topic) -> tuple[Feed, int]:
        """Return which lane of a session carried a topic, and under which feed.

        Raises:
            UsageError: If none did.
        """
        venue = self._venues[session]
        for row in self._contents.feeds:
            if (row.session, row.channel, row.symbol) == (session, topic.channel, topic.symbol):
                return venue.feed(topic), row.lane
        raise UsageError(f"the tape has no {topic.channel} of {topic.symbol}")


class _Door:
    """Where the readers of one session's topics come in."""

    scope = Scope.PRIVATE

    def __init__(self, playback: Playback, session: int) -> None:
        self.gate = Gate()
        self._playback = playback
        self._session = session

    def join(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader have some topics.

        Raises:
            UsageError: If the tape has none of it.
        """
        for topic in topics:
            feed, lane = self._playback.lane_of(self._session, topic)
            self._playback.join(self._session, topic, feed, lane, mailbox)

    def leave(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader go."""
        for topic in topics:
            feed, lane = self._playback.lane_of(self._session, topic)
            self._playback.leave(self._session, topic, feed, lane, mailbox)


def _tell_nobody(event: ConnectionEvent) -> None:
    """Do nothing: what users were told stands on the tape."""
