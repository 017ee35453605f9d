"""Work on messages by the dozen, where one at a time costs too much."""

from statistics import mean

from weex_client import WeexConfig, WeexWebSocketClient


async def summarise_batches(config: WeexConfig) -> None:
    """Print average, highest and lowest price of every ten tickers."""
    async with WeexWebSocketClient(config) as client:
        tickers = client.stream_tickers("BTCUSDT")
        # A batch is handed over when it is full, or two seconds after its first message.
        async for batch in tickers.batches(max_size=10, max_wait_seconds=2.0):
            prices = [message.data.last for message in batch]
            print(
                f"{len(prices)} prices: {mean(prices):.2f} on average,"
                f" {min(prices)} to {max(prices)}"
            )


if __name__ == "__main__":
    from _command_line import run

    run(summarise_batches)
