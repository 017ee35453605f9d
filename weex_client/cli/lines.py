"""A message as one readable line, for output that is no terminal. Tables are in ``views``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from weex_client.models import (
    BookTicker,
    Candle,
    ConnectionEvent,
    Message,
    OrderBook3View,
    OrderBookView,
    Ticker,
    Trade,
)
from weex_client.models.payload import Payload, plain_text

__all__ = ["event_line", "facts_of", "iso_time", "message_line"]

# Said by the line already, or of no use to a reader.
_ENVELOPE = frozenset({"symbol", "timestamp"})

# No venue spells a percentage with more; a quotient of two prices has 28.
_MAX_DIGITS = 12


def iso_time(seconds: float) -> str:
    """Write Unix seconds as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def message_line(message: Message[Any]) -> str:
    """Return time, symbol, channel and the fields that matter."""
    words = [iso_time(message.timestamp), message.symbol or message.venue, message.channel]
    words += [f"{name}={text}" for name, text in facts_of(message.data)]
    # Books and private states are full by nature; only lists of past events are history.
    if message.is_snapshot and isinstance(message.data, Trade | Candle):
        words.append("history")
    return " ".join(words)


def facts_of(data: Payload) -> list[tuple[str, str]]:
    """Return the fields of a payload that matter, each with its value in words."""
    return [(name, _text(value)) for name, value in _facts(data)]


def event_line(event: ConnectionEvent) -> str:
    """Return what happened to the connection or to one of its channels."""
    words = [iso_time(event.timestamp), event.scope, event.kind]
    words += [word for word in (event.channel, event.symbol) if word]
    words += [
        f"{name}={_text(value)}"
        for name in ("attempt", "close_code", "from_sequence", "to_sequence", "dropped")
        if (value := event[name]) is not None
    ]
    if event.delay_seconds is not None:
        words.append(f"in {event.delay_seconds:.1f} s")
    return " ".join(words) + (f": {event.cause}" if event.cause else "")


def _percent(change: Decimal) -> Decimal:
    """Return a change as the venue spells it; a quotient that was computed with four places."""
    digits = len(change.as_tuple().digits)
    return round(change, 4) if digits > _MAX_DIGITS else change


def _facts(data: Payload) -> list[tuple[str, object]]:
    match data:
        case Ticker():
            change = None if data.change is None else f"{_percent(data.change):+f}%"
            named = [(name, data[name]) for name in ("bid", "ask", "high", "low", "volume")]
            facts = [("last", data.last), ("change", change), *named]
        case Trade():
            facts = [("side", data.side), ("price", data.price), ("size", data.size)]
            facts.append(("id", data.trade_id))
        case OrderBookView():
            facts = [*_touch(data), ("spread", data.spread), ("mid", data.mid)]
            facts += [("levels", f"{len(data.bids)}x{len(data.asks)}")]
            facts += [("sequence", data.sequence)]
        case OrderBook3View():
            facts = [*_touch(data), ("spread", data.spread), ("mid", data.mid)]
            counts = (f"{len(queue.orders)}" for queue in (*data.bids[:1], *data.asks[:1]))
            facts += [("orders", "x".join(counts)), ("sequence", data.sequence)]
        case BookTicker():
            facts = [(name, data[name]) for name in ("bid", "bid_size", "ask", "ask_size")]
            facts.append(("spread", data.ask - data.bid))
        case Candle():
            facts = [("interval", data.interval), ("open_time", iso_time(data.open_time))]
            facts += [(name, data[name]) for name in ("open", "high", "low", "close", "volume")]
            facts.append(("state", "closed" if data.is_closed else "forming"))
        case _:
            facts = [(name, data[name]) for name in type(data).model_fields]
            facts = [fact for fact in facts if fact[0] not in _ENVELOPE]
    return [(name, value) for name, value in facts if value is not None]


def _touch(book: OrderBookView | OrderBook3View) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = []
    for name, levels in (("bid", book.bids), ("ask", book.asks)):
        if levels:
            facts += [(name, levels[0][0]), (f"{name}_size", levels[0][1])]
    return facts


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        parts = (f"{name}: {_text(each)}" for name, each in value.items())
        return "{" + ", ".join(parts) + "}"
    return plain_text(value) if isinstance(value, Decimal) else str(value)
