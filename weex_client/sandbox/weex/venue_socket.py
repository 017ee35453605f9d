"""How the exchange answers on any WEEX socket: greeting, acks, refusals, the 1007 close."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.connection import Connection, Counters
from weex_client.venues.weex import mirror
from weex_client.venues.weex.endpoints import Market as MarketName
from weex_client.venues.weex.streams import RefusedRequestError

# The sixth refusal closes the socket (errors.jsonl, last six lines).
MAX_REFUSALS = 6
_REFUSED_CODE = 1007
_REFUSED_REASON = "Unrecognized message sent multiple times"

# Pings fall on the half minute (connection.jsonl).
_MINUTE_NS = 60_000_000_000
_PING_PHASE_NS = 30_000_000_000

# A socket without subscription is cut after this long (sheet, 5).
IDLE_NS = 60_400_000_000

StreamT = TypeVar("StreamT")


class VenueSocket(ABC, Generic[StreamT]):
    """Serve one client until it goes; what can be subscribed is a subclass's business.

    Attributes:
        connection: The client's line; ``streams`` are what it is subscribed to.
    """

    def __init__(
        self, connection: Connection, market: MarketName, counters: Counters, time_ns: int
    ) -> None:
        self.connection = connection
        self._market = market
        self._counters = counters
        self._opened_ns = time_ns
        self._time_ns = time_ns

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:
        """Greet, then answer each frame in turn, until either side ends it."""
        self.connection.send(mirror.encode_greeting(connection_id, self._opened_ns // 1_000_000))
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.connection.note_request(text)
                await self._answer(text)
        except ConnectionClosed:
            # How a client leaves is its own affair; what it held is released below.
            return
        finally:
            self._leave_all()

    def tick(self, time_ns: int) -> None:
        """Ping a socket that is in use, cut one that has not been for too long."""
        self._time_ns = time_ns
        if self.connection.streams:
            if time_ns % _MINUTE_NS == _PING_PHASE_NS:
                self._counters.pings += 1
                self.connection.send(self._ping(time_ns // 1_000_000))
        elif not self.connection.is_cut and time_ns - self.connection.bare_since_ns >= IDLE_NS:
            self._counters.cut_idle += 1
            self.connection.abort()

    async def _answer(self, text: str) -> None:
        request_id: mirror.RequestId = None
        try:
            request = mirror.parse_request(text)
            request_id = request.request_id
            streams = list({self._parse(spelled): None for spelled in request.params})
        except RefusedRequestError as refusal:
            # One bad stream refuses the whole request (sheet, 4).
            await self._refuse(
                refusal, request_id if request_id is not None else refusal.request_id
            )
            return
        match request.method:
            case "SUBSCRIBE":
                refused = self.connection.refusal()
                if refused is not None:
                    await self._refuse(RefusedRequestError(refused), request_id)
                    return
                await self._subscribe(streams, request_id)
            case "UNSUBSCRIBE":
                for stream in streams:
                    if self._unsubscribe(stream):
                        self.connection.bare_since_ns = self._time_ns
                self.connection.answer(mirror.encode_ack(request_id))
            case "PING":
                self.connection.answer(mirror.encode_ack(request_id))
            case _ if self._market == "spot":
                # Spot echoes a PONG, contract says nothing (sheet, 12).
                self.connection.send(mirror.encode_pong(request_id))

    async def _refuse(self, refusal: RefusedRequestError, request_id: mirror.RequestId) -> None:
        self.connection.refusals += 1
        self._counters.refusals += 1
        self.connection.send(mirror.encode_refusal(refusal, request_id))
        if self.connection.refusals >= MAX_REFUSALS:
            self._counters.closed_for_refusals += 1
            await self.connection.close(_REFUSED_CODE, _REFUSED_REASON)

    @abstractmethod
    def _ping(self, time_ms: int) -> str:
        """Return the ping of this kind of socket."""

    @abstractmethod
    def _parse(self, spelled: str) -> StreamT:
        """Read one element of ``params``.

        Raises:
            RefusedRequestError: With the venue's own words for what is wrong.
        """

    @abstractmethod
    async def _subscribe(self, streams: list[StreamT], request_id: mirror.RequestId) -> None:
        """Begin to deliver, and acknowledge."""

    @abstractmethod
    def _unsubscribe(self, stream: StreamT) -> bool:
        """End one subscription; say whether there was one."""

    @abstractmethod
    def _leave_all(self) -> None:
        """End every subscription."""
