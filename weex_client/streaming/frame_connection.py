"""A connection that cuts whole frames out of what was read from its socket. No meaning.

Where a connection comes from, and how it is spoken to, is in ``transport``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from websockets.asyncio.client import ClientConnection
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import OPEN

from weex_client.errors import ConnectionLostError

__all__ = ["FrameConnection", "Frames", "Take"]

# A first byte that says: whole text message, no extension; then a length without a mask.
_WHOLE_TEXT = 0x81
_LONG_LENGTH = 126

# Frames kept for a reader that does not come (OverflowPolicy.BLOCK) before the socket is paused.
_PAUSE_BYTES = 4 * 1024 * 1024

# Longer responses are none; the library has its own limits for lines and headers.
_MAX_RESPONSE_BYTES = 256 * 1024


class Frames(NamedTuple):
    """What was read from the socket since the last time.

    Attributes:
        frames: The frames, oldest first.
        received_time_ns: When the last of them was read.
    """

    frames: list[bytes]
    received_time_ns: int


Take = Callable[[Frames], bool]
"""Digests what was read; False if somebody must come for the rest."""


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
        if self._take is not None and self._frames and self._awaited is not None:
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
    def _awaited(self) -> asyncio.Future[None] | None:
        """Return what somebody waits for; None if nobody does, or is on the way already."""
        waiter = self._waiter
        return None if waiter is None or waiter.done() else waiter

    def _wake(self) -> None:
        waiter = self._awaited
        if waiter is not None:
            waiter.set_result(None)

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
