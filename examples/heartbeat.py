"""Notice silence: say so when a market has told you nothing for a while.

The client itself checks the line and reconnects. This is for a program with an own idea of how
long a market may be quiet.
"""

import asyncio

from weex_client import WeexConfig, WeexWebSocketClient

PATIENCE_SECONDS = 5.0


async def watch_heartbeat(config: WeexConfig) -> None:
    """Print every price, and every silence."""
    async with (
        WeexWebSocketClient(config) as client,
        client.stream_tickers("BTCUSDT") as tickers,
    ):
        while True:
            try:
                # A read that times out loses nothing: the next one goes on where it left off.
                async with asyncio.timeout(PATIENCE_SECONDS):
                    message = await anext(tickers)
            except TimeoutError:
                state = "up" if client.is_connected else "down"
                print(f"nothing for {PATIENCE_SECONDS:g} s, the connection is {state}")
            else:
                print(f"alive at {message.data.last}")


if __name__ == "__main__":
    from _command_line import run

    run(watch_heartbeat)
