"""What stands on a tape, read back whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, TypeVar

from weex_client.recording.rows import TABLES, FrameRow
from weex_client.recording.tape import open_tape

R = TypeVar("R", bound=tuple[Any, ...])


def rows(path: Path, kind: type[R]) -> list[R]:
    """Return all rows of a kind, in order."""
    make: Any = kind
    name = TABLES[make]
    with contextlib.closing(open_tape(path)) as database:
        return [make(*row) for row in database.execute(f"SELECT * FROM {name} ORDER BY 1")]


def payloads(path: Path, *, is_sent: bool = False) -> list[bytes]:

    return [row.payload for row in rows(path, FrameRow) if row.is_sent == is_sent]
