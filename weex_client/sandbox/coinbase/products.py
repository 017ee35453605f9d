"""How the exchange's symbols are called as products, and what their figures are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from weex_client.sandbox.coinbase.happenings import Happening
from weex_client.simulation import Instrument, SymbolMarket, instrument_for
from weex_client.venues.coinbase.mirror import MatchFigures, TickerFigures

__all__ = [
    "SEGMENT",
    "currency_rows",
    "match_figures",
    "product_row",
    "products_of",
    "side_of",
    "ticker_figures",
]

SEGMENT: Final = "spot"

# A month is not simulated: so many days like this one.
_DAYS: Final = 30


def products_of(symbols: Collection[str]) -> dict[str, str]:
    """Return the exchange's symbols by product.

    Coinbase Exchange trades in dollars: ``BTCUSDT`` is its ``BTC-USD``, unless there is a
    ``BTCUSD`` as well.
    """
    products = {}
    for symbol in symbols:
        instrument = instrument_for(symbol, SEGMENT)
        quote = instrument.quote
        if quote == "USDT" and f"{instrument.base}USD" not in symbols:
            quote = "USD"
        products[f"{instrument.base}-{quote}"] = symbol
    return products


def side_of(*, is_buy: bool) -> str:
    """Return a side as the venue spells it."""
    return "buy" if is_buy else "sell"


def match_figures(instrument: Instrument, match: Happening, time_ns: int) -> MatchFigures:
    """Return a match; its side is the maker's."""
    return MatchFigures(
        match.trade_id or 0,
        match.order_id,
        match.taker_id or "",
        side_of(is_buy=match.is_buy),
        instrument.size(match.lots or 0),
        instrument.price(match.price or 0),
        match.sequence,
        time_ns,
    )


def ticker_figures(market: SymbolMarket, match: Happening, time_ns: int) -> TickerFigures:
    """Return the ticker after a match; its side is the taker's."""
    day, touch, instrument = market.day(), market.touch, market.instrument
    return TickerFigures(
        instrument.price(match.price or 0),
        instrument.price(day.open),
        instrument.price(max(day.high, match.price or 0)),
        instrument.price(min(day.low, match.price or 0)),
        instrument.size(day.lots),
        instrument.size(day.lots * _DAYS),
        instrument.price(touch.bid),
        instrument.size(touch.bid_lots),
        instrument.price(touch.ask),
        instrument.size(touch.ask_lots),
        side_of(is_buy=not match.is_buy),
        instrument.size(match.lots or 0),
        match.trade_id or 0,
        time_ns,
        match.sequence,
    )


def product_row(product: str, symbol: str) -> dict[str, object]:
    """Return what ``status`` and ``GET /products`` say of a product."""
    instrument = instrument_for(symbol, SEGMENT)
    base, _, quote = product.partition("-")
    return {
        "id": product,
        "base_currency": base,
        "quote_currency": quote,
        "base_increment": format(instrument.size_step, "f"),
        "quote_increment": format(instrument.tick_size, "f"),
        "display_name": product,
        "status": "online",
        "status_message": "",
        "min_market_funds": "1",
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "trading_disabled": False,
        "margin_enabled": False,
        "auction_mode": False,
        "fx_stablecoin": False,
        "high_bid_limit_percentage": "",
        "max_slippage_percentage": "0.10000000",
    }


def currency_rows(products: Mapping[str, str]) -> list[dict[str, object]]:
    """Return what ``status`` and ``GET /currencies`` say of all currencies."""
    names = dict.fromkeys(name for product in products for name in product.split("-"))
    step = format(Decimal(1).scaleb(-8), "f")
    return [
        {
            "id": name,
            "name": name,
            "display_name": name,
            "min_size": step,
            "status": "online",
            "status_message": None,
            "max_precision": step,
            "convertible_to": [],
            "details": {"type": "fiat" if name == "USD" else "crypto"},
            "default_network": "",
            "supported_networks": [],
        }
        for name in names
    ]
