"""Two markets, an order book and the state of the line, in one program."""

import asyncio

from weex_client import OverflowPolicy, WeexConfig, WeexWebSocketClient


async def prices(client: WeexWebSocketClient) -> None:
    """Print the prices of two markets; both come through one subscription."""
    async for message in client.stream_tickers(["BTCUSDT", "ETHUSDT"]):
        print(f"{message.symbol} {message.data.last} ({message.data.change:+.2f} % in 24 h)")


async def top_of_book(client: WeexWebSocketClient) -> None:
    """Print best bid and ask. Of books that wait, only the newest is worth reading."""
    async for message in client.stream_order_book(
        "BTCUSDT", level=5, overflow=OverflowPolicy.CONFLATE
    ):
        book = message.data
        print(f"{message.symbol} bid {book.best_bid}, ask {book.best_ask}, spread {book.spread}")


async def state_of_the_line(client: WeexWebSocketClient) -> None:
    """Print what happens to connections; the streams go on by themselves."""
    async for event in client.events():
        print(f"{event.kind}: {event.cause}")


async def quickstart(config: WeexConfig) -> None:
    """Watch everything at once over a single connection, until Ctrl-C."""
    async with WeexWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        for watch in (prices, top_of_book, state_of_the_line):
            tasks.create_task(watch(client))


if __name__ == "__main__":
    from _command_line import run

    run(quickstart)
