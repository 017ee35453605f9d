"""The private sockets: who gets in, what they hear, and that it is what the ledger says."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.sandbox.conftest import START_NS, Turn, WireClient, dial, sign_in, signed, until
from weex_client.models import Message
from weex_client.sandbox import SandboxExchange
from weex_client.venues.weex import private
from weex_client.venues.weex.endpoints import PRIVATE_PATH, sign

CONTRACT = ("account", "orders", "fill", "positions")
SPOT = CONTRACT[:3]
DECODERS = {
    "account": private.decode_account,
    "orders": private.decode_orders,
    "fill": private.decode_fills,
    "positions": private.decode_positions,
}
CAPTURED = Path(__file__).parents[2] / "venues/weex/frames"


@pytest.fixture
async def quiet() -> AsyncIterator[SandboxExchange]:
    """Run an exchange without a house trader."""
    exchange = SandboxExchange(seed=7, speed=20, start_time_ns=START_NS, house_trader=False)
    async with exchange:
        yield exchange


def read(frame: dict[str, Any]) -> list[Message[Any]]:
    """Return what a frame means to the client."""
    return list(DECODERS[frame["e"]](json.dumps(frame).encode(), 0))


async def heard(client: WireClient, exchange: SandboxExchange) -> list[dict[str, Any]]:
    """Return the data frames that were sent before now."""
    await client.send(method="PING", id=999)
    frames = []
    while (frame := await client.receive()).get("id") != 999:
        if "e" in frame:
            frames.append(frame)
    return frames


# Who gets in.


@pytest.mark.parametrize(
    "path", ["/contract/v3/ws/private", "/v3/ws/private", "/spot/v3/ws/private"]
)
async def test_who_signs_is_greeted(exchange: SandboxExchange, path: str) -> None:
    async with dial(exchange, path, signed(exchange)) as client:
        assert list(await client.receive()) == ["cid", "event", "time"]
        assert exchange.connections[0].path == path


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ACCESS-KEY": ""}, -1040),
        ({"ACCESS-SIGN": ""}, -1041),
        ({"ACCESS-TIMESTAMP": ""}, -1042),
        ({"ACCESS-TIMESTAMP": "now"}, -1043),
        ({"ACCESS-KEY": "stranger"}, -1044),
        ({"ACCESS-TIMESTAMP": "1000000000000"}, -1046),
        ({"ACCESS-SIGN": "AAAA"}, -1047),
        ({"ACCESS-PASSPHRASE": "wrong"}, -1049),
    ],
)
async def test_all_others_are_refused_at_the_door(
    exchange: SandboxExchange, changed: dict[str, str], code: int
) -> None:
    url = f"{exchange.ws_url}/v3/ws/private"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers=signed(exchange) | changed)
    response = refused.value.response
    assert response.status_code == 401
    assert json.loads(response.body or b"")["code"] == code
    told = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert abs(told - time.time()) < 60
    assert not exchange.connections


@pytest.mark.parametrize("clock", ["real", "greeting", "simulated"])
async def test_every_clock_that_a_client_can_have_is_good(
    exchange: SandboxExchange, turn: Turn, clock: str
) -> None:
    """At sixty times the speed of life a greeting of a minute ago is an hour old."""
    at_start_ns = exchange.time_ns
    await turn(seconds=60)
    now_ns = {
        "real": time.time_ns(),
        "greeting": at_start_ns + 1_000_000_000,
        "simulated": exchange.time_ns,
    }[clock]
    timestamp = str(now_ns // 1_000_000)
    headers = signed(exchange) | {
        "ACCESS-TIMESTAMP": timestamp,
        "ACCESS-SIGN": sign("sandbox-secret", timestamp + PRIVATE_PATH),
    }
    async with dial(exchange, "/v3/ws/private", headers) as client:
        assert (await client.receive())["event"] == "connected"


async def test_a_refused_handshake_comes_before_the_signature(exchange: SandboxExchange) -> None:
    exchange.faults.handshake(503)
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{exchange.ws_url}/v3/ws/private")
    assert refused.value.response.status_code == 503


# What is said.


async def test_unknown_channels_are_refused_and_six_close_the_socket(
    exchange: SandboxExchange,
) -> None:
    async with sign_in(exchange, market="spot") as client:
        for number, channel in enumerate(
            ("positions", "order", "BTCUSDT@ticker", "ORDERS", "", "fills")
        ):
            await client.subscribe("account", channel, request_id=number)
            answer = await client.answer(number)
            assert answer["msg"] == f"INVALID_ARGUMENT: invalid event : {channel}"
        with pytest.raises(ConnectionClosed):
            await client.receive()
        assert client.socket.close_code == 1007


async def test_pings_are_spelled_with_type_and_only_where_something_is_subscribed() -> None:
    exchange = SandboxExchange(speed=200, start_time_ns=START_NS, house_trader=False)
    async with exchange, sign_in(exchange, "orders") as client, sign_in(exchange) as bare:
        ping = await client.until(lambda frame: frame.get("type") == "ping")
        assert list(ping) == ["type", "time"]
        assert int(ping["time"]) % 60_000 == 30_000
        await bare.ends()
        assert bare.socket.close_code == 1006


async def test_nothing_is_told_before_something_changes(quiet: SandboxExchange) -> None:
    await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.1")
    async with sign_in(quiet, *CONTRACT) as client:
        assert await heard(client, quiet) == []


async def test_an_order_s_life_is_told_in_the_order_of_cause(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, *CONTRACT) as client:
        order = await quiet.place_order(
            symbol="BTCUSDT", side="buy", size="0.0100", client_order_id="mine"
        )
        frames = await heard(client, quiet)
    assert [frame["e"] for frame in frames] == ["orders", "fill", "orders", "positions", "account"]
    assert [frame["v"] for frame in frames] == list(range(1, 6))
    assert {frame["msgEvent"] for frame in frames} == {"OrderUpdate"}
    first, fill, last, position, account = (read(frame)[0].data for frame in frames)
    assert (first.status, first.client_order_id, first.price) == ("new", "mine", None)
    assert {name: last[name] for name in order} == dict(order)
    assert (last.status, last.average_price, last.fee) == ("filled", fill.price, fill.fee)
    assert (fill.order_id, fill.liquidity) == (order.order_id, "taker")
    assert fill.fee == fill.price * fill.size * Decimal("0.0008")
    assert (position.side, position.size, position.leverage) == ("long", Decimal("0.0100"), 20)
    assert position.entry_price == fill.price
    assert account.balance == 100_000 - fill.fee
    assert account.available is None


async def test_each_frame_has_the_fields_of_the_captured_ones(quiet: SandboxExchange) -> None:
    for market, channels in (("contract", CONTRACT), ("spot", SPOT)):
        async with sign_in(quiet, *channels, market=market) as client:
            await quiet.place_order(
                symbol="ETHUSDT",
                side="buy",
                size="0.5",
                market="spot" if market == "spot" else "contract",
            )
            frames = await heard(client, quiet)
        assert {frame["e"] for frame in frames} == set(channels)
        for frame in frames:
            text = (CAPTURED / f"{market}-{frame['e']}.jsonl").read_text().splitlines()[0]
            captured = json.loads(text)
            assert list(frame) == list(captured)
            assert list(frame["d"][0]) == list(captured["d"][0])


async def test_a_position_that_turns_is_told_as_closed_and_as_opened(
    quiet: SandboxExchange,
) -> None:
    async with sign_in(quiet, "positions") as client:
        await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.02")
        await quiet.place_order(symbol="BTCUSDT", side="sell", size="0.05")
        await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.03", reduce_only=True)
        opened, turned, closed = await heard(client, quiet)
    long, short = (message.data for message in read(turned))
    assert long.position_id == read(opened)[0].data.position_id != short.position_id
    assert (long.side, long.size, long.entry_price) == ("long", 0, None)
    assert (short.side, short.size) == ("short", Decimal("0.05") - Decimal("0.02"))
    (last,) = (message.data for message in read(closed))
    assert (last.position_id, last.side, last.size) == (short.position_id, "short", 0)
    row = closed["d"][0]
    assert (row["cumOpenSize"], row["cumCloseSize"]) == ("0.0300", "0.0300")


async def test_a_stop_is_told_as_waiting_as_alive_and_as_filled(quiet: SandboxExchange) -> None:
    await quiet.deposit("USDT", 10_000_000)
    async with sign_in(quiet, "orders") as client:
        # The market must have no time to reach the trigger by itself.
        first = await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.01")
        assert first.average_price is not None
        stop = await quiet.place_order(
            symbol="BTCUSDT",
            side="buy",
            size="0.01",
            type="stop_market",
            trigger_price=first.average_price + 2,
        )
        told: list[dict[str, Any]] = []
        while not told or told[-1]["status"] != "FILLED":
            await quiet.place_order(symbol="BTCUSDT", side="buy", size="1")
            frames = await heard(client, quiet)
            told += [f["d"][0] for f in frames if f["d"][0]["id"] == stop.order_id]
    assert [row["status"] for row in told] == ["UNTRIGGERED", "PENDING", "FILLED"]
    assert {row["triggerPrice"] for row in told} == {str(first.average_price + 2)}


async def test_spot_tells_both_coins(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, "account", "fill", market="spot") as client:
        await quiet.place_order(symbol="ETHUSDT", side="buy", quote_size=1_000, market="spot")
        frames = await heard(client, quiet)
        bought = [read(frame)[0].data for frame in frames if frame["e"] == "fill"]
        held = {m.data.currency: m.data for f in frames if f["e"] == "account" for m in read(f)}
    spent = sum(fill.notional for fill in bought)
    assert 990 < spent <= 1_000
    assert held["USDT"].balance == held["USDT"].available == 100_000 - spent
    assert held["ETH"].balance == sum(fill.size - fill.fee for fill in bought)


async def test_a_resting_order_freezes_and_a_cancel_gives_back(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, *SPOT, market="spot") as client:
        order = await quiet.place_order(
            symbol="BTCUSDT", side="buy", size="0.1", price=70_000, market="spot"
        )
        canceled = await quiet.cancel_order(order.order_id, market="spot")
        frames = await heard(client, quiet)
    assert canceled.status == "canceled"
    balances = [read(frame)[0].data for frame in frames if frame["e"] == "account"]
    assert [balance.frozen for balance in balances] == [7_000, 0]
    states = [read(frame)[0].data for frame in frames if frame["e"] == "orders"]
    assert [state.status for state in states] == ["new", "canceled"]
    assert frames[-2]["d"][0]["cancelReason"] == "CANCELED_BY_ITS_OWNER"


async def test_a_deposit_is_told_with_its_cause(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, "account") as client:
        await quiet.deposit("USDT", "12.5")
        (frame,) = await heard(client, quiet)
    assert frame["msgEvent"] == "DepositUpdate"
    assert frame["d"][0]["amount"] == "100012.50000000"
    assert frame["d"][0]["cumDepositAmount"] == "100012.50000000"


async def test_one_account_hears_nothing_of_another(quiet: SandboxExchange) -> None:
    quiet.open_account("other", "secret", "pass", {"USDT": Decimal(1_000)})
    async with (
        sign_in(quiet, *CONTRACT) as own,
        sign_in(quiet, *CONTRACT, account="other") as other,
    ):
        await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.01", account="other")
        assert await heard(own, quiet) == []
        assert len(await heard(other, quiet)) == 5


async def test_after_unsubscribing_nothing_more_comes(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, *CONTRACT) as client:
        await client.send(method="UNSUBSCRIBE", params=["orders", "positions"], id=2)
        await client.answer(2)
        await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.01")
        frames = await heard(client, quiet)
        assert [frame["e"] for frame in frames] == ["fill", "account"]
        assert [frame["v"] for frame in frames] == [2, 5]


async def test_the_faults_of_frames_hit_private_ones_too(quiet: SandboxExchange) -> None:
    quiet.faults.skip("BTCUSDT", "fills")
    quiet.faults.repeat(channel="positions")
    async with sign_in(quiet, *CONTRACT) as client:
        await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.01")
        frames = await heard(client, quiet)
    assert [frame["e"] for frame in frames] == [
        *("orders", "orders", "positions", "positions", "account"),
    ]
    (lost,) = quiet.faults.log.losses()
    assert (lost.channel, lost.symbol) == ("fills", "BTCUSDT")


async def test_who_leaves_is_told_nothing_more(quiet: SandboxExchange) -> None:
    async with sign_in(quiet, "orders"):
        pass
    await until(lambda: not quiet.connections)
    await quiet.place_order(symbol="BTCUSDT", side="buy", size="0.01")


# The house trader, and the truth.


@pytest.mark.parametrize("market", ["contract", "spot"])
async def test_there_is_always_something_to_hear_and_it_is_what_the_ledger_says(
    market: Any,
) -> None:
    channels = CONTRACT if market == "contract" else SPOT
    exchange = SandboxExchange(seed=7, speed=60, start_time_ns=START_NS)
    async with exchange, sign_in(exchange, *channels, market=market) as client:
        frames: list[dict[str, Any]] = []
        counts = dict.fromkeys(channels, 0)
        while min(counts.values()) < 15:
            frame = await client.until(lambda frame: "e" in frame)
            frames.append(frame)
            counts[frame["e"]] += 1
        versions = [frame["v"] for frame in frames]
        assert versions == list(range(versions[0], versions[0] + len(versions)))
        record = exchange.front("weex").records[market]["sandbox-key"]
        while frames[-1]["v"] != record.version:
            frames += await heard(client, exchange)
        known = {fill.fill_id: fill for fill in record.fills}
        for message in (m for f in frames if f["e"] == "fill" for m in read(f)):
            truth = known[message.data.fill_id]
            assert message.data.fee == truth.fee
            assert (message.data.price, message.data.size) == (truth.price, truth.size)
            assert message.data.liquidity == truth.liquidity
        # Nothing has happened since: the newest of each is what is.
        balances = {m.data.currency: m.data for f in frames if f["e"] == "account" for m in read(f)}
        for currency, balance in balances.items():
            assert balance.balance == record.desk.ledger.balance(currency).balance
        newest = {m.data.order_id: m.data for f in frames if f["e"] == "orders" for m in read(f)}
        for order_id, data in newest.items():
            state = record.desk.state(record.desk.orders[order_id])
            assert (data.status, data.filled_size) == (state.status, state.filled_size)
            assert data.fee == state.fee


async def test_the_house_trader_s_past_does_not_depend_on_who_looks_when() -> None:
    async def fills_until(looks_at_once: bool) -> list[Any]:
        exchange = SandboxExchange(seed=3, speed=60, start_time_ns=START_NS)
        async with exchange:
            if looks_at_once:
                async with sign_in(exchange, "fill"):
                    await until(lambda: exchange.time_ns > START_NS + 60_000_000_000)
            await until(lambda: exchange.time_ns > START_NS + 60_000_000_000)
            async with sign_in(exchange, "fill") as client:
                await client.until(lambda frame: frame.get("e") == "fill")
            record = exchange.front("weex").records["contract"]["sandbox-key"]
            return [f for f in record.fills if f.time_ns < START_NS + 60_000_000_000]

    early, late = await asyncio.gather(fills_until(True), fills_until(False))
    assert len(early) > 5
    assert early == late
