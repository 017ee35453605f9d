"""Watch open positions and what they are worth, refreshed once a second."""

from weex_client import WeexConfig, WeexWebSocketClient


async def watch_positions(config: WeexConfig) -> None:
    """Print each position as it changes, and as the market moves under it."""
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_positions():
            data = message.data
            if not data.size:
                print(f"{data.symbol} {data.side} closed")
            elif data.unrealized_pnl is None:
                print(f"{data.symbol} {data.side} {data.size:f} at {data.entry_price:.2f}")
            else:
                print(
                    f"{data.symbol} {data.side} {data.size:f} at {data.entry_price:.2f},"
                    f" mark {data.mark_price:f}: {data.unrealized_pnl:+.4f}"
                )


if __name__ == "__main__":
    from _command_line import run

    run(watch_positions)
