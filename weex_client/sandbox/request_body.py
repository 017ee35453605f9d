"""The body of an HTTP request, kept apart from its head: the WebSocket library reads heads only."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["BodyReader"]

# Orders are some hundred bytes; what is larger goes to the library, which refuses it.
MAX_BODY_BYTES: Final = 2**16
_MAX_HEAD_BYTES: Final = 2**14

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(
    rb"\r\nContent-Length:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n|\Z)", re.IGNORECASE
)


class BodyReader:
    """Hold a request back until it is whole, then give its head on and keep its body.

    Attributes:
        body: What came with the request.
    """

    def __init__(self) -> None:
        self.body = b""
        self._is_over = False
        self._waiting = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return what is for the library of what has come."""
        if self._is_over:
            return data
        self._waiting += data
        head, end, rest = bytes(self._waiting).partition(_END_OF_HEAD)
        if not end and len(head) <= _MAX_HEAD_BYTES:
            return b""
        found = _LENGTH.findall(head)
        length = int(found[0]) if end and len(found) == 1 else 0
        if 0 < length <= MAX_BODY_BYTES:
            if len(rest) < length:
                return b""
            self.body = rest[:length]
            head = _LENGTH.sub(b"", head)
            rest = rest[length:]
        self._is_over = True
        self._waiting.clear()
        return head + end + rest
