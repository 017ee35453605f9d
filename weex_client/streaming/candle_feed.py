"""The forming candle of a symbol, and when it is closed. Pure: time comes in as an argument."""

from __future__ import annotations

from typing import Any

from weex_client.models import Candle, Message
from weex_client.protocol import Topic
from weex_client.streaming.feed_state import DecodedFeed

__all__ = ["CandleFeed"]

# A quiet symbol's candle is closed by the clock, this long after its end, for trades on the way.
_CANDLE_GRACE_NS = 2_000_000_000


class CandleFeed(DecodedFeed):
    """The forming candle; closes it when the next begins, or when its time is over."""

    heeds_leftovers = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._forming: Message[Candle] | None = None
        self._last_closed: Message[Candle] | None = None
        self._closed_until = 0.0
        self.must_reach_back = False  # whether nobody knows if the next frame follows

    def current(self, topic: Topic) -> Message[Any] | None:  # noqa: ARG002  # one for all topics
        """Return the forming candle."""
        if self._forming is None:
            return None
        return self._forming.model_copy(update={"is_snapshot": True})

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish candles in time order, each closed once and a late correction as it comes."""
        messages = self.decode(frame, received_time_ns)
        if messages:
            self._reach_back(messages[0], received_time_ns)
        for index, message in enumerate(messages):
            self._take(message, is_last=index == len(messages) - 1)

    def _reach_back(self, first: Message[Candle], received_time_ns: int) -> None:
        """Note whether a history, by its first candle, reaches back to what is known."""
        if first.is_snapshot:
            self.is_bridged = first.data.open_time <= self._closed_until
        if 0.0 < self._closed_until < first.data.open_time:
            self._tell_hole(first, received_time_ns)
        self.must_reach_back = False

    def _tell_hole(self, first: Message[Candle], received_time_ns: int) -> None:
        """Announce candles that an outage was too long for the venue's history to bring."""
        if (first.is_snapshot or self.must_reach_back) and self._forming is None:
            self.counters.gaps += 1
            self._announce(
                "gap",
                self,
                received_time_ns,
                cause="what the venue tells begins after the last known candle",
                duration_seconds=first.data.open_time - self._closed_until,
            )

    def _take(self, message: Message[Candle], *, is_last: bool) -> None:
        open_time = message.data.open_time
        if message.is_snapshot and open_time < self._closed_until:
            # Known already: after a reconnection the history fills only the hole. The correction
            # of the last one may have been lost with the connection.
            last = self._last_closed
            if last is not None and last.data.open_time == open_time:
                self._correct(last, message)
            return
        forming = self._forming
        if forming is not None and open_time > forming.data.open_time:
            self._close(_as_news(forming))
        is_late = forming is not None and open_time < forming.data.open_time
        if is_late or open_time < self._closed_until:
            self._publish_closed(message)  # a correction, which does not move the cursor
        elif not is_last:
            # A later candle stands in the same frame: this one is over.
            self._close(message)
        else:
            self._forming = message
            self.publish([message])

    def _close(self, message: Message[Candle]) -> None:
        if message.data.open_time >= self._closed_until:
            self._closed_until = message.data.close_time
            self._publish_closed(message)
        self._forming = None

    def _correct(self, last: Message[Candle], message: Message[Candle]) -> None:
        """Publish what the history says of the last closed candle, if it says otherwise."""
        if _closed(message).data != last.data:
            self._publish_closed(message)

    def _publish_closed(self, message: Message[Candle]) -> None:
        closed = _closed(message)
        if self._last_closed is None or closed.data.close_time >= self._last_closed.data.close_time:
            self._last_closed = closed
        self.publish([closed])

    def tick(self, exchange_now_ns: int, complete_ns: int) -> bool:
        """Close a quiet symbol's candle by the clock, once nothing from before its end can come."""
        due_ns = self.next_due_ns()
        if due_ns is None or self._forming is None or exchange_now_ns < due_ns:
            return True
        if complete_ns < due_ns - _CANDLE_GRACE_NS:
            return False  # its last trades may be on their way on a line that is stuck
        self._close(_as_news(self._forming))
        return True

    def next_due_ns(self) -> int | None:
        """Return when the forming candle is over for sure."""
        if self._forming is None:
            return None
        return round(self._forming.data.close_time * 1000) * 1_000_000 + _CANDLE_GRACE_NS

    def interrupted(self) -> None:
        """Do not close by the clock what may have gone on unseen."""
        if self._forming is not None:
            self._closed_until = max(self._closed_until, self._forming.data.open_time)
        self._forming = None
        self.is_bridged = False

    def doubted(self) -> None:
        """Expect the history, which fills what was missed."""
        self.is_bridged = False


def _as_news(forming: Message[Candle]) -> Message[Candle]:
    """Return a candle that closes now, even if it came with the history and nothing followed."""
    return forming.model_copy(update={"is_snapshot": False}) if forming.is_snapshot else forming


def _closed(message: Message[Candle]) -> Message[Candle]:
    data = message.data.model_copy(update={"is_closed": True})
    return message.model_copy(update={"data": data})
