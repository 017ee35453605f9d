"""The pretend exchange's inside: a seeded market, and accounts that trade beside it or in it.

The market depends on its seed and its steps alone. Orders are matched with what it shows, and it
never notices; only those on a trading floor are part of it.

Nothing here opens a socket, reads a clock or names a venue; time comes in as nanoseconds.
"""

from weex_client.simulation.account_events import (
    AccountEvent,
    BalanceChange,
    FillEvent,
    OrderState,
    PositionChange,
)
from weex_client.simulation.candles import INTERVALS, Candle
from weex_client.simulation.depth_window import DepthChange, DepthWindow
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.instrument import (
    DEFAULT_SYMBOLS,
    SEGMENTS,
    Instrument,
    Segment,
    instrument_for,
)
from weex_client.simulation.ledger import Balance, ContractLedger, Ledger, SpotLedger
from weex_client.simulation.market import STEP_NS, DayFigures, Market, SymbolMarket, Touch
from weex_client.simulation.orders import OrderRequest, OrderType, TimeInForce
from weex_client.simulation.tape import TradePrint
from weex_client.simulation.trading_rules import TradingRules

__all__ = [
    "DEFAULT_SYMBOLS",
    "INTERVALS",
    "SEGMENTS",
    "STEP_NS",
    "AccountEvent",
    "Balance",
    "BalanceChange",
    "Candle",
    "ContractLedger",
    "DayFigures",
    "DepthChange",
    "DepthWindow",
    "FillEvent",
    "Instrument",
    "Ledger",
    "Market",
    "OrderRequest",
    "OrderState",
    "OrderType",
    "PositionChange",
    "PretendExchange",
    "Segment",
    "SpotLedger",
    "SymbolMarket",
    "TimeInForce",
    "Touch",
    "TradePrint",
    "TradingRules",
    "instrument_for",
]
