"""A live market as the pretend exchange sees it: prices in ticks, and what is known of a symbol."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from weex_client.errors import UsageError
from weex_client.models import Level, OrderBookView, Trade
from weex_client.simulation import TradingRules

__all__ = ["book_in_ticks", "rules_from_book", "split_symbol", "trade_in_ticks"]


def split_symbol(symbol: str, currency: str) -> tuple[str, str]:
    """Return base and quote of a symbol.

    Raises:
        UsageError: If the symbol is not quoted in the account's currency.
    """
    base = symbol.removesuffix(currency).rstrip("-_/")
    if base == symbol or not base:
        raise UsageError(f"{symbol} is not quoted in {currency}, the paper account's currency")
    return base, currency


def rules_from_book(
    symbol: str,
    currency: str,
    book: OrderBookView,
    maker_fee_rate: Decimal,
    taker_fee_rate: Decimal,
) -> TradingRules:
    """Return a symbol's rules, its steps read off the digits that the book is written with.

    Public streams do not say them; a venue that trades in steps of five ticks is taken for one
    that trades in single ones. Pass ``rules`` to the engine where that matters.
    """
    base, quote = split_symbol(symbol, currency)
    levels = (*book.bids, *book.asks)
    return TradingRules(
        symbol,
        base,
        quote,
        _step(price for price, _ in levels),
        _step(size for _, size in levels),
        maker_fee_rate,
        taker_fee_rate,
    )


def _step(numbers: Iterable[Decimal]) -> Decimal:
    exponents = (number.as_tuple().exponent for number in numbers)
    finest = min((each for each in exponents if isinstance(each, int)), default=0)
    return Decimal(1).scaleb(min(0, finest))


def book_in_ticks(
    book: OrderBookView, rules: TradingRules
) -> tuple[dict[int, int], dict[int, int]]:
    """Return bids and asks as lots by ticks.

    What fits no step is rounded to the trader's disadvantage, never to an advantage.
    """
    bids = _levels(book.bids, rules, ROUND_FLOOR)
    return bids, _levels(book.asks, rules, ROUND_CEILING)


def _levels(levels: Iterable[Level], rules: TradingRules, rounding: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for price, size in levels:
        ticks = int((price / rules.tick_size).to_integral_value(rounding))
        found[ticks] = found.get(ticks, 0) + rules.lots_below(size)
    return found


def trade_in_ticks(trade: Trade, rules: TradingRules) -> tuple[int, int]:
    """Return price and size of a trade; a price between ticks goes through less."""
    rounding = ROUND_CEILING if trade.side == "sell" else ROUND_FLOOR
    ticks = int((trade.price / rules.tick_size).to_integral_value(rounding))
    return ticks, rules.lots_below(trade.size)
