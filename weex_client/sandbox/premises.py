"""What all venues of the exchange stand on: one market, its accounts, its clock and its keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final

from weex_client.sandbox.branch import Branch
from weex_client.sandbox.connection import Counters
from weex_client.sandbox.keys import Credentials, Keys
from weex_client.sandbox.stage import Stage
from weex_client.simulation import SEGMENTS, Market, Segment, SymbolMarket, instrument_for

__all__ = ["Premises"]

# What an account begins with, by quote currency; a small fortune each, so that nobody runs short.
_OPENING_BALANCES: Final = {
    "USDT": Decimal(100_000),
    "USDC": Decimal(100_000),
    "USD": Decimal(100_000),
    "BTC": Decimal(2),
    "ETH": Decimal(50),
}
# Of the first symbol's base, so that something can be sold on spot: worth so much of its quote.
_OPENING_BASE_WORTH: Final = Decimal(25_000)


class Premises:
    """Let every venue show the same market and the same accounts.

    Args:
        seed: Decides the market.
        start_ns: The simulated time of the start.
        symbols: What is listed, base and quote without separator.
        delisted: Symbols that are accepted and then stay silent.
        house: The account of the house trader, or None for no house trader.
        counters: What happened since the exchange opened.
        authority: Returns host and port as addresses have them, once the exchange listens.
        times_ms: Returns between which times a client can believe the exchange's clock to be.

    Attributes:
        stage: The market, and who follows which symbol of it.
        branches: The accounts of each segment.
        house: The account of the house trader, or None.
        keys: Who may see which account.
        delisted: Symbols that are accepted and then stay silent.
        counters: What happened since the exchange opened.
        times_ms: Between which times, first and last, the clock can be seen to be.
    """

    def __init__(
        self,
        *,
        seed: int,
        start_ns: int,
        symbols: Collection[str],
        delisted: Collection[str],
        house: str | None,
        counters: Counters,
        authority: Callable[[], str],
        times_ms: Callable[[], Sequence[tuple[int, int]]],
    ) -> None:
        market = Market(seed, start_ns, symbols, self._open_floor)
        self.stage = Stage(market, market.step_at(start_ns))
        self.branches: Mapping[Segment, Branch] = {
            segment: Branch(segment, self.stage, house) for segment in SEGMENTS
        }
        self.house = house
        self.keys = Keys()
        self.delisted = frozenset(delisted)
        self.counters = counters
        self.times_ms = times_ms
        self._authority = authority

    @property
    def market(self) -> Market:
        """Return all symbols."""
        return self.stage.market

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self.stage.now_ns

    @property
    def ws_url(self) -> str:
        """Return the root of the WebSocket addresses."""
        return f"ws://{self._authority()}"

    @property
    def http_url(self) -> str:
        """Return the root of the HTTP addresses."""
        return f"http://{self._authority()}"

    def open_account(
        self, credentials: Credentials, balances: Mapping[str, Decimal] | None = None
    ) -> None:
        """Open an account on both segments, for every venue.

        Args:
            credentials: Who may see it; the key is its name.
            balances: What it begins with on each segment; None for plenty.

        Raises:
            ValueError: If there is one of that key, or a part of the credentials is empty.
            InvalidOrderError: If a balance is not positive.
        """
        self.keys.add(credentials)
        for segment, branch in self.branches.items():
            chosen = self._plenty(segment) if balances is None else balances
            branch.open_account(credentials.api_key, chosen)

    def _open_floor(self, market: SymbolMarket) -> None:
        self.branches[market.instrument.segment].open_floor(market)

    def _plenty(self, segment: Segment) -> dict[str, Decimal]:
        instruments = [instrument_for(symbol, segment) for symbol in self.market.symbols]
        quotes = dict.fromkeys(each.quote for each in instruments)
        balances = {quote: _OPENING_BALANCES[quote] for quote in quotes}
        if segment == "spot" and instruments:
            first = instruments[0]
            size = (_OPENING_BASE_WORTH / first.opening_price).quantize(first.size_step)
            # A coin dearer than that is given whole.
            balances[first.base] = balances.get(first.base, Decimal(0)) + (size or Decimal(1))
        return balances
