"""What every payload has in common: money, frozen fields, reading as attributes or as a mapping."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, overload

from pydantic import BaseModel, ConfigDict, PlainSerializer

__all__ = ["Level", "Money", "Payload", "plain_text", "trusted"]

M = TypeVar("M", bound=BaseModel)


# A venue that writes 1E+999999999 must not make us write a billion noughts.
_MAX_NOUGHTS = 100


def plain_text(number: Decimal) -> str:
    """Write a Decimal with all its digits and, unless that is absurd, without an exponent."""
    return str(number) if abs(number.adjusted()) > _MAX_NOUGHTS else format(number, "f")


Money = Annotated[Decimal, PlainSerializer(plain_text, return_type=str, when_used="json")]
"""A price, size or sum, from the venue's own digits; a string in JSON, so that none is lost."""

Level = tuple[Money, Money]
"""One price of an order book: ``(price, size)`` in quote and base units."""


def trusted(model: type[M], fields: dict[str, Any]) -> M:
    """Build a model from values that were validated already.

    A second validation costs as much as decoding did (1.6 us against 0.6 us for an envelope),
    and what comes here was read from a validated frame.

    Args:
        model: The class to build.
        fields: A value for every one of its fields; the object keeps this dict.
    """
    item = _new(model)
    _set(item, "__dict__", fields)
    _set(item, "__pydantic_fields_set__", _all_fields(model))
    _set(item, "__pydantic_extra__", None)
    _set(item, "__pydantic_private__", None)
    return item


_new, _set = object.__new__, object.__setattr__


@cache
def _all_fields(model: type[BaseModel]) -> set[str]:
    """Return one set for all objects of a class: frozen models never change it."""
    return set(model.model_fields)


class Payload(BaseModel):
    """Be readable as attributes (``data.last``) and as a mapping (``data["last"]``)."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True)

    def __getitem__(self, name: str) -> Any:
        """Return the field ``name``; ``KeyError`` if there is none."""
        if name not in _names(type(self)):
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in _names(type(self))

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # a mapping iterates its keys
        return iter(_names(type(self)))

    def __len__(self) -> int:
        return len(_names(type(self)))

    @overload
    def get(self, name: str) -> Any: ...
    @overload
    def get(self, name: str, default: Any) -> Any: ...
    def get(self, name: str, default: Any = None) -> Any:
        """Return the field ``name``, or ``default`` if there is none or the venue did not say."""
        if name not in _names(type(self)):
            return default
        value = getattr(self, name)
        return default if value is None else value

    def keys(self) -> KeysView[str]:
        """Return the names that can be read, in order of declaration."""
        return _names(type(self)).keys()

    def values(self) -> ValuesView[Any]:
        """Return the values in the order of ``keys()``."""
        return dict(self.items()).values()

    def items(self) -> ItemsView[str, Any]:
        """Return ``(name, value)`` pairs in the order of ``keys()``."""
        return {name: getattr(self, name) for name in _names(type(self))}.items()

    def __str__(self) -> str:
        said = ((name, getattr(self, name)) for name in type(self).model_fields)
        return " ".join(f"{name}={_readable(value)}" for name, value in said if value is not None)


@cache
def _names(cls: type[Payload]) -> dict[str, None]:
    """Return the readable names of a payload class, in order of declaration."""
    return dict.fromkeys([*cls.model_fields, *cls.model_computed_fields])


def _readable(value: object) -> str:
    if isinstance(value, Decimal):
        return plain_text(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_readable(item) for item in value) + "]"
    return str(value)
