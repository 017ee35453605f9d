"""One HTTP request over a real socket, and everything that may be answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.streaming.memory_line import until
from weex_client.errors import ConfigError, ConnectError
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.http_transport import fetch, http_date, retry_after
from weex_client.streaming.tls import is_distrust
from weex_client.streaming.transport import WebSocketConnector

CANARY = "canary-4711"
PATIENCE_SECONDS = 5.0

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """What was asked, and where."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, target: str = "/v3/orders?id=7", method: str = "GET") -> HttpRequest:
        headers = {"ACCESS-KEY": CANARY, "User-Agent": "test"}
        return HttpRequest(method, f"http://127.0.0.1:{self.port}{target}", headers)


@contextlib.asynccontextmanager
async def server(
    answer: bytes | None,
    *,
    ends: bool = True,
    reads_until: bytes = b"\r\n\r\n",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Serve the same answer to everybody; None for nothing at all."""
    running = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            running.heads.append(await reader.readuntil(reads_until))
            if answer is not None:
                writer.write(answer)
                await writer.drain()
            if not ends or answer is None:
                await reader.read()
        except ConnectionError:
            return
        finally:
            running.is_left.set()
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    running.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield running


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def asked(request: HttpRequest, **limits: float) -> HttpResponse:
    settings = {"timeout_seconds": PATIENCE_SECONDS, "max_bytes": 1000} | limits
    return await fetch(request, **settings)  # type: ignore[arg-type]


async def threads_are_gone() -> None:
    await until(lambda: not [t for t in threading.enumerate() if t.name == "weex_client http"])


async def test_answer_comes_with_status_body_and_the_servers_time() -> None:
    date = "Date: Tue, 22 Sep 2026 16:00:00 GMT"
    async with server(ok(b"[1]", date)) as venue:
        response = await asked(venue.request())
        assert (response.status, response.body) == (200, b"[1]")
        assert response.server_time_ns == 1_790_092_800 * 10**9
        (head,) = venue.heads
        assert head.startswith(b"GET /v3/orders?id=7 HTTP/1.1\r\n")
        assert f"ACCESS-KEY: {CANARY}\r\n".encode() in head
    await threads_are_gone()


async def test_connector_fetches_too() -> None:
    async with server(ok(b"{}")) as venue:
        response = await WebSocketConnector().fetch(
            venue.request(method="POST"), timeout_seconds=PATIENCE_SECONDS, max_bytes=10
        )
        assert response.body == b"{}"
        assert venue.heads[0].startswith(b"POST /v3/orders")


async def test_refusal_is_an_answer_too() -> None:
    text = b"HTTP/1.1 429 Slow down\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\n{}"
    async with server(text) as venue:
        response = await asked(venue.request())
        assert (response.status, response.retry_after_seconds) == (429, 7.0)


async def test_redirect_is_not_followed() -> None:
    async with server(ok(b"elsewhere")) as elsewhere:
        to = f"Location: http://127.0.0.1:{elsewhere.port}/".encode()
        async with server(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + to + b"\r\n\r\n"
        ) as venue:
            assert (await asked(venue.request())).status == 302
        assert elsewhere.heads == []


async def test_answer_that_is_too_long_is_refused() -> None:
    async with server(ok(b"x" * 2000)) as venue:
        with pytest.raises(ConnectError, match="answers more than 1000 bytes"):
            await asked(venue.request())


@pytest.mark.parametrize(
    "nonsense",
    [
        b"hello\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_nonsense_is_an_error_that_may_pass(nonsense: bytes) -> None:
    async with server(nonsense) as venue:
        with pytest.raises(ConnectError, match="no answer from") as caught:
            await asked(venue.request())
        assert caught.value.retryable


async def test_nobody_there_is_an_error_that_may_pass() -> None:
    async with server(None) as venue:
        request = venue.request()
    with pytest.raises(ConnectError, match="no answer from http://127") as caught:
        await asked(request)
    assert "id=7" not in str(caught.value)


async def test_silence_ends_after_the_time_that_is_allowed() -> None:
    async with server(None) as venue:
        with pytest.raises(ConnectError, match=r"did not answer within 0\.05 s"):
            await asked(venue.request(), timeout_seconds=0.05)
        await threads_are_gone()


async def test_answer_that_drips_ends_after_the_time_that_is_allowed() -> None:
    async with server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", ends=False) as venue:
        with pytest.raises(ConnectError, match="did not answer within"):
            await asked(venue.request(), timeout_seconds=0.05)


async def test_who_leaves_leaves_no_thread_behind() -> None:
    async with server(None) as venue:
        task = asyncio.create_task(asked(venue.request()))
        await until(lambda: venue.heads)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await threads_are_gone()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await venue.is_left.wait()


def untrusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "untrusted.pem")  # signed by itself
    return context


@pytest.mark.parametrize(
    ("answer", "tls", "is_final"),
    [
        (b"HTTP/1.1 400 Bad\r\n\r\n", None, True),
        (b"", untrusted(), True),
        (b"", None, False),
    ],
    ids=["no tls", "a certificate that is not trusted", "hung up on"],
)
async def test_tls_that_fails_is_never_retried_unless_it_was_cut_short(
    answer: bytes, tls: ssl.SSLContext | None, *, is_final: bool
) -> None:
    async with server(answer, reads_until=b"\x16", tls=tls) as venue:
        plain = venue.request()
        request = HttpRequest("GET", plain.url.replace("http:", "https:"), plain.headers)
        with pytest.raises(ConnectError) as caught:
            await asked(request)
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        assert is_distrust(caught.value) is is_final is not caught.value.retryable
        assert ("TLS failed" in str(caught.value)) is is_final
        assert "id=7" not in f"{caught.value} {caught.value.url}"


async def test_credentials_are_in_no_traceback_log_or_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server(b"hello\r\n\r\n") as venue:
        request = venue.request()
        with pytest.raises(ConnectError) as caught:
            await asked(request)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in told.stack if "weex_client" in frame.filename]
    assert ours
    assert CANARY not in str([frame.locals for frame in ours])
    assert CANARY not in repr(request) + caplog.text


async def test_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://user:{CANARY}@127.0.0.1:1")
    with pytest.raises(ConfigError, match="only http:// proxies") as caught:
        await asked(HttpRequest("GET", "https://venue.invalid/"))
    assert CANARY not in str(caught.value)


async def test_https_goes_through_the_machines_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(b"HTTP/1.1 407 Who are you\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{CANARY}@127.0.0.1:{proxy.port}")
        with pytest.raises(ConnectError, match="407") as caught:
            await asked(HttpRequest("GET", "https://venue.invalid/account", {"ACCESS-KEY": "k"}))
        (head,) = proxy.heads
        assert head.startswith(b"CONNECT venue.invalid:443 ")
        assert b"Proxy-Authorization: Basic " in head
        assert b"ACCESS-KEY" not in head
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("7", "", 7.0),
        ("99999", "", 3600.0),
        ("soon", "", None),
        ("Tue, 22 Sep 2026 16:00:10 GMT", "Tue, 22 Sep 2026 16:00:00 GMT", 10.0),
        ("Tue, 22 Sep 2026 15:00:10 GMT", "Tue, 22 Sep 2026 16:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_by_the_servers_clock(
    text: str, date: str, seconds: float | None
) -> None:
    assert retry_after(text, date) == seconds


def test_date_that_is_none_is_none() -> None:
    assert http_date("") is None
    assert http_date("Tue, 99 Sep 2026 16:00:00 GMT") is None
