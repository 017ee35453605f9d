"""Which state is kept of each feed between two frames; here is only what keeps none. Pure.

Which feeds are subscribed is the session's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from weex_client.metrics import ChannelCounters
from weex_client.protocol import Feed, FeedKind, Topic, Venue
from weex_client.streaming.account_feed import AccountMemory
from weex_client.streaming.book3_feed import Book3Feed
from weex_client.streaming.book_feed import BookFeed
from weex_client.streaming.candle_feed import CandleFeed
from weex_client.streaming.companions import Companions
from weex_client.streaming.feed_state import Announce, Cell, DecodedFeed, FeedState
from weex_client.streaming.fill_feed import FillFeed
from weex_client.streaming.history_feed import AskedCandleFeed, AskedTradeFeed
from weex_client.streaming.loose_book import LooseBookFeed
from weex_client.streaming.requested_book import RequestedBookFeed
from weex_client.streaming.state_feed import StateFeed
from weex_client.streaming.trade_feed import ChainedTradeFeed, TradeFeed

__all__ = ["FrameFeed", "NewsFeed", "make_feed"]


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
_HISTORY_KINDS: Final[dict[FeedKind, Callable[..., FeedState]]] = {
    FeedKind.TRADES: AskedTradeFeed,
    FeedKind.CANDLES: AskedCandleFeed,
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
    if kind in _HISTORY_KINDS and venue.history_query(feed, 0) is not None:
        return _HISTORY_KINDS[kind](*parts)
    if kind in _ACCOUNT_KINDS:
        reads: Any = venue.account_reads(channel)
        return _ACCOUNT_KINDS[kind](*parts, reads=reads, memory=memory)
    return _KINDS[kind](*parts)
