"""What a venue is to the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Protocol

from weex_client.book import BookOrder, OrderUpdate
from weex_client.errors import DecodeError, UsageError
from weex_client.models import Message
from weex_client.protocol.terms import DialRequest, Heartbeat, Limits
from weex_client.protocol.topics import KINDS, WITHOUT_SYMBOLS, Feed, FeedKind, Scope, Topic
from weex_client.protocol.words import BookUpdate, Event, Intent, LastTrade
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query

__all__ = [
    "Decoder",
    "Venue",
]

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
        return KINDS.get(channel, FeedKind.FRAMES)

    def feed(self, topic: Topic) -> Feed:
        """Return the feed that serves a topic.

        Raises:
            UnsupportedChannelError: If the venue lacks the channel, level or interval.
            UsageError: If the symbol is none that the venue could have.
        """

    def has_symbols(self, channel: StrEnum) -> bool:
        """Tell whether a channel is one stream a symbol, and not one over all of them."""
        return channel not in WITHOUT_SYMBOLS

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

    def history_query(self, feed: Feed, covered_ns: int) -> Query | None:  # noqa: ARG002
        """Return how the past of trades or candles is asked for, or None where frames bring it.

        Args:
            feed: Which.
            covered_ns: The venue's time until which nothing is missing; 0 where it is only asked
                whether there is such a question.
        """
        return None

    def read_history(
        self, feed: Feed, body: bytes, received_time_ns: int
    ) -> Sequence[Message[Any]]:
        """Read the answer to ``history_query``: oldest first, flagged as a snapshot.

        Raises:
            DecodeError: If it does not fit.
        """
        raise DecodeError(f"{feed} has no past: {len(body)} bytes at {received_time_ns}")

    def listing_query(self) -> Query | None:
        """Return how all symbols are asked for, where one that does not exist is not refused."""
        return None

    def listed_name(self, feed: Feed) -> str | None:  # noqa: ARG002  # most refuse
        """Return as what a feed's symbol must be listed to exist, or None where it need not."""
        return None

    def read_listing(self, body: bytes) -> frozenset[str]:
        """Read the answer to ``listing_query``.

        Raises:
            DecodeError: If it does not fit.
        """
        raise DecodeError(f"{self.name} lists nothing: {len(body)} bytes")

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

    def order_subject(self, frame: bytes) -> Hashable:  # noqa: ARG002  # most feeds have one
        """Read what ``order_key`` counts, where frames of one feed are about several symbols."""
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
