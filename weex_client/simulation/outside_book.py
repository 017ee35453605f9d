"""Other people's liquidity as last seen, less what our own fills took of it. No orders here."""

from __future__ import annotations

from collections.abc import Mapping

from weex_client.simulation.limit_book import BookSide

__all__ = ["OutsideSide"]

# Levels that went out of sight after we took from them; the oldest is forgotten first.
_MAX_TAKEN = 1_000


class OutsideSide:
    """One side of a book that is only watched: nobody there knows of our fills.

    A level that we took from still shows its whole size, so what we took is remembered until the
    book says otherwise: what remains of a level is never more than shown less taken, and only a
    level that was gone, or shrank below it, forgets.

    Args:
        sign: 1 for bids and -1 for asks, as in ``BookSide``.
    """

    __slots__ = ("_credit", "_taken", "shown")

    def __init__(self, sign: int) -> None:
        self.shown = BookSide(sign)
        self._taken: dict[int, int] = {}
        self._credit: dict[int, int] = {}

    def see(self, levels: Mapping[int, int]) -> None:
        """Show another picture.

        Args:
            levels: Lots by price in ticks. A level that we took from and that lies behind the
                last one shown is out of sight, not gone.
        """
        sign = self.shown.sign
        lots = {price * sign: size for price, size in levels.items() if size > 0}
        self.shown.lots, self.shown.keys = lots, sorted(lots)
        if self._taken:
            last = self.shown.keys[0] if lots else None
            for key in list(self._taken):
                if last is None or key >= last:
                    self._settle(key, lots.get(key, 0))

    def _settle(self, key: int, shown: int) -> None:
        if shown:
            self._taken[key] = min(self._taken[key], shown)
            self._credit[key] = min(self._credit[key], self._taken[key])
        else:
            del self._taken[key], self._credit[key]

    def clear(self) -> None:
        """Forget everything: what was seen says nothing about now."""
        self.see({})

    @property
    def taken(self) -> dict[int, int]:
        """Return what we took and the book still shows: lots by price in ticks."""
        return {key * self.shown.sign: lots for key, lots in self._taken.items()}

    def available(self, key: int) -> int:
        """Return how many lots of a level we have not taken yet."""
        return self.shown.lots[key] - self._taken.get(key, 0)

    def take(self, key: int, lots: int) -> None:
        """Remember that we took of a level."""
        if len(self._taken) >= _MAX_TAKEN and key not in self._taken:
            oldest = next(iter(self._taken))
            del self._taken[oldest], self._credit[oldest]
        self._taken[key] = self._taken.get(key, 0) + lots
        self._credit[key] = self._credit.get(key, 0) + lots

    def use_credit(self, key: int, lots: int) -> int:
        """Return how many lots of somebody's trade at a level were not ours already.

        Who traded at a level that we took from traded, in part, what we took.
        """
        credit = self._credit.get(key, 0)
        if credit:
            used = min(credit, lots)
            self._credit[key] = credit - used
            lots -= used
        return lots
