"""What is said to a venue, and what its frames mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from weex_client.errors import TransportError
from weex_client.protocol.topics import Feed

__all__ = [
    "Ack",
    "BookUpdate",
    "Closing",
    "Data",
    "Denied",
    "Event",
    "Greeting",
    "Intent",
    "LastTrade",
    "Ping",
    "Pong",
    "PongReceived",
    "Reject",
    "ServerPing",
    "Subscribe",
    "Unknown",
    "Unsubscribe",
]

# Intents: the only thing that runs back to the venue.


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for feeds."""

    feeds: tuple[Feed, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Give feeds back."""

    feeds: tuple[Feed, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask whether somebody is there."""


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer that we are."""


Intent = Subscribe | Unsubscribe | Ping | Pong


# Events: what a frame means, when it is not plain data on a known route.


@dataclass(frozen=True, slots=True)
class Greeting:
    """The venue says hello, perhaps with its clock."""

    connection_id: str | None
    server_time_ns: int | None


@dataclass(frozen=True, slots=True)
class Ack:
    """The venue accepted a request.

    Attributes:
        request_id: Which request, or None for the oldest open one.
        served: All feeds that the venue serves on this connection from now on, where it answers
            with the complete list; None where it does not. What was asked for and is not in it
            is asked for once more, and then refused.
    """

    request_id: str | None
    served: frozenset[Feed] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """The venue refused a request.

    Attributes:
        request_id: Which request, or None where the venue does not say: the oldest open one
            where its answers come in order (``Limits.answers_in_order``), else nobody knows.
        reason: The venue's own words.
    """

    request_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The venue refuses the credentials; asking again with the same ones does not help.

    Attributes:
        request_id: Which request was signed with them; None as for ``Reject``, and where there
            is no such request, all that needs credentials on this connection.
        reason: The venue's own words, without the credentials.
    """

    request_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The venue says that this connection is over; it is given up at once and dialled anew.

    Attributes:
        reason: The venue's own words.
        error: What users are told it was, or None to tell them the reason.
    """

    reason: str
    error: TransportError | None = None


@dataclass(frozen=True, slots=True)
class ServerPing:
    """The venue wants a pong."""

    server_time_ns: int | None


@dataclass(frozen=True, slots=True)
class PongReceived:
    """The venue answered a ping, perhaps with its clock."""

    server_time_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """The frame carries data of a feed, or of the first of the others that this line has."""

    feed: Feed
    others: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The frame is of no known kind.

    Attributes:
        kind: What to count it under, for example ``event 'foo'`` or ``not JSON``.
    """

    kind: str


Event = Greeting | Ack | Reject | Denied | Closing | ServerPing | PongReceived | Data | Unknown


class BookUpdate(NamedTuple):
    """A snapshot or a change of an order book, with the venue's own digits.

    Attributes:
        levels: Prices and sizes by turns, the bids first: ``b"79979.8,2.8356,...,:80001.2,0.5"``
            (``book.pack``). The codec lets nothing through but digits with at most one point: no
            sign, no exponent, no NaN, no empty numeral. A size of zero removes the level.
        previous_sequence: The sequence a change continues; None where the venue has none.
        sequence: The sequence after it.
        exchange_time_ns: The venue's event time, or None.
        is_snapshot: True if it replaces both sides.
    """

    levels: bytes
    previous_sequence: int | None
    sequence: int | None
    exchange_time_ns: int | None
    is_snapshot: bool


class LastTrade(NamedTuple):
    """Which trade of a symbol is the newest, as a frame tells.

    Attributes:
        symbol: As topics spell it.
        trade_id: Its number; the next trade's is one more.
        is_heartbeat: False if the frame is that trade, news by itself; True if it only tells of
            it, so that the trade itself came before or is about to come.
    """

    symbol: str
    trade_id: int
    is_heartbeat: bool
