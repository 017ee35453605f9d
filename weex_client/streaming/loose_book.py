"""A book without sequences: a loss shows in what follows from it, not in a number. Pure."""

from __future__ import annotations

from typing import Any

from weex_client.book import BookState
from weex_client.models import Message
from weex_client.protocol import BookUpdate, Channel, Topic
from weex_client.streaming.book_feed import BookFeed
from weex_client.streaming.trade_chain import Missed

__all__ = ["LooseBookFeed"]

# Bid and ask may cross between two frames of one event; after this a removal was lost
# (Coinbase sheet, 6.3).
_CROSSED_NS = 1_000_000_000


class LooseBookFeed(BookFeed):
    """A book that is not shown while it is crossed, and asked for anew if it stays so.

    The same where trades are missing: what they did to the book may be missing as well.
    """

    is_strict = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._is_crossed = False
        self._crossed_since_ns: int | None = None

    def current(self, topic: Topic) -> Message[Any] | None:
        """Return the book as it stands, if it can be."""
        return None if self._is_crossed else super().current(topic)

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Fold one frame as a whole, at once: a crossing is seen when it comes."""
        self._book.chapter.run.unseen = 0
        super().receive(frame, received_time_ns)

    def show(self, update: BookUpdate, state: BookState | None, received_time_ns: int) -> None:
        """Publish the change, and the book unless it is crossed."""
        self._is_crossed = state is not None and state.is_crossed
        if not self._is_crossed:
            self._crossed_since_ns = None
            super().show(update, state, received_time_ns)
            return
        self._last = (update, received_time_ns)
        _, _, sequence, exchange_time_ns, is_snapshot = update
        facts = (exchange_time_ns, received_time_ns, sequence, is_snapshot)
        for topic, audience in self.audiences.items():
            if topic.channel is not Channel.BOOK:
                audience.publish(self.delta(update, facts))

    def tick(self, exchange_now_ns: int, complete_ns: int) -> bool:
        """Lose a book that stays crossed while the connection brings more."""
        due_ns = self.next_due_ns()
        if due_ns is None or exchange_now_ns < due_ns:
            if self._is_crossed and due_ns is None:
                self._crossed_since_ns = exchange_now_ns
            return True
        if complete_ns < due_ns:
            return False  # what uncrosses it may wait in the socket
        self.lose("bid and ask stayed crossed", exchange_now_ns)
        return True

    def next_due_ns(self) -> int | None:
        """Return when a crossing has lasted too long."""
        since_ns = self._crossed_since_ns
        return since_ns + _CROSSED_NS if self._is_crossed and since_ns is not None else None

    def trades_missed(self, missed: Missed, now_ns: int) -> None:
        """Lose the book: what the trades did to it may be missing as well."""
        if self._book.is_valid:
            self.lose(missed.cause, now_ns)

    def lose(
        self,
        cause: str,
        received_time_ns: int,
        expected: int | None = None,
        received: int | None = None,
    ) -> None:
        """Show nothing until the venue has sent a new snapshot."""
        self._is_crossed, self._crossed_since_ns = False, None
        super().lose(cause, received_time_ns, expected, received)

    def interrupted(self) -> None:
        """Show nothing until the new subscription's snapshot."""
        self._is_crossed, self._crossed_since_ns = False, None
        super().interrupted()
