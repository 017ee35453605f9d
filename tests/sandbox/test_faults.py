"""Trouble on demand: each fault does what it says and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from tests.sandbox.conftest import PATIENCE_SECONDS, dial
from weex_client.sandbox import SandboxExchange


async def test_cut_aborts_every_socket_without_a_close_frame(exchange: SandboxExchange) -> None:
    async with dial(exchange) as one, dial(exchange, "/spot/v3/ws/public") as other:
        await one.receive()
        await other.receive()
        assert await exchange.faults.cut() == 2
        for client in (one, other):
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            assert client.socket.close_code == 1006
    async with dial(exchange) as again:
        assert "cid" in await again.receive()


async def test_close_says_the_code_and_the_reason(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        closing = asyncio.create_task(exchange.faults.close(1012, "restart"))
        with pytest.raises(ConnectionClosed) as closed:
            await client.until(lambda _: False)
        assert await closing == 1
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restart")


async def test_a_skipped_change_leaves_one_gap_in_that_symbol_only(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth15")
        last: dict[str, int] = {}
        gaps = {"BTCUSDT": 0, "ETHUSDT": 0}
        for number in range(40):
            frame = await client.until(lambda f: str(f.get("e")).startswith("depth"))
            symbol = frame["s"]
            gaps[symbol] += frame["e"] == "depth" and frame["U"] != last[symbol]
            last[symbol] = frame["u"]
            if number == 9:
                exchange.faults.skip_depth("BTCUSDT")
        assert gaps == {"BTCUSDT": 1, "ETHUSDT": 0}


async def test_a_resubscribed_book_is_whole_again_after_a_skip(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        last = (await client.next("depthSnapshot"))["u"]
        exchange.faults.skip_depth("BTCUSDT")
        while (frame := await client.next("depth"))["U"] == last:
            last = frame["u"]
        await client.send(method="UNSUBSCRIBE", params=["BTCUSDT@depth15"], id=2)
        await client.answer(2)
        await client.subscribe("BTCUSDT@depth15", request_id=3)
        last = (await client.next("depthSnapshot"))["u"]
        assert (await client.next("depth"))["U"] == last


async def test_a_muted_symbol_is_silent_while_its_neighbour_speaks(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker", "ETHUSDT@ticker", "BTCUSDT@trade")
        await client.next("trade")
        exchange.faults.mute("BTCUSDT", "ticker")
        # What was sent before the mute is read before the answer.
        await client.send(method="PING", id=2)
        await client.answer(2)
        heard: set[tuple[str, str]] = set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(30):
                frame = await client.receive()
                heard.add((frame["e"], frame["s"]))
        assert heard == {("ticker", "ETHUSDT"), ("trade", "BTCUSDT")}
        exchange.faults.unmute()
        await client.next("ticker")


async def test_muting_a_channel_mutes_it_for_every_symbol(exchange: SandboxExchange) -> None:
    exchange.faults.mute(channel="book")
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth200", "ETHUSDT@ticker")
        await client.answer()
        for _ in range(20):
            assert (await client.until(lambda f: "e" in f))["e"] == "ticker"
        with pytest.raises(ValueError, match="whistles"):
            exchange.faults.mute(channel="whistles")
