"""The best levels of a book as a subscriber sees them, and what changed between two looks."""

from __future__ import annotations

from typing import NamedTuple

from weex_client.simulation.limit_book import LimitBook

Levels = dict[int, int]


class DepthChange(NamedTuple):
    """What turns one window into the next, in ticks and lots; zero lots removes the level."""

    previous_sequence: int
    sequence: int
    bids: Levels
    asks: Levels


class DepthWindow:
    """Keep the ``level`` best prices a side as last shown, and say what is different now.

    Levels that leave the window are told as removed, levels that enter it in full, so that
    whoever follows holds exactly this window and nothing else.
    """

    __slots__ = ("asks", "bids", "level", "previous_sequence", "sequence")

    def __init__(self, book: LimitBook, level: int) -> None:
        self.level = level
        self.bids = book.top("bid", level)
        self.asks = book.top("ask", level)
        self.sequence = book.sequence
        self.previous_sequence = book.sequence

    def advance(self, book: LimitBook) -> DepthChange | None:
        """Move the window to the book of now; None when nothing inside it changed."""
        if book.sequence == self.sequence:
            return None
        bids, asks = book.top("bid", self.level), book.top("ask", self.level)
        change = DepthChange(
            self.sequence,
            book.sequence,
            _difference(self.bids, bids, best_is_high=True),
            _difference(self.asks, asks, best_is_high=False),
        )
        if not change.bids and not change.asks:
            return None
        self.bids, self.asks = bids, asks
        self.previous_sequence, self.sequence = change.previous_sequence, change.sequence
        return change


def _difference(before: Levels, after: Levels, *, best_is_high: bool) -> Levels:
    changed = {price: lots for price, lots in after.items() if before.get(price) != lots}
    for price in before:
        if price not in after:
            changed[price] = 0
    return {price: changed[price] for price in sorted(changed, reverse=best_is_high)}


def apply_change(levels: Levels, change: Levels) -> None:
    """Apply one side of a change in place."""
    for price, lots in change.items():
        if lots:
            levels[price] = lots
        else:
            del levels[price]
