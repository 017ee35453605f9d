"""Watch what large wallets do, and what it costs to hold a perpetual, exchange by exchange."""

import asyncio
from decimal import Decimal

from weex_client import SmartMoneyConfig, SmartMoneyWebSocketClient

# Moves below this are noise; funding of ten basis points a period is dear.
SMALLEST_USD = 1_000_000
DEAR_RATE = Decimal("0.0001")


async def watch_whales_and_funding(config: SmartMoneyConfig) -> None:
    """Print large moves of BTC and ETH whales, and unusual funding rates."""
    async with SmartMoneyWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(watch_whales(client))
        tasks.create_task(watch_funding(client))


async def watch_whales(client: SmartMoneyWebSocketClient) -> None:
    """Print the wallets behind large moves."""
    async for message in client.stream_whales(["BTC", "ETH"]):
        whale = message.data
        if whale.size_usd is not None and abs(whale.size_usd) >= SMALLEST_USD:
            print(f"whale   {message.symbol:<4} {whale.size_usd:>+14,} USD  {whale.wallet[:10]}")


async def watch_funding(client: SmartMoneyWebSocketClient) -> None:
    """Print the rates that are far from zero."""
    async for message in client.stream_funding():
        funding = message.data
        if funding.rate is not None and abs(funding.rate) >= DEAR_RATE:
            print(f"funding {message.symbol:<4} {funding.rate:>+13.4%}      {funding.exchange}")


if __name__ == "__main__":
    from _command_line import run

    run(watch_whales_and_funding, venue="smartmoney")
