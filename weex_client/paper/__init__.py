"""Trading on paper: a live market, an account that is not. Matching is in ``simulation``."""

from weex_client.paper.engine import PaperTradingEngine, Signal, Strategy
from weex_client.paper.messages import PaperFill, PaperOrder, PaperPosition
from weex_client.paper.report import PaperReport, SymbolReport
from weex_client.paper.risk import Breach, RiskAction, RiskLimits
from weex_client.paper.series import Point
from weex_client.simulation import OrderType, TimeInForce, TradingRules

__all__ = [
    "Breach",
    "OrderType",
    "PaperFill",
    "PaperOrder",
    "PaperPosition",
    "PaperReport",
    "PaperTradingEngine",
    "Point",
    "RiskAction",
    "RiskLimits",
    "Signal",
    "Strategy",
    "SymbolReport",
    "TimeInForce",
    "TradingRules",
]
