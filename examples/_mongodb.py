"""Coinbase ticks in MongoDB, without asyncio and with it; needs the extra ``mongo``."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pymongo.collection import Collection

from weex_client import CoinbaseConfig, CoinbaseWebSocketClient
from weex_client.sinks import MongoSink, document
from weex_client.sync import SyncClient


def keep_ticks(config: CoinbaseConfig, collection: Collection[dict[str, Any]], count: int) -> None:
    """Store so many ticks in a collection of yours."""
    collection.create_index("time")
    with SyncClient(CoinbaseWebSocketClient, config) as client:
        for message in islice(client.stream_tickers("BTC-USD"), count):
            tick = document(message)
            # The key is the message's own: one that comes twice is there once.
            collection.replace_one({"_id": tick["_id"]}, tick, upsert=True)


async def keep_all_ticks(config: CoinbaseConfig, uri: str) -> None:
    """Store ticks until cancelled; the server may go away and come back."""
    async with (
        MongoSink(uri, database="crypto_db", collection="btc_data") as sink,
        CoinbaseWebSocketClient(config) as client,
    ):
        await sink.consume(client.stream_tickers("BTC-USD"))


def print_last_hour(collection: Collection[dict[str, Any]]) -> None:
    """Ask for what came within an hour, oldest first."""
    since = datetime.now(UTC) - timedelta(hours=1)
    for tick in collection.find({"time": {"$gte": since}}).sort("time", 1):
        print(f"Price: {tick['last']} at {tick['time']}")
