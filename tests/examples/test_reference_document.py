"""The examples of the reference document run unchanged against the embedded exchange."""

from __future__ import annotations

import ast
import asyncio
import re
import sqlite3
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from weex_client.sandbox import SandboxExchange
from weex_client.simulation import instrument_for

DOCUMENT = Path(__file__).with_name("weex-websocket-api.rst")

# All that is added to an example: what its page takes for granted.
IMPORTS = """\
import aiosqlite
import asyncio
import json
import time
from weex_client import WeexConfig, WeexWebSocketClient
"""

MONEY = r"\d+\.\d+"
TIME = r"1\d{9}(\.\d+)?"

# What each public example must print, line by line of its output.
PUBLIC = {
    "websocket_example": rf"^Ticker: last={MONEY} ",
    "monitor_market": (rf"^{TIME}: BTC/USDT = \${MONEY} \| Volume: {MONEY} \| Change: -?{MONEY}%$"),
    "monitor_order_book": rf"^  3\. \${MONEY} - {MONEY}$",
    "monitor_trades": rf"^{TIME} (🟢|🔴) {MONEY} BTC @ \${MONEY}$",
    "monitor_multiple_symbols": rf"^ADAUSDT: \${MONEY}$",
    "real_time_analysis": (
        rf"^{TIME}: (📈 BUY signal|📉 SELL signal|📊 HOLD) - Price: \${MONEY}, MA: \${MONEY}$"
    ),
    "run_paper_trading": rf"^{TIME}: Portfolio: \${MONEY} \| Balance: \${MONEY}$",
    "robust_websocket_client": rf"^Price: \${MONEY}$",
    "filtered_streaming": (
        rf"^📈 Significant move: -?{MONEY}% \| Price: \${MONEY} \| Volume: {MONEY}$"
    ),
    "memory_efficient_streaming": rf"^High price alert: \${MONEY}$",
    "batch_stream_processing": rf"^Batch: Avg: \${MONEY} \| Max: \${MONEY} \| Min: \${MONEY}$",
    "websocket_with_heartbeat": rf"^💓 Message received: {MONEY}$",
    "store_stream_data": r"^💾 Storing ticker data\.\.\.$",
}

# What each private example must print, line by line of its output, by the markets that have it.
# Contract frames do not say what is available and frozen; spot's do (sheet, 8.1).
KNOWN = rf"({MONEY}|N/A)"
ORDER = rf"^{TIME} (🆕|⚡|✅|❌|🚫) Order \d{{18}}: BTCUSDT {MONEY} \([a-z_]+\)$"
PRIVATE = {
    ("monitor_account", "contract"): (
        rf"^{TIME}: Balance: {MONEY} \| Available: {KNOWN} \| Frozen: {KNOWN}$"
    ),
    ("monitor_account", "spot"): (
        rf"^{TIME}: Balance: {MONEY} \| Available: {MONEY} \| Frozen: {MONEY}$"
    ),
    ("monitor_positions", "contract"): rf"^{TIME}: BTCUSDT (long|short) {MONEY} \| PnL: -?{MONEY}$",
    ("monitor_orders", "contract"): ORDER,
    ("monitor_orders", "spot"): ORDER,
    ("risk_monitored_trading", "contract"): (rf"^🚨 DAILY LOSS LIMIT BREACHED: \$-{MONEY}$"),
}


# So much sold at the market costs hundreds at once: the book is not that deep at the touch.
LOSING = "ETHUSDT"
LOSING_SIZE = 700


class Block(NamedTuple):
    """One code block of the document.

    Attributes:
        source: Its text, without the indentation of the page.
        entries: The functions in it that can be called without arguments.
    """

    source: str
    entries: tuple[str, ...]


def blocks(document: str) -> list[Block]:
    """Return the Python blocks of a page."""
    found = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|[ ]*\n)+)", document + "\n", re.M)
    return [Block(source, entries(source)) for source in map(textwrap.dedent, found)]


def entries(source: str) -> tuple[str, ...]:
    """Return the names of a block's top-level coroutines that take no argument."""
    return tuple(
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.AsyncFunctionDef) and not node.args.args
    )


BLOCKS = blocks(DOCUMENT.read_text(encoding="utf-8"))
SOURCES = {entry: block.source for block in BLOCKS for entry in block.entries}


class Printer:
    """Take the place of ``print`` and tell when a line like the wanted one was printed."""

    def __init__(self, wanted: str) -> None:
        self.lines: list[str] = []
        self.seen = asyncio.Event()
        self._wanted = re.compile(wanted, re.M)

    def __call__(self, text: str) -> None:
        self.lines.append(text)
        if self._wanted.search(text):
            self.seen.set()


class Desk:
    """The helpers that the risk example calls and never defines, on the account that it reads."""

    def __init__(self, exchange: SandboxExchange) -> None:
        self.reduced = 0
        self.is_closed = False
        self._exchange = exchange

    def get_current_price(self, symbol: str) -> float:
        return float(instrument_for(symbol, "contract").opening_price)

    async def emergency_reduce_positions(self) -> None:
        self.reduced += 1

    async def emergency_close_all_positions(self) -> None:
        if not self.is_closed:
            await self._exchange.place_order(
                symbol=LOSING, side="buy", size=LOSING_SIZE, reduce_only=True
            )
            self.is_closed = True


def example(name: str, printer: Printer, **helpers: Any) -> Callable[[], Awaitable[None]]:
    """Return the example of a name, printing to ``printer``."""
    namespace: dict[str, Any] = {"print": printer, **helpers}
    exec(IMPORTS + SOURCES[name], namespace)  # the document is ours
    if engine := namespace.get("PaperTradingEngine"):
        engine.has_position = lambda self, symbol: self.positions.get(symbol, 0) > 0
    return namespace[name]


@pytest.fixture
async def exchange(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[SandboxExchange]:
    """Return an exchange that the environment points to, ten times as fast as life."""
    monkeypatch.chdir(tmp_path)
    async with SandboxExchange(speed=10, start_time_ns=1_790_000_000_000_000_000) as exchange:
        point_environment_to(exchange, "contract", monkeypatch)
        yield exchange


def point_environment_to(
    exchange: SandboxExchange, market: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set every variable that ``WeexConfig.from_env()`` reads."""
    for name, value in exchange.weex_config(market):
        if name.endswith("_url") or name == "market":
            monkeypatch.setenv(f"WEEX_{name.upper()}", value)
        elif isinstance(value, SecretStr):
            monkeypatch.setenv(f"WEEX_{name.upper()}", value.get_secret_value())


async def stop(task: asyncio.Future[None]) -> None:
    """Cancel a task and see it end by that and nothing else."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def becomes_true(condition: Callable[[], object]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def stored_rows(path: Path) -> list[Any]:
    """Return what the storing example has committed so far."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as database:
        if not database.execute("SELECT name FROM sqlite_master").fetchall():
            return []
        return database.execute("SELECT * FROM tickers").fetchall()


def test_document_has_no_example_that_is_in_neither_list() -> None:
    private = {name for name, _ in PRIVATE}
    assert len(BLOCKS) == len(PUBLIC) + len(private)
    assert all(len(block.entries) == 1 for block in BLOCKS)
    assert set(SOURCES) == set(PUBLIC) | private


async def run_until_seen(
    printer: Printer, run: Awaitable[None], exchange: SandboxExchange, before: set[Any]
) -> None:
    """Run an example until the wanted line is printed; it must leave nothing behind."""
    task = asyncio.ensure_future(run)
    waiter = asyncio.create_task(printer.seen.wait())
    async with asyncio.timeout(60):
        await asyncio.wait((task, waiter), return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    assert printer.seen.is_set(), (task, printer.lines)
    await stop(task)
    await becomes_true(lambda: asyncio.all_tasks() == before and not exchange.connections)


@pytest.mark.parametrize("name", PUBLIC)
async def test_public_example_of_the_document_runs_unchanged(
    name: str, exchange: SandboxExchange
) -> None:
    before = asyncio.all_tasks()
    printer = Printer(PUBLIC[name])

    await run_until_seen(printer, example(name, printer)(), exchange, before)

    assert "N/A" not in "\n".join(printer.lines)


@pytest.mark.parametrize(("name", "market"), PRIVATE)
async def test_private_example_of_the_document_runs_unchanged(
    name: str, market: str, exchange: SandboxExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asyncio.all_tasks()
    point_environment_to(exchange, market, monkeypatch)
    printer, desk = Printer(PRIVATE[name, market]), Desk(exchange)
    helpers: dict[str, Any] = {}
    if name == "risk_monitored_trading":
        await exchange.place_order(symbol=LOSING, side="sell", size=LOSING_SIZE)
        names = ("get_current_price", "emergency_reduce_positions", "emergency_close_all_positions")
        helpers = {each: getattr(desk, each) for each in names}

    await run_until_seen(printer, example(name, printer, **helpers)(), exchange, before)

    if helpers:
        assert desk.reduced > 0
        assert any("POSITION SIZE LIMIT BREACHED" in line for line in printer.lines)


async def test_stored_tickers_of_the_document_are_in_the_database(
    exchange: SandboxExchange, tmp_path: Path
) -> None:
    path = tmp_path / "ticker_data.db"
    task = asyncio.ensure_future(example("store_stream_data", Printer("💾"))())

    await becomes_true(lambda: task.done() or len(stored_rows(path)) >= 3)
    await stop(task)

    for timestamp, symbol, price, volume, change in stored_rows(path):
        assert timestamp >= 1_790_000_000
        assert symbol == "BTCUSDT"
        assert price > 0
        assert volume > 0
        assert isinstance(change, float)
