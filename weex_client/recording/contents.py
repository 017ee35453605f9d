"""What stands on a tape, over all parts of the recording: its tables whole, its entries in order.

What they mean is the business of ``playback`` and ``replay``.
"""

from __future__ import annotations

import contextlib
import heapq
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from weex_client.recording.rows import (
    TABLES,
    AnswerRow,
    EventRow,
    FeedRow,
    FrameRow,
    HoleRow,
    LineRow,
    Row,
    SessionRow,
)
from weex_client.recording.tape import last_id, open_tape, parts_of, reading

__all__ = [
    "Answered",
    "Carried",
    "Closed",
    "Contents",
    "Entry",
    "Left",
    "LineFigures",
    "Opened",
    "Received",
    "time_of",
]

# Rows read at a time: no longer than a reader of the file may hold its writer's log.
_ROWS_AT_ONCE = 4096

R = TypeVar("R", SessionRow, LineRow, FeedRow, HoleRow, EventRow)


class Received(NamedTuple):
    """Frames that were read together."""

    id: int
    line: int
    time_ns: int
    frames: list[bytes]


class Opened(NamedTuple):
    """A line was opened."""

    id: int
    row: LineRow


class Closed(NamedTuple):
    """A line has ended."""

    id: int
    row: LineRow


class Carried(NamedTuple):
    """A lane was asked for a topic."""

    id: int
    row: FeedRow


class Left(NamedTuple):
    """A lane's topic was read no more."""

    id: int
    row: FeedRow


class Answered(NamedTuple):
    """Something was answered over HTTP."""

    id: int
    row: AnswerRow


Entry = Received | Opened | Closed | Carried | Left | Answered


def time_of(entry: Entry) -> int | None:
    """Return when an entry happened, or None where that was when the one before it did."""
    match entry:
        case Received():
            return entry.time_ns
        case Opened(_, row):
            return row.opened_ns
        case Closed(_, row):
            return row.opened_ns if row.closed_ns is None else row.closed_ns
        case Answered(_, row):
            return row.time_ns
        case _:
            return None


class LineFigures(NamedTuple):
    """How much came over a line, and between which times."""

    frames: int
    bytes: int
    first_ns: int
    last_ns: int


class Contents:
    """A recording as it stood when this was made; what is written later is not shown.

    Attributes:
        path: As it was given.
        paths: The files it consists of.
        last_id: The last place that is read.
        sessions: By id, in order.
        lines: By id, in order.
        feeds: In order.
        holes: What the recorder could not keep.

    Raises:
        TapeError: If a file is no tape, or cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.paths = parts_of(path) or [Path(path)]
        self.last_id = 0
        self.sessions: dict[int, SessionRow] = {}
        self.lines: dict[int, LineRow] = {}
        self.feeds: list[FeedRow] = []
        self.holes: list[HoleRow] = []
        self._read_tables()

    def _read_tables(self) -> None:
        """Read what is small; what goes on in a later part counts as it stands there."""
        feeds: dict[int, FeedRow] = {}
        holes: dict[int, HoleRow] = {}
        for path in self.paths:
            with _opened(path) as database:
                database.execute("BEGIN")
                self.last_id = max(self.last_id, last_id(database))
                self.sessions |= {row.id: row for row in _rows(database, SessionRow)}
                self.lines |= {row.id: row for row in _rows(database, LineRow)}
                feeds |= {row.id: row for row in _rows(database, FeedRow)}
                holes |= {row.id: row for row in _rows(database, HoleRow)}
                database.execute("COMMIT")
        start_ns = self._start_ns()
        self.sessions = {
            each: row._replace(opened_ns=max(row.opened_ns, start_ns))
            for each, row in sorted(self.sessions.items())
        }
        self.lines = {
            each: row._replace(opened_ns=max(row.opened_ns, start_ns))
            for each, row in sorted(self.lines.items())
        }
        self.feeds = [feeds[each] for each in sorted(feeds)]
        self.holes = [holes[each] for each in sorted(holes)]

    def _start_ns(self) -> int:
        """Return when the first part that is left was begun: what was before is not there."""
        with _opened(self.paths[0]) as database:
            row = database.execute("SELECT opened_ns FROM part WHERE number > 0").fetchone()
        return 0 if row is None else int(row[0])

    def events(self) -> Iterator[EventRow]:
        """Yield what was announced, in order."""
        for path in self.paths:
            with _opened(path) as database:
                rows = _rows(database, EventRow)
            yield from rows

    def figures(self) -> dict[int, LineFigures]:
        """Count what was received, by line."""
        found: dict[int, LineFigures] = {}
        query = (
            "SELECT line, COUNT(*), SUM(LENGTH(payload)), MIN(time_ns), MAX(time_ns) FROM frame"
            " WHERE is_sent = 0 GROUP BY line"
        )
        for path in self.paths:
            with _opened(path) as database:
                for line, *numbers in database.execute(query):
                    new = LineFigures(*numbers)
                    old = found.get(line, LineFigures(0, 0, new.first_ns, new.last_ns))
                    found[line] = LineFigures(
                        old.frames + new.frames,
                        old.bytes + new.bytes,
                        min(old.first_ns, new.first_ns),
                        max(old.last_ns, new.last_ns),
                    )
        return found

    def time_at(self, place: int) -> int | None:
        """Return when the first frame behind a place came, or None if there is none."""
        query = "SELECT time_ns FROM frame WHERE id >= ? ORDER BY id LIMIT 1"
        for path in self.paths:
            with _opened(path) as database:
                row = database.execute(query, (place,)).fetchone()
            if row is not None:
                return int(row[0])
        return None

    def last_frame(self, line: int) -> int:
        """Return the place of the last frame that came over a line, or of its opening."""
        query = "SELECT id FROM frame WHERE line = ? ORDER BY id DESC LIMIT 1"
        for path in reversed(self.paths):
            with _opened(path) as database:
                row = database.execute(query, (line,)).fetchone()
            if row is not None:
                return int(row[0])
        return line

    @property
    def size(self) -> int:
        """Return how many bytes the files have."""
        return sum(path.stat().st_size for path in self.paths)

    def entries(self, lines: Collection[int], sessions: Collection[int]) -> Iterator[Entry]:
        """Yield, in order, what happened on some lines, and to the sessions they are of.

        Args:
            lines: Whose frames are wanted.
            sessions: Whose topics and answers are wanted.
        """
        chosen = [self.lines[each] for each in lines]
        marks: list[Entry] = [Opened(row.id, row) for row in chosen]
        marks += [Closed(row.closed_id, row) for row in chosen if row.closed_id is not None]
        feeds = [row for row in self.feeds if row.session in sessions]
        marks += [Carried(row.id, row) for row in feeds]
        marks += [Left(row.left_id, row) for row in feeds if row.left_id is not None]
        marks.sort(key=attrgetter("id"))
        others = heapq.merge(marks, self._answers(sessions), key=attrgetter("id"))
        return _merged(self._frames(lines), others)

    def answers(self) -> list[AnswerRow]:
        """Return what was answered, without the bodies."""
        columns = [name for name in AnswerRow._fields if name != "body"]
        query = f"SELECT {', '.join(columns)} FROM {TABLES[AnswerRow]} ORDER BY id"  # noqa: S608
        found = []
        for path in self.paths:
            with _opened(path) as database:
                for row in database.execute(query):
                    found.append(AnswerRow(body=None, **dict(zip(columns, row, strict=True))))
        return found

    def answered_sessions(self) -> set[int]:
        """Return to whom something was answered that stands on the tape."""
        query = f"SELECT DISTINCT session FROM {TABLES[AnswerRow]} WHERE body IS NOT NULL"  # noqa: S608
        found: set[int] = set()
        for path in self.paths:
            with _opened(path) as database:
                found |= {int(session) for (session,) in database.execute(query)}
        return found

    def body_of(self, answer: int) -> bytes:
        """Return what an answer says; nothing where it was not kept."""
        query = f"SELECT body FROM {TABLES[AnswerRow]} WHERE id = ?"  # noqa: S608 - our own names
        for path in self.paths:
            with _opened(path) as database:
                row = database.execute(query, (answer,)).fetchone()
            if row is not None:
                return bytes(row[0] or b"")
        return b""

    def _answers(self, sessions: Collection[int]) -> Iterator[Entry]:
        condition = f"session IN ({_list(sessions)})"
        columns = ", ".join(AnswerRow._fields)
        for chunk in self._chunks(AnswerRow, columns, condition):
            for row in chunk:
                yield Answered(row[0], AnswerRow(*row))

    def _frames(self, lines: Collection[int]) -> Iterator[tuple[int, int, int, bytes]]:
        condition = "is_sent = 0"
        if len(lines) < len(self.lines):
            condition += f" AND line IN ({_list(lines)})"
        for chunk in self._chunks(FrameRow, "id, line, time_ns, payload", condition):
            yield from chunk

    def _chunks(self, kind: type[Row], columns: str, condition: str) -> Iterator[Sequence[Any]]:
        """Read a table a stretch at a time, so that nobody waits for its reader."""
        query = (
            f"SELECT {columns} FROM {TABLES[kind]} WHERE id > ? AND id <= ? AND {condition}"  # noqa: S608 - ours
            f" ORDER BY id LIMIT {_ROWS_AT_ONCE}"
        )
        for path in self.paths:
            position = 0
            while True:
                with _opened(path) as database:
                    rows = database.execute(query, (position, self.last_id)).fetchall()
                if rows:
                    yield rows
                if len(rows) < _ROWS_AT_ONCE:
                    break
                position = rows[-1][0]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for a moment: whoever keeps a recording for long keeps no file open."""
    with reading(path), contextlib.closing(open_tape(path)) as database:
        yield database


def _rows(database: sqlite3.Connection, kind: type[R]) -> list[R]:
    columns = ", ".join(f'"{name}"' for name in kind._fields)
    query = f"SELECT {columns} FROM {TABLES[kind]} ORDER BY id"  # noqa: S608 - our own names
    return [kind(*row) for row in database.execute(query)]


def _list(ids: Collection[int]) -> str:
    return ", ".join(str(int(each)) for each in ids)


def _merged(
    frames: Iterator[tuple[int, int, int, bytes]], others: Iterator[Entry]
) -> Iterator[Entry]:
    """Put frames that came together into one entry each, and all into one order."""
    other = next(others, None)
    batch: Received | None = None
    for place, line, time_ns, payload in frames:
        if other is None or other.id > place:
            if batch is not None and batch.line == line and batch.time_ns == time_ns:
                batch.frames.append(payload)
                continue
            if batch is not None:
                yield batch
        else:
            if batch is not None:
                yield batch
            while other is not None and other.id < place:
                yield other
                other = next(others, None)
        batch = Received(place, line, time_ns, [payload])
    if batch is not None:
        yield batch
    if other is not None:
        yield other
        yield from others
