"""What can be had of a recording: which topics of which sessions, and when they were streamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from weex_client.errors import TapeError, UsageError
from weex_client.protocol import Feed, FeedKind, Topic, Venue
from weex_client.recording.contents import Contents
from weex_client.recording.rows import FeedRow
from weex_client.recording.taped_venue import TapedVenue, as_venue, topic_of, venue_of
from weex_client.streaming.topics import named_topics

__all__ = ["Catalogue", "Offer", "Request", "Wish"]


class Request(NamedTuple):
    """What somebody asks of a recording; None, or an empty tuple, is for all there is."""

    channel: str | None = None
    symbols: tuple[str, ...] = ()
    venue: str | None = None
    level: int | None = None
    interval: str | None = None

    def __str__(self) -> str:
        words = [self.venue or "", self.channel or "anything"]
        words += [f"of {', '.join(self.symbols)}"] if self.symbols else []
        words += [f"with {self.level} levels"] if self.level is not None else []
        words += [self.interval] if self.interval is not None else []
        return " ".join(filter(None, words))


class Wish(NamedTuple):
    """A topic that is to be read from a recorded session.

    Attributes:
        session: Which one.
        topic: What.
        lane: Which lane of it.
        feed: As the venue spells it.
        rows: During which it was recorded.
    """

    session: int
    topic: Topic
    lane: int
    feed: Feed
    rows: frozenset[int]


class Offer(NamedTuple):
    """A topic that a lane was asked for, and the feed that served it."""

    row: FeedRow
    topic: Topic
    feed: Feed


class Catalogue:
    """Find what is asked for among what was recorded.

    Attributes:
        venues: The venue of each session, as its tape speaks for it.

    Raises:
        TapeError: If a session is of a venue that is not known.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        answered = contents.answered_sessions()
        taped = {
            each: venue_of(row, contents.path, has_account=each in answered)
            for each, row in contents.sessions.items()
        }
        self._offers = {each: list(_offers(contents, each, venue)) for each, venue in taped.items()}
        self.venues: dict[int, Venue] = {each: as_venue(venue) for each, venue in taped.items()}

    def wishes(self, request: Request) -> list[Wish]:
        """Return what serves a request, in the order of the tape.

        A topic that several clients streamed at the same time is read from the first of them.

        Raises:
            TapeError: If there is nothing of the kind; the text lists what there is.
        """
        found: list[Wish] = []
        for session, row in self._contents.sessions.items():
            if request.venue in (None, row.venue):
                found += self._wishes_of(session, request)
        if not found:
            raise self._nothing(request)
        symbols = {wish.topic.symbol for wish in found}
        lost = set(request.symbols) - symbols
        if lost and None not in symbols:  # of streams over all symbols, messages are chosen
            raise self._nothing(request._replace(symbols=tuple(sorted(lost))))
        return self._each_once(found)

    def offers(self, session: int) -> Sequence[Offer]:
        """Return what the lanes of a session were asked for, in order."""
        return self._offers[session]

    def kinds(self, session: int) -> Mapping[Feed, FeedKind]:
        """Return what must be kept of each feed of a session between two frames."""
        kind_of = self.venues[session].feed_kind
        return {each.feed: kind_of(each.topic.channel) for each in self._offers[session]}

    def _wishes_of(self, session: int, request: Request) -> list[Wish]:
        offers = self._offers[session]
        recorded = [each for each in offers if _fits(each.topic, request)]
        topics = dict.fromkeys(each.topic for each in recorded)
        wishes = []
        for topic in topics:
            rows = [each for each in recorded if each.topic == topic]
            wishes += _by_lane(session, topic, rows)
        have = {topic.symbol for topic in topics}
        names = [each for each in request.symbols if each not in have]
        if request.channel is None or (topics and not names):
            return wishes
        # Streamed as something else, from the same feed: a book of fewer levels, say.
        for topic in self._others(session, request, names):
            feed = self.venues[session].feed(topic)
            wishes += _by_lane(session, topic, [each for each in offers if each.feed == feed])
        return wishes

    def _others(self, session: int, request: Request, names: Sequence[str]) -> tuple[Topic, ...]:
        venue = self.venues[session]
        channel = request.channel or ""
        recorded = (each.topic.symbol for each in self._offers[session])
        wanted = list(names) or list(dict.fromkeys(each for each in recorded if each is not None))
        try:
            topics = named_topics(
                venue, channel, wanted, level=request.level, interval=request.interval
            )
            for topic in topics:
                venue.feed(topic)
        except UsageError:
            return ()
        return topics

    def _each_once(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Leave out what another session, or another lane, has told at the same time."""
        alike: dict[tuple[str, str | None, Topic], list[Wish]] = {}
        for wish in wishes:
            row = self._contents.sessions[wish.session]
            alike.setdefault((row.venue, row.market, wish.topic), []).append(wish)
        kept = {id(each) for some in alike.values() for each in self._apart(some)}
        return [wish for wish in wishes if id(wish) in kept]

    def _apart(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Return those that are not about the same time as one before."""
        kept, taken = list(wishes[:1]), [self._span(wish) for wish in wishes[:1] if wishes[1:]]
        for wish in wishes[1:]:
            span = self._span(wish)
            if all(span[1] <= first or last <= span[0] for first, last in taken):
                taken.append(span)
                kept.append(wish)
        return kept

    def _span(self, wish: Wish) -> tuple[int, int]:
        """Return the first place of a wish, and the first behind its last."""
        contents = self._contents
        rows = [row for row in contents.feeds if row.id in wish.rows]
        # A line that was never closed ended when whoever recorded was killed, if it has.
        ends = [
            contents.last_frame(row.id) + 1 if row.closed_id is None else row.closed_id
            for row in contents.lines.values()
            if (row.session, row.lane) == (wish.session, wish.lane)
        ]
        end = max(ends, default=contents.last_id + 1)
        return rows[0].id, max(end if row.left_id is None else row.left_id for row in rows)

    def _nothing(self, request: Request) -> TapeError:
        return TapeError(
            f"{self._contents.path} has not recorded {request}; it has {self.summary()}",
            path=self._contents.path,
        )

    def summary(self) -> str:
        """Return in words what was recorded."""
        words: dict[str, dict[str, None]] = {}
        for session, row in self._contents.sessions.items():
            for offer in self._offers[session]:
                topic = offer.topic
                key = " ".join(filter(None, (row.venue, row.market, topic.channel.value)))
                parts = (topic.symbol, topic.interval, topic.level and f"{topic.level} levels")
                text = " ".join(str(part) for part in parts if part)
                words.setdefault(key, {})[text] = None
        texts = (f"{key} ({', '.join(filter(None, names))})" for key, names in words.items())
        return "; ".join(text.removesuffix(" ()") for text in texts) or "no streams at all"


def _offers(contents: Contents, session: int, taped: TapedVenue) -> Iterable[Offer]:
    """Yield what the lanes of a session were asked for."""
    for row in contents.feeds:
        topic = topic_of(row, as_venue(taped)) if row.session == session else None
        if topic is None:
            continue
        try:
            yield Offer(row, topic, taped.offer(topic))
        except UsageError:
            continue  # the venue has it no more


def _fits(topic: Topic, request: Request) -> bool:
    return (
        (request.channel is None or topic.channel.value == request.channel)
        and (not request.symbols or topic.symbol is None or topic.symbol in request.symbols)
        and (request.level is None or topic.level == request.level)
        and (request.interval is None or topic.interval == request.interval)
    )


def _by_lane(session: int, topic: Topic, rows: Sequence[Offer]) -> list[Wish]:
    lanes: dict[int, list[Offer]] = {}
    for each in rows:
        lanes.setdefault(each.row.lane, []).append(each)
    return [
        Wish(session, topic, lane, some[0].feed, frozenset(each.row.id for each in some))
        for lane, some in lanes.items()
    ]
