"""One feed for each subscribed WEEX stream: what it shows first, and what it sends after a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from weex_client.protocol import Channel
from weex_client.sandbox.depth_history import DepthHistory
from weex_client.sandbox.weex.figures import (
    candle_figures,
    level_figures,
    ticker_figures,
    trade_figures,
)
from weex_client.simulation import Candle, DayFigures, DepthWindow, SymbolMarket, Touch
from weex_client.venues.weex import mirror
from weex_client.venues.weex.streams import (
    CandleStream,
    DepthStream,
    Stream,
    TickerStream,
    TradeStream,
)

# Cadences in steps of 100 ms. Ticker: 100 to 300 ms (sheet, 7.1); trade batches about every 0.6 s
# (7.2); book changes about every 500 ms (7.4). Candles come as they change (7.3).
_TICKER_STEPS = 2
_TRADE_STEPS = 6
_DEPTH_STEPS = 5
_CANDLE_STEPS = 3

_SNAPSHOT_TRADES = 20
# A snapshot from a cache is some seconds old.
_STALE_CHANGES = 10
# The first live batch repeats trades of the snapshot (contract-trade.jsonl: 11 of 118).
_REPEATED_TRADES = 3


class Feed(Protocol):
    """What a stream sends."""

    channel: Channel

    def resume(self) -> None:
        """Begin anew at the market's current step, after nobody listened."""

    def first(self) -> str:
        """Return the frame that a new subscriber gets."""

    def frames(self) -> Sequence[str]:
        """Return the frames due after the step just made."""


def _time_ms(market: SymbolMarket) -> int:
    return market.time_ns // 1_000_000


class TickerFeed:
    """Send the 24 h figures when they changed."""

    channel = Channel.TICKER

    def __init__(self, market: SymbolMarket) -> None:
        self._market = market
        self._sent: DayFigures | None = None

    def resume(self) -> None:
        """Forget what was sent."""
        self._sent = None

    def first(self) -> str:
        """Return the ticker of now."""
        market = self._market
        return mirror.encode_ticker(
            market.instrument.symbol, _time_ms(market), ticker_figures(market)
        )

    def frames(self) -> Sequence[str]:
        """Return the ticker, every other step, if it changed."""
        if self._market.step % _TICKER_STEPS:
            return ()
        figures = self._market.day()
        if figures == self._sent:
            return ()
        self._sent = figures
        return (self.first(),)


class TradeFeed:
    """Send what was traded since the last batch, in no order."""

    channel = Channel.TRADES

    def __init__(self, market: SymbolMarket) -> None:
        self._market = market
        self.resume()

    def resume(self) -> None:
        """Begin with a batch that repeats a few of the trades already shown."""
        self._seen = self._market.tape.count
        self._sent = max(0, self._seen - _REPEATED_TRADES)

    def first(self) -> str:
        """Return the 20 newest trades, newest first."""
        market = self._market
        trades = trade_figures(market, market.tape.newest(_SNAPSHOT_TRADES))
        return mirror.encode_trades(
            market.instrument.symbol, _time_ms(market), trades, is_snapshot=True
        )

    def frames(self) -> Sequence[str]:
        """Return the batch of the last six steps, if anything was traded."""
        market = self._market
        if market.step % _TRADE_STEPS or market.tape.count == self._seen:
            return ()
        trades = trade_figures(market, market.tape.since(self._sent))
        self._seen = self._sent = market.tape.count
        # Items inside a frame are unordered (sheet, 7.2); ids are as good as random.
        trades.sort(key=lambda trade: trade.trade_id)
        return (mirror.encode_trades(market.instrument.symbol, _time_ms(market), trades),)


class CandleFeed:
    """Send the forming candle when it changed, and the closed one's last state before it."""

    channel = Channel.CANDLES

    def __init__(self, market: SymbolMarket, stream: CandleStream) -> None:
        self._market = market
        self._stream = stream
        self._mark = stream.price_type == "MARK_PRICE"
        self.resume()

    def resume(self) -> None:
        """Take the forming candle as shown."""
        _, self._sent = self._market.newest_candles(self._stream.interval, mark=self._mark)

    def first(self) -> str:
        """Return the kept candles, the forming one last."""
        candles = self._market.candles(self._stream.interval, mark=self._mark)
        return self._encode(candles, is_snapshot=True)

    def frames(self) -> Sequence[str]:
        """Return the candles that changed, every third step."""
        if self._market.step % _CANDLE_STEPS:
            return ()
        closed, forming = self._market.newest_candles(self._stream.interval, mark=self._mark)
        due: list[Candle] = []
        sent = self._sent
        if closed is not None and closed.open_time_ns == sent.open_time_ns and closed != sent:
            due.append(closed)
            self._sent = closed
        # A quiet symbol opens its next candle with its next trade, not with the clock.
        quiet = not forming.trade_count and forming.high == forming.low
        if forming != self._sent and not quiet:
            due.append(forming)
            self._sent = forming
        return self._each(due)

    def _each(self, candles: list[Candle]) -> Sequence[str]:
        return [self._encode([candle]) for candle in candles]

    def _encode(self, candles: list[Candle], *, is_snapshot: bool = False) -> str:
        market, stream = self._market, self._stream
        return mirror.encode_candles(
            stream.symbol,
            _time_ms(market),
            stream.interval,
            stream.price_type,
            candle_figures(market.instrument, candles),
            is_snapshot=is_snapshot,
        )


class DepthFeed:
    """Send how the window of the best levels changed, conflated to one frame in 500 ms.

    A new subscriber gets the window as last sent, not the book of this instant, so that the next
    change continues everybody's chain: its ``U`` is the snapshot's ``u``.
    """

    channel = Channel.BOOK

    def __init__(
        self, market: SymbolMarket, stream: DepthStream, history_limit: Callable[[], int]
    ) -> None:
        self._market = market
        self._level = stream.level
        self._window = DepthWindow(market.book, stream.level)
        self._history_limit = history_limit
        self.history = DepthHistory(self._window)

    def resume(self) -> None:
        """Move the window to now without telling anybody."""
        change = self._window.advance(self._market.book)
        if change is not None:
            self.history.add(change, self._history_limit())

    def first(self) -> str:
        """Return the whole window as last sent."""
        window = self._window
        return self._encode(
            (window.previous_sequence, window.sequence), window.bids, window.asks, is_snapshot=True
        )

    @property
    def sequences(self) -> tuple[int, int]:
        """Return where the frame before ended and where the newest one ends."""
        return self._window.previous_sequence, self._window.sequence

    def stale(self) -> tuple[str, int] | None:
        """Return the window of a few changes ago and its sequence; None if there was none."""
        sequence = self.history.sequence_before(_STALE_CHANGES)
        if sequence is None:
            return None
        bids, asks = self.history.at(sequence)
        return self._encode((sequence, sequence), bids, asks, is_snapshot=True), sequence

    def frames(self) -> Sequence[str]:
        """Return what changed in the window, every fifth step."""
        if self._market.step % _DEPTH_STEPS:
            return ()
        change = self._window.advance(self._market.book)
        if change is None:
            return ()
        self.history.add(change, self._history_limit())
        sequences = (change.previous_sequence, change.sequence)
        return (self._encode(sequences, change.bids, change.asks),)

    def _encode(
        self,
        sequences: tuple[int, int],
        bids: dict[int, int],
        asks: dict[int, int],
        *,
        is_snapshot: bool = False,
    ) -> str:
        instrument = self._market.instrument
        return mirror.encode_depth(
            instrument.symbol,
            _time_ms(self._market),
            self._level,
            sequences,
            level_figures(instrument, bids),
            level_figures(instrument, asks),
            is_snapshot=is_snapshot,
        )


class BookTickerFeed:
    """Send best bid and ask when they changed."""

    channel = Channel.BOOK_TICKER

    def __init__(self, market: SymbolMarket) -> None:
        self._market = market
        self._sent: Touch | None = None

    def resume(self) -> None:
        """Forget what was sent."""
        self._sent = None

    def first(self) -> str:
        """Return the touch of now."""
        market = self._market
        touch, instrument = market.touch, market.instrument
        time_ms = _time_ms(market)
        return mirror.encode_book_ticker(
            instrument.symbol,
            time_ms,
            # The update id looks like the time of a few milliseconds ago (spot-bookTicker.jsonl).
            time_ms - 3,
            (instrument.price(touch.bid), instrument.size(touch.bid_lots)),
            (instrument.price(touch.ask), instrument.size(touch.ask_lots)),
        )

    def frames(self) -> Sequence[str]:
        """Return the touch, if it changed."""
        touch = self._market.touch
        if touch == self._sent:
            return ()
        self._sent = touch
        return (self.first(),)


def feed_for(market: SymbolMarket, stream: Stream, history_limit: Callable[[], int]) -> Feed:
    """Return the feed that serves a stream."""
    match stream:
        case TickerStream():
            return TickerFeed(market)
        case TradeStream():
            return TradeFeed(market)
        case CandleStream():
            return CandleFeed(market, stream)
        case DepthStream():
            return DepthFeed(market, stream, history_limit)
        case _:
            return BookTickerFeed(market)
