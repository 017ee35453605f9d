"""The HTTP reads beside the sockets."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.conftest import PATIENCE_SECONDS
from weex_client.sandbox import SandboxExchange


async def get(exchange: SandboxExchange, target: str) -> Any:
    def read() -> Any:
        with urllib.request.urlopen(
            exchange.http_url + target, timeout=PATIENCE_SECONDS
        ) as response:
            assert response.headers["Content-Type"] == "application/json"
            return json.load(response)

    return await asyncio.to_thread(read)


async def refused(exchange: SandboxExchange, target: str) -> tuple[int, Any]:
    with pytest.raises(urllib.error.HTTPError) as error:
        await get(exchange, target)
    with error.value as response:
        return response.code, json.load(response)


async def test_both_markets_describe_their_symbols(exchange: SandboxExchange) -> None:
    spot = (await get(exchange, "/api/v3/exchangeInfo"))["symbols"]
    contract = (await get(exchange, "/capi/v3/market/exchangeInfo"))["symbols"]
    assert [row["symbol"] for row in spot] == [row["symbol"] for row in contract]
    assert (spot[0]["tickSize"], spot[0]["stepSize"]) == ("0.01", "0.000001")
    assert (contract[0]["pricePrecision"], contract[0]["quantityPrecision"]) == ("1", "4")
    assert contract[0]["marginAsset"] == "USDT"
    coins = {row["coin"] for row in await get(exchange, "/api/v3/coins")}
    assert {"BTC", "USDT"} <= coins


@pytest.mark.parametrize("prefix", ["/api/v3/market", "/capi/v3/market"])
async def test_market_reads_agree_with_each_other(exchange: SandboxExchange, prefix: str) -> None:
    query = "?symbol=BTCUSDT"
    book = await get(exchange, f"{prefix}/depth{query}&limit=200")
    assert len(book["bids"]) == len(book["asks"]) == 200
    assert len((await get(exchange, f"{prefix}/depth{query}"))["bids"]) == 15
    (touch,) = await get(exchange, f"{prefix}/ticker/bookTicker{query}")
    assert Decimal(touch["bidPrice"]) < Decimal(touch["askPrice"])
    trades = await get(exchange, f"{prefix}/trades{query}&limit=5")
    assert [row["time"] for row in trades] == sorted(row["time"] for row in trades)
    assert len(trades) == 5
    candles = await get(exchange, f"{prefix}/klines{query}&interval=1m&limit=3")
    assert [row[6] for row in candles[:-1]] == [row[0] for row in candles[1:]]
    (ticker,) = await get(exchange, f"{prefix}/ticker/24hr{query}")
    assert Decimal(ticker["lowPrice"]) <= Decimal(ticker["lastPrice"])
    assert ("markPrice" in ticker) is prefix.startswith("/capi")
    assert len(await get(exchange, f"{prefix}/ticker/24hr")) == len(exchange.symbols)


async def test_times_are_simulated(exchange: SandboxExchange) -> None:
    assert await get(exchange, "/api/v3/ping") == {}
    for path in ("/api/v3/time", "/capi/v3/market/time"):
        told = (await get(exchange, path))["serverTime"]
        assert abs(told - exchange.time_ns // 1_000_000) < 10_000


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api/v3/market/depth?symbol=NOPEUSDT", 400, -1121),
        ("/api/v3/market/depth", 400, -1121),
        ("/api/v3/market/depth?symbol=BTCUSDT&limit=50", 400, -1140),
        ("/api/v3/market/trades?symbol=BTCUSDT&limit=0", 400, -1140),
        ("/api/v3/market/trades?symbol=BTCUSDT&limit=many", 400, -1140),
        ("/capi/v3/market/klines?symbol=BTCUSDT&interval=2h", 400, -1142),
        ("/api/v3/ticker", 404, 404),
    ],
)
async def test_what_cannot_be_read_says_why(
    exchange: SandboxExchange, target: str, status: int, code: int
) -> None:
    got = await refused(exchange, target)
    assert (got[0], got[1]["code"]) == (status, code)
