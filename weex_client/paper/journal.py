"""A paper account in a SQLite file: what was acknowledged is there, whatever happens next.

SQLite's write-ahead log is the journal, its tables are the snapshot that the log is folded into.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

import aiosqlite

from weex_client.errors import StateError
from weex_client.simulation import FillEvent, OrderRequest, TradingRules
from weex_client.simulation.orders import RestingOrder
from weex_client.simulation.position import Holding

__all__ = ["Journal", "Saved", "Write", "write_of"]

_VERSION: Final = 1

# Whoever holds the file holds it until it ends; a killed one's lock is gone with it.
_LOCK_SECONDS: Final = 0.2

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rules (symbol TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS wallets (currency TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS holdings (symbol TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fills (fill_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS equity (time_ns INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""

# What rests is counted again from the orders themselves.
_NOT_KEPT: Final = frozenset({"rules", "mark", "buying", "selling", "buying_size", "selling_size"})
_HOLDING: Final = tuple(each.name for each in fields(Holding) if each.name not in _NOT_KEPT)
_ORDER: Final = tuple(
    each.name for each in fields(RestingOrder) if each.name not in ("request", "rules")
)

Write = tuple[str, str | int, str]
"""A table, a key in it, and what stands there from now on."""


class Saved(NamedTuple):
    """All that a file holds, as it was read."""

    meta: Mapping[str, Any]
    rules: list[TradingRules]
    wallets: dict[str, Decimal]
    holdings: dict[str, Mapping[str, Any]]
    orders: list[RestingOrder]
    fills: list[FillEvent]
    equity: list[tuple[int, Decimal]]


def write_of(thing: object) -> Write:
    """Return how a thing of the account is kept."""
    match thing:
        case RestingOrder():
            body = {name: getattr(thing, name) for name in _ORDER}
            body["request"] = _fields(thing.request)
            return "orders", thing.order_id, _text(body)
        case FillEvent():
            return "fills", thing.fill_id, _text(thing._asdict())
        case Holding():
            body = {name: getattr(thing, name) for name in _HOLDING}
            return "holdings", thing.rules.symbol, _text(body)
        case TradingRules():
            return "rules", thing.symbol, _text(_fields(thing))
        case _:
            raise TypeError(f"{type(thing).__name__} is not kept")


def _probe(path: str) -> None:
    sqlite3.connect(path, timeout=_LOCK_SECONDS).close()


def _fields(thing: Any) -> dict[str, Any]:
    return {each.name: getattr(thing, each.name) for each in fields(thing) if each.init}


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, default=_spelled)


def _spelled(value: object) -> list[str]:
    if isinstance(value, Decimal):
        return [str(value)]  # a list of one text is a number; no field is a list
    raise TypeError(f"{type(value).__name__} is not kept")


def _read(text: str) -> Any:
    return {
        name: Decimal(value[0])
        if isinstance(value, list)
        else {key: _number(each) for key, each in value.items()}
        if isinstance(value, dict)
        else value
        for name, value in json.loads(text).items()
    }


def _number(value: Any) -> Any:
    return Decimal(value[0]) if isinstance(value, list) else value


class Journal:
    """One open file; each ``commit`` is on the disk when it returns.

    Raises:
        StateError: From every method, if the file cannot be read or written.
    """

    def __init__(self, path: str, database: aiosqlite.Connection) -> None:
        self._path = path
        self._database = database

    @classmethod
    async def open(cls, path: str) -> Self:
        """Open a file, or make it."""
        try:
            # aiosqlite leaves its thread behind when it cannot connect, and the thread then
            # speaks to a loop that may be closed: what cannot be opened is found out before.
            await asyncio.to_thread(_probe, path)
            database = await aiosqlite.connect(path, isolation_level=None, timeout=_LOCK_SECONDS)
        except sqlite3.Error as exc:
            raise StateError(f"cannot open {path}: {exc}", path=path) from exc
        journal = cls(path, database)
        try:
            await journal._prepare()
        except BaseException:
            await database.close()
            raise
        return journal

    async def _prepare(self) -> None:
        async def prepare() -> None:
            # One program at a time: two engines on one file would both be wrong.
            await self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            await self._database.execute("PRAGMA journal_mode=WAL")
            # FULL: what was acknowledged survives a power cut too.
            await self._database.execute("PRAGMA synchronous=FULL")
            await self._database.executescript(_SCHEMA)

        await self._guarded(prepare)

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()

    async def commit(self, writes: Iterable[Write]) -> None:
        """Write all or nothing; what was written is safe when this returns."""

        async def write() -> None:
            await self._database.execute("BEGIN IMMEDIATE")
            try:
                for table, key, body in writes:
                    await self._database.execute(
                        # The table's name is ours, never a user's.
                        f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",  # noqa: S608
                        (key, body),
                    )
                await self._database.execute("COMMIT")
            except BaseException:
                await self._database.rollback()
                raise

        await self._guarded(write)

    async def read(self) -> Saved | None:
        """Return what the file holds, or None if nothing was ever saved in it."""
        rows: dict[str, list[tuple[Any, str]]] = {}

        async def read() -> None:
            for table in ("meta", "rules", "wallets", "holdings", "orders", "fills", "equity"):
                query = f"SELECT * FROM {table} ORDER BY rowid"  # noqa: S608
                async with self._database.execute(query) as found:
                    rows[table] = [(row[0], row[1]) for row in await found.fetchall()]

        await self._guarded(read)
        if not rows["meta"]:
            return None
        try:
            return _saved(rows)
        except (KeyError, TypeError, ValueError, ArithmeticError) as exc:
            raise StateError(
                f"{self._path} holds something else than a paper account: {exc!r}", path=self._path
            ) from exc

    async def _guarded(self, work: Callable[[], Any]) -> None:
        try:
            await work()
        except sqlite3.Error as exc:
            reason = "another program uses it" if "locked" in str(exc) else str(exc)
            raise StateError(f"cannot use {self._path}: {reason}", path=self._path) from exc


def _saved(rows: Mapping[str, list[tuple[Any, str]]]) -> Saved:
    meta = {name: json.loads(body) for name, body in rows["meta"]}
    if meta["version"] != _VERSION:
        raise ValueError(f"version {meta['version']}")
    rules = {symbol: TradingRules(**_read(body)) for symbol, body in rows["rules"]}
    orders = [_order(_read(body), rules) for _, body in rows["orders"]]
    orders.sort(key=lambda order: int(order.order_id))
    return Saved(
        meta=meta,
        rules=list(rules.values()),
        wallets={currency: Decimal(body) for currency, body in rows["wallets"]},
        holdings={symbol: _read(body) for symbol, body in rows["holdings"]},
        orders=orders,
        fills=sorted(
            (FillEvent(**_read(body)) for _, body in rows["fills"]),
            key=lambda fill: int(fill.fill_id),
        ),
        equity=sorted((time_ns, Decimal(body)) for time_ns, body in rows["equity"]),
    )


def _order(body: dict[str, Any], rules: Mapping[str, TradingRules]) -> RestingOrder:
    request = OrderRequest(**body.pop("request"))
    return RestingOrder(request=request, rules=rules[request.symbol], **body)
