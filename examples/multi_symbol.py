"""Watch several markets at once, each in a task of its own, over one connection."""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient

SYMBOLS = ("BTCUSDT", "ETHUSDT", "ADAUSDT")


async def monitor_symbols(config: WeexConfig) -> None:
    """Print the prices of several markets."""
    async with WeexWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        for symbol in SYMBOLS:
            tasks.create_task(monitor_symbol(client, symbol))


async def monitor_symbol(client: WeexWebSocketClient, symbol: str) -> None:
    """Print the prices of one market."""
    async for message in client.stream_tickers(symbol):
        print(f"{symbol:<8} {message.data.last}")


if __name__ == "__main__":
    from _command_line import run

    run(monitor_symbols)
