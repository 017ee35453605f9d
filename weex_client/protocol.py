"""The hinge between venues and streaming: what one room may say to the other. Types only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from weex_client.book import BookOrder, OrderUpdate
from weex_client.errors import DecodeError, TransportError, UsageError
from weex_client.models import Message
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query

__all__ = [
    "Ack",
    "BookUpdate",
    "Channel",
    "Closing",
    "Data",
    "Denied",
    "DialRequest",
    "Event",
    "Feed",
    "FeedKind",
    "Greeting",
    "Heartbeat",
    "Intent",
    "LastTrade",
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
    """What a stream is about, as the command line and ``message.channel`` spell it.

    These are what venues have in common; a channel that only one has is a member of an
    enumeration of its own, in the venue's package. Everything here takes either.
    """

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


class FeedKind(StrEnum):
    """What must be kept of a feed between two frames, so that what readers get is right.

    Every frame of ``FRAMES`` stands for itself, and makes good for those that were missed. Not so
    ``NEWS``: they come at no regular times, and none is said twice. ``TRADES`` come once each.
    ``CANDLES`` form and close. A ``BOOK`` is a chain of changes from a snapshot; one without
    sequences is a ``LOOSE_BOOK``, of which a crossing that lasts, or a trade that is missing,
    proves that something was lost; a ``BOOK3`` has every order. ``STATE`` is what changes, the
    last word counting, and ``FILLS`` happen once: an account's.
    """

    FRAMES = "frames"
    NEWS = "news"
    TRADES = "trades"
    CANDLES = "candles"
    BOOK = "book"
    LOOSE_BOOK = "loose_book"
    BOOK3 = "book3"
    STATE = "state"
    FILLS = "fills"


_KINDS: Final[Mapping[StrEnum, FeedKind]] = {
    Channel.TRADES: FeedKind.TRADES,
    Channel.CANDLES: FeedKind.CANDLES,
    Channel.BOOK: FeedKind.BOOK,
    Channel.BOOK_DELTAS: FeedKind.BOOK,
    Channel.ACCOUNT: FeedKind.STATE,
    Channel.POSITIONS: FeedKind.STATE,
    Channel.ORDERS: FeedKind.STATE,
    Channel.FILLS: FeedKind.FILLS,
}
_WITHOUT_SYMBOLS: Final = frozenset(
    {Channel.ACCOUNT, Channel.POSITIONS, Channel.ORDERS, Channel.FILLS}
)


class Topic(NamedTuple):
    """What one reader wants: a channel, a symbol, and the channel's parameter if it has one.

    Several topics may need the same feed: book views of 5 and of 15 levels both come from
    ``depth15``.
    """

    channel: StrEnum
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
    """The venue answered a ping."""


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
        counts_pings: Whether pings and pongs are counted among the operations.
        acknowledges: Whether requests are answered; a feed of a venue that does not counts as
            served once it was asked for.
        answers_in_order: Whether answers, refusals among them, name no request but come in the
            order of the requests.
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
    counts_pings: bool = False
    acknowledges: bool = True
    answers_in_order: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a silent connection is doubted, and when it is given up.

    Attributes:
        silence_seconds: Without any frame for so long, a ping is sent.
        answer_seconds: Without any frame for so long after it, the line is dead.
        prompt: Channels whose subscription brings data at once, be the market busy or not.
        steady: Channels that go on speaking, be the market busy or not.
        has_ping: Whether the venue knows pings; where not, nothing is sent, and the line is dead
            after both times.
        tries: How many pings in a row must go without an answer.
        forgives_after: A venue that has answered none of so many pings, though data came, does
            not answer pings: what it does not say then proves nothing. None for never.
    """

    silence_seconds: float
    answer_seconds: float
    prompt: frozenset[StrEnum] = frozenset()
    steady: frozenset[StrEnum] = frozenset()
    has_ping: bool = True
    tries: int = 1
    forgives_after: int | None = None


@dataclass(frozen=True, slots=True)
class DialRequest:
    """How to open a connection, made anew for every dial because signatures expire.

    Attributes:
        url: Where. What stands behind its ``?`` may be a secret, and is shown nowhere.
        headers: What the handshake carries.
        opening: Frames that are sent before any other. Secrets: they are not shown, logged or
            recorded.
        ping_interval_seconds: How often the venue wants to hear a ping, whatever else is said;
            None where it says nothing. They are sent a tenth earlier.
        answer_seconds: How long its answer may take; None for ``Heartbeat.answer_seconds``.
        lifetime_seconds: When another connection must have taken over; None for never.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    opening: tuple[str, ...] = field(default=(), repr=False)
    ping_interval_seconds: float | None = None
    answer_seconds: float | None = None
    lifetime_seconds: float | None = None

    @property
    def address(self) -> str:
        """Return where it goes, without what may be secret."""
        return self.url.partition("?")[0]


Decoder = Callable[[bytes, int], Sequence[Message[Any]]]
"""Read a frame received at a time in nanoseconds into messages, in time order."""


class Venue(Protocol):
    """How one venue spells what every venue says.

    Venues inherit from this and spell what differs: what has a body here is what most of them
    do. Everything is pure: time and credentials come in as arguments, nothing is kept.
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

    # What there is.

    @property
    def channels(self) -> tuple[StrEnum, ...]:
        """Return all channels that the venue has, those of its own too."""

    def scope(self, channel: StrEnum) -> Scope:
        """Return which connection carries a channel."""

    def apart(self, channel: StrEnum) -> StrEnum | None:  # noqa: ARG002  # most share theirs
        """Return whose connections a channel has, where frames look alike; None for all's."""
        return None

    def feed_kind(self, channel: StrEnum) -> FeedKind:
        """Return what must be kept of a channel's feeds between two frames."""
        return _KINDS.get(channel, FeedKind.FRAMES)

    def feed(self, topic: Topic) -> Feed:
        """Return the feed that serves a topic.

        Raises:
            UnsupportedChannelError: If the venue lacks the channel, level or interval.
            UsageError: If the symbol is none that the venue could have.
        """

    def has_symbols(self, channel: StrEnum) -> bool:
        """Tell whether a channel is one stream a symbol, and not one over all of them."""
        return channel not in _WITHOUT_SYMBOLS

    def needs_credentials(self, feed: Feed) -> bool:  # noqa: ARG002  # most have none
        """Tell whether the request for a public feed is signed; all private ones need them."""
        return False

    def companions(self, feed: Feed) -> tuple[Feed, ...]:  # noqa: ARG002  # most need none
        """Return which feeds must be served along with one, though nobody reads them.

        They show whether it is complete: see ``last_trade``.
        """
        return ()

    def carrier(self, feed: Feed) -> Feed:
        """Return the feed under whose name the venue sends what a feed is read from.

        Nearly always its own. Where the frames of orders tell fills as well, fills are a feed of
        their own here, which the venue knows by the name of orders.
        """
        return feed

    def mark_topic(self, symbol: str) -> Topic | None:  # noqa: ARG002  # most have none
        """Return whose tickers' ``mark_price`` values positions, or None where they say it."""
        return None

    # How a connection is opened.

    def check_credentials(self) -> None:
        """Make sure that a private dial can be signed.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """

    def ticket_request(self, scope: Scope, now_ns: int) -> HttpRequest | None:  # noqa: ARG002
        """Write what must be asked before each dial, or None where a dial needs no ticket.

        Raises:
            ConfigError: If a private dial lacks credentials.
        """
        return None

    def dial(self, scope: Scope, now_ns: int, ticket: HttpResponse | None = None) -> DialRequest:
        """Return where to connect and with which headers.

        Args:
            scope: Whose connection it is.
            now_ns: The venue's time, nanoseconds since the epoch.
            ticket: What was answered to ``ticket_request``, whatever its status is.

        Raises:
            ConfigError: If a private dial lacks credentials.
            AuthenticationError: If the ticket was refused for the credentials.
            RateLimitedError: If the venue wants to be asked for it later.
            ConnectError: If there is none now.
            VenueError: If it was refused.
        """

    @property
    def waits_for_greeting(self) -> bool:
        """Tell whether nothing may be sent before the venue's ``Greeting`` (except openings)."""
        return False

    # What is asked over HTTP.

    def account_reads(self, channel: StrEnum) -> AccountReads | None:  # noqa: ARG002
        """Return how the state behind a private channel is read by request.

        Returns:
            None where nothing is to be read: the channel begins with a snapshot of its own, is
            public, or the settings say so.
        """
        return None

    def book_query(self, feed: Feed) -> Query | None:  # noqa: ARG002  # most send them
        """Return how the snapshot of a book is asked for, or None where frames bring it."""
        return None

    def read_book_answer(self, feed: Feed, body: bytes) -> BookUpdate:
        """Read the answer to ``book_query``: a snapshot, with the sequence it stands at.

        Raises:
            DecodeError: If it does not fit.
        """
        raise DecodeError(f"{feed} comes in frames, not in answers of {len(body)} bytes")

    def read_book_after(self, frame: bytes, sequence: int) -> BookUpdate:
        """Read of a frame only what is newer than a sequence in the midst of it.

        Raises:
            DecodeError: If the frame does not fit, or cannot be divided.
        """
        raise DecodeError(f"a frame of {len(frame)} bytes goes on from the midst, {sequence}")

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        """Write a question, signed for this moment where it needs to be.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        raise UsageError(f"{self.name} is asked nothing: no {query.about} at {now_ns}")

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        """Return what an answer says, or None if what was asked about does not exist.

        Raises:
            AuthenticationError: If the venue refuses the credentials.
            RateLimitedError: If it wants to be asked later.
            ConnectError: If it cannot answer now.
            VenueError: If it refuses the question.
        """
        raise UsageError(f"{self.name} is asked nothing: {query.about}, HTTP {response.status}")

    # What frames say.

    def route_key(self, frame: bytes) -> Hashable | None:
        """Read from the first bytes which feed a frame belongs to.

        Returns:
            A key that is the same for all frames of one feed, or None where the first bytes
            are not as usual; then ``read`` tells.
        """

    def read(self, frame: bytes) -> Event:
        """Read completely what a frame means. Never raises."""

    def decoder(self, channel: StrEnum) -> Decoder:
        """Return what reads a channel's frames into messages; it raises ``DecodeError``.

        Each feed gets its own, which may remember what it has read.
        Books have none: ``read_book`` reads them, and the session folds and spells them.
        """

    def book_window(self, feed: Feed) -> int | None:  # noqa: ARG002  # most keep all
        """Return how many levels a side the venue keeps on a book feed, or None if all."""
        return None

    def read_book(self, frame: bytes) -> BookUpdate:
        """Read a frame of a book feed; raises ``DecodeError``."""
        raise DecodeError(f"{self.name} has no order books: a frame of {len(frame)} bytes")

    def read_book3(self, frame: bytes) -> OrderUpdate:
        """Read what a frame does to a book of orders; raises ``DecodeError``."""
        raise DecodeError(f"{self.name} has no books of orders: a frame of {len(frame)} bytes")

    def read_book3_answer(self, body: bytes) -> tuple[Sequence[BookOrder], int]:
        """Read all resting orders, first come first, and their sequence; or ``DecodeError``."""
        raise DecodeError(f"{self.name} has no books of orders: an answer of {len(body)} bytes")

    def followed(self, message: Message[Any], known: Message[Any] | None) -> Message[Any] | None:  # noqa: ARG002
        """Return what a thing is after a private message about it, by the last word about it.

        None if that is nothing new; ``DecodeError`` if it says too little.
        """
        return message

    def trade_ids(self, frame: bytes) -> Sequence[str]:  # noqa: ARG002  # the decoder tells
        """Read the ids of a trade frame's trades from its bytes, in the order they stand.

        Returns:
            One id where the frame is one trade, so that it need not be decoded before somebody
            reads it; where it is empty, the frame is decoded.
        """
        return ()

    def last_trade(self, frame: bytes) -> LastTrade | None:  # noqa: ARG002  # most have no chain
        """Read from a trade or a companion which trade is the newest, at little cost.

        Returns:
            None where the frame does not tell.
        """
        return None

    def order_key(self, frame: bytes) -> Any | None:  # noqa: ARG002  # most never rotate
        """Read what grows from one data frame of a feed to the next, or None where nothing does.

        Only asked where connections have a lifetime: by it, frames of two connections are put
        in one order.
        """
        return None

    def sent_time_ns(self, frame: bytes) -> int | None:  # noqa: ARG002
        """Read from a frame's first bytes when the venue sent it, or None where it is not said."""
        return None

    # What is sent.

    def batches(self, feeds: Sequence[Feed]) -> Iterator[tuple[Feed, ...]]:
        """Group feeds into as few requests as the venue allows."""
        size = self.limits.feeds_per_request
        for start in range(0, len(feeds), size):
            yield tuple(feeds[start : start + size])

    def encode(self, intent: Intent, request_id: int, now_ns: int) -> str:
        """Write a request.

        Args:
            intent: What it is for; feeds that ``batches`` has put together.
            request_id: Its number, another one for each.
            now_ns: The venue's time for a signature, nanoseconds since the epoch.
        """

    def blamed(self, reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:  # noqa: ARG002
        """Return which feeds of a refused request its words name; if none, halves find out."""
        return feeds if len(feeds) == 1 else ()
