"""How the exchange answers on its Coinbase socket: complete lists, refusals, five seconds."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.coinbase.logins import Logins, RefusedLoginError
from weex_client.sandbox.connection import Connection, Counters
from weex_client.venues.coinbase import mirror

if TYPE_CHECKING:
    from weex_client.sandbox.coinbase.floor import Floor

__all__ = ["CoinbaseSocket"]

# A subscribe message must arrive within 5 s (sheet, 1).
_FIRST_REQUEST_NS: Final = 5_000_000_000
# However fast simulated time goes, a client needs some real one to say anything.
_FIRST_REQUEST_REAL_SECONDS: Final = 1.0
_STATUS_NS: Final = 5_000_000_000
_POLICY_CODE: Final = 1008


class CoinbaseSocket:
    """Serve one client until it goes.

    Attributes:
        connection: The client's line; ``streams`` are what it is subscribed to.
    """

    def __init__(
        self, connection: Connection, floor: Floor, logins: Logins, counters: Counters
    ) -> None:
        self.connection = connection
        self._floor = floor
        self._logins = logins
        self._counters = counters
        self._opened_ns = floor.now_ns
        self._opened_at = asyncio.get_running_loop().time()
        self._has_subscribed = False
        self._served: dict[str, dict[str, None]] = {}

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:  # noqa: ARG002
        """Answer each frame in turn, until either side ends it; the venue does not greet."""
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.connection.note_request(text)
                await self._answer(text)
        except ConnectionClosed:
            # How a client leaves is its own affair; what it held is released below.
            return
        finally:
            for channel, products in self._served.items():
                for product in products:
                    self._floor.leave(channel, product, self.connection)

    def tick(self, time_ns: int) -> None:
        """Send the status of five seconds; cut who has not subscribed in as many."""
        if "status" in self._served and time_ns % _STATUS_NS == 0:
            self.connection.send(self._floor.status())
        if self._has_subscribed or self.connection.is_cut:
            return
        waited_seconds = asyncio.get_running_loop().time() - self._opened_at
        is_late = time_ns - self._opened_ns >= _FIRST_REQUEST_NS
        if is_late and waited_seconds >= _FIRST_REQUEST_REAL_SECONDS:
            self._has_subscribed = True  # said once
            self._counters.cut_idle += 1
            self.connection.begin_close(_POLICY_CODE, "no subscribe message within 5 seconds")

    async def _answer(self, text: str) -> None:
        try:
            request = mirror.parse_request(text, self._floor.products)
            if request.is_subscribe:
                refused = self.connection.refusal()
                if refused is not None:
                    raise mirror.RefusedRequestError(mirror.FAILED_TO_SUBSCRIBE, refused)
            account = self._account(request)
        except mirror.RefusedRequestError as refusal:
            self.connection.refusals += 1
            self._counters.refusals += 1
            self.connection.send(mirror.encode_error(refusal.message, refusal.reason))
            return
        if request.is_subscribe:
            await self._subscribe(request, account)
        else:
            self._unsubscribe(request)
            self._acknowledge()

    def _account(self, request: mirror.Request) -> str | None:
        """Return who signed a request, or None.

        Raises:
            RefusedRequestError: If it had to be signed, or is signed wrongly.
        """
        if request.signature:
            try:
                return self._logins.of_request(request.signature)
            except RefusedLoginError as refused:
                reason = json.dumps({"message": str(refused)})
                raise mirror.RefusedRequestError(mirror.AUTHENTICATION_FAILED, reason) from None
        if request.needs_signature:
            raise mirror.RefusedRequestError(mirror.FAILED_TO_SUBSCRIBE, mirror.NEEDS_SIGNATURE)
        return None

    async def _subscribe(self, request: mirror.Request, account: str | None) -> None:
        self._has_subscribed = True
        pairs = []
        for channel, product in request.channels:
            if channel == "status":
                pairs.append((channel, ""))
            else:
                chosen = self._floor.products if product is None else (product,)
                pairs += [(channel, each) for each in chosen]
        # A socket that waits for a market to catch up is in use already.
        self.connection.streams.update(f"{channel}:{product}" for channel, product in pairs)
        if any(channel == "user" for channel, _ in pairs):
            await self._floor.wake()
        for channel, product in pairs:
            if channel not in ("user", "status"):
                await self._floor.caught_up(product)
        for channel, product in pairs:
            self._served.setdefault(channel, {})[product] = None
        self._acknowledge()
        # No other turn of the loop comes between a first frame and joining: the next continues it.
        for channel, product in pairs:
            if channel == "status":
                self.connection.send(self._floor.status())
                continue
            first = self._floor.join(channel, product, self.connection, account)
            if first is not None:
                self.connection.send(first)

    def _unsubscribe(self, request: mirror.Request) -> None:
        for channel, product in request.channels:
            served = self._served.get(channel, {})
            for each in tuple(served) if product is None else (product,):
                if each in served:
                    del served[each]
                    self._floor.leave(channel, each, self.connection)
                    self.connection.streams.discard(f"{channel}:{each}")
            if not served:
                self._served.pop(channel, None)

    def _acknowledge(self) -> None:
        self.connection.answer(
            mirror.encode_ack(
                {
                    channel: [each for each in products if each]
                    for channel, products in self._served.items()
                }
            )
        )
