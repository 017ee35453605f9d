"""Follow one coin on every venue, and say where it is cheapest to buy and dearest to sell."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from weex_client.config import StreamConfig
from weex_client.websocket import VENUES

# How each venue spells the coin; the one that has whales instead of prices is followed too.
SYMBOLS = {"weex": "BTCUSDT", "coinbase": "BTC-USD", "kucoin": "BTC-USDT"}


class BestPrices:
    """Know the best bid and ask of every venue, and print them when the best of all change."""

    def __init__(self) -> None:
        self._bids: dict[str, Decimal] = {}
        self._asks: dict[str, Decimal] = {}
        self._line = ""

    def see(self, venue: str, bid: Decimal, ask: Decimal) -> None:
        """Take note of a venue's prices."""
        self._bids[venue], self._asks[venue] = bid, ask
        buyer = max(self._bids, key=self._bids.__getitem__)
        seller = min(self._asks, key=self._asks.__getitem__)
        line = f"bid {self._bids[buyer]} on {buyer:<9} ask {self._asks[seller]} on {seller}"
        if line != self._line:
            self._line = line
            print(line)


async def compare_venues(configs: Mapping[str, StreamConfig]) -> None:
    """Print one best bid and offer over all venues."""
    prices = BestPrices()
    async with asyncio.TaskGroup() as tasks:
        for venue, config in configs.items():
            if venue in SYMBOLS:
                tasks.create_task(follow_prices(venue, config, prices))
            else:
                tasks.create_task(follow_whales(venue, config))


async def follow_prices(venue: str, config: StreamConfig, prices: BestPrices) -> None:
    """Take note of the touch of one venue's book."""
    async with VENUES[venue](config) as client:
        async for message in client.stream_order_book(SYMBOLS[venue]):
            book = message.data
            if book.best_bid is not None and book.best_ask is not None:
                prices.see(venue, book.best_bid, book.best_ask)


async def follow_whales(venue: str, config: StreamConfig) -> None:
    """Print what large wallets do meanwhile."""
    async with VENUES[venue](config) as client:
        async for message in client.stream("whales", "BTC"):
            print(f"a whale on {message.data.wallet[:10]}: {message.data.size_usd:+,} USD")


if __name__ == "__main__":
    from _command_line import run

    run(compare_venues, venue="all")
