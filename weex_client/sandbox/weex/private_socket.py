"""A WEEX private socket: one account's news. How requests are answered is in `venue_socket`."""

from __future__ import annotations

from weex_client.sandbox.branch import Branch
from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.weex.account_record import CHANNELS, AccountRecord
from weex_client.sandbox.weex.venue_socket import VenueSocket
from weex_client.venues.weex import mirror
from weex_client.venues.weex.mirror_private import encode_private_ping
from weex_client.venues.weex.streams import RefusedRequestError


class PrivateSocket(VenueSocket[str]):
    """Serve one client that has signed in to an account."""

    def __init__(
        self,
        connection: Connection,
        branch: Branch,
        record: AccountRecord,
        counters: Counters,
        time_ns: int,
    ) -> None:
        super().__init__(connection, branch.name, counters, time_ns)
        self._branch = branch
        self._listeners = record.listeners

    def _ping(self, time_ms: int) -> str:
        return encode_private_ping(time_ms)

    def _parse(self, spelled: str) -> str:
        # Spot has no positions (sheet, 8).
        if spelled not in CHANNELS or (spelled == "positions" and self._market == "spot"):
            raise RefusedRequestError(f"invalid event : {spelled}")
        return spelled

    async def _subscribe(self, streams: list[str], request_id: mirror.RequestId) -> None:
        # A socket that waits for the account to catch up is in use already.
        self.connection.streams.update(streams)
        await self._branch.wake()
        # No snapshot follows: what was before is read over REST (sheet, 8).
        self.connection.answer(mirror.encode_ack(request_id))
        for stream in streams:
            self._listeners[stream][self.connection] = None

    def _unsubscribe(self, stream: str) -> bool:
        self._listeners[stream].pop(self.connection, None)
        is_there = stream in self.connection.streams
        self.connection.streams.discard(stream)
        return is_there

    def _leave_all(self) -> None:
        for stream in tuple(self.connection.streams):
            self._unsubscribe(stream)
