"""What may go wrong in a simulated run, as a table: a name, how often, and what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import NamedTuple, Protocol

from tests.simulate.network import Network
from tests.simulate.witness import Record
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.damage import DAMAGES

CLOSE_CODES = (1000, 1001, 1006, 1011, 1012, 1013, 4000)


class Stage(Protocol):
    """Where faults happen."""

    network: Network
    exchange: SandboxExchange
    symbols: tuple[str, ...]
    record: Record
    hurt_channels: tuple[str, ...]
    muted_channels: tuple[str | None, ...]


Act = Callable[[Stage, Random], Awaitable[object]]


class Fault(NamedTuple):
    """One kind of trouble.

    Attributes:
        weight: How often it is drawn, compared with the others.
        act: Lets it happen and, where it lasts, ends it.
    """

    weight: int
    act: Act


async def _reset(stage: Stage, random: Random) -> None:
    """Both ends learn at once that the line is broken."""
    for end in stage.network.client_ends:
        end.reset()
        end.peer.reset()


async def _lose_one_end(stage: Stage, random: Random) -> None:
    """One end is gone; the other learns it when it says something."""
    for end in stage.network.client_ends:
        (end if random.random() < 0.5 else end.peer).reset()


async def _go_half_open(stage: Stage, random: Random) -> None:
    """Nothing arrives at one end, or at both, and nobody is told."""
    frozen = []
    for end in stage.network.client_ends:
        frozen += random.choice(([end], [end.peer], [end, end.peer]))
    for end in frozen:
        end.freeze()
    try:
        await asyncio.sleep(random.choice((0.5, 5.0, 35.0, 90.0)) * random.random())
    finally:
        for end in frozen:
            end.thaw()


async def _refuse_dials(stage: Stage, random: Random) -> None:
    stage.network.weather.is_refusing = True
    await _reset(stage, random)
    await asyncio.sleep(random.uniform(0.1, 30.0))
    stage.network.weather.is_refusing = False


async def _swallow_dials(stage: Stage, random: Random) -> None:
    stage.network.weather.is_swallowing = True
    await _reset(stage, random)
    await asyncio.sleep(random.uniform(0.1, 30.0))
    stage.network.weather.is_swallowing = False


async def _slow_down(stage: Stage, random: Random) -> None:
    """A crowded line: everything takes long, and by turns longer."""
    weather = stage.network.weather
    calm = weather.latency_seconds
    weather.latency_seconds = (0.01, random.choice((0.3, 1.0, 4.0)))
    await asyncio.sleep(random.uniform(1.0, 30.0))
    weather.latency_seconds = calm


async def _split_reads(stage: Stage, random: Random) -> None:
    weather = stage.network.weather
    calm = weather.split_share
    weather.split_share = 0.95
    await asyncio.sleep(random.uniform(1.0, 30.0))
    weather.split_share = calm


async def _cut(stage: Stage, random: Random) -> None:
    await stage.exchange.faults.cut()


async def _close(stage: Stage, random: Random) -> None:
    codes = [code for code in CLOSE_CODES if code != 1006]  # which nobody may send
    await stage.exchange.faults.close(random.choice(codes), random.choice(("", "going away")))


async def _skip_depth(stage: Stage, random: Random) -> None:
    stage.exchange.faults.skip_depth(random.choice(stage.symbols), random.choice((1, 1, 2, 7)))


def _frames(stage: Stage, random: Random) -> tuple[str, str, int]:
    """Draw whose next frames are hurt, and how many."""
    return (
        random.choice(stage.symbols),
        random.choice(stage.hurt_channels),
        random.choice((1, 1, 2, 7)),
    )


async def _repeat(stage: Stage, random: Random) -> None:
    stage.exchange.faults.repeat(*_frames(stage, random))


async def _reorder(stage: Stage, random: Random) -> None:
    stage.exchange.faults.reorder(*_frames(stage, random))


async def _corrupt(stage: Stage, random: Random) -> None:
    stage.exchange.faults.corrupt(*_frames(stage, random), damage=random.choice(DAMAGES))


async def _stale_snapshot(stage: Stage, random: Random) -> None:
    """Let the next book begin as of a few changes ago, and see to it that there is one."""
    symbol = random.choice(stage.symbols)
    stage.exchange.faults.stale_snapshot(symbol)
    stage.exchange.faults.skip_depth(symbol)


async def _mute(stage: Stage, random: Random) -> None:
    """The exchange falls silent about something, and says nothing of it."""
    symbol = random.choice((None, *stage.symbols))
    channel = random.choice(stage.muted_channels)
    stage.exchange.faults.mute(symbol, channel)
    begun = stage.exchange.time_ns / 1e9
    try:
        await asyncio.sleep(random.choice((1.0, 15.0, 60.0)) * random.random())
    finally:
        stage.exchange.faults.unmute()
        stage.record.unsent.append((channel, symbol, begun, stage.exchange.time_ns / 1e9))


FAULTS: dict[str, Fault] = {
    "reset": Fault(3, _reset),
    "lose one end": Fault(3, _lose_one_end),
    "half open": Fault(4, _go_half_open),
    "refuse dials": Fault(2, _refuse_dials),
    "swallow dials": Fault(1, _swallow_dials),
    "slow line": Fault(3, _slow_down),
    "split reads": Fault(2, _split_reads),
    "cut": Fault(3, _cut),
    "close": Fault(3, _close),
    "skip depth": Fault(6, _skip_depth),
    "repeat": Fault(3, _repeat),
    "reorder": Fault(3, _reorder),
    "corrupt": Fault(3, _corrupt),
    "stale snapshot": Fault(2, _stale_snapshot),
    "mute": Fault(3, _mute),
}
