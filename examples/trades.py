"""Read the tape: every trade of a market, once and in order."""

from datetime import datetime

from weex_client import WeexConfig, WeexWebSocketClient


async def monitor_trades(config: WeexConfig) -> None:
    """Print the trades of BTC/USDT; the newest that were made before we came are marked."""
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_trades("BTCUSDT"):
            trade = message.data
            print(
                f"{datetime.fromtimestamp(trade.timestamp):%H:%M:%S}"
                f"  {trade.side:<4} {trade.size:>9} BTC at {trade.price}"
                f"{'  (before)' if message.is_snapshot else ''}"
            )


if __name__ == "__main__":
    from _command_line import run

    run(monitor_trades)
