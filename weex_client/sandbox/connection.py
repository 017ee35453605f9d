"""One client's socket as the exchange sees it. What is said on it is the venue's business."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection, broadcast

# What one client may leave unread. A subscription to 100 candle streams is answered with 6 MB.
MAX_UNREAD_BYTES = 16 * 2**20

# Enough for a test to read what a client asked for.
_KEPT_REQUESTS = 1_000


@dataclass(slots=True)
class Counters:
    """Count what happened to an exchange since it opened."""

    connections: int = 0
    requests: int = 0
    refusals: int = 0
    frames_sent: int = 0
    pings: int = 0
    cut_idle: int = 0
    cut_slow: int = 0
    closed_for_refusals: int = 0


class Connection:
    """Hold one socket, what it is subscribed to and what it asked for.

    Attributes:
        path: The path it was opened on.
        streams: What it is subscribed to, as the venue spells it.
        requests: The newest frames it sent, as received.
        request_count: How many it sent.
        refusals: How many of them were refused.
        bare_since_ns: Simulated time since which it holds no subscription.
        is_cut: True once the exchange dropped the line.
        unread_limit_bytes: What it may leave unread before it is cut.
    """

    def __init__(
        self, socket: ServerConnection, path: str, opened_ns: int, counters: Counters
    ) -> None:
        self.path = path
        self.streams: set[str] = set()
        self.requests: deque[str] = deque(maxlen=_KEPT_REQUESTS)
        self.request_count = 0
        self.refusals = 0
        self.frames_sent = 0
        self.bare_since_ns = opened_ns
        self.is_cut = False
        self.unread_limit_bytes = MAX_UNREAD_BYTES
        self._socket = socket
        self._counters = counters

    def __repr__(self) -> str:
        return f"<Connection {self.path} streams={len(self.streams)} sent={self.frames_sent}>"

    def note_request(self, text: str) -> None:
        """Remember one frame of the client."""
        self.requests.append(text)
        self.request_count += 1
        self._counters.requests += 1

    def send(self, frame: str) -> None:
        """Send without waiting; a client that does not keep up is cut.

        The transport's own buffer is the queue: it is looked at after every frame, so that one
        stuck client costs at most `unread_limit_bytes` and delays nobody.
        """
        if self.is_cut:
            return
        # broadcast() is the library's only send that does not wait; it skips closing sockets.
        broadcast((self._socket,), frame)
        self.frames_sent += 1
        self._counters.frames_sent += 1
        if self._socket.transport.get_write_buffer_size() > self.unread_limit_bytes:
            self._counters.cut_slow += 1
            self.abort()

    def abort(self) -> None:
        """Drop the line without a close frame; the client sees code 1006."""
        self.is_cut = True
        self._socket.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        """Close with a code, as RFC 6455 has it."""
        await self._socket.close(code, reason)
