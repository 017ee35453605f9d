"""Where messages wait for one reader: a bounded queue with one policy for what does not fit."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from weex_client.errors import SlowConsumerError
from weex_client.metrics import ChannelCounters
from weex_client.streaming.registry import Sealed

__all__ = ["Gate", "Mailbox", "OverflowPolicy"]


class OverflowPolicy(StrEnum):
    """What happens to a message that finds the queue full."""

    DROP_OLDEST = "drop_oldest"
    """The oldest waiting message makes room.

    Losses come in stretches, which end when the queue is below half. The first is told at its
    begin and its end; of those that follow in close order, as in a small queue, the 2nd, 4th,
    8th ..., and any that doubles what was told. The last event of a stream has the exact count.
    """
    CONFLATE = "conflate"
    """A waiting message of the same symbol is replaced by the newer one (books and tickers)."""
    RAISE = "raise"
    """The reader gets what waits, then ``SlowConsumerError``; nothing is dropped in silence."""
    BLOCK = "block"
    """The connection is not read until there is room: every reader of it waits."""


class Gate:
    """Shut while readers with ``OverflowPolicy.BLOCK`` have more than fits their queue."""

    def __init__(self) -> None:
        self.is_shut = False
        self.is_pressed = False  # a queue is half full: let readers have their turn
        self._holders: set[Mailbox] = set()
        self._opened = asyncio.Event()

    def hold(self, mailbox: Mailbox) -> None:
        """Shut the gate for one reader."""
        self._holders.add(mailbox)
        self.is_shut = True
        self._opened.clear()

    def let_go(self, mailbox: Mailbox) -> None:
        """Open the gate, if this reader was the last to hold it."""
        self._holders.discard(mailbox)
        if not self._holders:
            self.is_shut = False
            self._opened.set()

    async def passed(self) -> None:
        """Wait until nobody holds the gate."""
        while self.is_shut:
            await self._opened.wait()


class _End(Sealed):
    """Stand last in a queue and end the stream, with the error the first time it is met."""

    def __init__(self, error: Exception | None) -> None:
        self.is_placed = False
        self._error = error

    def open(self) -> Any:
        """Raise what ends the stream."""
        error, self._error = self._error, None
        if error is None:
            raise StopAsyncIteration
        # Readers share the error, and each raise adds to a traceback: everybody gets one's own.
        own = copy.copy(error)
        own.__cause__ = error.__cause__
        raise own


class _Line(asyncio.Queue[Any]):
    """asyncio's queue without the accounting for ``join``, which costs half of put and get.

    Who puts makes sure that there is room.
    """

    items: deque[Any]
    readers: deque[asyncio.Future[None]]

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self.items = self._queue  # type: ignore[attr-defined]
        self.readers = self._getters  # type: ignore[attr-defined]

    def put_nowait(self, item: Any) -> None:
        """Add an item and wake the reader."""
        self.items.append(item)
        self.wake()

    def wake(self) -> None:
        """Let the reader know that there is something."""
        self._wakeup_next(self.readers)  # type: ignore[attr-defined]

    def get_nowait(self) -> Any:
        """Return the oldest item, or raise ``QueueEmpty``."""
        if not self.items:
            raise asyncio.QueueEmpty
        return self.items.popleft()


# A reader that read so many messages, or ten queues full, without a loss has recovered: its next
# loss is news again.
_CALM_MESSAGES = 1000


class _Losses:
    """Decide which stretches of losses are told, so that a small queue does not bury a gap."""

    def __init__(self, queue_size: int) -> None:
        self.told = 0  # how many losses the last report spoke of
        self._is_told = False  # of the stretch that goes on
        self._stretches = 0
        self._calm_messages = max(_CALM_MESSAGES, 10 * queue_size)
        self._delivered_before = 0

    def begin(self, delivered: int) -> None:
        """Begin a stretch."""
        if delivered - self._delivered_before >= self._calm_messages:
            self._stretches = 0
        self._stretches += 1
        self._is_told = False

    def lose(self, dropped: int, delivered: int) -> bool:
        """Count a loss; return whether to tell of it."""
        self._delivered_before = delivered
        is_nth = not self._stretches & (self._stretches - 1)  # 1, 2, 4, 8 ...
        if self._is_told or not (is_nth or dropped >= 2 * self.told):
            return False
        self._is_told = True
        self.told = dropped
        return True

    def end(self, dropped: int) -> bool:
        """End a stretch; return whether to tell of it, as of its begin."""
        if self._is_told:
            self.told = dropped
        return self._is_told


class Mailbox:
    """Where messages wait for one reader.

    ``push`` never waits. The queue has one place more than messages may take: the end of the
    stream always fits.
    """

    def __init__(
        self,
        queue_size: int,
        overflow: OverflowPolicy,
        counters: ChannelCounters,
        *,
        gate: Gate,
        on_overflow: Callable[[Mailbox], None],
        on_release: Callable[[Mailbox], None],
    ) -> None:
        self.queue = _Line(queue_size + 1)
        self.queue_size = queue_size
        self._half = queue_size // 2
        self._room = queue_size  # none once the end was called: nothing may stand behind it
        self.overflow = overflow
        self.delivered = 0
        self.dropped = 0
        self.is_late = False
        self.is_strained = False
        self.is_released = False
        self.is_closed = False
        self._losses = _Losses(queue_size)
        self._counters = counters
        self._gate = gate
        self._on_overflow = on_overflow
        self._on_release = on_release
        self._items, self._readers = self.queue.items, self.queue.readers
        self._held: deque[Any] = deque()
        self._newest: dict[str | None, Any] = {}
        self._end: _End | None = None

    @property
    def pending(self) -> int:
        """Return how many messages wait."""
        is_placed = self._end is not None and self._end.is_placed
        return self.queue.qsize() + len(self._held) - is_placed

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        """Return what takes messages of one symbol."""
        if self.overflow is not OverflowPolicy.CONFLATE:
            return self.push

        def push_newest(item: Any) -> None:
            self._push_newest(symbol, item)

        return push_newest

    def push(self, item: Any) -> None:
        """Take a message, or do what the policy says."""
        items = self._items
        waiting = len(items)
        if waiting < self._room and not self._held:
            items.append(item)
            if self._readers:
                self.queue.wake()
            if waiting > self._half:
                self._gate.is_pressed = True
            self._counters.messages += 1
        else:
            self._overflow(item)

    def _push_newest(self, symbol: str | None, item: Any) -> None:
        """Replace the waiting message of this symbol, which keeps its place in the queue."""
        if self._end is not None:
            return
        if symbol in self._newest:
            self._newest[symbol] = item
            self.dropped += 1
            self._counters.dropped += 1
            self._counters.messages += 1
            if not self.dropped & (self.dropped - 1):
                # By choice, and all the time: told at 1, 2, 4, 8 ... so that it buries no gap.
                self._on_overflow(self)
        else:
            self._newest[symbol] = item
            self.push(_Newest(self._newest, symbol))

    def _overflow(self, item: Any) -> None:
        match self.overflow:
            case _ if self._end is not None:
                return
            case OverflowPolicy.BLOCK:
                self._held.append(item)
                self.is_strained = True
                self._gate.hold(self)
                self._counters.messages += 1
            case OverflowPolicy.RAISE:
                self._counters.dropped += 1
                self.dropped += 1
                self.end(
                    SlowConsumerError(
                        f"{self.queue_size} messages wait and another came: read faster, or pass"
                        " a larger queue_size or another overflow policy",
                        queue_size=self.queue_size,
                    )
                )
                self._on_overflow(self)
            case _:
                oldest = self.queue.get_nowait()
                if isinstance(oldest, _Newest):
                    oldest.forget()
                self.queue.put_nowait(item)
                self._counters.messages += 1
                self._drop_one()

    def _drop_one(self) -> None:
        self.dropped += 1
        self._counters.dropped += 1
        if not self.is_late:
            self.is_late = self.is_strained = True
            self._losses.begin(self.delivered)
        if self._losses.lose(self.dropped, self.delivered):
            self._on_overflow(self)

    def catch_up(self) -> None:
        """Move held messages into the queue, and report the end of a stretch of losses."""
        while self._held and self.queue.qsize() < self.queue_size:
            self.queue.put_nowait(self._held.popleft())
        if not self._held:
            self._gate.let_go(self)
            self._put_end()
        if self.is_late and self.queue.qsize() < self.queue_size // 2 + 1:
            self.is_late = False
            if self._losses.end(self.dropped):
                self._on_overflow(self)
        self.is_strained = self.is_late or bool(self._held)

    def end(self, error: Exception | None) -> None:
        """Let the reader have what waits, then the end; no message is taken any more."""
        if self._end is None:
            self._end = _End(error)
            self._room = 0
            if not self._held:
                self._put_end()
            self.release()

    def _put_end(self) -> None:
        """Place the end behind all that waits, once."""
        if self._end is not None and not self._end.is_placed:
            self._end.is_placed = True
            self.queue.put_nowait(self._end)

    @property
    def last(self) -> Sealed | None:
        """Return what stands last in a queue that has ended."""
        return self._end

    def release(self) -> None:
        """Leave the venue's subscription; idempotent."""
        if not self.is_released:
            self.is_released = True
            self._on_release(self)
            if self.overflow is OverflowPolicy.DROP_OLDEST and self.dropped != self._losses.told:
                self._on_overflow(self)  # the exact count, whatever was not told before

    def close(self) -> None:
        """Throw away what waits and end now."""
        self.is_closed = True
        self.release()
        self._held.clear()
        self._gate.let_go(self)
        while not self.queue.empty():
            self.queue.get_nowait()
        self._end = _End(None)
        self._room = 0
        self._put_end()


class _Newest(Sealed):
    """Stand in the queue for whatever is the newest message of a symbol when it is opened."""

    __slots__ = ("_newest", "_symbol")

    def __init__(self, newest: dict[str | None, Any], symbol: str | None) -> None:
        self._newest = newest
        self._symbol = symbol

    def open(self) -> Any:
        """Take the newest message out and open it."""
        newest = self._newest.pop(self._symbol)
        return newest.open() if isinstance(newest, Sealed) else newest

    def forget(self) -> None:
        """Throw the newest message away unopened."""
        del self._newest[self._symbol]
