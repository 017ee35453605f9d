"""The levels of a book at one moment, folded from texts. How moments follow each other: chapter."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import compress, islice

from weex_client.errors import DecodeError

__all__ = ["BookSide", "BookState", "SideMoment", "Sides", "pack", "unpack"]

SideMoment = tuple[Sequence[str], Sequence[str]]
"""Prices and the sizes at them, as text, best first: one side at one moment, at the least cost."""

Sides = tuple[SideMoment, SideMoment]
"""Bids and asks."""

# Every way to spell the zero that removes a level: venues differ in how many places they print.
_ZEROS = frozenset(
    whole + point_and_places
    for whole in ("", "0", "00", "000")
    for point_and_places in ("", *("." + "0" * places for places in range(41)))
) - {"", "."}


# Whole books have tens of thousands of prices of many forms: looking at each of them for every
# stretch of history costs more than comparing the few that change by value.
_FEW = 1000

_NONE = -2  # a place that ``str.find`` never gives


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

    Prices and sizes stay text, spelled as the venue did, until somebody looks: nearly every change
    gives a new size to a level that is there, and then costs one entry of a dict. While all prices
    are of one form, so many digits with the point at one place, texts sort as their numbers do;
    else they are compared by value, and another spelling of a price ("1.0" for "1.00") is found.
    """

    __slots__ = ("_point", "_sizes", "_width", "names")

    def __init__(self) -> None:
        self.names: list[str] = []  # the prices, ascending
        self._sizes: dict[str, str] = {}
        self._width = _NONE  # of all prices, or none of them is like the others
        self._point = _NONE

    def copy(self) -> BookSide:
        """Return another side with the same levels."""
        side = BookSide()
        side.names = self.names.copy()
        side._sizes = self._sizes.copy()
        forms = {(self._width, self._point)}
        if self._width == _NONE and len(self.names) <= _FEW:
            forms = {(len(name), name.find(".")) for name in self.names}
        if len(forms) == 1:
            side._width, side._point = forms.pop()
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
                if len(name) == self._width and name.find(".") == self._point:
                    self.names.insert(bisect_left(self.names, name), name)
                else:
                    self._insert_by_value(name)
        if not _ZEROS.isdisjoint(changed_sizes):
            self._remove_all(compress(names, map(_ZEROS.__contains__, changed_sizes)))

    def _insert_by_value(self, name: str) -> None:
        names = self.names
        self._width, self._point = (_NONE, _NONE) if names else (len(name), name.find("."))
        price = Decimal(name)
        index = bisect_left(names, price, key=Decimal)
        if index < len(names) and Decimal(names[index]) == price:
            del self._sizes[names[index]]
            names[index] = name
        else:
            names.insert(index, name)

    def _remove_all(self, removed: Iterable[str]) -> None:
        """Remove the levels whose size is zero now."""
        names, sizes = self.names, self._sizes
        for name in removed:
            if sizes.get(name) in _ZEROS:
                del sizes[name]
                if self._width != _NONE:
                    del names[bisect_left(names, name)]
                else:
                    del names[bisect_left(names, Decimal(name), key=Decimal)]

    def gathered(self, texts: Sequence[str]) -> dict[str, str] | None:
        """Return the last word of several changes, one behind the other, about each level.

        Returns:
            Sizes by price, or None where prices are of several forms: then the changes must be
            folded one after another.
        """
        by_turns = iter(texts)
        gathered = dict(zip(by_turns, by_turns, strict=True))
        forms = {(len(name), name.find(".")) for name in gathered.keys() - self._sizes.keys()}
        is_of_one_form = forms <= {(self._width, self._point)}
        return gathered if is_of_one_form and self._width != _NONE else None

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
            self.names = sorted(sizes)

    def lowest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, lowest price first."""
        names = self.names[:count]
        return names, tuple(map(self._sizes.__getitem__, names))

    def highest(self, count: int) -> SideMoment:
        """Return up to ``count`` levels, highest price first."""
        names = self.names[: -count - 1 : -1]
        return names, tuple(map(self._sizes.__getitem__, names))


class BookState:
    """Both sides of a book at one moment, checked against what no book can be.

    Args:
        window: Levels a side that the venue keeps on the feed: more than that proves that a
            removal was lost. None where the venue keeps no window.
        is_strict: Whether a crossed book cannot be; where False, ``is_crossed`` tells.
    """

    __slots__ = ("_is_strict", "_window", "asks", "bids")

    def __init__(self, window: int | None = None, *, is_strict: bool = True) -> None:
        self._window = window
        self._is_strict = is_strict
        self.bids = BookSide()
        self.asks = BookSide()

    def copy(self) -> BookState:
        """Return another state with the same levels."""
        state = BookState(self._window, is_strict=self._is_strict)
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

    @property
    def is_crossed(self) -> bool:
        """Tell whether somebody seems to bid more than another asks."""
        bids, asks = self.bids.names, self.asks.names
        return bool(bids and asks) and _is_crossed(bids[-1], asks[0])

    def _check(self) -> None:
        bids, asks = self.bids.names, self.asks.names
        if self._is_strict and bids and asks and _is_crossed(bids[-1], asks[0]):
            raise DecodeError(f"crossed book: bid {bids[-1]:.40}, ask {asks[0]:.40}")
        if self._window is not None and max(len(bids), len(asks)) > self._window:
            raise DecodeError(
                f"{len(bids)} bids and {len(asks)} asks in a window of {self._window}"
            )


def _is_crossed(bid: str, ask: str) -> bool:
    if len(bid) == len(ask) and bid.find(".") == ask.find("."):
        return bid >= ask
    return Decimal(bid) >= Decimal(ask)
