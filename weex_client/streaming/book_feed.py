"""The feed of an order book: folded before the queue, shown only while it is known to be right."""

from __future__ import annotations

from typing import Any

from weex_client.book import OrderBook, SideMoment
from weex_client.errors import DecodeError, SequenceGapError
from weex_client.models import (
    Message,
    OrderBookDelta,
    OrderBookView,
    Payload,
    made_later,
    trusted,
)
from weex_client.protocol import BookUpdate, Channel, Topic
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.registry import Audience, Sealed

__all__ = ["BookFeed"]

_AnyMessage = Message[Any]  # asking pydantic for it costs more than building one


class BookFeed(FeedState):
    """An order book, folded before the queue, shown only while it is known to be right.

    Until somebody reads views of it, or joins readers of raw changes, nothing is folded: changes
    are checked and passed on. Folding then goes on for as long as the feed is subscribed.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._venue_name = self._venue.name
        self._read_book = self._venue.read_book
        self._book = OrderBook(self._venue.book_window(self.feed))
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
        update = update._replace(is_snapshot=True)
        if topic.channel is Channel.BOOK:
            sides = self._book.view(topic.level or 1)
            return ViewCell(self, sides, *update[3:], received_time_ns).open()
        if not self._book.is_folded:
            self._begin_folding()
            return None
        view = made_later(OrderBookView, {}, *self._book.view(topic.level or 1))
        delta = OrderBookDelta(bids=view.bids, asks=view.asks, sequence=update.sequence)
        return self.message("book_deltas", delta, *update[3:], received_time_ns)

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Fold one frame as a whole, then show the book; or ask for a new snapshot."""
        book = self._book
        try:
            update = self._read_book(frame)
            if update.is_snapshot:
                if not self._start(update, received_time_ns):
                    return
            elif not book.is_valid or not book.apply(*update[:4]):
                return  # the snapshot is on its way, or the venue repeats itself
        except SequenceGapError as gap:
            self._lose("the venue skipped changes", received_time_ns, gap.expected, gap.received)
            return
        except DecodeError as exc:
            self.complain(frame, exc)
            self._lose(str(exc), received_time_ns, book.sequence, None)
            return
        self._last = (update, received_time_ns)
        for topic, audience in self.audiences.items():
            if topic.channel is Channel.BOOK:
                sides = book.view(topic.level or 1)
                audience.publish(ViewCell(self, sides, *update[3:], received_time_ns))
            else:
                audience.publish(self._delta(update, received_time_ns))
        if update.exchange_time_ns is not None:
            self.counters.latencies_ns.append(received_time_ns - update.exchange_time_ns)

    def _start(self, update: BookUpdate, received_time_ns: int) -> bool:
        """Start from a snapshot; return False where the venue keeps no book."""
        self._is_dead = not update.bids and not update.asks and not update.sequence
        if self._is_dead:
            # A delisted symbol is acknowledged and then gets this (WEEX sheet, section 4).
            self._book.clear()
            self._announce(
                "stale", self, received_time_ns, cause="the venue keeps no book of this symbol"
            )
            return False
        self._book.replace(update.bids, update.asks, update.sequence)
        return True

    def _lose(
        self, cause: str, received_time_ns: int, expected: int | None, received: int | None
    ) -> None:
        """Show nothing until the venue has sent a new snapshot."""
        self._book.clear()
        self.needs_resync = True
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
        self._book.clear()

    def _delta(self, update: BookUpdate, received_time_ns: int) -> Message[Any]:
        previous_sequence = None if update.is_snapshot else update.previous_sequence
        delta = made_later(
            OrderBookDelta,
            {"previous_sequence": previous_sequence, "sequence": update.sequence},
            update.bids,
            update.asks,
        )
        return self.message("book_deltas", delta, *update[3:], received_time_ns)

    def message(
        self,
        channel: str,
        data: Payload,
        sequence: int | None,
        exchange_time_ns: int | None,
        is_snapshot: bool,
        received_time_ns: int,
    ) -> Message[Any]:
        """Put a book, or a change of it, into its envelope."""
        time_ns = received_time_ns if exchange_time_ns is None else exchange_time_ns
        return trusted(
            _AnyMessage,
            {
                "venue": self._venue_name,
                "channel": channel,
                "symbol": self.symbol,
                "data": data,
                "timestamp": time_ns / 1_000_000_000,
                "exchange_time_ns": exchange_time_ns,
                "received_time_ns": received_time_ns,
                "sequence": sequence,
                "is_snapshot": is_snapshot,
            },
        )


class ViewCell(Sealed):
    """The levels of a book at one moment, and the message once one of its readers asked.

    Messages that wait cost more than making them does: the garbage collector walks them
    (measured: 20,000 of them waiting add 8 us to each).
    """

    __slots__ = ("_facts", "_feed", "_message", "_sides")

    def __init__(
        self,
        feed: BookFeed,
        sides: tuple[SideMoment, SideMoment],
        *facts: Any,
    ) -> None:
        self._feed = feed
        self._sides = sides
        self._facts = facts
        self._message: Message[Any] | None = None

    def open(self) -> Message[Any]:
        """Make the message, once."""
        message = self._message
        if message is None:
            view = made_later(OrderBookView, {"sequence": self._facts[0]}, *self._sides)
            message = self._message = self._feed.message("book", view, *self._facts)
        return message
