"""Make a market on paper: quote both sides at the touch, and follow it."""

from contextlib import suppress
from decimal import Decimal

from weex_client import OverflowPolicy, PostOnlyError, WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.paper import PaperTradingEngine

SYMBOL = "BTCUSDT"
SIZE = Decimal("0.05")
MOST = Decimal("0.2")


async def market_maker(config: WeexConfig) -> None:
    """Quote until stopped, and print every fill."""
    engine = PaperTradingEngine(100_000, symbols=SYMBOL, maker_fee_rate=0)
    async with WeexWebSocketClient(config) as client:
        await engine.run(client, quote)


async def quote(engine: PaperTradingEngine, client: StreamClient) -> None:
    """Keep one order on each side of the book, unless the position is too large for it."""
    seen = 0
    async with client.stream_order_book(SYMBOL, overflow=OverflowPolicy.CONFLATE) as books:
        async for message in books:
            book = message.data
            await engine.cancel_all(SYMBOL)
            held = engine.positions.get(SYMBOL, Decimal(0))
            with suppress(PostOnlyError):  # the price came to us while we cancelled
                if held < MOST:
                    await engine.submit(
                        SYMBOL, "buy", SIZE, price=book.best_bid, time_in_force="POST_ONLY"
                    )
                if held > -MOST:
                    await engine.submit(
                        SYMBOL, "sell", SIZE, price=book.best_ask, time_in_force="POST_ONLY"
                    )
            fills = engine.trades
            for fill in fills[seen:]:
                print(f"{fill.side:<4} {fill.size} at {fill.price}, equity {engine.equity:.2f}")
            seen = len(fills)


if __name__ == "__main__":
    from _command_line import run

    run(market_maker)
