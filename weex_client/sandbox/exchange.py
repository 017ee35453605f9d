"""The embedded exchange: one port, its sockets, its clock and the task that moves its market."""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from weex_client.sandbox.account_actions import AccountActions
from weex_client.sandbox.chaos import Chaos
from weex_client.sandbox.client_configs import ClientConfigs
from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.faults import Faults
from weex_client.sandbox.faulty_socket import CLOSE_TIMEOUT_SECONDS, FaultySocket
from weex_client.sandbox.front import BookSides, Front, Guest
from weex_client.sandbox.fronts import FRONTS
from weex_client.sandbox.keys import SANDBOX_ACCOUNT
from weex_client.sandbox.market_clock import MarketClock
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.sabotage import Sabotage
from weex_client.simulation import DEFAULT_SYMBOLS
from weex_client.simulation.draws import seeded

_log = logging.getLogger(__name__)

# Whose market it is where nobody says.
_FIRST_VENUE: Final = next(iter(FRONTS))

# How long one turn may keep the loop from the sockets.
_TURN_SECONDS = 0.005

# Longer than any client waits for a handshake that a fault holds back.
_OPEN_TIMEOUT_SECONDS = 120.0


class SandboxExchange(AccountActions, ClientConfigs):
    """Run a seeded exchange on a real port.

    Args:
        seed: Decides the market: the same seed is the same market.
        host: Where to listen.
        port: Which port; 0 for a free one.
        speed: Simulated seconds a real second: market, pings and cuts all run on it.
        symbols: What is listed; None for twenty well-known ones.
        delisted: Symbols that are accepted and then stay silent.
        start_time_ns: The simulated time of the start; None for now. Candle boundaries and
            timestamps depend on it, prices and sizes only on seed and step.
        chaos: What goes wrong by itself: a plan, or the seed of one. None for nothing.
        house_trader: True to let somebody trade the first symbol of each market on the account
            ``sandbox-key``, so that its streams have something to say. What this trader does
            depends on seed and step; once an order is placed by anybody else, the market moves
            on from there.

    Attributes:
        faults: What goes wrong when it is told to, and the log of everything that did.
        counters: What happened since it opened.
    """

    def __init__(
        self,
        seed: int = 7,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        symbols: Iterable[str] | None = None,
        *,
        delisted: Iterable[str] = ("DEADUSDT",),
        start_time_ns: int | None = None,
        chaos: Chaos | int | None = None,
        house_trader: bool = True,
    ) -> None:
        if not 0 < speed < math.inf:
            raise ValueError(f"speed must be positive, not {speed}")
        self.seed = seed
        self.house_trader = house_trader
        self.speed = speed
        self.symbols = DEFAULT_SYMBOLS if symbols is None else tuple(s.upper() for s in symbols)
        self.counters = Counters()
        channels = {channel for front in FRONTS.values() for channel in front.channels}
        self.faults = Faults(lambda: self.connections, channels)
        self.chaos = Chaos(chaos) if isinstance(chaos, int) else chaos
        self._host = host
        self._authority_host = f"[{host}]" if ":" in host else host
        self._port = port
        self._delisted = tuple(delisted)
        self._start_time_ns = start_time_ns
        self._guests: dict[ServerConnection, Guest] = {}
        self._dialling: WeakSet[FaultySocket] = WeakSet()
        self._sabotage: Sabotage | None = None
        self._ids = seeded(f"{seed}/connections")
        self._server: Server | None = None
        self._heart: asyncio.Task[None] | None = None
        self._turn_ends = 0.0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen, and let the market run.

        Raises:
            OSError: If the port is taken.
            RuntimeError: If the exchange is already open.
        """
        if self._server is not None:
            raise RuntimeError("the exchange is already open")
        start_ns = time.time_ns() if self._start_time_ns is None else self._start_time_ns
        self._opened = (start_ns, asyncio.get_running_loop().time())
        self._premises = Premises(
            seed=self.seed,
            start_ns=start_ns,
            symbols=self.symbols,
            delisted=self._delisted,
            house=SANDBOX_ACCOUNT.api_key if self.house_trader else None,
            counters=self.counters,
            authority=lambda: self._authority,
            times_ms=self._visible_times_ms,
        )
        self._stage = self._premises.stage
        self._fronts = self._make_fronts(self._premises)
        self._premises.open_account(SANDBOX_ACCOUNT)
        self.faults.tick(self.time_ns)
        if self.chaos is not None:
            self._sabotage = Sabotage(
                self.chaos, self.faults, lambda: self.connections, self.time_ns
            )
        self._server = await serve(
            self._serve,
            self._host,
            self._port,
            process_request=self._answer_http,
            # The venue sends no WebSocket pings; liveness is its own ping frame.
            ping_interval=None,
            open_timeout=_OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            # Its type says class; its documentation, and what it does, factory.
            create_connection=cast("type[ServerConnection]", self._new_socket),
            server_header=None,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        clock = MarketClock(start_ns, self.speed, asyncio.get_running_loop().time())
        self._heart = asyncio.create_task(self._run_market(clock), name="sandbox-market")

    def _make_fronts(self, premises: Premises) -> Mapping[str, Front]:
        """Return the venues that the exchange is."""
        return {name: front(premises) for name, front in FRONTS.items()}

    async def close(self) -> None:
        """Stop the market, close every socket and the port; harmless when already closed."""
        server, heart = self._server, self._heart
        self._server = self._heart = None
        if heart is not None:
            heart.cancel()
            await asyncio.wait([heart])
        self.calm()
        if server is not None:
            # A peer that opened a line and said nothing would hold the end up.
            for socket in self._dials():
                socket.transport.abort()
            server.close()
            await server.wait_closed()

    def calm(self) -> None:
        """Let no more chaos begin, and end every fault under way."""
        if self._sabotage is not None:
            self._sabotage.stop()
        self.faults.heal()

    @property
    def ws_url(self) -> str:
        """Return the root of the WebSocket addresses."""
        return f"ws://{self._authority}"

    @property
    def http_url(self) -> str:
        """Return the root of the HTTP addresses."""
        return f"http://{self._authority}"

    @property
    def _authority(self) -> str:
        return f"{self._authority_host}:{self._port}"

    def addresses(self) -> dict[str, object]:
        """Return where everything is, as the command line prints it, once it is open."""
        venues = {name: front.addresses() for name, front in self._fronts.items()}
        return {"ws": self.ws_url, "http": self.http_url, **venues}

    def front(self, venue: str) -> Front:
        """Return what an open exchange is as a venue.

        Raises:
            KeyError: If it is no such venue.
        """
        return self._fronts[venue]

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Return the open sockets, oldest first."""
        return tuple(guest.connection for guest in self._guests.values())

    @property
    def has_dials(self) -> bool:
        """Say whether somebody has opened a line whose handshake is not over."""
        return bool(self._dials())

    def _dials(self) -> list[FaultySocket]:
        return [socket for socket in self._dialling if socket.is_dialling]

    @property
    def time_ns(self) -> int:
        """Return the simulated time."""
        return self._stage.now_ns

    def true_book(
        self,
        market: str,
        symbol: str,
        level: int,
        sequence: int,
        *,
        venue: str = _FIRST_VENUE,
    ) -> BookSides:
        """Return bids and asks, best first, as a book stream showed them at a sequence.

        Args:
            market: ``contract`` or ``spot``.
            symbol: As the venue spells it, upper case.
            level: Which of the venue's streams, 15 or 200 on WEEX.
            sequence: The one a frame of that stream ended at.
            venue: By the name under which it is registered.

        Raises:
            LookupError: If no such frame was built, or it is forgotten (the newest 2,000 of a
                stream are kept, fewer when more than a hundred streams are in use).
        """
        return self._fronts[venue].true_book(market, symbol, level, sequence)

    async def _serve(self, socket: ServerConnection) -> None:
        assert isinstance(socket, FaultySocket)  # noqa: S101 - the server makes no other
        self.counters.connections += 1
        connection = Connection(
            self.counters.connections,
            socket,
            self.time_ns,
            self.counters,
            self.faults.interference,
        )
        guest = self._front_of(connection.path).serve(connection, socket)
        self._guests[socket] = guest
        try:
            await guest.serve(socket, str(uuid.UUID(int=self._ids.getrandbits(128))))
        finally:
            del self._guests[socket]
            self.faults.leave(connection)

    def _new_socket(self, *args: Any, **kwargs: Any) -> FaultySocket:
        socket = FaultySocket(*args, **kwargs)
        self._dialling.add(socket)
        return socket

    async def _answer_http(self, socket: ServerConnection, request: Request) -> Response | None:
        assert isinstance(socket, FaultySocket)  # noqa: S101 - the server makes no other
        path = urlsplit(request.path).path
        front = self._front_of(path)
        if front.has_socket(path):
            refused = await self.faults.dials.meet(self.time_ns)
            if refused is not None:
                return refused
        return await front.answer(socket, request)

    def _front_of(self, path: str) -> Front:
        """Return whose a path is; the last registered is asked first (see `fronts`)."""
        fronts = tuple(self._fronts.values())
        for front in fronts:
            if front.has_socket(path):
                return front
        return next((each for each in reversed(fronts) if each.has_resource(path)), fronts[0])

    def _visible_times_ms(self) -> Sequence[tuple[int, int]]:
        """Return between which times a client can believe the exchange's clock to be.

        By the real one, which the ``Date`` of answers tells; or by the simulated one, as any
        greeting since the start told it, counted on at the pace of the client's own clock.
        """
        start_ns, opened = self._opened
        counted_ns = start_ns + round((asyncio.get_running_loop().time() - opened) * 1e9)
        real_ms = time.time_ns() // 1_000_000
        first, last = sorted((counted_ns // 1_000_000, self.time_ns // 1_000_000))
        return ((real_ms, real_ms), (first, last))

    async def _run_market(self, clock: MarketClock) -> None:
        try:
            await self._beat(clock)
        except Exception:  # noqa: BLE001 - the top of a task
            # Without its market the exchange would only look alive.
            _log.exception("the sandbox market stopped")
            await self.faults.close(1011, "market stopped")

    async def _beat(self, clock: MarketClock) -> None:
        """Move the market to every step that is due, one after the other."""
        loop = asyncio.get_running_loop()
        while True:
            self._turn_ends = loop.time() + _TURN_SECONDS
            stage = self._stage
            due = stage.market.step_at(clock.time_ns(loop.time()))
            while stage.step < due and not stage.is_waiting:
                stage.step += 1
                await self._make_step()
            clock.hold_back(loop.time(), self.time_ns)
            next_step_ns = stage.market.time_at(stage.step + 1)
            await asyncio.sleep(clock.pause_seconds(loop.time(), next_step_ns))

    async def _make_step(self) -> None:
        for segment, symbol in self._stage.active:
            self._stage.advance(segment, symbol)
            await self._give_way()
        now_ns = self.time_ns
        if self._sabotage is not None:
            self._sabotage.tick(now_ns)
        self.faults.tick(now_ns)
        for front in self._fronts.values():
            front.tick(now_ns)
        for guest in tuple(self._guests.values()):
            guest.tick(now_ns)
        await self._give_way()

    async def _give_way(self) -> None:
        """Let the sockets work when the market had the loop for long enough."""
        loop = asyncio.get_running_loop()
        if loop.time() > self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = loop.time() + _TURN_SECONDS
