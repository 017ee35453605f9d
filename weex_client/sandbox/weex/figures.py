"""Simulated ticks and lots turned into the figures that WEEX prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from weex_client.simulation import Candle, Instrument, SymbolMarket, TradePrint
from weex_client.simulation.depth_window import Levels
from weex_client.venues.weex.mirror import CandleFigures, TickerFigures, TradeFigures

_MS = 1_000_000


def ticker_figures(market: SymbolMarket) -> TickerFigures:
    """Return the 24 h figures of a symbol; mark and index on contract only."""
    day, instrument = market.day(), market.instrument
    figures = TickerFigures(
        instrument.price(day.last),
        instrument.price(day.open),
        instrument.price(day.high),
        instrument.price(day.low),
        instrument.size(day.lots),
        instrument.notional(day.notional),
        day.open_time_ns // _MS,
        day.close_time_ns // _MS,
        day.trade_count,
    )
    if instrument.segment == "spot":
        return figures
    return figures._replace(
        mark_price=instrument.price(day.mark),
        # The index is an average of other exchanges and has more digits than the tick.
        index_price=Decimal(day.index_centiticks).scaleb(-instrument.price_digits - 2),
    )


def trade_figures(market: SymbolMarket, trades: Iterable[TradePrint]) -> list[TradeFigures]:
    """Return trades in the given order."""
    instrument = market.instrument
    return [
        TradeFigures(
            trade.time_ns // _MS,
            market.tape.trade_id(trade),
            instrument.price(trade.price),
            instrument.size(trade.lots),
            instrument.notional(trade.price * trade.lots),
            trade.buyer_is_maker,
        )
        for trade in trades
    ]


def candle_figures(instrument: Instrument, candles: Iterable[Candle]) -> list[CandleFigures]:
    """Return candles in the given order."""
    price, size, notional = instrument.price, instrument.size, instrument.notional
    return [
        CandleFigures(
            candle.open_time_ns // _MS,
            candle.close_time_ns // _MS,
            price(candle.open),
            price(candle.high),
            price(candle.low),
            price(candle.close),
            size(candle.lots),
            notional(candle.notional),
            candle.trade_count,
            size(candle.sold_lots),
            notional(candle.sold_notional),
        )
        for candle in candles
    ]


def level_figures(instrument: Instrument, levels: Levels) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield price and size of each level in the given order."""
    for price, lots in levels.items():
        yield instrument.price(price), instrument.size(lots)
