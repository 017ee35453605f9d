"""A feed whose beginning is asked for over HTTP, while its frames wait in order. Pure.

When the question is put, and what becomes of one without answer, ``seeding`` says; what the
answer and the frames mean, the kinds: ``requested_book``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from weex_client.errors import SubscriptionRejectedError, UsageError, VenueError
from weex_client.models import Message
from weex_client.rest import Query
from weex_client.streaming.feed_state import FeedState
from weex_client.streaming.tls import is_distrust

__all__ = ["AskedFeed"]

# Frames that wait for the answer: a busy symbol has hundreds a second, an answer takes some
# tenths. Where the oldest were dropped, an answer that is older than the rest is none.
_MAX_WAITING = 5000

# What is lost again and again must not be asked for without a pause.
_SPACING_SECONDS = 1.0
_MAX_SPACING_SECONDS = 60.0
_STABLE_NS = 60_000_000_000


class AskedFeed(FeedState):
    """A feed that starts from an answer.

    Frames wait until it is here, and are then digested in turn: so many at once would be too
    much for readers with a short queue. Where the chain of frames breaks, those from the break
    on wait for another answer; there is no need to subscribe anew.

    Args:
        *args: As ``FeedState``.
        query: The question.
    """

    begins_in_frames: ClassVar[bool] = False
    meanwhile: ClassVar[str] = "nothing is shown meanwhile"
    hold_until: ClassVar[float | None] = None

    def __init__(self, *args: Any, query: Query) -> None:
        super().__init__(*args)
        self.is_asking = False
        self.epoch = 0  # an answer to a question of another epoch is none
        self.attempt = 0
        self.ask_at = 0.0  # monotonic time before which the question is not put
        self.spacing_seconds = _SPACING_SECONDS
        self.notify: Callable[[], None] = _nobody
        self.waiting: deque[tuple[bytes, int]] = deque(maxlen=_MAX_WAITING)
        self._query = query
        self._answered_ns = 0

    # What a kind must say.

    @property
    def has_begun(self) -> bool:
        """Tell whether what frames tell can be shown."""
        raise NotImplementedError

    def digest(self, frame: bytes, received_time_ns: int) -> None:
        """Digest one frame after the beginning; ``lost_chain`` if it does not follow."""
        raise NotImplementedError

    def begin(self, body: bytes, received_time_ns: int) -> None:
        """Start from an answer; leave out of ``waiting`` what it has in it already.

        Raises:
            DecodeError: If it cannot be read.
            SequenceGapError: If it is older than the first frame that waits.
        """
        raise NotImplementedError

    # What comes in frames.

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing can be shown before an answer comes."""
        return not self.has_begun

    @property
    def is_seeding(self) -> bool:
        """Tell whether the answer is still to come."""
        return not self.has_begun

    @property
    def has_lost(self) -> bool:
        """Tell whether what was shown is not right any more, and begins anew."""
        return not self.has_begun

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Digest a frame, in its turn; it waits for the answer, and behind others that do."""
        if self.has_begun and not self.waiting:
            self._digest(frame, received_time_ns)
            return
        self.waiting.append((frame, received_time_ns))
        if not self.has_begun and not self.is_asking:
            self._ask()

    def _digest(self, frame: bytes, received_time_ns: int) -> None:
        self.digest(frame, received_time_ns)
        if not self.has_begun:
            # Whether the next answer has it in it already, that answer says.
            self.waiting.appendleft((frame, received_time_ns))

    def lost_chain(self, received_time_ns: int) -> None:
        """Ask anew, after a pause that grows where this happens again and again."""
        is_early = received_time_ns - self._answered_ns < _STABLE_NS
        spacing_seconds = self.spacing_seconds * 2 if is_early else _SPACING_SECONDS
        self.spacing_seconds = min(spacing_seconds, _MAX_SPACING_SECONDS)
        self._ask()

    # What is asked.

    def _ask(self) -> None:
        self.is_asking = True
        self.epoch += 1
        self.attempt = 0
        self.notify()

    def opened(self, now: float) -> None:
        """Expect an answer on a new connection: at once, whatever was before."""
        self.ask_at = now

    def accepted(self, now: float, covered_ns: int) -> None:  # noqa: ARG002  # frames tell
        """Ask, if no frame has given cause for it yet."""
        if not self.has_begun and not self.is_asking:
            self._ask()

    def next_query(self) -> Query | None:
        """Return the question, or None once it is answered."""
        return None if self.has_begun else self._query

    def answered(self, query: Query, body: bytes | None, received_time_ns: int) -> None:
        """Start from an answer; frames that waited follow in their turn.

        Raises:
            SubscriptionRejectedError: If the venue has no such thing.
            DecodeError: If it cannot be read.
            SequenceGapError: If it is older than the first frame that waits.
        """
        if body is None:
            reason = f"there is no {query.about}"
            raise SubscriptionRejectedError(
                f"{self._venue.name} refused {self.channel} of {self.symbol}: {reason}; check the"
                " symbol's spelling",
                channel=self.channel.value,
                symbol=self.symbol,
                reason=reason,
            )
        self.begin(body, received_time_ns)
        self._answered_ns = received_time_ns

    def finished(self) -> None:
        """Note that the question is answered."""
        self.is_asking = False

    def is_refusal(self, error: Exception) -> bool:
        """Tell whether an error ends the stream: asking again would not help."""
        if is_distrust(error):
            return True
        return isinstance(error, VenueError | UsageError) and not error.retryable

    def end(self, error: Exception) -> None:
        """End the stream of every reader."""
        self.is_asking = False
        for audience in tuple(self.audiences.values()):
            audience.end(error)

    # What goes out.

    @property
    def has_outgoing(self) -> bool:
        """Tell whether frames that waited can be digested."""
        return bool(self.waiting) and self.has_begun

    def publish_next(self) -> None:
        """Digest one frame that waited."""
        self._digest(*self.waiting.popleft())

    def interrupted(self) -> None:
        """Show nothing until there is an answer on the next connection."""
        super().interrupted()
        self.waiting.clear()
        self.is_asking = False
        self.epoch += 1
        self.spacing_seconds = _SPACING_SECONDS

    # What a reader or a silence calls for elsewhere, and nothing here.

    def welcome(self, push: Callable[[Message[Any]], None]) -> None:
        """Do nothing: who joins later gets what ``current`` returns."""

    def put_back(self) -> None:
        """Do nothing: there is but one question."""

    def release(self) -> None:
        """Do nothing: what waits cannot be shown."""


def _nobody() -> None:
    """Do nothing: there is no connection that could ask."""
