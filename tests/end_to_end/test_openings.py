"""What is sent before any other frame, and what stands behind an address's ``?``, over sockets."""

from __future__ import annotations

import asyncio
import http
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from weex_client.errors import ConnectError
from weex_client.protocol import DialRequest
from weex_client.streaming.transport import WebSocketConnector

SECRET = "tok-en.1234"


async def dial(url: str) -> Any:
    request = DialRequest(url, opening=("first", "second"))
    return await WebSocketConnector().connect(
        request, max_frame_bytes=1 << 20, timeout_seconds=10.0
    )


async def test_opening_frames_come_first_and_in_order() -> None:
    heard: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def listen(socket: ServerConnection) -> None:
        async for text in socket:
            heard.put_nowait(text)

    async with serve(listen, "127.0.0.1", 0, close_timeout=0.2) as server:
        port = server.sockets[0].getsockname()[1]
        line = await dial(f"ws://127.0.0.1:{port}/?token={SECRET}")
        try:
            await line.send("third")
            async with asyncio.timeout(10):
                assert [await heard.get() for _ in range(3)] == ["first", "second", "third"]
        finally:
            await line.close()


async def test_refused_dial_does_not_show_its_token() -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(http.HTTPStatus.FORBIDDEN, f"no {request.path}")

    async def never(socket: ServerConnection) -> None: ...

    async with serve(never, "127.0.0.1", 0, process_request=refuse, close_timeout=0.2) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectError) as caught:
            await dial(f"ws://127.0.0.1:{port}/endpoint?token={SECRET}&connectId=1")
    assert "HTTP 403: no /endpoint?token=***" in str(caught.value)
    assert SECRET not in f"{caught.value!r} {caught.value.url}"
