"""Follow what happens to the line, next to the prices that come over it."""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient


async def follow_connection(config: WeexConfig) -> None:
    """Print prices, and every event of the connection."""
    async with WeexWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(print_events(client))
        tasks.create_task(print_prices(client))


async def print_events(client: WeexWebSocketClient) -> None:
    """Print each event with the facts of its kind."""
    async for event in client.events():
        match event.kind:
            case "reconnecting":
                print(f"-- dial {event.attempt} in {event.delay_seconds:.1f} s")
            case "resubscribed":
                print(f"-- back after {event.duration_seconds:.1f} s")
            case "gap":
                print(f"-- {event.channel} {event.symbol}: data is missing; {event.cause}")
            case _:
                print(f"-- {event.kind}: {event.cause}")


async def print_prices(client: WeexWebSocketClient) -> None:
    """Print prices; this loop never notices a reconnection."""
    async for message in client.stream_tickers("BTCUSDT"):
        print(f"{message.symbol} {message.data.last}")


if __name__ == "__main__":
    from _command_line import run

    run(follow_connection)
