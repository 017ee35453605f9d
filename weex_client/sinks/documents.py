"""Messages as MongoDB documents. How they get there lives in ``mongo_store``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from weex_client.errors import ConfigError
from weex_client.models import Message
from weex_client.models.payload import plain_text
from weex_client.sinks.rows import Row, plain, row_of

__all__ = ["DecimalWriter", "decimal128", "document", "document_of", "need_driver"]

DecimalWriter = Callable[[Decimal], Any]

# BSON's integers end here; what is longer is kept as its digits.
_LARGEST: Final = 2**63 - 1
_NS_PER_MS: Final = 1_000_000


def need_driver() -> None:
    """Make sure that MongoDB's driver is there.

    Raises:
        ConfigError: If it is not, with how to install it.
    """
    try:
        import pymongo  # noqa: F401
    except ImportError as exc:
        raise ConfigError(
            "MongoDB needs the extra 'mongo': pip install 'weex-client[mongo]'"
        ) from exc


def document(message: Message[Any], *, label: str = "") -> dict[str, Any]:
    """Return what a MongoDB collection keeps of a message, for programs that write it themselves.

    ``collection.replace_one({"_id": it["_id"]}, it, upsert=True)`` stores each message once.

    Args:
        message: The message.
        label: Whose it is, where one collection holds several markets or accounts.

    Returns:
        The key as ``_id``, ``time`` as a date of milliseconds, money as ``Decimal128``, times in
        nanoseconds as integers; without what the venue did not say.

    Raises:
        ConfigError: If the extra ``mongo`` is not installed.
    """
    need_driver()
    return document_of(row_of(message, label), decimal128)


def document_of(row: Row, decimal: DecimalWriter) -> dict[str, Any]:
    """Return the document of a row.

    Args:
        row: What is stored.
        decimal: How a Decimal is written.
    """
    from bson.datetime_ms import DatetimeMS

    fields = {
        name: _written(value, decimal)
        for name, value in row.fields.items()
        if value is not None and value != ""
    }
    time = DatetimeMS(row.fields["time_ns"] // _NS_PER_MS)
    return {"_id": row.key_text, "channel": row.channel, "time": time, **fields}


def decimal128(number: Decimal) -> Any:
    """Return a Decimal as MongoDB's, or as its digits where those are too many (34) for it."""
    from bson.decimal128 import Decimal128

    try:
        written = Decimal128(number)
    except ArithmeticError:
        return plain_text(number)
    is_exact = number.is_nan() or written.to_decimal() == number
    return written if is_exact else plain_text(number)


def _written(value: Any, decimal: DecimalWriter) -> Any:
    match value:
        case Decimal():
            return decimal(value)
        case str() | bool() | float() | None:
            return value
        case int():
            return value if abs(value) <= _LARGEST else str(value)
        case BaseModel():
            names = type(value).model_fields
            return {name: _written(getattr(value, name), decimal) for name in names}
        case Mapping():
            return {str(name): _written(each, decimal) for name, each in value.items()}
        case Sequence():
            return [_written(each, decimal) for each in value]
        case _:
            return plain(value)
