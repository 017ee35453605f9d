"""Messages of every kind, and streams of them, for the sinks' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from typing import Any

from weex_client import (
    Account,
    BookTicker,
    Candle,
    Fill,
    Message,
    Order,
    OrderBookView,
    Position,
    Ticker,
    Trade,
)
from weex_client.models import Payload

START_NS = 1_790_000_000_123_456_789


def message(channel: str, data: Payload, number: int = 0, **facts: Any) -> Message[Any]:
    time_ns = START_NS + number * 1_000_000_000
    envelope = {
        "venue": "weex",
        "channel": channel,
        "symbol": "BTCUSDT",
        "timestamp": time_ns / 1e9,
        "exchange_time_ns": time_ns,
        "received_time_ns": time_ns + 5_000_000,
        "data": data,
    }
    return Message[Any](**{**envelope, **facts})


def trade(number: int = 0, **facts: Any) -> Message[Trade]:
    time_ns = START_NS + number * 1_000_000_000
    data = Trade(
        trade_id=f"t{number}",
        price=Decimal("64000.10") + number,
        size=Decimal("0.00100000"),
        side="buy",
        timestamp=time_ns / 1e9,
    )
    return message("trades", data, number, **facts)


def ticker(last: str = "64000.10", number: int = 0, **facts: Any) -> Message[Ticker]:
    data = Ticker(last=Decimal(last), volume=Decimal("12345678901234567890.123456789"))
    return message("ticker", data, number, **facts)


def candle(close: str = "2", *, closed: bool = False, minute: int = 0) -> Message[Candle]:
    data = Candle(
        open_time=60.0 * minute,
        close_time=60.0 * (minute + 1),
        interval="1m",
        **dict.fromkeys(("open", "high", "low"), Decimal(1)),
        close=Decimal(close),
        is_closed=closed,
    )
    return message("candles", data)


def order(status: str = "new", order_id: str = "1", **facts: Any) -> Message[Order]:
    data = Order(
        order_id=order_id,
        symbol="BTCUSDT",
        side="buy",
        type="limit",
        status=status,
        price=Decimal("1.10"),
        size=Decimal(2),
    )
    return message("orders", data, **facts)


def one_of_each() -> list[Message[Any]]:
    """Return a message of each channel of an account and a market."""
    levels = ((Decimal("1.10"), Decimal(3)), (Decimal("1.00"), Decimal("0.5")))
    asks = ((Decimal("1.20"), Decimal(7)),)
    side = {"symbol": "BTCUSDT", "side": "long", "size": Decimal(1)}
    fill = {"fill_id": "f", "order_id": "1", "symbol": "BTCUSDT", "side": "buy", "size": Decimal(1)}
    return [
        trade(),
        ticker(),
        candle(),
        order(),
        message("book", OrderBookView(bids=levels, asks=asks, sequence=7), sequence=7),
        message("bookticker", BookTicker(bid=Decimal("1.10"), ask=Decimal("1.20"))),
        message("positions", Position(**side, unrealized_pnl=Decimal("-0.30"))),
        message("account", Account(currency="USDT", balance=Decimal("1E+2")), symbol=None),
        message("fills", Fill(**fill, price=Decimal("1.10"))),
    ]


async def stream(messages: Iterable[Message[Any]]) -> AsyncIterator[Message[Any]]:
    for each in messages:
        yield each
