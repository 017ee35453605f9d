"""A server that a test speaks for: the key comes first, and what follows it (sheet, 11)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.end_to_end.conftest import PATIENCE_SECONDS, happened, take
from weex_client import AuthenticationError, SmartMoneyConfig, SmartMoneyWebSocketClient

FRAMES = Path(__file__).parents[1] / "venues" / "smartmoney" / "frames"


def lines(name: str) -> list[str]:
    return (FRAMES / f"{name}.jsonl").read_text().splitlines()


class Vendor:
    """Hear what clients say, and say what the test does; answer pings only."""

    def __init__(self) -> None:
        self.heard: list[list[dict[str, Any]]] = []
        self.sockets: list[ServerConnection] = []
        self.news = asyncio.Condition()

    async def serve(self, socket: ServerConnection) -> None:
        frames: list[dict[str, Any]] = []
        self.heard.append(frames)
        self.sockets.append(socket)
        try:
            async for text in socket:
                frames.append(json.loads(text))
                if frames[-1]["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                async with self.news:
                    self.news.notify_all()
        except ConnectionClosed:
            return

    async def hears(self, *frames: dict[str, Any]) -> None:
        """Wait until the newest connection has said exactly this, in this order."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.heard and len(self.heard[-1]) >= len(frames))
        assert self.heard[-1] == list(frames)

    async def say(self, *frames: str) -> None:
        for frame in frames:
            await self.sockets[-1].send(frame)


@pytest.fixture
async def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def server(vendor: Vendor) -> AsyncIterator[Server]:
    async with serve(vendor.serve, "127.0.0.1", 0, close_timeout=0.2) as running:
        yield running


def client_of(server: Server) -> SmartMoneyWebSocketClient:
    return SmartMoneyWebSocketClient(
        SmartMoneyConfig(
            _env_file=None,
            public_url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws",
            api_key="sm-test-key",
            reconnect_delay_seconds=0.001,
            reconnect_max_delay_seconds=0.002,
        )
    )


AUTH = {"type": "auth", "api_key": "sm-test-key"}


def wants(kind: str, channel: str) -> dict[str, str]:
    return {"type": kind, "channel": channel}


async def test_key_then_channels_then_events_and_all_of_it_again(
    vendor: Vendor, server: Server
) -> None:
    channels = ("whales:BTC", "derivatives:funding")
    async with client_of(server) as client:
        events = client.events()
        whales, funding = client.stream_whales("btc"), client.stream_funding()
        await vendor.hears(AUTH, *(wants("subscribe", channel) for channel in channels))
        await vendor.say(*lines("synthetic-events-flat"), *lines("synthetic-events-enveloped"))
        for stream in (whales, funding):
            flat, enveloped = await take(stream, 2)
            assert flat.data == enveloped.data
        harmless = [line for line in lines("synthetic-control") if "error" not in line]
        await vendor.say(*harmless, '{"type":"ping"}')
        await vendor.hears(
            AUTH, *(wants("subscribe", channel) for channel in channels), {"type": "pong"}
        )
        await funding.aclose()
        signals = client.stream_signals()
        vendor.sockets[-1].transport.abort()
        assert (await happened(events, "gap")).channel == "whales"
        await vendor.hears(
            AUTH, wants("subscribe", "whales:BTC"), wants("subscribe", "signals:confirmation")
        )
        await vendor.say(*lines("synthetic-events-enveloped"))
        (whale,), (signal,) = await take(whales), await take(signals)
        assert (whale.symbol, signal.data.signal_type) == ("BTC", "accumulation")


async def test_a_refused_key_ends_all_streams_with_one_error_and_no_loop(
    vendor: Vendor, server: Server
) -> None:
    async with client_of(server) as client:
        streams = [client.stream_whales(["BTC", "ETH"]), client.stream_channel("onchain:flows")]
        await vendor.hears(
            AUTH, *(wants("subscribe", c) for c in ("whales:BTC", "whales:ETH", "onchain:flows"))
        )
        await vendor.say(*(line for line in lines("synthetic-control") if "error" in line))
        for stream in streams:
            with pytest.raises(AuthenticationError, match="invalid api key") as refused:
                await take(stream)
            assert "sm-test-key" not in str(refused.value)
        assert len(vendor.heard) == 1
