"""Store trades in an SQLite file, a transaction for each batch and not for each trade."""

import asyncio
from collections.abc import Iterable

import aiosqlite

from weex_client import OverflowPolicy, WeexConfig, WeexWebSocketClient

FILE = "trades.db"

# Prices are stored as text: SQLite's REAL would round the venue's digits.
CREATE = """
CREATE TABLE IF NOT EXISTS trades (
    trade_id TEXT PRIMARY KEY, symbol TEXT, timestamp REAL, side TEXT, price TEXT, size TEXT
)
"""
INSERT = "INSERT OR IGNORE INTO trades VALUES (?, ?, ?, ?, ?, ?)"


async def store_trades(config: WeexConfig) -> None:
    """Store the trades of two markets and print how many there are."""
    async with aiosqlite.connect(FILE) as database, WeexWebSocketClient(config) as client:
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute(CREATE)
        # When the disk is slower than the market, the socket waits: no trade is dropped.
        trades = client.stream_trades(["BTCUSDT", "ETHUSDT"], overflow=OverflowPolicy.BLOCK)
        stored = 0
        async for batch in trades.batches(max_size=1000, max_wait_seconds=1.0):
            rows = [
                (
                    trade.data.trade_id,
                    trade.symbol,
                    trade.timestamp,
                    trade.data.side,
                    str(trade.data.price),
                    str(trade.data.size),
                )
                for trade in batch
            ]
            # A batch in hand is written even if the program is stopped meanwhile.
            await asyncio.shield(write(database, rows))
            stored += len(rows)
            print(f"{stored} trades in {FILE}")


async def write(database: aiosqlite.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows in one transaction."""
    await database.executemany(INSERT, rows)
    await database.commit()


if __name__ == "__main__":
    from _command_line import run

    run(store_trades)
