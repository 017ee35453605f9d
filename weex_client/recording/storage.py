"""The files of one recording: the part that is written, the next one, those too old to keep."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import aiosqlite

from weex_client.errors import TapeError
from weex_client.recording.backlog import Load
from weex_client.recording.rows import INSERTS, TABLES, FrameRow, PartRow, Row
from weex_client.recording.tape import create_tape, last_id, part_path, parts_of, reading

__all__ = ["Storage"]

logger = logging.getLogger("weex_client")

# Somebody who holds the file may let it go soon; the thread waits, not the loop.
_LOCK_SECONDS: Final = 1.0

# Each step of a statement gives the interpreter's lock up and must get it back from the loop's
# thread, which in a flood takes a hundred times as long as the step: so one step writes so many
# frames, and no more, since who binds them holds that lock. Five parameters are a frame; before
# SQLite 3.32 there could be 999.
_FRAMES_PER_STEP: Final = 500 if sqlite3.sqlite_version_info >= (3, 32) else 150
_VALUES: Final = len(FrameRow._fields)
_FRAME_MARKS: Final = f"({', '.join('?' * _VALUES)})"


class _Part(NamedTuple):
    path: Path
    row: PartRow


class Storage:
    """Write loads into a recording, one part after the other.

    Raises:
        TapeError: From ``open``, if the file is no tape, or another recorder has it.
        sqlite3.Error: From everything else that writes.
    """

    def __init__(
        self, path: Path, part: _Part, kept: list[_Part], lock: sqlite3.Connection
    ) -> None:
        self._first = path
        self._part = part
        self._kept = kept
        self._lock = lock
        self._database: aiosqlite.Connection | None = None
        self._ending: asyncio.Task[None] | None = None  # the part before

    @classmethod
    async def open(cls, path: Path, now_ns: int) -> tuple[Self, int]:
        """Open a recording to go on with it, or begin one.

        Returns:
            The storage, and the first id that nothing has.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(cls._opened, path, now_ns))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait((opening,))
            if opening.exception() is None:
                storage, _ = opening.result()
                await storage.close(now_ns)
            raise

    @classmethod
    def _opened(cls, path: Path, now_ns: int) -> tuple[Self, int]:
        lock = _locked(path)
        try:
            paths = parts_of(path) or [path]
            with _opening(paths[-1]):
                create_tape(paths[-1], PartRow(0, None, now_ns))
            kept = [_Part(each, _part_row(each)) for each in paths]
            # Who is killed while a part begins leaves one with nothing on it: all of them count.
            next_id = max(map(_last_id, paths)) + 1
            with _opening(paths[-1]), contextlib.closing(_connection(paths[-1])) as database:
                database.execute(INSERTS[PartRow], kept[-1].row._replace(closed_ns=None))
        except BaseException:
            _unlock(lock, path)
            raise
        return cls(path, kept[-1], kept[:-1], lock), next_id

    @property
    def path(self) -> Path:
        """Return the part that is written."""
        return self._part.path

    @property
    def number(self) -> int:
        """Return the number of the part that is written."""
        return self._part.row.number

    @property
    def begun_ns(self) -> int:
        """Return when the part that is written was begun."""
        return self._part.row.opened_ns

    async def write(self, load: Load) -> None:
        """Write everything or nothing."""
        database = self._database or await self._connect()
        try:
            await database.execute("BEGIN IMMEDIATE")
            rest: list[Any] = []
            await database.executemany(_frames_insert(_FRAMES_PER_STEP), _steps(load, rest))
            if rest:
                await database.execute(_frames_insert(len(rest) // _VALUES), rest)
            await _write_rows(database, load.rows.values())
            await database.execute("COMMIT")
        except BaseException:
            await self._roll_back(database)
            raise

    async def _roll_back(self, database: aiosqlite.Connection) -> None:
        """Leave no transaction open, be it at the price of the connection."""
        try:
            await database.rollback()
        except sqlite3.Error:
            self._database = None
            await _close(database)

    async def is_gone(self) -> bool:
        """Tell whether somebody has removed the part that is written."""
        return not await asyncio.to_thread(self.path.exists)

    async def size(self) -> int:
        """Return how many bytes the part has, with what is in its log only."""
        database = self._database or await self._connect()
        query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        async with database.execute(query) as found:
            row = await found.fetchone()
        return 0 if row is None else int(row[0])

    async def turn(self, now_ns: int, lasting: Iterable[Row]) -> None:
        """Go on in a new part.

        Args:
            now_ns: The time.
            lasting: With what it begins.
        """
        number = self.number + 1
        while await asyncio.to_thread(part_path(self._first, number).exists):
            number += 1  # renamed by somebody
        part = _Part(part_path(self._first, number), PartRow(number, self.path.name, now_ns))
        try:
            database = await _begun(part, lasting)
        except BaseException:
            await asyncio.to_thread(_remove, part.path)  # it is tried again
            raise
        before, self._database = self._database, database
        self._kept.append(self._part)
        ended, self._part = self._part, part
        if before is not None:
            await self._ended()
            # Folding its log into it waits for the disk, and what is heard must not.
            self._ending = asyncio.create_task(
                _end(before, ended, now_ns), name="weex_client part that ends"
            )

    async def _ended(self) -> None:
        """Wait until the part before is closed."""
        if self._ending is not None:
            await asyncio.wait((self._ending,))

    async def forget(self, until_ns: int) -> list[Path]:
        """Remove the parts that had ended at a time; return them.

        Raises:
            OSError: If one cannot be removed; it is tried again the next time.
        """
        gone: list[Path] = []
        begins = [part.row.opened_ns for part in (*self._kept, self._part)]
        is_ending = self._ending is not None and not self._ending.done()
        while len(self._kept) > is_ending and begins[len(gone) + 1] <= until_ns:
            path = self._kept[0].path
            await asyncio.to_thread(_remove, path)
            gone.append(self._kept.pop(0).path)
        return gone

    async def close(self, now_ns: int) -> None:
        """Close the files, and let other recorders have them."""
        database, self._database = self._database, None
        try:
            if database is not None:
                await _finish(database, self._part.row._replace(closed_ns=now_ns))
        finally:
            await self._ended()
            await asyncio.to_thread(_unlock, self._lock, self._first)

    async def _connect(self) -> aiosqlite.Connection:
        self._database = await _connected(self.path)
        return self._database


def _frames_insert(count: int) -> str:
    """Return the statement that writes so many frames in one step."""
    marks = ", ".join([_FRAME_MARKS] * count)
    return f"INSERT OR REPLACE INTO {TABLES[FrameRow]} VALUES {marks}"  # noqa: S608 - ours


def _steps(load: Load, rest: list[Any]) -> Iterator[list[Any]]:
    """Return the parameters of all whole steps, and leave what is too little for one.

    It runs in the thread that writes.
    """
    for values in load.frame_values(_FRAMES_PER_STEP):
        if len(values) < _VALUES * _FRAMES_PER_STEP:
            rest += values
        else:
            yield values


async def _write_rows(database: aiosqlite.Connection, rows: Iterable[Row]) -> None:
    kinds: dict[type[Row], list[Row]] = {}
    for row in rows:
        kinds.setdefault(type(row), []).append(row)
    for kind, each in kinds.items():
        await database.executemany(INSERTS[kind], each)


async def _connected(path: Path) -> aiosqlite.Connection:
    # aiosqlite leaves its thread behind when it cannot connect (see the paper journal): what
    # cannot be opened is found out before.
    await asyncio.to_thread(_probe, path)
    database = await aiosqlite.connect(path, isolation_level=None, timeout=_LOCK_SECONDS)
    try:
        # A crash of the machine may take the last seconds with it, never the file.
        await database.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        await _close(database)
        raise
    return database


async def _begun(part: _Part, lasting: Iterable[Row]) -> aiosqlite.Connection:
    """Begin a part with what lasts."""
    await asyncio.to_thread(create_tape, part.path, part.row)
    database = await _connected(part.path)
    try:
        await database.execute("BEGIN IMMEDIATE")
        await _write_rows(database, lasting)
        await database.execute("COMMIT")
    except BaseException:
        await _close(database)
        raise
    return database


def _probe(path: Path) -> None:
    path.stat()  # SQLite would make another, empty one
    _connection(path).close()


def _connection(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)


async def _finish(database: aiosqlite.Connection, row: PartRow) -> None:
    try:
        await database.execute(INSERTS[PartRow], row)
    finally:
        await _close(database)


async def _end(database: aiosqlite.Connection, part: _Part, now_ns: int) -> None:
    try:
        await _finish(database, part.row._replace(closed_ns=now_ns))
    except sqlite3.Error as exc:  # it was removed, or the disk is full
        logger.warning("%s: cannot be closed properly: %s", part.path, exc)


async def _close(database: aiosqlite.Connection) -> None:
    await asyncio.shield(database.close())


def _last_id(path: Path) -> int:
    with reading(path), contextlib.closing(_connection(path)) as database:
        return last_id(database)


def _part_row(path: Path) -> PartRow:
    with reading(path), contextlib.closing(sqlite3.connect(path)) as database:
        found = database.execute(f"SELECT * FROM {TABLES[PartRow]}").fetchone()  # noqa: S608
    if found is None:
        raise TapeError(
            f"{path} is no part of a recording: it has lost its first row", path=str(path)
        )
    return PartRow(*found)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Translate what cannot be written when a recording is opened."""
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise TapeError(f"cannot record in {path}: {exc}", path=str(path)) from exc


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + "-recorder")


def _locked(path: Path) -> sqlite3.Connection:
    """Make sure that nobody else records here: two would number their frames alike.

    The lock is SQLite's, on a file beside the tape, so that it ends with the program that has it.
    """
    with _opening(path):
        lock = sqlite3.connect(
            _lock_path(path), timeout=0.0, isolation_level=None, check_same_thread=False
        )
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        lock.close()
        why = f"cannot record in {path}: {exc}"
        if "locked" in str(exc):
            why = f"another program records in {path}: choose another file, or end it"
        raise TapeError(why, path=str(path)) from exc
    return lock


def _unlock(lock: sqlite3.Connection, path: Path) -> None:
    with contextlib.suppress(OSError):  # where open files cannot be removed it stays, unlocked
        _lock_path(path).unlink(missing_ok=True)
    lock.close()
