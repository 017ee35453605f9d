"""Follow an account on paper or a real one: one line says which."""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.paper import PaperTradingEngine

Account = StreamClient | PaperTradingEngine


async def paper_or_live(config: WeexConfig) -> None:
    """Print the fills of an account, and what they make of it."""
    engine = PaperTradingEngine(10_000, symbols="BTCUSDT")
    async with WeexWebSocketClient(config) as client, engine.trading(client):
        account: Account = engine  # for the real account: account = client
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(print_fills(account))
            tasks.create_task(print_positions(account))
            tasks.create_task(trade(engine, client))


async def print_fills(account: Account) -> None:
    """Print each execution, once."""
    async for message in account.stream_fills():
        fill = message.data
        print(f"{fill.side} {fill.size} {fill.symbol} at {fill.price}, fee {fill.fee}")


async def print_positions(account: Account) -> None:
    """Print each position as it changes, and as the market moves under it."""
    async for message in account.stream_positions():
        position = message.data
        print(f"{position.side} {position.size} {position.symbol}: {position.unrealized_pnl}")


async def trade(engine: PaperTradingEngine, client: StreamClient) -> None:
    """Buy and sell by turns, on paper: the client never places a real order."""
    async with client.stream_trades("BTCUSDT") as trades:
        async for _ in trades:
            if engine.has_position("BTCUSDT"):
                await engine.submit("BTCUSDT", "sell", "0.01")
            else:
                await engine.submit("BTCUSDT", "buy", "0.01")
            await asyncio.sleep(1)


if __name__ == "__main__":
    from _command_line import run

    run(paper_or_live)
