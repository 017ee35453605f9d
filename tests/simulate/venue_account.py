"""An account of any venue while all else goes on: its orders, its fills, and what it was told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from random import Random
from typing import Any, Protocol

from tests.simulate.account import ACCOUNT
from tests.simulate.venue_truth import VenueTruth
from tests.simulate.venue_witness import VenueRecord
from tests.simulate.witness import NS
from weex_client.errors import ClientClosedError, OrderRejectedError, WeexClientError
from weex_client.models import Message
from weex_client.protocol import Channel, Scope, Topic
from weex_client.sandbox import SandboxExchange

# What happens so shortly before or after nobody reads may be told or not.
_MARGIN_SECONDS = 2.0

# So long a line may be dead before it is known to be.
_SILENCE_SECONDS = 60.0

# Between two things that the account does; enough of them in a run, and not more.
_PAUSE_SECONDS = 5.0


class World(Protocol):
    """Where the account lives."""

    exchange: SandboxExchange
    client: Any
    listed: tuple[str, ...]
    market: str
    record: VenueRecord
    truth: VenueTruth
    ends_at: float
    storm_ends_at: float

    def now(self) -> float:
        """Return the client's time, Unix seconds."""

    def note(self, text: str) -> None:
        """Add a line to the trace."""

    def complain(self, text: str) -> None:
        """Add a violation."""

    def meet(self, error: BaseException) -> None:
        """Look at an error that a user would see."""


class Owner:
    """Place and cancel orders, read what is told of them, and say what of it cannot be.

    Args:
        scene: The run.
        channels: Which of orders and fills the venue has.
        seed: Decides what is done.
    """

    def __init__(self, scene: World, channels: tuple[StrEnum, ...], seed: str) -> None:
        self._scene = scene
        self._channels = channels
        self._random = Random(seed)
        self._told: dict[StrEnum, list[Message[Any]]] = {each: [] for each in channels}
        # From when to when nobody read, seconds of the exchange's time.
        self._absences: dict[StrEnum, list[tuple[float, float]]] = {each: [] for each in channels}

    async def live(self) -> None:
        """Read until the run is over, and trade until the storm is."""
        async with asyncio.TaskGroup() as group:
            for channel in self._channels:
                group.create_task(self._read(channel))
            group.create_task(self._act())

    async def _read(self, channel: StrEnum) -> None:
        scene, loop = self._scene, asyncio.get_running_loop()
        absent_since = 0.0
        while loop.time() < scene.ends_at:
            try:
                stream = scene.client.stream(channel.value, queue_size=100_000)
                # What is asked at the begin is answered some time after.
                back_at = scene.exchange.time_ns / NS + _MARGIN_SECONDS
                self._absences[channel].append((absent_since, back_at))
                is_begun = False
                async for message in stream:
                    self._told[channel].append(message)
                    if message.is_snapshot and not is_begun:
                        # Who opens a stream begins with the state, however late that is read.
                        is_begun, back_at = True, scene.exchange.time_ns / NS
                        since, until = self._absences[channel][-1]
                        self._absences[channel][-1] = since, max(until, back_at)
                    scene.note(f"told {message.channel} {message.exchange_time_ns}")
            except ClientClosedError:
                pass  # until it is opened again
            except WeexClientError as exc:
                scene.meet(exc)
                scene.complain(f"{channel} ended with {exc!r}")
                return
            if not self._absences[channel] or absent_since <= self._absences[channel][-1][0]:
                absent_since = scene.exchange.time_ns / NS - self._untold_seconds(channel)
            await asyncio.sleep(0.01)
        self._absences[channel].append((absent_since, float("inf")))

    def _untold_seconds(self, channel: StrEnum) -> float:
        """Return how long before the client was closed it may have missed what it never read."""
        for event in reversed(self._scene.record.events):
            if event.kind == "resubscribed" and event.channel == channel:
                break
            if event.kind == "disconnected" and event.scope == Scope.PRIVATE:
                return self._scene.now() - event.timestamp + _SILENCE_SECONDS
        return _MARGIN_SECONDS

    async def _act(self) -> None:
        scene, random = self._scene, self._random
        loop = asyncio.get_running_loop()
        resting: list[str] = []
        while loop.time() < scene.storm_ends_at:
            await asyncio.sleep(random.expovariate(1 / _PAUSE_SECONDS))
            words: dict[str, Any] = {"market": scene.market, "account": ACCOUNT}
            symbol = random.choice(scene.listed)
            market = scene.exchange._stage.market.symbol("spot", symbol)
            instrument = market.instrument
            size = instrument.size(max(1, instrument.typical_lots // 20))
            try:
                match random.choice(("take", "take", "rest", "cancel")):
                    case "take":
                        words["side"] = random.choice(("buy", "sell"))
                        await scene.exchange.place_order(symbol=symbol, size=size, **words)
                    case "rest":
                        price = instrument.price(instrument.opening_ticks // 2)
                        order = await scene.exchange.place_order(
                            symbol=symbol, side="buy", size=size, price=price, **words
                        )
                        resting.append(order.order_id)
                    case _ if resting:
                        await scene.exchange.cancel_order(resting.pop(0), **words)
            except OrderRejectedError:
                pass  # it has spent all that it had

    # The verdict.

    def judge(self, counts: Counter[str]) -> Iterator[str]:
        """Say what cannot be."""
        for channel in self._channels:
            counts[f"told {channel}"] += len(self._told[channel])
        if Channel.FILLS in self._channels:
            yield from self._judge_fills()
        if Channel.ORDERS in self._channels:
            yield from self._judge_orders()

    def _was_absent(self, channel: StrEnum, message: Message[Any]) -> bool:
        """Tell whether nobody read, or the exchange was silent, or a hole was announced."""
        record, at = self._scene.record, message.timestamp
        silent = [(begun, ended) for name, _, begun, ended in record.unsent if name is None]
        told = [
            (event.timestamp - (event.duration_seconds or 0.0), event.timestamp)
            for event in record.events
            if event.kind == "gap" and event.channel == channel
        ]
        ahead = record.ahead_seconds
        told = [(begun + ahead, ended + ahead) for begun, ended in told]
        return any(
            begun - _MARGIN_SECONDS <= at <= ended + _MARGIN_SECONDS
            for begun, ended in silent + told
        ) or any(begun <= at <= ended for begun, ended in self._absences[channel])

    def _judge_fills(self) -> Iterator[str]:
        messages = self._told[Channel.FILLS]
        told = [message.data.fill_id for message in messages]
        heard = {each.data.fill_id: each for each in self._scene.truth.said(Topic(Channel.FILLS))}
        if len(set(told)) != len(told):
            yield "a fill is told twice"
        for fill_id in set(told) - heard.keys():
            yield f"fill {fill_id} never happened"
        for fill_id in heard.keys() - set(told):
            if not self._was_absent(Channel.FILLS, heard[fill_id]):
                yield f"fill {fill_id} was never told: {heard[fill_id].data}"

    def _judge_orders(self) -> Iterator[str]:
        venue = self._scene.truth.venue
        known: dict[str, Message[Any]] = {}
        for step in self._scene.truth.said(Topic(Channel.ORDERS)):
            message = venue.followed(step, known.get(step.data.order_id))
            if message is not None:
                known[message.data.order_id] = message
        last = {each.data.order_id: each for each in self._told[Channel.ORDERS]}
        for order_id, message in last.items():
            true = known.get(order_id)
            if true is None or self._was_absent(Channel.ORDERS, true):
                continue
            # A frame about an order that was placed before anybody read may leave out the size.
            is_right = message.data.filled_size in (None, true.data.filled_size)
            if message.data.status != true.data.status or not is_right:
                yield (
                    f"the last word on order {order_id}, of {message.received_time_ns / NS:.3f}, is"
                    f" {message.data}, the truth of {true.timestamp:.3f} {true.data}"
                )
