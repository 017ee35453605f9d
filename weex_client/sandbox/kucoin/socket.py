"""A KuCoin socket: welcome, acks, pongs, errors, and what was subscribed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.branch import Branch
from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.kucoin.account_record import AccountRecord
from weex_client.sandbox.kucoin.switchboard import Switchboard
from weex_client.venues.kucoin import mirror
from weex_client.venues.kucoin.channels import DEPTHS, LEVEL2, PRIVATE_TOPICS, SYMBOL_TOPICS, path
from weex_client.venues.kucoin.mirror import RefusedRequestError
from weex_client.venues.kucoin.symbols import INTERVAL_SECONDS

__all__ = ["KucoinSocket", "Pace"]

# Per session, and messages in ten seconds (sheet, 9).
_MAX_TOPICS: Final = 300
_MAX_MESSAGES: Final = 100
_WINDOW_SECONDS: Final = 10.0

_PATHS: Final = frozenset({*SYMBOL_TOPICS.values(), *DEPTHS.values(), LEVEL2})
_CANDLES: Final = "/market/candles"


class Pace(NamedTuple):
    """How often the exchange wants to hear from a client; real seconds.

    Attributes:
        ping_interval_seconds: How often it asks for a ping.
        ping_timeout_seconds: How long it says that its answers take.
        silence_seconds: How long a client may say nothing (measured on futures: 60.5 s).
    """

    ping_interval_seconds: float = 18.0
    ping_timeout_seconds: float = 10.0
    silence_seconds: float = 60.5


class KucoinSocket:
    """Serve one client; public topics always, an account's with a token of that account.

    Attributes:
        connection: The client's line; ``streams`` are what it is subscribed to.
    """

    def __init__(
        self,
        connection: Connection,
        board: Switchboard,
        branch: Branch,
        record: AccountRecord | None,
        counters: Counters,
        *,
        welcome_id: str,
        ends_ns: int | None,
        pace: Pace,
    ) -> None:
        self.connection = connection
        self._board = board
        self._branch = branch
        self._record = record
        self._counters = counters
        self._welcome_id = welcome_id
        self._ends_ns = ends_ns  # when its token does; None where that was never good
        self._pace = pace
        self._heard_at = asyncio.get_running_loop().time()
        self._message_times: deque[float] = deque()

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:
        """Welcome, then answer each frame in turn, until either side ends it."""
        if self._ends_ns is None:
            await self.turn_away("token is invalid")
            return
        self.connection.send(mirror.encode_welcome(self._welcome_id or connection_id))
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.connection.note_request(text)
                self._heard_at = asyncio.get_running_loop().time()
                await self._answer(text)
        except ConnectionClosed:
            # How a client leaves is its own affair; what it held is released below.
            return
        finally:
            for topic in tuple(self.connection.streams):
                self._leave(topic)

    async def turn_away(self, reason: str) -> None:
        """Say that the token is not good, and close."""
        self.connection.send(mirror.encode_error(401, reason, self._welcome_id))
        self.connection.begin_close(1000, "Bye")
        await self.connection.ended()

    def expire(self) -> None:
        """Say that the token is good no longer, and close; what waits to be sent still goes."""
        self.connection.send(mirror.encode_error(401, "token is expired"))
        self.connection.begin_close(1000, "Bye")

    def tick(self, time_ns: int) -> None:
        """Cut a client that says nothing for too long, or whose token has ended."""
        if self.connection.is_cut or self._ends_ns is None:
            return
        if time_ns >= self._ends_ns:
            self._ends_ns = None
            self.expire()
        elif asyncio.get_running_loop().time() - self._heard_at >= self._pace.silence_seconds:
            self._counters.cut_idle += 1
            self._heard_at = float("inf")
            self.connection.send(mirror.encode_error(400, "ping timeout"))
            self.connection.begin_close(1000, "Bye")

    async def _answer(self, text: str) -> None:
        try:
            self._count()
            request = mirror.parse_request(text)
            match request.kind:
                case "ping":
                    self._counters.pings += 1
                    self.connection.send(mirror.encode_pong(request.request_id, self._board.now_ns))
                case "subscribe":
                    await self._subscribe(request)
                case "unsubscribe":
                    for topic in request.topics:
                        self._leave(topic)
                    self._acknowledge(request)
        except RefusedRequestError as refusal:
            self.connection.refusals += 1
            self._counters.refusals += 1
            self.connection.send(
                mirror.encode_error(refusal.code, str(refusal), refusal.request_id)
            )

    def _count(self) -> None:
        times = self._message_times
        times.append(self._heard_at)
        while times[0] <= self._heard_at - _WINDOW_SECONDS:
            times.popleft()
        if len(times) > _MAX_MESSAGES:
            raise RefusedRequestError(509, "too many messages in 10 s")

    async def _subscribe(self, request: mirror.Request) -> None:
        fault = self.connection.refusal()
        if fault is not None:
            raise RefusedRequestError(404, fault, request.request_id)
        for topic in request.topics:
            self._check(topic, request)
        streams = self.connection.streams
        if len(streams.union(request.topics)) > _MAX_TOPICS:
            text = f"exceed max subscription count limitation of {_MAX_TOPICS} per session"
            raise RefusedRequestError(509, text, request.request_id)
        if request.is_private:
            await self._branch.wake()
        # A topic's data can come before its ack (sheet, 3); so does the first half of these.
        half = len(request.topics) // 2
        for number, topic in enumerate(request.topics):
            if number == half:
                self._acknowledge(request)
            streams.add(topic)
            await self._join(topic)
            if self.connection.is_cut:
                return

    async def _join(self, topic: str) -> None:
        if topic in PRIVATE_TOPICS:
            self._listeners[topic][self.connection] = None
            return
        for frame in await self._board.join(self.connection, topic):
            self.connection.send(frame)
            await asyncio.sleep(0)

    def _check(self, topic: str, request: mirror.Request) -> None:
        """Refuse what there is not; a symbol that is not listed is accepted, and stays silent."""
        found = path(topic)
        if topic in PRIVATE_TOPICS and request.is_private:
            if self._record is None:
                raise RefusedRequestError(403, "login is required", request.request_id)
            return
        is_known = found in _PATHS and found != topic
        if found == _CANDLES:
            interval = topic.rpartition("_")[2]
            is_known &= len(request.topics) == 1 and interval in INTERVAL_SECONDS
        if not is_known or request.is_private:
            raise RefusedRequestError(404, f"topic {topic:.100} does not exist", request.request_id)

    def _acknowledge(self, request: mirror.Request) -> None:
        if request.wants_ack:
            self.connection.answer(mirror.encode_ack(request.request_id))

    def _leave(self, topic: str) -> None:
        if topic not in self.connection.streams:
            return
        self.connection.streams.discard(topic)
        if topic in PRIVATE_TOPICS:
            self._listeners[topic].pop(self.connection, None)
        else:
            self._board.leave(self.connection, topic)

    @property
    def _listeners(self) -> Mapping[str, dict[Connection, None]]:
        return {} if self._record is None else self._record.listeners
