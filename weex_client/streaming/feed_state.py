"""What every feed has: the audiences it serves, its counters, and frames that wait undecoded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, ClassVar

from weex_client.errors import DecodeError
from weex_client.metrics import ChannelCounters
from weex_client.models import Message
from weex_client.protocol import Feed, Scope, Topic, Venue
from weex_client.streaming.liveness import Rhythm
from weex_client.streaming.registry import Audience, Sealed
from weex_client.streaming.trade_chain import Missed

__all__ = ["Announce", "Cell", "DecodedFeed", "FeedState"]

logger = logging.getLogger("weex_client")

Announce = Callable[..., None]

# A line that is held up for longer was given up before (30 s of silence, 10 s for a ping's answer).
_LEFTOVER_SECONDS = 60.0

# A venue that repeats nothing and answers no ping for so long is believed to have no more of them.
_NEWS_LEFTOVER_SECONDS = 10.0

_UNCLEAR = "what an earlier subscription was still owed could not be told from news"

# A feed of which no frame can be read must not bury what else there is to tell.
_UNREADABLE_PAUSE_NS = 10_000_000_000


class Cell(Sealed):
    """A frame that waits, shared by all readers, and the message once one of them asked.

    Bytes in a queue cost the garbage collector nothing, and what no reader takes is never
    decoded (PERFORMANCE: 0.45 against 0.60 of the bare loop).
    """

    __slots__ = ("_feed", "_frame", "_message", "_received_time_ns")

    def __init__(self, feed: DecodedFeed, frame: bytes, received_time_ns: int) -> None:
        self._feed: DecodedFeed | None = feed
        self._frame = frame
        self._received_time_ns = received_time_ns
        self._message: Message[Any] | None = None

    def open(self) -> Message[Any] | None:
        """Decode the frame once; None if it cannot be read."""
        feed = self._feed
        if feed is not None:
            messages = feed.decode(self._frame, self._received_time_ns)
            if not messages:
                feed.forget(self._frame)
            self._message = messages[0] if messages else None
            self._feed = None
            self._frame = b""
        return self._message


class FeedState:
    """One feed and the audiences of the topics it serves.

    Attributes:
        heeds_leftovers: What an earlier subscription is still owed would be misread: before
            history it would pass for news, and of what has none it hides a hole or is old.
        is_witness: It takes note of trades for the companions that have its name.
    """

    heeds_leftovers = False
    is_witness: ClassVar[bool] = False

    beginning: ClassVar[str] = "a book"  # what a reader cannot do without, if ``is_waiting``
    begins_in_frames: ClassVar[bool] = True  # whether the venue sends that by itself
    is_news: ClassVar[bool] = False  # whether it may be silent for long, and repeats nothing

    def __init__(
        self,
        feed: Feed,
        channel: StrEnum,
        symbol: str | None,
        venue: Venue,
        counters: ChannelCounters,
        announce: Announce,
    ) -> None:
        self.feed = feed
        self.channel = channel
        self.symbol = symbol
        self.counters = counters
        self.audiences: dict[Topic, Audience] = {}
        self.needs_resync = False
        self.last_frame_ns = 0
        self.rhythm = Rhythm()
        self.is_bridged = False  # whether the last interruption left nothing missing
        self._leftovers_until: float | None = None
        self._has_leftovers = False
        self._venue = venue
        self._announce = announce
        self._has_complained = False

    def join(self, audience: Audience) -> None:
        """Serve one more topic.

        The dict of audiences is replaced, never changed: a reader whose queue runs over leaves
        in the middle of a publication.
        """
        self.audiences = {**self.audiences, audience.topic: audience}

    def leave(self, topic: Topic) -> bool:
        """Serve a topic no more; return True if none is left."""
        self.audiences = {key: each for key, each in self.audiences.items() if key != topic}
        return not self.audiences

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing can be shown before a snapshot comes."""
        return False

    def current(self, topic: Topic) -> Message[Any] | None:  # noqa: ARG002  # for those who have one
        """Return what a reader who joins now should start from, or None if there is nothing."""
        return None

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Digest one frame and publish what it says."""
        raise NotImplementedError

    def expect_leftovers(self, now: float) -> None:
        """Note that this feed was given back on this connection a moment ago."""
        if self.is_news:
            self._leftovers_until = now + _NEWS_LEFTOVER_SECONDS
        elif self.heeds_leftovers:
            self._leftovers_until = now + _LEFTOVER_SECONDS

    def is_leftover(
        self, frame: bytes, now: float, received_time_ns: int, *, is_ending: bool
    ) -> bool:
        """Tell whether a frame was owed to the subscription before, which was given back.

        It would pass for news, and hide a hole between the two.

        Args:
            frame: What came.
            now: Monotonic seconds.
            received_time_ns: When it came.
            is_ending: The venue has not answered yet that it was given back.
        """
        until = self._leftovers_until
        if until is None:
            return False
        if now >= until or not is_ending or self.begins_with(frame):
            self._leftovers_until = None
            if is_ending and self.is_news and self._has_leftovers:
                self.counters.gaps += 1
                self._announce("gap", self, received_time_ns, cause=_UNCLEAR)
            return False
        self._has_leftovers = True
        return True

    def begins_with(self, frame: bytes) -> bool:  # noqa: ARG002  # for those with history
        """Tell whether a frame is the history that a new subscription begins with."""
        return False

    def complain(self, frame: bytes, error: DecodeError) -> None:
        """Count an unreadable frame, and log the first of its feed."""
        self.counters.decode_errors += 1
        if not self._has_complained:
            self._has_complained = True
            excerpt = (
                f"{len(frame)} bytes"
                if self._venue.scope(self.channel) is Scope.PRIVATE
                else f"{len(frame)} bytes beginning {frame[:200]!r}"
            )
            logger.warning(
                "%s: a frame of %s cannot be read (%s): %s; counted, further ones not logged",
                self._venue.name,
                self.feed,
                str(error),  # a log that is kept must not keep the reader, by the traceback
                excerpt,
            )

    def interrupted(self) -> None:
        """Forget what a lost connection or a lost change makes wrong."""

    def doubted(self) -> None:
        """Expect the next frame to tell whether something was missed before it."""

    def stayed_silent(self) -> None:
        """Expect it once more: asking anew has brought nothing that goes on."""

    def trades_missed(self, missed: Missed, now_ns: int) -> None:
        """Take note that trades of this symbol did not come."""

    @property
    def has_lost(self) -> bool:
        """Tell whether what was shown is not right any more, and begins anew."""
        return self.needs_resync

    def tell_unreadable(self, now_ns: int) -> None:
        """Announce frames that could not be read and were not told of yet."""

    def tick(self, exchange_now_ns: int, complete_ns: int) -> bool:  # noqa: ARG002
        """Do what is due by the venue's clock.

        Args:
            exchange_now_ns: The venue's time.
            complete_ns: The venue's time up to which all that it sent was digested.

        Returns:
            False if it must wait until the connection brings more.
        """
        return True

    def next_due_ns(self) -> int | None:
        """Return the venue's time at which ``tick`` has something to do, or None."""
        return None


class DecodedFeed(FeedState):
    """A feed whose frames are messages, or lists of them."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._decode = self._venue.decoder(self.channel)
        self._unreadable: list[int] = []  # first and last time of those untold
        self._unreadable_count = 0
        self._unreadable_told_ns = 0

    def decode(self, frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read a frame into messages; what cannot be read is counted and logged once."""
        try:
            messages = self._decode(frame, received_time_ns)
        except DecodeError as exc:
            self.complain(frame, exc)
            self._unreadable[1:] = [received_time_ns]
            self._unreadable_count += 1
            self.tell_unreadable(received_time_ns)
            return ()
        for message in messages:
            if message.exchange_time_ns is not None and not message.is_snapshot:
                self.counters.latencies_ns.append(received_time_ns - message.exchange_time_ns)
        return messages

    def forget(self, frame: bytes) -> None:
        """Take back what was noted of a frame that waited and turned out to be unreadable."""

    def tell_unreadable(self, now_ns: int) -> None:
        """Announce that what frames said is lost, in ten seconds once; nobody repeats it."""
        count, since_ns = self._unreadable_count, now_ns - self._unreadable_told_ns
        if not count or 0 <= since_ns < _UNREADABLE_PAUSE_NS:  # less than none: a clock was set
            return
        first_ns, last_ns = self._unreadable[0], self._unreadable[-1]
        self._unreadable, self._unreadable_count = [], 0
        self._unreadable_told_ns = now_ns
        self.counters.gaps += 1
        self._announce(
            "gap",
            self,
            last_ns,
            cause=f"{'a frame' if count == 1 else f'{count} frames'} could not be read",
            duration_seconds=max(0, last_ns - first_ns) / 1_000_000_000,
        )

    def begins_with(self, frame: bytes) -> bool:
        """Tell whether a frame is history."""
        try:
            messages = self._decode(frame, 0)
        except DecodeError:
            return False
        return bool(messages) and messages[0].is_snapshot

    def publish(self, messages: Iterable[Message[Any]]) -> None:
        """Put decoded messages into every reader's queue."""
        for message in messages:
            for audience in self.audiences.values():
                audience.publish(message)
