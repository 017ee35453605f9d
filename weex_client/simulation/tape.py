"""Trades as printed: numbered, timed and named. Where they come from is the book's business."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import NamedTuple

# A subscriber is shown the 20 newest; batches of 0.6 s hold fewer than the rest.
TAPE_LENGTH = 1_000


class TradePrint(NamedTuple):
    """One execution on the tape, in ticks and lots."""

    number: int
    time_ns: int
    price: int
    lots: int
    buyer_is_maker: bool


class Tape:
    """Keep the newest trades of one symbol and number them from one."""

    __slots__ = ("_name", "count", "prints")

    def __init__(self, name: str) -> None:
        self._name = name
        self.count = 0
        self.prints: deque[TradePrint] = deque(maxlen=TAPE_LENGTH)

    def print(self, time_ns: int, price: int, lots: int, buyer_is_maker: bool) -> TradePrint:
        """Add one trade and return it."""
        self.count += 1
        trade = TradePrint(self.count, time_ns, price, lots, buyer_is_maker)
        self.prints.append(trade)
        return trade

    def since(self, number: int) -> list[TradePrint]:
        """Return the kept trades after a number, oldest first."""
        wanted = min(self.count - number, len(self.prints))
        return [self.prints[-index] for index in range(wanted, 0, -1)]

    def newest(self, count: int) -> list[TradePrint]:
        """Return the newest trades, newest first."""
        return [self.prints[-index] for index in range(1, min(count, len(self.prints)) + 1)]

    def trade_id(self, trade: TradePrint) -> str:
        """Return the trade's identifier: shaped as a random UUID, the same for the same seed."""
        name = f"{self._name}/{trade.number}".encode()
        digits = hashlib.blake2b(name, digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
