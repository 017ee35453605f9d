"""The server's side of the WEEX V3 public wire: client frames in, venue frames out.

What may be subscribed is in `streams`; when something is sent is the sandbox's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from weex_client.venues.weex.streams import PriceType, RefusedRequestError

RequestId = int | str | None
Method = Literal["SUBSCRIBE", "UNSUBSCRIBE", "PING", "PONG"]
Levels = Iterable[tuple[Decimal, Decimal]]

_PRICE_CHANGE_SHARE_STEP = Decimal("0.000001")
_AVERAGE_PRICE_STEP = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Request:
    """One frame of a client: a method, its streams as spelled, and the id to echo."""

    method: Method
    params: tuple[str, ...]
    request_id: RequestId


class TickerFigures(NamedTuple):
    """A 24 h ticker; mark and index exist on contract only. Times in milliseconds."""

    last: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    open_time_ms: int
    close_time_ms: int
    trade_count: int
    mark_price: Decimal | None = None
    index_price: Decimal | None = None


class TradeFigures(NamedTuple):
    """One public trade. The notional is the exact product of price and size."""

    time_ms: int
    trade_id: str
    price: Decimal
    size: Decimal
    notional: Decimal
    buyer_is_maker: bool


class CandleFigures(NamedTuple):
    """One candle; ``sold_*`` are the one-sided figures ``V`` and ``Q`` (sheet, 7.3)."""

    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int
    sold_volume: Decimal
    sold_quote_volume: Decimal


def parse_request(text: str) -> Request:
    """Read one client frame.

    Raises:
        RefusedRequestError: If the frame is no request; its reason is the venue's text.

    Source:
        WEEX V3, sheet section 4.
    """
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedRequestError(f"unrecognized message : {text}") from None
    if not isinstance(frame, dict):
        raise RefusedRequestError(f"unrecognized message : {text}")
    request_id = frame.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str):
        request_id = None
    params = frame.get("params", [])
    method = frame.get("method")
    match method:
        case "SUBSCRIBE" | "UNSUBSCRIBE" | "PING" | "PONG":
            if isinstance(params, list) and all(isinstance(stream, str) for stream in params):
                return Request(method, tuple(params), request_id)
        case str():
            raise RefusedRequestError(f"invalid event : {method}", request_id)
    raise RefusedRequestError(f"unrecognized message : {text}", request_id)


def encode_greeting(connection_id: str, time_ms: int) -> str:
    """Write the first frame of a socket."""
    return _text({"cid": connection_id, "event": "connected", "time": str(time_ms)})


def encode_ping(time_ms: int) -> str:
    """Write the public socket's ping."""
    return _text({"event": "ping", "time": str(time_ms)})


def encode_ack(request_id: RequestId) -> str:
    """Write the answer to an accepted request; the id keeps its JSON type."""
    if request_id is None:
        return _text({"result": True})
    return _text({"result": True, "id": request_id})


def encode_refusal(refusal: RefusedRequestError, request_id: RequestId) -> str:
    """Write the answer to a refused request."""
    reason = f"INVALID_ARGUMENT: {refusal.reason}"
    if request_id is None:
        return _text({"result": False, "msg": reason})
    return _text({"result": False, "id": request_id, "msg": reason})


def encode_pong(request_id: RequestId) -> str:
    """Write the echo that spot gives to a client's PONG; contract gives none (sheet, 12)."""
    return _text({"id": request_id, "method": "PONG"})


def encode_ticker(symbol: str, time_ms: int, figures: TickerFigures) -> str:
    """Write a ticker frame; the change is a fraction here, whatever the documentation says."""
    change = figures.last - figures.open
    share = (change / figures.open).quantize(_PRICE_CHANGE_SHARE_STEP)
    average = figures.quote_volume / figures.volume if figures.volume else figures.last
    row: dict[str, object] = {
        "p": _digits(change),
        "P": _digits(share),
        "w": _digits(average.quantize(_AVERAGE_PRICE_STEP)),
        "c": _digits(figures.last),
        "o": _digits(figures.open),
        "h": _digits(figures.high),
        "l": _digits(figures.low),
        "v": _digits(figures.volume),
        "q": _digits(figures.quote_volume),
        "O": figures.open_time_ms,
        "C": figures.close_time_ms,
        "n": figures.trade_count,
    }
    if figures.mark_price is not None and figures.index_price is not None:
        row["m"] = _digits(figures.mark_price)
        row["i"] = _digits(figures.index_price)
    return _data("ticker", time_ms, symbol, {"d": [row]})


def encode_trades(
    symbol: str, time_ms: int, trades: Iterable[TradeFigures], *, is_snapshot: bool = False
) -> str:
    """Write a trade frame, items in the given order."""
    rows = [
        {
            "T": trade.time_ms,
            "t": trade.trade_id,
            "p": _digits(trade.price),
            "q": _digits(trade.size),
            "v": _digits(trade.notional),
            "m": trade.buyer_is_maker,
        }
        for trade in trades
    ]
    return _data("tradeSnapshot" if is_snapshot else "trade", time_ms, symbol, {"d": rows})


def encode_candles(
    symbol: str,
    time_ms: int,
    interval: str,
    price_type: PriceType,
    candles: Iterable[CandleFigures],
    *,
    is_snapshot: bool = False,
) -> str:
    """Write a kline frame, oldest candle first."""
    rows = [
        {
            "t": candle.open_time_ms,
            "T": candle.close_time_ms,
            "s": symbol,
            "i": interval,
            "o": _digits(candle.open),
            "c": _digits(candle.close),
            "h": _digits(candle.high),
            "l": _digits(candle.low),
            "v": _digits(candle.volume),
            "n": candle.trade_count,
            "q": _digits(candle.quote_volume),
            "V": _digits(candle.sold_volume),
            "Q": _digits(candle.sold_quote_volume),
        }
        for candle in candles
    ]
    event = "klineSnapshot" if is_snapshot else "kline"
    return _data(event, time_ms, symbol, {"p": price_type, "d": rows})


def encode_depth(
    symbol: str,
    time_ms: int,
    level: int,
    sequences: tuple[int, int],
    bids: Levels,
    asks: Levels,
    *,
    is_snapshot: bool = False,
) -> str:
    """Write a depth frame.

    Args:
        symbol: Upper case.
        time_ms: When the frame is built.
        level: 15 or 200.
        sequences: Where the previous frame ended and where this one ends (``U`` and ``u``).
        bids: Price and size; a size of zero removes the level.
        asks: As the bids.
        is_snapshot: True for the whole window, best first.
    """
    return _data(
        "depthSnapshot" if is_snapshot else "depth",
        time_ms,
        symbol,
        {
            "U": sequences[0],
            "u": sequences[1],
            "l": level,
            "d": "SNAPSHOT" if is_snapshot else "CHANGED",
            "b": _pairs(bids),
            "a": _pairs(asks),
        },
    )


def encode_book_ticker(
    symbol: str,
    time_ms: int,
    update_id: int,
    bid: tuple[Decimal, Decimal],
    ask: tuple[Decimal, Decimal],
) -> str:
    """Write a best-bid-and-ask frame (spot): flat, without ``d``."""
    return _data(
        "bookTicker",
        time_ms,
        symbol,
        {
            "u": update_id,
            "b": _digits(bid[0]),
            "B": _digits(bid[1]),
            "a": _digits(ask[0]),
            "A": _digits(ask[1]),
        },
    )


def _pairs(levels: Levels) -> list[tuple[str, str]]:
    # A removed level is spelled "0", whatever the symbol's digits (contract-depth.jsonl).
    return [(_digits(price), _digits(size) if size else "0") for price, size in levels]


def _digits(number: Decimal) -> str:
    return format(number, "f")


def _data(event: str, time_ms: int, symbol: str, rest: Mapping[str, object]) -> str:
    return _text({"e": event, "E": time_ms, "s": symbol, **rest})


def _text(frame: Mapping[str, object]) -> str:
    return json.dumps(frame, separators=(",", ":"))
