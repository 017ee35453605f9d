"""What is kept of each feed between two frames: a book, known trades, the forming candle.

Pure state: time comes in as an argument. Which feeds are subscribed is the session's business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from weex_client.book import OrderBook, SideMoment
from weex_client.errors import DecodeError, SequenceGapError
from weex_client.metrics import ChannelCounters
from weex_client.models import (
    Candle,
    Message,
    OrderBookDelta,
    OrderBookView,
    Payload,
    made_later,
    trusted,
)
from weex_client.protocol import BookUpdate, Channel, Feed, Scope, Topic, Venue
from weex_client.streaming.registry import Audience, Sealed

__all__ = ["BookFeed", "CandleFeed", "FeedState", "FrameFeed", "TradeFeed", "make_feed"]

logger = logging.getLogger("weex_client")

# A venue repeats up to 20 trades (WEEX); at least so many ids are remembered, at most twice that.
_KNOWN_TRADES = 256

# A quiet symbol's candle is closed by the clock, this long after its end, for trades on the way.
_CANDLE_GRACE_NS = 2_000_000_000

Announce = Callable[..., None]

_AnyMessage = Message[Any]  # asking pydantic for it costs more than building one


class Cell(Sealed):
    """A frame that waits, shared by all readers, and the message once one of them asked.

    Bytes in a queue cost the garbage collector nothing, and what no reader takes is never
    decoded (PERFORMANCE: 0.45 against 0.60 of the bare loop).
    """

    __slots__ = ("_feed", "_frame", "_message", "_received_time_ns")

    def __init__(self, feed: DecodedFeed, frame: bytes, received_time_ns: int) -> None:
        self._feed: DecodedFeed | None = feed
        self._frame = frame
        self._received_time_ns = received_time_ns
        self._message: Message[Any] | None = None

    def open(self) -> Message[Any] | None:
        """Decode the frame once; None if it cannot be read."""
        feed = self._feed
        if feed is not None:
            messages = feed.decode(self._frame, self._received_time_ns)
            self._message = messages[0] if messages else None
            self._feed = None
            self._frame = b""
        return self._message


class FeedState:
    """One feed and the audiences of the topics it serves."""

    def __init__(
        self,
        feed: Feed,
        channel: Channel,
        symbol: str | None,
        venue: Venue,
        counters: ChannelCounters,
        announce: Announce,
    ) -> None:
        self.feed = feed
        self.channel = channel
        self.symbol = symbol
        self.counters = counters
        self.audiences: dict[Topic, Audience] = {}
        self.needs_resync = False
        self._venue = venue
        self._announce = announce
        self._is_private = venue.scope(channel) is Scope.PRIVATE
        self._has_complained = False

    def join(self, audience: Audience) -> None:
        """Serve one more topic.

        The dict of audiences is replaced, never changed: a reader whose queue runs over leaves
        in the middle of a publication.
        """
        self.audiences = {**self.audiences, audience.topic: audience}

    def leave(self, topic: Topic) -> bool:
        """Serve a topic no more; return True if none is left."""
        self.audiences = {key: each for key, each in self.audiences.items() if key != topic}
        return not self.audiences

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing can be shown before a snapshot comes."""
        return False

    def current(self, topic: Topic) -> Message[Any] | None:  # noqa: ARG002  # for those who have one
        """Return what a reader who joins now should start from, or None if there is nothing."""
        return None

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Digest one frame and publish what it says."""
        raise NotImplementedError

    def complain(self, frame: bytes, error: DecodeError) -> None:
        """Count an unreadable frame, and log the first of its feed."""
        self.counters.decode_errors += 1
        if not self._has_complained:
            self._has_complained = True
            excerpt = (
                f"{len(frame)} bytes"
                if self._is_private
                else f"{len(frame)} bytes beginning {frame[:200]!r}"
            )
            logger.warning(
                "%s: a frame of %s cannot be read (%s): %s; counted, further ones not logged",
                self._venue.name,
                self.feed,
                error,
                excerpt,
            )

    def interrupted(self) -> None:
        """Forget what a lost connection or a lost change makes wrong."""

    def tick(self, exchange_now_ns: int) -> None:
        """Do what is due by the venue's clock."""

    def next_due_ns(self) -> int | None:
        """Return the venue's time at which ``tick`` has something to do, or None."""
        return None


class DecodedFeed(FeedState):
    """A feed whose frames are messages, or lists of them."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._decode = self._venue.decoder(self.channel)

    def decode(self, frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read a frame into messages; what cannot be read is counted and logged once."""
        try:
            messages = self._decode(frame, received_time_ns)
        except DecodeError as exc:
            self.complain(frame, exc)
            return ()
        for message in messages:
            if message.exchange_time_ns is not None and not message.is_snapshot:
                self.counters.latencies_ns.append(received_time_ns - message.exchange_time_ns)
        return messages

    def publish(self, messages: Iterable[Message[Any]]) -> None:
        """Put decoded messages into every reader's queue."""
        for message in messages:
            for audience in self.audiences.values():
                audience.publish(message)


class FrameFeed(DecodedFeed):
    """Every frame stands for itself: tickers, tops of book, account updates."""

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish the frame: undecoded where it is one message, decoded where it may be more."""
        if self._is_private:
            self.publish(self.decode(frame, received_time_ns))
            return
        cell = Cell(self, frame, received_time_ns)
        for audience in self.audiences.values():
            audience.publish(cell)


class TradeFeed(DecodedFeed):
    """Trades, each once: venues repeat some, most of all after a resubscription."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._known: set[str] = set()
        self._known_before: set[str] = set()
        self._must_bridge = False

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish the trades that are new, oldest first."""
        ids = self._venue.trade_ids(frame)
        if len(ids) == 1 and not self._must_bridge:
            if self._is_new(ids[0]):
                cell = Cell(self, frame, received_time_ns)
                for audience in self.audiences.values():
                    audience.publish(cell)
            return
        messages = self.decode(frame, received_time_ns)
        if messages and self._must_bridge:
            self._bridge(messages, received_time_ns)
        self.publish([message for message in messages if self._is_new(message.data.trade_id)])

    def _is_new(self, trade_id: str) -> bool:
        known = self._known
        if trade_id in known or trade_id in self._known_before:
            return False
        known.add(trade_id)
        if len(known) == _KNOWN_TRADES:
            # Two sets by turns forget the oldest at no cost a trade.
            self._known_before, self._known = known, set()
        return True

    def _bridge(self, messages: Sequence[Message[Any]], received_time_ns: int) -> None:
        """Announce a hole if the replay after an interruption reaches back to nothing known."""
        self._must_bridge = False
        known = self._known | self._known_before
        if not any(message.data.trade_id in known for message in messages):
            self.counters.gaps += 1
            self._announce(
                "gap",
                self,
                received_time_ns,
                cause="the venue's replay after the interruption begins after the last known trade",
            )

    def interrupted(self) -> None:
        """Expect the next frame to reach back to trades that are known."""
        self._must_bridge = bool(self._known or self._known_before)


class CandleFeed(DecodedFeed):
    """The forming candle; closes it when the next begins, or when its time is over."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._forming: Message[Candle] | None = None
        self._closed_until = 0.0

    def current(self, topic: Topic) -> Message[Any] | None:  # noqa: ARG002  # one for all topics
        """Return the forming candle."""
        if self._forming is None:
            return None
        return self._forming.model_copy(update={"is_snapshot": True})

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish candles in time order, each closed once and a late correction as it comes."""
        messages = self.decode(frame, received_time_ns)
        for index, message in enumerate(messages):
            self._take(message, is_last=index == len(messages) - 1)

    def _take(self, message: Message[Candle], *, is_last: bool) -> None:
        open_time = message.data.open_time
        if message.is_snapshot and open_time < self._closed_until:
            return  # known already; after a reconnection the history fills only the hole
        forming = self._forming
        if forming is not None and open_time > forming.data.open_time:
            self._close(forming)
        is_late = forming is not None and open_time < forming.data.open_time
        if is_late or open_time < self._closed_until:
            self.publish([_closed(message)])  # a correction, which does not move the cursor
        elif not is_last:
            # A later candle stands in the same frame: this one is over.
            self._close(message)
        else:
            self._forming = message
            self.publish([message])

    def _close(self, message: Message[Candle]) -> None:
        if message.data.open_time >= self._closed_until:
            self._closed_until = message.data.close_time
            self.publish([_closed(message)])
        self._forming = None

    def tick(self, exchange_now_ns: int) -> None:
        """Close a quiet symbol's candle by the clock."""
        due_ns = self.next_due_ns()
        if due_ns is not None and exchange_now_ns >= due_ns and self._forming is not None:
            self._close(self._forming)

    def next_due_ns(self) -> int | None:
        """Return when the forming candle is over for sure."""
        if self._forming is None:
            return None
        return round(self._forming.data.close_time * 1000) * 1_000_000 + _CANDLE_GRACE_NS

    def interrupted(self) -> None:
        """Do not close by the clock what may have gone on unseen."""
        self._forming = None


def _closed(message: Message[Candle]) -> Message[Candle]:
    data = message.data.model_copy(update={"is_closed": True})
    return message.model_copy(update={"data": data})


class BookFeed(FeedState):
    """An order book, folded before the queue, shown only while it is known to be right.

    While nobody reads views of it, nothing is folded: changes are checked and passed on.
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


def make_feed(
    feed: Feed, topic: Topic, venue: Venue, counters: ChannelCounters, announce: Announce
) -> FeedState:
    """Return the state that fits the channel of a feed's first topic."""
    kinds: dict[Channel, type[FeedState]] = {
        Channel.BOOK: BookFeed,
        Channel.BOOK_DELTAS: BookFeed,
        Channel.TRADES: TradeFeed,
        Channel.CANDLES: CandleFeed,
    }
    kind = kinds.get(topic.channel, FrameFeed)
    return kind(feed, topic.channel, topic.symbol, venue, counters, announce)
