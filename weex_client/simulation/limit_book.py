"""A limit order book by price level. Who owns which order, and in what queue, is not known here."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Literal, NamedTuple

BookSideName = Literal["bid", "ask"]


class Execution(NamedTuple):
    """One level hit by a taker, in ticks and lots."""

    price: int
    lots: int
    buyer_is_maker: bool


class BookSide:
    """Hold one side: lots by key, and the keys sorted so that the best one is last.

    A key is the price of a bid and the negated price of an ask, so that both sides share the code.
    """

    __slots__ = ("keys", "lots", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.lots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def best(self) -> int:
        """Return the best price in ticks; the side must not be empty."""
        return self.keys[-1] * self.sign

    def set(self, key: int, lots: int) -> None:
        """Set the size of one key; zero removes it."""
        if lots < 0:
            raise ValueError(f"negative size {lots} at {key * self.sign}")
        if lots:
            if key not in self.lots:
                insort(self.keys, key)
            self.lots[key] = lots
        elif self.lots.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]

    def top(self, count: int) -> dict[int, int]:
        """Return the best ``count`` levels as price to lots, best first."""
        sign, lots = self.sign, self.lots
        return {key * sign: lots[key] for key in self.keys[: -count - 1 : -1]}


class LimitBook:
    """Hold both sides and count every event that changed them."""

    __slots__ = ("asks", "bids", "sequence")

    def __init__(self, sequence: int) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.sequence = sequence

    def side(self, name: BookSideName) -> BookSide:
        """Return the bids or the asks."""
        return self.bids if name == "bid" else self.asks

    @property
    def spread(self) -> int:
        """Return best ask minus best bid in ticks; positive in every visible state."""
        return -self.asks.keys[-1] - self.bids.keys[-1]

    def place(self, name: BookSideName, price: int, lots: int) -> None:
        """Set the size resting at a price.

        Raises:
            ValueError: If the level would cross the other side, or the size is negative.
        """
        side, other = (self.bids, self.asks) if name == "bid" else (self.asks, self.bids)
        key = price * side.sign
        if lots and other.keys and key >= -other.keys[-1]:
            raise ValueError(f"{name} at {price} crosses {other.best}")
        side.set(key, lots)
        self.sequence += 1

    def take(self, name: BookSideName, lots: int) -> list[Execution]:
        """Take up to ``lots`` from the best levels of a side, one execution for each level hit.

        Args:
            name: The side that is hit: ``ask`` when the taker buys.
            lots: How much the taker wants; what the side lacks is not filled.
        """
        side = self.side(name)
        hits: list[Execution] = []
        while lots and side.keys:
            key = side.keys[-1]
            resting = side.lots[key]
            filled = min(lots, resting)
            side.set(key, resting - filled)
            self.sequence += 1
            hits.append(Execution(key * side.sign, filled, name == "bid"))
            lots -= filled
        return hits
