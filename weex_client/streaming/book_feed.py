"""The feed of an order book: checked before the queue, shown only while it is known to be right."""

from __future__ import annotations

from typing import Any, ClassVar

from weex_client.book import BookState, Chapter, Moment, OrderBook, Sides, pack
from weex_client.errors import DecodeError, SequenceGapError
from weex_client.models import (
    Message,
    OrderBookDelta,
    OrderBookView,
    enveloped,
    made_later,
)
from weex_client.protocol import BookUpdate, Channel, Topic
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.registry import Audience, Sealed

__all__ = ["BookFeed"]

_NO_LEVELS = pack((), ())

# More than any venue keeps.
_ALL_LEVELS = 1_000_000


class BookFeed(FeedState):
    """An order book, checked before the queue, shown only while it is known to be right.

    Changes are folded when a reader looks, or a few at a time. Until somebody reads views of it,
    or joins readers of raw changes, nothing is folded at all: changes are checked and passed on.
    """

    is_strict: ClassVar[bool] = True  # whether no frame may leave the book crossed

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.venue_name = self._venue.name
        self._read_book = self._venue.read_book
        self._book = OrderBook(self._venue.book_window(self.feed), is_strict=self.is_strict)
        self._book.is_folded = False
        self._is_dead = False
        self._last: tuple[BookUpdate, int] | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether the book must not be shown; a symbol without a book waits for nothing."""
        return not self._book.is_valid and not self._is_dead

    def join(self, audience: Audience) -> None:
        """Serve one more topic; the first view needs a book to start from."""
        super().join(audience)
        if audience.topic.channel is Channel.BOOK:
            self._begin_folding()

    def _begin_folding(self) -> None:
        """Keep the book from the next snapshot on; only the venue has one to start from."""
        book = self._book
        if not book.is_folded:
            book.is_folded = True
            self.needs_resync = book.is_valid
            book.clear()

    def current(self, topic: Topic) -> Message[Any] | None:
        """Return the book as it stands, so that a reader need not wait for the next change."""
        if not self._book.is_valid or self._last is None:
            return None
        update, received_time_ns = self._last
        facts = (update.exchange_time_ns, received_time_ns, update.sequence, True)
        if topic.channel is not Channel.BOOK and not self._book.is_folded:
            self._begin_folding()
            return None
        chapter, level = self._book.chapter, topic.level or 1
        if topic.channel is not Channel.BOOK:
            # What keeps its own book gets all that the venue's changes go on from.
            level = self._venue.book_window(self.feed) or _ALL_LEVELS
        try:
            sides = chapter.state(len(chapter.changes)).view(level)
        except DecodeError:
            return None  # the next frame's digestion loses the book
        message = ViewCell(self, chapter, level, sides, facts).open()
        if message is None or topic.channel is Channel.BOOK:
            return message
        delta = OrderBookDelta(
            bids=message.data.bids, asks=message.data.asks, sequence=update.sequence
        )
        return enveloped(self.venue_name, "book_deltas", self.symbol, delta, *facts)

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Fold one frame as a whole, then show the book; or ask for a new snapshot."""
        book = self._book
        try:
            update = self._read_book(frame)
            if update.is_snapshot:
                if not self._start(update, received_time_ns):
                    return
            elif not book.is_valid or not book.apply(*update[:3]):
                return  # the snapshot is on its way, or the venue repeats itself
            state = book.chapter.watched()
        except SequenceGapError as gap:
            self.lose("the venue skipped changes", received_time_ns, gap.expected, gap.received)
            return
        except DecodeError as exc:
            self.complain(frame, exc)
            self.lose(str(exc), received_time_ns, book.sequence)
            return
        self.show(update, state, received_time_ns)
        exchange_time_ns = update[3]
        if exchange_time_ns is not None:
            self.counters.latencies_ns.append(received_time_ns - exchange_time_ns)

    def show(self, update: BookUpdate, state: BookState | None, received_time_ns: int) -> None:
        """Publish a change, and the book after it.

        Args:
            update: What has changed.
            state: The book, if somebody looks; then a view has its levels from the start.
            received_time_ns: When it came.
        """
        book = self._book
        self._last = (update, received_time_ns)
        _, _, sequence, exchange_time_ns, is_snapshot = update
        facts = (exchange_time_ns, received_time_ns, sequence, is_snapshot)
        for topic, audience in self.audiences.items():
            if topic.channel is Channel.BOOK:
                level = topic.level or 1
                sides = None if state is None else state.view(level)
                cell = ViewCell(self, book.chapter, level, sides, facts)
                for push in audience.pushes:
                    push(cell)
            else:
                audience.publish(self.delta(update, facts))

    def _start(self, update: BookUpdate, received_time_ns: int) -> bool:
        """Start from a snapshot; return False where the venue keeps no book."""
        self._is_dead = update.levels == _NO_LEVELS and not update.sequence
        if self._is_dead:
            # A delisted symbol is acknowledged and then gets this (WEEX sheet, section 4).
            self._book.clear()
            self._announce(
                "stale", self, received_time_ns, cause="the venue keeps no book of this symbol"
            )
            return False
        last = None if self._last is None else self._last[0].sequence
        if last is not None and update.sequence is not None and update.sequence < last:
            # The venue's word counts: changes may go on from there, or show it to be wrong.
            self.counters.gaps += 1
            self._announce(
                "gap",
                self,
                received_time_ns,
                cause="the venue's snapshot is older than what it sent before",
                from_sequence=last,
                to_sequence=update.sequence,
            )
        self._book.replace(update.levels, update.sequence)
        return True

    def lose(
        self,
        cause: str,
        received_time_ns: int,
        expected: int | None = None,
        received: int | None = None,
    ) -> None:
        """Show nothing until the venue has sent a new snapshot."""
        self.needs_resync = True
        self.count_loss(cause, received_time_ns, expected, received)

    def count_loss(
        self, cause: str, received_time_ns: int, expected: int | None, received: int | None
    ) -> None:
        """Show nothing any more, count it and tell."""
        self._last = None  # what comes may begin anywhere: the hole is told
        self._book.clear()
        self.counters.gaps += 1
        self._announce(
            "gap",
            self,
            received_time_ns,
            cause=cause,
            from_sequence=expected,
            to_sequence=received,
        )

    def interrupted(self) -> None:
        """Show nothing until the new subscription's snapshot."""
        self._is_dead = False
        self._last = None
        self._book.clear()

    def delta(self, update: BookUpdate, facts: tuple[Any, ...]) -> Message[Any]:
        """Return a change for those who keep their own book."""
        previous_sequence = None if update.is_snapshot else update.previous_sequence
        delta = made_later(
            OrderBookDelta,
            {"previous_sequence": previous_sequence, "sequence": update.sequence},
            update.levels,
        )
        return enveloped(self.venue_name, "book_deltas", self.symbol, delta, *facts)


class ViewCell(Sealed):
    """A moment of a book, and the message once one of its readers asked.

    Messages that wait cost more than making them does: the garbage collector walks them
    (measured: 20,000 of them waiting add 8 us to each).
    """

    __slots__ = ("_chapter", "_facts", "_feed", "_level", "_message", "_position", "_sides")

    def __init__(
        self,
        feed: BookFeed,
        chapter: Chapter,
        level: int,
        sides: Sides | None,
        facts: tuple[Any, ...],
    ) -> None:
        self._feed: BookFeed | None = feed
        self._chapter = chapter
        self._position = len(chapter.changes)
        self._level = level
        self._sides = sides
        self._facts = facts
        self._message: Message[Any] | None = None

    def open(self) -> Message[Any] | None:
        """Make the message, once; None if the book must not be shown."""
        feed = self._feed
        if feed is not None:
            self._feed = None
            chapter, position, facts = self._chapter, self._position, self._facts
            if chapter.may_show(position):
                moment = Moment(chapter, position, self._level, self._sides)
                view = made_later(OrderBookView, {"sequence": facts[2]}, moment)
                self._message = enveloped(feed.venue_name, "book", feed.symbol, view, *facts)
        return self._message
