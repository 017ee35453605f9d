"""Everything that the exchange is as Coinbase Exchange: one socket, and HTTP below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from pydantic import SecretStr
from websockets.http11 import Request, Response

from weex_client.protocol import Channel
from weex_client.sandbox.coinbase.floor import Floor
from weex_client.sandbox.coinbase.logins import Logins, encoded_secret
from weex_client.sandbox.coinbase.rest import Rest
from weex_client.sandbox.coinbase.socket import CoinbaseSocket
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.front import BookSides, Front
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.premises import Premises
from weex_client.venues.coinbase import CoinbaseChannel, CoinbaseConfig

__all__ = ["CoinbaseFront"]

_PATH: Final = "/coinbase"


class CoinbaseFront(Front):
    """Answer clients of Coinbase Exchange, over sockets and over HTTP."""

    channels: ClassVar = (
        *(Channel.TICKER, Channel.TRADES, Channel.BOOK),
        *(each for each in CoinbaseChannel if each is not CoinbaseChannel.BOOK3),
    )

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._floor = Floor(premises)
        self._logins = Logins(premises.keys, premises.times_ms)
        self._rest = Rest(self._floor, self._logins)

    @property
    def symbols(self) -> Sequence[str]:
        """Return the products that are listed and speak."""
        return [self._floor.name(symbol) for symbol in self._premises.market.symbols]

    def addresses(self) -> object:
        """Return the socket's address."""
        return f"{self._premises.ws_url}{_PATH}"

    def config(self, credentials: Credentials, **options: Any) -> CoinbaseConfig:
        """Return a client's settings; the secret is in base64, as this venue shows it."""
        url = f"{self._premises.ws_url}{_PATH}"
        return CoinbaseConfig(
            public_url=url,
            private_url=url,
            rest_url=f"{self._premises.http_url}{_PATH}",
            api_key=SecretStr(credentials.api_key),
            secret_key=SecretStr(encoded_secret(credentials)),
            passphrase=SecretStr(credentials.passphrase),
            **options,
        )

    def has_socket(self, path: str) -> bool:
        """Say whether a path is the socket."""
        return path in (_PATH, f"{_PATH}/")

    def has_resource(self, path: str) -> bool:
        """Say whether a path is below the socket's."""
        return path.startswith(f"{_PATH}/")

    async def answer(self, socket: FaultySocket, request: Request) -> Response | None:
        """Answer a request; None lets the socket open."""
        path = request.path.partition("?")[0]
        if self.has_socket(path):
            return None
        headers = {name.upper(): value for name, value in request.headers.raw_items()}
        target = request.path.removeprefix(_PATH)
        return await self._rest.answer(request.method, target, headers, socket.request_body)

    def serve(self, connection: Connection, socket: FaultySocket) -> CoinbaseSocket:  # noqa: ARG002
        """Return what serves a socket that has opened."""
        return CoinbaseSocket(connection, self._floor, self._logins, self._premises.counters)

    def tick(self, time_ns: int) -> None:
        """Let every product's heart beat."""
        self._floor.tick(time_ns)

    def true_book(self, market: str, symbol: str, level: int, sequence: int) -> BookSides:
        """Return bids and asks as a frame of the channels of books showed them.

        Args:
            market: ``spot``.
            symbol: The product.
            level: How many levels.
            sequence: The frame's time in microseconds: the venue does not count them.

        Raises:
            LookupError: If there was no such frame, or it is forgotten.
        """
        board = self._floor.boards.get(symbol)
        if market != "spot" or board is None:
            raise LookupError(f"nobody has looked at {market} {symbol}")
        bids, asks = board.true_book(sequence)
        return bids[:level], asks[:level]
