"""Everything that the exchange is as WEEX: two markets, each with a public and a private side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.http11 import Request, Response

from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.http_answer import json_answer
from weex_client.sandbox.weex.branch import Branch
from weex_client.sandbox.weex.logins import Credentials, Logins, RefusedLoginError
from weex_client.sandbox.weex.private_rest import PrivateRest
from weex_client.sandbox.weex.private_socket import PrivateSocket
from weex_client.sandbox.weex.public_socket import PublicSocket
from weex_client.sandbox.weex.rest import RestReads
from weex_client.sandbox.weex.switchboard import Switchboard
from weex_client.sandbox.weex.venue_socket import VenueSocket
from weex_client.simulation import SEGMENTS, Market, SymbolMarket, instrument_for
from weex_client.venues.weex.endpoints import PRIVATE_PATH
from weex_client.venues.weex.endpoints import Market as MarketName

__all__ = ["PATHS", "WeexFront"]

_PUBLIC_PATHS: Final[dict[str, MarketName]] = {
    "/contract/v3/ws/public": "contract",
    "/v3/ws/public": "contract",
    "/spot/v3/ws/public": "spot",
}
_PRIVATE_PATHS: Final[dict[str, MarketName]] = {
    "/contract/v3/ws/private": "contract",
    "/v3/ws/private": "contract",
    "/spot/v3/ws/private": "spot",
}
PATHS: Final = frozenset(_PUBLIC_PATHS | _PRIVATE_PATHS)

# What an account begins with, by quote currency; a small fortune each, so that nobody runs short.
_OPENING_BALANCES: Final = {
    "USDT": Decimal(100_000),
    "USDC": Decimal(100_000),
    "USD": Decimal(100_000),
    "BTC": Decimal(2),
    "ETH": Decimal(50),
}
# Of the first symbol's base, so that something can be sold on spot: worth so much of its quote.
_OPENING_BASE_WORTH: Final = Decimal(25_000)


class WeexFront:
    """Answer WEEX clients, over sockets and over HTTP.

    Args:
        market: All symbols.
        step: The step that it is at.
        delisted: Symbols that are accepted and then stay silent.
        house: The account of the house trader, or None for no house trader.
        times_ms: Returns between which times the exchange's clock can be seen to be.

    Attributes:
        boards: The public side of each market.
        branches: The private side of each market.
    """

    def __init__(
        self,
        market: Market,
        step: int,
        delisted: Collection[str],
        house: str | None,
        times_ms: Callable[[], Sequence[tuple[int, int]]],
    ) -> None:
        self.boards = {name: Switchboard(name, market, delisted) for name in SEGMENTS}
        for board in self.boards.values():
            board.step = step
        self.branches = {
            name: Branch(name, market, board, house) for name, board in self.boards.items()
        }
        self._market = market
        self._times_ms = times_ms
        self._logins = Logins()
        self._reads = RestReads(market, self.boards)
        self._private_rest = PrivateRest(self.branches, self._logins, times_ms)

    def open_floor(self, market: SymbolMarket) -> None:
        """Let the accounts into a symbol's market."""
        self.branches[market.instrument.segment].open_floor(market)

    # Accounts.

    def open_account(
        self, credentials: Credentials, balances: Mapping[str, Decimal] | None = None
    ) -> None:
        """Open an account on both markets.

        Args:
            credentials: Who may see it; the key is its name.
            balances: What it begins with on each market; None for plenty.

        Raises:
            ValueError: If there is one of that key, or a part of the credentials is empty.
            InvalidOrderError: If a balance is not positive.
        """
        self._logins.add(credentials)
        for name, branch in self.branches.items():
            chosen = self._plenty(name) if balances is None else balances
            branch.open_account(credentials.api_key, chosen, branch.now_ns)

    def credentials(self, account: str) -> Credentials:
        """Return what an account's owner signs with.

        Raises:
            KeyError: If there is no such account.
        """
        return self._logins[account]

    def _plenty(self, name: MarketName) -> dict[str, Decimal]:
        instruments = [instrument_for(symbol, name) for symbol in self._market.symbols]
        quotes = dict.fromkeys(each.quote for each in instruments)
        balances = {quote: _OPENING_BALANCES[quote] for quote in quotes}
        if name == "spot" and instruments:
            first = instruments[0]
            size = (_OPENING_BASE_WORTH / first.opening_price).quantize(first.size_step)
            # A coin dearer than that is given whole.
            balances[first.base] = balances.get(first.base, Decimal(0)) + (size or Decimal(1))
        return balances

    # Sockets and HTTP.

    async def answer(self, socket: FaultySocket, request: Request) -> Response | None:
        """Answer a request; None lets the socket open."""
        path = urlsplit(request.path).path
        headers = {name.upper(): value for name, value in request.headers.raw_items()}
        if path in _PUBLIC_PATHS:
            return None
        if path in _PRIVATE_PATHS:
            try:
                socket.account = self._logins.account(headers, PRIVATE_PATH, self._times_ms())
            except RefusedLoginError as refused:
                return json_answer(refused.status, refused.body)
            return None
        answer = await self._private_rest.answer(
            request.method, request.path, headers, socket.request_body
        )
        if answer is None and request.method == "GET":
            answer = await self._reads.answer(request.path)
        if answer is None:
            body = {"code": -1150, "msg": f"Request method '{request.method}' not supported"}
            answer = json_answer(405, body)
        return answer

    def serve(
        self, connection: Connection, account: str | None, counters: Counters, time_ns: int
    ) -> VenueSocket[Any]:
        """Return what serves a socket that has opened."""
        if account is None:
            board = self.boards[_PUBLIC_PATHS[connection.path]]
            return PublicSocket(connection, board, counters, time_ns)
        branch = self.branches[_PRIVATE_PATHS[connection.path]]
        return PrivateSocket(connection, branch, account, counters, time_ns)
