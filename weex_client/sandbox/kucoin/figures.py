"""Simulated ticks and lots turned into the figures that KuCoin prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from weex_client.simulation import Candle, Instrument, SymbolMarket, TradePrint
from weex_client.simulation.depth_window import Levels
from weex_client.venues.kucoin.mirror import CandleFigures, DayRow, TickerFigures, TradeFigures
from weex_client.venues.kucoin.symbols import INTERVALS

__all__ = [
    "SIMULATED",
    "candle_figures",
    "day_row",
    "level_figures",
    "spelled",
    "ticker_figures",
    "touch",
    "trade_figures",
]

_MS = 1_000_000
_SECOND = 1_000_000_000

# The simulation's interval by the venue's; of three minutes there are none.
SIMULATED: Final[dict[str, str]] = {
    interval: spelling
    for spelling, interval in INTERVALS.items()
    if spelling != interval and spelling != "3m"
}


def spelled(instrument: Instrument) -> str:
    """Return a symbol as KuCoin spells it."""
    return f"{instrument.base}-{instrument.quote}"


def touch(market: SymbolMarket) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
    """Return price and size of the best bid and the best ask."""
    instrument, now = market.instrument, market.touch
    return (
        (instrument.price(now.bid), instrument.size(now.bid_lots)),
        (instrument.price(now.ask), instrument.size(now.ask_lots)),
    )


def ticker_figures(market: SymbolMarket) -> TickerFigures:
    """Return last trade and touch; before the first trade, of nothing at the opening price."""
    instrument = market.instrument
    bid, ask = touch(market)
    trades = market.tape.newest(1)
    lots, time_ns = (trades[0].lots, trades[0].time_ns) if trades else (0, market.time_ns)
    last = instrument.price(market.last), instrument.size(lots)
    return TickerFigures(last, bid, ask, market.book.sequence, time_ns // _MS)


def day_row(market: SymbolMarket) -> DayRow:
    """Return the figures of 24 hours."""
    day, instrument = market.day(), market.instrument
    bid, ask = touch(market)
    return DayRow(
        spelled(instrument),
        instrument.base,
        instrument.quote,
        instrument.price(day.last),
        instrument.price(day.open),
        instrument.price(day.high),
        instrument.price(day.low),
        instrument.size(day.lots),
        instrument.notional(day.notional),
        bid,
        ask,
        market.book.sequence,
        market.time_ns // _MS,
    )


def trade_figures(market: SymbolMarket, trades: Iterable[TradePrint]) -> list[TradeFigures]:
    """Return trades in the given order."""
    instrument = market.instrument
    return [
        TradeFigures(
            # Decimal since 2024 (sheet, 7.7); far from zero, as an engine's counter is.
            str(11_067_996_711_000_000 + trade.number),
            instrument.price(trade.price),
            instrument.size(trade.lots),
            "sell" if trade.buyer_is_maker else "buy",
            11_067_996_711_000_000 + trade.number,
            trade.time_ns,
        )
        for trade in trades
    ]


def candle_figures(instrument: Instrument, candle: Candle) -> CandleFigures:
    """Return one candle."""
    price = instrument.price
    return CandleFigures(
        candle.open_time_ns // _SECOND,
        price(candle.open),
        price(candle.close),
        price(candle.high),
        price(candle.low),
        instrument.size(candle.lots),
        instrument.notional(candle.notional),
    )


def level_figures(instrument: Instrument, levels: Levels) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield price and size of each level in the given order."""
    for price, lots in levels.items():
        yield instrument.price(price), instrument.size(lots)
