"""Whether a symbol's trades came without a hole, by their numbers and by heartbeats. Pure.

What is done about a hole is the session's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from weex_client.protocol import LastTrade

__all__ = ["Missed", "TradeChain"]

# A heartbeat may overtake the trade that it tells of, but not by more (Coinbase sheet, 6.2).
_AHEAD_SECONDS = 1.0

# More symbols than any venue has; a venue that makes them up must not make us remember them all.
_MAX_SYMBOLS = 10_000


class Missed(NamedTuple):
    """Trades that did not come.

    Attributes:
        symbol: Whose.
        last: The trade before them.
        after: The first trade after them; not made yet where a heartbeat told.
        known: The newest trade that was heard of.
        since: When the one before came, monotonic seconds.
    """

    symbol: str
    last: int
    after: int
    known: int
    since: float

    @property
    def cause(self) -> str:
        """Return it in words."""
        return f"the trade after {self.last} did not come, though {self.known} was made"


class _Chain:
    """One symbol: the last trade, when it came, and which one is promised since when."""

    __slots__ = ("ahead_at", "heard_at", "last", "promised")

    def __init__(self, last: int, now: float) -> None:
        self.last = last
        self.heard_at = now
        self.promised = last
        self.ahead_at: float | None = None


class TradeChain:
    """The last trade of each symbol on one connection."""

    def __init__(self) -> None:
        self._chains: dict[str, _Chain] = {}

    def clear(self) -> None:
        """Start anew: what comes next follows on nothing."""
        self._chains.clear()

    def forget(self, symbol: str | None) -> None:
        """Start anew with one symbol."""
        self._chains.pop(symbol or "", None)

    def begin(self, symbol: str, trade_id: int, now: float) -> None:
        """Go on from a trade, whatever was before: its hole is told of elsewhere."""
        self._chains[symbol] = _Chain(trade_id, now)

    def note(self, trade: LastTrade, now: float) -> Missed | None:
        """Take note of a trade or a heartbeat; return what it shows to be missing."""
        symbol, trade_id, is_heartbeat = trade
        chain = self._chains.get(symbol)
        if chain is None:
            if len(self._chains) < _MAX_SYMBOLS:
                self._chains[symbol] = _Chain(trade_id, now)
            return None
        if trade_id <= chain.last:
            return None
        if is_heartbeat:
            if chain.ahead_at is None:
                chain.ahead_at, chain.promised = now, trade_id
            return None
        missed = None
        if trade_id > chain.last + 1:
            missed = Missed(symbol, chain.last, trade_id, trade_id, chain.heard_at)
        chain.last, chain.heard_at = trade_id, now
        if trade_id >= chain.promised:
            chain.ahead_at = None
        return missed

    def excuse(self, now: float) -> None:
        """Note that what came waits in the socket, perhaps the trades that are promised."""
        for chain in self._chains.values():
            if chain.ahead_at is not None:
                chain.ahead_at = now

    def tick(self, now: float) -> Iterator[Missed]:
        """Return what was promised for too long."""
        for symbol, chain in self._chains.items():
            if chain.ahead_at is not None and now >= chain.ahead_at + _AHEAD_SECONDS:
                chain.ahead_at = None
                last, known = chain.last, chain.promised
                missed = Missed(symbol, last, known + 1, known, chain.heard_at)
                chain.last, chain.heard_at = known, now
                yield missed

    def next_due(self) -> float | None:
        """Return when ``tick`` may have something to do, or None."""
        times = [chain.ahead_at for chain in self._chains.values() if chain.ahead_at is not None]
        return min(times) + _AHEAD_SECONDS if times else None
