"""The behaviours of the WEEX sheet on a public socket, each over a real one."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed

from tests.sandbox.conftest import PATIENCE_SECONDS, START_NS, dial
from weex_client.sandbox import SandboxExchange


async def test_the_greeting_comes_first_and_tells_the_simulated_time(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        greeting = await client.receive()
        assert list(greeting) == ["cid", "event", "time"]
        assert greeting["event"] == "connected"
        assert 0 <= int(greeting["time"]) - START_NS // 1_000_000 + 100 < 600_000


async def test_one_ack_answers_a_batch_and_snapshots_may_come_before_it(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        await client.answer()
        await client.subscribe("BTCUSDT@trade", "BTCUSDT@depth15", request_id=2)
        order = []
        while len(order) < 3:
            frame = await client.receive()
            if frame.get("id") == 2 or str(frame.get("e")).endswith("Snapshot"):
                order.append(frame.get("e", "ack"))
        assert order == ["tradeSnapshot", "ack", "depthSnapshot"]


async def test_a_batch_with_one_bad_stream_is_refused_as_a_whole(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker", "NOPEUSDT@ticker")
        answer = await client.answer()
        assert answer["msg"] == "INVALID_ARGUMENT: invalid symbol : cmt_nopeusdt"
        assert exchange.connections[0].streams == set()


async def test_a_request_without_id_is_answered_without_id(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.send(method="SUBSCRIBE", params=[])
        assert await client.answer(None) == {"result": True}


async def test_a_string_id_comes_back_as_a_string(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.send(method="PING", id="7")
        assert await client.answer("7") == {"result": True, "id": "7"}


@pytest.mark.parametrize(
    ("path", "echoed"), [("/spot/v3/ws/public", True), ("/v3/ws/public", False)]
)
async def test_only_spot_echoes_a_pong(exchange: SandboxExchange, path: str, echoed: bool) -> None:
    async with dial(exchange, path) as client:
        await client.send(method="PONG", id=5)
        await client.send(method="PING", id=6)
        await client.receive()
        assert (await client.receive() == {"id": 5, "method": "PONG"}) is echoed


async def test_a_hundred_streams_fit_in_one_request(exchange: SandboxExchange) -> None:
    events = ("ticker", "trade", "depth15", "kline_1m", "kline_5m_MARK_PRICE", "depth200")
    streams = [f"{symbol}@{event}" for symbol in exchange.symbols for event in events][:101]
    async with dial(exchange) as client:
        await client.subscribe(*streams)
        assert (await client.answer())["result"]
        await client.send(method="PING", id=2)
        await client.answer(2)
        assert len(exchange.connections[0].streams) == 101


async def test_the_sixth_refusal_closes_with_1007(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        for number in range(6):
            await client.subscribe(f"BTCUSDT@bogus_{number}", request_id=number)
            answer = await client.answer(number)
            assert answer["msg"] == f"INVALID_ARGUMENT: invalid event : bogus_{number}"
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007
        assert closed.value.rcvd.reason == "Unrecognized message sent multiple times"
    assert exchange.counters.closed_for_refusals == 1


async def test_bytes_that_are_no_text_are_refused_like_any_nonsense(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.socket.send(b"\xff\xfe")
        assert "unrecognized message" in (await client.answer(None))["msg"]


async def test_a_delisted_symbol_is_acked_and_shows_an_empty_book(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("DEADUSDT@depth15", "DEADUSDT@ticker")
        snapshot = await client.next("depthSnapshot", "DEADUSDT")
        assert (snapshot["U"], snapshot["u"], snapshot["b"], snapshot["a"]) == (0, 0, [], [])
        assert (await client.answer())["result"]
        await client.send(method="UNSUBSCRIBE", params=["DEADUSDT@depth15"], id=2)
        assert (await client.receive())["id"] == 2


async def test_pings_come_on_the_half_minute_to_subscribed_sockets_only() -> None:
    exchange = SandboxExchange(speed=200, start_time_ns=START_NS)
    async with exchange, dial(exchange) as client, dial(exchange) as bare:
        await client.subscribe("DEADUSDT@ticker")
        await client.answer()
        times = []
        for _ in range(3):
            ping = await client.until(lambda f: f.get("event") == "ping")
            assert list(ping) == ["event", "time"]
            times.append(int(ping["time"]))
        assert [time % 60_000 for time in times] == [30_000] * 3
        assert [later - earlier for earlier, later in pairwise(times)] == [60_000] * 2
        await bare.receive()
        with pytest.raises(ConnectionClosed):
            await bare.receive()


async def test_a_socket_without_subscription_is_cut_after_a_minute() -> None:
    async with SandboxExchange(speed=200) as exchange, dial(exchange) as client:
        opened = int((await client.receive())["time"])
        with pytest.raises(ConnectionClosed):
            await client.receive()
        assert client.socket.close_code == 1006
        assert exchange.counters.cut_idle == 1
        assert 60_300 < exchange.time_ns // 1_000_000 - opened < 75_000


async def test_the_minute_begins_again_when_the_last_subscription_goes() -> None:
    async with SandboxExchange(speed=200) as exchange, dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        opened = int((await client.receive())["time"])
        await client.until(lambda f: f.get("E", 0) - opened > 70_000)
        await client.send(method="UNSUBSCRIBE", params=["BTCUSDT@ticker"], id=2)
        await client.answer(2)
        left_ns = exchange.connections[0].bare_since_ns
        with pytest.raises(ConnectionClosed):
            await client.receive()
        assert exchange.time_ns - left_ns >= 60_400_000_000


async def test_after_unsubscribing_nothing_more_comes(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker", "BTCUSDT@trade")
        await client.next("trade")
        await client.send(method="UNSUBSCRIBE", params=["btcusdt@trade", "ETHUSDT@trade"], id=2)
        assert (await client.answer(2))["result"]
        for _ in range(20):
            assert (await client.until(lambda frame: "e" in frame))["e"] == "ticker"


async def test_subscribing_twice_gives_a_fresh_snapshot_and_one_stream(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        await client.next("depthSnapshot")
        await client.subscribe("BTCUSDT@depth15", request_id=2)
        last = (await client.next("depthSnapshot"))["u"]
        for _ in range(5):
            frame = await client.next("depth")
            assert frame["U"] == last
            last = frame["u"]


async def test_clients_of_one_stream_get_the_same_frames(exchange: SandboxExchange) -> None:
    async with dial(exchange) as one, dial(exchange) as other:
        for client in (one, other):
            await client.subscribe("ETHUSDT@depth15")
        first = {f["u"]: f for f in [await one.next("depth", "ETHUSDT") for _ in range(20)]}
        second = {f["u"]: f for f in [await other.next("depth", "ETHUSDT") for _ in range(20)]}
        common = first.keys() & second.keys()
        assert len(common) > 10
        assert all(first[u] == second[u] for u in common)


async def test_one_client_s_leaving_does_not_end_the_other_s_stream(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as stays:
        await stays.subscribe("BTCUSDT@ticker")
        async with dial(exchange) as leaves:
            await leaves.subscribe("BTCUSDT@ticker")
            await leaves.next("ticker")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(exchange.connections) > 1:
                await stays.next("ticker")
        await stays.next("ticker")


async def test_a_client_s_requests_in_a_burst_are_answered_in_order(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await asyncio.gather(*(client.send(method="PING", id=number) for number in range(50)))
        answers = [await client.until(lambda f: "result" in f) for _ in range(50)]
        assert [answer["id"] for answer in answers] == list(range(50))
