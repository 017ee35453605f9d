"""The board that server and client both see: three signals, and when each frame was sent.

It is a file of 64-bit whole numbers mapped by both processes; times are ``perf_counter_ns``,
which every process of a machine counts from the same moment.
"""

import mmap
from pathlib import Path
from types import TracebackType
from typing import Self

READY, GO, STARTED, FINISHED = range(4)
FIRST_SEND_TIME = 8
SLOT_BYTES = 8


def lay_board(path: Path, frames: int) -> None:
    """Make a board of zeros, for a load of so many frames."""
    path.write_bytes(bytes(SLOT_BYTES * (FIRST_SEND_TIME + frames)))


class Board:
    """Map one board; ``slots`` is read and written as a list of numbers is."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.slots = memoryview(self._map).cast("q")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.slots.release()
        self._map.close()

    def clear_signals(self) -> None:
        """Set the board back for the next run."""
        for slot in range(FIRST_SEND_TIME):
            self.slots[slot] = 0
