"""A network in memory: lines with latency, split reads and backpressure, which can be cut or hang.

Stands on the sockets of async-solipsism, which know neither time nor trouble.
"""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from async_solipsism.socket import ListenSocket, Socket

# What one direction of a line holds before its writer must wait: a kernel's usual buffers.
CAPACITY = 256 * 1024

_CLOSED = "closed"
_RESET = "reset"


@dataclass
class Weather:
    """How the network is at the moment.

    Attributes:
        latency_seconds: Least and most that a piece of data travels.
        split_share: Share of reads that get only the beginning of what is there.
        is_refusing: Dials are refused.
        is_swallowing: Dials are never answered.
        failure: Makes what dials fail with; None if they do not.
        detour: Who answers dials instead of the exchange.
    """

    latency_seconds: tuple[float, float] = (0.001, 0.03)
    split_share: float = 0.1
    is_refusing: bool = False
    is_swallowing: bool = False
    failure: Callable[[], OSError] | None = None
    detour: tuple[str, int] | None = None


class End(Socket):
    """One end of a line, as asyncio's own transports use it."""

    def __init__(self, network: Network, name: Any, peer_name: Any) -> None:
        super().__init__(None, None, sockname=name, peername=peer_name)
        self._network = network
        self.peer: End = self
        self.is_closed = False
        self.is_frozen = False
        self._on_the_way: deque[Any] = deque()
        self._held: list[Any] = []
        self._inbox = bytearray()
        self._unread_by_peer = 0
        self._is_ended = False
        self._is_reset = False
        self._last_arrival = 0.0

    def _check_closed(self) -> None:
        if self.is_closed:
            raise OSError(errno.EBADF, "Bad file descriptor")

    # What asyncio calls.

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        self._check_closed()
        if self._is_reset:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if not self._inbox:
            if self._is_ended:
                return b""
            raise BlockingIOError
        size = self._network.read_size(min(bufsize, len(self._inbox)))
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        self.peer._unread_by_peer -= size
        return data

    def send(self, data: Any, flags: int = 0) -> int:
        self._check_closed()
        if self._is_reset:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        room = CAPACITY - self._unread_by_peer
        if room <= 0:
            raise BlockingIOError
        piece = bytes(memoryview(data).cast("B")[:room])
        self._unread_by_peer += len(piece)
        self._carry(piece)
        return len(piece)

    def sendmsg(
        self, buffers: Any, ancdata: Any = None, flags: int = 0, address: Any = None
    ) -> int:
        return self.send(b"".join(buffers))

    def shutdown(self, flag: int) -> None:
        if not self._is_reset:
            self._carry(_CLOSED)

    def close(self) -> None:
        """Say goodbye; to a peer whose words nobody read, with a reset, as TCP does."""
        if not self.is_closed:
            self.is_closed = True
            self._network.forget(self)
            if not self._is_reset:  # a line that is broken carries nothing
                self._carry(_RESET if self._inbox else _CLOSED)

    def read_ready(self) -> bool:
        return bool(self._inbox) or self._is_ended or self._is_reset or self.is_closed

    def write_ready(self) -> bool:
        return self._unread_by_peer < CAPACITY or self._is_reset or self.is_closed

    # What the network does.

    def _carry(self, item: Any) -> None:
        """Let something travel to the peer, never past what was sent before it."""
        loop = self._network.loop
        arrival = max(self._last_arrival, loop.time() + self._network.latency())
        self._last_arrival = arrival
        # Timers of one moment fire in no order: each takes whatever was sent first.
        self._on_the_way.append(item)
        loop.call_at(arrival, self._deliver)

    def _deliver(self) -> None:
        self.peer.arrive(self._on_the_way.popleft())

    def arrive(self, item: Any) -> None:
        if self.is_frozen:
            self._held.append(item)
        elif item is _RESET:
            self.reset()
        elif self.is_closed:
            if item is not _CLOSED:
                self._carry(_RESET)  # nobody is here to read it
        elif item is _CLOSED:
            self._is_ended = True
        elif not self._is_reset:
            self._inbox += item

    def reset(self) -> None:
        """Let this end know that the line is broken; what was not read is lost."""
        self._is_reset = True
        self._inbox.clear()

    def freeze(self) -> None:
        """Let nothing arrive here until ``thaw``."""
        self.is_frozen = True

    def thaw(self) -> None:
        """Let everything arrive that was on its way."""
        self.is_frozen = False
        held, self._held = self._held, []
        for item in held:
            self.arrive(item)


class Listener(ListenSocket):
    """A port that hands out the server's ends of lines."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port))
        self._arrived: deque[End] = deque()
        self.is_closed = False

    def dial(self, end: End) -> None:
        """Let a client's line arrive."""
        self._arrived.append(end)

    def read_ready(self) -> bool:
        return bool(self._arrived)

    def write_ready(self) -> bool:
        return False

    def accept(self) -> tuple[End, Any]:
        if not self._arrived:
            raise BlockingIOError
        end = self._arrived.popleft()
        return end, end.getpeername()

    def close(self) -> None:
        self.is_closed = True
        while self._arrived:
            self._arrived.popleft().close()


class Network:
    """All lines between clients and servers of one loop, in one weather."""

    def __init__(self, loop: asyncio.AbstractEventLoop, random: Random) -> None:
        self.loop = loop
        self.weather = Weather()
        self._random = random
        self._listeners: dict[tuple[str, int], Listener] = {}
        self._ends: dict[End, None] = {}
        self._client_port = 1023
        self.dials = 0

    @property
    def open_ends(self) -> tuple[End, ...]:
        """Return every end that was not closed."""
        return tuple(self._ends)

    @property
    def client_ends(self) -> tuple[End, ...]:
        """Return the clients' ends of lines that are open, oldest first."""
        return tuple(end for end in self._ends if end.getsockname()[0] == "client")

    def listen(self, listener: Listener) -> None:
        """Let clients find a port."""
        self._listeners[listener.getsockname()[:2]] = listener

    async def dial(self, host: str, port: int) -> End:
        """Return the client's end of a new line."""
        self.dials += 1
        await asyncio.sleep(self.latency() + self.latency())
        listener = self._listeners.get(self.weather.detour or (host, port))
        if self.weather.is_swallowing:
            await self.loop.create_future()  # who dials has a deadline
        if self.weather.failure is not None:
            raise self.weather.failure()
        if self.weather.is_refusing or listener is None or listener.is_closed:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nobody listens on {host}:{port}")
        self._client_port += 1
        names = ("client", self._client_port), (host, port)
        near, far = End(self, names[0], names[1]), End(self, names[1], names[0])
        near.peer, far.peer = far, near
        self._ends |= {near: None, far: None}
        listener.dial(far)
        return near

    def forget(self, end: End) -> None:
        """Note that an end was closed."""
        self._ends.pop(end, None)

    def latency(self) -> float:
        """Draw how long a piece of data travels."""
        return self._random.uniform(*self.weather.latency_seconds)

    def read_size(self, available: int) -> int:
        """Draw how much of what is there a read gets."""
        if available > 1 and self._random.random() < self.weather.split_share:
            return self._random.randint(1, available - 1)
        return available
