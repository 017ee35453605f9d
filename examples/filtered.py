"""Read only what matters: prices that moved since you were last told."""

from collections.abc import AsyncIterator
from decimal import Decimal

from weex_client import Message, Subscription, Ticker, WeexConfig, WeexWebSocketClient

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "DOGEUSDT")


async def report_moves(config: WeexConfig) -> None:
    """Print each move of at least a hundredth of a percent."""
    async with (
        WeexWebSocketClient(config) as client,
        client.stream_tickers(SYMBOLS) as tickers,
    ):
        async for message, percent in moves(tickers, at_least=Decimal("0.01")):
            print(f"{message.symbol:<8} {percent:+.3f} % to {message.data.last}")


async def moves(
    tickers: Subscription[Message[Ticker]], at_least: Decimal
) -> AsyncIterator[tuple[Message[Ticker], Decimal]]:
    """Yield the tickers whose price is far from the last one yielded, and how far in percent."""
    told: dict[str | None, Decimal] = {}
    async for message in tickers:
        price = message.data.last
        before = told.setdefault(message.symbol, price)
        percent = (price / before - 1) * 100
        if abs(percent) >= at_least:
            told[message.symbol] = price
            yield message, percent


if __name__ == "__main__":
    from _command_line import run

    run(report_moves)
