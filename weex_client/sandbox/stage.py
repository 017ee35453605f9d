"""The one market behind all venues: moves the symbols that somebody needs. Nothing is sent here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from weex_client.simulation import Market, Segment, SymbolMarket

__all__ = ["Follower", "Stage"]

Follower = Callable[[], None]
"""Called after each step of a symbol, when its market shows that step."""

# Catching up with a day of a busy symbol takes seconds; others are served every few milliseconds.
_STEPS_AT_ONCE = 100


class Stage:
    """Move each symbol once, however many venues show it.

    A symbol that nobody follows stands still, and catches up when somebody comes.

    Args:
        market: All symbols.
        step: Where simulated time begins.

    Attributes:
        market: All symbols.
        step: What simulated time has come to; the exchange's clock sets it.
    """

    def __init__(self, market: Market, step: int) -> None:
        self.market = market
        self.step = step
        self._followers: dict[tuple[Segment, str], list[Follower]] = {}
        self._kept: dict[tuple[Segment, str], None] = {}
        self._late = 0

    @property
    def is_waiting(self) -> bool:
        """Say whether time must stand until a symbol has caught up with it.

        On a machine that is slower than the market is fast, it never would: nothing else holds
        the clock back for a symbol that nobody follows yet.
        """
        return self._late > 0

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self.market.time_at(self.step)

    @property
    def active(self) -> tuple[tuple[Segment, str], ...]:
        """Return the symbols that somebody follows or trades."""
        return tuple(self._followers | self._kept)

    def follow(self, segment: Segment, symbol: str, follower: Follower) -> None:
        """Call somebody after each step of a symbol that is current."""
        self._followers.setdefault((segment, symbol), []).append(follower)

    def leave(self, segment: Segment, symbol: str, follower: Follower) -> None:
        """Call somebody no more; nothing happens where that was not promised."""
        followers = self._followers.get((segment, symbol), [])
        if follower in followers:
            followers.remove(follower)
            if not followers:
                del self._followers[segment, symbol]

    def keep(self, segment: Segment, symbol: str) -> None:
        """Keep a symbol current from now on, whether somebody follows or not."""
        self._kept[segment, symbol] = None

    def is_kept(self, segment: Segment, symbol: str) -> bool:
        """Say whether a symbol is kept current."""
        return (segment, symbol) in self._kept

    def is_current(self, segment: Segment, symbol: str) -> bool:
        """Say whether a symbol can be shown without first catching up."""
        return (segment, symbol) in self._followers or (segment, symbol) in self._kept

    async def caught_up(self, segment: Segment, symbol: str) -> SymbolMarket:
        """Return a symbol's market at the current step, however long nobody looked at it.

        Whoever follows or keeps it before the next turn of the loop misses no step.

        Raises:
            KeyError: If the exchange does not list the symbol.
        """
        market = self.market.symbol(segment, symbol)
        missed_until = self.step
        while not self.is_current(segment, symbol):
            if market.advance_to(self.step, _STEPS_AT_ONCE):
                return market
            # First what was missed, then what has come on top of it meanwhile.
            is_late = market.step >= missed_until
            self._late += is_late
            try:
                await asyncio.sleep(0)
            finally:
                self._late -= is_late
        # In the middle of a step: what its followers are owed for it is sent now.
        self.advance(segment, symbol)
        return market

    def advance(self, segment: Segment, symbol: str) -> None:
        """Move one symbol that is current to the current step, its followers along."""
        followers = self._followers.get((segment, symbol), ())
        if not followers and (segment, symbol) not in self._kept:
            return
        market = self.market.symbol(segment, symbol)
        while market.step < self.step:
            market.advance()
            for follower in tuple(followers):
                follower()
