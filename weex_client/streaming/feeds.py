"""What is kept of each public feed between two frames: the forming candle.

Pure state: time comes in as an argument. Which feeds are subscribed is the session's business;
trades, books and private ones have modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from weex_client.metrics import ChannelCounters
from weex_client.models import Candle, Message
from weex_client.protocol import Feed, FeedKind, Topic, Venue
from weex_client.streaming.account_feed import AccountMemory
from weex_client.streaming.book3_feed import Book3Feed
from weex_client.streaming.book_feed import BookFeed
from weex_client.streaming.companions import Companions
from weex_client.streaming.feed_state import Announce, Cell, DecodedFeed, FeedState
from weex_client.streaming.fill_feed import FillFeed
from weex_client.streaming.loose_book import LooseBookFeed
from weex_client.streaming.requested_book import RequestedBookFeed
from weex_client.streaming.state_feed import StateFeed
from weex_client.streaming.trade_feed import ChainedTradeFeed, TradeFeed

__all__ = ["CandleFeed", "FrameFeed", "NewsFeed", "make_feed"]

# A quiet symbol's candle is closed by the clock, this long after its end, for trades on the way.
_CANDLE_GRACE_NS = 2_000_000_000


class FrameFeed(DecodedFeed):
    """Every frame stands for itself: tickers, tops of book."""

    heeds_leftovers = True

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish the frame undecoded."""
        cell = Cell(self, frame, received_time_ns)
        for audience in self.audiences.values():
            audience.publish(cell)


class NewsFeed(FrameFeed):
    """Every frame is news, at no regular times; what an interruption has cost is lost."""

    is_news = True


class CandleFeed(DecodedFeed):
    """The forming candle; closes it when the next begins, or when its time is over."""

    heeds_leftovers = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._forming: Message[Candle] | None = None
        self._last_closed: Message[Candle] | None = None
        self._closed_until = 0.0

    def current(self, topic: Topic) -> Message[Any] | None:  # noqa: ARG002  # one for all topics
        """Return the forming candle."""
        if self._forming is None:
            return None
        return self._forming.model_copy(update={"is_snapshot": True})

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish candles in time order, each closed once and a late correction as it comes."""
        messages = self.decode(frame, received_time_ns)
        if messages and messages[0].is_snapshot:
            self.is_bridged = messages[0].data.open_time <= self._closed_until
        if messages and 0.0 < self._closed_until < messages[0].data.open_time:
            self._tell_hole(messages[0], received_time_ns)
        for index, message in enumerate(messages):
            self._take(message, is_last=index == len(messages) - 1)

    def _tell_hole(self, first: Message[Candle], received_time_ns: int) -> None:
        """Announce candles that an outage was too long for the venue's history to bring."""
        if first.is_snapshot and self._forming is None:
            self.counters.gaps += 1
            self._announce(
                "gap",
                self,
                received_time_ns,
                cause="the venue's history begins after the last known candle",
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


_KINDS: Final[dict[FeedKind, type[FeedState]]] = {
    FeedKind.FRAMES: FrameFeed,
    FeedKind.NEWS: NewsFeed,
    FeedKind.TRADES: TradeFeed,
    FeedKind.CANDLES: CandleFeed,
    FeedKind.BOOK: BookFeed,
    FeedKind.LOOSE_BOOK: LooseBookFeed,
}
_ASKED_KINDS: Final[dict[FeedKind, Callable[..., FeedState]]] = {
    FeedKind.BOOK: RequestedBookFeed,
    FeedKind.BOOK3: Book3Feed,
}
_ACCOUNT_KINDS: Final[dict[FeedKind, Callable[..., FeedState]]] = {
    FeedKind.STATE: StateFeed,
    FeedKind.FILLS: FillFeed,
}


def make_feed(
    feed: Feed,
    topic: Topic,
    venue: Venue,
    counters: ChannelCounters,
    announce: Announce,
    memory: AccountMemory,
    companions: Companions,
) -> FeedState:
    """Return the state that fits the channel of a feed's first topic.

    Args:
        feed: As the venue spells it.
        topic: What it is wanted for.
        venue: How it is read.
        counters: Its channel's.
        announce: Takes what users should know.
        memory: What the account's feeds share.
        companions: See what it does, if it has any.
    """
    channel = topic.channel
    kind = venue.feed_kind(channel)
    parts = (feed, channel, topic.symbol, venue, counters, announce)
    asked_kind = _ASKED_KINDS.get(kind)
    query = None if asked_kind is None else venue.book_query(feed)
    if asked_kind is not None and query is not None:
        return asked_kind(*parts, query=query)
    if kind is FeedKind.TRADES and venue.companions(feed):
        return ChainedTradeFeed(*parts, companions=companions)
    if kind in _ACCOUNT_KINDS:
        reads: Any = venue.account_reads(channel)
        return _ACCOUNT_KINDS[kind](*parts, reads=reads, memory=memory)
    return _KINDS[kind](*parts)
