"""The parameters of HTTP calls as Coinbase Exchange reads them. What is answered is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl

from weex_client.venues.coinbase.times import time_ns

__all__ = [
    "Fields",
    "RefusedCallError",
    "fields_of",
    "limit_of",
    "listed",
    "moment_ns",
    "number",
    "time_in_force_of",
    "whole",
]

Fields = Mapping[str, Any]

_MOST_ROWS: Final = 1000


class RefusedCallError(Exception):
    """The venue answers with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def fields_of(query: str) -> dict[str, Any]:
    """Return a query's parameters; those that are named several times as lists."""
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        fields[name] = [*listed(fields[name]), value] if name in fields else value
    return fields


def listed(value: Any) -> list[str]:
    """Return what was named once, several times or not at all."""
    return value if isinstance(value, list) else [] if value is None else [value]


def limit_of(fields: Fields) -> int:
    """Return how many rows are wanted, as far as they are given."""
    return max(1, min(whole(fields.get("limit", "100")), _MOST_ROWS))


def whole(text: Any) -> int:
    """Return a whole number; refuse what is none."""
    if not isinstance(text, str) or not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise RefusedCallError(400, "Bad Request")
    return int(text)


def moment_ns(text: Any, default: int | None) -> int | None:
    """Return a time or the beginning of a day in nanoseconds; refuse what is neither."""
    if text is None:
        return default
    try:
        if isinstance(text, str) and "T" not in text:
            text = f"{datetime.fromisoformat(text).date().isoformat()}T00:00:00Z"
        return time_ns(text)
    except ValueError:
        raise RefusedCallError(400, "Bad Request") from None


def number(value: Any, name: str) -> Decimal | None:
    """Return a number as it is spelled; refuse what is none."""
    if value is None:
        return None
    try:
        return Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("x")
    except InvalidOperation:
        raise RefusedCallError(400, f"{name} is not a valid number") from None


def time_in_force_of(fields: Fields) -> Any:
    """Return how long an order waits, as the exchange's accounts say it."""
    if fields.get("post_only") is True:
        return "POST_ONLY"
    return fields.get("time_in_force", "GTC")
