"""The handle that a reader reads with, one message at a time or in lists. What waits: mailbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from weex_client.errors import UsageError
from weex_client.streaming.mailbox import Mailbox, OverflowPolicy
from weex_client.streaming.registry import Sealed

__all__ = ["Batches", "Subscription"]

T = TypeVar("T", covariant=True)


class Subscription(AsyncGenerator[T, None], Generic[T]):
    """Read one stream: ``async for``, ``anext``, ``async with``, ``batches``.

    A read that is cancelled (by a timeout, say) loses nothing: the next read goes on where it
    left off. The venue's subscription ends when its last reader is gone: after ``aclose()``,
    after leaving ``async with``, and when the handle itself is forgotten, as after ``break``.

    Raises:
        StopAsyncIteration: When the client was closed.
        WeexClientError: Once, with what ended the stream.
    """

    __slots__ = ("__weakref__", "_loop", "_mailbox")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._loop = asyncio.get_running_loop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        mailbox = self._mailbox
        queue, items = mailbox.queue, mailbox.queue.items
        try:
            while True:
                item = items.popleft() if items else await queue.get()
                if mailbox.is_strained:
                    mailbox.catch_up()
                if isinstance(item, Sealed):
                    if item is mailbox.last:
                        queue.put_nowait(item)
                    item = item.open()
                    if item is None:
                        continue
                mailbox.delivered += 1
                message: T = item
                return message
        except BaseException:
            # The traceback keeps this frame: without this, somebody who looks at the error
            # later would keep the subscription alive.
            del self
            raise

    def asend(self, value: None) -> Coroutine[Any, Any, T]:  # noqa: ARG002  # generators have it
        """Read the next message; what is sent goes nowhere."""
        return self.__anext__()

    async def athrow(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> T:
        """Close, and raise what was thrown."""
        self._mailbox.close()
        error = typ if val is None else val
        raise (error() if isinstance(error, type) else error).with_traceback(tb)

    async def aclose(self) -> None:
        """End the stream now; what waits is thrown away. Idempotent."""
        self._mailbox.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # The collector may run anywhere: the loop does the work, when it is there to do it.
        mailbox = getattr(self, "_mailbox", None)
        if mailbox is not None and not mailbox.is_closed:
            with contextlib.suppress(RuntimeError):  # the loop was closed first, with everything
                self._loop.call_soon_threadsafe(mailbox.close)

    @property
    def overflow(self) -> OverflowPolicy:
        """What happens to a message that finds no room."""
        return self._mailbox.overflow

    @property
    def delivered(self) -> int:
        """Messages read so far."""
        return self._mailbox.delivered

    @property
    def dropped(self) -> int:
        """Messages that were dropped, or replaced by newer ones, before they were read."""
        return self._mailbox.dropped

    @property
    def pending(self) -> int:
        """Messages that wait to be read."""
        return self._mailbox.pending

    def batches(self, max_size: int, max_wait_seconds: float) -> AsyncIterator[list[T]]:
        """Read lists of messages instead of single ones.

        Args:
            max_size: Messages of a full list.
            max_wait_seconds: How long a list may wait for more, counted from its first message.

        Returns:
            Lists of 1 to ``max_size`` messages. When the stream ends, what
            was gathered comes before the end or the error.
        """
        return Batches(self, max_size, max_wait_seconds)


class Batches(AsyncIterator[list[T]], Generic[T]):
    """Gather a stream's messages into lists.

    A wait that is cancelled loses nothing as long as this iterator is kept and read on.
    """

    def __init__(self, stream: Subscription[T], max_size: int, max_wait_seconds: float) -> None:
        if max_size < 1 or max_wait_seconds < 0:
            raise UsageError("max_size must be at least 1, max_wait_seconds at least 0")
        self._stream = stream
        self._max_size = max_size
        self._max_wait_seconds = max_wait_seconds
        self._gathered: list[T] = []
        self._end: Exception | None = None

    async def aclose(self) -> None:
        """End the stream that is read, and forget what was gathered."""
        self._gathered.clear()
        await self._stream.aclose()

    async def __anext__(self) -> list[T]:
        try:
            if self._end is None:
                try:
                    await self._gather()
                except Exception as exc:  # noqa: BLE001  # raised below, behind what was gathered
                    self._end = exc
            if not self._gathered and self._end is not None:
                error, self._end = self._end, StopAsyncIteration()
                raise error
            batch, self._gathered = self._gathered, []
            return batch
        except BaseException:
            del self  # as in Subscription.__anext__
            raise

    async def _gather(self) -> None:
        stream, batch = self._stream, self._gathered
        try:
            if not batch:
                batch.append(await stream.__anext__())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._max_wait_seconds):
                    while len(batch) < self._max_size:
                        batch.append(await stream.__anext__())
        except BaseException:
            del self, stream
            raise
