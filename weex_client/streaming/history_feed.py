"""Trades and candles of a venue that repeats nothing in frames, but tells its past over HTTP. Pure.

When the question is put, ``seeding`` says; what its answer means, the venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from weex_client.models import Candle, Message
from weex_client.rest import Query
from weex_client.streaming.candle_feed import CandleFeed
from weex_client.streaming.feed_state import DecodedFeed
from weex_client.streaming.trade_feed import TradeFeed

__all__ = ["AskedCandleFeed", "AskedTradeFeed", "HistoryFeed"]

# An answer takes some tenths of a second. Who trades must not wait longer than this for what is
# here already: then the past is given up, and told to be missing where something was.
_HOLD_SECONDS = 3.0
_HOLD_NS = 6_000_000_000  # also while the venue has not answered yet that it serves the feed

# So many frames in so short a time are no pause.
_MAX_WAITING = 2000


class HistoryFeed(DecodedFeed):
    """A feed whose past is asked for once a connection serves it, while its frames wait in order.

    The answer takes the place of the history that other venues send by themselves. What it brings
    and what has waited is then published one by one: a reader with a short queue must get its
    turn in between. There is one question a connection: an answer that comes late, or never,
    would keep back what is news.
    """

    beginning: ClassVar[str] = "the venue's history"
    begins_in_frames: ClassVar[bool] = False
    spacing_seconds: ClassVar[float] = 0.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.is_seeding = self.wants_history
        self.is_asking = False
        self.epoch = 0  # an answer to a question of another epoch is none
        self.attempt = 0
        self.ask_at = 0.0
        self.hold_until: float | None = None
        self.notify: Callable[[], None] = _nobody
        self._query: Query | None = None
        # Messages of the past, which have no frame, and frames behind them.
        self._waiting: deque[tuple[bytes | Message[Any], int]] = deque()

    # What a kind must say.

    @property
    def wants_history(self) -> bool:
        """Tell whether something must be asked for before frames make sense."""
        raise NotImplementedError

    def look_back(self, messages: list[Message[Any]], received_time_ns: int) -> list[Message[Any]]:
        """Note what the past tells of a hole; return what of it is to be published, in order."""
        raise NotImplementedError

    def tell_past(self, message: Message[Any], *, is_last: bool) -> None:
        """Publish one message of the past."""
        raise NotImplementedError

    def is_past(self, frame: bytes) -> bool:  # noqa: ARG002  # most know by an id
        """Tell whether a frame that has waited says less than the past that was told."""
        return False

    def gave_up(self) -> None:
        """Note that the past will not be told."""

    # What comes in frames.

    @property
    def is_waiting(self) -> bool:
        """Tell whether frames wait for the past."""
        return self.is_seeding

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Digest a frame, in its turn."""
        if not self.is_seeding and not self._waiting:
            self.digest(frame, received_time_ns)
            return
        waiting = self._waiting
        waiting.append((frame, received_time_ns))
        held_ns = received_time_ns - waiting[0][1]
        if self.is_seeding and (len(waiting) > _MAX_WAITING or held_ns > _HOLD_NS):
            self.give_up()

    def digest(self, frame: bytes, received_time_ns: int) -> None:
        """Digest a frame whose turn it is."""
        super().receive(frame, received_time_ns)

    # What is asked.

    def opened(self, now: float) -> None:
        """Do nothing: the venue has not said yet that it serves this feed."""

    def accepted(self, now: float, covered_ns: int) -> None:
        """Ask: the venue says that what happens from now on comes in frames."""
        if not self.is_seeding:
            return
        self._query = self._venue.history_query(self.feed, covered_ns)
        self.is_asking = True
        self.epoch += 1
        self.attempt = 0
        self.ask_at = now
        self.hold_until = now + _HOLD_SECONDS
        self.notify()

    def next_query(self) -> Query | None:
        """Return the question, or None once it is answered or given up."""
        return self._query if self.is_seeding else None

    def answered(self, query: Query, body: bytes | None, received_time_ns: int) -> None:  # noqa: ARG002
        """Line up what the past tells before the frames that have waited.

        Raises:
            DecodeError: If it cannot be read.
        """
        past: list[Message[Any]] = []
        if body is not None:
            past += self._venue.read_history(self.feed, body, received_time_ns)
        past = self.look_back(past, received_time_ns)
        self._waiting.extendleft((message, received_time_ns) for message in reversed(past))
        self._end()

    def give_up(self) -> None:
        """Go on without the past: what follows tells whether something is missing."""
        if self.is_seeding:
            self._end()
            self.gave_up()
            while self._waiting:
                self.publish_next()

    def _end(self) -> None:
        self.is_seeding = False
        self.hold_until = None
        self._query = None
        self.epoch += 1
        self.notify()

    def finished(self) -> None:
        """Note that there is no question any more."""
        self.is_asking = False

    # What goes out.

    @property
    def has_outgoing(self) -> bool:
        """Tell whether something that waited can be published."""
        return bool(self._waiting) and not self.is_seeding

    def publish_next(self) -> None:
        """Publish one message of the past, or digest one frame that waited."""
        item, received_time_ns = self._waiting.popleft()
        if isinstance(item, bytes):
            if not self.is_past(item):
                self.digest(item, received_time_ns)
            return
        is_last = not self._waiting or isinstance(self._waiting[0][0], bytes)
        self.tell_past(item, is_last=is_last)

    # What happens to the line.

    def interrupted(self) -> None:
        """Ask again on the next connection: what waits for an answer comes with that one."""
        while self.has_outgoing:
            self.publish_next()
        self._waiting.clear()
        self.is_asking = False
        self._end()
        super().interrupted()
        self.is_seeding = self.wants_history

    def doubted(self) -> None:
        """Ask again once the venue serves the feed anew."""
        super().doubted()
        self.is_seeding = self.wants_history

    # What a reader or a failure calls for elsewhere, and nothing here.

    def welcome(self, push: Callable[[Message[Any]], None]) -> None:
        """Do nothing: who joins later gets what ``current`` returns."""

    def put_back(self) -> None:
        """Do nothing: there is but one question."""

    def release(self) -> None:
        """Go on without the past."""
        self.give_up()


class AskedTradeFeed(HistoryFeed, TradeFeed):
    """Trades; those that an interruption cost are asked for.

    What is older than the last known trade was told, or is not this stream's.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._last_frame = b""

    def digest(self, frame: bytes, received_time_ns: int) -> None:
        """Digest a frame, and remember where trades go on from."""
        self._last_frame = frame
        super().digest(frame, received_time_ns)

    @property
    def wants_history(self) -> bool:
        """Tell whether there are trades to go on from."""
        return self._must_bridge

    def look_back(self, messages: list[Message[Any]], received_time_ns: int) -> list[Message[Any]]:
        """Tell of a hole if the past begins too late; return what is news of it."""
        if messages:
            self._bridge(messages, received_time_ns)
        last_ns = self._last_ns()
        return [
            message
            for message in messages
            if (message.exchange_time_ns or 0) >= last_ns and self._is_new(message.data.trade_id)
        ]

    def _reaches_back(self, messages: Sequence[Message[Any]]) -> bool:
        """Tell whether a past begins no later than at the last known trade."""
        if super()._reaches_back(messages):
            return True
        is_past = messages[0].is_snapshot
        return is_past and (messages[0].exchange_time_ns or 0) <= self._last_ns()

    def stayed_silent(self) -> None:
        """Expect the next trade to go on from a known one: the past ended when it was told."""
        TradeFeed.interrupted(self)

    def _last_ns(self) -> int:
        """Return the venue's time of the last known trade; 0 where there is none."""
        messages = self.decode(self._last_frame, 0) if self._last_frame else ()
        return max((message.exchange_time_ns or 0 for message in messages), default=0)

    def tell_past(self, message: Message[Any], *, is_last: bool) -> None:  # noqa: ARG002
        """Publish a trade."""
        self.publish((message,))


class AskedCandleFeed(HistoryFeed, CandleFeed):
    """Candles, which begin with a history, and go on from one after an interruption."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._last_past: Candle | None = None

    @property
    def wants_history(self) -> bool:
        """Return True: what has closed meanwhile is told nowhere else."""
        return True

    def look_back(self, messages: list[Message[Any]], received_time_ns: int) -> list[Message[Any]]:
        """Tell of a hole if the past begins too late."""
        self._last_past = messages[-1].data if messages else None
        if messages:
            self._reach_back(messages[0], received_time_ns)
        else:
            self.gave_up()
        return messages

    def tell_past(self, message: Message[Any], *, is_last: bool) -> None:
        """Publish a candle, closed unless it is the last."""
        self._take(message, is_last=is_last)

    def is_past(self, frame: bytes) -> bool:
        """Tell whether the past has a later picture of the candle, or later ones."""
        past = self._last_past
        if past is None:
            return False
        candles = [message.data for message in self.decode(frame, 0)]
        return all(
            (each.open_time, each.volume) < (past.open_time, past.volume) for each in candles
        )

    def gave_up(self) -> None:
        """Let the next frame tell whether a candle was missed."""
        self.must_reach_back = True

    def stayed_silent(self) -> None:
        """Let it tell so as well: the past ended when it was told."""
        self.gave_up()


def _nobody() -> None:
    """Do nothing: there is no connection that could ask."""
