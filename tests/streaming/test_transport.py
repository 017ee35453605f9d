"""The socket's side: frames cut from any bytes, lines that end, dials that fail."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import struct
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from weex_client.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    ConnectionLostError,
)
from weex_client.protocol import DialRequest
from weex_client.streaming.frame_connection import FrameConnection
from weex_client.streaming.transport import Transport, WebSocketConnector

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_BYTES = 1 << 20


def accept(request: bytes) -> bytes:
    """Answer an upgrade request as a server does."""
    key = next(
        line.split(b":", 1)[1].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key")
    )
    digest = base64.b64encode(hashlib.sha1(key + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )


def framed(payload: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    """Wrap a payload as one unmasked frame."""
    first = opcode | (0x80 if fin else 0)
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 65_536:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload


class Wire(asyncio.Transport):
    """A socket without a network: keeps what is written, and whether it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_written = asyncio.Event()
        self.is_reading_paused = False
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self.is_written.set()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.is_aborted

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    def abort(self) -> None:
        self.is_aborted = True

    def close(self) -> None:
        self.is_aborted = True


async def opened(
    max_size: int = MAX_BYTES, extra: bytes = b"", split: int = 1 << 30
) -> tuple[FrameConnection, Wire]:
    """Return a connection whose handshake is done; ``extra`` came in the same packet.

    ``split`` cuts that packet in two.
    """
    connection = FrameConnection(
        ClientProtocol(parse_uri("ws://127.0.0.1:1/"), max_size=max_size), max_queue=None
    )
    wire = Wire()
    connection.connection_made(wire)
    handshake = asyncio.create_task(connection.handshake())
    await wire.is_written.wait()
    response = accept(wire.written) + extra
    connection.data_received(response[:split])
    if split < len(response):
        connection.data_received(response[split:])
    await handshake
    wire.written = b""
    return connection, wire


PIECES = st.one_of(
    st.binary(max_size=20).map(lambda payload: [(framed(payload), payload)]),
    st.sampled_from([125, 126, 127, 65_535, 65_536]).map(
        lambda size: [(framed(b"x" * size), b"x" * size)]
    ),
    st.binary(max_size=9).map(lambda payload: [(framed(payload, 2), payload)]),
    st.binary(max_size=9).map(lambda payload: [(framed(payload, 9), None)]),
    st.lists(st.binary(max_size=9), min_size=2, max_size=4).map(
        lambda parts: [
            (
                b"".join(
                    framed(part, 1 if not index else 0, fin=index == len(parts) - 1)
                    + (framed(b"p", 9) if index == 0 else b"")
                    for index, part in enumerate(parts)
                ),
                b"".join(parts),
            )
        ]
    ),
)


@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(PIECES, max_size=8), data=st.data())
def test_frames_come_out_whole_however_the_bytes_are_cut(
    pieces: list[list[tuple[bytes, bytes | None]]], data: st.DataObject
) -> None:
    stream = b"".join(raw for piece in pieces for raw, _ in piece)
    expected = [payload for piece in pieces for _, payload in piece if payload is not None]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    split = data.draw(st.integers(1, 200))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def scenario() -> list[bytes]:
        connection, _ = await opened(extra=chunks[0], split=split)
        for chunk in chunks[1:]:
            connection.data_received(chunk)
        if not expected:
            return []
        async with asyncio.timeout(60):
            return (await connection.take()).frames

    assert asyncio.run(scenario()) == expected


async def test_ping_among_frames_is_answered_and_frames_go_on() -> None:
    connection, wire = await opened()
    connection.data_received(framed(b"a") + framed(b"hello", 9) + framed(b"b"))
    assert (await connection.take()).frames == [b"a", b"b"]
    assert wire.written[0] == 0x8A


async def test_reader_that_waits_is_woken_by_the_next_frame() -> None:
    connection, _ = await opened()
    waiting = asyncio.create_task(connection.take())
    await asyncio.sleep(0)
    connection.data_received(framed(b"x"))
    assert (await waiting).frames == [b"x"]


async def test_receive_time_is_when_the_bytes_were_read() -> None:
    connection, _ = await opened()
    connection.data_received(framed(b"x"))
    assert (await connection.take()).received_time_ns > 1_700_000_000_000_000_000


async def test_frames_before_the_close_frame_are_delivered_then_the_end_is_told() -> None:
    connection, wire = await opened()
    connection.data_received(framed(b"last") + framed(struct.pack("!H", 1012) + b"restart", 8))
    assert (await connection.take()).frames == [b"last"]
    with pytest.raises(ConnectionLostError) as caught:
        await connection.take()
    assert (caught.value.code, caught.value.reason) == (1012, "restart")
    assert wire.written[0] == 0x88


async def test_line_that_dies_without_a_close_frame_has_code_1006() -> None:
    connection, _ = await opened()
    waiting = asyncio.create_task(connection.take())
    await asyncio.sleep(0)
    connection.connection_lost(ConnectionResetError("reset by peer"))
    with pytest.raises(ConnectionLostError, match="reset by peer") as caught:
        await waiting
    assert caught.value.code == 1006


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (framed(b"x" * (MAX_BYTES + 1)), 1009),
        (b"\x81\x85aaaaabcde", 1002),  # masked, which no server may do
        (b"\xc1\x01x", 1002),  # an extension that was not agreed
        (framed(b"x", 0), 1002),  # the middle of nothing
    ],
)
async def test_nonsense_on_the_wire_ends_the_line_with_its_code(raw: bytes, code: int) -> None:
    connection, _ = await opened()
    connection.data_received(framed(b"good") + raw + framed(b"after"))
    assert (await connection.take()).frames == [b"good"]
    with pytest.raises(ConnectionLostError) as caught:
        await connection.take()
    assert caught.value.code == code


async def test_frame_of_two_megabytes_arrives_whole_in_small_pieces() -> None:
    connection, _ = await opened(max_size=16 << 20)
    payload = bytes(range(32, 127)) * 22_000
    raw = framed(payload) + framed(b"next")
    for start in range(0, len(raw), 65_536):
        connection.data_received(raw[start : start + 65_536])
    assert (await connection.take()).frames == [payload, b"next"]


async def test_socket_is_paused_while_nobody_takes_and_resumed_then() -> None:
    connection, wire = await opened(max_size=16 << 20)
    connection.data_received(framed(b"x" * (5 << 20)))
    assert wire.is_reading_paused
    await connection.take()
    assert not wire.is_reading_paused


async def test_cancelled_take_loses_nothing() -> None:
    connection, _ = await opened()
    waiting = asyncio.create_task(connection.take())
    await asyncio.sleep(0)
    waiting.cancel()
    connection.data_received(framed(b"x"))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await connection.take()).frames == [b"x"]


# Dials.

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(handle: Handler, **options: Any) -> AsyncIterator[str]:
    """Serve raw TCP on loopback and give its ws address."""
    tasks: set[asyncio.Task[None]] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(attend, "127.0.0.1", 0, **options)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def answering(text: str) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text.replace("\n", "\r\n").encode())
        await writer.drain()
        await reader.read()

    return handle


async def dialled(url: str, headers: dict[str, str] | None = None, seconds: float = 5) -> Transport:
    return await WebSocketConnector().connect(
        DialRequest(url, headers or {}), max_frame_bytes=MAX_BYTES, timeout_seconds=seconds
    )


async def test_headers_of_the_request_are_sent_and_user_agent_once() -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        seen.append(request)
        writer.write(accept(request) + framed(b"hello"))
        await reader.read()

    async with served(handle) as url:
        transport = await dialled(url, {"User-Agent": "us/1", "ACCESS-KEY": "k"})
        assert (await transport.receive()).frames == [b"hello"]
        await transport.close()
    assert seen[0].lower().count(b"user-agent") == 1
    assert b"User-Agent: us/1\r\n" in seen[0]
    assert b"ACCESS-KEY: k\r\n" in seen[0]
    assert b"permessage-deflate" not in seen[0]


async def test_refused_connection_says_so_and_may_be_retried() -> None:
    async with served(answering("")) as url:
        pass
    with pytest.raises(ConnectError, match="cannot connect") as caught:
        await dialled(url)
    assert caught.value.retryable
    assert caught.value.url == url


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_say_what_to_check(status: int) -> None:
    body = '{"code":-1047}'
    head = f"HTTP/1.1 {status} No\nDate: Tue, 15 Nov 1994 08:12:31 GMT"
    answer = f"{head}\nContent-Length: {len(body)}\n\n{body}"
    async with served(answering(answer)) as url:
        with pytest.raises(AuthenticationError, match="check key, secret, passphrase") as caught:
            await dialled(url, {"ACCESS-KEY": "canary"})
    assert "-1047" in str(caught.value)
    assert not caught.value.retryable
    assert caught.value.server_time_ns == 784_887_151 * 10**9
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    cause = told.__cause__
    assert cause is not None
    ours = [frame for frame in told.stack if "weex_client" in frame.filename]
    assert ours
    assert "canary" not in repr([frame.locals for frame in (*ours, *cause.stack)])


async def test_firewall_before_a_public_address_is_no_matter_of_credentials() -> None:
    answer = "HTTP/1.1 403 No\nContent-Length: 0\n\n"
    async with served(answering(answer)) as url:
        with pytest.raises(ConnectError) as caught:
            await dialled(url, {"User-Agent": "us/1"})
    assert caught.value.status == 403


async def test_redirect_to_a_page_may_pass() -> None:
    answer = "HTTP/1.1 302 Go\nLocation: https://127.0.0.1/maintenance\nContent-Length: 0\n\n"
    async with served(answering(answer)) as url:
        with pytest.raises(ConnectError, match="no WebSocket") as caught:
            await dialled(url)
    assert caught.value.retryable


async def test_proxys_password_stays_out_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://user:canary@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigError, match="proxy") as caught:
        await dialled("ws://localhost.invalid:1", seconds=1)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "retryable", "retry_after"),
    [
        ("429 Slow\nRetry-After: 7", True, 7.0),
        ("429 Slow\nRetry-After: Thu, 01 Jan 1970 00:00:10 GMT", True, 0.0),
        ("429 Slow\nRetry-After: soon", True, None),
        ("429 Slow\nRetry-After: -5", True, None),
        ("429 Slow\nRetry-After: \u00b2", True, None),
        ("429 Slow\nRetry-After: 7\nRetry-After: 9", True, 7.0),
        ("429 Slow\nRetry-After: 99999999999999", True, 3600.0),
        # By the server's clock, whatever ours says.
        (
            "429 Slow\nDate: 1 Jan 1970 00:00:10 GMT\nRetry-After: 1 Jan 1970 00:00:52 GMT",
            True,
            42.0,
        ),
        (
            "503 Busy\nDate: now\nRetry-After: Thu, 01 Jan 2099 00:00:00 -0000",
            True,
            3600.0,
        ),
        ("502 Bad", True, None),
        ("503 Busy", True, None),
        ("404 None", False, None),
        ("200 OK", False, None),
    ],
)
async def test_refused_handshake_carries_status_and_whether_to_retry(
    head: str, retryable: bool, retry_after: float | None
) -> None:
    async with served(answering(f"HTTP/1.1 {head}\nContent-Length: 0\n\n")) as url:
        with pytest.raises(ConnectError) as caught:
            await dialled(url)
    assert caught.value.status == int(head[:3])
    assert caught.value.retryable is retryable
    assert caught.value.retry_after_seconds == retry_after


async def test_server_that_is_no_websocket_server_is_named() -> None:
    async with served(answering("SSH-2.0-nonsense\n\n")) as url:
        with pytest.raises(ConnectError):
            await dialled(url)


async def test_server_that_never_answers_times_out() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(handle) as url:
        with pytest.raises(ConnectError, match="did not answer in time") as caught:
            await dialled(url, seconds=0.1)
    assert caught.value.retryable


async def test_redirect_to_another_host_is_not_followed() -> None:
    async with (
        served(answering("HTTP/1.1 500 x\nContent-Length: 0\n\n")) as other,
        served(answering(f"HTTP/1.1 302 Go\nLocation: {other}/x\nContent-Length: 0\n\n")) as url,
    ):
        with pytest.raises(ConnectError, match="another host") as caught:
            await dialled(url, {"ACCESS-KEY": "canary"})
    assert not caught.value.retryable
    assert "canary" not in str(caught.value)


async def test_address_that_is_none_is_the_users_fault() -> None:
    with pytest.raises(ConfigError):
        await dialled("http://127.0.0.1/")


async def test_certificate_that_cannot_be_verified_is_never_retried() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "untrusted.pem")  # signed by itself
    async with served(answering(""), ssl=context) as url:
        with pytest.raises(ConnectError, match="TLS failed") as caught:
            await dialled(url.replace("ws://", "wss://"))
    assert not caught.value.retryable


async def test_server_that_speaks_no_tls_is_never_retried() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        await reader.read()

    async with served(handle) as url:
        with pytest.raises(ConnectError, match="TLS failed") as caught:
            await dialled(url.replace("ws://", "wss://"))
    assert not caught.value.retryable


async def test_tls_that_is_hung_up_on_may_be_retried() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with served(handle) as url:
        with pytest.raises(ConnectError) as caught:
            await dialled(url.replace("ws://", "wss://"))
    assert caught.value.retryable


# What no server or proxy should say, and some do.
NONSENSE = {
    "another protocol": "SSH-2.0-nonsense\n\n",
    "no length": "HTTP/1.1 503 Busy\nContent-Length: many\n\n",
    "two places": "HTTP/1.1 302 Go\nLocation: /a\nLocation: /b\nContent-Length: 0\n\n",
    "no place": "HTTP/1.1 302 Go\nLocation: ws://[::1\nContent-Length: 0\n\n",
    "a circle": "HTTP/1.1 302 Go\nLocation: /a\nContent-Length: 0\n\n",
    "too many headers": "HTTP/1.1 200 OK\n" + "A: b\n" * 200 + "\n",
    "too long a line": "X" * 20_000 + "\n\n",
    "no key": "HTTP/1.1 101 Yes\nUpgrade: websocket\nConnection: Upgrade\n\n",
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
async def test_server_that_answers_nonsense_is_told_as_such_and_tried_again(answer: str) -> None:
    async with served(answering(answer)) as url:
        with pytest.raises(ConnectError, match=r"is not a WebSocket|nonsense|cannot") as caught:
            await dialled(url)
    assert caught.value.retryable
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("answer", [*NONSENSE.values(), "HTTP/1.1 407 Pay\n\n"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_proxy_that_answers_nonsense_is_told_as_such(
    scheme: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(answering(answer)) as url:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, url.replace("ws://", "http://user:canary@"))
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(ConnectError, match=r"the proxy to .* does not work") as caught:
            await dialled(f"{scheme}://venue.invalid/ws")
    assert caught.value.retryable
    assert "canary" not in str(caught.value)


async def test_line_that_ends_before_tls_through_a_proxy_is_lost_quietly() -> None:
    connection = FrameConnection(ClientProtocol(parse_uri("wss://venue.invalid")))
    connection.connection_lost(ConnectionResetError())
    with pytest.raises(ConnectionLostError):
        await connection.take()


async def test_venue_that_does_not_answer_the_goodbye_is_left_within_a_second() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accept(await reader.readuntil(b"\r\n\r\n")))
        await asyncio.sleep(3600)

    async with served(handle) as url:
        transport = await dialled(url)
        async with asyncio.timeout(60):
            await transport.close()
        with pytest.raises(ConnectionLostError):
            await transport.receive()


async def test_sending_on_a_dead_line_says_that_it_is_dead() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accept(await reader.readuntil(b"\r\n\r\n")))
        await reader.read()

    async with served(handle) as url:
        transport = await dialled(url)
        transport.abort()
        with pytest.raises(ConnectionLostError):
            await transport.receive()
        with pytest.raises(ConnectionLostError):
            await transport.send("x")
