"""An order book folded from a snapshot and changes. Who sends them, and who reads, is elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from itertools import compress, islice

from weex_client.errors import DecodeError, SequenceGapError

__all__ = ["BookSide", "OrderBook", "SideMoment"]

SideMoment = tuple[Sequence[Decimal], Sequence[str]]
"""Prices and the sizes at them, as text, best first: one side at one moment, at the least cost."""

# Every way to spell the zero that removes a level: venues differ in how many places they print.
_ZEROS = frozenset(
    whole + point_and_places
    for whole in ("", "0", "00", "000")
    for point_and_places in ("", *("." + "0" * places for places in range(41)))
) - {"", "."}
_NO_NUMBERS = frozenset({"", "."})  # what digits and points may spell that is no number
_NO_SIZES = _ZEROS | _NO_NUMBERS


class BookSide:
    """The levels of one side, kept in order of price.

    Levels are found by the venue's own spelling of their price, and sizes stay text until
    somebody looks: nearly every change gives a new size to a level that is there, and then costs
    one entry of a dict. Another spelling of the same price ("1.0" for "1.00") is found by value.
    """

    __slots__ = ("_names", "_sizes", "prices")

    def __init__(self) -> None:
        self.prices: list[Decimal] = []  # ascending
        self._names: list[str] = []  # the prices as the venue spelled them, in the same order
        self._sizes: dict[str, str] = {}

    def fold(self, texts: Sequence[str]) -> None:
        """Set the size of each level named; a size of zero removes it, if it is there.

        Args:
            texts: Prices and sizes by turns, as ``BookUpdate`` has them.

        Raises:
            DecodeError: If they are no numbers. The side may then be half-changed and must not
                be shown.
        """
        names, changed_sizes, sizes = texts[::2], texts[1::2], self._sizes
        known_count = len(sizes)
        sizes.update(zip(names, changed_sizes, strict=True))
        new_count = len(sizes) - known_count
        if new_count:
            # A dict keeps the order of insertion: the new levels are its last.
            for name in [*islice(reversed(sizes), new_count)][::-1]:
                self._insert(name)
        if not _NO_SIZES.isdisjoint(changed_sizes):
            self._remove_all(compress(names, map(_NO_SIZES.__contains__, changed_sizes)))

    def _insert(self, name: str) -> None:
        try:
            price = Decimal(name)
        except InvalidOperation:
            raise DecodeError(f"a price that is no number: {name!r}") from None
        prices = self.prices
        index = bisect_left(prices, price)
        if index < len(prices) and prices[index] == price:
            del self._sizes[self._names[index]]
            self._names[index] = name
        else:
            prices.insert(index, price)
            self._names.insert(index, name)

    def _remove_all(self, names: Iterable[str]) -> None:
        """Remove the levels whose size is zero now."""
        for name in names:
            size = self._sizes.get(name)
            if size in _ZEROS:
                index = self._names.index(name)  # faster than a Decimal up to about 50 levels
                del self.prices[index], self._names[index], self._sizes[name]
            elif size in _NO_NUMBERS:
                raise DecodeError(f"the size at {name} is no number: {size!r}")

    def lowest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, lowest price first."""
        return self.prices[:count], tuple(map(self._sizes.__getitem__, self._names[:count]))

    def highest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, highest price first."""
        end = -count - 1
        names = self._names[:end:-1]
        return self.prices[:end:-1], tuple(map(self._sizes.__getitem__, names))


class OrderBook:
    """A book that refuses a gap, and a book that cannot be.

    Empty and without sequence until the first snapshot; ``is_valid`` says whether it may be
    shown. A change that cannot be applied leaves the book invalid until the next snapshot.
    Where ``is_folded`` is set to False, only the chain of sequences is checked.

    Args:
        window: Levels a side that the venue keeps on the feed: more than that proves that a
            removal was lost. None where the venue keeps no window.
    """

    __slots__ = ("_asks", "_bids", "_window", "is_folded", "is_valid", "sequence")

    def __init__(self, window: int | None = None) -> None:
        self._window = window
        self._bids = BookSide()
        self._asks = BookSide()
        self.sequence: int | None = None
        self.is_valid = False
        self.is_folded = True

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
        if not self.is_folded:
            if not (_NO_NUMBERS.isdisjoint(bids) and _NO_NUMBERS.isdisjoint(asks)):
                raise DecodeError("a price or size without a digit")
            return
        self._bids.fold(bids)
        self._asks.fold(asks)
        bid_prices, ask_prices = self._bids.prices, self._asks.prices
        if bid_prices and ask_prices and bid_prices[-1] >= ask_prices[0]:
            raise DecodeError(f"crossed book: bid {bid_prices[-1]}, ask {ask_prices[0]}")
        if self._window is not None and max(len(bid_prices), len(ask_prices)) > self._window:
            raise DecodeError(
                f"{len(bid_prices)} bids and {len(ask_prices)} asks in a window of {self._window}"
            )

    def view(self, level: int) -> tuple[SideMoment, SideMoment]:
        """Return up to ``level`` bids and asks, best first, as they are now."""
        return self._bids.highest(level), self._asks.lowest(level)
