"""The server's side of KuCoin's public wire: client frames in, venue frames out.

When something is sent is the sandbox's business; account frames are in ``mirror_private``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

__all__ = [
    "CandleFigures",
    "DayRow",
    "Levels",
    "RefusedRequestError",
    "Request",
    "TickerFigures",
    "TradeFigures",
    "candle_row",
    "digits",
    "encode_ack",
    "encode_book",
    "encode_book_ticker",
    "encode_bullet",
    "encode_candle",
    "encode_changes",
    "encode_error",
    "encode_pong",
    "encode_snapshot",
    "encode_ticker",
    "encode_trade",
    "encode_welcome",
    "level_rows",
    "message",
    "parse_request",
]

Kind = Literal["subscribe", "unsubscribe", "ping"]
Levels = Iterable[tuple[Decimal, Decimal]]

# What one request, and one session, may name (sheet, 3).
_MAX_ARGUMENTS = 100

_RATE_STEP = Decimal("0.0001")


class RefusedRequestError(Exception):
    """The venue answers a request with an error frame.

    Attributes:
        code: The venue's.
        request_id: What it echoes, or None.
    """

    def __init__(self, code: int, text: str, request_id: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """One frame of a client.

    Attributes:
        kind: What it wants.
        request_id: What is echoed: a text, whatever was sent.
        topics: One for each symbol of the list behind the colon; none of a ping.
        wants_ack: Whether an answer was asked for.
        is_private: Whether it says to be about an account.
    """

    kind: Kind
    request_id: str
    topics: tuple[str, ...] = ()
    wants_ack: bool = False
    is_private: bool = False


class TickerFigures(NamedTuple):
    """Last trade and touch; prices and sizes."""

    last: tuple[Decimal, Decimal]
    bid: tuple[Decimal, Decimal]
    ask: tuple[Decimal, Decimal]
    sequence: int
    time_ms: int


class DayRow(NamedTuple):
    """The figures of 24 hours."""

    symbol: str
    base: str
    quote: str
    last: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    turnover: Decimal
    bid: tuple[Decimal, Decimal]
    ask: tuple[Decimal, Decimal]
    sequence: int
    time_ms: int


class TradeFigures(NamedTuple):
    """One public trade, with the taker's side."""

    trade_id: str
    price: Decimal
    size: Decimal
    side: Literal["buy", "sell"]
    sequence: int
    time_ns: int


class CandleFigures(NamedTuple):
    """One candle."""

    start_s: int
    open: Decimal
    close: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    turnover: Decimal


def parse_request(text: str) -> Request:
    """Read one client frame.

    Raises:
        RefusedRequestError: If it is no request; code and text are the venue's.

    Source:
        KuCoin, sheet section 3.
    """
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RefusedRequestError(400, f"request is not JSON: {exc}"[:200]) from None
    if not isinstance(frame, dict):
        raise RefusedRequestError(400, "request is not a JSON object")
    request_id = frame.get("id")
    # Whatever it was, it comes back as a text (client.jsonl: 1 is answered with "1").
    echoed = "" if request_id is None else str(request_id)
    kind = frame.get("type")
    if kind == "ping":
        return Request("ping", echoed)
    if kind not in ("subscribe", "unsubscribe"):
        raise RefusedRequestError(415, f"type {kind!s:.40} is not supported", echoed)
    topic = frame.get("topic")
    if not topic:
        raise RefusedRequestError(406, "topic is required", echoed)
    if not isinstance(topic, str):
        raise RefusedRequestError(400, "topic is invalid", echoed)
    path, colon, names = topic.partition(":")
    arguments = names.split(",") if colon else []
    if not all(arguments):
        raise RefusedRequestError(400, f"topic {topic:.100} is invalid", echoed)
    if len(arguments) > _MAX_ARGUMENTS:
        raise RefusedRequestError(
            509, f"exceed max subscription count limitation of {_MAX_ARGUMENTS} per time", echoed
        )
    topics = tuple(dict.fromkeys(f"{path}:{each}" for each in arguments)) or (path,)
    is_acked, is_private = frame.get("response") is True, frame.get("privateChannel") is True
    return Request(kind, echoed, topics, is_acked, is_private)


def encode_bullet(token: str, endpoint: str, interval_ms: int, timeout_ms: int) -> object:
    """Return the answer to a token request."""
    return {
        "code": "200000",
        "data": {
            "token": token,
            "instanceServers": [
                {
                    "endpoint": endpoint,
                    "encrypt": endpoint.startswith("wss"),
                    "protocol": "websocket",
                    "pingInterval": interval_ms,
                    "pingTimeout": timeout_ms,
                }
            ],
        },
    }


def encode_welcome(connection_id: str) -> str:
    """Write the first frame of a socket."""
    return _text({"id": connection_id, "type": "welcome"})


def encode_ack(request_id: str) -> str:
    """Write the answer to an accepted request."""
    return _text({"id": request_id, "type": "ack"})


def encode_pong(request_id: str, time_ns: int) -> str:
    """Write the answer to a ping."""
    return _text({"id": request_id, "type": "pong", "timestamp": time_ns // 1_000})


def encode_error(code: int, text: str, request_id: str | None = None) -> str:
    """Write an error, about a request where it has an id."""
    identity = {"id": request_id} if request_id else {}
    return _text({**identity, "type": "error", "code": code, "data": text})


def encode_ticker(topic: str, subject: str, figures: TickerFigures) -> str:
    """Write a ticker; of all tickers, the subject is the symbol."""
    data = {
        "bestAsk": digits(figures.ask[0]),
        "bestAskSize": digits(figures.ask[1]),
        "bestBid": digits(figures.bid[0]),
        "bestBidSize": digits(figures.bid[1]),
        "price": digits(figures.last[0]),
        "sequence": str(figures.sequence),
        "size": digits(figures.last[1]),
        "time": figures.time_ms,
    }
    return message(topic, subject, data)


def encode_snapshot(topic: str, row: DayRow) -> str:
    """Write the figures of 24 hours; they are JSON numbers, to the last digit."""
    change = row.last - row.open
    data = {
        "askSize": row.ask[1],
        "baseCurrency": row.base,
        "bidSize": row.bid[1],
        "board": 1,
        "buy": row.bid[0],
        "changePrice": change,
        "changeRate": (change / row.open).quantize(_RATE_STEP),
        "close": row.last,
        "datetime": row.time_ms,
        "high": row.high,
        "lastTradedPrice": row.last,
        "low": row.low,
        "marginTrade": False,
        "mark": 0,
        "market": row.quote,
        "markets": [row.quote],
        "open": row.open,
        "quoteCurrency": row.quote,
        "sell": row.ask[0],
        "sort": 100,
        "symbol": row.symbol,
        "symbolCode": row.symbol,
        "trading": True,
        "vol": row.volume,
        "volValue": row.turnover,
    }
    body = _exact({"sequence": str(row.sequence), "data": data})
    head = _text({"topic": topic, "type": "message", "subject": "trade.snapshot"})
    return f'{head[:-1]},"data":{body}}}'


def _exact(value: object) -> str:
    """Write JSON with every digit of its numbers."""
    match value:
        case Decimal():
            return digits(value)
        case Mapping():
            parts = (f"{json.dumps(name)}:{_exact(part)}" for name, part in value.items())
            return f"{{{','.join(parts)}}}"
        case _:
            return json.dumps(value, separators=(",", ":"))


def encode_trade(topic: str, symbol: str, trade: TradeFigures) -> str:
    """Write a trade."""
    data = {
        "makerOrderId": f"m{trade.trade_id}",
        "price": digits(trade.price),
        "sequence": str(trade.sequence),
        "side": trade.side,
        "size": digits(trade.size),
        "symbol": symbol,
        "takerOrderId": f"t{trade.trade_id}",
        "time": str(trade.time_ns),
        "tradeId": trade.trade_id,
        "type": "match",
    }
    return message(topic, "trade.l3match", data)


def candle_row(candle: CandleFigures) -> list[str]:
    """Return a candle in the venue's order: start, open, close, high, low, volume, turnover."""
    return [str(candle.start_s), *(digits(number) for number in candle[1:])]


def encode_candle(
    topic: str, symbol: str, candle: CandleFigures, time_ns: int, *, is_new: bool
) -> str:
    """Write a candle, said to be new where it was not sent before."""
    data = {"symbol": symbol, "candles": candle_row(candle), "time": time_ns}
    return message(topic, f"trade.candles.{'add' if is_new else 'update'}", data)


def encode_book_ticker(
    topic: str, bid: tuple[Decimal, Decimal], ask: tuple[Decimal, Decimal], time_ms: int
) -> str:
    """Write the top of a book: one pair a side."""
    data = {"asks": [*map(digits, ask)], "bids": [*map(digits, bid)], "timestamp": time_ms}
    return message(topic, "level1", data)


def encode_book(topic: str, bids: Levels, asks: Levels, time_ms: int) -> str:
    """Write a complete book of a depth, best levels first."""
    data = {"asks": level_rows(asks), "bids": level_rows(bids), "timestamp": time_ms}
    return message(topic, "level2", data)


def encode_changes(
    topic: str,
    symbol: str,
    sequences: tuple[int, int],
    bids: Levels,
    asks: Levels,
    time_ms: int,
) -> str:
    """Write changes of a book.

    Args:
        topic: As it was subscribed.
        symbol: Whose.
        sequences: The one before the first that is covered, and the last.
        bids: Price and size; a size of zero removes the level.
        asks: As the bids.
        time_ms: When.
    """
    before, last = sequences
    sides = {
        name: [[*row, str(last)] for row in level_rows(levels)]
        for name, levels in (("asks", asks), ("bids", bids))
    }
    if before + 1 < last:
        # What changed and changed back takes a number, at a price that says nothing.
        sides["bids"].insert(0, ["0", "0", str(before + 1)])
    data = {
        "changes": sides,
        "sequenceEnd": last,
        "sequenceStart": before + 1,
        "symbol": symbol,
        "time": time_ms,
    }
    return message(topic, "trade.l2update", data)


def level_rows(levels: Levels) -> list[list[str]]:
    """Return levels as rows of texts; a size of zero is ``0``."""
    return [[digits(price), digits(size) if size else "0"] for price, size in levels]


def message(topic: str, subject: str, data: object) -> str:
    """Write a data frame."""
    return _text({"topic": topic, "type": "message", "subject": subject, "data": data})


def digits(number: Decimal) -> str:
    """Return a number's digits, without an exponent."""
    return format(number, "f")


def _text(frame: Mapping[str, object]) -> str:
    return json.dumps(frame, separators=(",", ":"))
