"""The door to the network: open a WebSocket, read frames in bulk, send text. No meaning.

How frames are cut out of what comes is in ``frame_connection``; the little neighbour for single
requests is ``http_transport``.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)
from websockets.uri import parse_uri

from weex_client.config import is_loopback
from weex_client.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    ConnectionLostError,
    WeexClientError,
)
from weex_client.protocol import DialRequest
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.frame_connection import FrameConnection, Frames, Take
from weex_client.streaming.http_transport import fetch, http_date, retry_after
from weex_client.streaming.tls import refusal

__all__ = ["Connector", "PromptTransport", "Transport", "WebSocketConnector"]

# The library logs every header at DEBUG, credentials among them: it never gets below WARNING.
_library_logger = logging.Logger("weex_client.websockets", level=logging.WARNING)
_library_logger.parent = logging.getLogger("weex_client")

# A server's nonsense, quoted, must not flood a log.
_MAX_REASON = 300

_CLOSE_SECONDS = 0.5
_SEND_SECONDS = 10.0


class Transport(Protocol):
    """An open line to a venue. Replayed tapes and simulated networks are transports too."""

    async def receive(self) -> Frames:
        """Wait for frames and return all that are there.

        Raises:
            ConnectionLostError: If the line has ended and nothing is left.
        """

    async def send(self, text: str) -> None:
        """Send one frame.

        Raises:
            ConnectionLostError: If the line has ended, or takes nothing for ten seconds.
        """

    async def close(self) -> None:
        """Say goodbye and end the line, within a second."""

    def abort(self) -> None:
        """End the line at once; ``receive`` then raises."""


class PromptTransport(Transport):
    """A line that hands frames over in the moment in which they are read.

    A line says by inheriting that it does: one that wraps another, and passes on whatever it does
    not know, would be passed by itself.
    """

    @abstractmethod
    def deliver_to(self, take: Take | None) -> None:
        """Hand frames over while somebody waits in ``receive``; None for no more.

        Where ``take`` returns False, ``receive`` returns, be it without a frame.
        """


class Connector(Protocol):
    """A way to reach a venue."""

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Transport:
        """Open a line, and send what the request wants sent first; that is shown to nobody.

        Raises:
            ConnectionLostError: If it ended at once.
            ConnectError: If there is none to be had.
            AuthenticationError: If the venue refuses the credentials.
        """

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        """Make one HTTP request; what the answer means is not judged here.

        Raises:
            ConnectError: If there is no answer, or one longer than ``max_bytes``.
            ConfigError: If the proxy of this machine's settings cannot be used.
        """


class WebSocketTransport(PromptTransport):
    """A line over a real socket; see ``Transport``."""

    def __init__(self, connection: FrameConnection) -> None:
        self._connection = connection

    async def receive(self) -> Frames:
        """Wait for frames and return all that are there."""
        return await self._connection.take()

    def deliver_to(self, take: Take | None) -> None:
        """Hand frames over as they are read, while somebody waits for them."""
        self._connection.deliver_to(take)

    async def send(self, text: str) -> None:
        """Send one frame."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._connection.send(text)
        except TimeoutError as exc:
            raise ConnectionLostError(
                f"the line took nothing for {_SEND_SECONDS:g} s", code=1006
            ) from exc
        except WebSocketException as exc:
            raise ConnectionLostError(str(exc), code=1006) from exc

    async def close(self) -> None:
        """Say goodbye and end the line, within a second."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        except TimeoutError:
            pass  # the venue does not answer the goodbye: the line ends without it
        finally:
            self.abort()

    def abort(self) -> None:
        """End the line at once."""
        self._connection.transport.abort()


class _Dial(connect):
    """A dial that follows no redirect to another origin.

    The library takes off the standard credential headers there, but venues have their own.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the new address on the same origin, or the error to raise."""
        try:
            target = super().process_redirect(exc)
        except InvalidURI:
            return ConnectError(
                f"{_shown(self.uri)} redirects to a page that is no WebSocket",
                url=_shown(self.uri),
                status=302,
            )
        if isinstance(target, str):
            before, after = self.ws_uri, parse_uri(target)
            if (before.secure, before.host, before.port) != (after.secure, after.host, after.port):
                return ConnectError(
                    f"{_shown(self.uri)} redirects to another host, {after.host}: not followed,"
                    " because credentials would go there; set the address in the configuration",
                    url=_shown(self.uri),
                    status=302,
                    retryable=False,
                )
        return target


def _shown(url: str) -> str:
    """Return an address without what may be a secret."""
    return url.partition("?")[0]


class _Headers(dict[str, str]):
    """Headers whose values no traceback shows."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


# What a dial can end with, also if a server or proxy answers what no HTTP is: EOFError where it
# ends in the middle, LookupError where it repeats a header that the library reads as one.
_FOREIGN_ERRORS = (OSError, WebSocketException, EOFError, LookupError, ValueError, ImportError)


class WebSocketConnector:
    """Reach a venue over the network, with TLS verified."""

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Transport:
        """Open a line, and send what the request wants sent first."""
        headers = _Headers(request.headers)
        user_agent = headers.pop("User-Agent", None)
        try:
            dial = _Dial(
                request.url,
                additional_headers=headers,
                user_agent_header=user_agent,
                # Costs CPU on both sides for frames of 300 bytes (PERFORMANCE).
                compression=None,
                # Liveness counts application frames: a socket that only pongs is dead.
                ping_interval=None,
                open_timeout=timeout_seconds,
                close_timeout=_CLOSE_SECONDS,
                max_size=max_frame_bytes,
                max_queue=None,
                # A proxy of the environment never stands between us and this machine.
                proxy=None if is_loopback(request.url) else True,
                logger=_library_logger,
                create_connection=FrameConnection,
            )
            connection = await dial
        except _FOREIGN_ERRORS as exc:
            # Without its traceback, whose frames hold the credentials in clear.
            raise _translated(exc, request) from exc.with_traceback(None)
        transport = WebSocketTransport(cast(FrameConnection, connection))
        try:
            await _send_all(transport, request.opening)
        except BaseException as exc:  # noqa: BLE001  # also if cancelled
            transport.abort()
            raise exc.with_traceback(None) from None  # its frames hold what was to be sent
        return transport

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        """Make one HTTP request."""
        return await fetch(request, timeout_seconds=timeout_seconds, max_bytes=max_bytes)


async def _send_all(transport: Transport, texts: Sequence[str]) -> None:
    for text in texts:
        await transport.send(text)


def _translated(exc: Exception, request: DialRequest) -> WeexClientError:
    """Turn what the library or the system raised into whose fault it is."""
    url = request.address
    if isinstance(exc, InvalidStatus):
        return _refused(exc, request)
    distrust = refusal(exc, url)
    if distrust is not None:
        return distrust
    if isinstance(exc, InvalidProxy | ImportError):
        # Its text has the proxy's address, and that perhaps a password.
        return ConfigError(
            "the proxy that this machine's settings name (HTTPS_PROXY, ALL_PROXY) cannot be used:"
            " only http:// and https:// proxies are supported"
        )
    if isinstance(exc, InvalidURI):
        return ConfigError(str(exc).replace(request.url, url))
    if isinstance(exc, TimeoutError):
        return ConnectError(f"{url} did not answer in time", url=url)
    if isinstance(exc, ProxyError):
        return ConnectError(f"the proxy to {url} does not work: {_reason(exc)}", url=url)
    if isinstance(exc, LookupError | EOFError):
        return ConnectError(f"{url} answers nonsense: {_reason(exc)}", url=url)
    if isinstance(exc, InvalidHandshake):
        return ConnectError(f"{url} is not a WebSocket server: {_reason(exc)}", url=url)
    return ConnectError(f"cannot connect to {url}: {_reason(exc)}", url=url)


def _reason(exc: Exception) -> str:
    """Return an error's words, and those of what caused it: the library's own say little."""
    words = [str(each) or type(each).__name__ for each in (exc, exc.__cause__) if each is not None]
    return ": ".join(dict.fromkeys(words))[:_MAX_REASON]


def _refused(exc: InvalidStatus, request: DialRequest) -> WeexClientError:
    url, status = request.address, exc.response.status_code
    has_credentials = bool(request.headers.keys() - {"User-Agent"})
    body = bytes(exc.response.body or b"")[:200].decode(errors="replace").strip()
    for name, value in request.headers.items():
        if name != "User-Agent" and value:
            body = body.replace(value, "***")  # some servers quote what they refuse
    for _, value in parse_qsl(urlsplit(request.url).query):
        body = body.replace(value, "***")
    said = f": {body}" if body and body.isprintable() else ""
    if status in (401, 403) and has_credentials:
        return AuthenticationError(
            f"{url} refused the handshake with HTTP {status}{said}; check key, secret,"
            " passphrase, the key's permissions and address list, and this machine's clock",
            server_time_ns=http_date(_header(exc, "Date")),
        )
    return ConnectError(
        f"{url} refused the handshake with HTTP {status}{said}",
        url=url,
        status=status,
        retry_after_seconds=retry_after(_header(exc, "Retry-After"), _header(exc, "Date")),
        # Other client errors say that the address or the request is wrong.
        retryable=status >= 500 or status in (408, 425, 429),
    )


def _header(exc: InvalidStatus, name: str) -> str:
    """Return a header of a refusal, the first where there are several."""
    return next(iter(exc.response.headers.get_all(name)), "").strip()
