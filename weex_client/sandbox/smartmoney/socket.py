"""How the exchange answers on a Smart Money socket: the key first, then one channel a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.connection import Connection
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.smartmoney.events import COINS_TOLD_OF, PRICED, contract_of
from weex_client.venues.smartmoney import SmartMoneyChannel, mirror
from weex_client.venues.smartmoney.channels import channel_and_asset

__all__ = ["SmartMoneySocket"]

# RFC 6455, 7.4.1: what a server says of a client that breaks its rules.
_POLICY: Final = 1008


class SmartMoneySocket:
    """Serve one client: nothing is acknowledged, as nothing is promised (sheet, 3).

    Attributes:
        connection: The client's line.
        feeds: What it has subscribed.
    """

    def __init__(
        self,
        connection: Connection,
        premises: Premises,
        coins: Sequence[str],
        on_leave: Callable[[SmartMoneySocket], None],
    ) -> None:
        self.connection = connection
        self.feeds: dict[str, None] = {}
        self._premises = premises
        self._coins = coins
        self._needed: dict[str, tuple[str, ...]] = {}
        self._on_leave = on_leave
        self._is_known = False

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:  # noqa: ARG002
        """Answer each frame in turn, until either side ends it."""
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.connection.note_request(text)
                await self._answer(text)
        except ConnectionClosed:
            # How a client leaves is its own affair; what it held is released below.
            return
        finally:
            for feed in tuple(self.connection.streams):
                self._unsubscribe(feed)
            self._on_leave(self)

    def tick(self, time_ns: int) -> None:
        """Do nothing: the venue neither pings nor cuts who is idle."""

    async def _answer(self, text: str) -> None:
        try:
            request = mirror.parse_request(text)
        except mirror.RefusedFrameError as refused:
            self._refuse(str(refused))
            return
        if request.kind == "auth":
            await self._let_in(request.said)
        elif not self._is_known:
            self._refuse("authentication required")
            await self.connection.close(_POLICY, "authentication required")
        elif request.kind == "ping":
            self.connection.send(mirror.encode_pong())
        elif request.kind == "subscribe":
            await self._subscribe(request.said)
        elif request.kind == "unsubscribe":
            self._unsubscribe(request.said)

    async def _let_in(self, api_key: str) -> None:
        if self._premises.keys.get(api_key) is not None:
            self._is_known = True
            return
        self._refuse("invalid api key")
        await self.connection.close(_POLICY, "invalid api key")

    def _refuse(self, reason: str, channel: str | None = None) -> None:
        self.connection.refusals += 1
        self._premises.counters.refusals += 1
        self.connection.send(mirror.encode_error(reason, channel))

    async def _subscribe(self, feed: str) -> None:
        reason = self.connection.refusal() or self._fault_of(feed)
        if reason is not None:
            self._refuse(reason, feed)
            return
        if feed in self.connection.streams:
            return
        self.connection.streams.add(feed)
        await self._wake(feed)
        self.feeds[feed] = None

    def _unsubscribe(self, feed: str) -> None:
        self.feeds.pop(feed, None)
        self.connection.streams.discard(feed)
        for symbol in self._needed.pop(feed, ()):
            self._premises.stage.leave("contract", symbol, self._watch)

    def _fault_of(self, feed: str) -> str | None:
        place = channel_and_asset(feed)
        if place is None:
            return f"unknown channel {feed[:60]!r}"
        channel, asset = place
        if channel is SmartMoneyChannel.WHALES and asset not in self._coins:
            return f"unknown asset {asset!r}"
        return None

    async def _wake(self, feed: str) -> None:
        """Let the coins that a channel prices trade while it is subscribed."""
        place = channel_and_asset(feed)
        if place is None or place[0] not in PRICED:
            return
        stage = self._premises.stage
        symbols = tuple(map(contract_of, self._coins[:COINS_TOLD_OF]))
        for number, symbol in enumerate(symbols, 1):
            await stage.caught_up("contract", symbol)
            stage.follow("contract", symbol, self._watch)
            self._needed[feed] = symbols[:number]

    def _watch(self) -> None:
        """Need a symbol to be current, and nothing of each step."""
