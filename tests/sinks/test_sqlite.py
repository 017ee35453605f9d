"""The SQLite sink: typed tables, each message once, files that it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.clock import ManualClock
from weex_client.errors import ConfigError, SinkError
from weex_client.models import Message
from weex_client.sinks import SQLiteSink, sink_at

from .messages import candle, message, one_of_each, order, stream, ticker, trade


def query(path: Path, text: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


async def store(path: Path, messages: Iterable[Message[Any]], label: str = "") -> SQLiteSink:
    async with SQLiteSink(path) as sink:
        await sink.consume(stream(messages), label=label)
    return sink


async def test_every_kind_has_a_table_with_typed_columns_and_exact_prices(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    for _ in range(2):
        sink = await store(path, one_of_each())

    # The five that are states are written in place of themselves.
    assert (sink.stats().stored, sink.stats().repeated) == (4, 5)
    tables = dict(query(path, "SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    assert set(tables) == {each.channel for each in one_of_each()}
    assert '"price" TEXT' in tables["trades"]
    assert '"open_time" REAL NOT NULL' in tables["candles"]
    assert '"is_closed" INTEGER' in tables["candles"]
    assert query(path, "SELECT price, typeof(price), size FROM trades") == [
        ("64000.10", "text", "0.00100000")
    ]
    assert query(path, "SELECT volume FROM ticker") == [("12345678901234567890.123456789",)]
    assert query(path, "SELECT bids, sequence FROM book") == [
        ('[["1.10", "3"], ["1.00", "0.5"]]', 7)
    ]
    assert query(path, "SELECT balance, symbol FROM account") == [("100", "")]


async def test_newer_state_replaces_and_a_forming_candle_never_a_closed_one(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    await store(path, [order("new"), order("filled"), candle("2"), candle("3", closed=True)])
    await store(path, [candle("4"), candle("5", minute=1)])

    assert query(path, "SELECT status FROM orders") == [("filled",)]
    assert query(path, "SELECT close FROM candles ORDER BY open_time") == [("3",), ("5",)]


async def test_label_keeps_markets_apart_and_what_one_venue_adds_is_kept(tmp_path: Path) -> None:
    class Extended(type(ticker().data)):  # type: ignore[misc]
        turnover_rate: Decimal

    path = tmp_path / "market.db"
    await store(path, [ticker(), candle()], label="contract")
    more = Extended(**dict(ticker().data.items()), turnover_rate=Decimal("0.10"))
    await store(path, [ticker(), candle(), message("ticker", more)], label="spot")

    assert query(path, "SELECT label FROM candles ORDER BY label") == [("contract",), ("spot",)]
    assert query(path, "SELECT label, extra FROM ticker ORDER BY label, extra") == [
        ("contract", None),
        ("spot", None),
        ("spot", '{"turnover_rate": "0.10"}'),
    ]


async def test_file_that_another_program_locks_is_written_later(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    clock = ManualClock()
    sink = SQLiteSink(path, clock=clock)
    async with asyncio.timeout(60), sink:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            reading = asyncio.create_task(sink.consume(stream([trade(1)])))
            while not sink.stats().retries:
                clock.advance(1.0)
                await asyncio.sleep(0.001)
            other.execute("ROLLBACK")
        while not reading.done():
            clock.advance(1.0)
            await asyncio.sleep(0.001)

    assert (sink.stats().stored, sink.stats().lost) == (1, 0)
    assert sink.stats().last_error == f"cannot write to {path}: another program writes to it"


async def test_file_that_is_no_store_of_this_version_is_refused(tmp_path: Path) -> None:
    text, other, newer = (tmp_path / name for name in ("text", "other.db", "newer.db"))
    text.write_text("not a database, but long enough to be taken for one by its size" * 20)
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (a)")
    await store(newer, [trade()])
    with contextlib.closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version = 2")

    for path, complaint in {
        text: "file is not a database",
        other: "holds something else than a store of messages: name a new file",
        newer: "is a store of version 2, and this package writes version 1",
        tmp_path: "unable to open database file",
        tmp_path / "no" / "folder.db": "unable to open database file",
    }.items():
        with pytest.raises(SinkError, match=complaint):
            await store(path, [])
    assert query(other, "SELECT count(*) FROM sqlite_master") == [(1,)]


def test_address_names_a_sink() -> None:
    assert sink_at("sqlite:a.db").place == "a.db"
    assert sink_at("sqlite:///tmp/a.db").place == "/tmp/a.db"
    for wrong in ("a.db", "sqlite:", "postgresql://me:s3cret@host/db"):
        with pytest.raises(ConfigError, match="where to store is sqlite:FILE") as caught:
            sink_at(wrong)
        assert "s3cret" not in str(caught.value)
