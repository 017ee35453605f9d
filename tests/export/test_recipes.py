"""The recipes of the documentation give what the package's own candles are, to the last digit."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.export import candles_of, export

from .tape import SECOND_NS, START_NS, trade

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
FIGURES = ("open", "high", "low", "close", "volume", "quote_volume", "trade_count")


def trades() -> Iterator[Any]:
    for number in range(400):
        # Some at the same instant, out of order, and a pause of minutes in the middle.
        second = number // 3 * 7 - number % 2 * 5 + (600 if number > 200 else 0)
        yield trade(
            number,
            f"{79_796 + number % 11}.{number:08}",
            f"0.0{number % 97 + 1:07}",
            START_NS + second * SECOND_NS,
            symbol=("BTCUSDT", "ETHUSDT")[number % 5 == 0],
        )


def test_recipes_give_the_candles_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "the recipes run on one Python only: nox -s tests installs their packages there"
    for name in ("pyarrow", "polars", "pandas", "duckdb"):
        pytest.importorskip(name, reason=why)
    expected = sorted(
        (each.symbol or "", each.data.open_time, *(each.data[name] for name in FIGURES))
        for each in candles_of(trades(), "1m")
    )
    assert len(expected) > 20
    monkeypatch.chdir(tmp_path)
    export(trades(), "trades.parquet")
    export(trades(), "trades.csv")

    made = {
        name: runpy.run_path(str(RECIPES / f"{name}_minutes.py"))["minutes"]
        for name in ("polars", "pandas", "duckdb")
    }
    rows = {
        "polars": made["polars"].rows(),
        "pandas": list(made["pandas"].itertuples(index=False, name=None)),
        "duckdb": made["duckdb"].fetchall(),
    }
    for name, found in rows.items():
        shown = [(symbol, _seconds(time), *figures) for symbol, time, *figures in found]
        assert shown == expected, name
    runpy.run_path(str(RECIPES / "decimals_in_csv.py"))
    turnover = sum((row[7] for row in expected), Decimal(0))
    assert capsys.readouterr().out.splitlines()[-1] == f"{turnover:f}"


def _seconds(time: Any) -> float:
    return float(time.replace(tzinfo=UTC).timestamp())
