"""The hinge between venues and streaming: what one room may say to the other. Types only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from weex_client.models import Message
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query

__all__ = [
    "Ack",
    "BookUpdate",
    "Channel",
    "Data",
    "DialRequest",
    "Event",
    "Feed",
    "Greeting",
    "Heartbeat",
    "Intent",
    "Limits",
    "Ping",
    "Pong",
    "PongReceived",
    "Reject",
    "Scope",
    "ServerPing",
    "Subscribe",
    "Topic",
    "Unknown",
    "Unsubscribe",
    "Venue",
]

Feed = str
"""What a venue sends under one subscription, as it spells it (``BTCUSDT@depth15``)."""


class Scope(StrEnum):
    """Who may see what a connection carries."""

    PUBLIC = "public"
    PRIVATE = "private"


class Channel(StrEnum):
    """What a stream is about, as the command line and ``message.channel`` spell it."""

    TICKER = "ticker"
    TRADES = "trades"
    BOOK = "book"
    BOOK_DELTAS = "book_deltas"
    CANDLES = "candles"
    BOOK_TICKER = "bookticker"
    ACCOUNT = "account"
    POSITIONS = "positions"
    ORDERS = "orders"
    FILLS = "fills"


class Topic(NamedTuple):
    """What one reader wants: a channel, a symbol, and the channel's parameter if it has one.

    Several topics may need the same feed: book views of 5 and of 15 levels both come from
    ``depth15``.
    """

    channel: Channel
    symbol: str | None = None
    level: int | None = None
    interval: str | None = None


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
    """The venue accepted a request (the oldest open one where it names none)."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class Reject:
    """The venue refused a request.

    Attributes:
        request_id: Which request, or None where the venue does not say.
        reason: The venue's own words.
    """

    request_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ServerPing:
    """The venue wants a pong."""

    server_time_ns: int | None


@dataclass(frozen=True, slots=True)
class PongReceived:
    """The venue answered a ping."""


@dataclass(frozen=True, slots=True)
class Data:
    """The frame carries data of a feed; its decoder reads it."""

    feed: Feed


@dataclass(frozen=True, slots=True)
class Unknown:
    """The frame is of no known kind.

    Attributes:
        kind: What to count it under, for example ``event 'foo'`` or ``not JSON``.
    """

    kind: str


Event = Greeting | Ack | Reject | ServerPing | PongReceived | Data | Unknown


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


# What a venue is.


@dataclass(frozen=True, slots=True)
class Limits:
    """What a venue allows.

    Attributes:
        feeds_per_connection: Subscriptions that one connection may hold.
        feeds_per_request: Subscriptions that one request may name.
        connections: Connections that one address may hold.
        rejects_per_connection: Refused requests after which the venue closes, or None.
        idle_seconds: How long a connection may stay without subscription, or None.
        max_frame_bytes: Longest frame that is accepted at all.
        dials: Dials that one address may see in ``dial_window_seconds``, or None.
        dial_window_seconds: The stretch of time in which dials are counted.
        dial_spacing_seconds: Least time between two dials of one address.
        operations: Requests to subscribe or unsubscribe that one connection may send in
            ``operation_window_seconds``, or None.
        operation_window_seconds: The stretch of time in which they are counted.
        resync_share: Share of the operations that is kept for asking anew after a loss.
    """

    feeds_per_connection: int
    feeds_per_request: int
    connections: int
    rejects_per_connection: int | None = None
    idle_seconds: float | None = None
    max_frame_bytes: int = 16 * 1024 * 1024
    dials: int | None = None
    dial_window_seconds: float = 300.0
    dial_spacing_seconds: float = 0.0
    operations: int | None = None
    operation_window_seconds: float = 3600.0
    resync_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a silent connection is doubted, and when it is given up.

    Attributes:
        silence_seconds: Without any frame for so long, a ping is sent.
        answer_seconds: Without any frame for so long after it, the line is dead.
        prompt: Channels whose subscription brings data at once, be the market busy or not.
        steady: Channels that go on speaking, be the market busy or not.
    """

    silence_seconds: float
    answer_seconds: float
    prompt: frozenset[Channel] = frozenset()
    steady: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class DialRequest:
    """How to open a connection, made anew for every dial because signatures expire."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Decoder = Callable[[bytes, int], Sequence[Message[Any]]]
"""Read a frame received at a time in nanoseconds into messages, in time order."""


class Venue(Protocol):
    """How one venue spells what every venue says.

    Everything here is pure: time and credentials come in as arguments, nothing is kept.
    """

    @property
    def name(self) -> str:
        """Return the venue's name, as messages carry it."""

    @property
    def limits(self) -> Limits:
        """Return what the venue allows."""

    @property
    def heartbeat(self) -> Heartbeat:
        """Return how a silent line is recognised."""

    def dial(self, scope: Scope, now_ns: int) -> DialRequest:
        """Return where to connect and with which headers.

        Raises:
            ConfigError: If a private dial lacks credentials.
        """

    def check_credentials(self) -> None:
        """Make sure that a private dial can be signed.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """

    def account_reads(self, channel: Channel) -> AccountReads | None:
        """Return how the state behind a private channel is read by request.

        Returns:
            None where nothing is to be read: the channel begins with a snapshot of its own, is
            public, or the settings say so.
        """

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        """Write a question about the account, signed for this moment.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        """Return what an answer says, or None if what was asked about does not exist.

        Raises:
            AuthenticationError: If the venue refuses the credentials.
            RateLimitedError: If it wants to be asked later.
            ConnectError: If it cannot answer now.
            VenueError: If it refuses the question.
        """

    def mark_topic(self, symbol: str) -> Topic | None:
        """Return whose ``mark_price`` values positions, or None where positions carry their own.

        Its messages are tickers.
        """

    def scope(self, channel: Channel) -> Scope:
        """Return which connection carries a channel."""

    def feed(self, topic: Topic) -> Feed:
        """Return the feed that serves a topic.

        Raises:
            UnsupportedChannelError: If the venue lacks the channel, level or interval.
        """

    def route_key(self, frame: bytes) -> Hashable | None:
        """Read from the first bytes which feed a frame belongs to.

        Returns:
            A key that is the same for all frames of one feed, or None where the first bytes
            are not as usual; then ``read`` tells.
        """

    def read(self, frame: bytes) -> Event:
        """Read completely what a frame means. Never raises."""

    def decoder(self, channel: Channel) -> Decoder:
        """Return what reads a channel's frames into messages; it raises ``DecodeError``.

        Books have none: ``read_book`` reads them, and the session folds and spells them.
        """

    def book_window(self, feed: Feed) -> int | None:
        """Return how many levels a side the venue keeps on a book feed, or None if all."""

    def read_book(self, frame: bytes) -> BookUpdate:
        """Read a frame of a book feed; raises ``DecodeError``."""

    def trade_ids(self, frame: bytes) -> Sequence[str]:
        """Read the ids of a trade frame's trades from its bytes, in the order they stand."""

    def sent_time_ns(self, frame: bytes) -> int | None:
        """Read from a frame's first bytes when the venue sent it, or None where it is not said."""

    def encode(self, intent: Intent, request_id: int) -> str:
        """Write a request."""

    def blamed(self, reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
        """Return which of a refused request's feeds the venue's words name."""
