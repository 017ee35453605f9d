"""What one venue is inside the exchange: its addresses, its answers, its sockets. Only the rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from weex_client.config import StreamConfig
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.premises import Premises

__all__ = ["BookSides", "Front", "Guest"]

BookSides = tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]
"""Bids and asks, best first, as price and size."""


class Guest(Protocol):
    """Serve one client's socket.

    Attributes:
        connection: The client's line; ``streams`` are what it is subscribed to.
    """

    connection: Connection

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:
        """Greet as the venue does, then answer each frame, until either side ends it.

        Whatever was joined for the client is left when this returns or raises.
        """

    def tick(self, time_ns: int) -> None:
        """Do what is due at a simulated time, every step of the market."""


class Front(ABC):
    """Be one venue to its clients, on the exchange's one port.

    Faults, chaos and the log of both work on `Connection` and `OutgoingFrame`: a venue that sends
    through the one and describes its frames by the other gets them without a line of its own. It
    asks ``connection.refusal()`` before it accepts a request to subscribe, and sends what accepts
    one by ``connection.answer()``.

    Args:
        premises: The market, the accounts and the keys that all venues share.

    Attributes:
        channels: The channels that its frames can have, for faults that name one.
    """

    channels: ClassVar[Collection[StrEnum]] = ()

    @abstractmethod
    def __init__(self, premises: Premises) -> None: ...

    @property
    def symbols(self) -> Sequence[str]:
        """Return what is listed, as the venue spells it."""
        return ()

    @abstractmethod
    def addresses(self) -> object:
        """Return where its clients connect, as the command ``sandbox`` prints it (JSON)."""

    @abstractmethod
    def config(self, credentials: Credentials, **options: Any) -> StreamConfig:
        """Return the settings with which its client uses this exchange."""

    @abstractmethod
    def has_socket(self, path: str) -> bool:
        """Say whether a path is one of its sockets."""

    def has_resource(self, path: str) -> bool:  # noqa: ARG002 - a default for venues of sockets
        """Say whether an HTTP request for a path is its business."""
        return False

    async def answer(
        self,
        socket: FaultySocket,  # noqa: ARG002 - a default for venues of sockets
        request: Request,  # noqa: ARG002
    ) -> Response | None:
        """Answer an HTTP request that is its business; None lets the socket open.

        Who signed in by the request is noted in ``socket.account``.
        """
        return None

    @abstractmethod
    def serve(self, connection: Connection, socket: FaultySocket) -> Guest:
        """Return what serves a socket that has opened."""

    def tick(self, time_ns: int) -> None:  # noqa: ARG002 - a default for venues without clocks
        """Do what is due at a simulated time, every step of the market, after the symbols."""
        return

    def true_book(self, market: str, symbol: str, level: int, sequence: int) -> BookSides:
        """Return bids and asks, best first, as a book stream showed them at a sequence.

        Raises:
            LookupError: If no such frame was built, or it is forgotten.
        """
        raise LookupError(f"{market} {symbol} of {level} levels is not remembered at {sequence}")
