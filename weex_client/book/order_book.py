"""An order book that refuses a gap. Who sends the changes, and who reads, is elsewhere."""

from __future__ import annotations

from weex_client.book.chapter import Chapter, Moment, Run
from weex_client.book.levels import BookState
from weex_client.errors import SequenceGapError

__all__ = ["OrderBook"]

# Changes kept unfolded. Folding so many together costs a third of folding each (2.8 against 8.5 us
# a change of 20 levels); who looks at the last of them first pays for all.
_CHAPTER_CHANGES = 32


class OrderBook:
    """A book that refuses a gap, and a book that cannot be.

    Empty and without sequence until the first snapshot; ``is_valid`` says whether it may be
    shown. A change that cannot be applied leaves the book invalid until the next snapshot.
    Where ``is_folded`` is set to False, only the chain of sequences is checked.

    Args:
        window: Levels a side that the venue keeps on the feed, or None; see ``BookState``.
        is_strict: Whether a crossed book cannot be; see ``BookState``.
    """

    __slots__ = ("_is_strict", "_window", "chapter", "is_folded", "is_valid", "sequence")

    def __init__(self, window: int | None = None, *, is_strict: bool = True) -> None:
        self._window = window
        self._is_strict = is_strict
        self.chapter = Chapter(self._empty(), Run())
        self.sequence: int | None = None
        self.is_valid = False
        self.is_folded = True

    def clear(self) -> None:
        """Forget everything, as if just made."""
        self.chapter = Chapter(self._empty(), Run())
        self.sequence = None
        self.is_valid = False

    def _empty(self) -> BookState:
        return BookState(self._window, is_strict=self._is_strict)

    def replace(self, levels: bytes, sequence: int | None) -> None:
        """Start from a snapshot.

        Args:
            levels: Both sides, as ``BookUpdate`` has them.
            sequence: The venue's sequence of the snapshot.

        Raises:
            DecodeError: If the book is crossed or too deep.
        """
        self.clear()
        if self.is_folded:
            start = self._empty()
            start.fold(levels)
            self.chapter = Chapter(start, self.chapter.run)
        self.sequence = sequence
        self.is_valid = True

    def apply(self, levels: bytes, previous_sequence: int | None, sequence: int | None) -> bool:
        """Take one change as a whole.

        Returns:
            False for a repeat of what the book holds already, which is left out.

        Raises:
            SequenceGapError: If the change does not continue this book.
            DecodeError: If the book is crossed or too deep, and somebody had to look by now.
        """
        if not self.is_valid:
            raise SequenceGapError(
                "a change came before any snapshot", expected=None, received=previous_sequence
            )
        if previous_sequence != self.sequence and previous_sequence is not None:
            if sequence is not None and self.sequence is not None and sequence <= self.sequence:
                return False
            expected = self.sequence
            self.clear()
            raise SequenceGapError(
                f"the book stands at {expected}, the change continues {previous_sequence}",
                expected=expected,
                received=previous_sequence,
            )
        self.sequence = sequence
        if self.is_folded:
            changes = self.chapter.changes
            changes.append(levels)
            if len(changes) == _CHAPTER_CHANGES:
                self.is_valid = False
                self.chapter = self.chapter.next()
                self.is_valid = True
        return True

    def now(self, level: int) -> Moment:
        """Return the moment after the last change, of up to ``level`` levels a side."""
        return Moment(self.chapter, len(self.chapter.changes), level, None)
