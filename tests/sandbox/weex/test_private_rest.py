"""The signed HTTP API: what it reads is what the account is, and orders may be placed over it."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.conftest import PATIENCE_SECONDS, START_NS, signed
from weex_client.sandbox import SandboxExchange

Answer = tuple[int, Any]


@pytest.fixture
async def quiet() -> AsyncIterator[SandboxExchange]:
    """Run an exchange without a house trader."""
    exchange = SandboxExchange(seed=7, speed=20, start_time_ns=START_NS, house_trader=False)
    async with exchange:
        yield exchange


def fetch(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


async def ask(
    exchange: SandboxExchange, target: str, method: str = "GET", body: Any = None, **headers: str
) -> Answer:
    """Sign a request, send it and return status and content."""
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    request = urllib.request.Request(
        exchange.http_url + target,
        data=text.encode() or None,
        method=method,
        headers=signed(exchange, message=method + target + text)
        | {"Content-Type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )
    return await asyncio.to_thread(fetch, request)


async def read(exchange: SandboxExchange, target: str) -> Any:
    status, content = await ask(exchange, target)
    assert status == 200, content
    return content


PATHS = (
    *("/api/v3/account/", "/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"),
    *("/capi/v3/account/balance", "/capi/v3/account/position/allPosition"),
    *("/capi/v3/openOrders", "/capi/v3/order/history", "/capi/v3/userTrades"),
)


@pytest.mark.parametrize("path", PATHS)
async def test_every_read_needs_a_right_signature(quiet: SandboxExchange, path: str) -> None:
    assert (await ask(quiet, path))[0] == 200
    assert (await ask(quiet, path + "?symbol=BTCUSDT"))[0] == 200
    status, content = await ask(quiet, path, ACCESS_SIGN="AAAA")
    assert (status, content["code"]) == (401, -1047)
    status, content = await ask(quiet, path, ACCESS_KEY="stranger")
    assert (status, content["code"]) == (401, -1044)


async def test_a_spot_account_is_read(quiet: SandboxExchange) -> None:
    await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.1", price=70_000, market="spot")
    content = await read(quiet, "/api/v3/account/")
    assert content["balances"] == [
        {"asset": "USDT", "free": "93000.00000000", "locked": "7000.00000000"},
        {"asset": "BTC", "free": "0.31250000", "locked": "0"},
    ]


async def test_a_contract_balance_has_what_frames_do_not_say(quiet: SandboxExchange) -> None:
    await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.1", price=70_000)
    (row,) = await read(quiet, "/capi/v3/account/balance")
    # Margin at twenty times, and the fee of a taker.
    frozen = Decimal(7_000) / 20 + Decimal(7_000) * Decimal("0.0008")
    assert Decimal(row["frozen"]) == frozen
    assert Decimal(row["availableBalance"]) == 100_000 - frozen
    assert (row["asset"], row["balance"], row["unrealizePnl"]) == ("USDT", "100000.00000000", "0")


async def test_a_position_is_read_with_margin_profit_and_liquidation(
    quiet: SandboxExchange,
) -> None:
    await quiet.place_order(symbol="BTCUSDT", side="sell", size="2", client_order_id="short")
    (row,) = await read(quiet, "/capi/v3/account/position/allPosition")
    assert (row["side"], row["size"], row["leverage"]) == ("SHORT", "2.0000", "20.00")
    assert isinstance(row["id"], int)
    assert Decimal(row["marginSize"]) == pytest.approx(Decimal(row["openValue"]) / 20, abs=1)
    assert Decimal(row["liquidatePrice"]) > Decimal(row["openValue"]) / 2
    assert abs(Decimal(row["unrealizePnl"])) < 2_000
    assert await read(quiet, "/capi/v3/account/position/singlePosition?symbol=BTCUSDT")
    assert await read(quiet, "/capi/v3/account/position/singlePosition?symbol=ETHUSDT") == []
    await quiet.place_order(symbol="BTCUSDT", side="buy", size="2", reduce_only=True)
    assert await read(quiet, "/capi/v3/account/position/allPosition") == []


@pytest.mark.parametrize(("prefix", "market"), [("/api/v3", "spot"), ("/capi/v3", "contract")])
async def test_orders_and_fills_are_read(quiet: SandboxExchange, prefix: str, market: Any) -> None:
    open_one = await quiet.place_order(
        symbol="BTCUSDT", side="buy", size="0.1", price=70_000, market=market, client_order_id="c"
    )
    done = await quiet.place_order(symbol="ETHUSDT", side="buy", size="0.3", market=market)
    (row,) = await read(quiet, f"{prefix}/openOrders")
    assert isinstance(row["orderId"], int)
    assert (str(row["orderId"]), row["clientOrderId"]) == (open_one.order_id, "c")
    assert (row["status"], row["type"], row["timeInForce"]) == ("NEW", "LIMIT", "GTC")
    assert (row["executedQty"], Decimal(row["price"])) == ("0", 70_000)
    assert await read(quiet, f"{prefix}/openOrders?symbol=ETHUSDT") == []
    for query in (f"orderId={open_one.order_id}", "origClientOrderId=c"):
        assert await read(quiet, f"{prefix}/order?{query}") == row
    one = await read(quiet, f"{prefix}/order?orderId={done.order_id}")
    assert (one["status"], one["type"], one["timeInForce"]) == ("FILLED", "MARKET", "IOC")
    fills = await read(quiet, f"{prefix}/{'myTrades' if market == 'spot' else 'userTrades'}")
    assert {str(fill["orderId"]) for fill in fills} == {done.order_id}
    assert sum(Decimal(fill["qty"]) for fill in fills) == done.filled_size
    assert sum(Decimal(fill["commission"]) for fill in fills) == done.fee
    past = "allOrders" if market == "spot" else "order/history"
    rows = await read(quiet, f"{prefix}/{past}?symbol=ETHUSDT&limit=1")
    assert rows == [one]
    later = quiet.time_ns // 1_000_000 + 1_000
    assert await read(quiet, f"{prefix}/{past}?startTime={later}") == []
    assert await read(quiet, f"{prefix}/{past}?endTime=1") == []


@pytest.mark.parametrize(("prefix", "market"), [("/api/v3", "spot"), ("/capi/v3", "contract")])
async def test_orders_are_placed_and_cancelled(
    quiet: SandboxExchange, prefix: str, market: Any
) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "0.1",
        "price": "70000",
        "timeInForce": "GTC",
    }
    ids = []
    for name in ("one", "two", "three"):
        status, placed = await ask(
            quiet, f"{prefix}/order", "POST", order | {"newClientOrderId": name}
        )
        assert status == 200
        assert placed["clientOrderId"] == name
        ids.append(placed["orderId"])
    status, gone = await ask(quiet, f"{prefix}/order?orderId={ids[0]}", "DELETE")
    assert (status, gone["status"], gone["orderId"]) == (200, "CANCELED", ids[0])
    every = "openOrders" if market == "spot" else "allOpenOrders"
    status, gone = await ask(quiet, f"{prefix}/{every}?symbol=BTCUSDT", "DELETE")
    assert (status, [row["orderId"] for row in gone]) == (200, ids[1:])
    assert await read(quiet, f"{prefix}/openOrders") == []


async def test_an_order_against_its_position_side_closes(quiet: SandboxExchange) -> None:
    order = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.01", "positionSide": "LONG"}
    assert (await ask(quiet, "/capi/v3/order", "POST", order | {"side": "BUY"}))[0] == 200
    assert (await ask(quiet, "/capi/v3/order", "POST", order | {"side": "SELL"}))[0] == 200
    status, refused = await ask(quiet, "/capi/v3/order", "POST", order | {"side": "SELL"})
    assert (status, refused["code"]) == (400, -1142)


GOOD = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1", "price": "70000"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("no json", -1135),
        ("[1]", -1135),
        (GOOD | {"quantity": ""}, -1141),
        (GOOD | {"quantity": "a lot"}, -1142),
        (GOOD | {"quantity": "0"}, -1160),
        (GOOD | {"quantity": "-1"}, -1160),
        (GOOD | {"quantity": "NaN"}, -1160),
        (GOOD | {"price": "70000.000001"}, -1160),
        (GOOD | {"symbol": "NOPEUSDT"}, -1121),
        (GOOD | {"side": "HOLD"}, -1117),
        (GOOD | {"type": "WISH"}, -1116),
        (GOOD | {"timeInForce": "SOON"}, -1115),
        (GOOD | {"quantity": "1000000"}, -1054),
        (GOOD | {"price": "99999999"}, -1160),
        (GOOD | {"quantity": "0.1", "price": "82000", "timeInForce": "POST_ONLY"}, -1000),
    ],
)
async def test_bad_orders_are_refused_with_a_code(
    quiet: SandboxExchange, body: Any, code: int
) -> None:
    status, content = await ask(quiet, "/capi/v3/order", "POST", body)
    assert (status, content["code"]) == (400, code)
    assert await read(quiet, "/capi/v3/openOrders") == []


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api/v3/order", 400, -1140),
        ("/api/v3/order?orderId=1", 400, -2200),
        ("/capi/v3/order?orderId=1", 400, -3200),
        ("/api/v3/openOrders?limit=0", 400, -1140),
        ("/api/v3/openOrders?limit=many", 400, -1140),
        ("/api/v3/openOrders?startTime=now", 400, -1142),
        ("/api/v3/account/nothing", 404, 404),
    ],
)
async def test_bad_reads_are_refused_with_a_code(
    quiet: SandboxExchange, target: str, status: int, code: int
) -> None:
    answered, content = await ask(quiet, target)
    assert (answered, content["code"]) == (status, code)


async def test_a_body_is_part_of_what_is_signed(quiet: SandboxExchange) -> None:
    headers = signed(quiet, message="POST/api/v3/order{}")
    request = urllib.request.Request(
        quiet.http_url + "/api/v3/order", data=b"{ }", method="POST", headers=headers
    )
    status, content = await asyncio.to_thread(fetch, request)
    assert (status, content["code"]) == (401, -1047)


async def test_other_methods_are_not_known(quiet: SandboxExchange) -> None:
    status, content = await ask(quiet, "/api/v3/time", "POST", {})
    assert (status, content["code"]) == (405, -1150)
