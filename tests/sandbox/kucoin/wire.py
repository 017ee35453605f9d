"""A bare KuCoin client: tokens and reads over HTTP, frames over a socket, nothing remembered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.sandbox.conftest import WireClient, dial
from weex_client.protocol import Scope
from weex_client.rest import HttpRequest, Query
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.kucoin.front import KucoinFront
from weex_client.streaming.http_transport import fetch
from weex_client.venues.kucoin import KucoinConfig, KucoinVenue


def front(exchange: SandboxExchange) -> KucoinFront:
    found = exchange.front("kucoin")
    assert isinstance(found, KucoinFront)
    return found


async def asked(request: HttpRequest) -> Any:
    response = await fetch(request, timeout_seconds=60, max_bytes=2**24)
    return json.loads(response.body)


async def read(exchange: SandboxExchange, path: str, **parameters: str) -> Any:
    """Ask for something as the account's owner."""
    venue = KucoinVenue(exchange.kucoin_config())
    return await asked(venue.ask(Query("x", path, tuple(parameters.items())), exchange.time_ns))


async def token(
    exchange: SandboxExchange, scope: Scope = Scope.PUBLIC, config: KucoinConfig | None = None
) -> Any:
    venue = KucoinVenue(exchange.kucoin_config() if config is None else config)
    return await asked(venue.ticket_request(scope, exchange.time_ns))


@asynccontextmanager
async def connected(
    exchange: SandboxExchange, scope: Scope = Scope.PUBLIC, *topics: str
) -> AsyncIterator[WireClient]:
    """Open a socket with a token, read its welcome, subscribe."""
    venue = KucoinVenue(exchange.kucoin_config())
    ticket = await fetch(
        venue.ticket_request(scope, exchange.time_ns), timeout_seconds=60, max_bytes=2**20
    )
    url = venue.dial(scope, 17, ticket).url
    async with dial(exchange, url.removeprefix(exchange.ws_url)) as client:
        assert await client.receive() == {"id": "11", "type": "welcome"}
        for number, topic in enumerate(topics):
            await client.send(
                id=number,
                type="subscribe",
                topic=topic,
                privateChannel=scope is Scope.PRIVATE,
                response=True,
            )
        yield client
