"""The behaviours of the KuCoin sheet on the exchange, over real sockets and HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from tests.sandbox.conftest import Turn, dial
from tests.sandbox.kucoin.wire import asked, connected, front, read, token
from weex_client.protocol import Scope
from weex_client.rest import HttpRequest
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.kucoin.socket import Pace

LEVEL2 = "/market/level2:BTC-USDT"


def ack(number: int) -> Any:
    return lambda frame: frame == {"id": str(number), "type": "ack"}


def about(topic: str) -> Any:
    return lambda frame: frame.get("topic") == topic


async def test_a_token_tells_where_to_connect(exchange: SandboxExchange) -> None:
    answer = await token(exchange)
    assert answer["code"] == "200000"
    (server,) = answer["data"]["instanceServers"]
    assert server["endpoint"] == f"{exchange.ws_url}/kucoin"
    assert (server["pingInterval"], server["pingTimeout"]) == (18000, 10000)
    assert exchange.addresses()["kucoin"] == exchange.http_url


@pytest.mark.parametrize(
    ("setting", "code"),
    [("api_key", "400003"), ("secret_key", "400004"), ("passphrase", "400004")],
)
async def test_a_private_token_is_for_who_signs(
    exchange: SandboxExchange, setting: str, code: str
) -> None:
    assert (await token(exchange, Scope.PRIVATE))["code"] == "200000"
    wrong = exchange.kucoin_config().model_copy(update={setting: SecretStr("wrong")})
    assert (await token(exchange, Scope.PRIVATE, wrong))["code"] == code
    unsigned = HttpRequest("POST", f"{exchange.http_url}/api/v1/bullet-private")
    assert (await asked(unsigned))["code"] == "400001"


async def test_a_wrong_token_is_told_so_and_closed(exchange: SandboxExchange) -> None:
    for wrong in ("", quote("never/handed+out==", safe="")):
        async with dial(exchange, f"/kucoin?token={wrong}&connectId=me") as client:
            answer = {"id": "me", "type": "error", "code": 401, "data": "token is invalid"}
            assert await client.receive() == answer
            await client.ends()


async def test_tokens_end(exchange: SandboxExchange) -> None:
    async with connected(exchange) as client:
        front(exchange).expire_tokens()
        assert (await client.receive())["data"] == "token is expired"
        await client.ends()


async def test_a_silent_client_is_cut_and_one_that_pings_is_not(exchange: SandboxExchange) -> None:
    async with connected(exchange) as client:
        await client.send(id="p", type="ping")
        pong = await client.receive()
        assert (pong["id"], pong["type"]) == ("p", "pong")
        assert len(str(pong["timestamp"])) == 16
    front(exchange).pace = Pace(silence_seconds=0.0)
    async with connected(exchange) as client:
        assert (await client.receive())["data"] == "ping timeout"
        await client.ends()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"type": "subscribe", "topic": "/market/nothing:BTC-USDT"}, 404),
        ({"type": "subscribe", "topic": "/market/ticker"}, 404),
        ({"type": "subscribe", "topic": "/market/candles:BTC-USDT_7min"}, 404),
        ({"type": "subscribe", "topic": "/market/ticker:,"}, 400),
        ({"type": "subscribe"}, 406),
        ({"type": "update_token", "newToken": "x"}, 415),
        ({"type": "subscribe", "topic": "/account/balance", "privateChannel": True}, 403),
        ({"type": "subscribe", "topic": f"/market/ticker:{','.join(map(str, range(101)))}"}, 509),
    ],
)
async def test_what_cannot_be_had_is_refused_with_the_venues_code(
    exchange: SandboxExchange, request_: dict[str, Any], code: int
) -> None:
    async with connected(exchange) as client:
        await client.send(id="x", response=True, **request_)
        answer = await client.receive()
        assert (answer["id"], answer["type"], answer["code"]) == ("x", "error", code)


async def test_what_is_not_json_and_what_comes_too_often_is_refused(
    exchange: SandboxExchange,
) -> None:
    async with connected(exchange) as client:
        await client.socket.send("hello")
        assert (await client.receive())["code"] == 400
        for _ in range(100):
            await client.send(id=1, type="ping")
        assert (await client.until(lambda frame: frame["type"] == "error"))["code"] == 509


async def test_an_unknown_symbol_is_acknowledged_and_silent(
    exchange: SandboxExchange, turn: Turn
) -> None:
    topics = "/market/ticker:NOPE-USDT", "/market/candles:BTCUSDT_1min"
    async with connected(exchange, Scope.PUBLIC, *topics) as client:
        await client.until(ack(0))
        await client.until(ack(1))
        await turn(seconds=10)
        assert client.is_silent()


async def test_every_public_topic_speaks(exchange: SandboxExchange) -> None:
    subjects = {
        "/market/ticker:BTC-USDT": "trade.ticker",
        "/market/snapshot:BTC-USDT": "trade.snapshot",
        "/market/match:BTC-USDT": "trade.l3match",
        "/market/candles:BTC-USDT_1min": "trade.candles.update",
        "/spotMarket/level1:BTC-USDT": "level1",
        "/spotMarket/level2Depth5:BTC-USDT": "level2",
        "/spotMarket/level2Depth50:BTC-USDT": "level2",
        LEVEL2: "trade.l2update",
    }
    async with connected(exchange, Scope.PUBLIC, *subjects) as client:
        missing = dict(subjects)
        while missing:
            frame = await client.receive()
            if missing.get(frame.get("topic", "")) == frame.get("subject", "none"):
                del missing[frame["topic"]]


async def test_of_all_tickers_the_subject_is_the_symbol(exchange: SandboxExchange) -> None:
    async with connected(exchange, Scope.PUBLIC, "/market/ticker:all") as client:
        await client.until(lambda frame: frame.get("subject") == "DOGE-USDT")


async def test_the_book_that_is_read_is_continued_by_the_changes(
    exchange: SandboxExchange,
) -> None:
    async with connected(exchange, Scope.PUBLIC, LEVEL2) as client:
        waiting = [(await client.until(about(LEVEL2)))["data"]]
        path = "/api/v3/market/orderbook/level2"
        start = (await read(exchange, path, symbol="BTC-USDT"))["data"]
        sides = {name: {row[0]: row[1] for row in start[name]} for name in ("bids", "asks")}
        sequence = int(start["sequence"])
        assert waiting[0]["sequenceStart"] <= sequence + 1
        applied = 0
        while applied < 30:
            change = waiting.pop() if waiting else (await client.until(about(LEVEL2)))["data"]
            if change["sequenceEnd"] <= sequence:
                continue
            assert change["sequenceStart"] <= sequence + 1
            sequence = change["sequenceEnd"]
            applied += 1
            for name, rows in change["changes"].items():
                for price, size, _ in rows:
                    sides[name].pop(price, None)
                    if price != "0" and size != "0":
                        sides[name][price] = size
        bids, asks = exchange.true_book("spot", "BTC-USDT", 200, sequence, venue="kucoin")
        assert {Decimal(p): Decimal(s) for p, s in sides["bids"].items()} == dict(bids)
        assert {Decimal(p): Decimal(s) for p, s in sides["asks"].items()} == dict(asks)


async def test_market_reads() -> None:
    # Few symbols, and no faster than life: each has to catch up when it is asked for.
    async with SandboxExchange(seed=7, symbols=("BTCUSDT", "ETHUSDT")) as exchange:

        async def told(path: str, **parameters: str) -> Any:
            return (await read(exchange, path, **parameters))["data"]

        symbols = await told("/api/v2/symbols")
        assert [each["symbol"] for each in symbols] == ["BTC-USDT", "ETH-USDT"]
        candles = await told("/api/v1/market/candles", symbol="BTC-USDT", type="1min")
        assert int(candles[0][0]) - int(candles[1][0]) == 60  # newest first
        assert len((await told("/api/v1/market/allTickers"))["ticker"]) == 2
        for level in (20, 100):
            path = f"/api/v1/market/orderbook/level2_{level}"
            book = await told(path, symbol="BTC-USDT")
            assert len(book["bids"]) == len(book["asks"]) == level
        assert (await read(exchange, "/api/v1/market/stats", symbol="NOPE"))["code"] == "900001"
        assert (await read(exchange, "/api/v1/no/such/thing"))["code"] == "404"
        fills = await told("/api/v1/fills", pageSize="10")
        assert fills["pageSize"] == 10
        active = await told("/api/v1/orders", status="active")
        assert active["currentPage"] == 1
        assert {each["type"] for each in await told("/api/v1/accounts")} == {"trade"}


async def test_an_order_is_told_by_frames_and_by_request(exchange: SandboxExchange) -> None:
    orders, older = "/spotMarket/tradeOrdersV2", "/spotMarket/tradeOrders"
    async with connected(exchange, Scope.PRIVATE, orders, older, "/account/balance") as client:
        await client.until(ack(2))
        placed = await exchange.place_order(
            symbol="BTCUSDT", side="buy", size="0.01", price="75000", market="spot"
        )
        seen = []
        while len(seen) < 3:
            frame = await client.receive()
            if frame.get("data", {}).get("orderId") == placed.order_id:
                seen.append((frame["topic"], frame["data"]["type"]))
        assert seen == [(orders, "received"), (orders, "open"), (older, "open")]
        row = (await read(exchange, f"/api/v1/orders/{placed.order_id}"))["data"]
        assert (row["isActive"], row["price"]) == (True, "75000")
        await exchange.cancel_order(placed.order_id, market="spot")
        end = ("canceled", placed.order_id)
        await client.until(
            lambda f: (f.get("data", {}).get("type"), f.get("data", {}).get("orderId")) == end
        )
        balance = await client.until(about("/account/balance"))
        assert balance["data"]["relationEvent"].startswith("trade.")
        row = (await read(exchange, f"/api/v1/orders/{placed.order_id}"))["data"]
        assert (row["isActive"], row["cancelExist"]) == (False, True)


async def test_a_stop_order_is_told_by_its_own_topic_only(exchange: SandboxExchange) -> None:
    stops, orders = "/spotMarket/advancedOrders", "/spotMarket/tradeOrdersV2"
    async with connected(exchange, Scope.PRIVATE, stops, orders) as client:
        await client.until(ack(1))
        placed = await exchange.place_order(
            symbol="BTCUSDT",
            side="sell",
            size="0.01",
            type="stop_market",
            trigger_price="1000",
            market="spot",
        )
        await exchange.cancel_order(placed.order_id, market="spot")
        seen = []
        while len(seen) < 2:
            frame = await client.receive()
            if frame.get("data", {}).get("orderId") == placed.order_id:
                seen.append((frame["topic"], frame["data"]["type"], frame["data"]["stop"]))
        assert seen == [(stops, "open", "loss"), (stops, "cancel", "loss")]
