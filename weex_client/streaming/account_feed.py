"""What every private feed has: frames in order, held back while the account's state is read.

What the state is, and how frames and answers become one, its two kinds say: ``state_feed`` and
``fill_feed``. Pure: when a question is put, and what comes of it, is the business of others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from weex_client.models import Message
from weex_client.protocol import Feed
from weex_client.rest import AccountReads, Query
from weex_client.streaming.feed_state import DecodedFeed

__all__ = ["HOLD_SECONDS", "AccountFeed", "AccountMemory", "Push"]

# A request is answered in some tenths of a second. Who trades must not wait longer than this for
# a fill that is here already: what the answer says later is merged then.
HOLD_SECONDS = 2.0

# More held messages than this are no short pause; they go out at once.
_MAX_HELD = 500

Push = Callable[[Message[Any]], None]


@dataclass(slots=True)
class AccountMemory:
    """What is known of an account for as long as its client is, whoever reads.

    Attributes:
        symbols: What it has traded, as far as that is known.
        told_fills: The keys of fills that readers were told, oldest first, by feed.
    """

    symbols: set[str] = field(default_factory=set)
    told_fills: dict[Feed, dict[Hashable, None]] = field(default_factory=dict)


class AccountFeed(DecodedFeed):
    """One private channel.

    Frames are held from the opening of a connection until the state was read, ``HOLD_SECONDS``
    at most. News and state then stand in ``outbox``, from which they are published one by one:
    a reader with a short queue must get its turn in between.

    Args:
        *args: As ``FeedState``.
        reads: How the state is read; None where it is not.
        memory: What all feeds of the account share.
    """

    beginning: ClassVar[str] = "the account's state"
    begins_in_frames: ClassVar[bool] = False
    meanwhile: ClassVar[str] = "what frames tell goes on meanwhile"
    spacing_seconds: ClassVar[float] = 0.0  # one question follows on another

    def __init__(self, *args: Any, reads: AccountReads | None, memory: AccountMemory) -> None:
        super().__init__(*args)
        self.can_seed = reads is not None
        self.is_seeding = self.can_seed  # until its state was read on this connection
        self.is_asking = False  # subscribed: what happens from now on comes in frames
        self.epoch = 0  # an answer to a question of another epoch is none
        self.attempt = 0
        self.ask_at = 0.0  # monotonic time before which no question is put
        self.hold_until: float | None = None
        self.outbox: deque[tuple[Push | None, Message[Any]]] = deque()
        self.is_bridged = False
        self._symbols = memory.symbols
        self._is_holding = self.can_seed
        self._held: list[Message[Any]] = []
        self._version: int | None = None
        self._version_time_ns = 0
        self._is_new_line = True

    # What a kind must say.

    def take(self, messages: Sequence[Message[Any]]) -> Iterable[Message[Any]]:
        """Take note of what frames say; return what of it is news."""
        raise NotImplementedError

    def begin(self, covered_ns: int) -> None:
        """Start to read anew.

        Args:
            covered_ns: The venue's time until which nothing is missing.
        """
        raise NotImplementedError

    def next_query(self) -> Query | None:
        """Return the next question, or None if all is read."""
        raise NotImplementedError

    def answered(self, query: Query, body: bytes | None, received_time_ns: int) -> None:
        """Take an answer; raises ``DecodeError``."""
        raise NotImplementedError

    def put_back(self) -> None:
        """Put another question first, if there is one: this one was not answered."""

    def welcome(self, push: Push) -> None:
        """Let a reader who joins a feed that speaks already start from the state."""

    def is_outdated(self, message: Message[Any]) -> bool:
        """Tell whether a frame's version is lower than one that was seen.

        The version counts for the account, not for the connection, so it is kept from one to
        the next. But a counter that began anew must not silence an account for ever: the first
        frame of a connection may set it back, if the venue made it later than the last one.
        """
        version, time_ns = message.sequence, message.exchange_time_ns or 0
        if version is None:
            return False
        is_lower = self._version is not None and version < self._version
        if is_lower and not (self._is_new_line and time_ns > self._version_time_ns):
            return True
        self._is_new_line = False
        self._version, self._version_time_ns = version, max(time_ns, self._version_time_ns)
        return False

    # What comes in frames.

    @property
    def is_waiting(self) -> bool:
        """Tell whether the state is still to be read."""
        return self.is_seeding

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish what a frame says, or hold it back for a moment."""
        messages = self.decode(frame, received_time_ns)
        if not messages:
            return
        if self.is_outdated(messages[-1]):
            self.counters.stale += len(messages)
            return
        self._symbols.update(message.symbol for message in messages if message.symbol)
        if not self._is_holding:
            self.put(self.take(messages))
            return
        self._held += messages
        if len(self._held) > _MAX_HELD:
            self.release()

    # What goes out.

    @property
    def has_outgoing(self) -> bool:
        """Tell whether messages wait to be published."""
        return bool(self.outbox)

    def put(self, messages: Iterable[Message[Any]]) -> None:
        """Publish news, behind what waits to be published."""
        if self.outbox:
            self.line_up(messages)
        else:
            self.publish(messages)

    def line_up(self, messages: Iterable[Message[Any]], push: Push | None = None) -> None:
        """Have messages published one by one, to all readers or to one."""
        self.outbox.extend((push, message) for message in messages)

    def publish_next(self) -> None:
        """Publish one message of the outbox."""
        push, message = self.outbox.popleft()
        if push is None:
            self.publish((message,))
        else:
            push(message)

    def release(self) -> None:
        """Hold nothing back any longer."""
        self._is_holding = False
        self.hold_until = None
        held, self._held = self._held, []
        if held:
            self.put(self.take(held))

    # What happens to the line.

    def opened(self, now: float) -> None:
        """Expect a state to be read on a new connection."""
        self._is_new_line = True
        self._hold(now)

    def accepted(self, now: float, covered_ns: int) -> None:
        """Begin to read: the venue says that what happens from now on comes in frames."""
        if self.can_seed:
            self.is_seeding = self.is_asking = True
            self.epoch += 1
            self.attempt = 0
            self.ask_at = now
            self._hold(now)
            self.begin(covered_ns)

    def _hold(self, now: float) -> None:
        if self.can_seed:
            self._is_holding = True
            self.hold_until = now + HOLD_SECONDS

    def finished(self) -> None:
        """Note that all is read."""
        self.is_seeding = self.is_asking = False
        self.is_bridged = True
        self.release()

    def interrupted(self) -> None:
        """Publish what came; once there is a connection again the state is read anew."""
        self.epoch += 1
        self.is_asking = self.is_bridged = False
        self.release()
        while self.outbox:
            self.publish_next()
        self.is_seeding = self.can_seed
