"""What was heard and is not on the tape yet: noted at little cost, bounded, counted. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from weex_client.recording.rows import (
    AnswerRow,
    EventRow,
    FeedRow,
    FrameRow,
    HoleRow,
    LineRow,
    Row,
    SessionRow,
)

__all__ = ["LIMIT_BYTES", "Backlog", "Batch", "Load", "Mask", "StateRow"]

LIMIT_BYTES: Final = 64 * 1024 * 1024
"""How much may wait while the tape takes nothing; what comes then is dropped and counted.

WEEX's busiest hour seen (300 frames/s of 400 bytes) fits for nine minutes.
"""

_VALUES: Final = len(FrameRow._fields)

# What Python takes for a frame beside its bytes, and for a row beside its texts.
_FRAME_BYTES: Final = 64
_ROW_BYTES: Final = 500

# Once something was dropped, there must be so much room before anything is taken again: else a
# hole would be told for every other batch.
_RESUME: Final = 0.75

# Beside the frames, for the little that says what they were; what is dropped of it is made good
# by what is open, once there is room again.
_RESERVE: Final = 1.125

# So much is worth a transaction of its own, before its time: bytes, for what they take in memory;
# frames, because the thread that writes them holds the interpreter's lock. At 20,000 frames/s one
# reader in a hundred was 21 ms late by transactions of a tenth of a second, 2 ms by those of 200.
_FULL_BYTES: Final = 8 * 1024 * 1024
_FULL_FRAMES: Final = 200

Mask = Callable[[bytes], bytes]
"""Returns a frame without what is secret in it."""

StateRow = SessionRow | LineRow | FeedRow
"""What lasts, and stands on each part of a recording during which it does."""

Key = tuple[type[Row], int]


class Batch(NamedTuple):
    """Frames that went over one line together."""

    first_id: int
    line: int
    is_sent: int
    time_ns: int
    frames: Sequence[bytes]
    mask: Mask | None


class Load(NamedTuple):
    """What is written at once, or not at all.

    Attributes:
        batches: Frames.
        rows: Everything else, by kind and id.
        frames: How many frames.
        weight: What all of it takes in memory, in bytes.
        since: When the first of it was noted, monotonic seconds.
    """

    batches: list[Batch]
    rows: dict[Key, Row]
    frames: int
    weight: int
    since: float

    def frame_values(self, frames_per_list: int) -> Iterator[list[Any]]:
        """Return id, line, direction, time and payload of each frame, one after the other.

        Args:
            frames_per_list: Of so many frames is each list but the last.
        """
        values: list[Any] = []
        full = _VALUES * frames_per_list
        for first_id, line, is_sent, time_ns, frames, mask in self.batches:
            for place, frame in enumerate(frames, first_id):
                payload = frame if mask is None else mask(frame)
                values.extend((place, line, is_sent, time_ns, payload))
                if len(values) == full:
                    yield values
                    values = []
        if values:
            yield values


class Backlog:
    """Note what happens, in one order, until a writer takes it.

    Noting never waits and never fails. When more waits than may, the newest frames are dropped,
    and a row of the tape says so.

    Args:
        next_id: The place of the first thing that is noted.
        monotonic: Tells seconds that never go back.
        wake: Is called when so much waits that it should be written now.
        limit_bytes: How much may wait.
    """

    def __init__(
        self,
        next_id: int,
        monotonic: Callable[[], float],
        wake: Callable[[], None],
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.frames = 0
        self.bytes = 0
        self.written = 0
        self.dropped = 0
        self.waiting_bytes = 0  # in memory, including what the writer has taken
        self.cause = ""  # of what would be dropped now
        self.is_shut = False
        self._next_id = next_id
        self._monotonic = monotonic
        self._wake = wake
        self._limit = limit_bytes
        self._batches: list[Batch] = []
        self._rows: dict[Key, Row] = {}
        self._open: dict[Key, StateRow] = {}
        self._taken: Load | None = None
        self._new_frames = 0
        self._new_bytes = 0
        self._since: float | None = None
        self._hole: HoleRow | None = None
        self._has_lost_rows = False

    @property
    def waiting(self) -> int:
        """Return how many frames are not on the tape."""
        return self._new_frames + (0 if self._taken is None else self._taken.frames)

    @property
    def since(self) -> float | None:
        """Return when the oldest of what waits was noted, or None where nothing waits."""
        return self._since if self._taken is None else self._taken.since

    def place(self) -> int:
        """Return the next place among everything."""
        place = self._next_id
        self._next_id += 1
        return place

    # What is noted.

    def hear(self, line: int, frames: Sequence[bytes], time_ns: int, mask: Mask | None) -> None:
        """Note frames that were received together."""
        self._take_frames(line, 0, frames, time_ns, mask)

    def say(self, line: int, frame: bytes, time_ns: int) -> None:
        """Note a frame that was sent."""
        self._take_frames(line, 1, (frame,), time_ns, None)

    def _take_frames(
        self, line: int, is_sent: int, frames: Sequence[bytes], time_ns: int, mask: Mask | None
    ) -> None:
        count = len(frames)
        first_id = self._next_id
        self._next_id += count
        size = sum(map(len, frames))
        self.frames += count
        self.bytes += size
        weight = size + count * _FRAME_BYTES
        limit = self._limit if self._hole is None else self._limit * _RESUME
        if self.is_shut or self.waiting_bytes + weight > limit:
            self._drop(first_id, count, size, time_ns)
            return
        if self._hole is not None or self._has_lost_rows:
            self._resume()
        self._batches.append(Batch(first_id, line, is_sent, time_ns, frames, mask))
        before, self._new_frames = self._new_frames, self._new_frames + count
        if before < _FULL_FRAMES <= self._new_frames:
            self._wake()
        self._weigh(weight)

    def _weigh(self, weight: int) -> None:
        if self._since is None:
            self._since = self._monotonic()
        self.waiting_bytes += weight
        before, self._new_bytes = self._new_bytes, self._new_bytes + weight
        if before < _FULL_BYTES <= self._new_bytes:
            self._wake()

    def note(self, row: EventRow | AnswerRow) -> None:
        """Note something that happened."""
        texts = (each for each in row if isinstance(each, str | bytes))
        self._put(row, _ROW_BYTES + sum(map(len, texts)))

    def begin(self, row: StateRow) -> None:
        """Note something that lasts."""
        self._open[type(row), row.id] = row
        self._put(row, _ROW_BYTES)

    def end(self, row: StateRow) -> None:
        """Note, with its final row, that it lasts no more."""
        self._open.pop((type(row), row.id), None)
        self._put(row, _ROW_BYTES)

    def _put(self, row: StateRow | EventRow | AnswerRow, weight: int) -> None:
        key: Key = (type(row), row.id)
        if key in self._rows:
            self._rows[key] = row
        elif self.is_shut or self.waiting_bytes + weight > self._limit * _RESERVE:
            self._has_lost_rows = True
        else:
            self._rows[key] = row
            self._weigh(weight)

    # What is lost.

    def _drop(self, first_id: int, count: int, size: int, time_ns: int) -> None:
        self.dropped += count
        hole = self._hole or HoleRow(first_id, None, time_ns, time_ns, 0, 0, self.cause)
        self._hole = hole._replace(
            to_ns=time_ns, frames=hole.frames + count, bytes=hole.bytes + size
        )

    def _resume(self) -> None:
        """Let the tape say what is missing on it, and what lasts since then."""
        if self._has_lost_rows:
            self._has_lost_rows = False
            self._rows.update(self._open)
        if self._hole is not None:
            self._rows[HoleRow, self._hole.id] = self._hole
            self._hole = None

    # What the writer does.

    def take(self) -> Load | None:
        """Return all that waits, with what could not be written before; None if nothing does."""
        if self.is_shut:
            return None
        before = self._taken
        if before is None and (self._hole is not None or self._has_lost_rows):
            self._resume()
            self._weigh(_ROW_BYTES)
        if self._since is not None:
            load = Load(self._batches, self._rows, self._new_frames, self._new_bytes, self._since)
            self._batches, self._rows = [], {}
            self._new_frames = self._new_bytes = 0
            self._since = None
            self._taken = load if before is None else _joined(before, load)
        return self._taken

    def written_all(self) -> None:
        """Forget what was taken: it is on the tape."""
        load, self._taken = self._taken, None
        if load is not None:
            self.written += load.frames
            self.waiting_bytes -= load.weight

    def lasting(self) -> list[StateRow]:
        """Return what lasts: with it a new part of a recording begins."""
        return list(self._open.values())

    def shut(self) -> None:
        """Take nothing any more, and count as dropped what was not written."""
        self.is_shut = True
        self.dropped += self.waiting
        self.waiting_bytes = 0
        self._taken = None
        self._batches, self._rows, self._since = [], {}, None
        self._new_frames = self._new_bytes = 0


def _joined(first: Load, second: Load) -> Load:
    return Load(
        [*first.batches, *second.batches],
        first.rows | second.rows,
        first.frames + second.frames,
        first.weight + second.weight,
        first.since,
    )
