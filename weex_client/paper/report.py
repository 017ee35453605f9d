"""What a paper account has come to, frozen. How it is drawn lives in ``chart``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from weex_client.models.payload import plain_text
from weex_client.paper.messages import PaperFill
from weex_client.paper.scoreboard import Scoreboard
from weex_client.paper.series import Point
from weex_client.simulation import Ledger
from weex_client.simulation.position import Holding

__all__ = ["PaperReport", "SymbolReport", "report_of"]

_FILL_COLUMNS = (
    *("timestamp", "symbol", "side", "price", "size", "notional", "fee", "fee_currency"),
    *("liquidity", "realized_pnl", "order_id", "fill_id"),
)


@dataclass(frozen=True, slots=True)
class SymbolReport:
    """One symbol's part in it.

    Attributes:
        symbol: The symbol.
        size: What is open, base units: positive is long, negative short.
        entry_price: Average price of that, or None.
        mark_price: What it is valued at, or None.
        realized_pnl: Quote units, fees not counted.
        unrealized_pnl: Quote units; None until a mark is known.
        fees: Paid, valued in quote units.
        volume: Traded, quote units.
        fill_count: Fills.
        win_rate: Share of the fills that closed something and gained more than their fee; None
            if nothing was closed.
    """

    symbol: str
    size: Decimal
    entry_price: Decimal | None
    mark_price: Decimal | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    fees: Decimal
    volume: Decimal
    fill_count: int
    win_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class PaperReport:
    """What a paper account has come to.

    ``equity == initial_balance + realized_pnl + unrealized_pnl - fees + written_off``, to the
    last digit, as soon as every open position has a mark.

    Attributes:
        currency: What all sums are in.
        initial_balance: What it began with.
        balance: What is in the wallet.
        equity: What the account is worth at the marks.
        realized_pnl: Of what was closed, fees not counted.
        unrealized_pnl: Of what is open.
        fees: Paid.
        written_off: Debts that liquidations left, which the account does not pay.
        max_drawdown: Greatest fall of equity below its peak: 0.1 is ten percent.
        max_drawdown_value: The greatest fall in ``currency``.
        win_rate: As of a symbol, over all symbols.
        exposure: Notional of open positions.
        max_exposure: Highest it ever was.
        time_in_market: Share of the time with something open.
        fill_count: Fills.
        symbols: By symbol.
        equity_curve: ``(time_ns, equity)``, thinned out where it is long.
        prices: Last prices over time, by symbol.
        fills: The newest 100,000.
    """

    currency: str
    initial_balance: Decimal
    balance: Decimal
    equity: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    written_off: Decimal
    max_drawdown: Decimal
    max_drawdown_value: Decimal
    win_rate: Decimal | None
    exposure: Decimal
    max_exposure: Decimal
    time_in_market: Decimal
    fill_count: int
    symbols: Mapping[str, SymbolReport]
    equity_curve: tuple[Point, ...]
    prices: Mapping[str, tuple[Point, ...]]
    fills: tuple[PaperFill, ...]

    def __str__(self) -> str:
        win_rate = "-" if self.win_rate is None else f"{self.win_rate:.0%}"
        return (
            f"equity {self.equity:.2f} {self.currency}"
            f" ({self.equity - self.initial_balance:+.2f}): realized {self.realized_pnl:+.2f},"
            f" unrealized {self.unrealized_pnl:+.2f}, fees {self.fees:.2f},"
            f" max drawdown {self.max_drawdown:.2%}, win rate {win_rate}, {self.fill_count} fills"
        )

    def to_html(self, path: str | Path) -> None:
        """Write one page that needs nothing else: equity, drawdown, and fills on the price.

        Raises:
            ConfigError: If the extra ``paper`` is not installed.
            OSError: If the file cannot be written.
        """
        from weex_client.paper.chart import page_of  # the drawing library is an extra

        Path(path).write_text(page_of(self), encoding="utf-8")

    def to_csv(self, path: str | Path) -> None:
        """Write every kept fill as a line, with all digits.

        Raises:
            OSError: If the file cannot be written.
        """
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_FILL_COLUMNS)
            for fill in self.fills:
                values = (getattr(fill, name) for name in _FILL_COLUMNS)
                writer.writerow(
                    plain_text(value) if isinstance(value, Decimal) else value for value in values
                )


def report_of(
    board: Scoreboard, ledger: Ledger, currency: str, written_off: Decimal
) -> PaperReport:
    """Return an account's report."""
    holdings = [each for each in ledger.holdings.values() if each.fill_count]
    watched = board.watched_ns
    return PaperReport(
        currency=currency,
        initial_balance=board.initial_balance,
        balance=ledger.balance(currency).balance,
        equity=ledger.equity(currency),
        realized_pnl=sum((each.realized_pnl for each in holdings), Decimal(0)),
        unrealized_pnl=ledger.unrealized_pnl(currency),
        fees=sum((each.fees for each in holdings), Decimal(0)),
        written_off=written_off,
        max_drawdown=board.drawdown.deepest,
        max_drawdown_value=board.drawdown.deepest_value,
        win_rate=_win_rate(holdings),
        exposure=board.exposure,
        max_exposure=board.max_exposure,
        time_in_market=Decimal(board.invested_ns) / watched if watched else Decimal(0),
        fill_count=sum(each.fill_count for each in holdings),
        symbols={each.rules.symbol: _symbol(each) for each in holdings},
        equity_curve=tuple(board.equity.points),
        prices={symbol: tuple(series.points) for symbol, series in board.prices.items()},
        fills=tuple(board.fills),
    )


def _symbol(holding: Holding) -> SymbolReport:
    return SymbolReport(
        symbol=holding.rules.symbol,
        size=holding.size,
        entry_price=holding.entry_price,
        mark_price=holding.mark,
        realized_pnl=holding.realized_pnl,
        unrealized_pnl=holding.unrealized_pnl,
        fees=holding.fees,
        volume=holding.volume,
        fill_count=holding.fill_count,
        win_rate=_win_rate([holding]),
    )


def _win_rate(holdings: list[Holding]) -> Decimal | None:
    wins = sum(each.wins for each in holdings)
    closed = wins + sum(each.losses for each in holdings)
    return Decimal(wins) / closed if closed else None
