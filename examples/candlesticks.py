"""Watch candlesticks form and close on KuCoin, and count what comes."""

import asyncio
from datetime import UTC, datetime

from weex_client import KucoinConfig, KucoinWebSocketClient

SYMBOLS = ["BTC-USDT", "ETH-USDT"]


async def watch_candlesticks(config: KucoinConfig) -> None:
    """Print each candle, and every few seconds what was received."""
    async with KucoinWebSocketClient(config) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(print_candles(client))
        tasks.create_task(print_metrics(client))


async def print_candles(client: KucoinWebSocketClient) -> None:
    """Print open, high, low and close; KuCoin sends a candle when a trade changes it."""
    async for message in client.stream_candles(SYMBOLS, interval="1m"):
        candle = message.data
        start = datetime.fromtimestamp(candle.open_time, UTC)
        state = "closed" if candle.is_closed else "forms"
        print(
            f"{start:%H:%M} {message.symbol:<9} {state:<6} open {candle.open} high {candle.high}"
            f" low {candle.low} close {candle.close} volume {candle.volume}"
        )


async def print_metrics(client: KucoinWebSocketClient) -> None:
    """Print how many messages came, what could not be read or was dropped, and when the last."""
    while True:
        await asyncio.sleep(5)
        counted = client.stats().channels["candles"]
        last = datetime.fromtimestamp(counted.last_frame_time or 0, UTC)
        print(
            f"{counted.frames} messages, {counted.decode_errors} errors,"
            f" {counted.dropped} dropped, the last at {last:%H:%M:%S}"
        )


if __name__ == "__main__":
    from _command_line import run

    run(watch_candlesticks, venue="kucoin")
