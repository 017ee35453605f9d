"""How the exchange answers on a WEEX public socket: greeting, acks, refusals, the 1007 close."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.weex.switchboard import Switchboard
from weex_client.venues.weex import mirror
from weex_client.venues.weex.streams import RefusedRequestError, Stream, parse_stream

# The sixth refusal closes the socket (errors.jsonl, last six lines).
MAX_REFUSALS = 6
_REFUSED_CODE = 1007
_REFUSED_REASON = "Unrecognized message sent multiple times"

# A socket without subscription is cut after this long (sheet, 5).
IDLE_NS = 60_400_000_000


class PublicSocket:
    """Serve one client until it goes.

    The subscriptions live here; what they deliver comes from the switchboard.
    """

    def __init__(
        self, connection: Connection, switchboard: Switchboard, counters: Counters, time_ns: int
    ) -> None:
        self.connection = connection
        self._switchboard = switchboard
        self._counters = counters
        self._opened_ns = time_ns
        self._time_ns = time_ns
        self._streams: dict[Stream, str] = {}

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

    def tick(self, time_ns: int, *, ping: str | None) -> None:
        """Ping a socket that is in use, cut one that has not been for too long."""
        self._time_ns = time_ns
        if self._streams:
            if ping is not None:
                self._counters.pings += 1
                self.connection.send(ping)
        elif not self.connection.is_cut and time_ns - self.connection.bare_since_ns >= IDLE_NS:
            self._counters.cut_idle += 1
            self.connection.abort()

    async def _answer(self, text: str) -> None:
        request_id: mirror.RequestId = None
        try:
            request = mirror.parse_request(text)
            request_id = request.request_id
            streams = {self._parse(spelled): None for spelled in request.params}
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
                await self._subscribe(list(streams), request_id)
            case "UNSUBSCRIBE":
                self._unsubscribe(list(streams))
                self.connection.answer(mirror.encode_ack(request_id))
            case "PING":
                self.connection.answer(mirror.encode_ack(request_id))
            case _ if self._switchboard.name == "spot":
                # Spot echoes a PONG, contract says nothing (sheet, 12).
                self.connection.send(mirror.encode_pong(request_id))

    def _parse(self, spelled: str) -> Stream:
        return parse_stream(spelled, self._switchboard.name, self._switchboard.symbols)

    async def _subscribe(self, streams: list[Stream], request_id: mirror.RequestId) -> None:
        # The captured ack comes between the first and the second snapshot (contract-trade.jsonl);
        # a symbol that nobody looked at for hours needs a moment, and the ack does not wait for it.
        ack_after = 1 if streams and self._switchboard.is_current(streams[0].symbol) else 0
        for number, stream in enumerate(streams):
            if number == ack_after:
                self.connection.answer(mirror.encode_ack(request_id))
            # A socket that waits for a symbol to catch up is in use already.
            self._streams[stream] = str(stream)
            self.connection.streams.add(self._streams[stream])
            first = await self._switchboard.join(self.connection, stream)
            if first is not None:
                self.connection.send(first)
                # A hundred snapshots of 300 candles take a second; others are served meanwhile.
                await asyncio.sleep(0)
            if self.connection.is_cut:
                return
        if len(streams) <= ack_after:
            self.connection.answer(mirror.encode_ack(request_id))

    def _unsubscribe(self, streams: list[Stream]) -> None:
        for stream in streams:
            spelled = self._streams.pop(stream, None)
            if spelled is not None:
                self._switchboard.leave(self.connection, stream)
                self.connection.streams.discard(spelled)
                self.connection.bare_since_ns = self._time_ns

    def _leave_all(self) -> None:
        for stream in self._streams:
            self._switchboard.leave(self.connection, stream)
        self._streams.clear()
        self.connection.streams.clear()

    async def _refuse(self, refusal: RefusedRequestError, request_id: mirror.RequestId) -> None:
        self.connection.refusals += 1
        self._counters.refusals += 1
        self.connection.send(mirror.encode_refusal(refusal, request_id))
        if self.connection.refusals >= MAX_REFUSALS:
            self._counters.closed_for_refusals += 1
            await self.connection.close(_REFUSED_CODE, _REFUSED_REASON)
