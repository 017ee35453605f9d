"""Test a bot against the embedded exchange: real sockets, a seeded market, trouble on demand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

from weex_client import WeexWebSocketClient
from weex_client.sandbox import SandboxExchange


async def wide_spreads(
    client: WeexWebSocketClient, limit: Decimal
) -> AsyncGenerator[Decimal, None]:
    """Be the bot: yield each spread of BTC/USDT above a limit."""
    async for message in client.stream_order_book("BTCUSDT", level=1):
        spread = message.data.spread
        if spread is not None and spread > limit:
            yield spread


async def test_bot_goes_on_after_the_line_was_cut() -> None:
    """Cut every connection under the bot, and see it deliver again."""
    async with (
        SandboxExchange(seed=7) as exchange,
        WeexWebSocketClient(exchange.weex_config()) as client,
        asyncio.timeout(30),
    ):
        events = client.events()
        async with aclosing(wide_spreads(client, limit=Decimal(0))) as spreads:
            print(f"before the cut: {await anext(spreads)}")
            await exchange.faults.cut()
            async for event in events:
                print(f"event: {event.kind}")
                if event.kind == "connected":
                    break
            after = await anext(spreads)
            print(f"after the cut: {after}")
            assert after > 0


if __name__ == "__main__":
    asyncio.run(test_bot_goes_on_after_the_line_was_cut())
