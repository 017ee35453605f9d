"""Stretches of a book's history, any moment of which can be shown. What may follow: order_book."""

from __future__ import annotations

from weex_client.book.levels import BookState, SideMoment, Sides
from weex_client.errors import DecodeError

__all__ = ["Chapter", "Moment", "Run"]

# A reader who left so many books unlooked at is not expected to look at the next.
_PATIENCE = 8


class Run:
    """What all moments since one snapshot have in common: whether readers look, and the fault.

    Attributes:
        unseen: Books handed out since a reader looked into one.
        fault: What no book can be, once somebody met it.
        broken_from: The first moment that must not be shown: chapter and changes in it.
    """

    __slots__ = ("broken_from", "fault", "unseen")

    def __init__(self) -> None:
        self.unseen = 0
        self.fault: DecodeError | None = None
        self.broken_from = (0, 0)


class Chapter:
    """A stretch of a book's history: how it began, and the changes since, as they came.

    Every moment of it can be shown. Moments are cheapest in the order of time.
    """

    __slots__ = ("_cursor", "_number", "_position", "_start", "changes", "run")

    def __init__(self, start: BookState, run: Run, number: int = 0) -> None:
        self.changes: list[bytes] = []
        self.run = run
        self._number = number
        self._start = start
        self._cursor: BookState | None = None
        self._position = 0

    def next(self) -> Chapter:
        """Return the chapter that begins where this one ends.

        Raises:
            DecodeError: If the book cannot be at the end of this one.
        """
        state, self._cursor = self._cursor, None
        if state is None:
            state, self._position = self._start.copy(), 0
        try:
            state.fold_all(self.changes[self._position :])
        except DecodeError:
            self.state(len(self.changes))  # finds the first moment at fault, and raises
            raise
        return Chapter(state, self.run, self._number + 1)

    def may_show(self, position: int) -> bool:
        """Tell whether a moment may be handed out: False behind a fault that somebody met."""
        run = self.run
        run.unseen += 1
        return run.fault is None or (self._number, position) < run.broken_from

    def watched(self) -> BookState | None:
        """Return the book after the last change if readers look at what they get, else None.

        So a reader who looks at books never gets one that cannot be; ``Moment`` tells the
        others, should they come to look.

        Raises:
            DecodeError: If the book cannot be, or could not when somebody looked.
        """
        run = self.run
        if run.unseen > _PATIENCE and run.fault is None:
            return None
        return self.state(len(self.changes))

    def state(self, position: int) -> BookState:
        """Return the book after so many changes; it stays so until the next call.

        Raises:
            DecodeError: If the book cannot be; it is not shown from there to the next snapshot.
        """
        run = self.run
        if run.fault is not None and (self._number, position) >= run.broken_from:
            raise DecodeError(f"this book cannot be shown: {run.fault}")
        cursor = self._cursor
        if cursor is None or position < self._position:
            cursor = self._cursor = self._start.copy()
            self._position = 0
        while self._position < position:
            try:
                cursor.fold(self.changes[self._position])
            except DecodeError as exc:
                self._cursor = None
                # Without its traceback, which would keep all that it passed through.
                run.fault = DecodeError(str(exc))
                run.broken_from = (self._number, self._position + 1)
                raise
            self._position += 1
        return cursor


class Moment:
    """One moment of a book, ready to be looked at.

    Args:
        chapter: The stretch of history that it is in.
        position: How many of its changes came before.
        level: How many levels a side are shown.
        sides: Both sides, where they were looked up at that moment.
    """

    __slots__ = ("_chapter", "_level", "_position", "_sides")

    def __init__(self, chapter: Chapter, position: int, level: int, sides: Sides | None) -> None:
        self._chapter = chapter
        self._position = position
        self._level = level
        self._sides = sides

    def bids(self) -> SideMoment:
        """Return the bids, best first; raises ``DecodeError`` if the book cannot be."""
        return self._seen()[0]

    def asks(self) -> SideMoment:
        """Return the asks, best first; raises ``DecodeError`` if the book cannot be."""
        return self._seen()[1]

    def _seen(self) -> Sides:
        self._chapter.run.unseen = 0
        if self._sides is None:
            self._sides = self._chapter.state(self._position).view(self._level)
        return self._sides
