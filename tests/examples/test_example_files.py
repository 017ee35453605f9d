"""Every file in ``examples/`` runs against the embedded exchange, as its reader would run it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from weex_client.sandbox import SandboxExchange

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("[!_]*.py"))

# What a line of the output must look like; an example that is not here must print a price.
PRICE = r"\d+\.\d+"
PLAUSIBLE = {
    "account": rf"^USDT   (holds|[+-]{PRICE} to) {PRICE}",
    "backtest": rf"^equity {PRICE} USDT \([+-]{PRICE}\): .* [1-9]\d* fills$",
    "batches": rf"^10 prices: {PRICE} on average, {PRICE} to {PRICE}$",
    "candlesticks": rf"^\d\d:\d\d [A-Z]+-USDT +(forms|closed) +open {PRICE} high {PRICE}",
    "chaos_bot_test": r"[1-9]\d+ books compared after [1-9]\d+ records of faults$",
    "filtered": rf"^[A-Z]+USDT +[+-]0\.\d+ % to {PRICE}$",
    "heartbeat": rf"^alive at {PRICE}$",
    "market_monitor": rf"^[\d:]{{8}}  BTCUSDT {PRICE}  24 h: {PRICE} to {PRICE}, [+-]{PRICE} %, ",
    "minute_volume": rf"^\d\d:\d\d  {PRICE} BTC (so far|in \d+ trades)",
    "moving_average": rf"^(BUY|SELL|HOLD) +price {PRICE}, average {PRICE}$",
    "multi_symbol": rf"^ADAUSDT +{PRICE}$",
    "orders": rf"^fill \d+ of \d+: (buy|sell) {PRICE} [A-Z]+ at {PRICE}, fee ",
    "order_book": rf"^ +spread +{PRICE}$",
    "own_order_book": rf"^{PRICE}: {PRICE} BTC below, {PRICE} BTC above$",
    "paper_market_maker": rf"^(buy |sell) {PRICE} at {PRICE}, equity {PRICE}$",
    "paper_moving_average": rf"^(buy |sell|hold)  price {PRICE}, worth {PRICE}$",
    "paper_or_live": rf"^(buy|sell) {PRICE} BTCUSDT at {PRICE}, fee {PRICE}$",
    "paper_risk": rf"^max_position_size: {PRICE} > 1000: reduce$",
    "paper_trading": rf"^sold at {PRICE}, equity {PRICE}$",
    "positions": rf"^[A-Z]+ (long|short) {PRICE} at {PRICE}, mark {PRICE}: [+-]{PRICE}$",
    "price_alerts": r"^(watching|ALERT) ",
    "quickstart": rf"^BTCUSDT bid {PRICE}, ask {PRICE}, spread {PRICE}$",
    "record_trades": rf"^ETHUSDT (buy|sell) +{PRICE} at {PRICE}   [1-9]\d* frames heard, 0 lost$",
    "risk_monitor": rf"^1 positions, exposure {PRICE}, [+-]{PRICE}$",
    "slow_reader": r"^conflate .* [1-9]\d* dropped$",
    "store_market": r"^[1-9]\d* stored, \d+ known, \d+ waiting$",
    "store_sqlite": r"^[1-9]\d* trades in trades\.db$",
    "testing_a_bot": rf"^after the cut: {PRICE}$",
    "threaded_price_alert": rf"^ALERT: BTCUSDT went (above|below) \d+: {PRICE}$",
    "threaded_tickers": rf"^ETHUSDT {PRICE} \([+-]\d+\.\d\d % in 24 h\)$",
    "trades": rf"^[\d:]{{8}}  (buy |sell) +{PRICE} BTC at {PRICE}",
    "venues_compared": rf"^bid {PRICE} on [a-z]+ +ask {PRICE} on [a-z]+",
    "whale_watch": r"^(whale|funding) +(BTC|ETH|SOL|BNB) +[+-][\d,.]+",
}

# The project's own settings keep the plugin's entry point away (tests/test_pytest_plugin.py).
PLUGIN = {"PYTEST_PLUGINS": "weex_client.pytest_plugin"}

# These end by themselves; all others run until they are stopped.
FINITE = {"backtest", "chaos_bot_test", "paper_risk", "testing_a_bot"}

NEEDS_ACCOUNT = {"account", "orders", "positions", "risk_monitor"}


@asynccontextmanager
async def running(
    example: Path, *options: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run an example with warnings as errors; never leave it behind."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-W", "error", str(example), "--sandbox", *options),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | PLUGIN,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_example_prints_something_plausible_and_ends_cleanly(
    example: Path, tmp_path: Path
) -> None:
    if example.stem in NEEDS_ACCOUNT and not hasattr(SandboxExchange, "place_order"):
        pytest.skip("this exchange has no accounts")
    wanted = re.compile(PLAUSIBLE.get(example.stem, PRICE))
    async with asyncio.timeout(60), running(example, folder=tmp_path) as process:
        assert process.stdout is not None
        said = []
        async for line in process.stdout:
            said.append(line.decode().rstrip())
            if wanted.search(said[-1]):
                break
        if example.stem not in FINITE:
            process.send_signal(signal.SIGINT)
        _, complaints = await process.communicate()

    assert complaints.decode() == ""
    assert process.returncode == 0
    assert said, "the example printed nothing"
    assert wanted.search(said[-1]), said
    assert not re.search(r"\b(None|nan|N/A)\b", "\n".join(said))


async def test_example_stops_when_its_seconds_are_over(tmp_path: Path) -> None:
    example = ROOT / "examples" / "market_monitor.py"

    async with asyncio.timeout(60), running(example, "--seconds", "1", folder=tmp_path) as process:
        output, complaints = await process.communicate()

    assert process.returncode == 0
    assert b"BTCUSDT" in output
    assert complaints == b""
