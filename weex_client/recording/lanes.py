"""A lane of a tape: one connection of a client over all its lines, told as one after the other.

Where a line took over from another that was still up, the two are joined without a seam, and
what both brought is told once, as the client did it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from weex_client.protocol import Data, Feed, FeedKind, Venue
from weex_client.recording.contents import Received
from weex_client.recording.rows import LineRow
from weex_client.streaming.handover import Crossing

__all__ = ["Batch", "Down", "Lane", "Step", "Up"]


class Up(NamedTuple):
    """There is a connection from now on."""

    time_ns: int
    line: LineRow


class Down(NamedTuple):
    """The connection has ended; nothing took over."""

    time_ns: int
    cause: str
    code: int


class Batch(NamedTuple):
    """Frames came, together."""

    time_ns: int
    frames: list[bytes]


Step = Up | Down | Batch

# A line that died without a close frame (RFC 6455).
_NO_CODE = 1006


class Lane:
    """Put the lines of one lane in a row.

    Args:
        venue: Reads frames while two lines are up.
        kinds: What is kept of each feed.
        start_ns: Where monotonic time begins.
    """

    def __init__(self, venue: Venue, kinds: Mapping[Feed, FeedKind], start_ns: int) -> None:
        self._venue = venue
        self._kinds = kinds
        self._start_ns = start_ns
        self._line: LineRow | None = None
        self._relief: LineRow | None = None
        self._waiting: list[Received] = []
        self._crossing = Crossing(venue)

    def opened(self, row: LineRow) -> Iterator[Step]:
        """Take note of a new line."""
        if self._line is None:
            self._line = row
            yield Up(row.opened_ns, row)
        elif self._line.session != row.session:
            # Whoever recorded was killed, and began anew later.
            self._line = row
            yield Down(row.opened_ns, "what recorded it ended here", _NO_CODE)
            yield Up(row.opened_ns, row)
        else:
            self._relief = row
            self._waiting.clear()
            self._crossing.begin()

    def received(self, batch: Received) -> Iterator[Step]:
        """Take what came over a line."""
        if self._relief is not None and batch.line == self._relief.id:
            self._waiting.append(batch)
        elif self._line is not None and batch.line == self._line.id:
            frames = self._told_once(batch) if self._crossing.is_under_way else batch.frames
            if frames:
                yield Batch(batch.time_ns, frames)

    def closed(self, row: LineRow) -> Iterator[Step]:
        """Take note of a line's end."""
        time_ns = row.closed_ns or 0
        if self._relief is not None and row.id == self._relief.id:
            self._forget_relief()
        elif self._line is not None and row.id == self._line.id:
            relief, self._line = self._relief, None
            if relief is None or not row.is_ours:
                self._forget_relief()
                cause = row.cause or "the connection ended"
                yield Down(time_ns, cause, _NO_CODE if row.code is None else row.code)
                return
            self._line, self._relief = relief, None
            self._crossing.taken_over(self._seconds(time_ns))
            waiting, self._waiting = self._waiting, []
            for batch in waiting:
                frames = self._told_once(batch)
                if frames:
                    yield Batch(batch.time_ns, frames)

    def _forget_relief(self) -> None:
        self._relief = None
        self._waiting.clear()
        self._crossing.drop()

    def _told_once(self, batch: Received) -> list[bytes]:
        """Leave out data that the line before has brought."""
        self._crossing.tick(self._seconds(batch.time_ns))
        return [frame for frame in batch.frames if not self._is_repeat(frame)]

    def _is_repeat(self, frame: bytes) -> bool:
        event = self._venue.read(frame)
        if not isinstance(event, Data):
            return False
        kind = self._kinds.get(event.feed, FeedKind.FRAMES)
        return self._crossing.is_repeat(event.feed, kind, frame)

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self._start_ns) / 1_000_000_000
