"""Venues that want a ticket, an opening frame or a question, on lines in memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.streaming.fake_venue import FakeVenue, change, snapshot
from tests.streaming.memory_line import MemoryConnector, MemoryTransport, read, turns, until
from weex_client.client import StreamClient
from weex_client.clock import ManualClock
from weex_client.config import StreamConfig
from weex_client.errors import AuthenticationError, ConnectError, VenueError
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.budget import Budgets


class Exchange(MemoryConnector):
    """Lines in memory, and answers that a test has laid out; the last one stays."""

    def __init__(self, clock: ManualClock, *answers: HttpResponse | Exception) -> None:
        super().__init__(clock)
        self.acknowledges = False
        self.answers = list(answers)
        self.asked: list[str] = []

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        self.asked.append(request.url.rpartition("1:1")[2])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def opened(
    *answers: HttpResponse | Exception, **does: Any
) -> AsyncIterator[tuple[StreamClient, Exchange]]:
    clock = ManualClock()
    exchange = Exchange(clock, *answers)
    settings = StreamConfig(_env_file=None, public_url="ws://127.0.0.1:1")
    does.setdefault("acknowledges", False)
    client = StreamClient(
        FakeVenue(**does), settings, connector=exchange, clock=clock, budgets=Budgets()
    )
    async with client:
        yield client, exchange


async def pass_time(exchange: Exchange, seconds: float) -> None:
    for _ in range(round(seconds * 2)):
        exchange.clock.advance(0.5)
        await turns(20)


def ticket(secret: str) -> HttpResponse:
    return HttpResponse(200, secret.encode())


async def test_every_dial_has_a_ticket_of_its_own() -> None:
    async with opened(ticket("one"), ticket("two"), ticket("three"), ticket=True) as (
        client,
        venue,
    ):
        events = client.events()
        _stream = client.stream_trades("A")
        await until(lambda: venue.line.sent)
        venue.line.cut()
        await pass_time(venue, 3)
        await until(lambda: len(venue.dials) == 2)
        urls = [request.url for _, request in venue.dials]
        assert urls == ["ws://127.0.0.1:1/?token=one", "ws://127.0.0.1:1/?token=two"]
        told = await read(events, events.pending)
        assert "token" not in str(told)
        assert [request.opening for _, request in venue.dials] == [("auth one",), ("auth two",)]


async def test_ticket_that_is_refused_twice_is_the_credentials_fault() -> None:
    with pytest.raises(AuthenticationError, match="the key is wrong"):
        async with opened(HttpResponse(401), ticket=True):
            pass


async def test_ticket_that_cannot_be_had_is_a_dial_that_failed() -> None:
    with pytest.raises(ConnectError, match="no tickets now"):
        async with opened(HttpResponse(503), ticket=True):
            pass


async def test_public_book_is_asked_for_and_followed() -> None:
    body = json.dumps(snapshot("2", "9", at=3)).encode()
    failure = ConnectError("nobody answers", url="http://127.0.0.1:1")
    async with opened(failure, HttpResponse(200, body), by_request=True) as (client, venue):
        book = client.stream_order_book("A", 5)
        await until(lambda: venue.asked == ["/book:A"])
        line: MemoryTransport = venue.line
        line.say(change("3", after=3, at=4))
        await pass_time(venue, 3)
        messages = await read(book, 2)
        assert [str(message.data.bids[0][0]) for message in messages] == ["2", "3"]
        assert venue.asked == ["/book:A", "/book:A"]


async def test_book_that_is_refused_ends_its_own_stream_only() -> None:
    async with opened(HttpResponse(403), by_request=True) as (client, venue):
        trades = client.stream_trades("A")
        book = client.stream_order_book("A", 5)
        with pytest.raises(VenueError, match="not for you"):
            await anext(book)
        venue.line.say({"feed": "trades:A", "id": 1})
        [message] = await read(trades, 1)
        assert message.data.trade_id == "1"
        assert venue.asked == ["/book:A"]
