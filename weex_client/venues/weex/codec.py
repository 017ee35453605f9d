"""WEEX V3 public frames to messages, and intents to frames. Pure; account frames: ``private``.

Each reader has a fast way for frames spelled as the venue always spells them, and a complete
way for any other spelling of the same JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json

from weex_client.book import pack
from weex_client.errors import DecodeError
from weex_client.models import (
    BookTicker,
    Candle,
    Message,
    Trade,
    enveloped,
    validated,
    validator,
)
from weex_client.protocol import (
    Ack,
    BookUpdate,
    Channel,
    Data,
    Event,
    Feed,
    Greeting,
    Intent,
    Ping,
    Pong,
    PongReceived,
    Reject,
    ServerPing,
    Subscribe,
    Unknown,
)
from weex_client.venues.weex.wire import (
    LAST_MILLISECOND,
    MAX_TRADE_ID_LENGTH,
    BookTickerFrame,
    CandleFrame,
    DepthFrame,
    TickerMessage,
    TradeFrame,
    WeexBookTicker,
)

__all__ = [
    "VENUE",
    "blamed",
    "decode_book_ticker",
    "decode_candles",
    "decode_ticker",
    "decode_trades",
    "encode",
    "read",
    "read_book",
    "route_key",
    "trade_ids",
]


VENUE: Final = "weex"

PRIVATE_EVENTS: Final = frozenset({"account", "orders", "fill", "positions"})

# The first bytes of every data frame (fixtures): event, time, symbol; a depth frame goes on with
# its sequences and level, a candle with its price type and, inside the first item, its interval.
# A frame that lacks what tells its feed from another of the same symbol does not match.
_HEAD = re.compile(
    rb'\{"e":"(?:depth(\w*)","E":\d+,"s":"([^"\\]+)","U":\d+,"u":\d+,"l":(\d+),'
    rb'|kline(\w*)","E":\d+,"s":"([^"\\]+)","p":"(\w+)","d":\[\{"t":\d+,"T":\d+,"s":"[^"]+","i":"(\w+)"'
    rb'|(account|orders|fill|positions)","E":\d+,"v":'
    rb'|((?:t|b|24)\w+)","E":\d+,"s":"([^"\\]+)")'
)
# The same of a depth frame as far as its levels; the group after the event tells a snapshot.
# Longer numbers are left to the complete way: Python refuses to read thousands of digits.
_DEPTH_HEAD = re.compile(
    rb'\{"e":"depth(Snapshot)?","E":(\d{1,14}),"s":"[^"]+","U":(\d{1,18}),"u":(\d{1,18}),"l":\d+,'
    rb'"d":"\w+","b":(?=\[)'
)
# Levels without their digits and points; most texts are as long as one that was seen already.
_LEVELS = rb'\[(?:\["",""\](?:,\["",""\])*)?\]'
_SKELETON = re.compile(_LEVELS + rb',"a":' + _LEVELS + rb"\}").fullmatch
_LONG_SKELETON = 4096
# A numeral that begins with its point, or has no digit at all: left to the complete way.
_NO_DIGIT = re.compile(rb",(?:[.,]|$|:[.,])").search
_NO_NUMERALS = frozenset({"", "."})  # what digits and points may spell that is no number
# Printable ASCII without quote and backslash. Ids are remembered: longer ones are refused.
_TRADE_ID = re.compile(rb'"t":"([ !#-\[\]-~]{1,%d})"' % MAX_TRADE_ID_LENGTH)
# Reasons are kept and told; the venue's are a line.
_MAX_REASON_LENGTH = 300


# Once for all messages: an enumeration looks its members' values up each time.
_TRADES: Final = Channel.TRADES.value
_CANDLES: Final = Channel.CANDLES.value
_BOOK_TICKER: Final = Channel.BOOK_TICKER.value

_ticker = validator(TickerMessage)
_trades = validator(TradeFrame)
_candles = validator(CandleFrame)
_depth = validator(DepthFrame)
_book_ticker_envelope = validator(BookTickerFrame)
_book_ticker = validator(WeexBookTicker)


def route_key(frame: bytes) -> Hashable | None:
    """Read event, symbol, level, price type and interval from the first bytes, where usual."""
    head = _HEAD.match(frame)
    return None if head is None else head.groups()


def read(frame: bytes) -> Event:
    """Read completely what a frame means, in the order of tests that the venue's frames call for.

    Source:
        WEEX V3, wire of 2026-09: answers have ``result``, pings ``event`` or ``type``, data ``e``.
    """
    try:
        fields = from_json(frame)
    except ValueError:
        return _damaged(frame)
    if not isinstance(fields, dict):
        return Unknown(f"JSON {type(fields).__name__}")
    if "result" in fields:
        return _answer(fields)
    if fields.get("event") == "ping" or fields.get("type") == "ping":
        return ServerPing(_milliseconds(fields.get("time")))
    if fields.get("event") == "connected":
        return Greeting(_text(fields.get("cid")), _milliseconds(fields.get("time")))
    if fields.get("method") == "PONG":
        return PongReceived()
    return _data(fields)


def _damaged(frame: bytes) -> Event:
    """Read whose data it is that cannot be read, where the first bytes still tell."""
    head = _HEAD.match(frame)
    if head is None:
        return Unknown("not JSON")
    parts = ("" if part is None else part.decode(errors="replace") for part in head.groups())
    _, book, level, _, candle, price_type, interval, account, event, symbol = parts
    if book:
        return _data({"e": "depth", "s": book, "l": level})
    if candle:
        return _data({"e": "kline", "s": candle, "p": price_type, "d": [{"i": interval}]})
    return _data({"e": account or event, "s": symbol})


def _answer(fields: dict[str, Any]) -> Event:
    request_id = _text(fields.get("id"))
    if fields["result"] is True:
        return Ack(request_id)
    reason = _text(fields.get("msg")) or "no reason given"
    return Reject(request_id, reason[:_MAX_REASON_LENGTH])


def _data(fields: dict[str, Any]) -> Event:
    event, symbol = fields.get("e"), fields.get("s")
    if isinstance(event, str) and event in PRIVATE_EVENTS:
        return Data(event)
    if not isinstance(event, str) or not isinstance(symbol, str):
        return Unknown(f"event {event!r:.40}" if "e" in fields else "no event")
    match event:
        case "ticker" | "24hrTicker":
            return Data(f"{symbol.upper()}@ticker")
        case "trade" | "tradeSnapshot":
            return Data(f"{symbol.upper()}@trade")
        case "bookTicker":
            return Data(f"{symbol.upper()}@bookTicker")
        case "depth" | "depthSnapshot":
            level = fields.get("l")
            if not isinstance(level, int | str):
                return Unknown("order book without a level")
            return Data(f"{symbol.upper()}@depth{level}")
        case "kline" | "klineSnapshot":
            return _candle_feed(symbol.upper(), fields)
        case _:
            return Unknown(f"event {event!r:.40}")


def _candle_feed(symbol: str, fields: dict[str, Any]) -> Event:
    items = fields.get("d")
    first = items[0] if isinstance(items, list) and items else None
    interval = first.get("i") if isinstance(first, dict) else None
    price_type = fields.get("p", "LAST_PRICE")
    if not isinstance(interval, str) or not isinstance(price_type, str):
        return Unknown("candles without an interval")
    return Data(f"{symbol}@kline_{interval}_{price_type}")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _milliseconds(value: Any) -> int | None:
    """Turn the venue's milliseconds, a text or a number, into nanoseconds; None for nonsense."""
    try:
        milliseconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return milliseconds * 1_000_000 if 0 < milliseconds <= LAST_MILLISECOND else None


def decode_ticker(frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
    """Read ``ticker`` straight into its message.

    Raises:
        DecodeError: If the frame does not fit.
    """
    message = validated(_ticker, frame)
    milliseconds = message.exchange_time_ns
    # Nobody has seen this message yet; the frame's milliseconds become our units in place.
    fields = message.__dict__
    fields["symbol"] = message.symbol.upper()
    fields["timestamp"] = milliseconds / 1000
    fields["exchange_time_ns"] = milliseconds * 1_000_000
    fields["received_time_ns"] = received_time_ns
    return (message,)


def decode_trades(frame: bytes, received_time_ns: int) -> Sequence[Message[Trade]]:
    """Read ``trade`` or ``tradeSnapshot``, one message a trade, oldest first.

    Raises:
        DecodeError: If the frame does not fit.
    """
    batch = validated(_trades, frame)
    trades = batch.d
    if len(trades) > 1:
        # Items inside a frame are unordered, snapshots newest first (contract-trade.jsonl).
        trades.sort(key=lambda trade: trade.timestamp)
    symbol, is_snapshot = batch.s.upper(), batch.e == "tradeSnapshot"
    return [
        enveloped(
            VENUE,
            _TRADES,
            symbol,
            trade,
            round(trade.timestamp * 1000) * 1_000_000,
            received_time_ns,
            is_snapshot=is_snapshot,
        )
        for trade in trades
    ]


def trade_ids(frame: bytes) -> Sequence[str]:
    """Read the ids of a frame's trades from its bytes; empty where not spelled as usual."""
    trade_ids = _TRADE_ID.findall(frame)
    if frame.count(b"{") != len(trade_ids) + 1:
        return ()  # an id that was not found would be a trade that is lost
    return [trade_id.decode("ascii") for trade_id in trade_ids]


def decode_candles(frame: bytes, received_time_ns: int) -> Sequence[Message[Candle]]:
    """Read ``kline`` or ``klineSnapshot``, one message a candle, oldest first.

    The venue does not say which candles are closed: the session does.

    Raises:
        DecodeError: If the frame does not fit.
    """
    batch = validated(_candles, frame)
    candles = sorted(batch.d, key=lambda candle: candle.open_time)
    symbol, time_ns = batch.s.upper(), batch.E * 1_000_000
    is_snapshot = batch.e == "klineSnapshot"
    return [
        enveloped(
            VENUE, _CANDLES, symbol, candle, time_ns, received_time_ns, is_snapshot=is_snapshot
        )
        for candle in candles
    ]


def decode_book_ticker(frame: bytes, received_time_ns: int) -> Sequence[Message[BookTicker]]:
    """Read ``bookTicker``.

    Raises:
        DecodeError: If the frame does not fit.
    """
    envelope = validated(_book_ticker_envelope, frame)
    top = validated(_book_ticker, frame)
    return (
        enveloped(
            VENUE,
            _BOOK_TICKER,
            envelope.s.upper(),
            top,
            envelope.E * 1_000_000,
            received_time_ns,
            top.update_id,
        ),
    )


def read_book(frame: bytes) -> BookUpdate:
    """Read ``depth`` or ``depthSnapshot``.

    Raises:
        DecodeError: If the frame does not fit.

    Source:
        WEEX V3, public depth channel, fields ``U``, ``u``, ``b``, ``a``.
    """
    head = _DEPTH_HEAD.match(frame)
    if head is not None:
        levels = _levels(frame[head.end() :])
        if levels is not None:
            snapshot, milliseconds, first, last = head.groups()
            time_ns = int(milliseconds) * 1_000_000
            return BookUpdate(levels, int(first), int(last), time_ns, snapshot is not None)
    update = validated(_depth, frame)
    bids, asks = ([text for level in side for text in level] for side in (update.b, update.a))
    if not _NO_NUMERALS.isdisjoint((*bids, *asks)):
        raise DecodeError("a price or size without a digit")
    is_snapshot = update.e == "depthSnapshot"
    return BookUpdate(pack(bids, asks), update.U, update.u, update.E * 1_000_000, is_snapshot)


def _levels(sides: bytes) -> bytes | None:
    """Pack the numerals of both sides out of ``[...],"a":[...]}``.

    Without its digits, and without the one point that a numeral may have, the text must be the
    skeleton of so many levels, to the letter: what is packed is pairs of numerals and nothing
    else. A quarter of the cost of parsing the JSON and looking at each numeral, and order books
    are most of what a venue sends.

    Returns:
        Both sides as ``BookUpdate`` has them, or None where they are spelled in any other way.
    """
    skeleton = sides.translate(None, b"0123456789").replace(b'"."', b'""')
    is_usual = _is_skeleton(skeleton) if len(skeleton) < _LONG_SKELETON else _SKELETON(skeleton)
    if not is_usual:
        return None
    levels = sides.translate(None, b'"[]a}')
    begins_well = levels[0] not in b".," or levels.startswith(b",:")
    return levels if begins_well and _NO_DIGIT(levels) is None else None


@lru_cache(maxsize=1024)
def _is_skeleton(text: bytes) -> bool:
    return _SKELETON(text) is not None


def encode(intent: Intent, request_id: int, now_ns: int) -> str:  # noqa: ARG001  # unsigned
    """Write a request as the venue's clients do: method, params, id."""
    request: dict[str, Any]
    match intent:
        case Ping():
            request = {"method": "PING"}
        case Pong():
            request = {"method": "PONG"}
        case _:
            method = "SUBSCRIBE" if isinstance(intent, Subscribe) else "UNSUBSCRIBE"
            request = {"method": method, "params": list(intent.feeds)}
    return json.dumps(request | {"id": request_id}, separators=(",", ":"))


def blamed(reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
    """Return which feeds of a refused request the venue's words name.

    The whole request is answered false if one feed is bad, and the words name only the first:
    ``invalid symbol : X``, ``invalid event : kline_7m``, ``invalid depth level : 50``. Symbols
    are named as the venue's engine spells them: ``cmt_x`` on contract, ``X_SPBL`` on spot
    (errors.jsonl).
    """
    if len(feeds) == 1:
        return feeds
    _, found, named = reason.rpartition(" : ")
    named = named.strip()
    symbol_named = named.upper().removeprefix("CMT_").removesuffix("_SPBL")
    if not found or not symbol_named:
        return ()
    blamed_feeds = []
    for feed in feeds:
        symbol, _, stream = feed.partition("@")
        # Streams by their very spelling: 1m is a minute, 1M a month.
        if symbol == symbol_named or named in (stream, feed) or stream == f"depth{named}":
            blamed_feeds.append(feed)
    return blamed_feeds
