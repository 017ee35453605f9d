"""Who listens to which KuCoin topic, and what the topics owe after each step of a symbol."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import NamedTuple

from weex_client.sandbox.connection import Connection
from weex_client.sandbox.depth_history import MAX_CHANGES
from weex_client.sandbox.front import BookSides
from weex_client.sandbox.kucoin.feeds import BOOK_LEVELS, ChangesFeed, Feed, feed_for
from weex_client.sandbox.kucoin.figures import level_figures, spelled
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.stage import Follower, Stage
from weex_client.simulation import DepthWindow, SymbolMarket, instrument_for
from weex_client.venues.kucoin.channels import (
    ALL_TICKERS,
    LEVEL2,
    SYMBOL_TOPICS,
    KucoinChannel,
    argument,
    path,
)

__all__ = ["Switchboard"]

# The truth of all book streams together; with many in use each remembers less.
_HISTORY_BUDGET = 200_000

_SNAPSHOTS = SYMBOL_TOPICS[KucoinChannel.SNAPSHOT]
_CANDLES = next(topic for topic in SYMBOL_TOPICS.values() if topic.endswith("candles"))


class Line(NamedTuple):
    """A feed of one symbol and the connections that get its frames, in the order they came."""

    topic: str
    symbol: str
    feed: Feed
    listeners: dict[Connection, None]


class Switchboard:
    """Join topics to the connections that subscribed them.

    Attributes:
        symbols: What is listed: the simulation's symbol by KuCoin's.
    """

    def __init__(self, stage: Stage) -> None:
        self.symbols = {
            spelled(instrument_for(symbol, "spot")): symbol for symbol in stage.market.symbols
        }
        self._stage = stage
        # One topic may be about several symbols: all tickers, the snapshots of a market.
        self._lines: dict[tuple[str, str], Line] = {}
        self._busy: dict[str, list[Line]] = {}
        self._followers: dict[str, Follower] = {}

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self._stage.now_ns

    async def market(self, symbol: str) -> SymbolMarket:
        """Return the market of a symbol, spelled as KuCoin does, at the current step.

        Raises:
            KeyError: If it is not listed.
        """
        return await self._stage.caught_up("spot", self.symbols[symbol])

    def about(self, topic: str) -> Collection[str]:
        """Return the symbols that a topic is about; none where nobody lists it."""
        if topic == ALL_TICKERS:
            return tuple(self.symbols)
        name = argument(topic)
        if path(topic) == _CANDLES:
            name = name.rpartition("_")[0]
        if name in self.symbols:
            return (name,)
        if path(topic) == _SNAPSHOTS:
            return [symbol for symbol in self.symbols if symbol.endswith(f"-{name}")]
        return ()

    async def join(self, connection: Connection, topic: str) -> Iterator[OutgoingFrame]:
        """Subscribe a connection; return the frames that it is owed at once.

        A symbol that is not listed is as good as any: it stays silent (sheet, 3).
        """
        frames: list[OutgoingFrame] = []
        for symbol in self.about(topic):
            market = await self.market(symbol)
            line = self._line(topic, symbol, market)
            if line is None:
                continue
            if not line.listeners:
                line.feed.resume()
                self._begin(line)
            line.listeners[connection] = None
            frames += (_outgoing(line, text) for text in line.feed.first())
        return iter(frames)

    def _line(self, topic: str, symbol: str, market: SymbolMarket) -> Line | None:
        line = self._lines.get((topic, symbol))
        if line is None:
            feed = feed_for(market, topic, self._history_limit)
            if feed is None:
                return None
            line = self._lines[topic, symbol] = Line(topic, symbol, feed, {})
        return line

    def leave(self, connection: Connection, topic: str) -> None:
        """End one subscription of a connection; nothing happens where there is none."""
        for symbol in self.about(topic):
            line = self._lines.get((topic, symbol))
            if line is None or connection not in line.listeners:
                continue
            del line.listeners[connection]
            if not line.listeners:
                busy = self._busy[symbol]
                busy.remove(line)
                if not busy:
                    del self._busy[symbol]
                    self._stage.leave("spot", self.symbols[symbol], self._followers.pop(symbol))

    def _begin(self, line: Line) -> None:
        busy = self._busy.get(line.symbol)
        if busy is not None:
            busy.append(line)
            return
        self._busy[line.symbol] = lines = [line]
        self._followers[line.symbol] = follower = partial(_send_due, lines)
        self._stage.follow("spot", self.symbols[line.symbol], follower)

    def _history_limit(self) -> int:
        return max(50, min(MAX_CHANGES, _HISTORY_BUDGET // len(self._lines)))

    async def book(self, symbol: str, level: int) -> tuple[int, BookSides]:
        """Return a book's sequence and its best levels, as its changes were last sent.

        Raises:
            KeyError: If the symbol is not listed.
        """
        market = await self.market(symbol)
        line = self._lines.get((f"{LEVEL2}:{symbol}", symbol))
        window = DepthWindow(market.book, BOOK_LEVELS)
        if line is not None and line.listeners and isinstance(line.feed, ChangesFeed):
            window = line.feed.window
        bids, asks = (
            list(level_figures(market.instrument, side))[:level]
            for side in (window.bids, window.asks)
        )
        return window.sequence, (bids, asks)

    def true_book(self, symbol: str, sequence: int) -> BookSides:
        """Return bids and asks, best first, as they stood after the changes up to a sequence.

        Raises:
            LookupError: If the stream was never in use, or the sequence is unknown or forgotten.
        """
        line = self._lines.get((f"{LEVEL2}:{symbol}", symbol))
        if line is None or not isinstance(line.feed, ChangesFeed):
            raise LookupError(f"nobody subscribed {LEVEL2}:{symbol}")
        bids, asks = line.feed.history.at(sequence)
        instrument = self._stage.market.symbol("spot", self.symbols[symbol]).instrument
        return list(level_figures(instrument, bids)), list(level_figures(instrument, asks))


def _send_due(lines: list[Line]) -> None:
    """Send what the topics of a symbol owe after a step."""
    for line in lines:
        for text in line.feed.frames():
            frame = _outgoing(line, text)
            for connection in line.listeners:
                connection.send(frame)


def _outgoing(line: Line, text: str) -> OutgoingFrame:
    """Return a frame of a line with what faults and their log must know about it."""
    feed = line.feed
    sequences = feed.sequences if isinstance(feed, ChangesFeed) else None
    return OutgoingFrame(text, line.topic, feed.channel, line.symbol, sequences)
