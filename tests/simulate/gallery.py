"""A listener inside the exchange, whom no fault reaches: what a venue said, heard or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request

from weex_client.protocol import Feed, Scope, Subscribe, Venue
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.connection import Connection, Counters
from weex_client.sandbox.front import Front
from weex_client.sandbox.interference import Interference
from weex_client.sandbox.outgoing import OutgoingFrame


class Seat(Connection):
    """A line that cannot break: what is sent over it is remembered.

    Attributes:
        heard: Frames of data in their order.
        said: Everything else, such as refusals.
    """

    def __init__(self, exchange: SandboxExchange, socket: Any) -> None:
        super().__init__(0, socket, exchange.time_ns, Counters(), exchange.faults.interference)
        self.heard: list[OutgoingFrame] = []
        self.said: list[str] = []

    def send(self, frame: OutgoingFrame | str) -> None:
        if isinstance(frame, OutgoingFrame) and frame.stream:
            self.heard.append(frame)
        else:
            self.said.append(frame if isinstance(frame, str) else frame.text)

    def refusal(self) -> str | None:
        return None

    def begin_close(self, code: int, reason: str = "") -> None:
        """Stay."""


class Overheard(Interference):
    """What stands between an exchange and its sockets, with somebody who listens there.

    Attributes:
        frames: What was sent to anybody, before anything was done to it.
    """

    def __init__(self, interference: Interference) -> None:
        # One state: who arms faults knows of the other only.
        self.__dict__ = interference.__dict__
        self.frames: dict[int, OutgoingFrame] = {}

    def treat(self, frame: OutgoingFrame, connection: Connection) -> Sequence[str | bytes]:
        """Let a frame pass as ever."""
        if frame.stream:
            self.frames[id(frame)] = frame
        return super().treat(frame, connection)


class Chair:
    """What a front looks at in a socket: the request that opened it, and what comes over it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.request_body = b""
        self.account: str | None = None
        self.words: asyncio.Queue[str] = asyncio.Queue()

    def __aiter__(self) -> Chair:
        return self

    async def __anext__(self) -> str:
        return await self.words.get()


class Gallery:
    """Hear all of a venue's streams, from the begin of a run to its end.

    Only the venue's registration is needed: its own codec asks, and its front answers.
    """

    def __init__(self, exchange: SandboxExchange, front: Front, venue: Venue) -> None:
        self._exchange = exchange
        self._front = front
        self._venue = venue
        self._tasks: list[asyncio.Task[None]] = []
        self.seats: dict[Scope, Seat] = {}
        self._overheard = Overheard(exchange.faults.interference)
        # Whoever connects from now on is listened to.
        exchange.faults.interference = self._overheard

    async def listen(self, scope: Scope, feeds: Sequence[Feed]) -> None:
        """Subscribe feeds, and return once the venue serves them."""
        venue, now_ns = self._venue, self._exchange.time_ns
        asked = venue.ticket_request(scope, now_ns)
        ticket = None if asked is None else await self.answered(asked)
        dial = venue.dial(scope, now_ns, ticket)
        chair = Chair(_request("GET", dial.url, dial.headers))
        if venue.ticket_request(scope, now_ns) is None:
            await self._front.answer(_as_any(chair), chair.request)
        seat = self.seats[scope] = Seat(self._exchange, chair)
        guest = self._front.serve(seat, _as_any(chair))
        self._tasks.append(asyncio.create_task(guest.serve(_as_any(chair), "gallery")))
        for text in dial.opening:
            chair.words.put_nowait(text)
        carried = tuple(dict.fromkeys(map(venue.carrier, feeds)))
        for number, batch in enumerate(venue.batches(carried), 1):
            chair.words.put_nowait(venue.encode(Subscribe(batch), number, now_ns))
        await asyncio.sleep(1.0)  # simulated; whoever is served speaks of it or is silent

    async def answered(self, asked: HttpRequest) -> HttpResponse:
        """Return what the venue answers to a request."""
        request = _request(asked.method, asked.url, asked.headers)
        answer = await self._front.answer(_as_any(Chair(request)), request)
        if answer is None:
            raise ValueError(f"{asked.url} is not answered")
        return HttpResponse(answer.status_code, answer.body or b"")

    def frames(self, scope: Scope, feed: Feed) -> list[bytes]:
        """Return the frames of a feed as the venue meant them."""
        name = self._venue.carrier(feed)
        return [
            frame.text.encode()
            for frame in self.seats[scope].heard
            # What is asked for as a whole may come by symbol.
            if frame.stream == name or frame.stream.startswith(f"{name}:")
        ]

    def greetings(self, scope: Scope, feed: Feed) -> list[bytes]:
        """Return the frames of a feed that were for one client only, as subscriptions begin."""
        name, common = self._venue.carrier(feed), set(map(id, self.seats[scope].heard))
        return [
            frame.text.encode()
            for number, frame in self._overheard.frames.items()
            if frame.stream == name and number not in common
        ]

    async def leave(self) -> None:
        """Give up the seats."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _request(method: str, url: str, headers: Any) -> Request:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request(path, Headers(headers), method)


def _as_any(chair: Chair) -> Any:
    return chair
