"""One feed for each subscribed KuCoin topic: what it sends first, and what after a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

from weex_client.protocol import Channel
from weex_client.sandbox.depth_history import DepthHistory
from weex_client.sandbox.kucoin import figures
from weex_client.simulation import Candle, DepthWindow, SymbolMarket
from weex_client.venues.kucoin import KucoinChannel, mirror
from weex_client.venues.kucoin.channels import ALL_TICKERS, DEPTHS, LEVEL2, SYMBOL_TOPICS, path

__all__ = ["BOOK_LEVELS", "ChangesFeed", "Feed", "feed_for"]

# A whole book, as far as there is one.
BOOK_LEVELS: Final = 200

# Steps of 100 ms between two snapshots (sheet, 7.2); all else comes as it changes.
_SNAPSHOT_STEPS = 20


class Feed(Protocol):
    """What a topic sends.

    Attributes:
        channel: What it is about.
    """

    channel: StrEnum

    def resume(self) -> None:
        """Begin anew at the market's current step, after nobody listened."""

    def first(self) -> Sequence[str]:
        """Return what a new subscriber gets at once."""

    def frames(self) -> Sequence[str]:
        """Return the frames due after the step just made."""


class StateFeed:
    """Send a whole picture when it has changed: tickers, tops and complete books.

    Args:
        channel: What it is about.
        picture: Returns what the picture is made of; of the same nothing is sent.
        spell: Returns the picture's frame.
        is_due: Tells whether it is time for one.
    """

    def __init__(
        self,
        channel: StrEnum,
        picture: Callable[[], object],
        spell: Callable[[], str],
        is_due: Callable[[], bool] = lambda: True,
    ) -> None:
        self.channel = channel
        self._picture = picture
        self._spell = spell
        self._is_due = is_due
        self._sent: object = None

    def resume(self) -> None:
        """Forget what was sent."""
        self._sent = None

    def first(self) -> Sequence[str]:
        """Return the picture of now."""
        return (self._spell(),)

    def frames(self) -> Sequence[str]:
        """Return the picture if it is due and another one."""
        if not self._is_due():
            return ()
        picture = self._picture()
        if picture == self._sent:
            return ()
        self._sent = picture
        return (self._spell(),)


class TradeFeed:
    """Send each trade in a frame of its own."""

    channel: StrEnum = Channel.TRADES

    def __init__(self, market: SymbolMarket, topic: str) -> None:
        self._market = market
        self._topic = topic
        self.resume()

    def resume(self) -> None:
        """Begin with the next trade: there is no history."""
        self._seen = self._market.tape.count

    def first(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def frames(self) -> Sequence[str]:
        """Return what was traded in the step."""
        market = self._market
        trades = figures.trade_figures(market, market.tape.since(self._seen))
        self._seen = market.tape.count
        symbol = figures.spelled(market.instrument)
        return [mirror.encode_trade(self._topic, symbol, trade) for trade in trades]


class CandleFeed:
    """Send the forming candle when it has changed, and the closed one's last state before it."""

    channel: StrEnum = Channel.CANDLES

    def __init__(self, market: SymbolMarket, topic: str, interval: str) -> None:
        self._market = market
        self._topic = topic
        self._interval = figures.SIMULATED[interval]
        self.resume()

    def resume(self) -> None:
        """Take the forming candle as known: there is no history."""
        self._sent = self._market.newest_candles(self._interval)[1]

    def first(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def frames(self) -> Sequence[str]:
        """Return the candles that changed, skipped flat ones among them once trading goes on."""
        closed, forming = self._market.newest_candles(self._interval)
        is_quiet = not forming.trade_count
        due = []
        if closed is not None and closed.open_time_ns >= self._sent.open_time_ns:
            is_update = closed.open_time_ns == self._sent.open_time_ns
            if closed != self._sent and (is_update or not is_quiet):
                due.append(self._frame(closed, is_new=not is_update))
                self._sent = closed
        if forming != self._sent and not is_quiet:
            is_new = forming.open_time_ns != self._sent.open_time_ns
            due.append(self._frame(forming, is_new=is_new))
            self._sent = forming
        return due

    def _frame(self, candle: Candle, *, is_new: bool) -> str:
        market = self._market
        return mirror.encode_candle(
            self._topic,
            figures.spelled(market.instrument),
            figures.candle_figures(market.instrument, candle),
            market.time_ns,
            is_new=is_new,
        )


class ChangesFeed:
    """Send how the book has changed, in one frame a step; the book itself is read over HTTP.

    What is read is the book as last sent, so that the next frame continues it.
    """

    channel: StrEnum = Channel.BOOK

    def __init__(self, market: SymbolMarket, topic: str, history_limit: Callable[[], int]) -> None:
        self._market = market
        self._topic = topic
        self._history_limit = history_limit
        self.window = DepthWindow(market.book, BOOK_LEVELS)
        self.history = DepthHistory(self.window)

    @property
    def sequences(self) -> tuple[int, int]:
        """Return where the frame before ended and where the newest one ends."""
        return self.window.previous_sequence, self.window.sequence

    def resume(self) -> None:
        """Move the book to now without telling anybody."""
        change = self.window.advance(self._market.book)
        if change is not None:
            self.history.add(change, self._history_limit())

    def first(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def frames(self) -> Sequence[str]:
        """Return what has changed in the step."""
        market = self._market
        change = self.window.advance(market.book)
        if change is None:
            return ()
        self.history.add(change, self._history_limit())
        instrument = market.instrument
        text = mirror.encode_changes(
            self._topic,
            figures.spelled(instrument),
            (change.previous_sequence, change.sequence),
            figures.level_figures(instrument, change.bids),
            figures.level_figures(instrument, change.asks),
            market.time_ns // 1_000_000,
        )
        return (text,)


def feed_for(market: SymbolMarket, topic: str, history_limit: Callable[[], int]) -> Feed | None:
    """Return the feed that serves a topic for one symbol, or None where there is none."""
    symbol = figures.spelled(market.instrument)
    found = path(topic)
    if found == LEVEL2:
        return ChangesFeed(market, topic, history_limit)
    if found == SYMBOL_TOPICS[Channel.TRADES]:
        return TradeFeed(market, topic)
    if found == SYMBOL_TOPICS[Channel.CANDLES]:
        interval = topic.rpartition("_")[2]
        return CandleFeed(market, topic, interval) if interval in figures.SIMULATED else None
    if found == SYMBOL_TOPICS[Channel.TICKER]:
        is_all = topic == ALL_TICKERS
        return StateFeed(
            KucoinChannel.ALL_TICKERS if is_all else Channel.TICKER,
            lambda: (market.touch, market.last, market.tape.count),
            lambda: mirror.encode_ticker(
                topic, symbol if is_all else "trade.ticker", figures.ticker_figures(market)
            ),
        )
    if found == SYMBOL_TOPICS[KucoinChannel.SNAPSHOT]:
        return StateFeed(
            KucoinChannel.SNAPSHOT,
            lambda: market.step,
            lambda: mirror.encode_snapshot(topic, figures.day_row(market)),
            lambda: market.step % _SNAPSHOT_STEPS == 0,
        )
    if found == SYMBOL_TOPICS[Channel.BOOK_TICKER]:
        return StateFeed(
            Channel.BOOK_TICKER,
            lambda: market.touch,
            lambda: mirror.encode_book_ticker(
                topic, *figures.touch(market), market.time_ns // 1_000_000
            ),
        )
    for level, depth in DEPTHS.items():
        if found == depth:
            return _depth_feed(market, topic, level)
    return None


def _depth_feed(market: SymbolMarket, topic: str, level: int) -> Feed:
    def window() -> DepthWindow:
        return DepthWindow(market.book, level)

    def spell() -> str:
        now, instrument = window(), market.instrument
        return mirror.encode_book(
            topic,
            figures.level_figures(instrument, now.bids),
            figures.level_figures(instrument, now.asks),
            market.time_ns // 1_000_000,
        )

    return StateFeed(Channel.BOOK, lambda: (window().bids, window().asks), spell)
