"""Who listens to which WEEX stream of one market, and what the streams owe after each step."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from weex_client.protocol import Channel
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.depth_history import MAX_CHANGES
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.stage import Follower, Stage
from weex_client.sandbox.weex.feeds import DepthFeed, Feed, feed_for
from weex_client.sandbox.weex.figures import level_figures
from weex_client.simulation import SymbolMarket
from weex_client.venues.weex.endpoints import Market as MarketName
from weex_client.venues.weex.mirror import encode_depth
from weex_client.venues.weex.streams import DepthStream, Stream

# The truth of all book streams together; with many in use each remembers less.
_HISTORY_BUDGET = 200_000


class Line(NamedTuple):
    """A feed and the connections that get its frames, in the order they came."""

    stream: Stream
    name: str
    feed: Feed
    listeners: dict[Connection, None]


class Switchboard:
    """Join the streams of one market to the connections that subscribed them."""

    def __init__(self, name: MarketName, stage: Stage, delisted: Collection[str]) -> None:
        self.name = name
        self.symbols = frozenset(stage.market.symbols) | frozenset(delisted)
        self._stage = stage
        self._delisted = frozenset(delisted)
        self._lines: dict[Stream, Line] = {}
        self._busy: dict[str, list[Line]] = {}
        self._followers: dict[str, Follower] = {}

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self._stage.now_ns

    def is_current(self, symbol: str) -> bool:
        """Say whether a symbol can be shown without first catching up."""
        return symbol in self._delisted or self._stage.is_current(self.name, symbol)

    async def caught_up(self, symbol: str) -> SymbolMarket:
        """Return a symbol's market at the current step, however long nobody looked at it."""
        return await self._stage.caught_up(self.name, symbol)

    async def join(self, connection: Connection, stream: Stream) -> OutgoingFrame | None:
        """Subscribe a connection; return the first frame it is owed, if any.

        There is no other turn of the loop between building that frame and joining, so that the
        next change continues it.
        """
        if stream.symbol in self._delisted:
            return self._empty(stream)
        market = await self.caught_up(stream.symbol)
        line = self._lines.get(stream)
        if line is None:
            feed = feed_for(market, stream, self._history_limit)
            line = self._lines[stream] = Line(stream, str(stream), feed, {})
        elif not line.listeners:
            line.feed.resume()
        if not line.listeners:
            self._begin(line)
        first = line.feed.first()
        line.listeners[connection] = None
        return _outgoing(line, first, is_snapshot=True)

    def leave(self, connection: Connection, stream: Stream) -> None:
        """End one subscription of a connection; nothing happens where there is none."""
        line = self._lines.get(stream)
        if line is None or connection not in line.listeners:
            return
        del line.listeners[connection]
        if not line.listeners:
            busy = self._busy[stream.symbol]
            busy.remove(line)
            if not busy:
                del self._busy[stream.symbol]
                self._stage.leave(self.name, stream.symbol, self._followers.pop(stream.symbol))

    def _begin(self, line: Line) -> None:
        symbol = line.stream.symbol
        busy = self._busy.get(symbol)
        if busy is not None:
            busy.append(line)
            return
        self._busy[symbol] = lines = [line]
        self._followers[symbol] = follower = partial(_send_due, lines)
        self._stage.follow(self.name, symbol, follower)

    def _empty(self, stream: Stream) -> OutgoingFrame | None:
        # A dead symbol is acked and shows an empty book and nothing after it (sheet, 4).
        if not isinstance(stream, DepthStream):
            return None
        time_ms = self.now_ns // 1_000_000
        text = encode_depth(stream.symbol, time_ms, stream.level, (0, 0), (), (), is_snapshot=True)
        return OutgoingFrame(
            text, str(stream), Channel.BOOK, stream.symbol, (0, 0), is_snapshot=True
        )

    def _history_limit(self) -> int:
        return max(50, min(MAX_CHANGES, _HISTORY_BUDGET // len(self._lines)))

    def true_book(
        self, symbol: str, level: int, sequence: int
    ) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Return bids and asks, best first, as they stood in the frame that ended at a sequence.

        Raises:
            LookupError: If the stream was never in use, or the sequence is unknown or forgotten.
        """
        line = self._lines.get(DepthStream(symbol, level))
        if line is None or not isinstance(line.feed, DepthFeed):
            raise LookupError(f"nobody subscribed {symbol}@depth{level} on {self.name}")
        bids, asks = line.feed.history.at(sequence)
        instrument = self._stage.market.symbol(self.name, symbol).instrument
        return list(level_figures(instrument, bids)), list(level_figures(instrument, asks))


def _send_due(lines: list[Line]) -> None:
    """Send what the streams of a symbol owe after a step."""
    for line in lines:
        for text in line.feed.frames():
            frame = _outgoing(line, text)
            for connection in line.listeners:
                connection.send(frame)


def _outgoing(line: Line, text: str, *, is_snapshot: bool = False) -> OutgoingFrame:
    """Return a frame of a line with what faults and their log must know about it."""
    stream, feed = line.stream, line.feed
    if not isinstance(feed, DepthFeed):
        return OutgoingFrame(text, line.name, feed.channel, stream.symbol, is_snapshot=is_snapshot)

    def stale() -> OutgoingFrame | None:
        older = feed.stale()
        if older is None:
            return None
        text, sequence = older
        return OutgoingFrame(
            text, line.name, feed.channel, stream.symbol, (sequence, sequence), is_snapshot=True
        )

    return OutgoingFrame(
        text,
        line.name,
        feed.channel,
        stream.symbol,
        feed.sequences,
        is_snapshot=is_snapshot,
        stale=stale if is_snapshot else None,
    )
