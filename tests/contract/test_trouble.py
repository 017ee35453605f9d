"""What every venue's client keeps in trouble; in simulated time, so that silence costs none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.contract.conftest import Party
from tests.end_to_end.conftest import happened, take
from tests.simulate.account import SimulatedWay
from tests.simulate.loop import SimulatedLoop, run
from weex_client.models import Message
from weex_client.protocol import Channel, Scope
from weex_client.sandbox import Chaos, SandboxExchange
from weex_client.streaming.budget import Budgets
from weex_client.streaming.subscription import Subscription
from weex_client.websocket import VENUES

# Longer than any venue's way back takes: a silent line of KuCoin, then dials that fail.
_PATIENCE_SECONDS = 300.0


@asynccontextmanager
async def meeting(name: str, chaos: Chaos | None = None) -> AsyncIterator[Party]:
    """Let a client and its venue meet on the loop's own network."""
    async with SandboxExchange(seed=7, symbols=("BTCUSDT", "ETHUSDT"), chaos=chaos) as exchange:
        client_class, config = VENUES[name], exchange.config(name)
        client = client_class(config, connector=SimulatedWay(), budgets=Budgets())
        async with client:
            venue, symbols = client_class.venue_class(config), exchange.front(name).symbols
            yield Party(name, exchange, client, venue, tuple(symbols[:2]))


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("answer_pings", [False, True])
def test_a_line_that_is_open_and_dead_is_replaced(name: str, *, answer_pings: bool) -> None:
    async def main(_: SimulatedLoop) -> None:
        async with meeting(name) as party:
            stream, events = party.stream(), party.client.events()
            await take(stream)
            party.exchange.faults.half_open(answer_pings=answer_pings)
            lost = await happened(events, "disconnected")
            assert "nothing came" in str(lost.cause)
            again = await happened(events, "resubscribed")
            assert (again.channel, again.symbol) == (party.channel.value, party.symbols[0])
            await take(stream, stream.pending + 1)

    run(f"{name}/{answer_pings}", main)


class Listener:
    """Read one stream for as long as it lasts."""

    def __init__(self, stream: Subscription[Any]) -> None:
        self.messages: list[Message[Any]] = []
        self._stream = stream

    async def listen(self) -> None:
        async for message in self._stream:
            self.messages.append(message)

    def check(self) -> None:
        """Fail on what cannot be true of any venue."""
        trades = [each.data.trade_id for each in self.messages if each.channel == Channel.TRADES]
        assert len(set(trades)) == len(trades)
        for message in self.messages:
            if message.channel == Channel.BOOK and message.data.bids and message.data.asks:
                assert message.data.best_bid < message.data.best_ask


@pytest.mark.parametrize("name", VENUES)
def test_chaos_ends_no_stream_and_shows_nothing_that_cannot_be(name: str) -> None:
    chaos = Chaos(3, mean_seconds_between=2.0, stop_after_seconds=30.0)

    async def main(_: SimulatedLoop) -> None:
        async with meeting(name, chaos) as party, asyncio.TaskGroup() as group:
            venue = party.venue
            channels = [each for each in venue.channels if venue.scope(each) is Scope.PUBLIC]
            listeners = {each: Listener(party.stream(each)) for each in channels}
            for listener in listeners.values():
                group.create_task(listener.listen())
            await asyncio.sleep(30.0)
            party.exchange.calm()
            assert len(party.exchange.faults.log) > 5
            heard = {each: len(listener.messages) for each, listener in listeners.items()}
            async with asyncio.timeout(_PATIENCE_SECONDS):
                for channel, listener in listeners.items():
                    while len(listener.messages) == heard[channel]:  # noqa: ASYNC110 - simulated
                        await asyncio.sleep(1.0)
            assert party.client.is_connected
            for listener in listeners.values():
                listener.check()
            stats = party.client.stats()
            assert sum(each.frames for each in stats.channels.values()) > 50
            await party.client.disconnect()

    run(name, main)
