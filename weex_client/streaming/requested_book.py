"""A book whose snapshot is asked for over HTTP; how it is asked for: ``asked_feed``. Pure."""

from __future__ import annotations

from typing import Any

from weex_client.errors import DecodeError, SequenceGapError
from weex_client.protocol import BookUpdate
from weex_client.rest import Query
from weex_client.streaming.asked_feed import AskedFeed
from weex_client.streaming.book_feed import BookFeed

__all__ = ["RequestedBookFeed"]


class RequestedBookFeed(AskedFeed, BookFeed):
    """A book that starts from an answer; see ``Venue.book_query``.

    The first frame that the answer does not have in it must continue it, or overlap it: of that
    one, only what is newer counts.
    """

    def __init__(self, *args: Any, query: Query) -> None:
        super().__init__(*args, query=query)
        self._read_book = self._read_onward

    @property
    def has_begun(self) -> bool:
        """Tell whether the book may be shown."""
        return self._book.is_valid

    def digest(self, frame: bytes, received_time_ns: int) -> None:
        """Fold one frame as a whole, then show the book; or ask for a new snapshot."""
        BookFeed.receive(self, frame, received_time_ns)

    def _read_onward(self, frame: bytes) -> BookUpdate:
        """Read a frame, or what of it is newer than the book."""
        update = self._venue.read_book(frame)
        _, previous, sequence, _, _ = update
        at = self._book.sequence
        if at is None or previous is None or sequence is None or not previous < at < sequence:
            return update
        return self._venue.read_book_after(frame, at)._replace(previous_sequence=at)

    def begin(self, body: bytes, received_time_ns: int) -> None:
        """Start from an answer.

        Raises:
            DecodeError: If it cannot be read, or no book can be so.
            SequenceGapError: If it is older than the first frame that waits.
        """
        update = self._venue.read_book_answer(self.feed, body)
        if update.sequence is None:
            raise DecodeError("a snapshot without a sequence: nothing could follow it")
        self._leave_out(update.sequence)
        self._book.replace(update.levels, update.sequence)
        self.show(update, self._book.chapter.watched(), received_time_ns)

    def _leave_out(self, at: int) -> None:
        """Drop the frames that a snapshot has in it, and make sure that the next continues it."""
        while self.waiting:
            frame = self.waiting[0][0]
            try:
                update = self._venue.read_book(frame)
            except DecodeError as exc:
                self.complain(frame, exc)
            else:
                if update.sequence is None or update.sequence > at:
                    _check_age(update, at)
                    return
            self.waiting.popleft()

    def lose(
        self,
        cause: str,
        received_time_ns: int,
        expected: int | None = None,
        received: int | None = None,
    ) -> None:
        """Show nothing until there is a new snapshot, which is asked for."""
        self.count_loss(cause, received_time_ns, expected, received)
        self.lost_chain(received_time_ns)

    def _begin_folding(self) -> None:
        """Keep the book from the next snapshot on, which must be asked for."""
        super()._begin_folding()
        if self.needs_resync:
            self.needs_resync = False
            self._ask()


def _check_age(update: BookUpdate, at: int) -> None:
    previous = update.previous_sequence
    if previous is not None and previous > at:
        raise SequenceGapError(
            f"it stands at {at}, and the changes that are here continue {previous}",
            expected=at,
            received=previous,
        )
