"""The task that brings the backlog onto the tape, ten times a second or more often.

It does not give up.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import dataclass
from typing import Final

from weex_client.clock import Clock
from weex_client.errors import TapeError
from weex_client.recording.backlog import LIMIT_BYTES, Backlog
from weex_client.recording.storage import Storage

__all__ = ["Keeping", "Writer"]

logger = logging.getLogger("weex_client")

# With what a transaction takes, a killed program loses less than 250 ms of frames.
_TICK_SECONDS: Final = 0.1

# How often the part is weighed, and how often old parts are looked for.
_LOOK_SECONDS: Final = 1.0
_FORGET_SECONDS: Final = 60.0

_FIRST_DELAY_SECONDS: Final = 0.1
_MAX_DELAY_SECONDS: Final = 2.0

# In SQLite's words, and in ours.
_REASONS: Final = {
    "database or disk is full": "the disk is full",
    "database is locked": "another program holds the file locked",
    "attempt to write a readonly database": "the file was removed or may not be written",
}


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much of a recording is kept, and in what pieces.

    Attributes:
        part_bytes: How large a part may become; None for any size.
        part_seconds: How long a part may go on; None for ever.
        seconds: How long ago a part must have ended to be removed; None to keep all.
    """

    part_bytes: int | None = None
    part_seconds: float | None = None
    seconds: float | None = None


class Writer:
    """Write what waits; where that fails, keep it and try again.

    Attributes:
        problem: Why nothing can be written now, or None.
        last_commit_ns: When something was written last, nanoseconds since the epoch, or None.
        file_bytes: How large the part is, as of the last second.
    """

    def __init__(self, storage: Storage, clock: Clock, keeping: Keeping) -> None:
        self.problem: str | None = None
        self.last_commit_ns: int | None = None
        self.file_bytes = 0
        self._storage = storage
        self._clock = clock
        self._keeping = keeping
        self._wake = asyncio.Event()
        self._ending = asyncio.Event()
        self._attempts = 0
        self._failing_since = 0.0
        self._look_at = clock.monotonic()
        self._forget_at = clock.monotonic()

    def wake(self) -> None:
        """Write what waits now."""
        self._wake.set()

    def end(self) -> None:
        """Write what waits a last time; ``run`` then returns, be it with something left."""
        self._ending.set()
        self._wake.set()

    async def run(self, backlog: Backlog) -> None:
        """Work until ``end`` is called."""
        try:
            while True:
                is_last = self._ending.is_set()
                self._wake.clear()
                await self._work(backlog)
                if is_last:
                    return
                await self._rest()
        except Exception:
            self.problem = "a bug in the recorder"
            logger.exception("%s: a bug in the recorder ends the recording", self._storage.path)
            raise
        finally:
            await self._close()

    async def _rest(self) -> None:
        """Wait until there is something to do again."""
        if self._ending.is_set():
            return
        if self.problem is None:
            await self._clock.wait(self._wake, self._clock.monotonic() + _TICK_SECONDS)
        else:
            delay = min(_FIRST_DELAY_SECONDS * 2.0 ** min(self._attempts, 60), _MAX_DELAY_SECONDS)
            await self._clock.wait(self._ending, self._clock.monotonic() + delay)

    async def _work(self, backlog: Backlog) -> None:
        errors: list[Exception] = []
        for work in (self._write, self._look):  # where no part can be begun, one can be written
            try:
                await work(backlog)
            except (sqlite3.Error, OSError, TapeError) as exc:
                errors.append(exc)
        if errors:
            self._failed(backlog, errors[0])
        else:
            self._succeeded(backlog)

    async def _write(self, backlog: Backlog) -> None:
        load = backlog.take()
        if load is not None:
            await self._storage.write(load)
            backlog.written_all()
            self.last_commit_ns = self._clock.time_ns()

    async def _look(self, backlog: Backlog) -> None:
        """Begin a new part, or remove old ones, if it is time."""
        now, keeping = self._clock.monotonic(), self._keeping
        if now >= self._look_at:
            if await self._storage.is_gone():  # SQLite would go on writing to nowhere
                logger.warning("%s: somebody removed it; a new part begins", self._storage.path)
                await self._turn(backlog)
            self.file_bytes = await self._storage.size()
            age_seconds = (self._clock.time_ns() - self._storage.begun_ns) / 1_000_000_000
            is_full = keeping.part_bytes is not None and self.file_bytes >= keeping.part_bytes
            is_old = keeping.part_seconds is not None and age_seconds >= keeping.part_seconds
            if is_full or is_old:
                await self._turn(backlog)
            self._look_at = now + _LOOK_SECONDS
        if keeping.seconds is not None and now >= self._forget_at:
            until_ns = self._clock.time_ns() - round(keeping.seconds * 1_000_000_000)
            for path in await self._storage.forget(until_ns):
                logger.info("%s: removed, it is older than what is kept", path)
            self._forget_at = now + _FORGET_SECONDS

    async def _turn(self, backlog: Backlog) -> None:
        await self._storage.turn(self._clock.time_ns(), backlog.lasting())
        self.file_bytes = 0
        self._forget_at = self._clock.monotonic()

    def _failed(self, backlog: Backlog, error: Exception) -> None:
        reason = _REASONS.get(str(error), str(error))
        if self.problem is None:
            self._failing_since = self._clock.monotonic()
            self._attempts = 0
            logger.warning(
                "%s: cannot record: %s; what comes meanwhile waits, up to %d MB of it",
                self._storage.path,
                reason,
                LIMIT_BYTES // 1_000_000,
            )
        self._attempts += 1
        self.problem = backlog.cause = reason

    def _succeeded(self, backlog: Backlog) -> None:
        if self.problem is not None:
            logger.warning(
                "%s: recording goes on after %.0f s; %d frames were dropped so far",
                self._storage.path,
                self._clock.monotonic() - self._failing_since,
                backlog.dropped,
            )
            self.problem = None

    async def _close(self) -> None:
        try:
            await self._storage.close(self._clock.time_ns())
        except (sqlite3.Error, OSError) as exc:
            logger.warning("%s: cannot be closed properly: %s", self._storage.path, exc)
