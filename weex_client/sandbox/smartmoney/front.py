"""Everything that the exchange is as Smart Money: one socket, a key, eight channels of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.front import Front
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.smartmoney.events import COINS_TOLD_OF, MOMENT_NS, Newsroom, coins_of
from weex_client.sandbox.smartmoney.socket import SmartMoneySocket
from weex_client.venues.smartmoney import SmartMoneyChannel, SmartMoneyConfig
from weex_client.venues.smartmoney.channels import channel_and_asset
from weex_client.venues.smartmoney.mirror import encode_event

__all__ = ["SmartMoneyFront"]

_PATH: Final = "/smartmoney"


class SmartMoneyFront(Front):
    """Answer Smart Money clients.

    The vendor's samples do not agree on where an event's fields stand; ``?envelope=payload``
    behind the address chooses the other spelling.
    """

    channels: ClassVar = tuple(SmartMoneyChannel)

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._newsroom = Newsroom(premises.market)
        self._coins = coins_of(premises.market)
        self._guests: dict[SmartMoneySocket, bool] = {}

    @property
    def symbols(self) -> Sequence[str]:
        """Return the coins that have whales."""
        return self._coins

    def addresses(self) -> object:
        """Return the one address."""
        return f"{self._premises.ws_url}{_PATH}"

    def config(self, credentials: Credentials, **options: Any) -> SmartMoneyConfig:
        """Return a client's settings; ``envelope="payload"`` chooses the other spelling."""
        envelope = options.pop("envelope", None)
        query = "" if envelope is None else f"?envelope={envelope}"
        return SmartMoneyConfig(
            public_url=f"{self._premises.ws_url}{_PATH}{query}",
            api_key=SecretStr(credentials.api_key),
            **options,
        )

    def has_socket(self, path: str) -> bool:
        """Say whether a path is the socket."""
        return path == _PATH

    def serve(self, connection: Connection, socket: FaultySocket) -> SmartMoneySocket:
        """Return what serves a socket that has opened."""
        query = parse_qs(urlsplit(socket.request.path).query) if socket.request else {}
        guest = SmartMoneySocket(connection, self._premises, self._coins, self._leave)
        self._guests[guest] = query.get("envelope") == ["payload"]
        return guest

    def _leave(self, guest: SmartMoneySocket) -> None:
        del self._guests[guest]

    def tick(self, time_ns: int) -> None:
        """Tell the news of each moment to whoever listens."""
        if time_ns % MOMENT_NS or not self._guests:
            return
        wanted = dict.fromkeys(feed for guest in self._guests for feed in guest.feeds)
        for feed in sorted(wanted):
            place = channel_and_asset(feed)
            coins = self._coins[:COINS_TOLD_OF]
            if place is None or not coins:
                continue
            channel, asset = place
            for news in self._newsroom.moment(channel, asset, coins, time_ns):
                # All who listen in one spelling get one frame, so that a fault hits it for all.
                frames = {
                    is_enveloped: OutgoingFrame(
                        encode_event(news.kind, feed, news.body, is_enveloped=is_enveloped),
                        feed,
                        channel,
                        news.symbol,
                    )
                    for is_enveloped in (False, True)
                }
                for guest, is_enveloped in tuple(self._guests.items()):
                    if feed in guest.feeds:
                        guest.connection.send(frames[is_enveloped])
