"""A venue in memory: dials that go as scripted, lines on which a test speaks, time by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from weex_client.clock import ManualClock
from weex_client.errors import ConnectError, ConnectionLostError
from weex_client.protocol import DialRequest
from weex_client.streaming.budget import Budgets
from weex_client.streaming.frame_connection import Frames
from weex_client.streaming.subscription import Subscription
from weex_client.venues.weex import WeexConfig
from weex_client.venues.weex.endpoints import PRIVATE_URLS, PUBLIC_URLS
from weex_client.websocket import WeexWebSocketClient

BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"
CREDENTIALS = {"api_key": "key", "secret_key": "secret", "passphrase": "passphrase"}

# Between two dials of an address on this machine no distance is kept; WEEX's own has one.
LOCAL = {"public_url": "ws://127.0.0.1:1/public", "private_url": "ws://127.0.0.1:1/private"}
FAR = {"public_url": PUBLIC_URLS["contract"], "private_url": PRIVATE_URLS["contract"]}

# Real seconds after which something that should have happened counts as missing.
PATIENCE_SECONDS = 60.0


def ticker(symbol: str = BTC, last: int = 1) -> dict[str, Any]:
    """Return a ticker in the shape of contract-ticker.jsonl; ``last`` numbers it."""
    return {"e": "ticker", "E": 1_790_000_000_000, "s": symbol, "d": [{"c": str(last), "o": "1"}]}


def snapshot(symbol: str = BTC, sequence: int = 100) -> dict[str, Any]:
    """Return the snapshot that follows a subscription to a book of 15 levels."""
    return {
        "e": "depthSnapshot",
        "E": 1_790_000_000_000,
        "s": symbol,
        "U": 1,
        "u": sequence,
        "l": 15,
        "d": "SNAPSHOT",
        "b": [["99", "1"]],
        "a": [["101", "1"]],
    }


class MemoryTransport:
    """One line. The venue's side: ``say``, ``cut``, ``requests``."""

    def __init__(self, request: DialRequest, connector: MemoryConnector) -> None:
        self.request = request
        self.sent: list[str] = []
        self.is_open = True
        self.said_goodbye = False
        self.receive_error: Exception | None = None
        self.send_error: Exception | None = None
        self._connector = connector
        self._frames: list[bytes] = []
        self._news = asyncio.Event()
        self._end: ConnectionLostError | None = None

    def say(self, *frames: dict[str, Any] | bytes) -> None:
        for frame in frames:
            raw = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
            self._frames.append(raw.replace(b'": ', b'":').replace(b", ", b","))
        self._news.set()

    def cut(self, code: int = 1006, reason: str = "") -> None:
        if self._end is None:
            text = f"the line ended with {code} {reason}".strip()
            self._end = ConnectionLostError(text, code=code, reason=reason)
        self._news.set()

    def break_receive(self, error: Exception) -> None:
        self.receive_error = error
        self._news.set()

    @property
    def waiting_frames(self) -> int:
        """Frames that the client has not taken."""
        return len(self._frames)

    def requests(self, method: str) -> list[list[str]]:
        """The parameters of all requests of one kind so far."""
        requests = [json.loads(text) for text in self.sent]
        return [each.get("params", []) for each in requests if each["method"] == method]

    async def receive(self) -> Frames:
        while not self._frames:
            if self.receive_error is not None:
                raise self.receive_error
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()
        frames, self._frames = self._frames, []
        return Frames(frames, self._connector.clock.time_ns())

    async def send(self, text: str) -> None:
        await asyncio.sleep(0)
        if self.send_error is not None:
            raise self.send_error
        if self._end is not None:
            raise self._end
        self.sent.append(text)
        request = json.loads(text)
        if self._connector.acknowledges and request["method"] in ("SUBSCRIBE", "UNSUBSCRIBE"):
            self.say({"result": True, "id": request["id"]})

    async def close(self) -> None:
        try:
            for _ in range(self._connector.turns):
                await asyncio.sleep(0)
            self.said_goodbye = True
        finally:
            self.abort()

    def abort(self) -> None:
        self.is_open = False
        self.cut()


class MemoryConnector:
    """Open lines in memory; each dial takes ``turns`` turns of the loop, and may fail.

    ``script`` holds what the next dials raise, None for one that succeeds; all dials after it
    raise ``always``, if that is set.
    """

    line_class = MemoryTransport

    def __init__(self, clock: ManualClock, *script: Exception | None, turns: int = 1) -> None:
        self.clock = clock
        self.script = list(script)
        self.always: Exception | None = None
        self.turns = turns
        self.acknowledges = True
        self.dials: list[tuple[float, DialRequest]] = []
        self.lines: list[MemoryTransport] = []

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> MemoryTransport:
        self.dials.append((self.clock.monotonic(), request))
        for _ in range(self.turns):
            await asyncio.sleep(0)
        error = self.script.pop(0) if self.script else self.always
        if error is not None:
            raise error
        line = self.line_class(request, self)
        self.lines.append(line)
        return line

    @property
    def line(self) -> MemoryTransport:
        """The line opened last."""
        return self.lines[-1]

    @property
    def open_lines(self) -> list[MemoryTransport]:
        return [line for line in self.lines if line.is_open]

    def subscribed(self) -> list[list[str]]:
        """The parameters of all SUBSCRIBE requests on all lines."""
        return [params for line in self.lines for params in line.requests("SUBSCRIBE")]

    def unsubscribed(self) -> list[list[str]]:
        return [params for line in self.lines for params in line.requests("UNSUBSCRIBE")]


class Desk:
    """A client, its clock and its venue."""

    def __init__(
        self, *script: Exception | None, retry_first_connect: bool = False, **settings: Any
    ) -> None:
        self.clock = ManualClock()
        self.venue = MemoryConnector(self.clock, *script)
        self.client = self.another_client(retry_first_connect=retry_first_connect, **settings)

    def another_client(
        self, *, retry_first_connect: bool = False, budgets: Budgets | None = None, **settings: Any
    ) -> WeexWebSocketClient:
        """A client of the same venue and clock, on this machine unless an address is set."""
        return WeexWebSocketClient(
            WeexConfig(_env_file=None, **LOCAL | settings),
            connector=self.venue,
            retry_first_connect=retry_first_connect,
            clock=self.clock,
            budgets=budgets,
        )

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time go by in steps, each with its turns of the loop."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            await turns(20)

    async def subscribed(self, count: int = 1) -> None:
        """Wait until the venue has so many SUBSCRIBE requests, and its answers were read."""
        await until(lambda: len(self.venue.subscribed()) >= count)
        await turns(10)


@contextlib.asynccontextmanager
async def open_desk(*script: Exception | None, **settings: Any) -> AsyncIterator[Desk]:
    """Open a client on a line in memory, and close it."""
    desk = Desk(*script, **settings)
    async with desk.client:
        yield desk


def refusal(**facts: Any) -> ConnectError:
    return ConnectError("nobody answers", url="wss://venue", **facts)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event to set
            await asyncio.sleep(0)


async def reached(measure: Callable[[], int], count: int) -> None:
    """Wait until something has grown to a number."""
    await until(lambda: measure() >= count)


async def filled(stream: Subscription[Any], count: int = 1) -> None:
    """Wait until so many messages wait for their reader."""
    await until(lambda: stream.pending >= count)


async def read(stream: Subscription[Any], count: int) -> list[Any]:
    """Read so many messages."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(stream) for _ in range(count)]


async def rest(stream: Subscription[Any]) -> list[Any]:
    """Read to the end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [message async for message in stream]


async def lasts(stream: Subscription[Any], count: int) -> list[int]:
    """Read so many tickers and return their numbers."""
    return [int(message.data.last) for message in await read(stream, count)]


def other_tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


def symbols(count: int) -> Sequence[str]:
    return [f"S{number}USDT" for number in range(count)]
