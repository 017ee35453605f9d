"""What a WEEX V3 public socket offers, and why it refuses a request. No frames here."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from weex_client.venues.weex.endpoints import Market
from weex_client.venues.weex.venue import DEPTHS, INTERVALS

PriceType = Literal["LAST_PRICE", "MARK_PRICE"]

_LEVEL_OF = {str(level): level for level in DEPTHS}
# A bare ``@depth`` means 15 (sheet, 7.4).
_DEFAULT_LEVEL = 15


@dataclass(frozen=True, slots=True)
class TickerStream:
    """``SYMBOL@ticker``."""

    symbol: str

    def __str__(self) -> str:
        return f"{self.symbol}@ticker"


@dataclass(frozen=True, slots=True)
class TradeStream:
    """``SYMBOL@trade``."""

    symbol: str

    def __str__(self) -> str:
        return f"{self.symbol}@trade"


@dataclass(frozen=True, slots=True)
class BookTickerStream:
    """``SYMBOL@bookTicker``, spot only."""

    symbol: str

    def __str__(self) -> str:
        return f"{self.symbol}@bookTicker"


@dataclass(frozen=True, slots=True)
class DepthStream:
    """``SYMBOL@depth15`` or ``SYMBOL@depth200``."""

    symbol: str
    level: int

    def __str__(self) -> str:
        return f"{self.symbol}@depth{self.level}"


@dataclass(frozen=True, slots=True)
class CandleStream:
    """``SYMBOL@kline_INTERVAL_PRICETYPE``."""

    symbol: str
    interval: str
    price_type: PriceType

    def __str__(self) -> str:
        return f"{self.symbol}@kline_{self.interval}_{self.price_type}"


Stream = TickerStream | TradeStream | BookTickerStream | DepthStream | CandleStream


class RefusedRequestError(Exception):
    """The server answers ``result: false``; carries the text after ``INVALID_ARGUMENT:``."""

    def __init__(self, reason: str, request_id: int | str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.request_id = request_id


def parse_stream(text: str, market: Market, symbols: Container[str]) -> Stream:
    """Read one element of ``params``.

    Args:
        text: The stream as the client spelled it; the symbol's case does not matter.
        market: Which socket it came on; spot and contract differ in what they have.
        symbols: The upper-case symbols that the server knows.

    Raises:
        RefusedRequestError: With the venue's own words for what is wrong.

    Source:
        WEEX V3, sheet sections 4 and 7.
    """
    spelled, at, event = text.partition("@")
    if not at:
        # Private channels on a public socket end here: they have no ``@``.
        raise RefusedRequestError(f"invalid event : {text}")
    symbol = spelled.upper()
    stream = _stream_of(symbol, event, market)
    if symbol not in symbols:
        raise RefusedRequestError(f"invalid symbol : {_internal_symbol(spelled, market)}")
    return stream


def _stream_of(symbol: str, event: str, market: Market) -> Stream:
    if event == "ticker":
        return TickerStream(symbol)
    if event == "trade":
        return TradeStream(symbol)
    if event == "bookTicker" and market == "spot":
        return BookTickerStream(symbol)
    if event == "depth":
        return DepthStream(symbol, _DEFAULT_LEVEL)
    level = event.removeprefix("depth")
    if level != event and level.isdecimal():
        if level not in _LEVEL_OF:
            raise RefusedRequestError(f"invalid depth level : {level}")
        return DepthStream(symbol, _LEVEL_OF[level])
    candle = _candle_stream(symbol, event, market)
    if candle is None:
        raise RefusedRequestError(f"invalid event : {event}")
    return candle


def _candle_stream(symbol: str, event: str, market: Market) -> CandleStream | None:
    prefix, _, rest = event.partition("_")
    # The price type may be left out (sheet, 7.3).
    interval, _, suffix = rest.partition("_")
    if prefix != "kline" or interval not in INTERVALS[market]:
        return None
    if suffix in ("", "LAST_PRICE"):
        return CandleStream(symbol, interval, "LAST_PRICE")
    if suffix == "MARK_PRICE" and market == "contract":
        return CandleStream(symbol, interval, "MARK_PRICE")
    return None


def _internal_symbol(spelled: str, market: Market) -> str:
    # Refusals name the symbol as the engine does: the captures say ``cmt_nopeusdt`` on contract
    # and ``ASDFS_SPBL`` on spot, which are the V2 spellings (sheet, 14).
    if market == "contract":
        lower = spelled.lower()
        return lower if lower.startswith("cmt_") else f"cmt_{lower}"
    upper = spelled.upper()
    return upper if upper.endswith("_SPBL") else f"{upper}_SPBL"
