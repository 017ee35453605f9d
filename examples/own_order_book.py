"""Keep your own order book from the raw changes, two hundred levels deep."""

from decimal import Decimal

from weex_client import OverflowPolicy, WeexConfig, WeexWebSocketClient

Side = dict[Decimal, Decimal]


async def keep_own_book(config: WeexConfig) -> None:
    """Fold snapshots and changes, and print how much waits within a tenth of a percent."""
    bids: Side = {}
    asks: Side = {}
    async with WeexWebSocketClient(config) as client:
        # A change that is dropped tears the book, so this reader would rather be told and end.
        async for message in client.stream_order_book_deltas(
            "BTCUSDT", level=200, overflow=OverflowPolicy.RAISE
        ):
            if message.is_snapshot:  # also after a reconnection or a gap, at any time
                bids.clear()
                asks.clear()
            fold(bids, message.data.bids)
            fold(asks, message.data.asks)
            middle = (max(bids) + min(asks)) / 2
            near = middle / 1000
            bid_size = sum(size for price, size in bids.items() if price >= middle - near)
            ask_size = sum(size for price, size in asks.items() if price <= middle + near)
            print(f"{middle}: {bid_size} BTC below, {ask_size} BTC above")


def fold(side: Side, levels: tuple[tuple[Decimal, Decimal], ...]) -> None:
    """Set the size of each level named; a size of zero removes it."""
    for price, size in levels:
        if size:
            side[price] = size
        else:
            side.pop(price, None)


if __name__ == "__main__":
    from _command_line import run

    run(keep_own_book)
