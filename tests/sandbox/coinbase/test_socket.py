"""The exchange as Coinbase Exchange, over real sockets: requests, refusals, own orders, HTTP."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from weex_client.protocol import Channel, Feed, Subscribe
from weex_client.sandbox import SandboxExchange
from weex_client.venues.coinbase import CoinbaseVenue
from weex_client.venues.coinbase.endpoints import rest_headers


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    async with SandboxExchange(seed=5, speed=5, symbols=("BTCUSDT", "ETHUSDT")) as opened:
        yield opened


async def opened(exchange: SandboxExchange) -> ClientConnection:
    return await connect(exchange.coinbase_config().public_url, max_size=2**24, max_queue=None)


async def ask(socket: ClientConnection, request: Any) -> dict[str, Any]:
    """Send a request and return what answers it; data in between is passed over."""
    await socket.send(json.dumps(request))
    return await answered(socket)


async def answered(socket: ClientConnection) -> dict[str, Any]:
    return await until(socket, "subscriptions", "error")


async def until(socket: ClientConnection, *kinds: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if frame["type"] in kinds:
            return frame


async def subscribed(exchange: SandboxExchange, *feeds: Feed) -> ClientConnection:
    socket = await opened(exchange)
    venue = CoinbaseVenue(exchange.coinbase_config())
    await socket.send(venue.encode(Subscribe(feeds), 1, time.time_ns()))
    assert (await answered(socket))["type"] == "subscriptions"
    return socket


async def test_answers_have_the_complete_list_under_the_old_names(
    exchange: SandboxExchange,
) -> None:
    socket = await opened(exchange)
    first = await ask(
        socket,
        {
            "type": "subscribe",
            "product_ids": ["BTC-USD"],
            "channels": ["level2_batch", {"name": "ticker", "product_ids": ["ETH-USD"]}],
        },
    )
    wanted = {"level2_50": ["BTC-USD"], "ticker": ["ETH-USD"]}
    assert {each["name"]: each["product_ids"] for each in first["channels"]} == wanted
    more = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["ticker_batch"]}
    second = await ask(socket, more)
    wanted["ticker_1000"] = ["BTC-USD"]
    assert {each["name"]: each["product_ids"] for each in second["channels"]} == wanted
    third = await ask(socket, {"type": "unsubscribe", "channels": ["level2_batch"]})
    del wanted["level2_50"]
    assert {each["name"]: each["product_ids"] for each in third["channels"]} == wanted
    await socket.close()


REFUSED = [
    ({"type": "subscribe", "channels": []}, "No channels provided"),
    ({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["x"]}, "x is not a valid"),
    ({"type": "subscribe", "product_ids": ["X-Y"], "channels": ["ticker"]}, "X-Y is not a"),
    ({"type": "subscribe", "channels": ["ticker"]}, "requires product_ids"),
    ({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["full"]}, "authentication"),
    ({"type": "shout"}, "either subscribe or unsubscribe"),
    ([], "either subscribe or unsubscribe"),
]
WRONG = [
    ("key", "nobody", "Invalid API Key"),
    ("passphrase", "wrong", "Invalid Passphrase"),
    ("signature", "AAAA", "invalid signature"),
    ("timestamp", "1000000000", "expired"),
]


async def test_bad_requests_and_credentials_are_refused_in_the_venues_words() -> None:
    async with SandboxExchange(seed=5, symbols=("BTCUSDT",)) as exchange:
        socket = await opened(exchange)
        for request, words in REFUSED:
            refusal = await ask(socket, request)
            assert refusal["message"] == "Failed to subscribe"
            assert words in refusal["reason"]
        venue = CoinbaseVenue(exchange.coinbase_config())
        signed = json.loads(venue.encode(Subscribe(("user",)), 1, time.time_ns()))
        for part, value, words in WRONG:
            refusal = await ask(socket, {**signed, part: value})
            assert refusal["message"] == "Authentication Failed"
            assert words in json.loads(refusal["reason"])["message"]
        await socket.close()


async def test_who_says_nothing_for_five_seconds_is_cut(exchange: SandboxExchange) -> None:
    socket = await opened(exchange)
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    assert exchange.counters.cut_idle == 1


async def test_own_orders_are_told_with_the_numbers_that_everybody_sees(
    exchange: SandboxExchange,
) -> None:
    exchange.open_account("me", "my-secret", "my-pass")
    config = exchange.coinbase_config(account="me")
    socket = await opened(exchange)
    venue = CoinbaseVenue(config)
    feeds = ("user", "matches:ETH-USD")
    await socket.send(venue.encode(Subscribe(feeds), 1, time.time_ns()))
    await answered(socket)
    order = await exchange.place_order(
        symbol="ETHUSDT",
        side="buy",
        size="0.5",
        market="spot",
        account="me",
        client_order_id="mine",
    )
    received = await until(socket, "received")
    assert (received["client_oid"], received["order_type"]) == ("mine", "market")
    own, public, filled = [], [], Decimal(0)
    while filled < order.filled_size or len(public) < len(own):
        match = await until(socket, "match")
        if "taker_fee_rate" in match:
            assert match["taker_order_id"] == received["order_id"]
            own.append(match["trade_id"])
            filled += Decimal(match["size"])
        else:
            public.append(match["trade_id"])
    assert set(own) <= set(public)
    done = await until(socket, "done")
    assert (done["order_id"], done["reason"]) == (received["order_id"], "filled")

    def read(target: str) -> Any:
        credentials = config.credentials()
        assert credentials is not None
        headers = rest_headers(credentials, time.time_ns(), "GET", target)
        request = urllib.request.Request(config.rest_url + target, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    fills = await asyncio.to_thread(read, f"/fills?order_id={received['order_id']}")
    assert sorted(fill["trade_id"] for fill in fills) == own
    told = await asyncio.to_thread(read, f"/orders/{received['order_id']}")
    assert (told["status"], told["done_reason"]) == ("done", "filled")
    assert Decimal(told["filled_size"]) == filled
    assert await asyncio.to_thread(read, "/orders?status=open") == []
    await socket.close()


async def test_silent_product_has_an_empty_book_and_a_heart() -> None:
    async with SandboxExchange(seed=5, speed=20, symbols=("BTCUSDT",)) as exchange:
        socket = await subscribed(exchange, "level2:DEAD-USD", "heartbeat:DEAD-USD")
        snapshot = await until(socket, "snapshot")
        assert (snapshot["bids"], snapshot["asks"]) == ([], [])
        assert (await until(socket, "heartbeat"))["last_trade_id"] == 0
        await socket.close()


async def test_book_at_a_time_is_remembered(exchange: SandboxExchange) -> None:
    socket = await subscribed(exchange, "level2_batch:BTC-USD")
    venue = CoinbaseVenue(exchange.coinbase_config())
    await until(socket, "l2update")
    frame = await socket.recv(decode=False)
    update = venue.read_book(frame)
    assert update.exchange_time_ns is not None
    bids, asks = exchange.true_book(
        "spot", "BTC-USD", 3, update.exchange_time_ns // 1000, venue="coinbase"
    )
    assert len(bids) == len(asks) == 3
    assert bids[0][0] < asks[0][0]
    await socket.close()


async def test_faults_know_the_channels(exchange: SandboxExchange) -> None:
    socket = await subscribed(exchange, "matches:BTC-USD")
    last = await until(socket, "last_match")
    first = await until(socket, "match")
    assert first["trade_id"] == last["trade_id"] + 1
    exchange.faults.skip("BTC-USD", Channel.TRADES)
    seen = first["trade_id"]
    while True:
        newer = (await until(socket, "match"))["trade_id"]
        if newer != seen + 1:
            break
        seen = newer
    assert newer == seen + 2
    await socket.close()


QUESTIONS = {
    "/products": 200,
    "/products/BTC-USD": 200,
    "/products/BTC-USD/book?level=1": 200,
    "/products/BTC-USD/book?level=3": 200,
    "/products/BTC-USD/book?level=9": 400,
    "/products/BTC-USD/trades": 200,
    "/products/BTC-USD/ticker": 200,
    "/products/BTC-USD/stats": 200,
    "/products/BTC-USD/candles?granularity=60": 200,
    "/products/BTC-USD/candles?granularity=7": 400,
    "/products/X-Y/trades": 404,
    "/currencies": 200,
    "/time": 200,
    "/orders": 401,
    "/nonsense": 401,
}


async def test_questions_are_answered(exchange: SandboxExchange) -> None:
    def read(target: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"{exchange.http_url}/coinbase{target}") as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, json.loads(exc.read())

    for target, status in QUESTIONS.items():
        told, content = await asyncio.to_thread(read, target)
        assert (target, told) == (target, status)
        assert content
