"""The paper-trading engine: a strategy, a live market, an account that is only on paper."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Literal

from weex_client.client import StreamClient
from weex_client.clock import Clock
from weex_client.errors import (
    ConfigError,
    OrderRejectedError,
    StateError,
    StrategyError,
    UsageError,
)
from weex_client.paper.account import PaperAccount
from weex_client.paper.borrowed_clock import BorrowedClock
from weex_client.paper.chart import check_drawing
from weex_client.paper.feed import MarketFeed
from weex_client.paper.messages import PaperFill
from weex_client.paper.report import PaperReport
from weex_client.paper.risk import Breach, RiskGuard, RiskLimits
from weex_client.paper.signals import Signal, follow_signals
from weex_client.paper.trading import Number, PaperTrader, positive
from weex_client.simulation import ContractLedger, Ledger, SpotLedger, TradingRules
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

__all__ = ["PaperTradingEngine", "Signal", "Strategy"]

_log = logging.getLogger(__name__)

Strategy = Callable[["PaperTradingEngine", StreamClient], Awaitable[object]]
"""A coroutine function: ``async def strategy(engine, client)``."""

_MARK_SPACING_NS = 1_000_000_000


class PaperTradingEngine(PaperTrader):
    """Trade on paper: orders are matched with a client's order books and trades.

    The strategy is a coroutine function given to ``run``, or ``generate_signal`` of a subclass.

    Args:
        initial_balance: What the account begins with, quote units.
        symbols: What is followed from the start; other symbols are once an order names them.
        market: ``contract`` (long and short, leverage) or ``spot``.
        currency: What everything is quoted and paid in.
        leverage: Of symbols that ``set_leverage`` did not set otherwise.
        maker_fee_rate: Share of the notional: 0.0002 is two basis points.
        taker_fee_rate: Share of the notional.
        risk_limits: What the engine sees to by itself.
        state: A file to save the account in, and to resume it from.
        rules: Ticks and steps of symbols, where the digits of the book do not say them.
        clock: Another clock than the client's: its own is a tape's in a replay.

    Attributes:
        symbols: What is followed from the start.
        breaches: Risk limits that were broken, oldest first.

    Raises:
        ConfigError: If a setting is out of range.
    """

    def __init__(
        self,
        initial_balance: Number = 10_000,
        *,
        symbols: str | Sequence[str] = "BTCUSDT",
        market: Literal["contract", "spot"] = "contract",
        currency: str = "USDT",
        leverage: Number = 1,
        maker_fee_rate: Number = Decimal("0.0002"),
        taker_fee_rate: Number = Decimal("0.0006"),
        risk_limits: RiskLimits | None = None,
        state: str | Path | None = None,
        rules: Mapping[str, TradingRules] | None = None,
        clock: Clock | None = None,
    ) -> None:
        balance = _setting("initial_balance", initial_balance, least=Decimal("1E-18"))
        factor = _setting("leverage", leverage, least=Decimal(1))
        self._fee_rates = (
            _setting("maker_fee_rate", maker_fee_rate, least=Decimal(-1)),
            _setting("taker_fee_rate", taker_fee_rate, least=Decimal(-1)),
        )
        if market not in ("contract", "spot"):
            raise ConfigError(f"market is 'contract' or 'spot', not {market!r}")
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        self.symbols = tuple(dict.fromkeys(name.strip().upper() for name in names))
        clock = clock or BorrowedClock()
        guard = RiskGuard(risk_limits or RiskLimits())
        ledger: Ledger = ContractLedger(factor) if market == "contract" else SpotLedger()
        super().__init__(PaperAccount(ledger, currency, balance, clock, guard), guard, clock)
        self.breaches: list[Breach] = []
        self._rules = dict(rules or {})
        self._state = state
        self._failure: asyncio.Future[None] | None = None
        self._marks_told: dict[str, int] = {}
        self._halves: dict[str, Decimal] = {}
        self._has_to_close = False
        self._is_enforcing = False
        self._is_late = False

    @contextlib.asynccontextmanager
    async def trading(self, client: StreamClient) -> AsyncIterator[PaperTradingEngine]:
        """Follow a client's market, so that orders can be submitted and fill.

        Open orders stay open at the end; the account's streams end. An engine with ``state``
        goes on from its file with every new engine; the same engine runs once.

        Raises:
            UsageError: If the engine runs, or ran, already.
            StateError: If the file of the state cannot be used.
        """
        if self._failure is not None:
            raise UsageError("an engine runs once: make another, with the same state if you like")
        self._failure = asyncio.get_running_loop().create_future()
        account = self._account
        if isinstance(self._clock, BorrowedClock):
            self._clock.follow(client.clock)
            account.board.started_ns = self._clock.time_ns()
        if self._state is not None:
            try:
                await account.open_file(str(self._state))
            except StateError as exc:
                self._fail(exc)
                raise
        feed = MarketFeed(
            client,
            account,
            self._clock,
            self._rules,
            self._fee_rates,
            self._look,
            self._fail,
        )
        self._feed = feed
        try:
            feed.follow({*self.symbols, *self.positions, *self._symbols_of_orders()})
            yield self
        finally:
            self._feed = None
            await feed.close()
            await account.close()

    async def run(
        self,
        client: StreamClient,
        strategy: Strategy | None = None,
        *,
        seconds: float | None = None,
        report: str | Path | None = None,
    ) -> PaperReport:
        """Let a strategy trade until it returns, time is up, or a risk limit stops it.

        Args:
            client: An open client; it stays open.
            strategy: ``async def strategy(engine, client)``; without one, ``generate_signal`` is
                asked at each price.
            seconds: How long at most, by the client's clock.
            report: A file to write the report to, however the run ends: ``.csv`` for the fills,
                a page otherwise.

        Returns:
            The report.

        Raises:
            ConfigError: If the report has no folder, or needs the extra ``paper``, which is not
                installed.
            StrategyError: If the strategy raised. Its orders are cancelled, and the report is
                written.
            WeexClientError: If the market or the state file failed; orders stay as they are.
        """
        if report is not None:
            _check_report(Path(report))  # now, not when the run is over
        try:
            async with self.trading(client):
                await self._run_strategy(strategy or follow_signals, client, seconds)
        finally:
            if report is not None:
                result = self.report()
                (result.to_csv if _is_csv(report) else result.to_html)(report)
        return self.report()

    async def simulate_trading(self, config: WeexConfig | None = None) -> PaperReport:
        """Open a WEEX client and run ``generate_signal`` on it until cancelled."""
        async with WeexWebSocketClient(config) as client:
            return await self.run(client)

    def generate_signal(self, price: float) -> Signal:  # noqa: ARG002 - for subclasses
        """Say what to do at a price: ``buy``, ``sell`` or ``hold``; a subclass overrides it.

        ``buy`` buys for 1 % of the balance, ``sell`` closes what is open.

        Args:
            price: The last price, as a float: a signal is a statistic, not money.
        """
        return "hold"

    async def execute_buy(
        self, price: Number, size: Number, timestamp: float | None = None
    ) -> PaperFill | None:
        """Buy the first symbol at the market; as ``execute_sell``."""
        return await self._execute("buy", price, size, timestamp)

    async def execute_sell(
        self, price: Number, size: Number, timestamp: float | None = None
    ) -> PaperFill | None:
        """Sell the first symbol at the market, no more than is open.

        Args:
            price: What you saw; the market's own price decides.
            size: Base units, rounded down to the symbol's step.
            timestamp: When you saw it; the engine's clock decides.

        Returns:
            The last fill, or None where less than one step was asked for or nothing was open.

        Raises:
            OrderRejectedError: If it is refused; also if price or size are not positive.
        """
        return await self._execute("sell", price, size, timestamp)

    async def _execute(
        self, side: Literal["buy", "sell"], price: Number, size: Number, _: float | None
    ) -> PaperFill | None:
        symbol = self.symbols[0]
        positive("price", price, symbol)
        wanted = positive("size", size, symbol)
        await self._running().ready(symbol)
        if side == "sell":
            wanted = min(wanted, max(self.positions.get(symbol, Decimal(0)), Decimal(0)))
        rules = self._account.exchange.rules(symbol)
        lots = rules.lots_below(wanted)
        if not lots:
            return None
        order = await self.submit(symbol, side, rules.size(lots))
        return next(
            (fill for fill in reversed(self.trades) if fill.order_id == order.order_id), None
        )

    # What the engine does by itself.

    async def _run_strategy(
        self, strategy: Strategy, client: StreamClient, seconds: float | None
    ) -> None:
        """Run a strategy until it ends, time is up, the market fails, or a limit stops it."""
        if self._failure is None:
            raise UsageError("the engine does not run")
        name = getattr(strategy, "__qualname__", type(strategy).__qualname__)
        until = None if seconds is None else self._clock.monotonic() + seconds
        task = asyncio.ensure_future(strategy(self, client))
        end = asyncio.ensure_future(self._clock.wait(asyncio.Event(), until))
        try:
            await asyncio.wait((task, end, self._failure), return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            end.cancel()
            await asyncio.wait((task, end))
        if self._failure.done():
            self._failure.result()
            return
        error = None if task.cancelled() else task.exception()
        if error is not None:
            await self.cancel_all()
            raise StrategyError(
                f"strategy {name} raised {type(error).__name__}: {error}; its orders are cancelled",
                strategy=name,
            ) from error

    def _fail(self, error: Exception) -> None:
        self._ended_by = error
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)
            self._failure.exception()  # said by run(); whoever uses trading() sees its streams end
            self._account.streams.end(error)

    async def _look(self) -> None:
        """Value the account after the market has moved, and see to the risk limits."""
        account, now_ns = self._account, self._clock.time_ns()
        equity, is_point = account.board.look(account.ledger, account.currency, now_ns)
        account.publish_now(
            account.desk.position(holding, now_ns)
            for symbol, holding in account.ledger.holdings.items()
            if account.ledger.has_positions and holding.size and self._is_due(symbol, now_ns)
        )
        breaches = self._guard.look(equity, account.board.exposure, now_ns)
        if is_point or breaches:
            await account.note_equity(now_ns, equity)
        for breach in breaches:
            self.breaches.append(breach)
            self._is_late = False
            _log.info("%s is broken: %s", breach.limit, breach)
            if breach.action != "reduce":
                self._has_to_close = True
            elif breach.limit != "max_position_size":
                self._halves = {each: abs(size) / 2 for each, size in self.positions.items()}
        if not self._is_enforcing:
            self._is_enforcing = True
            try:
                await self._enforce(now_ns)
            finally:
                self._is_enforcing = False

    def _is_due(self, symbol: str, now_ns: int) -> bool:
        if now_ns - self._marks_told.get(symbol, 0) < _MARK_SPACING_NS:
            return False
        self._marks_told[symbol] = now_ns
        return True

    async def _enforce(self, now_ns: int) -> None:
        """Carry out what broken limits call for; what the book does not allow now, later.

        A book of fifteen levels may not take a large position at once, and a line that is down
        takes nothing: each look goes on where the one before had to stop, also after a restart.
        """
        try:
            if self._guard.blocks(now_ns) is None:
                await self._reduce_within()
            elif self._has_to_close or self._closable():
                await self.close_all()
                self._has_to_close = False
        except OrderRejectedError as exc:
            if not self._is_late:
                _log.warning("what a broken limit calls for is tried again and again: %s", exc)
            self._is_late = True
            return
        is_stop = any(breach.action == "stop" for breach in self.breaches)
        if is_stop and not self._closable() and self._failure and not self._failure.done():
            self._failure.set_result(None)

    def _closable(self) -> bool:
        """Tell whether anything is open that an order could close: on spot, dust is left."""
        rules = self._account.exchange.rules
        return any(rules(each).lots_below(abs(size)) for each, size in self.positions.items())

    async def _reduce_within(self) -> None:
        """Bring positions within the limit, each by the same share; after a loss, halve them."""
        limit, exposure = self._guard.limits.max_position_size, self._account.board.exposure
        share = Decimal(0)
        if limit is not None and "max_position_size" in self._guard.broken:
            share = max(share, 1 - Decimal(str(limit)) / exposure)
        for symbol, size in self.positions.items():
            held, half = size.copy_abs(), self._halves.get(symbol)
            excess = max(held * share, Decimal(0) if half is None else held - half)
            rules = self._account.exchange.rules(symbol)
            lots = int((excess / rules.size_step).to_integral_value(ROUND_CEILING))
            if lots > 0:
                await self._reduce(symbol, rules.size(lots))
            elif half is not None:
                del self._halves[symbol]

    def _symbols_of_orders(self) -> set[str]:
        return {order.request.symbol for order in self._account.desk.open_orders.values()}


def _check_report(path: Path) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"a report cannot be written to {str(path)!r}: there is no such folder")
    if not _is_csv(path):
        check_drawing()


def _is_csv(path: str | Path) -> bool:
    return Path(path).suffix.lower() == ".csv"


def _setting(name: str, value: Number, *, least: Decimal) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or number < least:
        raise ConfigError(f"{name} must be a number of at least {least.normalize()}, not {value!r}")
    return number
