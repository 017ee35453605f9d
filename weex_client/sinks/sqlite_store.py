"""Messages in an SQLite file: a table a channel, a column a field. Batches come from ``sink``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import types
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import aiosqlite

from weex_client.clock import Clock
from weex_client.errors import SinkError
from weex_client.models import Payload
from weex_client.sinks.contract import Outcome, RefusedRowsError
from weex_client.sinks.rows import ENVELOPE, Row, plain, unified
from weex_client.sinks.sink import Sink

__all__ = ["SCHEMA_VERSION", "SQLiteSink", "SQLiteStore"]

SCHEMA_VERSION: Final = 1
# "WEXS": a store of this package, and no tape (which is "WEXT") and nobody else's file.
_APPLICATION_ID: Final = 0x57455853

# How long SQLite itself waits for another program's write; then the sink tries again.
_LOCK_SECONDS: Final = 1.0

# A batch is on the disk when it is acknowledged (FULL), and readers never wait (WAL).
_SETTINGS: Final = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")

# Nothing brings such a file back.
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_REFUSED: Final = (
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError),
    *(sqlite3.ProgrammingError, OverflowError, UnicodeEncodeError),
)

_AFFINITIES: Final[Mapping[object, str]] = {
    str: "TEXT",
    Decimal: "TEXT",  # REAL would round the venue's digits
    int: "INTEGER",
    bool: "INTEGER",
    float: "REAL",
}


class SQLiteSink(Sink):
    """Store messages in an SQLite file, a table for each channel; needs no extra.

    Args:
        path: The file; made if it is not there.
        options: As for ``Sink``.

    Raises:
        SinkError: On entering, if the file cannot be opened or holds something else.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Clock | None = None, **options: Any
    ) -> None:
        super().__init__(SQLiteStore(path), clock=clock, **options)


class SQLiteStore:
    """One open file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.place = os.fspath(path)
        self._database: aiosqlite.Connection | None = None
        self._tables: dict[str, _Table] = {}

    async def open(self) -> None:
        """Open the file, or make it.

        Raises:
            SinkError: If it cannot be opened, or holds something else than a store of this
                version.
        """
        try:
            # aiosqlite leaves its thread behind when it cannot connect: find out before.
            await asyncio.to_thread(self._prepare)
            self._database = await aiosqlite.connect(
                self.place, isolation_level=None, timeout=_LOCK_SECONDS
            )
        except sqlite3.Error as exc:
            raise self._translated(exc, "cannot open") from exc
        try:
            for setting in _SETTINGS:
                await self._database.execute(setting)
        except BaseException as exc:
            await self.close()
            if isinstance(exc, sqlite3.Error):
                raise self._translated(exc, "cannot use") from exc
            raise

    def _prepare(self) -> None:
        """Make sure, in a thread, that the file is a store, or becomes one."""
        with contextlib.closing(
            sqlite3.connect(self.place, isolation_level=None, timeout=_LOCK_SECONDS)
        ) as database:
            database.execute("BEGIN IMMEDIATE")
            has_tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            (number,) = database.execute("PRAGMA application_id").fetchone()
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if not has_tables and not number and not version:
                database.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif number != _APPLICATION_ID:
                raise SinkError(
                    f"{self.place} holds something else than a store of messages: name a new file",
                    place=self.place,
                )
            elif version != SCHEMA_VERSION:
                raise SinkError(
                    f"{self.place} is a store of version {version}, and this package writes"
                    f" version {SCHEMA_VERSION}: name a new file",
                    place=self.place,
                )
            database.execute("COMMIT")

    async def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            await database.close()

    async def write(self, rows: Sequence[Row]) -> Outcome:
        """Store rows in one transaction: all of them, or none.

        Raises:
            SinkError: If the file takes nothing now (locked, disk full), or ever again.
            RefusedRowsError: If SQLite cannot hold a value.
        """
        database = self._database
        if database is None:
            raise SinkError(f"{self.place} is not open", place=self.place)
        try:
            return await self._write(database, rows)
        except _REFUSED as exc:
            raise RefusedRowsError(f"SQLite cannot hold it: {exc}", place=self.place) from exc
        except sqlite3.Error as exc:
            raise self._translated(exc, "cannot write to") from exc

    async def _write(self, database: aiosqlite.Connection, rows: Sequence[Row]) -> Outcome:
        by_channel: dict[str, list[Row]] = {}
        for row in rows:
            by_channel.setdefault(row.channel, []).append(row)
        known = dict(self._tables)
        try:
            await database.execute("BEGIN IMMEDIATE")
            before = database.total_changes
            for channel, members in by_channel.items():
                table = known.get(channel)
                if table is None:
                    table = known[channel] = await _opened_table(database, members[0])
                await database.executemany(table.insert, table.values(members))
            stored = database.total_changes - before
            await database.execute("COMMIT")
        except BaseException:
            await database.rollback()
            raise
        self._tables = known
        return Outcome(stored, len(rows) - stored)

    def _translated(self, error: sqlite3.Error, what: str) -> SinkError:
        number = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        reason = str(error)
        if number in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            reason = "another program writes to it"
        is_retryable = number not in _BROKEN
        return SinkError(f"{what} {self.place}: {reason}", place=self.place, retryable=is_retryable)


class _Table:
    """Say how rows of a channel go into its table.

    Args:
        row: One of them.
        columns: The table's own columns, in order.
    """

    def __init__(self, row: Row, columns: Sequence[str]) -> None:
        self._columns = tuple(name for name in columns if name != "extra")
        self._known = frozenset(self._columns)
        names = (*self._columns, "extra")
        listed = ", ".join(map(_quoted, names))
        key = ", ".join(map(_quoted, _key_columns(row)))
        action = "NOTHING"
        if row.identity.is_state:
            changes = ", ".join(f"{_quoted(each)}=excluded.{_quoted(each)}" for each in names)
            action = f"UPDATE SET {changes}"
            if "is_closed" in self._known:  # no forming candle replaces a closed one
                action += " WHERE excluded.is_closed >= is_closed"
        self.insert = (
            f"INSERT INTO {_quoted(row.channel)} ({listed}) VALUES"  # noqa: S608  # quoted
            f" ({', '.join('?' * len(names))}) ON CONFLICT ({key}) DO {action}"
        )

    def values(self, rows: Sequence[Row]) -> list[list[Any]]:
        """Return what is bound to the statement's places."""
        return [self._values(row.fields) for row in rows]

    def _values(self, fields: dict[str, Any]) -> list[Any]:
        bound = [_bound(fields.get(name)) for name in self._columns]
        extra = {
            name: plain(value)
            for name, value in fields.items()
            if value is not None and name not in self._known
        }
        bound.append(json.dumps(extra) if extra else None)
        return bound


async def _opened_table(database: aiosqlite.Connection, row: Row) -> _Table:
    """Make the table of a channel, unless it is there, and say how to write to it."""
    name = _quoted(row.channel)
    key = _key_columns(row)
    columns = [
        f"{_quoted(each)} {affinity}{' NOT NULL' if each in key else ''}"
        for each, affinity in _columns(row).items()
    ]
    unique = f"UNIQUE ({', '.join(map(_quoted, key))})"
    await database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)}, {unique})")
    index = _quoted(f"{row.channel} by time")
    await database.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {name} (symbol, time_ns)")
    async with database.execute(f"PRAGMA table_info({name})") as found:
        return _Table(row, [each[1] for each in await found.fetchall()])


def _key_columns(row: Row) -> tuple[str, ...]:
    return ("venue", "label", "symbol", *row.identity.fields)


def _columns(row: Row) -> dict[str, str]:
    """Return the columns of a table with their affinities.

    They are those of the class that all venues share: what one of them adds goes to ``extra``.
    """
    kind: type[Payload] = unified(row.kind)
    columns = {name: _AFFINITIES[each] for name, each in ENVELOPE.items()}
    for name, field in kind.model_fields.items():
        columns.setdefault(name, _affinity(field.annotation))
    for name in row.identity.fields:
        columns.setdefault(name, "TEXT")
    return {**columns, "extra": "TEXT"}


def _affinity(annotation: object) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _affinity(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        kinds = {_affinity(each) for each in get_args(annotation) if each is not type(None)}
        return kinds.pop() if len(kinds) == 1 else "TEXT"
    return "TEXT" if origin is Literal else _AFFINITIES.get(annotation, "TEXT")


def _bound(value: Any) -> Any:
    match value:
        case None | str() | float():
            return value
        case bool() | int():
            return int(value) if -(2**63) <= value < 2**63 else str(value)
        case Decimal():
            return plain(value)
        case _:
            return json.dumps(plain(value))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
