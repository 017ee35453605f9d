"""What is asked over HTTP, and what a venue's account can be asked for. Types only.

How a request travels is the transport's business; when it is made, the seeder's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from weex_client.models import Message

__all__ = [
    "AccountReads",
    "Detail",
    "FillReads",
    "HttpRequest",
    "HttpResponse",
    "Query",
    "StateReads",
    "SummingReads",
]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, made anew for every attempt because signatures expire."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back.

    Attributes:
        status: The HTTP status.
        body: The content, which may be somebody's account.
        server_time_ns: What time it was there (``Date``), nanoseconds since the epoch, or None.
        retry_after_seconds: What the venue asked for, or None.
        received_time_ns: When it came, as a tape has it; None where nobody noted it.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    server_time_ns: int | None = None
    retry_after_seconds: float | None = None
    received_time_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One question about an account, not signed yet.

    Attributes:
        about: What is asked for, in words for users: ``open orders``.
        path: Where, below the venue's REST address.
        parameters: The query's names and values.
    """

    about: str
    path: str
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Detail:
    """How to ask about one thing, and how the answer is read; that raises ``DecodeError``."""

    query: Query
    read: Callable[[bytes, int], Message[Any]]


class StateReads(Protocol):
    """How the state of one channel is read: balances, open positions, open orders."""

    @property
    def query(self) -> Query:
        """Return the question whose answer is the whole state."""

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read the whole state, flagged as a snapshot; raises ``DecodeError``."""

    def became(self, message: Message[Any], received_time_ns: int) -> Detail | Message[Any] | None:
        """Return what became of something that is in the state no more.

        Returns:
            How to ask for it, or what it is, or None if the state never has such a thing, so that
            its absence says nothing.
        """


@runtime_checkable
class SummingReads(StateReads, Protocol):
    """A state whose answer has sums of what frames tell in parts."""

    def more(self, message: Message[Any]) -> Detail | None:
        """Return how the parts of something are asked for, or None if there is no need to."""


class FillReads(Protocol):
    """How fills of a stretch of time are read, in pages."""

    @property
    def page_size(self) -> int:
        """Return how many fills an answer has at most."""

    @property
    def symbols_query(self) -> Query | None:
        """Return how to ask which symbols may have fills; None if nobody needs to know."""

    def read_symbols(self, body: bytes) -> frozenset[str]:
        """Read the answer to ``symbols_query``; raises ``DecodeError``."""

    def page(self, symbol: str | None, start_ms: int, end_ms: int | None) -> Query:
        """Return how to ask for fills.

        Args:
            symbol: Of which symbol; None for all, where ``symbols_query`` is None.
            start_ms: Since when, milliseconds since the epoch, inclusive.
            end_ms: Until when, inclusive; None for now.
        """

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read a page, in any order; raises ``DecodeError``."""


AccountReads = StateReads | FillReads
