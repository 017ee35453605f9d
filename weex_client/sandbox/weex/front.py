"""Everything that the exchange is as WEEX: two markets, each with a public and a private side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from websockets.http11 import Request, Response

from weex_client.protocol import Channel
from weex_client.sandbox.branch import Branch, Deposit
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.front import BookSides, Front
from weex_client.sandbox.http_answer import json_answer
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.weex.account_record import DEPOSIT_UPDATE, ORDER_UPDATE, AccountRecord
from weex_client.sandbox.weex.logins import Logins, RefusedLoginError
from weex_client.sandbox.weex.private_rest import PrivateRest
from weex_client.sandbox.weex.private_socket import PrivateSocket
from weex_client.sandbox.weex.public_socket import PublicSocket
from weex_client.sandbox.weex.rest import RestReads
from weex_client.sandbox.weex.switchboard import Switchboard
from weex_client.sandbox.weex.venue_socket import VenueSocket
from weex_client.simulation.account_events import AccountEvent
from weex_client.simulation.desk import Desk
from weex_client.venues.weex import WeexConfig
from weex_client.venues.weex.endpoints import PRIVATE_PATH
from weex_client.venues.weex.endpoints import Market as MarketName

__all__ = ["WeexFront"]

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
_SOCKETS: Final = frozenset(_PUBLIC_PATHS | _PRIVATE_PATHS)


class WeexFront(Front):
    """Answer WEEX clients, over sockets and over HTTP.

    Attributes:
        boards: The public side of each market.
        records: What is told of each account, by market and key.
    """

    channels: ClassVar = tuple(Channel)

    def __init__(self, premises: Premises) -> None:
        self.boards = {
            name: Switchboard(name, premises.stage, premises.delisted) for name in premises.branches
        }
        self.records: dict[MarketName, dict[str, AccountRecord]] = {}
        for name, branch in premises.branches.items():
            self.records[name] = {}
            branch.witnesses.append(_Clerk(branch, self.records[name]))
        self._premises = premises
        self._logins = Logins(premises.keys)
        self._reads = RestReads(premises.market, self.boards)
        self._private_rest = PrivateRest(
            premises.branches, self.records, self._logins, premises.times_ms
        )

    @property
    def symbols(self) -> Sequence[str]:
        """Return what both markets list."""
        return self._premises.market.symbols

    def addresses(self) -> object:
        """Return the addresses of both markets."""
        return {
            name: {side: self._socket_url(name, side) for side in ("public", "private")}
            for name in self.boards
        }

    def config(self, credentials: Credentials, **options: Any) -> WeexConfig:
        """Return a client's settings; ``market`` is ``contract`` where it is not said."""
        market = options.pop("market", "contract")
        return WeexConfig(
            market=market,
            public_url=self._socket_url(market, "public"),
            private_url=self._socket_url(market, "private"),
            rest_url=self._premises.http_url,
            api_key=SecretStr(credentials.api_key),
            secret_key=SecretStr(credentials.secret_key),
            passphrase=SecretStr(credentials.passphrase),
            **options,
        )

    def _socket_url(self, market: MarketName, side: str) -> str:
        return f"{self._premises.ws_url}/{market}/v3/ws/{side}"

    def has_socket(self, path: str) -> bool:
        """Say whether a path is one of the four sockets, however it is spelled."""
        return path in _SOCKETS

    def has_resource(self, path: str) -> bool:
        """Say yes to all else: what the venue does not have it answers as the venue would."""
        return not self.has_socket(path)

    async def answer(self, socket: FaultySocket, request: Request) -> Response | None:
        """Answer a request; None lets the socket open."""
        path = urlsplit(request.path).path
        headers = {name.upper(): value for name, value in request.headers.raw_items()}
        if path in _PUBLIC_PATHS:
            return None
        if path in _PRIVATE_PATHS:
            times_ms = self._premises.times_ms()
            try:
                socket.account = self._logins.account(headers, PRIVATE_PATH, times_ms)
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

    def serve(self, connection: Connection, socket: FaultySocket) -> VenueSocket[Any]:
        """Return what serves a socket that has opened."""
        counters, now_ns = self._premises.counters, self._premises.now_ns
        if socket.account is None:
            board = self.boards[_PUBLIC_PATHS[connection.path]]
            return PublicSocket(connection, board, counters, now_ns)
        market = _PRIVATE_PATHS[connection.path]
        branch, record = self._premises.branches[market], self.records[market][socket.account]
        return PrivateSocket(connection, branch, record, counters, now_ns)

    def true_book(self, market: str, symbol: str, level: int, sequence: int) -> BookSides:
        """Return bids and asks, best first, as a stream of 15 or 200 levels showed them."""
        for name, board in self.boards.items():
            if name == market:
                return board.true_book(symbol, level, sequence)
        raise LookupError(f"there is no market {market!r}")


class _Clerk:
    """Write down what happens to the accounts of one market."""

    def __init__(self, branch: Branch, records: dict[str, AccountRecord]) -> None:
        self._branch = branch
        self._records = records

    def opened(self, account: str, desk: Desk, balances: Mapping[str, Decimal]) -> None:
        """Begin a record."""
        branch = self._branch
        record = AccountRecord(branch.name, desk, branch.rules, branch.now_ns)
        self._records[account] = record
        for currency, amount in balances.items():
            record.note_deposit(currency, amount)

    def happened(
        self, account: str, events: Sequence[AccountEvent], deposit: Deposit | None
    ) -> None:
        """Tell whoever listens to the account."""
        record = self._records[account]
        if deposit is not None:
            record.note_deposit(*deposit)
        record.tell(events, ORDER_UPDATE if deposit is None else DEPOSIT_UPDATE)
