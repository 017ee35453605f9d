"""A server that greets and acknowledges as WEEX does, and then says what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from weex_client import WeexConfig

_FRAMES = Path(__file__).parents[1] / "venues" / "weex" / "frames"


def captured(name: str) -> list[str]:
    """Return frames as the venue sent them."""
    return (_FRAMES / f"{name}.jsonl").read_text().splitlines()


class ScriptedVenue:
    """Misbehave in ways that the embedded exchange cannot.

    Attributes:
        answers: What is sent after the acknowledgement of a stream.
        requests: What clients asked for, oldest first.
        news: Notified of every request.
        is_slow: Requests are not answered, but kept in `unanswered`.
    """

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[str]] = defaultdict(list)
        self.requests: list[dict[str, Any]] = []
        self.sockets: list[ServerConnection] = []
        self.is_slow = False
        self.unanswered: list[dict[str, Any]] = []
        self._server: Server | None = None
        self.news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, ping_interval=None, compression=None, close_timeout=0.2
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def config(self, market: Any = "contract") -> WeexConfig:
        """Return settings that reconnect here, and at once."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return WeexConfig(
            market=market,
            public_url=f"ws://127.0.0.1:{port}/v3/ws/public",
            reconnect_delay_seconds=0.001,
            reconnect_max_delay_seconds=0.002,
        )

    async def say(self, *frames: str) -> None:
        """Send frames to every client."""
        for socket in self.sockets:
            for frame in frames:
                await socket.send(frame)

    def asked(self, method: str, stream: str) -> int:
        """Return how often something was asked for a stream."""
        return sum(
            request["method"] == method and stream in request["params"] for request in self.requests
        )

    async def is_asked(self, method: str, stream: str, times: int = 1) -> None:
        """Wait until something was asked for a stream so often."""
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: self.asked(method, stream) >= times)

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            await socket.send(captured("connection")[0])
            async for text in socket:
                request = {"params": []} | json.loads(text)
                if self.is_slow:
                    self.unanswered.append(request)
                else:
                    await self._answer(socket, request)
                async with self.news:
                    self.requests.append(request)
                    self.news.notify_all()
        except ConnectionClosed:
            return
        finally:
            self.sockets.remove(socket)

    async def _answer(self, socket: ServerConnection, request: dict[str, Any]) -> None:
        if request["method"] == "PONG":
            return
        await socket.send(json.dumps({"result": True, "id": request["id"]}))
        if request["method"] == "SUBSCRIBE":
            for stream in request["params"]:
                for frame in self.answers[stream]:
                    await socket.send(frame)
