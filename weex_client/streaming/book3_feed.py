"""The feed of a book of orders: every message passed on, and folded into queues. Pure.

The book starts from an answer (``asked_feed``) and goes on by sequences without a hole.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from weex_client.book import OrderBook3, OrderUpdate
from weex_client.errors import DecodeError, SequenceGapError
from weex_client.models import Message, OrderBook3View, OrderQueue, enveloped, trusted
from weex_client.protocol import Topic
from weex_client.rest import Query
from weex_client.streaming.asked_feed import AskedFeed
from weex_client.streaming.feed_state import Cell, DecodedFeed
from weex_client.streaming.registry import Audience

__all__ = ["Book3Feed"]

# A busy product has thousands of messages a second, and the answer with all its orders has tens
# of megabytes: more must be able to wait than for a book by price.
_MAX_WAITING: Final = 100_000

_Queues = tuple[OrderQueue, ...]


class Book3Feed(AskedFeed, DecodedFeed):
    """A channel of single orders: its messages as they are, and the book that they make.

    Topics with a level are views of the book, others the messages themselves. Nothing is asked
    and nothing folded while nobody looks at the book. A view is published when it is different
    from the one before.
    """

    def __init__(self, *args: Any, query: Query) -> None:
        super().__init__(*args, query=query)
        self.waiting = deque(maxlen=_MAX_WAITING)
        self._book = OrderBook3()
        self._sequence: int | None = None  # of the channel's last message
        self._sequence_before: int | None = None  # of the last one on the connection before
        self._shown: dict[Topic, tuple[_Queues, _Queues]] = {}
        self._read: tuple[bytes, OrderUpdate] | None = None
        self._last: tuple[OrderUpdate, int] | None = None

    # Who reads.

    @property
    def _has_views(self) -> bool:
        return any(topic.level is not None for topic in self.audiences)

    @property
    def has_begun(self) -> bool:
        """Tell whether all that is read here can be shown."""
        return self._book.is_valid or not self._has_views

    def join(self, audience: Audience) -> None:
        """Serve one more topic; the first view needs a book, which must be asked for."""
        super().join(audience)
        is_speaking = self._sequence is not None
        if is_speaking and not self.has_begun and not self.is_asking:
            self._ask()

    def leave(self, topic: Topic) -> bool:
        """Serve a topic no more; without views there is no book to keep."""
        self._shown.pop(topic, None)
        is_last = super().leave(topic)
        if not self._has_views:
            self._book.clear()
            self.waiting.clear()
        return is_last

    def current(self, topic: Topic) -> Message[Any] | None:
        """Return the book as it stands, so that a reader need not wait for the next message."""
        if topic.level is None or not self._book.is_valid or self._last is None:
            return None
        return self._message(self._look(topic.level), *self._last, is_snapshot=True)

    # What comes in.

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Pass a message on, and fold it in its turn."""
        try:
            update = self._venue.read_book3(frame)
        except DecodeError as exc:
            self.complain(frame, exc)
            self._lose(str(exc), received_time_ns, self._sequence, None)
            return
        if not self._follows(update, received_time_ns):
            return
        cell = Cell(self, frame, received_time_ns)
        for topic, audience in self.audiences.items():
            if topic.level is None:
                audience.publish(cell)
        if self._has_views:
            self._read = (frame, update)
            super().receive(frame, received_time_ns)

    def _follows(self, update: OrderUpdate, received_time_ns: int) -> bool:
        """Check the channel's own sequence; return False for what was told already."""
        sequence, last = update.sequence, self._sequence
        if sequence is None:
            return True
        if last is not None and sequence <= last:
            self.counters.stale += 1
            return False
        self._sequence = sequence
        if last is None:
            self._tell_missed(sequence, received_time_ns)
        elif sequence != last + 1:
            self._lose("the venue skipped messages", received_time_ns, last, sequence)
        return True

    def _tell_missed(self, sequence: int, received_time_ns: int) -> None:
        """Tell readers of messages which they missed between two connections.

        A view of the book says itself where it begins anew.
        """
        before, self._sequence_before = self._sequence_before, None
        has_readers = any(topic.level is None for topic in self.audiences)
        if before is not None and sequence > before + 1 and has_readers:
            cause = "messages are missing between two connections"
            self._tell_gap(cause, received_time_ns, before, sequence)

    def digest(self, frame: bytes, received_time_ns: int) -> None:
        """Fold one message, and show the book if it looks different."""
        read = self._read
        update = read[1] if read is not None and read[0] is frame else None
        if update is None:
            update = self._venue.read_book3(frame)  # it was read before: it can be
        try:
            if not self._book.apply(update):
                return
        except SequenceGapError as gap:
            before = None if gap.expected is None else gap.expected - 1
            self._lose("messages are missing", received_time_ns, before, gap.received)
            return
        except DecodeError as exc:
            self._lose(str(exc), received_time_ns, update.sequence, None)
            return
        self._last = (update, received_time_ns)
        self._show(is_snapshot=False)
        if update.exchange_time_ns is not None:
            self.counters.latencies_ns.append(received_time_ns - update.exchange_time_ns)

    def begin(self, body: bytes, received_time_ns: int) -> None:
        """Start from an answer; messages that it has in it are left out.

        Raises:
            DecodeError: If it cannot be read, or no book can be so.
            SequenceGapError: If it is older than the first message that waits.
        """
        orders, sequence = self._venue.read_book3_answer(body)
        while self.waiting:
            update = self._venue.read_book3(self.waiting[0][0])
            if update.sequence is not None and update.sequence > sequence:
                if update.sequence != sequence + 1:
                    raise SequenceGapError(
                        f"it stands at {sequence}, and the messages that are here begin with"
                        f" {update.sequence}",
                        expected=sequence + 1,
                        received=update.sequence,
                    )
                break
            self.waiting.popleft()
        self._book.replace(orders, sequence)
        self._last = (OrderUpdate(sequence, "none"), received_time_ns)
        self._show(is_snapshot=True)

    # What goes out.

    def _show(self, *, is_snapshot: bool) -> None:
        if self._last is None:
            return
        for topic, audience in self.audiences.items():
            if topic.level is None:
                continue
            sides = self._look(topic.level)
            if is_snapshot or self._shown.get(topic) != sides:
                self._shown[topic] = sides
                audience.publish(self._message(sides, *self._last, is_snapshot=is_snapshot))

    def _look(self, level: int) -> tuple[_Queues, _Queues]:
        return self._book.bids(level), self._book.asks(level)

    def _message(
        self,
        sides: tuple[_Queues, _Queues],
        update: OrderUpdate,
        received_time_ns: int,
        *,
        is_snapshot: bool,
    ) -> Message[Any]:
        bids, asks = sides
        view = trusted(OrderBook3View, {"bids": bids, "asks": asks, "sequence": update.sequence})
        return enveloped(
            self._venue.name,
            "book3",
            self.symbol,
            view,
            update.exchange_time_ns,
            received_time_ns,
            update.sequence,
            is_snapshot,
        )

    # What is lost.

    def _lose(
        self, cause: str, received_time_ns: int, before: int | None, after: int | None
    ) -> None:
        """Tell of the hole; show no book until there is an answer after it."""
        self._book.clear()
        self._tell_gap(cause, received_time_ns, before, after)
        if self._has_views:
            self.lost_chain(received_time_ns)

    def _tell_gap(
        self, cause: str, received_time_ns: int, before: int | None, after: int | None
    ) -> None:
        self.counters.gaps += 1
        self._announce(
            "gap",
            self,
            received_time_ns,
            cause=cause,
            from_sequence=before,
            to_sequence=after,
        )

    def interrupted(self) -> None:
        """Show nothing until there is an answer on the next connection."""
        super().interrupted()
        self._book.clear()
        if self._sequence is not None:
            self._sequence_before = self._sequence
        self._sequence = None
