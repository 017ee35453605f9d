"""A venue of four words, as different as venues are: what it does is set by a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tests.streaming.conftest import START_NS, Line, Listener
from weex_client.book import pack
from weex_client.errors import AuthenticationError, ConnectError, DecodeError, VenueError
from weex_client.metrics import ChannelCounters
from weex_client.models import Message, Trade
from weex_client.protocol import (
    Ack,
    BookUpdate,
    Channel,
    Closing,
    Data,
    Decoder,
    Denied,
    DialRequest,
    Event,
    Feed,
    FeedKind,
    Greeting,
    Heartbeat,
    Intent,
    LastTrade,
    Limits,
    PongReceived,
    Reject,
    Scope,
    Subscribe,
    Topic,
    Unknown,
    Unsubscribe,
    Venue,
)
from weex_client.rest import HttpRequest, HttpResponse, Query
from weex_client.streaming.registry import Registry
from weex_client.streaming.session import Session

LIMITS = Limits(feeds_per_connection=300, feeds_per_request=100, connections=10)
HEARTBEAT = Heartbeat(silence_seconds=5.0, answer_seconds=5.0)


class Own(StrEnum):
    """A channel that no other venue has."""

    WHALES = "whales"
    BEAT = "beat"


class FakeVenue(Venue):
    """Feeds are ``channel:symbol``; the secret ones are signed."""

    name = "fake"

    def __init__(
        self,
        *,
        kinds: dict[StrEnum, FeedKind] | None = None,
        greets: bool = False,
        secret: Sequence[Feed] = (),
        companions: Callable[[Feed], tuple[Feed, ...]] = lambda _: (),
        by_request: bool = False,
        ticket: bool = False,
        heartbeat: Heartbeat = HEARTBEAT,
        **limits: Any,
    ) -> None:
        self._limits = replace(LIMITS, **limits)
        self._heartbeat = heartbeat
        self._kinds = kinds or {}
        self._greets = greets
        self._secret = secret
        self._companions = companions
        self._by_request = by_request
        self._ticket = ticket

    @property
    def limits(self) -> Limits:
        return self._limits

    @property
    def heartbeat(self) -> Heartbeat:
        return self._heartbeat

    @property
    def channels(self) -> tuple[StrEnum, ...]:
        return (*Channel, *Own)

    def scope(self, channel: StrEnum) -> Scope:
        return Scope.PUBLIC

    def feed_kind(self, channel: StrEnum) -> FeedKind:
        return self._kinds.get(channel) or super().feed_kind(channel)

    def feed(self, topic: Topic) -> Feed:
        channel = Channel.BOOK if topic.channel is Channel.BOOK_DELTAS else topic.channel
        return f"{channel}:{topic.symbol}"

    def needs_credentials(self, feed: Feed) -> bool:
        return feed in self._secret

    def companions(self, feed: Feed) -> tuple[Feed, ...]:
        return self._companions(feed)

    @property
    def waits_for_greeting(self) -> bool:
        return self._greets

    def ticket_request(self, scope: Scope, now_ns: int) -> HttpRequest | None:
        return HttpRequest("POST", "http://127.0.0.1:1/ticket") if self._ticket else None

    def dial(self, scope: Scope, now_ns: int, ticket: HttpResponse | None = None) -> DialRequest:
        if ticket is None:
            return DialRequest("ws://127.0.0.1:1/")
        if ticket.status == 401:
            raise AuthenticationError("the key is wrong", server_time_ns=ticket.server_time_ns)
        if ticket.status != 200:
            raise ConnectError("no tickets now", url="http://127.0.0.1:1/ticket")
        secret = ticket.body.decode()
        return DialRequest(f"ws://127.0.0.1:1/?token={secret}", opening=(f"auth {secret}",))

    def book_query(self, feed: Feed) -> Query | None:
        return Query("order book", f"/{feed}") if self._by_request else None

    def read_book_answer(self, feed: Feed, body: bytes) -> BookUpdate:
        return self.read_book(body)

    def read_book_after(self, frame: bytes, sequence: int) -> BookUpdate:
        update = self.read_book(frame)
        items = json.loads(frame)["items"]
        newer = [text for number, *level in items if number > sequence for text in level]
        return update._replace(levels=pack(newer, ()))

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        return HttpRequest("GET", f"http://127.0.0.1:1{query.path}")

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        if response.status == 404:
            return None
        if response.status != 200:
            raise VenueError("not for you")
        return response.body

    def route_key(self, frame: bytes) -> Hashable | None:
        head, found, _ = frame.partition(b'","')
        return head if found and head.startswith(b'{"feed":"') else None

    def read(self, frame: bytes) -> Event:
        match json.loads(frame):
            case {"feed": str(feed)}:
                return Data(feed)
            case {"ack": request_id, **rest}:
                served = rest.get("served")
                return Ack(request_id, None if served is None else frozenset(served))
            case {"reject": request_id, "reason": reason}:
                return Reject(request_id, reason)
            case {"denied": request_id, "reason": reason}:
                return Denied(request_id, reason)
            case {"closing": reason}:
                return Closing(reason)
            case "welcome":
                return Greeting(None, None)
            case "pong":
                return PongReceived()
        return Unknown("something")

    def decoder(self, channel: StrEnum) -> Decoder:
        def decode(frame: bytes, received_time_ns: int) -> list[Message[Any]]:
            fields = json.loads(frame)
            symbol = fields["feed"].partition(":")[2]
            trade = Trade(
                trade_id=str(fields["id"]),
                price=Decimal(1),
                size=Decimal(1),
                side="buy",
                timestamp=1.0,
            )
            message: Message[Any] = Message(
                venue="fake",
                channel=channel.value,
                symbol=symbol,
                data=trade,
                timestamp=1.0,
                exchange_time_ns=None,
                received_time_ns=received_time_ns,
                is_snapshot="last" in fields,
            )
            return [message]

        return decode

    def read_book(self, frame: bytes) -> BookUpdate:
        fields = json.loads(frame)
        if "bids" not in fields:
            raise DecodeError("no bids")
        levels = pack(fields["bids"], fields.get("asks", ()))
        previous, sequence = fields.get("after"), fields.get("at")
        return BookUpdate(levels, previous, sequence, None, "snapshot" in fields)

    def last_trade(self, frame: bytes) -> LastTrade | None:
        fields = json.loads(frame)
        symbol = fields["feed"].partition(":")[2]
        is_heartbeat = fields["feed"].startswith("beat") or "last" in fields
        return LastTrade(symbol, fields["id"], is_heartbeat)

    def encode(self, intent: Intent, request_id: int, now_ns: int) -> str:
        kind = type(intent).__name__.lower()
        feeds = intent.feeds if isinstance(intent, Subscribe | Unsubscribe) else ()
        return json.dumps({"id": request_id, "kind": kind, "feeds": feeds, "signed": now_ns})


class FakeLine(Line):
    """A session with this venue."""

    def __init__(self, **does: Any) -> None:
        super().__init__()
        self.venue: Any = FakeVenue(**does)
        self.registry = Registry()
        counters: dict[str, ChannelCounters] = self.counters
        self.session = Session(
            self.venue, Scope.PUBLIC, counters.__getitem__, self.events.append, self.ledger
        )

    def asked(self, kind: str = "subscribe") -> list[list[str]]:
        """What goes out now, of one kind."""
        return [each["feeds"] for each in self.sent() if each["kind"] == kind]

    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.session.pull(self.now)]

    def say(self, *frames: Any) -> None:
        self.receive(*(json.dumps(each, separators=(",", ":")) for each in frames))

    def book(self, symbol: str = "A") -> Listener:
        return self.join(Channel.BOOK, symbol, level=5)


def trade(number: int, symbol: str = "A", **more: Any) -> dict[str, Any]:
    return {"feed": f"trades:{symbol}", "id": number, **more}


def beat(number: int, symbol: str = "A") -> dict[str, Any]:
    return {"feed": f"beat:{symbol}", "id": number}


def change(bid: str, *, after: int | None = None, at: int | None = None, **more: Any) -> Any:
    """A change of a book to one bid of size 1."""
    return {"feed": "book:A", "bids": [bid, "1"], "after": after, "at": at, **more}


def snapshot(bid: str, ask: str, at: int | None = None) -> Any:
    return {"feed": "book:A", "bids": [bid, "1"], "asks": [ask, "1"], "at": at, "snapshot": 1}


__all__ = [
    "START_NS",
    "FakeLine",
    "FakeVenue",
    "Own",
    "beat",
    "change",
    "snapshot",
    "trade",
]
