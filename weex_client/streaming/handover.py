"""A connection that is about to take over from another: what is asked on it, what waits. Pure.

When it is opened, and when it takes over, is the rotation's business; what was shown already, and
must not be shown again, is kept here as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from weex_client.errors import TransportError
from weex_client.protocol import (
    Ack,
    Closing,
    Data,
    Denied,
    Feed,
    FeedKind,
    Greeting,
    Intent,
    Ping,
    Reject,
    Venue,
)
from weex_client.streaming.requests import Requests
from weex_client.streaming.tenure import Tenure

__all__ = ["Crossing", "Handover"]

# What of the new connection waits at most, frames and bytes; what came before the other one was
# proven complete is not needed, so that the oldest may go.
_MAX_WAITING = 20_000
_MAX_WAITING_BYTES = 32 * 1024 * 1024

# 300 topics of one request each take 50 s at 64 requests in 10 s (KuCoin sheet, 9).
_MOST_SECONDS = 180.0

# So long one server of a venue may be ahead of another.
_SETTLING_SECONDS = 10.0

# Frames that have no order, an account's, and are known by their very text.
_MAX_TEXTS = 5_000


_Subject = tuple[Feed, Hashable]
"""A feed, and whose frames of it have an order of their own."""


class Handover:
    """What a second connection is asked, while the first goes on serving.

    Attributes:
        frames: Data that waits, with the time at which it was received, oldest first.
        dropped_ns: When the newest was received of those that did not fit.
        verdict: Why this connection cannot take over, or None.
        requests: What was asked on it.
    """

    def __init__(self, venue: Venue, wanted: Callable[[], Collection[Feed]], now: float) -> None:
        self.frames: deque[tuple[bytes, int]] = deque()
        self.dropped_ns = 0
        self.verdict: TransportError | None = None
        self.requests = Requests(venue)
        self._venue = venue
        self._wanted = wanted
        self._served: set[Feed] = set()
        self._bytes = 0
        self._tenure = Tenure(venue)
        self._tenure.opened(now)
        self._until = now + _MOST_SECONDS

    def receive(self, frame: bytes, received_time_ns: int, now: float) -> None:
        """Keep what is data, and do what the rest calls for."""
        match self._venue.read(frame):
            case Data():
                self.frames.append((frame, received_time_ns))
                self._bytes += len(frame)
                while len(self.frames) > _MAX_WAITING or self._bytes > _MAX_WAITING_BYTES:
                    dropped, self.dropped_ns = self.frames.popleft()
                    self._bytes -= len(dropped)
            case Ack() as ack:
                self._served.update(self.requests.accepted(ack, now))
            case Greeting():
                self._tenure.greeted()
            case Closing(reason) | Denied(_, reason) | Reject(_, reason):
                # What the other connection has must be had here as well.
                self.verdict = TransportError(f"{self._venue.name} refused it: {reason}")
            case _:
                pass

    def pull(self, now: float, now_ns: int) -> Iterator[str]:
        """Write what should be asked now."""
        self._tenure.tick(now)
        self.verdict = self.verdict or self._tenure.verdict or self.requests.verdict
        if self.verdict is None and (now >= self._until or self.requests.overdue(now)):
            self.verdict = TransportError("it was not ready to take over in time")
        if self.verdict is None and self._tenure.may_speak:
            yield from self.requests.pull(self._wanted(), now, now_ns)

    def batches(self) -> Iterator[tuple[list[bytes], int]]:
        """Yield what waits: frames that came together, and when."""
        for received_time_ns, items in groupby(self.frames, key=itemgetter(1)):
            yield [frame for frame, _ in items], received_time_ns

    @property
    def is_served(self) -> bool:
        """Tell whether all that is wanted comes over this connection, too."""
        return self._tenure.may_speak and self._served.issuperset(self._wanted())

    def next_due(self) -> float:
        """Return when ``pull`` has something to do."""
        dues = (self._tenure.next_due(is_needed=True), self.requests.next_due(), self._until)
        return min(due for due in dues if due is not None)


class Crossing:
    """What a session must know while it goes from one connection to another.

    What has been shown, so that nothing comes twice; and whether the first connection has brought
    all that the venue sent before the second one was asked to prove it.

    Frames that have an order (``Venue.order_key``) count by it, each symbol's by its own, others
    by their very text. Books with sequences need neither.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._is_under_way = False
        self._until: float | None = None
        self._keys: dict[_Subject, Any] = {}
        self._texts: dict[tuple[_Subject, bytes], None] = {}
        self._pings = 0  # sent on the connection that serves, and answered
        self._pongs = 0
        self._proof = 0
        self._tell: Callable[[], None] = _nobody

    def begin(self) -> None:
        """Take note of what is shown: another connection gets ready."""
        self.drop()
        self._is_under_way = True

    def drop(self) -> None:
        """Forget all: there is one connection, or none."""
        self._is_under_way = False
        self._until = None
        self._keys.clear()
        self._texts.clear()
        self._tell = _nobody

    def opened(self) -> None:
        """Start on a new connection, on which nothing was pinged yet."""
        self._pings = self._pongs = 0

    def taken_over(self, now: float) -> None:
        """Leave out what was shown: the other connection serves from now on."""
        self.opened()
        self._tell = _nobody
        self._until = now + _SETTLING_SECONDS

    def tick(self, now: float) -> None:
        """Forget what was shown once nothing of it can come any more."""
        if self._until is not None and now >= self._until:
            self.drop()

    # The proof.

    def ask(self, waiting: Sequence[Intent], tell: Callable[[], None]) -> None:
        """Expect the answer to the last of the pings that are sent next.

        Args:
            waiting: What is sent next.
            tell: Is called when a ping is answered.
        """
        self._proof = self._pings + sum(isinstance(each, Ping) for each in waiting)
        self._tell = tell

    def sent(self, intents: Sequence[Intent]) -> None:
        """Note which pings were sent."""
        self._pings += sum(isinstance(each, Ping) for each in intents)

    def answered(self) -> None:
        """Note that a ping was answered; answers come in the order of what was asked."""
        self._pongs += 1
        self._tell()

    @property
    def is_proven(self) -> bool:
        """Tell whether the ping of ``ask`` was answered."""
        return self._pongs >= self._proof

    # What was shown.

    @property
    def is_under_way(self) -> bool:
        """Tell whether each frame must be looked at."""
        return self._is_under_way

    def is_repeat(self, feed: Feed, kind: FeedKind, frame: bytes) -> bool:
        """Take note of a frame; return True for one that the other connection has shown."""
        if kind is FeedKind.BOOK and self._venue.book_query(feed) is not None:
            return False
        subject = (feed, self._venue.order_subject(frame))
        key, last = self._venue.order_key(frame), self._keys.get(subject)
        is_known = (subject, frame) in self._texts
        if self._until is None:
            self._note(subject, key, frame)
            return False
        if key is None or last is None:
            return is_known
        return bool(key < last or (key == last and is_known))

    def _note(self, subject: _Subject, key: Any, frame: bytes) -> None:
        last = self._keys.get(subject)
        if key is not None and (last is None or key > last):
            self._keys[subject] = key
            if last is not None:
                # Only frames of the last moment can be mistaken for each other.
                self._texts = {each: None for each in self._texts if each[0] != subject}
        self._texts[subject, frame] = None
        if len(self._texts) > _MAX_TEXTS:
            del self._texts[next(iter(self._texts))]


def _nobody() -> None:
    """Do nothing: nobody waits for a proof."""
