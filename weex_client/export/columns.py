"""Messages as rows: which columns a payload has, and what stands in them. Pure; no file is here."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import zip_longest
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from weex_client.errors import ExportError
from weex_client.models import Message, OrderBookView, Payload

__all__ = ["Column", "Kind", "Row", "Table", "columns_of", "same_digits"]

Row = Sequence[object]
"""One message's values, as the columns go; some may be missing at the end."""


class Kind(Enum):
    """What stands in a column."""

    MONEY = "decimal"
    TEXT = "text"
    INTEGER = "integer"
    FLAG = "true or false"
    SECONDS = "Unix seconds"
    NESTED = "JSON"


class Column(NamedTuple):
    """One column: its name, which tells the unit of a time, and what stands in it."""

    name: str
    kind: Kind


_ENVELOPE: Final = (
    *("venue", "channel", "symbol", "timestamp"),
    *("exchange_time_ns", "received_time_ns", "sequence", "is_snapshot"),
)
_ENVELOPE_COLUMNS: Final = (
    Column("venue", Kind.TEXT),
    Column("channel", Kind.TEXT),
    Column("symbol", Kind.TEXT),
    Column("timestamp_seconds", Kind.SECONDS),
    Column("exchange_time_ns", Kind.INTEGER),
    Column("received_time_ns", Kind.INTEGER),
    Column("sequence", Kind.INTEGER),
    Column("is_snapshot", Kind.FLAG),
)
_LEVEL: Final = ("bid_price", "bid_size", "ask_price", "ask_size")
_LEVEL_NAME: Final = re.compile(r"(?:bid|ask)_(price|size)_\d+")
_NO_LEVEL: Final = (None, None)
# The one figure of the public contract whose unit is neither a price, a size nor a time.
_UNITS: Final = {"change": "change_percent"}
_KINDS: Final[tuple[tuple[type, Kind], ...]] = (
    (bool, Kind.FLAG),  # which is an int as well: first
    (int, Kind.INTEGER),
    (float, Kind.SECONDS),  # a float is a time in all messages: money is Decimal
    (Decimal, Kind.MONEY),
    (str, Kind.TEXT),
)


def same_digits(name: str) -> str:
    """Return a name that all prices of a book share, and all sizes; others stand for themselves."""
    level = _LEVEL_NAME.fullmatch(name)
    return name if level is None else level[1]


def columns_of(payload: type[Payload]) -> tuple[Column, ...]:
    """Return the columns of messages with a payload, the envelope's first.

    A field that is called like one of the envelope's gets ``data_`` before its name. What has
    fields of its own is written as JSON. The levels of an order book are not among them: how
    many there are, only the books tell.
    """
    return (*_ENVELOPE_COLUMNS, *(_column(payload, name) for name in _fields(payload)))


def _fields(payload: type[Payload]) -> tuple[str, ...]:
    levels = ("bids", "asks") if issubclass(payload, OrderBookView) else ()
    return tuple(name for name in payload.model_fields if name not in levels)


def _column(payload: type[Payload], field: str) -> Column:
    kind = _kind(payload.model_fields[field].annotation)
    name = f"data_{field}" if field in _ENVELOPE else _UNITS.get(field, field)
    if kind is Kind.SECONDS and not name.endswith("_seconds"):
        name += "_seconds"
    return Column(name, kind)


def _kind(annotation: Any) -> Kind:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        kinds = {_kind(each) for each in get_args(annotation) if each is not type(None)}
        return kinds.pop() if len(kinds) == 1 else Kind.NESTED
    if origin is Literal:
        return Kind.TEXT
    for known, kind in _KINDS:
        if isinstance(annotation, type) and issubclass(annotation, known):
            return kind
    return Kind.NESTED


class Table:
    """Turn messages into rows whose columns are all that were met so far.

    New columns come last, so that a row made before is right but for what it lacks at its end.
    """

    def __init__(self) -> None:
        self.columns: list[Column] = []
        self.has_nested = False
        """Whether one of them holds JSON, which may be long."""
        self._places: dict[str, int] = {}
        self._rows: dict[type[Payload], Callable[[Message[Any]], Row]] = {}
        self._depth = 0

    def row(self, message: Message[Any]) -> Row:
        """Return a message's row; it may lack columns at its end.

        Raises:
            ExportError: If a column would hold two kinds of things.
        """
        payload = type(message.data)
        make = self._rows.get(payload)
        if make is None:
            make = self._rows[payload] = self._maker(payload)
        return make(message)

    def _maker(self, payload: type[Payload]) -> Callable[[Message[Any]], Row]:
        columns = columns_of(payload)
        places = self._placed(columns)
        plain = _plain_maker(payload)
        if issubclass(payload, OrderBookView):
            if places != list(range(len(columns))):
                raise ExportError("books and other messages do not fit into one table: use jsonl")
            return lambda message: self._with_levels(plain(message), message.data)
        if places == list(range(len(columns))):
            return plain
        return lambda message: _spread(plain(message), places)

    def _placed(self, columns: Sequence[Column]) -> list[int]:
        for column in columns:
            known = self._places.setdefault(column.name, len(self.columns))
            if known == len(self.columns):
                self.columns.append(column)
                self.has_nested |= column.kind is Kind.NESTED
            elif self.columns[known].kind is not column.kind:
                raise ExportError(
                    f"the column {column.name} would hold {self.columns[known].kind.value} and"
                    f" {column.kind.value}: export one venue at a time, or as jsonl"
                )
        return [self._places[column.name] for column in columns]

    def _with_levels(self, row: Row, book: OrderBookView) -> Row:
        levels = [*row]
        for bid, ask in zip_longest(book.bids, book.asks, fillvalue=_NO_LEVEL):
            levels += bid
            levels += ask
        depth = max(len(book.bids), len(book.asks))
        for level in range(self._depth + 1, depth + 1):
            self._placed([Column(f"{name}_{level}", Kind.MONEY) for name in _LEVEL])
            self._depth = level
        return levels


def _spread(row: Row, places: Sequence[int]) -> Row:
    spread: list[object] = [None] * (max(places) + 1)
    for place, value in zip(places, row, strict=True):
        spread[place] = value
    return spread


@cache
def _plain_maker(payload: type[Payload]) -> Callable[[Message[Any]], Row]:
    """Return what makes a message's row, its levels left out."""
    fields = _fields(payload)
    envelope = attrgetter(*_ENVELOPE)
    columns = columns_of(payload)[len(_ENVELOPE) :]
    kinds = zip(fields, columns, strict=True)
    nested = {name for name, column in kinds if column.kind is Kind.NESTED}
    if nested:
        return lambda message: (*envelope(message), *_with_json(message.data, fields, nested))
    if len(fields) < 2:  # attrgetter gives a tuple only for several
        return lambda message: (*envelope(message), *(message.data[name] for name in fields))
    body = attrgetter(*fields)
    return lambda message: envelope(message) + body(message.data)


def _with_json(data: Payload, fields: Sequence[str], nested: set[str]) -> list[object]:
    """Return fields, the nested ones as JSON that is spelled as in a message's own."""
    dumped = data.model_dump(mode="json", include=nested)
    return [
        json.dumps(dumped[name], ensure_ascii=False, separators=(",", ":"))
        if name in nested and dumped[name] is not None
        else getattr(data, name)
        for name in fields
    ]
