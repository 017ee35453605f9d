"""The terminal's tables: each takes messages, and draws what it has seen. No waiting here."""

from __future__ import annotations

from enum import StrEnum

from weex_client.cli.views.account import ACCOUNT, FILLS, ORDERS, POSITIONS, StateView
from weex_client.cli.views.candles import CandleView
from weex_client.cli.views.depth import DepthView
from weex_client.cli.views.news import NewsView
from weex_client.cli.views.tape import TapeView
from weex_client.cli.views.tickers import TickerView
from weex_client.cli.views.touch import TouchView
from weex_client.cli.views.view import Frame, View
from weex_client.protocol import Channel

__all__ = ["Frame", "View", "view_for"]


def view_for(channel: StrEnum, symbols: tuple[str, ...]) -> View:
    """Return the view that suits a channel, with a place for each symbol."""
    match channel:
        case Channel.TRADES:
            return TapeView()
        case Channel.BOOK:
            return DepthView(symbols)
        case Channel.CANDLES:
            return CandleView(symbols)
        case Channel.BOOK_TICKER:
            return TouchView(symbols)
        case Channel.ACCOUNT:
            return StateView(ACCOUNT)
        case Channel.POSITIONS:
            return StateView(POSITIONS)
        case Channel.ORDERS:
            return StateView(ORDERS)
        case Channel.FILLS:
            return StateView(FILLS)
        case Channel.TICKER:
            return TickerView(symbols)
        case _:
            return NewsView()
