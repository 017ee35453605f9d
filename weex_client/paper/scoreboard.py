"""What a paper account has done so far: fills, equity over time, drawdown. No report here."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from weex_client.paper.messages import PaperFill
from weex_client.paper.series import Drawdown, Series
from weex_client.simulation import Ledger

__all__ = ["Scoreboard"]

# Fills that are kept one by one, for the chart and the table; totals count them all.
_FILLS_KEPT: Final = 100_000


class Scoreboard:
    """Follow one account.

    Attributes:
        fills: The newest 100,000.
        equity: What the account was worth over time.
        prices: Last prices over time, by symbol.
        drawdown: How far equity fell below its peak.
        exposure: Notional of all positions now, quote units.
        max_exposure: Highest of them.
        watched_ns: How long the account was watched.
        invested_ns: How long of that with something open.
    """

    def __init__(self, initial_balance: Decimal, now_ns: int) -> None:
        self.initial_balance = initial_balance
        self.started_ns = now_ns
        self.fills: deque[PaperFill] = deque(maxlen=_FILLS_KEPT)
        self.equity = Series()
        self.prices: dict[str, Series] = {}
        self.drawdown = Drawdown(peak=initial_balance)
        self.exposure = Decimal(0)
        self.max_exposure = Decimal(0)
        self.watched_ns = self.invested_ns = 0
        self._looked_ns: int | None = None

    def look(self, ledger: Ledger, currency: str, now_ns: int) -> tuple[Decimal, bool]:
        """Note what the account is worth now.

        Returns:
            Equity, and whether it is a point of its own.
        """
        if self._looked_ns is not None:
            passed = max(0, now_ns - self._looked_ns)
            self.watched_ns += passed
            self.invested_ns += passed if self.exposure else 0
        self._looked_ns = now_ns
        equity = ledger.equity(currency)
        self.exposure = sum(
            (
                holding.size.copy_abs() * (holding.mark or holding.entry_price or Decimal(0))
                for holding in ledger.holdings.values()
            ),
            Decimal(0),
        )
        self.max_exposure = max(self.max_exposure, self.exposure)
        self.drawdown.add(equity)
        return equity, self.equity.add(now_ns, equity)

    def see_price(self, symbol: str, price: Decimal, now_ns: int) -> None:
        """Note a last price."""
        self.prices.setdefault(symbol, Series()).add(now_ns, price)
