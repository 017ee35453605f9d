"""Everything that the exchange is as KuCoin: token endpoints, one socket path, reads over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakSet

from pydantic import SecretStr
from websockets.http11 import Request, Response

from weex_client.protocol import Channel, Scope
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.front import BookSides, Front
from weex_client.sandbox.http_answer import json_answer
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.kucoin.account_record import HOUSE_STOP_NS, AccountRecord, Clerk
from weex_client.sandbox.kucoin.logins import RefusedError, signed_account
from weex_client.sandbox.kucoin.rest import BOOK_PATH, AccountRest, MarketRest, parsed
from weex_client.sandbox.kucoin.socket import KucoinSocket, Pace
from weex_client.sandbox.kucoin.switchboard import Switchboard
from weex_client.sandbox.kucoin.tokens import Tokens
from weex_client.sandbox.premises import Premises
from weex_client.simulation import instrument_for
from weex_client.venues.kucoin import KucoinChannel, KucoinConfig
from weex_client.venues.kucoin.channels import STOP_ORDERS
from weex_client.venues.kucoin.endpoints import BULLETS
from weex_client.venues.kucoin.mirror import encode_bullet

__all__ = ["KucoinFront"]

_SOCKET: Final = "/kucoin"
_PUBLIC_BULLET: Final = BULLETS[Scope.PUBLIC]
_PRIVATE_BULLET: Final = BULLETS[Scope.PRIVATE]
# Where only KuCoin has anything; of the third version it has what WEEX has not.
_ROOTS: Final = ("/api/v1/", "/api/v2/", "/api/v3/margin/", "/api/v3/hf/")
_OTHERS: Final = frozenset({BOOK_PATH, "/api/v3/currencies"})


class KucoinFront(Front):
    """Answer KuCoin clients, over sockets and over HTTP; spot only.

    Attributes:
        board: Who listens to which topic.
        records: What is told of each account, by key.
        pace: How often clients must ping.
        tokens: What sockets open with.
    """

    channels: ClassVar = (
        *(channel for channel in Channel if channel is not Channel.POSITIONS),
        *KucoinChannel,
    )

    def __init__(self, premises: Premises) -> None:
        branch = premises.branches["spot"]
        self.board = Switchboard(premises.stage)
        self.records: dict[str, AccountRecord] = {}
        self.pace = Pace()
        self.tokens = Tokens()
        branch.witnesses.append(Clerk(branch, self.records))
        self._premises = premises
        self._branch = branch
        self._market_rest = MarketRest(self.board)
        self._account_rest = AccountRest(self.board, branch, self.records)
        self._house_stop = 0
        self._sockets: WeakSet[KucoinSocket] = WeakSet()

    @property
    def symbols(self) -> Sequence[str]:
        """Return what is listed, as KuCoin spells it."""
        return tuple(self.board.symbols)

    def tick(self, time_ns: int) -> None:
        """Move the house trader's stop order, if somebody listens."""
        house = self._premises.house
        moved = time_ns // HOUSE_STOP_NS
        if house is None or moved == self._house_stop or not self.board.symbols:
            return
        self._house_stop = moved
        record = self.records[house]
        if record.listeners[STOP_ORDERS]:
            symbol, name = next(iter(self.board.symbols.items()))
            price = instrument_for(name, "spot").opening_price / 2
            record.tell_house_stop(symbol, price, time_ns)

    def addresses(self) -> object:
        """Return where tokens are asked for."""
        return self._premises.http_url

    def config(self, credentials: Credentials, **options: Any) -> KucoinConfig:
        """Return a client's settings."""
        return KucoinConfig(
            rest_url=self._premises.http_url,
            api_key=SecretStr(credentials.api_key),
            secret_key=SecretStr(credentials.secret_key),
            passphrase=SecretStr(credentials.passphrase),
            **options,
        )

    def has_socket(self, path: str) -> bool:
        """Say whether a path is the socket's."""
        return path == _SOCKET

    def has_resource(self, path: str) -> bool:
        """Say whether an HTTP path is KuCoin's."""
        return path.startswith(_ROOTS) or path in _OTHERS

    def expire_tokens(self) -> None:
        """Let every token end: open sockets are told so and closed, as at the end of a day."""
        self.tokens.expire()
        for socket in tuple(self._sockets):
            socket.expire()

    async def answer(self, socket: FaultySocket, request: Request) -> Response | None:
        """Answer a request; None lets the socket open."""
        parts = urlsplit(request.path)
        if parts.path == _SOCKET:
            return None
        headers = {name.upper(): value for name, value in request.headers.raw_items()}
        try:
            content = await self._content(request, headers, socket.request_body)
        except RefusedError as refused:
            return json_answer(refused.status, refused.body)
        return json_answer(200, {"code": "200000", "data": content})

    async def _content(self, request: Request, headers: Mapping[str, str], body: bytes) -> object:
        method, parts = request.method, urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        if (method, parts.path) == ("POST", _PUBLIC_BULLET):
            return self._bullet(None)
        read = self._market_rest.reads.get(parts.path)
        if method == "GET" and read is not None:
            return await read(query)
        # All that is left is signed. Bytes that are no text cannot be signed rightly.
        signed = f"{method}{request.path}{body.decode(errors='replace')}"
        times_ms = self._premises.times_ms()
        account = signed_account(self._premises.keys, headers, signed, times_ms)
        if (method, parts.path) == ("POST", _PRIVATE_BULLET):
            return self._bullet(account)
        if (method, parts.path) == ("GET", BOOK_PATH):
            return await self._market_rest.book(query)
        fields = parsed(body) if body else query
        return await self._account_rest.answer(method, parts.path, account, fields)

    def _bullet(self, account: str | None) -> object:
        token = self.tokens.issue(account, self._premises.now_ns)
        pace = self.pace
        answer: Any = encode_bullet(
            token,
            f"{self._premises.ws_url}{_SOCKET}",
            round(pace.ping_interval_seconds * 1000),
            round(pace.ping_timeout_seconds * 1000),
        )
        return answer["data"]

    def serve(self, connection: Connection, socket: FaultySocket) -> KucoinSocket:
        """Return what serves a socket that has opened."""
        target = socket.request.path if socket.request else ""
        query = dict(parse_qsl(urlsplit(target).query))
        account, ends_ns = None, None
        try:
            account, ends_ns = self.tokens.holder(query.get("token", ""), self._premises.now_ns)
        except KeyError:
            ends_ns = None  # it is told so, and turned away
        socket.account = account
        served = KucoinSocket(
            connection,
            self.board,
            self._branch,
            None if account is None else self.records[account],
            self._premises.counters,
            welcome_id=query.get("connectId", ""),
            ends_ns=ends_ns,
            pace=self.pace,
        )
        self._sockets.add(served)
        return served

    def true_book(self, market: str, symbol: str, level: int, sequence: int) -> BookSides:
        """Return bids and asks, best first, as changes had made them at a sequence."""
        if market != "spot":
            raise LookupError(f"there is no market {market!r}")
        bids, asks = self.board.true_book(symbol, sequence)
        return bids[:level], asks[:level]
