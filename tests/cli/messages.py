"""Made-up messages: what is drawn does not depend on where it came from."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

from rich.console import Console, Group, RenderableType

from weex_client.cli.views import Frame, View
from weex_client.models import Candle, Message, OrderBookView, Ticker, Trade
from weex_client.models.payload import Payload

# 2026-11-21 04:00:00 UTC
TIME = 1_795_233_600.0


def message(data: Payload, symbol: str | None = "BTCUSDT", **fields: Any) -> Message[Any]:
    timestamp = fields.pop("timestamp", TIME)
    return Message[Any](
        venue="weex",
        channel=fields.pop("channel", type(data).__name__.lower()),
        symbol=symbol,
        data=data,
        timestamp=timestamp,
        exchange_time_ns=None,
        received_time_ns=int(timestamp * 1e9),
        **fields,
    )


def ticker(last: str = "79800.10", change: str = "-0.346800", **fields: Any) -> Ticker:
    return Ticker(last=Decimal(last), change=Decimal(change), **fields)


def trade(price: str = "79800.10", size: str = "0.0100", side: str = "buy") -> Trade:
    return Trade.model_validate(
        {"trade_id": "t1", "price": price, "size": size, "side": side, "timestamp": TIME}
    )


def book(levels: int = 3, price: str = "100.0", step: str = "0.5") -> OrderBookView:
    middle, size = Decimal(price), Decimal(step)
    return OrderBookView(
        bids=tuple((middle - size * (n + 1), Decimal(f"{n + 1}.250")) for n in range(levels)),
        asks=tuple((middle + size * (n + 1), Decimal(f"{n + 2}.500")) for n in range(levels)),
        sequence=4711,
    )


def candle(minute: int = 0, *, is_closed: bool = True, close: str = "101.20") -> Candle:
    opened = TIME + 60 * minute
    return Candle.model_validate(
        {
            "open_time": opened,
            "close_time": opened + 60,
            "interval": "1m",
            "open": "100.10",
            "high": "102.00",
            "low": "99.90",
            "close": close,
            "volume": "12.500",
            "is_closed": is_closed,
        }
    )


def drawn(view: View, width: int = 80, height: int = 24, now: float = TIME) -> list[str]:
    """Return a view's picture as lines of text."""
    return rendered(view.draw(Frame(width, height, now)), width)


def rendered(picture: RenderableType, width: int = 80) -> list[str]:
    output = StringIO()
    # In a group, as the live screen has it: a bare text would lose its own settings.
    Console(file=output, width=width).print(Group(picture))
    return [line.rstrip() for line in output.getvalue().splitlines()]
