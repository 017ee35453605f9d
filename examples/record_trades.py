"""Keep what was streamed: record two markets while they are read."""

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.recording import Recorder


async def record_trades(config: WeexConfig) -> None:
    """Print trades, and keep every frame they came in, byte for byte."""
    async with (
        Recorder("tape.db", rotate_bytes=1_000_000_000, retain_seconds=7 * 86_400) as recorder,
        WeexWebSocketClient(config, recorder=recorder) as client,
    ):
        async for message in client.stream_trades(["BTCUSDT", "ETHUSDT"]):
            trade, tape = message.data, recorder.stats()
            print(
                f"{message.symbol} {trade.side:<4} {trade.size:>9} at {trade.price}"
                f"   {tape.frames} frames heard, {tape.dropped} lost"
            )


if __name__ == "__main__":
    from _command_line import run

    run(record_trades)
