"""Where messages wait for other threads: a bounded queue. Who puts in what is not known here."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from weex_client.errors import ClientClosedError, SlowConsumerError
from weex_client.streaming.mailbox import OverflowPolicy

__all__ = ["Inbox", "Over"]

T = TypeVar("T")


class Over(ClientClosedError):
    """Tell a reader that nothing waits and nothing will come."""

    def __init__(self) -> None:
        super().__init__("nothing waits and nothing will come: the stream or its client is closed")


class _Letter(Generic[T]):
    """Hold what waits, and what may happen to it when there is no room."""

    __slots__ = ("content", "key", "on_loss", "overflow")

    def __init__(
        self,
        content: T | Exception,
        overflow: OverflowPolicy,
        key: Hashable,
        on_loss: Callable[[SlowConsumerError], bool] | None,
    ) -> None:
        self.content = content
        self.overflow = overflow
        self.key = key
        self.on_loss = on_loss

    @property
    def is_error(self) -> bool:
        """Say whether this is to be raised, not read."""
        return isinstance(self.content, Exception)


class Inbox(Generic[T]):
    """Keep what one thread puts in until others take it out.

    A full inbox asks the oldest letter what to do, for it is the one to go: it may be dropped,
    be held against all that would come (``BLOCK``), or leave an error in its place (``RAISE``).
    A letter that may be conflated is replaced where it waits. Errors take no room and are never
    dropped; there are as many as streams.

    Args:
        size: Letters that may wait.

    Attributes:
        size: Letters that may wait.
        dropped: Letters that somebody should have had and nobody will.
        is_read: Whether anybody has ever taken a letter, or tried to.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.dropped = 0
        self.is_read = False
        self._letters: deque[_Letter[T]] = deque()
        self._newest: dict[Hashable, _Letter[T]] = {}
        self._on_room: Callable[[], None] | None = None
        self._end: Exception | None = None
        self.fork()

    def fork(self) -> None:
        """Be as new, in a process in which no other thread knows of this."""
        # One thread may come twice: the collector may run, in the middle of all this, a __del__
        # that closes the client.
        self._news = threading.Condition(threading.RLock())
        self.clear()
        self._end = ClientClosedError(
            "the client was not started in this process: use 'with client', or client.start()"
        )

    def __len__(self) -> int:
        return len(self._letters) - self._errors

    def put(
        self,
        content: T | Exception,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
        key: Hashable = None,
        *,
        is_loss_counted: bool = True,
        on_loss: Callable[[SlowConsumerError], bool] | None = None,
        on_room: Callable[[], None] | None = None,
    ) -> bool:
        """Let something wait, if it may; what comes behind the end is forgotten.

        Args:
            content: What is taken out again, or an error to raise in its place.
            overflow: What happens to this letter when there is no room for others.
            key: What a conflated letter is the newest word about.
            is_loss_counted: Whether this is for the readers of this inbox; else what has to
                go goes uncounted.
            on_loss: Is told when this letter was lost and must not be in silence (``RAISE``);
                returns whether the reader is to be told, who may know by an earlier one.
            on_room: Is called once there is room, in the thread of a reader.

        Returns:
            False if there is no room and the oldest letter does not give way.
        """
        letter = _Letter(content, overflow, key, on_loss)
        with self._news:
            if self._end is not None:
                return True
            if overflow is OverflowPolicy.CONFLATE:
                waiting = self._newest.get(key)
                if waiting is not None:
                    waiting.content = content
                    self.dropped += is_loss_counted
                    return True
            is_full = len(self) >= self.size and not letter.is_error
            if is_full and not self._makes_room(is_loss_counted):
                self._on_room = on_room
                return False
            if overflow is OverflowPolicy.CONFLATE:
                self._newest[key] = letter
            self._letters.append(letter)
            self._errors += letter.is_error
            self._news.notify()
            return True

    def _makes_room(self, is_loss_counted: bool) -> bool:
        """Let the oldest message go, unless it must not."""
        letters = self._letters
        place = next(i for i, each in enumerate(letters) if not each.is_error)
        oldest = letters[place]
        if is_loss_counted and oldest.overflow is OverflowPolicy.BLOCK:
            return False
        del letters[place]
        self._forget(oldest)
        if is_loss_counted:
            self.dropped += 1
            if oldest.overflow is OverflowPolicy.RAISE:
                self._leave_error(oldest, place)
        return True

    def _leave_error(self, lost: _Letter[T], place: int) -> None:
        """Let the reader meet the loss where it is."""
        error = SlowConsumerError(
            f"{self.size} messages wait and another came: read faster, or pass a larger"
            " queue_size or another overflow policy",
            queue_size=self.size,
        )
        if lost.on_loss is not None and lost.on_loss(error):
            self._letters.insert(place, _Letter(error, OverflowPolicy.DROP_OLDEST, None, None))
            self._errors += 1

    def take(self, timeout: float | None) -> T | None:
        """Wait for the oldest letter.

        Args:
            timeout: How many seconds at most; None for ever.

        Returns:
            The content, or None if nothing came in time.

        Raises:
            Over: If nothing waits and nothing will come, because it was closed.
            Exception: The error that waits in its place, or that ended everything.
        """
        with self._news:
            self.is_read = True
            self._news.wait_for(lambda: self._letters or self._end is not None, timeout)
            if not self._letters:
                if self._end is not None:
                    raise _own(self._end)
                return None
            letter = self._letters.popleft()
            self._errors -= letter.is_error
            self._forget(letter)
            on_room, self._on_room = self._on_room, None
        if on_room is not None:
            on_room()
        content = letter.content
        if isinstance(content, Exception):
            raise _own(content)
        return content

    def _forget(self, letter: _Letter[T]) -> None:
        if self._newest.get(letter.key) is letter:
            del self._newest[letter.key]

    def open(self) -> None:
        """Take letters, from now on or again; before, nobody can put or wait."""
        with self._news:
            self._end = None

    def end(self, error: Exception | None = None) -> None:
        """Let readers have what waits, and then an error or the end; the first word counts."""
        with self._news:
            if self._end is None:
                self._end = Over() if error is None else error
            self._news.notify_all()
            on_room, self._on_room = self._on_room, None
        if on_room is not None:
            on_room()

    def clear(self) -> None:
        """Throw away what waits."""
        with self._news:
            self._letters.clear()
            self._errors = 0
            self._newest.clear()


def _own(error: Exception) -> Exception:
    """Return a copy to raise: each raise adds to a traceback, and readers share the error."""
    own = copy.copy(error)
    own.__cause__ = error.__cause__
    return own
