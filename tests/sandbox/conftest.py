"""A bare client for the exchange's sockets: frames in, frames out, nothing remembered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from weex_client.sandbox import SandboxExchange
from weex_client.venues.weex.endpoints import PRIVATE_PATH, sign

START_NS = 1_790_134_567_942_000_000
PATIENCE_SECONDS = 60.0  # of a test that fails

Frame = dict[str, Any]


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop turn until something is so that announces itself to nobody."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - a turn of the loop, not a wait
            await asyncio.sleep(0)


class WireClient:
    """Speak to one socket of the exchange."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **frame: object) -> None:
        """Send one JSON frame."""
        await self.socket.send(json.dumps(frame))

    async def subscribe(self, *streams: str, request_id: int = 1) -> None:
        """Ask for streams; the answer is read with the rest."""
        await self.send(method="SUBSCRIBE", params=list(streams), id=request_id)

    async def receive(self) -> Frame:
        """Return the next frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame: Frame = json.loads(await self.socket.recv())
            return frame

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Return the first frame that is wanted, dropping those before it."""
        while not wanted(frame := await self.receive()):
            pass
        return frame

    async def next(self, event: str, symbol: str = "BTCUSDT") -> Frame:
        """Return the next data frame of an event."""
        return await self.until(lambda f: f.get("e") == event and f.get("s") == symbol)

    async def answer(self, request_id: int | str | None = 1) -> Frame:
        """Return the answer to a request."""
        return await self.until(lambda f: "result" in f and f.get("id") == request_id)

    async def ends(self) -> None:
        """Read whatever comes until the line has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
            await self.socket.wait_closed()

    async def drain(self, exchange: SandboxExchange) -> None:
        """Read what was sent before now: loopback delivers within a turn or two of the loop."""
        begun = exchange.time_ns
        await until(lambda: exchange.time_ns >= begun + 2_000_000_000)
        while self.frames_waiting():
            await self.receive()

    def frames_waiting(self) -> int:
        """Return how many frames have come and were not read."""
        return len(self.socket.recv_messages.frames)

    def is_silent(self) -> bool:
        """Say that nothing has come and the line is up."""
        return not self.frames_waiting() and self.socket.state is State.OPEN


class Turn(Protocol):
    """Let simulated time pass."""

    async def __call__(self, *, seconds: float) -> None:
        """Return when so many simulated seconds are over."""


@pytest.fixture
def turn(exchange: SandboxExchange) -> Turn:
    """Let the market move on."""

    async def passed(*, seconds: float) -> None:
        due_ns = exchange.time_ns + round(seconds * 1e9)
        await until(lambda: exchange.time_ns >= due_ns)

    return passed


@asynccontextmanager
async def dial(
    exchange: SandboxExchange,
    path: str = "/v3/ws/public",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[WireClient]:
    """Open one socket."""
    url = exchange.ws_url + path
    # A client that stopped reading need not wait for the rest to say goodbye.
    async with connect(
        url, compression=None, ping_interval=None, close_timeout=0.2, additional_headers=headers
    ) as socket:
        yield WireClient(socket)


def signed(
    exchange: SandboxExchange, *, account: str = "sandbox-key", message: str = PRIVATE_PATH
) -> dict[str, str]:
    """Return the headers of whoever signs at this moment."""
    credentials = exchange.weex_config(account=account).credentials()
    assert credentials is not None
    key, secret, passphrase = credentials
    timestamp = str(exchange.time_ns // 1_000_000)
    return {
        "ACCESS-KEY": key,
        "ACCESS-PASSPHRASE": passphrase,
        "ACCESS-TIMESTAMP": timestamp,
        "ACCESS-SIGN": sign(secret, timestamp + message),
    }


@asynccontextmanager
async def sign_in(
    exchange: SandboxExchange,
    *channels: str,
    market: str = "contract",
    account: str = "sandbox-key",
) -> AsyncIterator[WireClient]:
    """Open a private socket and subscribe to channels."""
    path = f"/{market}/v3/ws/private"
    async with dial(exchange, path, signed(exchange, account=account)) as client:
        await client.receive()
        if channels:
            await client.subscribe(*channels)
            assert (await client.answer())["result"]
        yield client


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    """Run an exchange sixty times as fast as life."""
    async with SandboxExchange(seed=7, speed=60, start_time_ns=START_NS) as running:
        yield running
