"""A WEEX public socket: market data by stream. How requests are answered is in `venue_socket`."""

from __future__ import annotations

import asyncio

from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.weex.switchboard import Switchboard
from weex_client.sandbox.weex.venue_socket import VenueSocket
from weex_client.venues.weex import mirror
from weex_client.venues.weex.streams import Stream, parse_stream


class PublicSocket(VenueSocket[Stream]):
    """Serve one client's market data.

    The subscriptions live here; what they deliver comes from the switchboard.
    """

    def __init__(
        self, connection: Connection, switchboard: Switchboard, counters: Counters, time_ns: int
    ) -> None:
        super().__init__(connection, switchboard.name, counters, time_ns)
        self._switchboard = switchboard
        self._streams: dict[Stream, str] = {}

    def _ping(self, time_ms: int) -> str:
        return mirror.encode_ping(time_ms)

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

    def _unsubscribe(self, stream: Stream) -> bool:
        spelled = self._streams.pop(stream, None)
        if spelled is None:
            return False
        self._switchboard.leave(self.connection, stream)
        self.connection.streams.discard(spelled)
        return True

    def _leave_all(self) -> None:
        for stream in list(self._streams):
            self._unsubscribe(stream)
