"""An order book folded from a snapshot and changes. Who sends them, and who reads, is elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from weex_client.errors import DecodeError, SequenceGapError

__all__ = ["BookLevel", "BookSide", "OrderBook", "read_levels"]

BookLevel = tuple[Decimal, Decimal]
"""``(price, size)`` in quote and base units."""


class BookSide:
    """The levels of one side, kept in order of price.

    A level is found by the venue's own spelling of its price: a dict of texts costs a tenth of
    bisecting Decimals, and nearly every change names a level that is there. Another spelling of
    the same price ("1.0" for "1.00") is found by its value.
    """

    __slots__ = ("_levels", "_prices", "_texts")

    def __init__(self) -> None:
        self._levels: dict[str, BookLevel] = {}
        self._prices: list[Decimal] = []  # ascending
        self._texts: list[str] = []  # in the order of _prices

    def __len__(self) -> int:
        return len(self._prices)

    def fold(self, texts: Sequence[str]) -> None:
        """Set the size of each level named; a size of zero removes it, if it is there.

        Args:
            texts: Prices and sizes by turns.

        Raises:
            DecodeError: If a text is not a number that a book can hold. The side is then
                half-changed and must not be shown.
        """
        _check_digits(texts)
        levels = self._levels
        turns = iter(texts)
        try:
            for price_text, size_text in zip(turns, turns, strict=True):
                size = Decimal(size_text)
                level = levels.get(price_text)
                if not size:
                    self._remove(Decimal(price_text) if level is None else level[0])
                elif level is None:
                    self._insert(price_text, Decimal(price_text), size)
                else:
                    levels[price_text] = (level[0], size)
        except (InvalidOperation, ValueError) as exc:
            raise DecodeError(f"levels that are not pairs of numbers: {texts!r:.200}") from exc

    def _insert(self, price_text: str, price: Decimal, size: Decimal) -> None:
        index = bisect_left(self._prices, price)
        if index < len(self._prices) and self._prices[index] == price:
            del self._levels[self._texts[index]]
            self._texts[index] = price_text
        else:
            self._prices.insert(index, price)
            self._texts.insert(index, price_text)
        self._levels[price_text] = (price, size)

    def _remove(self, price: Decimal) -> None:
        index = bisect_left(self._prices, price)
        if index < len(self._prices) and self._prices[index] == price:
            del self._levels[self._texts[index]]
            del self._prices[index]
            del self._texts[index]

    def lowest(self, count: int) -> tuple[BookLevel, ...]:
        """Return up to ``count`` levels, lowest price first."""
        return tuple(map(self._levels.__getitem__, self._texts[:count]))

    def highest(self, count: int) -> tuple[BookLevel, ...]:
        """Return up to ``count`` levels, highest price first."""
        return tuple(map(self._levels.__getitem__, self._texts[: -count - 1 : -1]))


class OrderBook:
    """A book that refuses a gap, and a book that cannot be.

    Empty and without sequence until the first snapshot; ``is_valid`` says whether it may be
    shown. A change that cannot be applied leaves the book invalid until the next snapshot.

    Args:
        window: Levels a side that the venue keeps on the feed: more than that proves that a
            removal was lost. None where the venue keeps no window.
    """

    __slots__ = ("_asks", "_bids", "_window", "is_valid", "sequence")

    def __init__(self, window: int | None = None) -> None:
        self._window = window
        self._bids = BookSide()
        self._asks = BookSide()
        self.sequence: int | None = None
        self.is_valid = False

    def clear(self) -> None:
        """Forget everything, as if just made."""
        self._bids = BookSide()
        self._asks = BookSide()
        self.sequence = None
        self.is_valid = False

    def replace(self, bids: Sequence[str], asks: Sequence[str], sequence: int | None) -> None:
        """Start from a snapshot.

        Args:
            bids: Prices and sizes by turns, as text.
            asks: The same for the other side.
            sequence: The venue's sequence of the snapshot.

        Raises:
            DecodeError: If a text is no number, or the book is crossed or too deep.
        """
        self.clear()
        self._fold(bids, asks)
        self.sequence = sequence
        self.is_valid = True

    def apply(
        self,
        bids: Sequence[str],
        asks: Sequence[str],
        previous_sequence: int | None,
        sequence: int | None,
    ) -> bool:
        """Apply one change as a whole.

        Returns:
            False for a repeat of what the book holds already, which is left out.

        Raises:
            SequenceGapError: If the change does not continue this book.
            DecodeError: If a text is no number, or the book is crossed or too deep after it.
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
        self.is_valid = False
        self._fold(bids, asks)
        self.sequence = sequence
        self.is_valid = True
        return True

    def _fold(self, bids: Sequence[str], asks: Sequence[str]) -> None:
        self._bids.fold(bids)
        self._asks.fold(asks)
        best_bid, best_ask = self._bids.highest(1), self._asks.lowest(1)
        if best_bid and best_ask and best_bid[0][0] >= best_ask[0][0]:
            raise DecodeError(f"crossed book: bid {best_bid[0][0]} at or above ask {best_ask[0][0]}")
        if self._window is not None and max(len(self._bids), len(self._asks)) > self._window:
            raise DecodeError(
                f"{len(self._bids)} bids and {len(self._asks)} asks in a window of {self._window}"
            )

    def view(self, level: int) -> tuple[tuple[BookLevel, ...], tuple[BookLevel, ...]]:
        """Return up to ``level`` bids and asks, best first, as they are now."""
        return self._bids.highest(level), self._asks.lowest(level)


def read_levels(texts: Sequence[str]) -> tuple[BookLevel, ...]:
    """Turn prices and sizes by turns into levels, in the order given.

    Raises:
        DecodeError: If a text is not a number that a book can hold.
    """
    _check_digits(texts)
    try:
        numbers = iter(tuple(map(Decimal, texts)))
        return tuple(zip(numbers, numbers, strict=True))
    except (InvalidOperation, ValueError) as exc:
        raise DecodeError(f"levels that are not pairs of numbers: {texts!r:.200}") from exc


def _check_digits(texts: Sequence[str]) -> None:
    """Refuse signs, NaN and infinities: a price or size begins with a digit.

    Comparing the least and the greatest text costs a third of looking at each.

    Raises:
        DecodeError: If a text begins with anything else.
    """
    if texts and not ("0" <= min(texts) and max(texts) < ":"):
        raise DecodeError(f"a price or size that is no number: {texts!r:.200}")
