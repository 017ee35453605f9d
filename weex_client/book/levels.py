"""The levels of a book at one moment, folded from texts. How moments follow each other: chapter."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import compress, islice

from weex_client.errors import DecodeError

__all__ = ["BookSide", "BookState", "SideMoment", "Sides", "pack", "unpack"]

SideMoment = tuple[Sequence[Decimal], Sequence[str]]
"""Prices and the sizes at them, as text, best first: one side at one moment, at the least cost."""

Sides = tuple[SideMoment, SideMoment]
"""Bids and asks."""

# Every way to spell the zero that removes a level: venues differ in how many places they print.
_ZEROS = frozenset(
    whole + point_and_places
    for whole in ("", "0", "00", "000")
    for point_and_places in ("", *("." + "0" * places for places in range(41)))
) - {"", "."}


def pack(bids: Sequence[str], asks: Sequence[str]) -> bytes:
    """Write both sides of a change, prices and sizes by turns, as ``BookUpdate`` has them."""
    return f"{','.join(bids)},:{','.join(asks)}".encode("ascii")


def unpack(levels: bytes) -> tuple[list[str], list[str]]:
    """Read what ``pack`` wrote."""
    bids, _, asks = levels.partition(b",:")
    return _numerals(bids), _numerals(asks)


def _numerals(side: bytes) -> list[str]:
    return side.decode("ascii").split(",") if side else []


class BookSide:
    """The levels of one side, kept in order of price.

    Levels are found by the venue's own spelling of their price, and sizes stay text until
    somebody looks: nearly every change gives a new size to a level that is there, and then costs
    one entry of a dict. Another spelling of the same price ("1.0" for "1.00") is found by value.
    """

    __slots__ = ("_is_plain", "_names", "_sizes", "prices")

    def __init__(self) -> None:
        self.prices: list[Decimal] = []  # ascending
        self._names: list[str] = []  # the prices as the venue spelled them, in the same order
        self._sizes: dict[str, str] = {}
        self._is_plain = True  # no two ways to spell a price: names sort as the prices do

    def copy(self) -> BookSide:
        """Return another side with the same levels."""
        side = BookSide()
        side.prices = self.prices.copy()
        side._names = self._names.copy()  # one of us
        side._sizes = self._sizes.copy()
        side._is_plain = self._is_plain
        return side

    def fold(self, texts: Sequence[str]) -> None:
        """Set the size of each level named; a size of zero removes it, if it is there.

        Args:
            texts: Prices and sizes by turns; numerals, as ``BookUpdate`` says.
        """
        names, changed_sizes, sizes = texts[::2], texts[1::2], self._sizes
        known_count = len(sizes)
        sizes.update(zip(names, changed_sizes, strict=True))
        new_count = len(sizes) - known_count
        if new_count:
            # A dict keeps the order of insertion: the new levels are its last.
            for name in [*islice(reversed(sizes), new_count)][::-1]:
                self._insert(name)
        if not _ZEROS.isdisjoint(changed_sizes):
            self._remove_all(compress(names, map(_ZEROS.__contains__, changed_sizes)))

    def _insert(self, name: str) -> None:
        price = Decimal(name)
        prices = self.prices
        self._is_plain &= _is_plain(name) and (not prices or price.same_quantum(prices[0]))
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
            if self._sizes.get(name) in _ZEROS:
                index = self._names.index(name)  # faster than a Decimal up to about 50 levels
                del self.prices[index], self._names[index], self._sizes[name]

    def gathered(self, texts: Sequence[str]) -> dict[str, str] | None:
        """Return the last word of several changes, one behind the other, about each level.

        Returns:
            Sizes by price, or None where a price is spelled in several ways: then the changes
            must be folded one after another.
        """
        by_turns = iter(texts)
        gathered = dict(zip(by_turns, by_turns, strict=True))
        names = gathered.keys() - self._sizes.keys()
        if names:
            prices = [*map(Decimal, names)]
            pattern = self.prices[0] if self.prices else prices[0]
            if not all(map(pattern.same_quantum, prices)) or not all(map(_is_plain, names)):
                return None
        return gathered if self._is_plain else None

    def settle(self, gathered: dict[str, str]) -> None:
        """Set what ``gathered`` returned."""
        sizes = self._sizes
        known_count = len(sizes)
        sizes.update(gathered)
        has_changed = len(sizes) > known_count
        if not _ZEROS.isdisjoint(gathered.values()):
            has_changed = True
            for name in compress(gathered, map(_ZEROS.__contains__, gathered.values())):
                del sizes[name]
        if has_changed:
            prices = dict(zip(self._names, self.prices, strict=True))
            # As many places everywhere: shorter is less, and of equal length the texts tell.
            self._names = sorted(sizes)
            self._names.sort(key=len)
            self.prices = [prices.get(name) or Decimal(name) for name in self._names]

    def lowest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, lowest price first."""
        return self.prices[:count], tuple(map(self._sizes.__getitem__, self._names[:count]))

    def highest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, highest price first."""
        end = -count - 1
        names = self._names[:end:-1]
        return self.prices[:end:-1], tuple(map(self._sizes.__getitem__, names))


def _is_plain(name: str) -> bool:
    """Tell whether a price is spelled without noughts, or a point, that it could do without."""
    return name[0] != "." != name[-1] and (name[0] != "0" or name[1:2] == ".")


class BookState:
    """Both sides of a book at one moment, checked against what no book can be.

    Args:
        window: Levels a side that the venue keeps on the feed: more than that proves that a
            removal was lost. None where the venue keeps no window.
    """

    __slots__ = ("_window", "asks", "bids")

    def __init__(self, window: int | None = None) -> None:
        self._window = window
        self.bids = BookSide()
        self.asks = BookSide()

    def copy(self) -> BookState:
        """Return another state with the same levels."""
        state = BookState(self._window)
        state.bids, state.asks = self.bids.copy(), self.asks.copy()
        return state

    def fold(self, levels: bytes) -> None:
        """Fold one change.

        Raises:
            DecodeError: If the book is crossed or too deep after it; it must not be shown then.
        """
        bids, asks = unpack(levels)
        self.bids.fold(bids)
        self.asks.fold(asks)
        self._check()

    def fold_all(self, changes: Sequence[bytes]) -> None:
        """Fold several changes, of whose moments nobody wants to see but the last.

        Raises:
            DecodeError: If the book is crossed or too deep after the last.
        """
        sides = [levels.partition(b",:") for levels in changes]
        bids = self.bids.gathered(_numerals(b",".join([side[0] for side in sides if side[0]])))
        asks = self.asks.gathered(_numerals(b",".join([side[2] for side in sides if side[2]])))
        if bids is None or asks is None:
            for levels in changes:
                self.fold(levels)
        else:
            self.bids.settle(bids)
            self.asks.settle(asks)
            self._check()

    def view(self, level: int) -> Sides:
        """Return up to ``level`` bids and asks, best first, as they are now."""
        return self.bids.highest(level), self.asks.lowest(level)

    def _check(self) -> None:
        bids, asks = self.bids.prices, self.asks.prices
        if bids and asks and bids[-1] >= asks[0]:
            raise DecodeError(f"crossed book: bid {bids[-1]}, ask {asks[0]}")
        if self._window is not None and max(len(bids), len(asks)) > self._window:
            raise DecodeError(
                f"{len(bids)} bids and {len(asks)} asks in a window of {self._window}"
            )
