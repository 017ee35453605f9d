"""Payloads that make some of their fields when somebody first looks. Nobody can tell but in time.

Building Decimals is the largest cost of a book message, and most readers look at few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from weex_client.models.payload import Payload, trusted

__all__ = ["Deferred", "made_later"]

D = TypeVar("D", bound="Deferred")

# Where the raw material of fields waits in an object's dict; no field can be called so.
_RAW = " raw"


class Deferred(Payload):
    """Be a payload whose object may hold, instead of a field, what the field is made of.

    Whatever looks at an object as a whole (comparing, copying, printing, pickling, dumping)
    makes all its fields first.

    ``_makers`` names, for each field that may be made later, the function that makes it.
    """

    _makers: ClassVar[Mapping[str, Callable[[Any], Any]]]

    if not TYPE_CHECKING:  # for a type checker, every field is simply there

        def __getattr__(self, name: str) -> Any:
            raw = self.__dict__.get(_RAW)
            if raw is None or name not in self._makers:
                return super().__getattr__(name)
            value = self.__dict__[name] = self._makers[name](raw)
            if self.__dict__.keys() >= self._makers.keys():
                self._made()
            return value

    def _made(self) -> Self:
        """Make every field and forget the raw material, which may hold much more."""
        if _RAW in self.__dict__:
            fields = {name: getattr(self, name) for name in type(self).model_fields}
            self.__dict__.clear()
            self.__dict__.update(fields)
        return self

    @model_serializer(mode="wrap")
    def _dump(self, dump: SerializerFunctionWrapHandler) -> Any:
        return dump(self._made())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Deferred):
            other._made()
        return super(Deferred, self._made()).__eq__(other)

    def __hash__(self) -> int:
        self._made()
        return hash((type(self), *(getattr(self, name) for name in type(self).model_fields)))

    def __repr_args__(self) -> Any:
        return super(Deferred, self._made()).__repr_args__()

    def __copy__(self) -> Self:
        return super(Deferred, self._made()).__copy__()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return super(Deferred, self._made()).__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        return super(Deferred, self._made()).__getstate__()


def made_later(model: type[D], fields: dict[str, Any], raw: Any) -> D:
    """Build a payload from values that were validated already.

    Args:
        model: The class to build.
        fields: Fields that are there at once; the object keeps this dict.
        raw: What the other fields are made of, by the class's makers.
    """
    fields[_RAW] = raw
    return trusted(model, fields)
