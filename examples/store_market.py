"""Store trades and candles in an SQLite file, each message once, whatever happens."""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.sinks import SQLiteSink

SYMBOLS = ["BTCUSDT", "ETHUSDT"]


async def store_market(config: WeexConfig) -> None:
    """Store two channels of two markets, and print now and then how far it is."""
    async with (
        SQLiteSink("market.db") as sink,
        WeexWebSocketClient(config) as client,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(sink.consume(client.stream_trades(SYMBOLS), label=config.market))
        tasks.create_task(sink.consume(client.stream_candles(SYMBOLS), label=config.market))
        while True:
            await asyncio.sleep(1)
            stats = sink.stats()
            print(f"{stats.stored} stored, {stats.repeated} known, {stats.waiting} waiting")


if __name__ == "__main__":
    from _command_line import run

    run(store_market)
