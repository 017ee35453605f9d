"""Watch one market: its price, its volume, its day."""

from datetime import datetime

from weex_client import WeexConfig, WeexWebSocketClient


async def monitor_market(config: WeexConfig) -> None:
    """Print every ticker of BTC/USDT."""
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_tickers("BTCUSDT"):
            ticker = message.data
            print(
                f"{datetime.fromtimestamp(message.timestamp):%H:%M:%S}"
                f"  {message.symbol} {ticker.last}"
                f"  24 h: {ticker.low} to {ticker.high}, {ticker.change:+.2f} %"
                f", {ticker.volume} traded"
            )


if __name__ == "__main__":
    from _command_line import run

    run(monitor_market)
