"""The tape: a SQLite file of raw frames and of all that is needed to play them again.

How one is made and opened. What its rows are stands in ``rows``; what is written into it is the
recorder's business, what it says the player's.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from weex_client.errors import TapeError
from weex_client.recording.rows import (
    INSERTS,
    TABLES,
    AnswerRow,
    EventRow,
    FeedRow,
    FrameRow,
    HoleRow,
    LineRow,
    PartRow,
    Row,
    SessionRow,
    schema,
)

__all__ = [
    "APPLICATION_ID",
    "SCHEMA_VERSION",
    "check_tape",
    "create_tape",
    "last_id",
    "open_tape",
    "part_path",
    "parts_of",
    "reading",
]

APPLICATION_ID: Final = 0x57455854
"""``WEXT``: what stands in the header of every tape."""

SCHEMA_VERSION: Final = 1

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100

# How long who reads waits for a writer that folds its log into the file.
_BUSY_SECONDS: Final = 5.0


def create_tape(path: str | Path, part: PartRow) -> None:
    """Make a tape, or leave the one that is there as it is.

    Raises:
        TapeError: If the file is something else, or of a newer version.
        sqlite3.Error: If it cannot be written.
        OSError: If its folder cannot be.
    """
    path = Path(path)
    if path.exists() and path.stat().st_size:
        check_tape(path)
        with contextlib.closing(_writable(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        return
    # Under another name until it is whole: who is killed meanwhile leaves no tape, not half of one.
    begun = path.with_name(f"{path.name}-new")
    begun.unlink(missing_ok=True)
    try:
        with contextlib.closing(_writable(begun)) as database:
            with _transaction(database):
                database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                for statement in schema():
                    database.execute(statement)
                database.execute(INSERTS[PartRow], part)
            database.execute("PRAGMA journal_mode = WAL")
        begun.replace(path)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise


def _writable(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=1.0, isolation_level=None)


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def check_tape(path: str | Path) -> None:
    """Make sure that a file is a tape that this version can read.

    Raises:
        TapeError: If it is not; the text says why, and what to do.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        raise _refused(path, "there is no tape {}") from None
    except OSError as exc:
        raise _refused(path, f"cannot read {{}}: {exc.strerror or exc}") from exc
    if not header:
        raise _refused(path, "{} is empty: nothing was recorded in it")
    if not header.startswith(_MAGIC):
        raise _refused(path, "{} is not a tape: it is no SQLite file")
    if len(header) < _HEADER_BYTES:
        raise _refused(path, "{} is cut short: it is not even one page long")
    # What is in the log beside the file may not be in the file yet.
    if not _log(path).exists() and (needed := _pages_bytes(header)) > size:
        raise _refused(path, f"{{}} is cut short: {size:,} of its {needed:,} bytes are there")
    with reading(path), contextlib.closing(_connected(path)) as database:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise _refused(path, "{} is not a tape: another program's SQLite file")
    if version > SCHEMA_VERSION:
        raise _refused(
            path,
            f"{{}} is a tape of version {version}, this package reads up to version"
            f" {SCHEMA_VERSION}: update weex-client",
        )
    if version < 1:
        raise _refused(path, f"{{}} is a tape of version {version}, which never was one")


def _refused(path: Path, why: str) -> TapeError:
    return TapeError(why.format(path), path=str(path))


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _pages_bytes(header: bytes) -> int:
    """Return how long a SQLite file must be, by its header."""
    page_bytes = int.from_bytes(header[16:18], "big")
    return (65536 if page_bytes == 1 else page_bytes) * int.from_bytes(header[28:32], "big")


# As it should be, so that what SQLite needs beside the file is removed in the end; then for files
# that may not be written; then where no file may be made beside it, such as on a read-only disk.
_MODES: Final = ("mode=rw", "mode=ro", "mode=ro&immutable=1")


def _connected(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads."""
    # What is in the log beside the file would not be seen by the last mode.
    modes = _MODES[:-1] if _log(path).exists() else _MODES
    for mode in modes:
        address = f"file:{quote(str(path.absolute()))}?{mode}"
        try:
            database = sqlite3.connect(
                address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
        except sqlite3.OperationalError:
            if mode == modes[-1]:
                raise
            continue
        try:
            database.execute("PRAGMA query_only = ON")
            database.execute("SELECT * FROM sqlite_master").fetchone()
            return database
        except sqlite3.OperationalError:
            database.close()
            if mode == modes[-1]:
                raise
        except BaseException:
            database.close()
            raise
    raise AssertionError("the last mode returns or raises")


def open_tape(path: str | Path) -> sqlite3.Connection:
    """Open one file of a recording to read it, be it still written by another program.

    Each ``SELECT`` sees what was written when it began; between ``BEGIN`` and ``COMMIT`` all see
    the same. Read inside ``reading``, which translates what SQLite raises.

    Raises:
        TapeError: If it is none, is of a newer version, or is damaged.
    """
    path = Path(path)
    check_tape(path)
    with reading(path):
        return _connected(path)


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Translate what SQLite raises while a tape is read.

    Raises:
        TapeError: If something in the block cannot be read.
    """
    try:
        yield
    except sqlite3.DatabaseError as exc:
        raise TapeError(f"cannot read {path}: {exc}", path=str(path)) from exc


def last_id(database: sqlite3.Connection) -> int:
    """Return the highest id of a tape's rows; 0 where there is none."""
    ids = [
        *_scalars(database, "SELECT MAX(id) FROM {}", SessionRow, LineRow, FrameRow, AnswerRow),
        *_scalars(database, "SELECT MAX(id) FROM {}", EventRow, FeedRow, HoleRow),
        *_scalars(database, "SELECT MAX(closed_id) FROM {}", LineRow),
        *_scalars(database, "SELECT MAX(left_id) FROM {}", FeedRow),
    ]
    return max((each for each in ids if each is not None), default=0)


def _scalars(database: sqlite3.Connection, query: str, *kinds: type[Row]) -> Iterator[int | None]:
    for kind in kinds:
        (found,) = database.execute(query.format(TABLES[kind])).fetchone()
        yield found


def part_path(path: str | Path, number: int) -> Path:
    """Return where a part of a recording lies: ``tape.db``, ``tape.001.db``, ``tape.002.db``."""
    path = Path(path)
    return path if not number else path.with_name(f"{path.stem}.{number:03d}{path.suffix}")


def parts_of(path: str | Path) -> list[Path]:
    """Return the files of a recording that are there, oldest first.

    The first may be missing, removed when it was older than the recorder was to keep.
    """
    path = Path(path)
    pattern = re.compile(re.escape(path.stem) + r"\.(\d{3,})" + re.escape(path.suffix))
    numbers = [0] if path.exists() else []
    if path.parent.is_dir():
        names = (pattern.fullmatch(each.name) for each in path.parent.iterdir())
        numbers += sorted(int(name[1]) for name in names if name and int(name[1]))
    return [part_path(path, number) for number in numbers]
