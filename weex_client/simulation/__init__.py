"""The pretend exchange's inside: a seeded market that depends on its seed and its steps alone.

Nothing here opens a socket, reads a clock or names a venue; time comes in as nanoseconds.
"""

from weex_client.simulation.candles import INTERVALS, Candle
from weex_client.simulation.depth_window import DepthChange, DepthWindow
from weex_client.simulation.instrument import DEFAULT_SYMBOLS, Instrument, Segment, instrument_for
from weex_client.simulation.market import STEP_NS, DayFigures, Market, SymbolMarket, Touch
from weex_client.simulation.tape import TradePrint

__all__ = [
    "DEFAULT_SYMBOLS",
    "INTERVALS",
    "STEP_NS",
    "Candle",
    "DayFigures",
    "DepthChange",
    "DepthWindow",
    "Instrument",
    "Market",
    "Segment",
    "SymbolMarket",
    "Touch",
    "TradePrint",
    "instrument_for",
]
