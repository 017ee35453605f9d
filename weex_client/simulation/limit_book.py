"""A limit order book by price level. Who owns which order, and in what queue, is not known here."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

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


class Guests(Protocol):
    """Whose orders stand in a book beside the crowd's."""

    def levels(self, name: BookSideName, count: int) -> Mapping[int, int]:
        """Return their best levels of a side: lots by price, best first."""


class LimitBook:
    """Hold both sides and count every event that changed them.

    Attributes:
        bids: The crowd's alone, as its asks are; ``top`` has those of guests as well.
        guests: Who else stands in it, or None.
    """

    __slots__ = ("asks", "bids", "guests", "sequence")

    def __init__(self, sequence: int) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.guests: Guests | None = None
        self.sequence = sequence

    def side(self, name: BookSideName) -> BookSide:
        """Return the bids or the asks."""
        return self.bids if name == "bid" else self.asks

    def top(self, name: BookSideName, count: int) -> dict[int, int]:
        """Return the best ``count`` levels that everybody sees: lots by price, best first."""
        crowd = self.side(name).top(count)
        guests = None if self.guests is None else self.guests.levels(name, count)
        if not guests:
            return crowd
        for price, lots in guests.items():
            crowd[price] = crowd.get(price, 0) + lots
        best_first = sorted(crowd, reverse=name == "bid")[:count]
        return {price: crowd[price] for price in best_first}

    @property
    def spread(self) -> int:
        """Return the crowd's best ask minus its best bid in ticks; positive whenever visible."""
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
