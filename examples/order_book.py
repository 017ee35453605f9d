"""Watch an order book: three levels a side and the spread."""

from weex_client import OverflowPolicy, WeexConfig, WeexWebSocketClient


async def monitor_order_book(config: WeexConfig) -> None:
    """Print the top of BTC/USDT's order book whenever it changes."""
    async with WeexWebSocketClient(config) as client:
        # Each message is a whole book: of those that wait, only the newest is worth reading.
        async for message in client.stream_order_book(
            "BTCUSDT", level=3, overflow=OverflowPolicy.CONFLATE
        ):
            book = message.data
            print()
            for price, size in reversed(book.asks):
                print(f"{price:>12} {size:>10}  ask")
            print(f"{'spread':>12} {book.spread:>10}")
            for price, size in book.bids:
                print(f"{price:>12} {size:>10}  bid")


if __name__ == "__main__":
    from _command_line import run

    run(monitor_order_book)
