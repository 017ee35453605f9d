"""Programs that read streams as users do: eagerly, slowly, in lists, and leaving in every way."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from tests.simulate.witness import Witness
from weex_client import OverflowPolicy, Subscription
from weex_client.errors import ClientClosedError, DecodeError, SlowConsumerError, WeexClientError

_CONFLATABLE = ("book", "ticker", "bookticker")
_BOOKS = ("book", "book_deltas")

# How long to wait after a message, by pace; a sleeper reads on until it falls asleep again.
_PACES: dict[str, Callable[[Random], float]] = {
    "eager": lambda random: 0.0,
    "steady": lambda random: random.random() * 0.05,
    "slow": lambda random: random.random() * 2.0,
    "sleeper": lambda random: random.random() * 25.0 if random.random() < 0.02 else 0.0,
}


class Scene(Protocol):
    """What readers meet and leave behind."""

    client: Any
    symbols: tuple[str, ...]
    market: str
    witnesses: list[Witness]
    mailboxes: list[weakref.ref[Any]]
    storm_ends_at: float
    ends_at: float

    def now(self) -> float:
        """Return the client's time, Unix seconds."""

    def note(self, text: str) -> None:
        """Add a line to the trace."""

    def complain(self, text: str) -> None:
        """Add a violation."""

    def meet(self, error: BaseException) -> None:
        """Look at an error that a user would see."""


class Reader:
    """One user's task: opens a stream, reads it for a while, leaves it, and opens the next."""

    def __init__(self, scene: Scene, name: str, random: Random) -> None:
        self.name = name
        self._scene = scene
        self._random = random

    async def live(self) -> None:
        """Read until the run is over; the last stream is opened when the storm is."""
        scene, random = self._scene, self._random
        loop = asyncio.get_running_loop()
        while loop.time() < scene.storm_ends_at:
            await self._read_one(min(loop.time() + random.expovariate(1 / 90), scene.storm_ends_at))
            await asyncio.sleep(random.choice((0.0, 0.0, random.random() * 10)))
        while not await self._read_one(scene.ends_at, is_last=True):
            if loop.time() >= scene.ends_at:
                return
            await asyncio.sleep(1.0)  # the client is closed

    async def _read_one(self, until: float, *, is_last: bool = False) -> bool:
        opened = self._open(is_last)
        if opened is None:
            return False
        stream, witness = opened
        self._scene.mailboxes.append(weakref.ref(stream._mailbox))
        pace = "eager" if is_last else self._random.choice(tuple(_PACES))
        if witness.overflow is OverflowPolicy.BLOCK and pace == "slow":
            pace = "sleeper"
        count = len(witness.messages)
        try:
            async with asyncio.timeout_at(until):
                await self._read(stream, witness, _PACES[pace])
        except TimeoutError:
            pass
        except StopAsyncIteration:
            self._scene.note(f"{self.name} is told that the client was closed")
        except SlowConsumerError as exc:
            self._scene.meet(exc)
        except WeexClientError as exc:
            self._scene.meet(exc)
            self._scene.complain(f"{witness!r} ended with {exc!r}")
        witness.delivered, witness.dropped = stream.delivered, stream.dropped
        witness.left_unread = stream.pending
        if stream._mailbox.overflow is OverflowPolicy.RAISE:
            witness.refused = stream.dropped  # what came when there was no room never went in
        if witness.delivered != len(witness.messages) - count:
            self._scene.complain(f"{witness!r} counts {witness.delivered} as delivered")
        witness.is_forgotten = self._random.random() < 0.1
        if not witness.is_forgotten:
            await self._leave(stream)
        return True

    async def _read(
        self, stream: Subscription[Any], witness: Witness, pause: Callable[[Random], float]
    ) -> None:
        see, note, name = witness.messages.append, self._scene.note, self.name
        while True:
            message = await anext(stream)
            if message.channel in _BOOKS:
                self._look(message)
            see(message)
            note(
                f"{name} {message.channel} {message.symbol} {message.sequence}"
                f" {message.exchange_time_ns} {message.received_time_ns}"
                f" {message.is_snapshot} {message.data.get('is_closed', '')}"
            )
            seconds = pause(self._random)
            if seconds:
                await asyncio.sleep(seconds)

    def _look(self, message: Any) -> None:
        """Look at a book as it comes, as a trader would; late looks find it folded or broken."""
        try:
            tuple(message.data.bids), tuple(message.data.asks)
        except DecodeError as exc:
            self._scene.complain(f"a book of {message.symbol} cannot be read: {exc}")

    async def _leave(self, stream: Subscription[Any]) -> None:
        if self._random.random() < 0.5:
            await stream.aclose()
        else:
            async with stream:
                pass

    def _open(self, is_last: bool) -> tuple[Subscription[Any], Witness] | None:
        scene = self._scene
        channel, symbols = self._draw()
        options = self._options(channel, is_last)
        try:
            stream, parameter = self._stream(channel, symbols, options)
        except ClientClosedError:
            return None
        witness = self._witness(channel, symbols, parameter)
        witness.opened_at, witness.is_last = scene.now(), is_last
        witness.overflow = options.get("overflow")
        scene.witnesses.append(witness)
        scene.note(f"{self.name} opens {witness!r} {options}")
        return stream, witness

    def _draw(self) -> tuple[str, tuple[str, ...]]:
        """Draw a channel, and the symbols to read it of."""
        random, scene = self._random, self._scene
        channels = ["ticker", "trades", "book", "book", "book_deltas", "candles"]
        if scene.market == "spot":
            channels.append("bookticker")
        channel = random.choice(channels)
        symbol = random.choice(scene.symbols)
        if channel not in ("book", "book_deltas") and random.random() < 0.3:
            return channel, scene.symbols
        return channel, (symbol,)

    def _witness(self, channel: str, symbols: tuple[str, ...], parameter: Any) -> Witness:
        """Return who sees what a stream gives."""
        return Witness(channel, symbols, parameter)

    def _options(self, channel: str, is_last: bool) -> dict[str, Any]:
        if is_last:
            return {}
        policies = [OverflowPolicy.DROP_OLDEST, OverflowPolicy.RAISE, OverflowPolicy.BLOCK]
        if channel in _CONFLATABLE:
            policies.append(OverflowPolicy.CONFLATE)
        return {
            "overflow": self._random.choice(policies),
            "queue_size": self._random.choice((1, 2, 10, 1000)),
        }

    def _stream(
        self, channel: str, symbols: tuple[str, ...], options: dict[str, Any]
    ) -> tuple[Subscription[Any], Any]:
        client, random = self._scene.client, self._random
        match channel:
            case "ticker":
                return client.stream_tickers(symbols, **options), None
            case "bookticker":
                return client.stream_book_tickers(symbols, **options), None
            case "trades":
                return client.stream_trades(symbols, **options), None
            case "candles":
                return client.stream_candles(symbols, "1m", **options), "1m"
            case "book":
                level = random.choice((1, 5, 15, 15, 50))
                return client.stream_order_book(symbols[0], level, **options), level
            case _:
                level = random.choice((15, 15, 200))
                return client.stream_order_book_deltas(symbols[0], level, **options), level
