"""Payloads that make some of their fields when somebody first looks. Nobody can tell but in time.

Building Decimals is the largest cost of a book message, and most readers look at few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer

from weex_client.models.payload import Payload, trusted

__all__ = ["Deferred"]

# Where the makers of fields wait in an object's dict; no field can be called so.
_MAKERS = " makers"


class Deferred(Payload):
    """Be a payload whose object may hold, instead of a field, what makes it.

    Whatever looks at an object as a whole (comparing, copying, printing, pickling, dumping)
    makes all its fields first.
    """

    @classmethod
    def later(
        cls, fields: dict[str, Any], makers: Mapping[str, tuple[Callable[[Any], Any], Any]]
    ) -> Self:
        """Build an object from values that were validated already.

        Args:
            fields: Fields that are there at once; the object keeps this dict.
            makers: For each of the others a function, which must not fail, and its argument.
        """
        fields[_MAKERS] = makers
        return trusted(cls, fields)

    if not TYPE_CHECKING:  # for a type checker, every field is simply there

        def __getattr__(self, name: str) -> Any:
            makers = self.__dict__.get(_MAKERS)
            if makers is not None and name in makers:
                make, argument = makers[name]
                value = self.__dict__[name] = make(argument)
                return value
            return super().__getattr__(name)

    def _make_all(self) -> Self:
        makers = self.__dict__.get(_MAKERS)
        if makers is not None:
            made = {name: getattr(self, name) for name in type(self).model_fields}
            self.__dict__.clear()
            self.__dict__.update(made)
        return self

    @model_serializer(mode="wrap")
    def _dump(self, dump: SerializerFunctionWrapHandler) -> Any:
        return dump(self._make_all())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Deferred):
            other._make_all()
        return super(Deferred, self._make_all()).__eq__(other)

    def __hash__(self) -> int:
        self._make_all()
        return hash((type(self), *(getattr(self, name) for name in type(self).model_fields)))

    def __repr_args__(self) -> Any:
        return super(Deferred, self._make_all()).__repr_args__()

    def __copy__(self) -> Self:
        return super(Deferred, self._make_all()).__copy__()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return super(Deferred, self._make_all()).__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        return super(Deferred, self._make_all()).__getstate__()
