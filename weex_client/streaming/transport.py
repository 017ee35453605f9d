"""The door to the network: open a WebSocket, read frames in bulk, send text. No meaning.

Its little neighbour for single requests is ``http_transport``.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import OPEN
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
from weex_client.streaming.http_transport import fetch, http_date, retry_after

__all__ = ["Connector", "Frames", "PromptTransport", "Transport", "WebSocketConnector"]

# The library logs every header at DEBUG, credentials among them: it never gets below WARNING.
_library_logger = logging.Logger("weex_client.websockets", level=logging.WARNING)
_library_logger.parent = logging.getLogger("weex_client")

# A first byte that says: whole text message, no extension; then a length without a mask.
_WHOLE_TEXT = 0x81
_LONG_LENGTH = 126

# Frames kept for a reader that does not come (OverflowPolicy.BLOCK) before the socket is paused.
_PAUSE_BYTES = 4 * 1024 * 1024

# Longer responses are none; the library has its own limits for lines and headers.
_MAX_RESPONSE_BYTES = 256 * 1024

# A server's nonsense, quoted, must not flood a log.
_MAX_REASON = 300

_CLOSE_SECONDS = 0.5
_SEND_SECONDS = 10.0


class Frames(NamedTuple):
    """What was read from the socket since the last time.

    Attributes:
        frames: The frames, oldest first.
        received_time_ns: When the last of them was read.
    """

    frames: list[bytes]
    received_time_ns: int


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


Take = Callable[[Frames], bool]
"""Digests what was read; False if somebody must come for the rest."""


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


class FrameConnection(ClientConnection):
    """A connection that cuts whole text frames out of what was read.

    The library's parser costs twice as much as all that follows (PERFORMANCE: 0.38 against 0.45
    of the bare loop); it still gets the handshake, control frames, fragments and whatever is
    unusual, one frame at a time.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames: list[bytes] = []
        self._waiting_bytes = 0
        self._received_time_ns = 0
        self._fragments: list[bytes] = []
        self._is_answered = False
        self._rest = bytearray()
        self._rest_needs = 0
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._is_made = False
        self._lost = False
        self._take: Take | None = None
        self._is_called = False

    def deliver_to(self, take: Take | None) -> None:
        """Hand frames over as they are read, while somebody waits for them."""
        self._take = take

    def data_received(self, data: bytes) -> None:
        """Cut frames, hand the unusual to the library, wake the reader."""
        self._received_time_ns = time.time_ns()
        if not self._is_answered or self._rest:
            self._rest += data
            if not self._is_answered:
                self._receive_response()
            if len(self._rest) < self._rest_needs or not self._is_answered:
                return
            data = bytes(self._rest)
            self._rest.clear()
        if self.protocol.state is OPEN:
            self._cut(data)
        else:
            super().data_received(data)
        if self._take is not None and self._frames and self._is_awaited:
            self._is_called = not self._take(self._taken())
        if self._frames or self._is_called or self.protocol.state is not OPEN:
            self._wake()
        if self._waiting_bytes > _PAUSE_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def _receive_response(self) -> None:
        """Give the library the handshake's response, and not a byte of the frames behind it.

        Its parser keeps the beginning of a frame where nobody can see it: it only ever gets
        whole ones.
        """
        end = self._rest.find(b"\r\n\r\n") + 4
        if end < 4 and len(self._rest) <= _MAX_RESPONSE_BYTES:
            return
        response = bytes(self._rest[:end]) if end >= 4 else bytes(self._rest)
        del self._rest[: len(response)]
        self._is_answered = True
        super().data_received(response)

    def _cut(self, data: bytes) -> None:
        """Cut whole frames; keep the beginning of one that is not complete yet."""
        protocol, frames = self.protocol, self._frames
        position, end = 0, len(data)
        max_size = protocol.max_message_size or sys.maxsize
        is_fragmented = protocol.current_size is not None
        while end - position >= 2:
            length = data[position + 1]
            start = position + 2
            if length >= _LONG_LENGTH:
                if length > 127:  # masked, which no server may do: the library judges
                    break
                start += 2 if length == _LONG_LENGTH else 8
                if end < start:
                    self._keep(data, position, start - position)
                    return
                length = int.from_bytes(data[position + 2 : start], "big")
                if length > max_size:
                    break
            stop = start + length
            if stop > end:
                self._keep(data, position, stop - position)
                return
            if data[position] == _WHOLE_TEXT and not is_fragmented:
                frames.append(data[start:stop])
                self._waiting_bytes += length
            else:
                super().data_received(data[position:stop])
                if protocol.state is not OPEN:
                    return
                is_fragmented = protocol.current_size is not None
            position = stop
        else:
            self._keep(data, position, 2)
            return
        super().data_received(data[position:])

    def _keep(self, data: bytes, position: int, needs: int) -> None:
        if position < len(data):
            self._rest += data[position:]
            self._rest_needs = needs

    def process_event(self, event: Any) -> None:
        """Take data frames that the library parsed; leave it the rest."""
        if self.response is None or not isinstance(event, Frame):
            super().process_event(event)
        elif event.opcode in DATA_OPCODES:
            self._fragments.append(bytes(event.data))
            if event.fin:
                frame = b"".join(self._fragments)
                self._fragments.clear()
                self._frames.append(frame)
                self._waiting_bytes += len(frame)
        else:
            super().process_event(event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that there is a connection to lose."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._is_made = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the reader know."""
        if self._is_made:  # TLS through a proxy may fail before the library has begun
            super().connection_lost(exc)
        self._lost = True
        self._wake()

    @property
    def _is_awaited(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> Frames:
        """Return all frames that are there, or wait for some."""
        while not self._frames and not self._is_called:
            if self._lost or self.protocol.state is not OPEN:
                raise self._ended()
            self._waiter = self.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_called = False
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        return self._taken()

    def _taken(self) -> Frames:
        frames, self._frames, self._waiting_bytes = self._frames, [], 0
        return Frames(frames, self._received_time_ns)

    def _ended(self) -> ConnectionLostError:
        """Say how the line ended: by the venue's close frame, by ours, or without any."""
        close = self.protocol.close_rcvd or self.protocol.close_sent
        code = 1006 if close is None else int(close.code)
        reason = "" if close is None else close.reason
        said = f": {reason}" if reason else ""
        cause = self.connection_exc or self.protocol.parser_exc
        why = f" ({cause})" if cause is not None and not said else ""
        error = ConnectionLostError(
            f"connection ended with code {code}{said}{why}", code=code, reason=reason
        )
        error.__cause__ = cause
        return error


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


# TLS that somebody hung up on is a line that failed; all other TLS errors are about trust.
_CUT_SHORT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def _translated(exc: Exception, request: DialRequest) -> WeexClientError:
    """Turn what the library or the system raised into whose fault it is."""
    url = request.address
    if isinstance(exc, InvalidStatus):
        return _refused(exc, request)
    if isinstance(exc, ssl.SSLError) and not isinstance(exc, _CUT_SHORT):
        # Those that no handshake has made lack all attributes.
        why = getattr(exc, "verify_message", None) or getattr(exc, "reason", None) or str(exc)
        return ConnectError(
            f"{url}: TLS failed ({why}); check the address, the clock and the certificates of"
            " this machine",
            url=url,
            retryable=False,
        )
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
