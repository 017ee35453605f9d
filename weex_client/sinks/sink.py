"""What feeds a store: batches, a bounded buffer while it is away, retries. No store is here."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self

from weex_client.clock import Clock, SystemClock
from weex_client.errors import ConfigError, SinkError, UsageError
from weex_client.models import Message
from weex_client.sinks.contract import RefusedRowsError, SinkStats, Store
from weex_client.sinks.rows import Row, row_of
from weex_client.sinks.tally import Tally

__all__ = ["Sink"]

_logger = logging.getLogger("weex_client.sinks")

# A row of a deep book takes 0.2 ms to build, one of a trade 0.01 ms.
_ROWS_AT_ONCE = 20

# What a store gets on closing to let go of its file or its connections.
_LETTING_GO_SECONDS = 5.0


class Sink:
    """Store the messages of any number of streams, each once.

    ``async with`` opens the store and raises what is wrong with it at once. From then on a store
    that is away ends no stream: messages wait, and are written when it is back.

    Args:
        store: Where messages go.
        batch_size: Messages of a full batch.
        max_wait_seconds: How long a batch that is not full waits for more.
        buffer_size: Messages that may wait. When they do, ``consume`` stops reading, and each
            stream's own overflow policy decides what happens, and counts it.
        closing_seconds: How long leaving ``async with`` tries to write what waits.
        retry_delay_seconds: Longest wait before the first retry; twice as long for each further.
        retry_max_delay_seconds: Longest wait before any retry.
        clock: Whose time it goes by.

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(
        self,
        store: Store,
        *,
        batch_size: int = 500,
        max_wait_seconds: float = 0.25,
        buffer_size: int = 20_000,
        closing_seconds: float = 10.0,
        retry_delay_seconds: float = 0.25,
        retry_max_delay_seconds: float = 15.0,
        clock: Clock | None = None,
    ) -> None:
        if not 1 <= batch_size <= buffer_size:
            raise ConfigError("batch_size must be at least 1 and at most buffer_size")
        waits = (max_wait_seconds, closing_seconds, retry_delay_seconds, retry_max_delay_seconds)
        if not all(0 <= each < float("inf") for each in waits):
            raise ConfigError("a sink's seconds must be numbers, 0 or greater")
        self._store = store
        self._batch_size = batch_size
        self._max_wait_seconds = max_wait_seconds
        self._buffer_size = buffer_size
        self._closing_seconds = closing_seconds
        self._retry_delay_seconds = retry_delay_seconds
        self._retry_max_delay_seconds = retry_max_delay_seconds
        self._clock = SystemClock() if clock is None else clock
        self._tally = Tally(store.place, self._clock)
        self._waiting: deque[tuple[Message[Any], str]] = deque()
        self._taken = 0
        self._due = 0.0
        self._is_open = False
        self._failure: SinkError | None = None
        self._writer: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()  # something waits, or nothing more will come
        self._ripe = asyncio.Event()  # a whole batch waits, or nothing more will come
        self._hurry = asyncio.Event()  # try again now
        self._moved = asyncio.Event()  # something was written: replaced each time

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._store.place}>"

    @property
    def place(self) -> str:
        """Where messages go, without secrets."""
        return self._store.place

    def stats(self) -> SinkStats:
        """Return a frozen picture of what became of every message that was read."""
        return self._tally.picture(len(self._waiting))

    async def __aenter__(self) -> Self:
        if self._writer is not None:
            raise UsageError("a sink is opened once: make another")
        await self._store.open()
        self._is_open = True
        self._writer = asyncio.create_task(self._write_on(), name=f"sink {self._store.place}")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        if exc is None and self._tally.lost:
            raise self._tally.loss_error()

    async def close(self) -> None:
        """Write what waits, for ``closing_seconds`` at most, and let the store go. Idempotent.

        What could not be written is counted in ``stats().lost`` and logged.
        """
        self._is_open = False
        writer = self._writer
        if writer is None:
            return
        for event in (self._arrived, self._ripe, self._hurry):
            event.set()
        self._move()
        done = asyncio.Event()
        writer.add_done_callback(lambda _: done.set())
        try:
            await self._clock.wait(done, self._clock.monotonic() + self._closing_seconds)
        finally:
            writer.cancel()
            try:
                await asyncio.wait((writer,))
            finally:
                self._give_up()
                await self._let_go()

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(_LETTING_GO_SECONDS):
                await self._store.close()
        except TimeoutError:
            _logger.warning("%s did not close in %g s", self.place, _LETTING_GO_SECONDS)

    async def consume(self, stream: AsyncIterable[Message[Any]], *, label: str = "") -> None:
        """Store all messages of a stream; return when it has ended and all of them are stored.

        Any number of tasks may do so at the same time. The stream is closed in the end. When
        this is cancelled, what was read is still written.

        Args:
            stream: What ``client.stream_*`` returned.
            label: Tells markets or accounts apart that share a store, such as the spot and the
                contract market of one venue; part of each message's key.

        Raises:
            SinkError: If the store is broken for good, or was closed before all was stored.
            UsageError: If the sink is not open.
            WeexClientError: What ended the stream.
        """
        try:
            self._check()
            iterator = aiter(stream)
            while True:
                await self._room()
                try:
                    message = await anext(iterator)
                except StopAsyncIteration:
                    break
                self._take(message, label)
            await self._settled(self._taken)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._is_open:
            raise UsageError("the sink is not open: use 'async with'")

    def _take(self, message: Message[Any], label: str) -> None:
        if not self._is_open:  # while this message was on its way
            self._tally.lose(1)
            raise self._failure or self._tally.loss_error()
        waiting = self._waiting
        waiting.append((message, label))
        self._taken += 1
        if len(waiting) == 1:
            self._due = self._clock.monotonic() + self._max_wait_seconds
            self._arrived.set()
        if len(waiting) >= self._batch_size:
            self._ripe.set()

    async def _room(self) -> None:
        """Wait until a message fits; nothing is read before, so that nothing is lost here."""
        if len(self._waiting) >= self._buffer_size:
            with self._tally.held(self._buffer_size):
                while self._is_open and len(self._waiting) >= self._buffer_size:
                    await self._moved.wait()
        self._check()

    async def _settled(self, mark: int) -> None:
        """Wait until the first ``mark`` messages are stored."""
        while self._taken - len(self._waiting) < mark:
            if not self._is_open and (self._writer is None or self._writer.done()):
                break
            await self._moved.wait()
        if self._failure is not None or self._tally.lost:
            raise self._failure or self._tally.loss_error()

    def _move(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _write_on(self) -> None:
        """Write batch after batch until the sink is closed and nothing waits."""
        try:
            while True:
                await self._arrived.wait()
                await self._clock.wait(self._ripe, self._due)
                batch = list(islice(self._waiting, self._batch_size))
                if not batch:
                    return
                await self._deliver(await _rows(batch))
                self._drop_front(len(batch))
        except SinkError as exc:
            self._fail(exc)
        except Exception as exc:
            _logger.exception("%s: writing failed", self.place)
            self._fail(SinkError(f"{self.place}: {type(exc).__name__}: {exc}", place=self.place))

    def _drop_front(self, count: int) -> None:
        waiting = self._waiting
        for _ in range(count):
            waiting.popleft()
        self._due = self._clock.monotonic() + self._max_wait_seconds
        if self._is_open:
            if not waiting:
                self._arrived.clear()
            if len(waiting) < self._batch_size:
                self._ripe.clear()
        self._move()

    async def _deliver(self, rows: Sequence[Row]) -> None:
        """Store rows, however often that must be tried, one by one if need be."""
        attempts = 0
        while True:
            try:
                outcome = await self._store.write(rows)
            except RefusedRowsError as exc:
                if len(rows) == 1:
                    self._tally.refuse(rows[0], str(exc))
                    return
                middle = len(rows) // 2
                await self._deliver(rows[:middle])
                await self._deliver(rows[middle:])
                return
            except SinkError as exc:
                if not exc.retryable:
                    raise
                attempts += 1
                self._tally.be_away(exc, len(self._waiting))
                await self._back_off(attempts)
            else:
                self._tally.take(outcome, is_retry=attempts > 0)
                return

    async def _back_off(self, attempts: int) -> None:
        longest = min(self._retry_max_delay_seconds, self._retry_delay_seconds * 2.0**attempts / 2)
        delay = random.uniform(0.0, longest)  # noqa: S311  # apart from others, not unforeseeable
        if await self._clock.wait(self._hurry, self._clock.monotonic() + delay):
            self._hurry = asyncio.Event()  # once: a server that is away is not hammered

    def _fail(self, error: SinkError) -> None:
        """End every ``consume``: nothing can be written any more."""
        self._failure = error
        self._is_open = False
        self._tally.fail(error)
        self._give_up()

    def _give_up(self) -> None:
        if self._waiting:
            self._tally.lose(len(self._waiting))
            self._waiting.clear()
        self._move()


async def _rows(batch: Sequence[tuple[Message[Any], str]]) -> list[Row]:
    """Build rows, and let readers go on meanwhile.

    Not in a thread: a book that others read as well makes its levels when first looked at.
    """
    rows: list[Row] = []
    for message, label in batch:
        rows.append(row_of(message, label))
        if not len(rows) % _ROWS_AT_ONCE:
            await asyncio.sleep(0)
    return rows
