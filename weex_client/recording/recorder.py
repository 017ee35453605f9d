"""What a program records with: opened around its clients, closed after them."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from weex_client.clock import Clock, SystemClock
from weex_client.config import StreamConfig
from weex_client.errors import ConfigError, UsageError
from weex_client.protocol import Venue
from weex_client.recording.backlog import Backlog
from weex_client.recording.recorded_lines import RecordedConnector
from weex_client.recording.rows import LineRow, SessionRow
from weex_client.recording.storage import Storage
from weex_client.recording.writer import Keeping, Writer
from weex_client.streaming.tape import TapeConnector
from weex_client.streaming.transport import Connector

__all__ = ["Recorder", "RecorderStats"]

logger = logging.getLogger("weex_client")

# What waits is written within so many seconds when the recorder is left, or never.
_CLOSE_SECONDS: Final = 5.0
_CANCEL_SECONDS: Final = 1.0

# Parts of a recording of which the last days are kept: so much more than asked for is there.
_PARTS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """How a recording goes, at one moment.

    Attributes:
        frames: Frames heard and said so far.
        bytes: What they had.
        written: How many of them are on the tape.
        waiting: How many are not yet.
        waiting_bytes: What all that waits takes in memory.
        dropped: How many frames never will be, because too much waited.
        problem: Why nothing can be written now, or None.
        lag_seconds: How long the oldest of what waits has waited.
        last_commit: When something was written last, Unix seconds, or None.
        path: The file that is written.
        part: Its number, from 0.
        file_bytes: Its size, as of the last second.
    """

    frames: int
    bytes: int
    written: int
    waiting: int
    waiting_bytes: int
    dropped: int
    problem: str | None
    lag_seconds: float
    last_commit: float | None
    path: Path
    part: int
    file_bytes: int


class Recorder:
    """Record what clients receive and send, byte for byte, in a file.

        async with Recorder("tape.db") as recorder:
            async with WeexWebSocketClient(config, recorder=recorder) as client:
                ...

    Clients go on as without it, whatever becomes of the file: what cannot be written waits in
    memory, and beyond 64 MiB is dropped, counted, announced in the log and noted on the tape.
    A file that is a tape already is gone on with. Credentials, signatures and tokens are never
    recorded; what private streams say is, unless ``redact_private`` is set.

    Args:
        path: The file. Its parts are called ``tape.db``, ``tape.001.db``, ``tape.002.db``.
        rotate_bytes: Begin a new part when one has so many bytes; None for never.
        rotate_seconds: Begin a new part when one is so old; None for never.
        retain_seconds: Remove parts that ended so long ago; None to keep all. Where no rotation
            is asked for, a part lasts an eighth of it.
        redact_private: Leave out what private lines and answers say.
        clock: Another clock than the system's.

    Raises:
        ConfigError: If a number is not greater than 0.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        rotate_bytes: int | None = None,
        rotate_seconds: float | None = None,
        retain_seconds: float | None = None,
        redact_private: bool = False,
        clock: Clock | None = None,
    ) -> None:
        for name, value in (
            ("rotate_bytes", rotate_bytes),
            ("rotate_seconds", rotate_seconds),
            ("retain_seconds", retain_seconds),
        ):
            if value is not None and not value > 0:
                raise ConfigError(f"{name} must be greater than 0, not {value}")
        if retain_seconds is not None and rotate_bytes is None and rotate_seconds is None:
            rotate_seconds = retain_seconds / _PARTS_KEPT
        self._path = Path(path)
        self._keeping = Keeping(rotate_bytes, rotate_seconds, retain_seconds)
        self._redacts_private = redact_private
        self._clock = clock or SystemClock()
        self._storage: Storage | None = None
        self._backlog: Backlog | None = None
        self._writer: Writer | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_begun = False

    async def __aenter__(self) -> Self:
        """Open the file, or make it.

        Raises:
            TapeError: If it is something else than a tape, cannot be written, or another program
                records in it.
            UsageError: If this recorder was opened before.
        """
        if self._is_begun:
            raise UsageError("a recorder is opened once: make another one, on the same file")
        self._is_begun = True
        storage, next_id = await Storage.open(self._path, self._clock.time_ns())
        self._loop = asyncio.get_running_loop()
        self._storage = storage
        self._writer = writer = Writer(storage, self._clock, self._keeping)
        self._backlog = Backlog(next_id, self._clock.monotonic, writer.wake)
        self._task = asyncio.create_task(writer.run(self._backlog), name="weex_client recorder")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what waits, for five seconds at most, and close the file."""
        await self.close()

    async def close(self) -> None:
        """Write what waits, for five seconds at most, and close the file. Idempotent.

        What could not be written is counted as dropped, and said in the log.
        """
        backlog, writer, task = self._backlog, self._writer, self._task
        if backlog is None or writer is None or task is None or backlog.is_shut:
            return
        self._end_sessions(backlog)
        writer.end()
        try:
            await self._ended(task, _CLOSE_SECONDS)
        finally:
            lost = backlog.waiting
            task.cancel()
            backlog.shut()
        if lost or writer.problem is not None:
            logger.warning(
                "%s: closed without the last %d frames: %s",
                self._path,
                lost,
                writer.problem or "writing them takes too long",
            )
        await self._ended(task, _CANCEL_SECONDS)
        if task.done() and not task.cancelled() and (bug := task.exception()) is not None:
            raise bug

    def _end_sessions(self, backlog: Backlog) -> None:
        lasting = backlog.lasting()
        if any(isinstance(row, LineRow) for row in lasting):
            logger.warning(
                "%s: closed while a client is connected: what it receives from now on is not"
                " recorded",
                self._path,
            )
        for row in lasting:
            if isinstance(row, SessionRow):
                backlog.end(row._replace(closed_ns=self._clock.time_ns()))

    async def _ended(self, task: asyncio.Task[None], seconds: float) -> None:
        """Wait for the writer, but not for a disk that does not answer."""
        over = asyncio.Event()
        task.add_done_callback(lambda _: over.set())
        await self._clock.wait(over, self._clock.monotonic() + seconds)

    def wrap(
        self, venue: Venue, config: StreamConfig, connector: Connector, clock: Clock
    ) -> TapeConnector:
        """Return a client's way to its venue on which everything is recorded.

        Clients do this themselves: ``WeexWebSocketClient(config, recorder=recorder)``.

        Raises:
            UsageError: If the way comes from a tape already.
        """
        if isinstance(connector, TapeConnector):
            raise UsageError("what comes from a tape is on a tape: leave out recorder=")

        return RecordedConnector(
            venue,
            config,
            connector,
            clock,
            self._opened,
            package=_package(),
            redact_private=self._redacts_private,
        )

    def _opened(self) -> Backlog:
        if self._backlog is None:
            raise UsageError(
                "the recorder is not open: open the client inside 'async with Recorder(...)'"
            )
        if asyncio.get_running_loop() is not self._loop:
            raise UsageError("a recorder and its clients must run in one event loop")
        return self._backlog

    def stats(self) -> RecorderStats:
        """Return how the recording goes.

        Raises:
            UsageError: If the recorder was never opened.
        """
        backlog, writer, storage = self._backlog, self._writer, self._storage
        if backlog is None or writer is None or storage is None:
            raise UsageError("the recorder is not open: use 'async with Recorder(...)'")
        since = backlog.since
        commit_ns = writer.last_commit_ns
        return RecorderStats(
            frames=backlog.frames,
            bytes=backlog.bytes,
            written=backlog.written,
            waiting=backlog.waiting,
            waiting_bytes=backlog.waiting_bytes,
            dropped=backlog.dropped,
            problem=writer.problem,
            lag_seconds=0.0 if since is None else self._clock.monotonic() - since,
            last_commit=None if commit_ns is None else commit_ns / 1_000_000_000,
            path=storage.path,
            part=storage.number,
            file_bytes=writer.file_bytes,
        )


def _package() -> str:
    """Return what a tape says it was made with."""
    try:
        return f"weex-client {importlib.metadata.version('weex-client')}"
    except importlib.metadata.PackageNotFoundError:
        return "weex-client"  # run from its sources
