"""KuCoin's session: which feed a frame belongs to, what control frames mean, how requests look.

Pure. What is in data frames: ``market``, ``books`` and ``private``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Sequence
from typing import Any, Final

from pydantic_core import from_json

from weex_client.errors import TransportError
from weex_client.protocol import (
    Ack,
    Closing,
    Data,
    Denied,
    Event,
    Feed,
    Greeting,
    Intent,
    Ping,
    Pong,
    PongReceived,
    Reject,
    Subscribe,
    Unknown,
)
from weex_client.venues.kucoin.channels import (
    ALL_TICKERS,
    BALANCES,
    DEPTHS,
    LEVEL2,
    ORDERS,
    PRIVATE_TOPICS,
    STOP_ORDERS,
    SYMBOL_TOPICS,
    argument,
    carrier,
    path,
)
from weex_client.venues.kucoin.wire import nanoseconds

__all__ = ["blamed", "encode", "order_key", "read", "route_key", "sent_time_ns"]

# The order of an envelope's keys varies: today's frames begin with the topic, older ones end with
# it (fixtures). Behind the topic's own quotes nothing inside ``data`` can look like either.
_HEAD = re.compile(
    rb'\{(?:"type":"message",)?"topic":"([^"\\]+)",(?:"type":"message",)?"subject":"([^"\\]+)"'
)
_TAIL = re.compile(rb',"topic":"([^"\\]+)","type":"message"\}$')
_TAIL_BYTES = 120

# Some frames of orders name the older topic, though the newer was asked for: the subject tells.
_BY_SUBJECT: Final[dict[str, Feed]] = {
    "orderChange": ORDERS,
    "account.balance": BALANCES,
    "stopOrder": STOP_ORDERS,
}
_PATHS: Final = frozenset({*SYMBOL_TOPICS.values(), *DEPTHS.values(), LEVEL2})

# Reasons are kept and told; the venue's are a line.
_MAX_REASON_LENGTH = 300

# The time in a data frame, by whatever name and unit; a pong's is in microseconds. Those of orders
# and balances are about the thing and not about the frame: they are not looked at.
_SENT_TIME = re.compile(rb'"(?:time|timestamp|datetime)":"?(\d{10,19})[",}]').search
_PRIVATE = b'"channelType":"private"'

# Of tickers and trades: the match engine's own counter of the symbol.
_SEQUENCE = re.compile(rb'"sequence":"(\d{1,19})"').search
# Frames of these topics may be about any of many symbols, which they name.
_SYMBOLS = re.compile(rb'"topic":"/market/(?:ticker:all|snapshot:)').search
_SUBJECT = re.compile(rb'"(?:subject|symbolCode)":"([A-Z0-9]+-[A-Z0-9]+)"').search


def route_key(frame: bytes) -> Hashable | None:
    """Read the topic from the first or the last bytes, where usual."""
    head = _HEAD.match(frame)
    if head is None:
        head = _TAIL.search(frame, max(0, len(frame) - _TAIL_BYTES))
    return None if head is None else head[1]


def read(frame: bytes) -> Event:
    """Read completely what a frame means; every frame has a ``type`` (sheet, 2)."""
    try:
        fields = from_json(frame)
    except ValueError:
        return _damaged(frame)
    if not isinstance(fields, dict):
        return Unknown(f"JSON {type(fields).__name__}")
    match fields.get("type"):
        case "message":
            return _data(fields)
        case "ack":
            return Ack(_text(fields.get("id")))
        case "pong":
            return PongReceived(_stamp(fields.get("timestamp")))
        case "welcome":
            return Greeting(_text(fields.get("id")), None)
        case "error":
            return _error(fields)
        case str(kind):  # ``notice`` and ``command`` are documented, without a word on either
            return Unknown(f"type {kind!r:.40}")
        case _:
            return Unknown("no type")


def _damaged(frame: bytes) -> Event:
    """Read whose data it is that cannot be read, where the first or the last bytes still tell."""
    head = _HEAD.match(frame) or _TAIL.search(frame, max(0, len(frame) - _TAIL_BYTES))
    parts = () if head is None else (part.decode("utf-8", "replace") for part in head.groups())
    event = _data(dict(zip(("topic", "subject"), parts, strict=False)))
    return event if isinstance(event, Data) else Unknown("not JSON")


def _stamp(value: Any) -> int | None:
    """Return the time that newer servers put into a pong, of any unit."""
    try:
        return nanoseconds(int(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _data(fields: dict[str, Any]) -> Event:
    topic, subject = fields.get("topic"), fields.get("subject")
    if isinstance(subject, str) and subject in _BY_SUBJECT:
        return Data(_BY_SUBJECT[subject])
    if not isinstance(topic, str):
        return Unknown("no topic")
    if path(topic) in _PATHS and argument(topic):
        return Data(topic)
    return Unknown(f"topic {path(topic)!r:.60}")


def _error(fields: dict[str, Any]) -> Event:
    """Tell whether an error is about a request, about who asks, or about the connection."""
    code, reason = fields.get("code"), _text(fields.get("data"))
    text = f"{reason or 'no reason given'} (code {code})"[:_MAX_REASON_LENGTH]
    request_id = _text(fields.get("id"))
    if code == 403:
        return Denied(request_id, text)
    is_line = code in (401, 500, 509) or (code == 400 and "timeout" in (reason or ""))
    if is_line:
        # A token that is no longer good, a server in trouble, too much asked at a time: another
        # connection, with another token and after a pause, may do. No stream ends for it.
        return Closing(text, TransportError(f"KuCoin gives the connection up: {text}"))
    return Reject(request_id, text)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def sent_time_ns(frame: bytes) -> int | None:
    """Read the stamp of a data frame or a pong, of any unit; other answers have none."""
    if _PRIVATE in frame:
        return None
    stamp = _SENT_TIME(frame)
    if stamp is None:
        return None
    try:
        return nanoseconds(int(stamp[1]))
    except ValueError:
        return None


def order_key(frame: bytes) -> int | None:
    """Read the engine's sequence, or else the time, of a frame about one symbol.

    An account's frames have none: several share a time.
    """
    if _PRIVATE in frame:
        return None
    found = _SEQUENCE(frame) or _SENT_TIME(frame)
    return None if found is None else int(found[1])


def order_subject(frame: bytes) -> bytes | None:
    """Read which symbol a frame is about, where its topic has many; None where it has one."""
    found = _SUBJECT(frame) if _SYMBOLS(frame) else None
    return None if found is None else found[1]


def encode(intent: Intent, request_id: int) -> str:
    """Write a request; feeds of one path become one topic with a list."""
    request: dict[str, Any] = {"id": str(request_id)}
    match intent:
        case Ping() | Pong():
            request["type"] = "ping"
        case _:
            feeds = [carrier(feed) for feed in intent.feeds]
            arguments = ",".join(filter(None, map(argument, feeds)))
            request |= {
                "type": "subscribe" if isinstance(intent, Subscribe) else "unsubscribe",
                "topic": f"{path(feeds[0])}:{arguments}" if arguments else feeds[0],
                "privateChannel": feeds[0] in PRIVATE_TOPICS,
                # Without it there is no ack at all (sheet, 3).
                "response": True,
            }
    return json.dumps(request, separators=(",", ":"))


def blamed(reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
    """Return which feeds of a refused request the venue's words name, by topic or symbol."""
    if len(feeds) == 1:
        return feeds
    named = set(re.findall(r"[\w-]+", reason))
    return [
        feed
        for feed in feeds
        if feed != ALL_TICKERS and (feed in reason or argument(feed) in named)
    ]
