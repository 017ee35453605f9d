"""A client in a thread and its venue in memory: what the test says is what comes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.streaming.memory_line import BTC, LOCAL, MemoryConnector, MemoryTransport, ticker
from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.clock import ManualClock
from weex_client.protocol import DialRequest
from weex_client.streaming.frame_connection import Frames
from weex_client.sync import SyncClient

PATIENCE_SECONDS = 20.0


class Line(MemoryTransport):
    """Hand over one frame at a time, each a nanosecond after the one before."""

    async def receive(self) -> Frames:
        (first, *rest), _ = await super().receive()
        self._frames[:0] = rest
        clock = self._connector.clock
        clock.advance(1e-9)
        return Frames([first], clock.time_ns())


class Venue(MemoryConnector):
    """Speak from the test's thread to a client in another."""

    def __init__(self, *script: Exception | None) -> None:
        super().__init__(ManualClock(), *script)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_reachable = True
        self.is_dialled = threading.Event()

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Line:
        self.loop = asyncio.get_running_loop()
        self.is_dialled.set()
        if not self.is_reachable:
            await asyncio.Event().wait()
        await super().connect(
            request, max_frame_bytes=max_frame_bytes, timeout_seconds=timeout_seconds
        )
        line = self.lines[-1] = Line(request, self)
        return line

    def say(self, *frames: dict[str, Any]) -> None:
        self._tell(lambda: self.line.say(*frames))

    def cut(self) -> None:
        self._tell(lambda: self.line.cut())

    def _tell(self, what: Callable[[], None]) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(what)

    def config(self, **settings: Any) -> WeexConfig:
        quickly = {"reconnect_delay_seconds": 0.001, "reconnect_max_delay_seconds": 0.002}
        return WeexConfig(**LOCAL, **quickly, **settings)


class Recorder(SyncClient):
    """Write down what the hooks are told, and say when."""

    def __init__(self, venue: Venue, **options: Any) -> None:
        settings = options.pop("settings", {})
        options = {"connector": venue} | options
        super().__init__(WeexWebSocketClient, venue.config(**settings), **options)
        self.told: list[Any] = []
        self.errors: list[Exception] = []
        self.is_told = threading.Condition()

    def on_open(self) -> None:
        self._note("open")

    def on_error(self, error: Exception, message: Any = None) -> None:
        self.errors.append(error)
        self._note(("error", None if message is None else message.data.last))

    def on_close(self) -> None:
        self._note("close")

    def note(self, message: Any) -> None:
        """Be a handler."""
        self._note(message.data.last)

    def _note(self, what: Any) -> None:
        with self.is_told:
            self.told.append(what)
            self.is_told.notify_all()

    def until_told(self, *what: Any) -> None:
        """Wait until exactly this was told."""
        with self.is_told:
            self.is_told.wait_for(lambda: self.told == list(what), PATIENCE_SECONDS)
        assert self.told == list(what)


def numbers(messages: list[Any]) -> list[int]:
    """Return which tickers these are."""
    return [int(message.data.last) for message in messages]


def tickers(*lasts: int, symbol: str = BTC) -> list[dict[str, Any]]:
    return [ticker(symbol, last) for last in lasts]


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail a test that leaves a thread."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
