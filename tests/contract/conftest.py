"""Every registered venue, by its registration: an exchange that is it, and its client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.conftest import START_NS, impatient, nothing_is_left
from weex_client.errors import UnsupportedChannelError
from weex_client.protocol import Channel, Venue
from weex_client.sandbox import SandboxExchange
from weex_client.streaming.subscription import Subscription
from weex_client.websocket import VENUES, VenueClient

__all__ = ["nothing_is_left"]


class Party(NamedTuple):
    """A client and the exchange that is its venue.

    Attributes:
        name: Under which the venue is registered.
        venue: What the client's venue has.
        symbols: Two that are listed.
    """

    name: str
    exchange: SandboxExchange
    client: VenueClient[Any]
    venue: Venue
    symbols: tuple[str, ...]

    @property
    def channel(self) -> StrEnum:
        """Return one that speaks of one symbol, often and unasked."""
        wanted = (Channel.TICKER, Channel.TRADES)
        return next(
            (each for each in wanted if each in self.venue.channels), self.venue.channels[0]
        )

    def stream(
        self, channel: StrEnum | None = None, symbol: str | None = None
    ) -> Subscription[Any]:
        """Open a channel as the venue has it: with its own levels and intervals."""
        chosen = channel or self.channel
        symbols = (symbol or self.symbols[0],) if self.venue.has_symbols(chosen) else ()
        try:
            return self.client.stream(chosen.value, symbols)
        except UnsupportedChannelError as refused:
            first = refused.available[0].split()[0]
            parameter = {"level": int(first)} if first.isdecimal() else {"interval": first}
            return self.client.stream(chosen.value, symbols, **parameter)


@pytest.fixture(params=VENUES)
def name(request: pytest.FixtureRequest) -> str:
    """Name each venue in turn."""
    registered: str = request.param
    return registered


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    """Run an exchange faster than life."""
    async with SandboxExchange(seed=7, speed=60, start_time_ns=START_NS) as running:
        yield running


@pytest.fixture
async def party(name: str, exchange: SandboxExchange) -> AsyncIterator[Party]:
    """Open a client that reconnects at once."""
    config = impatient(exchange.config(name))
    client_class = VENUES[name]
    symbols = tuple(exchange.front(name).symbols[:2])
    async with client_class(config) as client:
        yield Party(name, exchange, client, client_class.venue_class(config), symbols)
