"""What is traded: tick sizes, plausible prices, how busy a symbol is. Nothing moves here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Segment = Literal["contract", "spot"]
SEGMENTS: tuple[Segment, ...] = ("contract", "spot")

# base: (price, contract price digits, contract size digits, spot price digits, spot size digits).
# BTC, ETH and DOGE digits are those of captured frames; prices are of the same season.
_KNOWN: dict[str, tuple[str, int, int, int, int]] = {
    "BTC": ("80000", 1, 4, 2, 6),
    "ETH": ("2500", 2, 3, 2, 5),
    "SOL": ("142", 2, 1, 2, 4),
    "BNB": ("655", 2, 2, 2, 4),
    "XRP": ("1.45", 4, 0, 4, 2),
    "ADA": ("0.65", 4, 0, 4, 1),
    "DOGE": ("0.095", 5, 0, 5, 1),
    "TRX": ("0.31", 5, 0, 5, 1),
    "AVAX": ("17.4", 3, 1, 3, 3),
    "LINK": ("11.8", 3, 1, 3, 3),
    "DOT": ("3.9", 4, 1, 4, 2),
    "LTC": ("84.5", 2, 2, 2, 4),
    "BCH": ("520", 2, 2, 2, 4),
    "UNI": ("6.1", 4, 1, 4, 2),
    "ATOM": ("4.1", 4, 1, 4, 2),
    "NEAR": ("2.3", 4, 0, 4, 2),
    "APT": ("4.7", 4, 1, 4, 2),
    "ARB": ("0.36", 5, 0, 5, 1),
    "SUI": ("2.9", 4, 0, 4, 2),
    "PEPE": ("0.0000085", 10, 0, 10, 0),
}

DEFAULT_SYMBOLS: tuple[str, ...] = tuple(f"{base}USDT" for base in _KNOWN)

# Engine events a tenth of a second. The BTCUSDT capture counts 2,456 ids in 29.6 s, which is 8.
_BUSY_RATES = {"BTC": 8.0, "ETH": 6.0, "SOL": 4.0, "XRP": 3.0, "DOGE": 3.0}
_KNOWN_RATE = 2.5
_GENERATED_RATE = 1.5

_QUOTES = ("USDT", "USDC", "USD", "BTC", "ETH")

# Fewer ticks than this below the price and 200 bid levels come near zero.
_MIN_PRICE_TICKS = 4_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """Describe one symbol: its digits, its opening price and its activity."""

    symbol: str
    base: str
    quote: str
    segment: Segment
    price_digits: int
    size_digits: int
    opening_price: Decimal
    typical_lots: int
    events_per_step: float

    @property
    def opening_ticks(self) -> int:
        """Return the opening price in ticks."""
        return int(self.opening_price.scaleb(self.price_digits))

    @property
    def notional_digits(self) -> int:
        """Return the decimals of price x size, an exact product."""
        return self.price_digits + self.size_digits

    @property
    def tick_size(self) -> Decimal:
        """Return the smallest price step in quote units."""
        return Decimal(1).scaleb(-self.price_digits)

    @property
    def size_step(self) -> Decimal:
        """Return the smallest size step in base units."""
        return Decimal(1).scaleb(-self.size_digits)

    def price(self, ticks: int) -> Decimal:
        """Return a price in quote units with the symbol's digits, trailing zeros kept."""
        return Decimal(ticks).scaleb(-self.price_digits)

    def size(self, lots: int) -> Decimal:
        """Return a size in base units with the symbol's digits, trailing zeros kept."""
        return Decimal(lots).scaleb(-self.size_digits)

    def notional(self, tick_lots: int) -> Decimal:
        """Return the exact product of prices and sizes in quote units."""
        return Decimal(tick_lots).scaleb(-self.notional_digits)


def instrument_for(symbol: str, segment: Segment) -> Instrument:
    """Return the instrument of a name, made up from the name where it is not a known one.

    Args:
        symbol: Base and quote without separator, upper case, such as ``BTCUSDT``.
        segment: ``contract`` or ``spot``; the two print different digits.
    """
    base, quote = _split(symbol)
    known = _KNOWN.get(base)
    if known is None or quote not in ("USDT", "USDC", "USD"):
        price, digits = _generated_price(symbol)
        size_digits = 0 if segment == "contract" else 2
        rate = _GENERATED_RATE
    else:
        price = Decimal(known[0])
        digits, size_digits = known[1:3] if segment == "contract" else known[3:5]
        rate = _BUSY_RATES.get(base, _KNOWN_RATE)
    level_notional = int(Decimal(4_000) * Decimal(rate))
    typical_lots = max(40, int((level_notional / price).scaleb(size_digits)))
    return Instrument(symbol, base, quote, segment, digits, size_digits, price, typical_lots, rate)


def _split(symbol: str) -> tuple[str, str]:
    for quote in _QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol.removesuffix(quote), quote
    return symbol, "USDT"


def _generated_price(symbol: str) -> tuple[Decimal, int]:
    digest = hashlib.blake2b(symbol.encode(), digest_size=8).digest()
    mantissa = 1_000 + int.from_bytes(digest[:4], "big") % 9_000
    # Four significant figures between 0.01 and 100, as small coins trade.
    exponent = -5 + digest[4] % 4
    digits = -exponent
    if mantissa < _MIN_PRICE_TICKS:
        digits += 1
    return Decimal(mantissa).scaleb(exponent), digits
