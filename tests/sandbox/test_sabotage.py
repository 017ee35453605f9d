"""A plan carried out: at its times, on whoever is there; the exchange gets well again."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.sandbox.conftest import PATIENCE_SECONDS, START_NS, dial, until
from weex_client.sandbox import Chaos, FaultKind, SandboxExchange
from weex_client.sandbox.faults import Faults
from weex_client.sandbox.sabotage import Sabotage

STREAMS = ("BTCUSDT@depth15", "ETHUSDT@depth15", "BTCUSDT@trade", "BTCUSDT@ticker")


def of_kind(kind: FaultKind, **settings: float) -> Chaos:
    return Chaos(7, faults=[kind], **settings)  # type: ignore[arg-type]


def test_a_seed_alone_is_a_plan() -> None:
    assert SandboxExchange(chaos=7).chaos == Chaos(7)
    assert SandboxExchange().chaos is None


async def test_faults_happen_at_their_simulated_times() -> None:
    chaos = of_kind(FaultKind.SLOW_HANDSHAKE)
    at = [round(each.at_seconds * 1e9) for each, _ in zip(chaos.plan(), range(3), strict=False)]
    faults = Faults(tuple)
    sabotage = Sabotage(chaos, faults, tuple, START_NS)
    sabotage.tick(START_NS + at[0] - 1)
    assert len(faults.dials.slow) == 0
    sabotage.tick(START_NS + at[0])
    assert len(faults.dials.slow) == 1
    faults.heal()
    sabotage.tick(START_NS + at[1])
    assert len(faults.dials.slow) == 1
    faults.heal()
    sabotage.stop()
    sabotage.tick(START_NS + 10**15)
    assert len(faults.dials.slow) == 0


@pytest.mark.parametrize("kind", ["handshake", "slow_handshake", "delay_acks", "refuse"])
def test_nobody_meets_a_week_of_refusals_after_a_quiet_week(kind: str) -> None:
    faults = Faults(tuple)
    Sabotage(of_kind(FaultKind(kind)), faults, tuple, START_NS).tick(START_NS + 10**14)
    dials, interference = faults.dials, faults.interference
    waiting = (dials.refused, dials.slow, interference.ack_delays, interference.refusals)
    assert sum(len(each) for each in waiting) == 1


async def test_frames_of_a_quiet_stream_are_not_lost_by_the_dozen() -> None:
    chaos = of_kind(FaultKind.SKIP, mean_seconds_between=1.0)
    async with SandboxExchange(chaos=chaos, speed=60) as exchange, dial(exchange) as client:
        await client.subscribe("DEADUSDT@ticker")
        await client.answer()
        begun = exchange.time_ns
        await until(lambda: exchange.time_ns > begun + 20_000_000_000)
        assert len(exchange.faults.interference.armed) == 1


@pytest.mark.parametrize("kind", [each for each in FaultKind if each is not FaultKind.REFUSE])
async def test_every_kind_of_a_plan_happens_and_is_over(kind: FaultKind) -> None:
    chaos = of_kind(
        kind, mean_seconds_between=5.0, mean_seconds_lasting=2.0, stop_after_seconds=240.0
    )
    exchange = SandboxExchange(chaos=chaos, speed=60, start_time_ns=START_NS)
    async with exchange, asyncio.timeout(4 * PATIENCE_SECONDS):
        while not exchange.faults.log.counts[kind]:
            await live(exchange)
        exchange.calm()
        async with dial(exchange) as client:
            await client.subscribe(*STREAMS)
            assert (await client.answer())["result"]
            last = (await client.next("depthSnapshot"))["u"]
            for _ in range(4):
                frame = await client.next("depth")
                assert frame["U"] == last
                last = frame["u"]
            begun = len(exchange.faults.log)
            for _ in range(4):
                await client.next("ticker")
            assert len(exchange.faults.log) == begun


async def live(exchange: SandboxExchange) -> None:
    """Be a client that subscribes, reads for a while, gives up silence, and comes again."""
    with suppress(OSError, InvalidHandshake, ConnectionClosed, TimeoutError, EOFError, ValueError):
        async with dial(exchange) as client:
            await client.subscribe(*STREAMS)
            async with asyncio.timeout(0.5):
                for _ in range(100):
                    json.loads(await client.socket.recv())


async def test_a_fault_that_finds_nobody_is_left_out() -> None:
    chaos = of_kind(FaultKind.CUT, mean_seconds_between=1.0)
    async with SandboxExchange(chaos=chaos, speed=60) as exchange:
        begun = exchange.time_ns
        await until(lambda: exchange.time_ns > begun + 20_000_000_000)
        assert not exchange.faults.log.counts
        # A line without subscriptions has no stream to hurt.
        async with dial(exchange) as client:
            await client.ends()


async def test_a_stream_is_needed_to_hurt_one() -> None:
    chaos = of_kind(FaultKind.SKIP, mean_seconds_between=1.0)
    async with SandboxExchange(chaos=chaos, speed=60) as exchange, dial(exchange) as client:
        await client.receive()
        begun = exchange.time_ns
        await until(lambda: exchange.time_ns > begun + 20_000_000_000)
        assert exchange.faults.interference.armed == []


async def test_the_same_seed_hurts_the_same_way_at_any_speed() -> None:
    runs = []
    for speed in (30, 120):
        chaos = Chaos(
            4, faults=["handshake", "slow_handshake", "delay_acks"], stop_after_seconds=60.0
        )
        async with SandboxExchange(chaos=chaos, speed=speed, start_time_ns=START_NS) as exchange:
            await until(lambda e=exchange: e.time_ns > START_NS + 61_000_000_000)  # type: ignore[misc]
            faults = exchange.faults
            runs.append(
                (
                    [(each.status, each.retry_after, each.left) for each in faults.dials.refused],
                    [(each.delay_ns, each.left) for each in faults.dials.slow],
                    [(each.delay_ns, each.left) for each in faults.interference.ack_delays],
                )
            )
    assert runs[0] == runs[1]
    assert all(runs[0])
