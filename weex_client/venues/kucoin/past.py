"""What KuCoin tells everybody who asks over HTTP: past trades, past candles, all symbols. Pure.

Source:
    Sheet, sections 3 (symbols), 7.6 and 11; for what a row of trades holds, which the sheet does
    not say, the venue's REST page "Get Trade History".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from weex_client.models import Message, Money, enveloped, exact_json, validated
from weex_client.protocol import Channel, Feed
from weex_client.rest import Query
from weex_client.venues.kucoin.channels import DEPTHS, SYMBOL_TOPICS, VENUE, argument, path
from weex_client.venues.kucoin.market import candle_of
from weex_client.venues.kucoin.symbols import INTERVAL_SECONDS, is_symbol
from weex_client.venues.kucoin.wire import Id, KucoinTrade, Nanoseconds, Seconds

__all__ = [
    "LISTING",
    "PUBLIC_PATHS",
    "history_query",
    "listed_name",
    "read_history",
    "read_listing",
]

_TRADES: Final = "/api/v1/market/histories"
_CANDLES: Final = "/api/v1/market/candles"
_SYMBOLS: Final = "/api/v2/symbols"

# Nothing of these is signed: they need no credentials.
PUBLIC_PATHS: Final = frozenset({_TRADES, _CANDLES, _SYMBOLS})

LISTING: Final = Query("list of symbols", _SYMBOLS)

# As many as other venues send by themselves; an answer has 1,500 at most.
_PAST_CANDLES: Final = 300


# A book that is read by request is refused by itself.
_LOOKED_UP: Final = frozenset({*SYMBOL_TOPICS.values(), *DEPTHS.values()})


class _Trade(BaseModel):
    """One of ``GET /api/v1/market/histories``."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    # What frames call ``tradeId`` since 2024 is the same number (sheet, 7.7).
    sequence: Id
    price: Money
    size: Money
    side: Literal["buy", "sell"]
    time: Nanoseconds


class _Symbol(BaseModel):
    """One of ``GET /api/v2/symbols``."""

    symbol: str


_trades = TypeAdapter(list[_Trade]).validate_python
_candles = TypeAdapter(
    list[tuple[Seconds, Money, Money, Money, Money, Money, Money]]
).validate_python
_symbols = TypeAdapter(list[_Symbol]).validate_python


def history_query(feed: Feed, covered_ns: int) -> Query | None:
    """Return how the past of trades or candles is asked for; None for all else.

    Args:
        feed: A topic.
        covered_ns: The venue's time until which candles are known.
    """
    name = argument(feed)
    if path(feed) == SYMBOL_TOPICS[Channel.TRADES]:
        return Query("past trades", _TRADES, (("symbol", name),))
    if path(feed) != SYMBOL_TOPICS[Channel.CANDLES]:
        return None
    symbol, _, interval = name.rpartition("_")
    past_seconds = _PAST_CANDLES * INTERVAL_SECONDS[interval]
    start = max(0, covered_ns // 1_000_000_000 - past_seconds)
    parameters = (("symbol", symbol), ("type", interval), ("startAt", str(start)))
    return Query("past candles", _CANDLES, parameters)


def read_history(feed: Feed, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
    """Read past trades or candles, oldest first; the venue tells the newest first.

    Raises:
        DecodeError: If they do not fit.
    """
    content = _content(body)
    if path(feed) == SYMBOL_TOPICS[Channel.TRADES]:
        return _past_trades(argument(feed), content, received_time_ns)
    symbol, _, interval = argument(feed).rpartition("_")
    return [
        enveloped(
            VENUE,
            Channel.CANDLES.value,
            symbol,
            candle_of(row, interval),
            None,
            received_time_ns,
            is_snapshot=True,
        )
        for row in sorted(validated(_candles, content, "the past candles"))
    ]


def _past_trades(symbol: str, content: Any, received_time_ns: int) -> Sequence[Message[Any]]:
    rows = sorted(validated(_trades, content, "the past trades"), key=lambda row: row.time)
    return [
        enveloped(
            VENUE,
            Channel.TRADES.value,
            symbol,
            KucoinTrade.model_validate(
                {
                    "tradeId": row.sequence,
                    "price": row.price,
                    "size": row.size,
                    "side": row.side,
                    "time": row.time,
                }
            ),
            row.time,
            received_time_ns,
            is_snapshot=True,
            sequence=int(row.sequence) if row.sequence.isdecimal() else None,
        )
        for row in rows
    ]


def listed_name(feed: Feed) -> str | None:
    """Return which symbol a public topic is about; None where it is about several."""
    if path(feed) not in _LOOKED_UP:
        return None
    name = argument(feed)
    if path(feed) == SYMBOL_TOPICS[Channel.CANDLES]:
        name = name.rpartition("_")[0]
    return name if is_symbol(name) else None


def read_listing(body: bytes) -> frozenset[str]:
    """Read all symbols, those that are not traded at present among them.

    Raises:
        DecodeError: If they do not fit.
    """
    rows = validated(_symbols, _content(body), "the list of symbols")
    return frozenset(each.symbol for each in rows)


def _content(body: bytes) -> Any:
    """Return the ``data`` of an answer."""
    fields = exact_json(body)
    return fields.get("data") if isinstance(fields, dict) else None
