"""The channel ``level3``: ``full`` as arrays, whose fields a schema frame puts in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic_core import from_json

from weex_client.book import OrderUpdate
from weex_client.book.level3 import Side3
from weex_client.errors import DecodeError
from weex_client.venues.coinbase.times import time_ns

__all__ = ["Schema", "read_compact", "read_schema"]

Schema = Mapping[str, tuple[str, ...]]
"""The names of an array's fields, by the kind that is its first."""

_KINDS: Final = frozenset({"open", "match", "done", "change", "noop"})
_SIDES: Final[Mapping[str, Side3]] = {"buy": "buy", "sell": "sell"}


def read_schema(frame: bytes) -> Schema:
    """Read the frame that the channel begins with.

    Raises:
        DecodeError: If it is none.
    """
    fields = _parsed(frame)
    schema = fields.get("schema") if isinstance(fields, dict) else None
    if not isinstance(schema, dict):
        raise DecodeError("no schema of level3")
    for kind, names in schema.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DecodeError(f"level3: no list of names for {kind!r:.40}")
    return {kind: tuple(names) for kind, names in schema.items()}


def read_compact(frame: bytes, schema: Schema) -> tuple[str, OrderUpdate]:
    """Read an array by the schema that was received, never by fixed positions.

    Returns:
        The product and what happens to its book; kinds without effect on it only count.

    Raises:
        DecodeError: If it does not fit the schema.
    """
    items = _parsed(frame)
    if not isinstance(items, list) or not items or not isinstance(items[0], str):
        raise DecodeError("no array of level3")
    names = schema.get(items[0])
    if names is None or len(names) > len(items):
        raise DecodeError(f"level3: a {items[0]:.20} that the schema does not describe")
    fields = dict(zip(names, items, strict=False))
    try:
        return str(fields["product_id"]), _update(items[0], fields)
    except (KeyError, ValueError, InvalidOperation, TypeError) as exc:
        raise DecodeError(f"level3: bad or missing {exc!s:.40}") from None


def _update(kind: str, fields: Mapping[str, Any]) -> OrderUpdate:
    sequence, moment = int(fields["sequence"]), time_ns(fields["time"])
    if kind not in _KINDS or kind == "noop":
        return OrderUpdate(sequence, "none", exchange_time_ns=moment)
    order_id = str(fields["maker_order_id" if kind == "match" else "order_id"])
    if kind == "done":
        return OrderUpdate(sequence, "done", order_id, exchange_time_ns=moment)
    size = _number(fields["size"])
    if kind == "match":
        return OrderUpdate(sequence, "match", order_id, None, None, size, moment)
    price = _number(fields["price"])
    if kind == "change":
        return OrderUpdate(sequence, "change", order_id, None, price, size, moment)
    return OrderUpdate(sequence, "open", order_id, _SIDES[fields["side"]], price, size, moment)


def _number(text: Any) -> Decimal:
    number = Decimal(text) if isinstance(text, str) else Decimal("NaN")
    if not number.is_finite():
        raise ValueError("number")
    return number


def _parsed(frame: bytes) -> Any:
    try:
        return from_json(frame)
    except ValueError:
        raise DecodeError("not JSON") from None
