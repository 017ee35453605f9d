"""One market behind all venues: a symbol moves once, whoever follows, and nobody misses a step."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.sandbox.conftest import START_NS
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.fronts import FRONTS
from weex_client.sandbox.stage import Stage
from weex_client.simulation import Market


def stage_at(step: int) -> Stage:
    return Stage(Market(7, START_NS, ("BTCUSDT", "ETHUSDT")), step)


class Follower:
    """Note the steps at which it was called."""

    def __init__(self, market: Any) -> None:
        self.market = market
        self.steps: list[int] = []

    def __call__(self) -> None:
        self.steps.append(self.market.step)


async def test_two_who_follow_a_symbol_see_every_step_once() -> None:
    stage = stage_at(100)
    market = await stage.caught_up("spot", "BTCUSDT")
    one = Follower(market)
    stage.follow("spot", "BTCUSDT", one)
    stage.step = 103
    # In the middle of a step somebody comes: what the first is owed is seen before.
    assert await stage.caught_up("spot", "BTCUSDT") is market
    other = Follower(market)
    stage.follow("spot", "BTCUSDT", other)
    stage.step = 105
    stage.advance("spot", "BTCUSDT")
    assert (one.steps, other.steps) == ([101, 102, 103, 104, 105], [104, 105])
    stage.leave("spot", "BTCUSDT", one)
    stage.leave("spot", "BTCUSDT", one)
    assert stage.active == (("spot", "BTCUSDT"),)
    stage.leave("spot", "BTCUSDT", other)
    assert stage.active == ()
    stage.step = 110
    stage.advance("spot", "BTCUSDT")
    assert market.step == 105


async def test_who_is_followed_while_another_catches_up_moves_for_both() -> None:
    stage = stage_at(500)
    market = stage.market.symbol("contract", "ETHUSDT")
    late = asyncio.create_task(stage.caught_up("contract", "ETHUSDT"))
    await asyncio.sleep(0)
    assert 0 < market.step < 500
    assert market.advance_to(500)  # another who waits for it is served first
    follower = Follower(market)
    stage.follow("contract", "ETHUSDT", follower)
    stage.step = 501
    await late
    assert follower.steps == [501]
    stage.leave("contract", "ETHUSDT", follower)
    stage.keep("contract", "ETHUSDT")
    stage.step = 502
    stage.advance("contract", "ETHUSDT")
    assert market.step == 502


async def test_time_that_outruns_the_machine_waits_for_who_catches_up() -> None:
    stage = stage_at(1000)

    async def run_on() -> None:
        while True:
            if not stage.is_waiting:
                stage.step += 150  # more than one turn of catching up makes good
            await asyncio.sleep(0)

    clock = asyncio.create_task(run_on())
    market = await stage.caught_up("spot", "BTCUSDT")
    assert market.step == stage.step
    assert not stage.is_waiting
    clock.cancel()


async def test_the_exchange_is_every_registered_venue(exchange: SandboxExchange) -> None:
    addresses = json.loads(json.dumps(exchange.addresses()))
    assert addresses.keys() == {"ws", "http", *FRONTS}
    for name in FRONTS:
        assert exchange.front(name).symbols
        assert "127.0.0.1" in json.dumps(addresses[name])
        assert exchange.config(name, queue_size=9).queue_size == 9
        with pytest.raises(KeyError):
            exchange.config(name, account="nobody")
        with pytest.raises(LookupError):
            exchange.true_book("nowhere", "BTCUSDT", 15, 1, venue=name)
    with pytest.raises(KeyError):
        exchange.config("nobody")
    with pytest.raises(ValueError, match="whales"):
        exchange.faults.stall(channel="nonesuch")
