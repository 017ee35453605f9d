"""A session with a reader on everything that a venue offers, into which any frame may be put."""

from __future__ import annotations

import typing
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from tests.fuzz.mutations import fixture_frames
from weex_client.errors import UsageError, WeexClientError
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent, Message
from weex_client.protocol import Channel, Data, Scope, Topic, Venue
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.registry import Registry, Sealed
from weex_client.streaming.session import Session
from weex_client.websocket import VENUES

START_NS = 1_790_000_000_000_000_000

# As long as a name can be; a venue's symbols are found by trying what stands in its frames.
_LONGEST_SYMBOL = 20

# Nobody's; some venues sign requests, and want to decode the secret.
KEYS = {"api_key": "key", "secret_key": "c2VjcmV0", "passphrase": "phrase"}

_LEVELS = (None, 5, 15, 50, 200)
_INTERVALS = (None, "1m", "1min", "1d", "1h", "1hour", "1w", "ONE_MINUTE")


def venues() -> Iterator[tuple[str, Venue]]:
    """Yield every registered venue, once for each of its markets."""
    # Nothing is read over HTTP here, and nothing waits for it.
    for name, client_class in VENUES.items():
        make = client_class.config_class
        field = make.model_fields.get("market")
        markets = typing.get_args(field.annotation) if field is not None else ()
        for options in [{"market": market} for market in markets] or [{}]:
            settings: dict[str, Any] = {"_env_file": None, "seed_private": False, **KEYS, **options}
            yield name, client_class.venue_class(make(**settings))


def topics_in(venue: Venue, frames: Sequence[bytes]) -> list[Topic]:
    """Return a topic for each feed whose data stands in some frames, as far as one exists."""
    words = {
        word
        for frame in frames
        for word in frame.decode(errors="replace").replace("@", '"').replace(":", '"').split('"')
        if 3 <= len(word) <= _LONGEST_SYMBOL and word.isascii()
    }
    data = [event for event in map(venue.read, frames) if isinstance(event, Data)]
    feeds = {feed for event in data for feed in (event.feed, *event.others)}
    found: dict[tuple[str, StrEnum], Topic] = {}
    for channel in venue.channels:
        for symbol in sorted(words) if venue.has_symbols(channel) else (None,):
            for topic in _spellings(channel, symbol):
                try:
                    feed = venue.feed(topic)
                except UsageError:
                    continue
                if venue.carrier(feed) in feeds:
                    found.setdefault((feed, channel), topic)
    return list(found.values())


def _spellings(channel: StrEnum, symbol: str | None) -> Iterator[Topic]:
    match channel:
        case Channel.BOOK | Channel.BOOK_DELTAS:
            yield from (Topic(channel, symbol, level=level) for level in _LEVELS)
        case Channel.CANDLES:
            yield from (Topic(channel, symbol, interval=interval) for interval in _INTERVALS)
        case _:
            yield from (Topic(channel, symbol), Topic(channel, symbol, level=5))


class Reader:
    """Open everything at once, look at it, and come back when the stream is ended."""

    def __init__(self, target: Target, topic: Topic) -> None:
        self._target = target
        self._topic = topic
        self.count = 0

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        return self._take

    def _take(self, item: Any) -> None:
        message = item.open() if isinstance(item, Sealed) else item
        if message is None:
            return
        assert isinstance(message, Message)
        assert message.channel == self._topic.channel, self._topic
        message.model_dump()  # also what is made only when somebody looks
        self.count += 1

    def end(self, error: Exception | None) -> None:
        assert isinstance(error, WeexClientError), f"a stream was ended with {error!r}"
        self._target.left.append(self._topic)


class Target:
    """One session of one scope."""

    def __init__(self, venue: Venue, scope: Scope, topics: Sequence[Topic]) -> None:
        self.venue = venue
        self.events: list[ConnectionEvent] = []
        self.left: list[Topic] = []
        self.now = 0.0
        self.session = Session(
            venue, scope, defaultdict(ChannelCounters).__getitem__, self.events.append, Ledger()
        )
        self._registry = Registry()
        self.readers = {topic: Reader(self, topic) for topic in topics}
        for topic in topics:
            self._join(topic)
        self.session.opened(self.now)
        self._turn()

    @property
    def now_ns(self) -> int:
        return START_NS + round(self.now * 1e9)

    def _join(self, topic: Topic) -> None:
        audience = self._registry.join(topic, self.readers[topic])
        try:
            self.session.want(self.venue.feed(topic), audience)
        except WeexClientError:  # refused on this connection: again on the next
            self._registry.leave(topic, self.readers[topic])
            self.left.append(topic)

    def put(self, frames: Sequence[bytes], seconds: float = 0.01) -> None:
        """Let frames come in, and time go by, as the supervisor does."""
        session = self.session
        self.now += seconds
        session.heard(frames, self.now_ns, self.now)
        for frame in frames:
            session.receive(frame, self.now_ns)
        session.digested()
        self._turn()
        self.events.clear()
        if session.verdict is not None:
            self.reconnect()

    def _turn(self) -> None:
        self.session.tick(self.now, self.now_ns)
        for text in self.session.pull(self.now):
            assert isinstance(text, str)
        assert self.session.next_due(self.now_ns) is not None
        left, self.left = self.left, []
        for topic in left:
            self._leave(topic)
            self._join(topic)

    def _leave(self, topic: Topic) -> None:
        if self._registry.leave(topic, self.readers[topic]):
            self.session.let_go(self.venue.feed(topic), topic, self.now)

    def renew(self, topics: Iterable[Topic]) -> None:
        """Let readers go, tell the venue, and let them come back to fresh feeds."""
        chosen = tuple(topics)
        for topic in chosen:
            self._leave(topic)
        self._turn()
        for topic in chosen:
            self._join(topic)

    def reconnect(self) -> None:
        """Lose the line and open another."""
        self.session.lost("the line was cut")
        self.session.opened(self.now)
        self._turn()


def targets() -> list[tuple[str, Target, list[bytes]]]:
    """Return a session of every scope of every venue that fixtures exist for, and those."""
    made: list[tuple[str, Target, list[bytes]]] = []
    for name, venue in venues():
        frames = fixture_frames(name)
        assert frames, f"there are no frames of {name} to start from"
        topics = topics_in(venue, frames)
        lines: dict[tuple[Scope, object], list[Topic]] = {}
        for topic in topics:
            # Some channels have connections of their own.
            kind = venue.apart(topic.channel)
            lines.setdefault((venue.scope(topic.channel), kind), []).append(topic)
        made += [(name, Target(venue, scope, own), frames) for (scope, _), own in lines.items()]
    return made
