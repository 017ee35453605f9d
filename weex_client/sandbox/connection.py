"""One client's socket as the exchange sees it. What is said on it is the venue's business."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.server import broadcast

from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.interference import Interference
from weex_client.sandbox.outgoing import OutgoingFrame

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
        number: Its number, counted from 1 since the exchange opened.
        path: The path it was opened on.
        streams: What it is subscribed to, as the venue spells it.
        requests: The newest frames it sent, as received.
        request_count: How many it sent.
        refusals: How many of them were refused.
        bare_since_ns: Simulated time since which it holds no subscription.
        is_cut: True once the exchange dropped the line.
        is_half_open: True while the line is up and nothing comes over it.
        held: Frames that wait for the next one of their stream, by stream.
        unread_limit_bytes: What it may leave unread before it is cut.
    """

    def __init__(
        self,
        number: int,
        socket: FaultySocket,
        opened_ns: int,
        counters: Counters,
        interference: Interference,
    ) -> None:
        self.number = number
        self.path = urlsplit(socket.request.path).path if socket.request else ""
        self.streams: set[str] = set()
        self.requests: deque[str] = deque(maxlen=_KEPT_REQUESTS)
        self.request_count = 0
        self.refusals = 0
        self.frames_sent = 0
        self.bare_since_ns = opened_ns
        self.is_cut = False
        self.is_half_open = False
        self.held: dict[str, OutgoingFrame] = {}
        self.unread_limit_bytes = MAX_UNREAD_BYTES
        self._socket = socket
        self._counters = counters
        self._interference = interference
        self._newest = ""

    def __repr__(self) -> str:
        figures = f"streams={len(self.streams)} sent={self.frames_sent}"
        return f"<Connection {self.number} {self.path} {figures}>"

    def note_request(self, text: str) -> None:
        """Remember one frame of the client."""
        self.requests.append(text)
        self.request_count += 1
        self._counters.requests += 1

    def send(self, frame: OutgoingFrame | str) -> None:
        """Send a frame, or what a fault makes of it, without waiting."""
        if self.is_cut:
            return
        if isinstance(frame, str):
            frame = OutgoingFrame(frame)
        self._newest = frame.text
        for text in self._interference.treat(frame, self):
            self.say(text)

    def answer(self, text: str) -> None:
        """Send the answer to a request that was accepted."""
        self.send(OutgoingFrame(text, is_ack=True))

    def refusal(self) -> str | None:
        """Return why a fault refuses a request to subscribe, or None if none does."""
        return self._interference.refusal(self)

    def say(self, text: str | bytes, *, is_limited: bool = True) -> None:
        """Put a text frame on the wire; a client that does not keep up is cut.

        The transport's own buffer is the queue: it is looked at after every frame, so that one
        stuck client costs at most `unread_limit_bytes` and delays nobody.
        """
        if self.is_cut:
            return
        # broadcast() is the library's only send that does not wait; it skips closing sockets.
        broadcast((self._socket,), text, text=True)
        self.frames_sent += 1
        self._counters.frames_sent += 1
        if is_limited and self._socket.waiting_bytes > self.unread_limit_bytes:
            self._counters.cut_slow += 1
            self.abort()

    def abort(self, *, mid_frame: bool = False) -> None:
        """Drop the line without a close frame; the client sees code 1006.

        Args:
            mid_frame: Send the first half of the newest frame once more before.
        """
        self.is_cut = True
        self._socket.cut(self._newest if mid_frame else None)

    async def close(self, code: int, reason: str = "") -> None:
        """Close with a code, as RFC 6455 has it, and wait until the line has ended.

        Raises:
            ValueError: If the code does not fit 16 bits or the reason 123 bytes.
        """
        self.begin_close(code, reason)
        await self.ended()

    async def ended(self) -> None:
        """Wait until the line has ended."""
        await self._socket.wait_closed()

    def begin_close(self, code: int, reason: str = "") -> None:
        """Close with a code and wait for nothing; the line ends within half a second."""
        self._socket.say_goodbye(code, reason)
        self.is_half_open = False

    # What faults do to a line.

    def fall_silent(self, *, is_deaf: bool) -> None:
        """Send nothing more; when deaf, hear nothing either, not even WebSocket pings."""
        self.is_half_open = True
        self._socket.is_deaf = is_deaf

    def speak_again(self) -> None:
        """Hear what the client said meanwhile, and send again."""
        self.is_half_open = False
        self._socket.hear_again()

    def drip(self, bytes_per_release: int) -> None:
        """Let so many bytes go at each `release`."""
        self._socket.drip_bytes = bytes_per_release

    def release(self) -> None:
        """Let the next bytes of a dripping line go."""
        self._socket.release()

    def flow_again(self) -> None:
        """Send what waits, and whatever comes, at once."""
        self._socket.flow_again()
