"""A tape written by hand, entry by entry, as a recorder would have written it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from weex_client.recording.rows import (
    INSERTS,
    AnswerRow,
    EventRow,
    FeedRow,
    FrameRow,
    HoleRow,
    LineRow,
    PartRow,
    Row,
    SessionRow,
)
from weex_client.recording.tape import create_tape, last_id

START_NS = 1_790_000_000_000_000_000


class HandmadeTape:
    """Write a tape; ``now_ns`` is the time of the next entry, and is yours to turn.

    with HandmadeTape(path) as tape:
        session = tape.session("weex", market="contract")
        line = tape.line(session)
        tape.feed(session, "trades", "BTCUSDT")
        tape.sent(line, '{"method": "SUBSCRIBE"}')
        tape.now_ns += 1_000_000
        tape.received(line, b"...", b"...")
    """

    def __init__(self, path: Path, part: PartRow | None = None) -> None:
        self.now_ns = START_NS
        create_tape(path, part or PartRow(0, None, START_NS))
        self.database = sqlite3.connect(path)
        self._rows: dict[int, Row] = {}
        self._next_id = last_id(self.database) + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.database.commit()
        self.database.close()

    def place(self) -> int:
        """Take the next place among everything."""
        place, self._next_id = self._next_id, self._next_id + 1
        return place

    def write(self, row: Row) -> int:
        self.database.execute(INSERTS[type(row)], row)
        self._rows[row[0] or 0] = row
        return row[0] or 0

    def session(self, venue: str = "weex", market: str | None = "contract", **settings: Any) -> int:
        row = SessionRow(
            self.place(), venue, market, json.dumps(settings), "weex-client by hand", self.now_ns
        )
        return self.write(row)

    def line(self, session: int, lane: int = 0, scope: str = "public") -> int:
        address = "wss://127.0.0.1/ws"
        return self.write(LineRow(self.place(), session, lane, scope, address, self.now_ns))

    def feed(
        self,
        session: int,
        channel: str,
        symbol: str | None = None,
        level: int | None = None,
        interval: str | None = None,
        *,
        lane: int = 0,
        scope: str = "public",
    ) -> int:
        row = FeedRow(self.place(), session, lane, scope, channel, symbol, level, interval)
        return self.write(row)

    def sent(self, line: int, text: str) -> None:
        self.write(FrameRow(self.place(), line, 1, self.now_ns, text.encode()))

    def received(self, line: int, *frames: bytes) -> None:
        for frame in frames:
            self.write(FrameRow(self.place(), line, 0, self.now_ns, frame))

    def answer(
        self,
        session: int,
        place: str,
        body: bytes | None,
        *,
        status: int = 200,
        method: str = "GET",
    ) -> None:
        asked_id = self.place()
        row = AnswerRow(
            self.place(), session, method, place, asked_id, self.now_ns, self.now_ns, status, body
        )
        self.write(row)

    def event(
        self,
        session: int,
        kind: str,
        channel: str | None = None,
        symbol: str | None = None,
        scope: str = "public",
        **facts: Any,
    ) -> None:
        self.write(
            EventRow(
                self.place(), session, self.now_ns, kind, scope, channel, symbol, json.dumps(facts)
            )
        )

    def hole(self, session: int | None, frames: int, size: int, cause: str = "disk full") -> None:
        row = HoleRow(self.place(), session, self.now_ns, self.now_ns, frames, size, cause)
        self.write(row)

    def leave(self, feed: int) -> None:
        row = self._rows[feed]
        assert isinstance(row, FeedRow)
        self.write(row._replace(left_id=self.place()))

    def close_line(
        self, line: int, *, code: int | None = 1000, cause: str = "ended", is_ours: bool = False
    ) -> None:
        row = self._rows[line]
        assert isinstance(row, LineRow)
        self.write(
            row._replace(
                closed_id=self.place(),
                closed_ns=self.now_ns,
                code=code,
                cause=cause,
                is_ours=int(is_ours),
            )
        )

    def close_session(self, session: int) -> None:
        row = self._rows[session]
        assert isinstance(row, SessionRow)
        self.write(row._replace(closed_ns=self.now_ns))
