"""How KuCoin spells symbols and intervals, and what somebody meant who spells another way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["INTERVALS", "INTERVAL_SECONDS", "is_symbol", "suggestion"]

# Candle types of the venue (sheet, 7.6), in seconds.
INTERVAL_SECONDS: Final[dict[str, int]] = {
    "1min": 60,
    "3min": 180,
    "5min": 300,
    "15min": 900,
    "30min": 1800,
    "1hour": 3600,
    "2hour": 7200,
    "4hour": 14400,
    "6hour": 21600,
    "8hour": 28800,
    "12hour": 43200,
    "1day": 86400,
    "1week": 604800,
}

_SHORT: Final = {"min": "m", "hour": "h", "day": "d", "week": "w"}
# The venue's spelling by any that is understood: ``1min`` and, as other venues spell it, ``1m``.
INTERVALS: Final[dict[str, str]] = {
    spelling: interval
    for interval in INTERVAL_SECONDS
    for number, unit in (re.findall(r"(\d+)(\w+)", interval)[0],)
    for spelling in (interval, number + _SHORT[unit])
}

_SYMBOL: Final = re.compile(r"[A-Z0-9]+-[A-Z0-9]+").fullmatch

# What the venue's markets are quoted in (GET /api/v2/symbols, 2024 to 2026), the longer first:
# ``SOLUSDT`` ends with ``USDT``, not with a currency called ``T``.
_QUOTES: Final[Sequence[str]] = (
    *("USDT", "USDC", "USDD", "TUSD", "USD1"),
    *("BTC", "ETH", "KCS", "TRX", "EUR", "BRL", "DAI", "USD"),
)


def is_symbol(text: str) -> bool:
    """Tell whether a text is spelled as the venue spells symbols: ``BTC-USDT``."""
    return _SYMBOL(text) is not None


def suggestion(text: str) -> str | None:
    """Return how the venue would spell a symbol that is spelled as others do, or None."""
    parts = [part for part in re.split(r"[^A-Z0-9]+", text) if part]
    if len(parts) == 2:
        return "-".join(parts)
    if len(parts) != 1:
        return None
    for quote in _QUOTES:
        base = text.removesuffix(quote)
        if text == parts[0] and base and base != text:
            return f"{base}-{quote}"
    return None
