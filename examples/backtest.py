"""Record a market, then run a paper strategy on the tape, twice: the same report each time."""

import asyncio
from collections import deque
from contextlib import suppress
from decimal import Decimal
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from weex_client import Subscription, WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.paper import PaperTradingEngine
from weex_client.recording import Recorder, replaying

SYMBOL = "BTCUSDT"
SECONDS = 5


async def backtest(config: WeexConfig) -> None:
    """Record for some seconds, then trade in what was recorded."""
    with TemporaryDirectory() as folder:
        tape = f"{folder}/tape.db"
        await record(config, tape)
        for _ in range(2):
            engine = PaperTradingEngine(10_000, symbols=SYMBOL)
            # As a live client, but for the connector.
            async with WeexWebSocketClient(config, connector=replaying(tape)) as client:
                print(await engine.run(client, follow_the_mean))


async def record(config: WeexConfig, tape: str) -> None:
    """Keep what the engine and the strategy need: book, trades and tickers."""
    async with Recorder(tape) as recorder, WeexWebSocketClient(config, recorder=recorder) as client:
        streams = (
            client.stream_order_book(SYMBOL, 15),
            client.stream_trades(SYMBOL),
            client.stream_tickers(SYMBOL),
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
                for stream in streams:
                    tasks.create_task(read(stream))


async def read(stream: Subscription[Any]) -> None:
    """Read a stream and keep nothing: it is on the tape."""
    async for _ in stream:
        pass


async def follow_the_mean(engine: PaperTradingEngine, client: StreamClient) -> None:
    """Buy above the mean of the last trades, sell below it."""
    prices: deque[Decimal] = deque(maxlen=20)
    async with client.stream_trades(SYMBOL) as trades:
        async for message in trades:
            price = message.data.price
            prices.append(price)
            if len(prices) < 20 or message.is_snapshot:
                continue
            is_long = engine.has_position(SYMBOL)
            if price > mean(prices) and not is_long:
                await engine.submit(SYMBOL, "buy", "0.01")
            elif price < mean(prices) and is_long:
                await engine.submit(SYMBOL, "sell", "0.01")


if __name__ == "__main__":
    from _command_line import run

    run(backtest)
