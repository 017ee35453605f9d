"""Follow orders and their fills, across every reconnection, with nothing lost or told twice."""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient


async def follow_orders(config: WeexConfig) -> None:
    """Print orders and fills as they come."""
    async with WeexWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(print_orders(client))
        tasks.create_task(print_fills(client))


async def print_orders(client: WeexWebSocketClient) -> None:
    """Print the orders that are open, then each change."""
    async for message in client.stream_orders():
        order = message.data
        price = "market" if order.price is None else f"{order.price:f}"
        news = "open" if message.is_snapshot else "now"
        print(
            f"order {order.order_id} {news} {order.status}: {order.side} {order.symbol} at {price},"
            f" {order.filled_size or 0:f} of {order.size or 0:f} filled"
        )


async def print_fills(client: WeexWebSocketClient) -> None:
    """Print each execution, once."""
    async for message in client.stream_fills():
        fill = message.data
        print(
            f"fill {fill.fill_id} of {fill.order_id}:"
            f" {fill.side} {fill.size:f} {fill.symbol} at {fill.price:f}, fee {fill.fee or 0:f}"
        )


if __name__ == "__main__":
    from _command_line import run

    run(follow_orders)
