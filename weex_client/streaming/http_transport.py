"""One HTTP request over the network, in a thread of its own. What is asked, and why, is elsewhere.

The standard library's client blocks; a thread for each request costs nothing at the few requests
that reconnections call for, and leaves none behind.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import email.utils
import http.client
import ssl
import threading
import time
import urllib.request
from functools import cache
from urllib.parse import unquote, urlsplit

from weex_client.config import is_loopback
from weex_client.errors import ConfigError, ConnectError, WeexClientError
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.tls import refusal

__all__ = ["fetch", "http_date", "retry_after"]

# A proxy that says "tomorrow" must not silence a trader for a day.
_MAX_RETRY_AFTER_SECONDS = 3600.0

# A thread that is told to end, and waits in ``recv``, is gone within a millisecond. One that
# waits for a name server cannot be told: it ends by itself, and nobody waits for it.
_GOODBYE_SECONDS = 0.05

# A server's or a proxy's nonsense, quoted, must not flood a log.
_MAX_REASON = 300

_CHUNK_BYTES = 64 * 1024


async def fetch(request: HttpRequest, *, timeout_seconds: float, max_bytes: int) -> HttpResponse:
    """Make one request; redirects are not followed, because credentials would go there.

    Args:
        request: What to ask.
        timeout_seconds: How long all of it may take.
        max_bytes: The longest content that is accepted.

    Raises:
        ConnectError: If there is no answer, or one that is too long.
        ConfigError: If the proxy that this machine's settings name cannot be used.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[HttpResponse] = loop.create_future()
    call = _Call(request, timeout_seconds, max_bytes)

    def settle(outcome: HttpResponse | WeexClientError) -> None:
        if answer.done():
            return
        if isinstance(outcome, HttpResponse):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)

    def work() -> None:
        outcome = call.outcome()
        try:
            loop.call_soon_threadsafe(settle, outcome)
        except RuntimeError:
            return  # the loop was closed meanwhile: nobody waits for the answer

    thread = threading.Thread(target=work, name="weex_client http", daemon=True)
    thread.start()
    try:
        async with asyncio.timeout(timeout_seconds):
            return await answer
    except TimeoutError:
        place = _place(request)
        raise ConnectError(
            f"{place} did not answer within {timeout_seconds:g} s", url=place
        ) from None
    finally:
        call.abort()
        thread.join(_GOODBYE_SECONDS)


class _Call:
    """One request on its way."""

    def __init__(self, request: HttpRequest, timeout_seconds: float, max_bytes: int) -> None:
        self._request = request
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._connection: http.client.HTTPConnection | None = None
        self._is_aborted = False

    def abort(self) -> None:
        """End the request, whatever it waits for; may be called from another thread."""
        self._is_aborted = True
        line = None if self._connection is None else self._connection.sock
        if line is not None:
            try:
                # 2 is SHUT_RDWR; ``close`` alone does not wake who waits in ``recv``.
                line.shutdown(2)
            except OSError:
                return  # it has ended already

    def outcome(self) -> HttpResponse | WeexClientError:
        """Return the answer, or whose fault it is that there is none; without a traceback.

        The frames of one would hold the credentials in clear.
        """
        place = _place(self._request)
        try:
            return self._response()
        except WeexClientError as exc:
            return exc.with_traceback(None)
        except TimeoutError:
            text = f"{place} did not answer within {self._timeout_seconds:g} s"
        except (OSError, http.client.HTTPException, ValueError) as exc:
            distrust = refusal(exc, place)
            if distrust is not None:
                return distrust
            said = str(exc)[:_MAX_REASON] or type(exc).__name__
            text = f"no answer from {place}: {said}"
        return ConnectError(text, url=place)

    def _response(self) -> HttpResponse:
        request = self._request
        connection = self._connection = _connection(request.url, self._timeout_seconds)
        try:
            parts = urlsplit(request.url)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.connect()
            if self._is_aborted:
                raise ConnectError("the request was given up", url=_place(request))
            headers = dict(request.headers) | {"Connection": "close"}
            connection.request(request.method, target or "/", request.body or None, headers)
            response = connection.getresponse()
            return HttpResponse(
                response.status,
                self._content(response),
                http_date(response.getheader("Date") or ""),
                retry_after(
                    response.getheader("Retry-After") or "", response.getheader("Date") or ""
                ),
            )
        finally:
            connection.close()

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        chunks, length = [], 0
        while chunk := response.read(_CHUNK_BYTES):
            chunks.append(chunk)
            length += len(chunk)
            if length > self._max_bytes:
                place = _place(self._request)
                raise ConnectError(
                    f"{place} answers more than {self._max_bytes} bytes",
                    url=place,
                    status=response.status,
                )
        if response.length:  # the library says so only to those who read all at once
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(chunks)


def _place(request: HttpRequest) -> str:
    """Return address and path, without the query, which may name somebody's orders."""
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _connection(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    """Return a connection to an address, through the machine's proxy where there is one."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    proxy = None if is_loopback(url) else _proxy(host)
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=timeout_seconds, context=_trust())
    via = urlsplit(proxy)
    if via.scheme != "http" or not via.hostname:
        # Its text may have a password.
        raise ConfigError(
            "the proxy that this machine's settings name (HTTPS_PROXY, ALL_PROXY) cannot be used"
            " for HTTP requests: only http:// proxies are supported"
        )
    connection = http.client.HTTPSConnection(
        via.hostname, via.port, timeout=timeout_seconds, context=_trust()
    )
    headers = {}
    if via.username is not None:
        pair = f"{unquote(via.username)}:{unquote(via.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    connection.set_tunnel(host, port, headers)
    return connection


def _proxy(host: str) -> str | None:
    if urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get("https") or proxies.get("all")


@cache
def _trust() -> ssl.SSLContext:
    """Read the machine's certificates, once: it takes ten milliseconds."""
    return ssl.create_default_context()


def retry_after(text: str, date: str) -> float | None:
    """Read a ``Retry-After`` header in seconds: a number, or a date by the server's clock."""
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _MAX_RETRY_AFTER_SECONDS)
    until = http_date(text)
    if until is None:
        return None
    now = http_date(date)
    seconds = (until - (time.time_ns() if now is None else now)) / 1_000_000_000
    return min(max(0.0, seconds), _MAX_RETRY_AFTER_SECONDS)


def http_date(text: str) -> int | None:
    """Read an HTTP date as nanoseconds since the epoch; None if it is none."""
    try:
        date = email.utils.parsedate_to_datetime(text)
        seconds = date.replace(tzinfo=date.tzinfo or datetime.UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return round(seconds * 1_000_000_000)
