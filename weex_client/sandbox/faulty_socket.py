"""A server's socket that can be made deaf, slow or rude. When it is, others decide."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import EXTERNAL_CLOSE_CODES, CloseCode
from websockets.protocol import CONNECTING, OPEN

from weex_client.sandbox.request_body import BodyReader

# Clients that do not answer a close frame, or do not read, are not waited for.
CLOSE_TIMEOUT_SECONDS = 0.5

# What a client may say into a deaf line; ours sends pings of forty bytes.
_MAX_UNHEARD_BYTES = 2**20

# RFC 6455, 7.4.1: these never stand in a close frame; a client sees 1006 for both.
_NEVER_SENT_CODES = (1006, 1015)
_NO_CODE = 1005

# RFC 6455, 5.2: a final frame with opcode 8, whose payload is 125 bytes at most.
_CLOSE_OPCODE = 0x88
_MAX_REASON_BYTES = 123


def checked_close(code: int, reason: str) -> None:
    """Check that a close frame has room for a code and a reason.

    Raises:
        ValueError: If the code does not fit 16 bits or the reason 123 bytes.
    """
    if not 0 <= code < 2**16:
        raise ValueError(f"a close code has 16 bits: {code} does not fit")
    if len(reason.encode()) > _MAX_REASON_BYTES:
        raise ValueError(f"a close frame has room for {_MAX_REASON_BYTES} bytes of reason")


class FaultySocket(ServerConnection):
    """A socket of the exchange.

    Attributes:
        is_deaf: True while what the client says is kept unheard; TCP still takes it.
        drip_bytes: How many bytes each `release` lets go, or None for all at once.
        account: Who has signed in on it, or None.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_deaf = False
        self.drip_bytes: int | None = None
        self.account: str | None = None
        self._body = BodyReader()
        self._unheard = bytearray()
        self._backlog = bytearray()
        self._ends_after_backlog = False
        self._last_call: asyncio.TimerHandle | None = None

    @property
    def waiting_bytes(self) -> int:
        """Return how much was sent and has not left."""
        return self.transport.get_write_buffer_size() + len(self._backlog)

    @property
    def is_dialling(self) -> bool:
        """Say whether the handshake is not over."""
        return self.protocol.state is CONNECTING

    @property
    def request_body(self) -> bytes:
        """Return what came with the request that opened the line."""
        return self._body.body

    # What is heard.

    def data_received(self, data: bytes) -> None:
        """Hear what the client says, or keep it for later."""
        if not self.is_deaf:
            if self.is_dialling:
                data = self._body.feed(data)
            if data:
                super().data_received(data)
            return
        self._unheard += data
        if len(self._unheard) > _MAX_UNHEARD_BYTES:
            self.transport.abort()

    def hear_again(self) -> None:
        """Hear what was said meanwhile, and go on."""
        if not self.is_deaf:
            return
        self.is_deaf = False
        unheard = bytes(self._unheard)
        self._unheard.clear()
        if unheard and not self.transport.is_closing():
            super().data_received(unheard)

    # What is said.

    def send_data(self) -> None:
        """Write what the library has to say, or put it in the queue of a dripping line."""
        if self.transport.is_closing():
            # The peer is gone, and asyncio warns of each further write to it.
            self.protocol.data_to_send()
            return
        if self.drip_bytes is None:
            super().send_data()
            return
        for data in self.protocol.data_to_send():
            self._backlog += data
            self._ends_after_backlog |= not data

    def release(self) -> None:
        """Let the next bytes of a dripping line go."""
        # Nothing may be written, not even nothing, once the end was said.
        if self._backlog and not self.transport.is_closing():
            self.transport.write(bytes(self._backlog[: self.drip_bytes]))
            del self._backlog[: self.drip_bytes]
        self._end_if_due()

    def flow_again(self) -> None:
        """Write what waits, and whatever comes, at once."""
        self.drip_bytes = None
        if self._backlog and not self.transport.is_closing():
            self.transport.write(bytes(self._backlog))
        self._backlog.clear()
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self._ends_after_backlog and not self._backlog and not self.transport.is_closing():
            self._ends_after_backlog = False
            self.transport.write_eof()

    # How it ends.

    def cut(self, unfinished: str | None = None) -> None:
        """End the line without a close frame; with a text, in the middle of its frame."""
        if unfinished is None or self.protocol.state is not OPEN:
            self.transport.abort()
            return
        self.protocol.send_text(unfinished.encode())
        frame = b"".join(self.protocol.data_to_send())
        self.transport.write(frame[: len(frame) // 2])
        # What is written still goes out, as far as the client reads it.
        self.transport.close()
        self._abort_later()

    def say_goodbye(self, code: int, reason: str) -> None:
        """Begin to close with any code, also with one that no server may send.

        Codes 1006 and 1015 end the line without a frame, 1005 sends a frame without a code. Like
        any server, it hangs up if the client does not answer within half a second.
        """
        checked_close(code, reason)
        self.hear_again()
        self.flow_again()
        if self.protocol.state is not OPEN:
            return
        if code in _NEVER_SENT_CODES:
            self.transport.abort()
            return
        if code == _NO_CODE:
            self.protocol.send_close()
            self.send_data()
        elif code in EXTERNAL_CLOSE_CODES or 3000 <= code < 5000:
            self.protocol.send_close(code, reason)
            self.send_data()
        else:
            # The library sends no such code.
            payload = struct.pack("!H", code) + reason.encode()
            self.transport.write(bytes((_CLOSE_OPCODE, len(payload))) + payload)
        self._abort_later()

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close as any server does, but never wait for a client that does not read.

        The library's own goodbye waits without limit behind what the client has left unread.
        """
        self.say_goodbye(code, reason)
        await super().close(code, reason)

    def _abort_later(self) -> None:
        if self._last_call is None:
            self._last_call = self.loop.call_later(CLOSE_TIMEOUT_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is left."""
        if self._last_call is not None:
            self._last_call.cancel()
        self._unheard.clear()
        self._backlog.clear()
        super().connection_lost(exc)
