"""See what each overflow policy does to a reader that is slower than its market."""

import asyncio

from weex_client import OverflowPolicy, SlowConsumerError, WeexConfig, WeexWebSocketClient

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
POLICIES = (OverflowPolicy.DROP_OLDEST, OverflowPolicy.CONFLATE, OverflowPolicy.RAISE)


async def compare_policies(config: WeexConfig) -> None:
    """Read two tickers a second through a queue of four, once with each policy."""
    async with WeexWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        for policy in POLICIES:
            tasks.create_task(read_slowly(client, policy))


async def read_slowly(client: WeexWebSocketClient, policy: OverflowPolicy) -> None:
    """Print how many messages were read and how many were not."""
    async with client.stream_tickers(SYMBOLS, queue_size=4, overflow=policy) as tickers:
        try:
            async for message in tickers:
                print(
                    f"{policy:<11} {message.symbol} {message.data.last}:"
                    f" {tickers.delivered} read, {tickers.dropped} dropped"
                )
                await asyncio.sleep(0.5)
        except SlowConsumerError as error:
            print(f"{policy:<11} ended: {error}")


if __name__ == "__main__":
    from _command_line import run

    run(compare_policies)
