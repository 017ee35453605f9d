"""The exchange as a whole: addresses, life and death, slow clients, the truth about books."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.sandbox.conftest import PATIENCE_SECONDS, START_NS, Frame, WireClient, dial
from weex_client.sandbox import SandboxExchange
from weex_client.venues.weex.venue import INTERVALS


async def test_addresses_lead_to_the_exchange(exchange: SandboxExchange) -> None:
    addresses = exchange.addresses()
    assert addresses["ws"] == exchange.ws_url
    weex = addresses["weex"]
    assert isinstance(weex, dict)
    for market in ("contract", "spot"):
        config = exchange.weex_config(market)
        assert config.market == market
        assert config.public_url == weex[market]["public"]
        assert config.private_url == weex[market]["private"]
        assert config.rest_url == exchange.http_url
        assert config.credentials() == ("sandbox-key", "sandbox-secret", "sandbox-passphrase")
        async with connect(config.public_url) as line:
            assert "cid" in json.loads(await line.recv())


@pytest.mark.parametrize("path", ["/v3/ws/neither", "/spot/v3/ws", "/nowhere", "/"])
async def test_what_is_not_served_is_not_found(exchange: SandboxExchange, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(exchange.ws_url + path)
    assert refused.value.response.status_code == 404
    assert b"msg" in (refused.value.response.body or b"")


async def test_a_closed_exchange_leaves_no_task_and_no_socket() -> None:
    before = asyncio.all_tasks()
    exchange = SandboxExchange(speed=30)
    await exchange.start()
    client = WireClient(await connect(exchange.ws_url + "/v3/ws/public"))
    await client.subscribe("BTCUSDT@ticker")
    await client.answer()
    await exchange.close()
    await exchange.close()
    assert exchange.connections == ()
    with pytest.raises(ConnectionClosed):
        await client.until(lambda _: False)
    await client.socket.wait_closed()
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await connect(exchange.ws_url + "/v3/ws/public")


async def test_an_exchange_opens_again_on_its_port() -> None:
    exchange = SandboxExchange()
    await exchange.start()
    url = exchange.ws_url
    with pytest.raises(RuntimeError, match="already open"):
        await exchange.start()
    await exchange.close()
    async with exchange:
        assert exchange.ws_url == url


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_time_must_run_forwards(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        SandboxExchange(speed=speed)


async def test_connections_tell_what_they_are_subscribed_to_and_asked_for(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange, "/spot/v3/ws/public") as client:
        await client.subscribe("btcusdt@depth", "ETHUSDT@kline_1m")
        await client.answer()
        await client.next("klineSnapshot", "ETHUSDT")
        (seen,) = exchange.connections
        assert seen.path == "/spot/v3/ws/public"
        assert seen.streams == {"BTCUSDT@depth15", "ETHUSDT@kline_1m_LAST_PRICE"}
        assert [json.loads(text)["method"] for text in seen.requests] == ["SUBSCRIBE"]
        assert seen.request_count == exchange.counters.requests == 1


async def follow(client: WireClient, frames: int) -> list[Frame]:
    """Return a snapshot and the changes after it."""
    followed = [await client.until(lambda f: f.get("e") == "depthSnapshot")]
    while len(followed) <= frames:
        followed.append(await client.until(lambda f: f.get("e") == "depth"))
    return followed


@pytest.mark.parametrize("level", [15, 200])
@pytest.mark.parametrize("market", ["contract", "spot"])
async def test_replayed_book_is_the_true_book_at_every_sequence(
    exchange: SandboxExchange, market: str, level: int
) -> None:
    async with dial(exchange, f"/{market}/v3/ws/public") as client:
        await client.subscribe(f"ETHUSDT@depth{level}")
        sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        last = None
        for frame in await follow(client, 40):
            assert last is None or frame["U"] == last
            last = frame["u"]
            for side, levels in sides.items():
                levels.update(dict(frame[side]))
                assert len({price for price, _ in frame[side]}) == len(frame[side])
                for price in [p for p, size in levels.items() if size == "0"]:
                    del levels[price]
                assert len(levels) == level
            true = exchange.true_book(
                "spot" if market == "spot" else "contract", "ETHUSDT", level, last
            )
            for levels, truth in zip(sides.values(), true, strict=True):
                assert levels == {str(price): str(size) for price, size in truth}


async def test_the_truth_of_unknown_streams_and_sequences_is_an_error(
    exchange: SandboxExchange,
) -> None:
    with pytest.raises(LookupError, match="nobody subscribed"):
        exchange.true_book("contract", "BTCUSDT", 15, 1)
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        snapshot = await client.next("depthSnapshot")
        with pytest.raises(LookupError, match="no frame ended"):
            exchange.true_book("contract", "BTCUSDT", 15, snapshot["u"] - 1)


async def stream_text(order: tuple[str, ...]) -> dict[str, list[Frame]]:
    """Subscribe symbols one by one and return the trades and books of each."""
    wanted: dict[str, list[Frame]] = {symbol: [] for symbol in order}
    exchange = SandboxExchange(seed=11, speed=100, start_time_ns=START_NS)
    async with exchange, dial(exchange) as client:
        for number, symbol in enumerate(order):
            await client.subscribe(f"{symbol}@trade", f"{symbol}@depth15", request_id=number)
            await client.answer(number)
        reached = 0
        while reached < START_NS // 1_000_000 + 60_000:
            frame = await client.until(lambda f: f.get("e") in ("trade", "depth"))
            wanted[frame["s"]].append(frame)
            reached = frame["E"]
    return wanted


async def test_same_seed_sends_the_same_market_in_whatever_order_it_is_subscribed() -> None:
    symbols = ("BTCUSDT", "DOGEUSDT", "SOLUSDT")
    one, other = await stream_text(symbols), await stream_text(symbols[::-1])
    for symbol in symbols:
        prints = [
            {row["t"]: row for frame in run[symbol] if frame["e"] == "trade" for row in frame["d"]}
            for run in (one, other)
        ]
        common = prints[0].keys() & prints[1].keys()
        assert len(common) > 20
        assert all(prints[0][key] == prints[1][key] for key in common)
        books = [{f["u"]: f for f in run[symbol] if f["e"] == "depth"} for run in (one, other)]
        shared = sorted(books[0].keys() & books[1].keys())
        assert len(shared) > 15
        # The first frame after a snapshot says what changed since that snapshot.
        assert all(books[0][u] == books[1][u] for u in shared[1:])


async def test_a_client_that_does_not_read_is_cut_and_others_go_on(
    exchange: SandboxExchange,
) -> None:
    # Six megabytes of candles do not fit in the line between the two.
    streams = [f"{name}@kline_{i}" for name in exchange.symbols for i in INTERVALS["contract"]][
        :110
    ]
    async with dial(exchange) as reader, dial(exchange) as sleeper:
        await reader.subscribe("BTCUSDT@ticker")
        await sleeper.receive()
        exchange.connections[1].unread_limit_bytes = 100_000
        sleeper.socket.transport.pause_reading()
        line = sleeper.socket.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await sleeper.subscribe(*streams)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not exchange.counters.cut_slow:
                await reader.next("ticker")
            while len(exchange.connections) > 1:
                await reader.next("ticker")
        sleeper.socket.transport.abort()


async def test_an_exchange_closes_while_a_client_leaves_much_unread() -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with SandboxExchange(speed=30) as exchange, dial(exchange) as client:
            await client.receive()
            client.socket.transport.pause_reading()
            # More than any socket buffers, so that a close frame waits behind it for ever.
            exchange.faults.huge_frame(16 * 2**20)
            await exchange.close()
            assert exchange.connections == ()


async def test_compression_is_negotiated_when_offered(exchange: SandboxExchange) -> None:
    url = exchange.ws_url + "/v3/ws/public"
    async with connect(url) as offered, connect(url, compression=None) as plain:
        assert "permessage-deflate" in offered.response.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in plain.response.headers


async def test_a_thousand_listed_symbols_cost_nothing_until_looked_at() -> None:
    symbols = [f"COIN{number}USDT" for number in range(1_000)]
    async with SandboxExchange(symbols=symbols, speed=30) as exchange, dial(exchange) as client:
        await client.subscribe("COIN999USDT@depth15")
        snapshot = await client.next("depthSnapshot", "COIN999USDT")
        assert len(snapshot["b"]) == len(snapshot["a"]) == 15
        await client.subscribe("BTCUSDT@ticker", request_id=2)
        assert not (await client.answer(2))["result"]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
        body: bytes = response.read()
        return body


async def test_the_socket_port_also_answers_http(exchange: SandboxExchange) -> None:
    body = await asyncio.to_thread(fetch, f"{exchange.http_url}/api/v3/exchangeInfo")
    assert {row["symbol"] for row in json.loads(body)["symbols"]} == set(exchange.symbols)
