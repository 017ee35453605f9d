"""A venue as a tape speaks for it: nothing is signed, refused or due any more."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import Any, Self, cast
from urllib.parse import urlencode

from weex_client.config import StreamConfig
from weex_client.errors import ConfigError, TapeError
from weex_client.protocol import (
    Ack,
    Channel,
    Closing,
    Denied,
    DialRequest,
    Event,
    Feed,
    Greeting,
    Intent,
    PongReceived,
    Reject,
    Scope,
    ServerPing,
    Subscribe,
    Topic,
    Unsubscribe,
    Venue,
)
from weex_client.recording.rows import FeedRow, SessionRow
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query
from weex_client.venues import VENUES

__all__ = [
    "TapedFeed",
    "TapedVenue",
    "acknowledged",
    "address_of",
    "as_venue",
    "place_of",
    "topic_of",
    "venue_of",
]

# Some venues check what a secret looks like before anything is signed with it.
_NO_SECRET = "dGFwZQ=="  # noqa: S105 - the word tape; nothing is signed with it

# More than any tape has: what was recorded fitted.
_MANY = 1_000_000

# Before the number of a request: no venue's frame begins so.
_ACK = b"\0ack "

# A line is never given up in a replay: where it ended, the tape says.
_NEVER_SECONDS = 1e9


class TapedFeed(str):
    """A feed that knows whose it is: venues spell theirs alike.

    Attributes:
        address: What stands for its venue's own addresses.
    """

    address: str

    def __new__(cls, feed: Feed, address: str) -> Self:
        """Make one of a feed as its venue spells it."""
        made = super().__new__(cls, feed)
        made.address = address
        return made


class TapedVenue:
    """Stand before a venue and change what only matters where somebody answers.

    Args:
        venue: With the settings of the recording.
        address: What stands for the venue's own addresses.
        has_account: Whether the account's state was read when the tape was recorded.
    """

    def __init__(self, venue: Venue, address: str, *, has_account: bool) -> None:
        limits, heartbeat = venue.limits, venue.heartbeat
        self.limits = replace(
            limits,
            feeds_per_connection=_MANY,
            connections=_MANY,
            rejects_per_connection=None,
            idle_seconds=None,
            dials=None,
            dial_spacing_seconds=0.0,
            operations=None,
        )
        self.heartbeat = replace(heartbeat, answer_seconds=_NEVER_SECONDS, has_ping=False)
        self.waits_for_greeting = False
        self._venue = venue
        self._address = address
        self._has_account = has_account
        self._feeds: dict[Feed, None] = {}
        self._books: dict[str | None, list[tuple[int, Feed]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    def feed(self, topic: Topic) -> Feed:
        """Return the feed that serves a topic, with the settings of the recording.

        A book of fewer levels is read from a deeper one where only that was recorded.
        """
        feed = self._venue.feed(topic)
        if feed not in self._feeds and topic.channel is Channel.BOOK:
            least = topic.level or 0
            deeper = [each for each in self._books.get(topic.symbol, ()) if each[0] >= least]
            feed = min(deeper, default=(0, feed))[1]
        return TapedFeed(feed, self._address)

    def offer(self, topic: Topic) -> Feed:
        """Take note of a topic that was recorded; return the feed that served it.

        Raises:
            UsageError: If the venue has it no more.
        """
        feed = self._venue.feed(topic)
        self._feeds[feed] = None
        if topic.channel in (Channel.BOOK, Channel.BOOK_DELTAS):
            self._books.setdefault(topic.symbol, []).append((topic.level or 0, feed))
        return TapedFeed(feed, self._address)

    def needs_credentials(self, feed: Feed) -> bool:  # noqa: ARG002  # it was signed already
        """Tell that nothing is signed."""
        return False

    def check_credentials(self) -> None:
        """Need none."""

    def ticket_request(self, scope: Scope, now_ns: int) -> HttpRequest | None:  # noqa: ARG002
        """Need no ticket."""
        return None

    def dial(self, scope: Scope, now_ns: int, ticket: HttpResponse | None = None) -> DialRequest:  # noqa: ARG002
        """Return the address that stands for the venue's."""
        return DialRequest(f"{self._address}/{scope.value}")

    def ask(self, query: Query, now_ns: int) -> HttpRequest:  # noqa: ARG002  # it was signed
        """Write a question, without signature."""
        return HttpRequest("GET", f"{self._address}{place_of(query)}")

    def encode(self, intent: Intent, request_id: int, now_ns: int) -> str:  # noqa: ARG002
        """Write a request that a replay answers by itself; nothing where no answer is due."""
        needs_answer = isinstance(intent, Subscribe | Unsubscribe) and self.limits.acknowledges
        return str(request_id) if needs_answer else ""

    def read(self, frame: bytes) -> Event:
        """Read a frame; what answers a request of the recording says that the line is alive."""
        if frame.startswith(_ACK):
            return Ack(frame.removeprefix(_ACK).decode())
        event = self._venue.read(frame)
        match event:
            case Ack() | Reject() | Denied() | Closing():
                return PongReceived()
            case ServerPing(server_time_ns):
                return Greeting(None, server_time_ns)
            case _:
                return event

    def account_reads(self, channel: StrEnum) -> AccountReads | None:
        """Return how the state behind a private channel was read, or None."""
        return self._venue.account_reads(channel) if self._has_account else None


def acknowledged(text: str) -> bytes:
    """Return the frame that says yes to a request of a replay."""
    return _ACK + text.encode()


def place_of(query: Query) -> str:
    """Return path and query of a question, as a tape names it."""
    return query.path + (f"?{urlencode(query.parameters)}" if query.parameters else "")


def address_of(row: SessionRow) -> str:
    """Return what stands for the addresses of a recorded session's venue."""
    return f"tape://{row.venue}/{row.market or ''}"


def as_venue(taped: TapedVenue) -> Venue:
    """Return a taped venue as what it stands for."""
    return cast(Venue, taped)


def venue_of(row: SessionRow, path: str, *, has_account: bool) -> TapedVenue:
    """Return the venue of a recorded session.

    Args:
        row: The session.
        path: Of the tape.
        has_account: Whether answers about the account stand on it.

    Raises:
        TapeError: If there is no such venue, or not with such settings.
    """
    kind = VENUES.get(row.venue)
    if kind is None:
        known = ", ".join(VENUES)
        raise TapeError(f"{path} is of {row.venue!r}; known venues are {known}", path=path)
    try:
        venue = kind.venue_class(_config_of(kind.config_class, json.loads(row.settings)))
    except (ConfigError, ValueError, TypeError) as exc:
        raise TapeError(
            f"{path}: the settings of {row.venue} make no sense: {exc}", path=path
        ) from (exc)
    return TapedVenue(venue, address_of(row), has_account=has_account)


def _config_of(config_class: type[StreamConfig], settings: dict[str, Any]) -> StreamConfig:
    """Return the settings of the recording, which none of this machine's can change."""
    known = {name: value for name, value in settings.items() if name in config_class.model_fields}
    for name in ("api_key", "secret_key", "passphrase"):
        # A secret that was set is left out of the tape; one that was not stands there as null.
        known[name] = None if name in settings else _NO_SECRET
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in config_class.model_fields.items()
    }
    return config_class(_env_file=None, **{**defaults, **known})


def topic_of(row: FeedRow, venue: Venue) -> Topic | None:
    """Return what a lane was asked for, or None where the venue has no such channel any more."""
    for channel in venue.channels:
        if channel.value == row.channel:
            return Topic(channel, row.symbol, row.level, row.interval)
    return None
