"""The real client over real sockets, and a check after every test that nothing of it is left."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.end_to_end.scripted_venue import ScriptedVenue
from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.models import ConnectionEvent
from weex_client.sandbox import Connection, SandboxExchange

START_NS = 1_790_134_567_942_000_000
PATIENCE_SECONDS = 60.0  # of a test that fails


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop turn until something is so that announces itself to nobody."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - a turn of the loop, not a wait
            await asyncio.sleep(0)


async def take(stream: Any, count: int = 1) -> list[Any]:
    """Return the next messages of a stream, which goes on."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(stream) for _ in range(count)]


async def first(stream: Any, is_wanted: Callable[[Any], object] = lambda _: True) -> Any:
    """Return the first message that is wanted, dropping those before it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_wanted(message := await anext(stream)):
            pass
        return message


async def from_each(stream: Any, *symbols: str) -> list[Any]:
    """Return at least ten messages of each symbol; a quiet one may begin much later."""
    messages: list[Any] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(sum(m.symbol == symbol for m in messages) < 10 for symbol in symbols):
            messages.append(await anext(stream))
    return messages


async def happened(events: Any, kind: str) -> ConnectionEvent:
    """Return the next event of a kind, dropping those before it."""
    event: ConnectionEvent = await first(events, lambda event: event.kind == kind)
    return event


def impatient(config: WeexConfig, **settings: Any) -> WeexConfig:
    """Return settings that reconnect at once."""
    return config.model_copy(
        update={"reconnect_delay_seconds": 0.001, "reconnect_max_delay_seconds": 0.002} | settings
    )


def client_of(exchange: SandboxExchange, market: Any = "contract") -> WeexWebSocketClient:
    """Return a client of the exchange that reconnects at once."""
    return WeexWebSocketClient(impatient(exchange.weex_config(market)))


def asked(connection: Connection) -> list[tuple[str, list[str]]]:
    """Return the subscription requests of a connection; pongs come when they come."""
    requests = [json.loads(text) for text in connection.requests]
    return [(each["method"], each["params"]) for each in requests if each.get("params")]


def open_sockets() -> list[Any]:
    """Return what the loop watches, except the pipe that wakes it."""
    loop: Any = asyncio.get_running_loop()
    pipe = loop._ssock.fileno()
    return [key for key in loop._selector.get_map().values() if key.fd != pipe]


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task, a thread or a socket."""
    assert open_sockets() == []
    threads = set(threading.enumerate())
    yield
    await asyncio.sleep(0)  # sockets that were aborted in this turn are gone in the next
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert set(threading.enumerate()) <= threads
    assert open_sockets() == []
    gc.collect(1)  # complains of what was not closed, in the test that left it


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    """Run an exchange much faster than life; a minute without subscription is 0.4 s."""
    async with SandboxExchange(seed=7, speed=150, start_time_ns=START_NS) as running:
        yield running


@pytest.fixture
async def client(exchange: SandboxExchange) -> AsyncIterator[WeexWebSocketClient]:
    """Open a client of the exchange's contract market."""
    async with client_of(exchange) as opened:
        yield opened


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """Run a server that says what the test tells it to."""
    async with ScriptedVenue() as running:
        yield running
