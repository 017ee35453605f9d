"""What stands on a tape: its tables and their rows. Files are made and opened in ``tape``."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "INSERTS",
    "TABLES",
    "AnswerRow",
    "EventRow",
    "FeedRow",
    "FrameRow",
    "HoleRow",
    "LineRow",
    "PartRow",
    "Row",
    "SessionRow",
    "schema",
]


class PartRow(NamedTuple):
    """Which part of a recording a file is; it has one such row.

    Attributes:
        number: 0 for the first part, whose name the recorder was given.
        follows: The name of the part before this one, as it was when this one was begun.
        opened_ns: When it was begun, nanoseconds since the epoch.
        closed_ns: When it was ended, or None: being written, or its recorder was killed.
    """

    number: int
    follows: str | None
    opened_ns: int
    closed_ns: int | None = None


class SessionRow(NamedTuple):
    """One client that was opened with the recorder.

    ``id`` and those of all other rows come from one counter, which goes on over the parts of a
    recording: they put everything that happened in one order. A session, line or feed that goes
    on in the next part stands there again, under the same id: the newest part's row counts.

    Attributes:
        id: Its place among everything.
        venue: The venue's name.
        market: Its market, where the venue has several.
        settings: The client's settings without secrets, a JSON object.
        package: Name and version of what recorded.
        opened_ns: When it was opened.
        closed_ns: When it was closed, or None if it never was.
    """

    id: int
    venue: str
    market: str | None
    settings: str
    package: str
    opened_ns: int
    closed_ns: int | None = None


class LineRow(NamedTuple):
    """One connection, from its opening to its end.

    Attributes:
        id: The place of its opening among everything.
        session: Whose it was.
        lane: Which of the client's connections, over reconnections; 0 is the first.
        scope: ``public`` or ``private``.
        address: Where it went, without a query.
        opened_ns: When.
        closed_id: The place of its end among everything, or None while it is open.
        closed_ns: When that was.
        code: WebSocket close code, or None where it ended without one.
        cause: How it ended, in words.
        is_ours: Whether the client itself ended it, 0 or 1.
    """

    id: int
    session: int
    lane: int
    scope: str
    address: str
    opened_ns: int
    closed_id: int | None = None
    closed_ns: int | None = None
    code: int | None = None
    cause: str | None = None
    is_ours: int = 0


class FrameRow(NamedTuple):
    """One frame, byte for byte.

    Frames that were read together have the same line and time, and follow each other.

    Attributes:
        id: Its place among everything.
        line: Over which line it went.
        is_sent: 1 if the client sent it, 0 if it was received.
        time_ns: When, nanoseconds since the epoch.
        payload: The frame; of one that was sent, what is secret is ``***``.
    """

    id: int
    line: int
    is_sent: int
    time_ns: int
    payload: bytes


class AnswerRow(NamedTuple):
    """What was asked over HTTP, and what came of it.

    Attributes:
        id: The place of the answer among everything.
        session: Who asked.
        method: ``GET`` or ``POST``.
        place: Path and query, without host and without what is secret.
        asked_id: The place of the question among everything.
        asked_ns: When it was asked.
        time_ns: When it was answered.
        status: HTTP status, or None where there was no answer.
        body: The answer; None where it is secret, and where there was none.
        error: Why there was no answer, in words.
    """

    id: int
    session: int
    method: str
    place: str
    asked_id: int
    asked_ns: int
    time_ns: int
    status: int | None
    body: bytes | None
    error: str | None = None


class EventRow(NamedTuple):
    """A ``ConnectionEvent`` as it was announced.

    Attributes:
        id: Its place among everything.
        session: Whose it was.
        time_ns: When it was announced.
        kind: As in the event.
        scope: As in the event.
        channel: As in the event.
        symbol: As in the event.
        facts: The rest of it, a JSON object without what is None.
    """

    id: int
    session: int
    time_ns: int
    kind: str
    scope: str
    channel: str | None
    symbol: str | None
    facts: str


class FeedRow(NamedTuple):
    """What a lane was asked to carry: a topic, from when to when.

    Attributes:
        id: From which place on.
        session: Whose it was.
        lane: Which of the client's connections.
        scope: ``public`` or ``private``.
        channel: The topic's channel.
        symbol: The topic's symbol.
        level: The topic's level.
        interval: The topic's interval.
        left_id: Up to which place, or None where it was never left.
    """

    id: int
    session: int
    lane: int
    scope: str
    channel: str
    symbol: str | None
    level: int | None
    interval: str | None
    left_id: int | None = None


class HoleRow(NamedTuple):
    """What the recorder itself could not keep.

    Attributes:
        id: The place, among everything, of what is missing.
        session: Whose it was, or None if of several.
        from_ns: When the first of it came.
        to_ns: When the last of it came.
        frames: How many frames.
        bytes: How many bytes they had.
        cause: Why, in words.
    """

    id: int
    session: int | None
    from_ns: int
    to_ns: int
    frames: int
    bytes: int
    cause: str


Row = PartRow | SessionRow | LineRow | FrameRow | AnswerRow | EventRow | FeedRow | HoleRow

_COLUMNS: Final[dict[type[Row], tuple[str, dict[str, str]]]] = {
    PartRow: (
        "part",
        {"number": "INTEGER PRIMARY KEY", "opened_ns": "INTEGER", "closed_ns": "INTEGER"},
    ),
    SessionRow: ("session", {"opened_ns": "INTEGER", "closed_ns": "INTEGER"}),
    LineRow: (
        "line",
        dict.fromkeys(
            ("session", "lane", "opened_ns", "closed_id", "closed_ns", "code", "is_ours"),
            "INTEGER",
        ),
    ),
    FrameRow: (
        "frame",
        {"line": "INTEGER", "is_sent": "INTEGER", "time_ns": "INTEGER", "payload": "BLOB"},
    ),
    AnswerRow: (
        "answer",
        dict.fromkeys(("session", "asked_id", "asked_ns", "time_ns", "status"), "INTEGER")
        | {"body": "BLOB"},
    ),
    EventRow: ("event", {"session": "INTEGER", "time_ns": "INTEGER"}),
    FeedRow: ("feed", dict.fromkeys(("session", "lane", "level", "left_id"), "INTEGER")),
    HoleRow: (
        "hole",
        dict.fromkeys(("session", "from_ns", "to_ns", "frames", "bytes"), "INTEGER"),
    ),
}


TABLES: Final[dict[type[Row], str]] = {kind: name for kind, (name, _) in _COLUMNS.items()}
"""For each kind of row the name of its table; its columns are called as its fields."""


def schema() -> list[str]:
    """Return the statements that make the tables."""
    return [_table(*each) for each in _COLUMNS.items()]


def _table(kind: type[Row], table: tuple[str, dict[str, str]]) -> str:
    name, types = table
    types = {"id": "INTEGER PRIMARY KEY"} | types
    columns = ", ".join(f'"{field}" {types.get(field, "TEXT")}' for field in kind._fields)
    return f"CREATE TABLE {name} ({columns})"


def _insert(kind: type[Row]) -> str:
    marks = ", ".join("?" * len(kind._fields))
    return f"INSERT OR REPLACE INTO {TABLES[kind]} VALUES ({marks})"  # noqa: S608 - ours


INSERTS: Final[dict[type[Row], str]] = {kind: _insert(kind) for kind in _COLUMNS}
"""For each kind of row the statement that writes one, be it over an earlier one of its id."""
