"""A client's way to its exchange that changes what comes over it, between transport and session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.frame_connection import Frames
from weex_client.streaming.transport import Connector, Transport

Change = Callable[[bytes], list[bytes]]
"""Takes a frame, and returns what the client gets instead."""


class TamperedLine:
    """A line that changes what it reads."""

    def __init__(self, line: Transport, change: Change) -> None:
        self._line = line
        self._change = change

    async def receive(self) -> Frames:
        frames, received_time_ns = await self._line.receive()
        return Frames([new for frame in frames for new in self._change(frame)], received_time_ns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


class TamperedWay:
    """A connector whose lines change what they read."""

    def __init__(self, way: Connector, change: Change) -> None:
        self._way = way
        self._change = change

    async def connect(self, request: Any, **options: Any) -> Any:
        return TamperedLine(await self._way.connect(request, **options), self._change)

    async def fetch(self, request: HttpRequest, **options: Any) -> HttpResponse:
        return await self._way.fetch(request, **options)
