"""The engine on the embedded exchange, which runs much faster than life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from weex_client import WeexWebSocketClient
from weex_client.sandbox import SandboxExchange

PATIENCE_SECONDS = 60.0


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - a turn of the loop, not a wait
            await asyncio.sleep(0.001)


async def first(stream: Any, is_wanted: Callable[[Any], object] = lambda _: True) -> Any:
    """Return the first message that is wanted, dropping those before it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_wanted(message := await anext(stream)):
            pass
        return message


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    async with SandboxExchange(seed=7, speed=25) as running:
        yield running


@pytest.fixture
async def client(exchange: SandboxExchange) -> AsyncIterator[WeexWebSocketClient]:
    async with WeexWebSocketClient(exchange.weex_config()) as opened:
        yield opened
