"""What really happened on the exchange: every book by its sequence, every trade, every candle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.weex.figures import candle_figures
from weex_client.simulation import SymbolMarket, TradePrint
from weex_client.simulation.depth_window import apply_change
from weex_client.venues.weex.streams import DepthStream

Levels = tuple[tuple[Decimal, Decimal], ...]
Sides = tuple[Levels, Levels]

# Open, high, low, close and volume.
CandleFigures = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]


class Truth:
    """Read an exchange's memory, where nothing travelled over any wire."""

    def __init__(self, exchange: SandboxExchange, market: Any) -> None:
        self._exchange = exchange
        self._market = market

    def _symbol(self, symbol: str) -> SymbolMarket:
        return self._exchange._stage.market.symbol(self._market, symbol)

    def books(
        self, symbol: str, depth: int, wanted: Iterable[int]
    ) -> tuple[Mapping[int, Sides], list[int]]:
        """Return the books that were wanted by their sequences, and all sequences in order."""
        line = (
            self._exchange.front("weex").boards[self._market]._lines.get(DepthStream(symbol, depth))
        )
        if line is None:
            return {}, []
        history, instrument = line.feed.history, self._symbol(symbol).instrument
        bids, asks = dict(history._bids), dict(history._asks)
        asked, books, sequences = set(wanted), {}, []
        price, size = cache(instrument.price), cache(instrument.size)

        def note(sequence: int) -> None:
            sequences.append(sequence)
            if sequence in asked:
                books[sequence] = (
                    tuple((price(at), size(lots)) for at, lots in sorted(bids.items())[::-1]),
                    tuple((price(at), size(lots)) for at, lots in sorted(asks.items())),
                )

        note(history._sequence)
        for change in history._changes:
            apply_change(bids, change.bids)
            apply_change(asks, change.asks)
            note(change.sequence)
        return books, sequences

    def trade_numbers(self, symbol: str) -> Mapping[str, int]:
        """Return the place of each trade on the tape by its identifier."""
        tape = self._symbol(symbol).tape
        return {
            tape.trade_id(TradePrint(number, 0, 0, 0, False)): number
            for number in range(1, tape.count + 1)
        }

    def candles(self, symbol: str, interval: str) -> Mapping[int, CandleFigures]:
        """Return the candles that are over by their opening times in seconds."""
        market = self._symbol(symbol)
        return {
            figures.open_time_ms // 1000: (
                figures.open,
                figures.high,
                figures.low,
                figures.close,
                figures.volume,
            )
            for figures in candle_figures(market.instrument, market.candles(interval)[:-1])
        }
