"""Messages as a recording would give them, made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from weex_client.models import Message, OrderBookView, Payload, trusted
from weex_client.venues.weex.wire import WeexTrade

SECOND_NS = 1_000_000_000
START_NS = 1_795_000_000 * SECOND_NS


def message(data: Payload, channel: str, **envelope: Any) -> Message[Any]:
    """Return a message around a payload."""
    time_ns = envelope.pop("time_ns", START_NS)
    fields = {
        "venue": "weex",
        "symbol": "BTCUSDT",
        "exchange_time_ns": time_ns,
        "received_time_ns": time_ns + 5_000_000,
        "timestamp": time_ns / SECOND_NS,
    }
    return Message(data=data, channel=channel, **{**fields, **envelope})


def trade(
    number: int,
    price: str = "79796.3",
    size: str = "0.0012",
    time_ns: int = START_NS,
    **envelope: Any,
) -> Message[Any]:
    """Return a WEEX trade."""
    fields = {
        "trade_id": f"t{number}",
        "price": Decimal(price),
        "size": Decimal(size),
        "side": "buy",
        "timestamp": time_ns / SECOND_NS,
        "notional": None,
    }
    data = trusted(WeexTrade, fields)
    return message(data, "trades", time_ns=time_ns, **envelope)


def book(bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]]) -> Message[Any]:
    """Return an order book view."""
    sides = [tuple((Decimal(p), Decimal(s)) for p, s in side) for side in (bids, asks)]
    return message(OrderBookView(bids=sides[0], asks=sides[1], sequence=7), "book")
