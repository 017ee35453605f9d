"""What a venue really said: its messages and its books, heard where no fault reaches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.simulate.gallery import Gallery
from tests.simulate.order_truth import OrderTruth, Queues
from tests.simulate.truth import CandleFigures, Sides
from weex_client.book.levels import unpack
from weex_client.models import Message
from weex_client.protocol import BookUpdate, Channel, Feed, Topic, Venue
from weex_client.sandbox.front import BookSides, Front

# More than any book has.
_ALL_LEVELS = 1_000_000

Folded = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]


def identity(message: Message[Any]) -> str:
    """Return what makes a message the same, whichever way it came."""
    data = message.data
    if message.channel == Channel.TRADES:
        # An answer does not say whose orders they were.
        words = f"{data.trade_id} {data.price} {data.size} {data.side}"
    else:
        words = data.model_dump_json()
    return f"{message.symbol} {message.exchange_time_ns} {words}"


def place_of(update: BookUpdate | Message[Any]) -> int:
    """Return what numbers a state of a book: its sequence, or its time in microseconds."""
    sequence = update.sequence
    return (update.exchange_time_ns or 0) // 1000 if sequence is None else sequence


class VenueTruth:
    """Read what the gallery heard, and of books what they were before anybody listened.

    Args:
        front: The exchange as the venue.
        venue: Spells topics, and reads frames.
        gallery: Heard everything.
        markets: Which of the exchange's markets the venue shows, for its books.

    Attributes:
        venue: The same.
    """

    def __init__(self, front: Front, venue: Venue, gallery: Gallery, market: str) -> None:
        self.venue = venue
        self._front = front
        self._gallery = gallery
        self._market = market
        self._said: dict[Topic, list[Message[Any]]] = {}
        self._greetings: dict[Topic, set[str]] = {}
        # Views of several depths come from one feed.
        self._updates: dict[Feed, list[BookUpdate]] = {}
        self._bases: dict[Feed, BookSides] = {}
        self._orders: dict[Feed, OrderTruth] = {}

    def frames(self, topic: Topic) -> list[bytes]:
        """Return a topic's frames in their order."""
        venue = self.venue
        return self._gallery.frames(venue.scope(topic.channel), venue.feed(topic))

    def said(self, topic: Topic) -> list[Message[Any]]:
        """Return every message of a topic in its order."""
        if topic not in self._said:
            decode = self.venue.decoder(topic.channel)
            self._said[topic] = [
                message for frame in self.frames(topic) for message in decode(frame, 0)
            ]
        return self._said[topic]

    def greetings(self, topic: Topic) -> set[str]:
        """Return the identities of what subscriptions of a topic began with."""
        if topic not in self._greetings:
            decode, scope = self.venue.decoder(topic.channel), self.venue.scope(topic.channel)
            frames = self._gallery.greetings(scope, self.venue.feed(topic))
            self._greetings[topic] = {
                identity(message) for frame in frames for message in decode(frame, 0)
            }
        return self._greetings[topic]

    def is_chained(self, topic: Topic) -> bool:
        """Tell whether a topic's frames number trades one by one."""
        return any(self.venue.last_trade(frame) is not None for frame in self.frames(topic)[:1])

    def begins(self, topic: Topic) -> list[float]:
        """Return when the client was sent whole books, seconds of the exchange's time."""
        venue = self.venue
        frames = self._gallery.greetings(venue.scope(topic.channel), venue.feed(topic))
        times = (venue.read_book(frame).exchange_time_ns for frame in frames)
        return sorted(time_ns / 1_000_000_000 for time_ns in times if time_ns is not None)

    def note_base(self, topic: Topic) -> bool:
        """Remember the book that the changes begin from; False if there was no change yet."""
        frames = self.frames(topic)
        if not frames:
            return False
        first = self.venue.read_book(frames[0])
        if not first.is_snapshot:
            base = first.previous_sequence
            assert base is not None, "changes that nothing numbers begin with a snapshot"
            self._bases[self.venue.feed(topic)] = self._true_book(topic, base)
        return True

    async def note_orders(self, topic: Topic, now_ns: int) -> None:
        """Remember all resting orders of a book that is numbered by order."""
        venue, feed = self.venue, self.venue.feed(topic)
        if feed in self._orders:
            return  # several channels may come from one
        query = venue.book_query(feed)
        assert query is not None, "a book of orders begins with an answer"
        response = await self._gallery.answered(venue.ask(query, now_ns))
        self._orders[feed] = OrderTruth(*venue.read_book3_answer(response.body))

    def queues(self, topic: Topic, wanted: Iterable[int]) -> Mapping[int, Queues]:
        """Return a book of orders at the sequences that were wanted."""
        updates = map(self.venue.read_book3, self.frames(topic))
        return self._orders[self.venue.feed(topic)].states(updates, wanted)

    def _true_book(self, topic: Topic, place: int) -> BookSides:
        return self._front.true_book(self._market, topic.symbol or "", _ALL_LEVELS, place)

    def books(self, topic: Topic, wanted: Iterable[int]) -> tuple[Mapping[int, Sides], list[int]]:
        """Return the books that were wanted by their places, and all places in order."""
        asked, books, places = set(wanted), {}, []
        for place, sides in self._states(topic):
            places.append(place)
            if place in asked:
                bids, asks = sides
                books[place] = (tuple(sorted(bids.items())[::-1]), tuple(sorted(asks.items())))
        return books, places

    def books_at(self, topic: Topic, wanted: Iterable[int]) -> Mapping[int, Sides]:
        """Return the books of some moments: a snapshot may be taken between two changes."""
        books: dict[int, Sides] = {}
        due = deque(sorted(set(wanted)))
        known: Sides | None = None
        for place, (bids, asks) in self._states(topic):
            while known is not None and due and due[0] < place:
                books[due.popleft()] = known
            if due:
                known = (tuple(sorted(bids.items())[::-1]), tuple(sorted(asks.items())))
        for moment in due:
            if known is not None:
                books[moment] = known
        return books

    def _states(self, topic: Topic) -> Iterator[tuple[int, Folded]]:
        feed = self.venue.feed(topic)
        if feed not in self._updates:
            self._updates[feed] = [self.venue.read_book(each) for each in self.frames(topic)]
        updates = self._updates[feed]
        bids, asks = map(dict, self._bases.get(feed, ((), ())))
        if not updates[0].is_snapshot:
            yield updates[0].previous_sequence or 0, (bids, asks)
        for update in updates:
            if update.is_snapshot:
                bids, asks = {}, {}
            for side, figures in zip((bids, asks), unpack(update.levels), strict=True):
                for price, size in _levels(figures):
                    if size:
                        side[price] = size
                    else:
                        side.pop(price, None)
            yield place_of(update), (bids, asks)

    def is_sound(self, topic: Topic) -> bool:
        """Tell whether the books come out where the exchange's own did."""
        *_, (place, (bids, asks)) = self._states(topic)
        return (bids, asks) == tuple(map(dict, self._true_book(topic, place)))

    def candles(self, symbol: str, interval: str) -> Mapping[int, CandleFigures]:
        """Return what was said last of each candle, by its opening time in seconds."""
        channel = next(each for each in self.venue.channels if each.value == "candles")
        last: dict[int, CandleFigures] = {}
        for message in self.said(Topic(channel, symbol, interval=interval)):
            data = message.data
            figures = (data.open, data.high, data.low, data.close, data.volume)
            last[int(data.open_time)] = figures
        return last


class BooksOf:
    """A topic's books, as the judges of sequences ask for them: by symbol and depth."""

    def __init__(self, truth: VenueTruth, channel: Any, parameter: int) -> None:
        self._truth = truth
        self._channel = channel
        self._parameter = parameter

    def books(
        self, symbol: str, depth: int, wanted: Iterable[int]
    ) -> tuple[Mapping[int, Sides], list[int]]:
        """Return the books that were wanted by their sequences, and all sequences in order."""
        return self._truth.books(Topic(self._channel, symbol, level=self._parameter), wanted)


def _levels(figures: list[str]) -> Iterator[tuple[Decimal, Decimal]]:
    for price, size in zip(figures[::2], figures[1::2], strict=True):
        yield Decimal(price), Decimal(size)
