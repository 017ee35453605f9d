"""The exchange as Smart Money: who is let in, what is told, what is refused."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.conftest import Frame, WireClient, dial, until
from weex_client.sandbox import FaultKind, SandboxExchange
from weex_client.venues.smartmoney import codec
from weex_client.venues.smartmoney.channels import FEEDS, channel_and_asset

PATH = "/smartmoney"
AUTH = {"type": "auth", "api_key": "sandbox-key"}


async def subscribe(client: WireClient, *channels: str) -> None:
    await client.send(**AUTH)
    for channel in channels:
        await client.send(type="subscribe", channel=channel)


async def test_every_channel_tells_typed_events_in_both_spellings(
    exchange: SandboxExchange,
) -> None:
    wanted = {"whales:BTC", "whales:ETH", *FEEDS.values()}
    told: dict[str, dict[str, Any]] = {}
    for path in (PATH, f"{PATH}?envelope=payload"):
        async with dial(exchange, path) as client:
            await subscribe(client, *sorted(wanted))
            heard: dict[str, Any] = {}
            while heard.keys() != wanted:
                frame = await client.receive()
                place = channel_and_asset(frame["channel"])
                assert place is not None
                text = json.dumps(frame).encode()
                (message,) = codec.decoder(place[0])(text, 0)
                assert message.exchange_time_ns is not None
                heard[frame["channel"]] = frame
            told[path] = heard
    flat, enveloped = told.values()
    assert not any("payload" in frame for frame in flat.values())
    assert all("payload" in frame for frame in enveloped.values())


async def test_the_same_seed_tells_everybody_the_same(exchange: SandboxExchange) -> None:
    async with dial(exchange, PATH) as one, dial(exchange, PATH) as other:
        for client in (one, other):
            await subscribe(client, "whales:BTC")
        first = await one.receive()
        assert await other.until(lambda frame: frame == first)


async def test_a_ping_is_answered_and_nothing_comes_after_unsubscribing(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange, PATH) as client:
        await subscribe(client, "whales:BTC", "derivatives:liquidations")
        await until(lambda: len(exchange.connections[0].streams) == 2)
        for channel in ("whales:BTC", "derivatives:liquidations"):
            await client.send(type="unsubscribe", channel=channel)
        await client.send(type="ping")
        await client.until(lambda frame: frame == {"type": "pong"})
        await client.drain(exchange)
        assert client.is_silent()
        assert exchange.connections[0].streams == set()
        assert exchange._premises.stage.active == ()


async def refusal(client: WireClient, **frame: object) -> Frame:
    await client.send(**frame)
    return await client.until(lambda answer: answer["type"] == "error")


async def test_what_is_refused_is_said(exchange: SandboxExchange) -> None:
    async with dial(exchange, PATH) as client:
        refused = await refusal(client, type="auth", api_key="nobody's")
        assert refused["message"] == "invalid api key"
        await client.ends()
    async with dial(exchange, PATH) as client:
        assert "authentication" in (await refusal(client, type="ping"))["message"]
        await client.ends()
    async with dial(exchange, PATH) as client:
        await subscribe(client)
        for channel in ("whales:NOPE", "derivatives:basis"):
            answer = await refusal(client, type="subscribe", channel=channel)
            assert answer["channel"] == channel
        assert "type" in (await refusal(client, type="dance"))["message"]
        exchange.faults.refuse(reason="service is busy")
        answer = await refusal(client, type="subscribe", channel="whales:BTC")
        assert answer["message"] == "service is busy"


async def test_faults_hit_this_venue_too(exchange: SandboxExchange) -> None:
    exchange.faults.skip(channel="whales", symbol="BTC")
    exchange.faults.corrupt(channel="funding", damage="not_a_number")
    async with dial(exchange, PATH) as client:
        await subscribe(client, "whales:BTC", "derivatives:funding")
        damaged = ""
        while "NaN" not in damaged:
            damaged = str(await client.socket.recv())
        await until(lambda: exchange.faults.log.of(FaultKind.SKIP))
    (skipped,) = exchange.faults.log.of(FaultKind.SKIP)
    assert (skipped.channel, skipped.symbol, skipped.is_loss) == ("whales", "BTC", True)
    assert '"rate":NaN' in damaged
