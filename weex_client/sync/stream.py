"""One stream as other threads see it, and what is kept of it across starts. Filled by: worker."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar, overload

from weex_client.client import StreamClient
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.streaming.subscription import Subscription
from weex_client.sync.inbox import Inbox, Over

__all__ = ["Source", "SyncStream"]

T = TypeVar("T")


class Source(Generic[T]):
    """What is streamed, and where its messages wait if somebody holds the stream.

    Args:
        subscribe: Opens it on a client.
        overflow: What happens to a message that finds no room; None for what the client does.
        is_data: Whether these are messages of a channel, not events.

    Attributes:
        pump: Reads it while it is open.
        last_ns: When its newest message came.
        is_read: Whether its own reader has ever read it.
        is_closed: Whether it is wanted no more, also after the next start.
    """

    def __init__(
        self,
        subscribe: Callable[[StreamClient], Subscription[T]],
        overflow: OverflowPolicy | None = OverflowPolicy.DROP_OLDEST,
        *,
        is_data: bool = True,
    ) -> None:
        self.subscribe = subscribe
        self.overflow = overflow or OverflowPolicy.DROP_OLDEST
        self._is_as_opened = overflow is None
        self.is_data = is_data
        self.pump: asyncio.Task[None] | None = None
        self.last_ns = 0
        self.is_read = self.is_closed = False
        self._subscription: Subscription[T] | None = None
        self._dropped_before = 0
        self._inbox: Callable[[], Inbox[T] | None] = lambda: None

    @property
    def inbox(self) -> Inbox[T] | None:
        """Where the stream's own reader takes from, as long as there may be one."""
        return self._inbox()

    @property
    def is_live(self) -> bool:
        """Say whether messages may come."""
        return self.pump is not None

    @property
    def dropped(self) -> int:
        """Messages that were lost before they could be handed out."""
        now = 0 if self._subscription is None else self._subscription.dropped
        return self._dropped_before + now

    def stream(self, size: int, close: Callable[[], None]) -> SyncStream[T]:
        """Return what the reader gets; nothing waits for a reader that has let go of it."""
        inbox: Inbox[T] = Inbox(size)
        self._inbox = weakref.ref(inbox)
        return SyncStream(self, inbox, close)

    def begin(self, subscription: Subscription[T], pump: asyncio.Task[None]) -> None:
        """Be read, from now on."""
        self._subscription, self.pump = subscription, pump
        if self._is_as_opened:
            self.overflow = subscription.overflow
        if (inbox := self.inbox) is not None:
            inbox.clear()
            inbox.open()

    def end(self, error: Exception | None = None) -> None:
        """Be read no more; the reader gets what waits, and then the error if there is one."""
        self._dropped_before = self.dropped
        self._subscription = None
        pump, self.pump = self.pump, None
        if pump is not None:
            pump.cancel()
        if (inbox := self.inbox) is not None:
            inbox.end(error)

    def fork(self) -> None:
        """Leave what reads it to the parent process."""
        self._subscription = self.pump = None
        if (inbox := self.inbox) is not None:
            inbox.fork()


class SyncStream(Iterator[T], Generic[T]):
    """Read one stream from any thread: ``for``, ``next``, ``get``.

    Several threads may read it; each message goes to one of them. The stream goes on until it,
    or its client, is closed. Leaving ``with stream`` closes it; so does forgetting a stream that
    was read, as after ``break``. One that was never read goes on for handlers and for those who
    read the client.

    Raises:
        StopIteration: When it was closed and nothing waits any more.
        WeexClientError: What ended it, behind the messages that came before.
    """

    def __init__(self, source: Source[T], inbox: Inbox[T], close: Callable[[], None]) -> None:
        self._source = source
        self._inbox = inbox
        self._close = close

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            return self.get()
        except Over:
            raise StopIteration from None

    @overload
    def get(self) -> T: ...
    @overload
    def get(self, timeout: float | None) -> T | None: ...
    def get(self, timeout: float | None = None) -> T | None:
        """Wait for the next message.

        Args:
            timeout: How many seconds at most; None for ever.

        Returns:
            The message, or None if none came in time.

        Raises:
            ClientClosedError: If it was closed, or the client not started.
            WeexClientError: What ended the stream.
        """
        return self._inbox.take(timeout)

    def close(self) -> None:
        """End the stream; what waits can still be read. Idempotent."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        inbox = getattr(self, "_inbox", None)
        if inbox is not None and inbox.is_read:
            self._close()

    @property
    def pending(self) -> int:
        """Messages that wait to be read."""
        return len(self._inbox)

    @property
    def dropped(self) -> int:
        """Messages that this stream's readers will not get, because they read too slowly."""
        return self._inbox.dropped + self._source.dropped
