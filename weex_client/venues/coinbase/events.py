"""What Coinbase Exchange's frames are: answers, refusals, or data, and of which feed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic_core import from_json

from weex_client.protocol import Ack, Closing, Data, Denied, Event, Feed, Reject, Unknown
from weex_client.venues.coinbase.channels import ALIASES, USER_FEEDS, feed_of, parts_of

__all__ = ["blamed", "read"]

# Reasons are kept and told; the venue's are a line.
_MAX_REASON_LENGTH: Final = 300

_TYPE = re.compile(rb'\{"type":"(\w+)"').match
# A snapshot is a megabyte; its product is found without reading it as JSON.
_SNAPSHOT = re.compile(rb'\{"type":"snapshot","').match
_PRODUCT = re.compile(rb'"product_id":"([^"\\]{1,64})"').search
_WHOLE_PRODUCT = re.compile(rb'"product_id":"([A-Z0-9]{1,32}-[A-Z0-9]{1,32})"').search

# Steps of orders: everybody's on ``full``, one's own on ``user``.
_STEPS: Final = frozenset({"received", "open", "done", "change", "activate"})
# The feed of a frame by its type, where it has one of its own, per product.
_CHANNELS: Final = {"heartbeat": "heartbeat", "auction": "auctionfeed"}
# The same where the product does not tell the feed.
_WHOLE: Final = {"status": "status", "level3": "level3", "balance": "balance"}

_ABOUT_WHO_ASKS: Final = re.compile(r"authenticat|api key|signature|passphrase|timestamp", re.I)
_TOO_SLOW: Final = ("ErrSlowConsume", "ErrSlowRead")
_NOT_VALID = re.compile(r"(\S+) is not a valid (product|channel)").search


def read(frame: bytes, book_channel: str) -> Event:
    """Read completely what a frame means. Never raises.

    Args:
        frame: What came.
        book_channel: The channel that books come from on this connection: frames do not say it.
    """
    if _SNAPSHOT(frame) is not None:
        product = _PRODUCT(frame)
        if product is not None:
            return Data(feed_of(book_channel, product[1].decode("utf-8", "replace")))
    try:
        fields = from_json(frame)
    except ValueError:
        return _damaged(frame, book_channel)
    if isinstance(fields, list):
        # Its product stands where the schema says (sheet, 7.1).
        return Data("level3") if fields else Unknown("JSON list")
    if not isinstance(fields, dict):
        return Unknown(f"JSON {type(fields).__name__}")
    match fields.get("type"):
        case "subscriptions":
            return Ack(None, frozenset(_served(fields.get("channels"), book_channel)))
        case "error":
            return _refusal(fields)
        case str(kind):
            return _data(kind, fields.get("product_id"), book_channel)
    return Unknown("no type")


def _damaged(frame: bytes, book_channel: str) -> Event:
    """Read whose data it is that cannot be read, where type and product still tell."""
    kind, product = _TYPE(frame), _WHOLE_PRODUCT(frame)
    if kind is None:
        return Unknown("not JSON")
    name = None if product is None else product[1].decode("ascii")
    event = _data(kind[1].decode("ascii", "replace"), name, book_channel)
    return event if isinstance(event, Data) else Unknown("not JSON")


def _served(channels: Any, book_channel: str) -> Iterable[Feed]:
    """Name all feeds of an answer, which has the complete list of them each time.

    There is one channel of books on a connection, whatever it is called: how has changed before.
    """
    for each in channels if isinstance(channels, list) else ():
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str):
            continue
        channel = ALIASES.get(name, name)
        if channel in ("level2", "level2_batch"):
            channel = book_channel
        products = each.get("product_ids")
        if channel == "user":
            yield from USER_FEEDS.values()
        elif channel == "status" or not isinstance(products, list) or not products:
            yield channel
        else:
            yield from (feed_of(channel, product) for product in products if product)


def _refusal(fields: dict[str, Any]) -> Event:
    said = [_words(fields.get(name)) for name in ("message", "reason")]
    reason = ": ".join(each for each in said if each)[:_MAX_REASON_LENGTH] or "no reason given"
    if any(name in reason for name in _TOO_SLOW):
        return Closing(f"{reason}: this program reads too slowly")
    if _ABOUT_WHO_ASKS.search(reason):
        return Denied(None, reason)
    return Reject(None, reason)


def _words(text: Any) -> str:
    """Return a text, or the message inside it, which is JSON where credentials are refused."""
    if not isinstance(text, str):
        return ""
    if text.startswith("{"):
        try:
            inner = from_json(text)
        except ValueError:
            inner = None
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            text = inner["message"]
    return "".join(each for each in text if each.isprintable())


def _data(kind: str, product: Any, book_channel: str) -> Event:
    if kind in _WHOLE:
        return Data(_WHOLE[kind])
    if kind == "rfq_match":
        return Data("rfq_matches")
    if not isinstance(product, str):
        return Unknown(f"{kind!r:.40} without a product")
    if kind in _CHANNELS:
        return Data(feed_of(_CHANNELS[kind], product))
    if kind in ("snapshot", "l2update"):
        return Data(feed_of(book_channel, product))
    if kind == "ticker":
        return Data(feed_of("ticker", product), (feed_of("ticker_batch", product),))
    if kind in ("match", "last_match"):
        return Data(feed_of("matches", product), (feed_of("full", product), "user"))
    if kind in _STEPS:
        return Data(feed_of("full", product), ("user",))
    return Unknown(f"type {kind!r:.40}")


def blamed(reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
    """Return which feeds of a refused request the venue's words name.

    Where they name nothing, it is the only feed that somebody asked for: heartbeats go along
    with every feed, and nobody is refused them but for their product.
    """
    if len(feeds) == 1:
        return feeds
    named = _NOT_VALID(reason)
    if named is None:
        asked_for = tuple(feed for feed in feeds if parts_of(feed)[0] != "heartbeat")
        return asked_for if len(asked_for) == 1 else ()
    place = 1 if named[2] == "product" else 0
    return tuple(feed for feed in feeds if parts_of(feed)[place] == named[1])
