"""What every KuCoin reader needs: validation with texts for users, and the message's envelope."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from weex_client.errors import DecodeError
from weex_client.models import Message, Payload, trusted

__all__ = ["VENUE", "exact_json", "message_of", "validated", "validator"]

VENUE = "kucoin"

_AnyMessage = Message[Any]  # asking pydantic for it costs more than building one


def validator(model: type[BaseModel]) -> Any:
    """Return the function that reads a model from JSON, past the adapter's own call."""
    return TypeAdapter(model).validator.validate_json


def validated(validate: Any, content: Any, *, names_only: bool = False) -> Any:
    """Read something with a model's validator.

    Args:
        validate: The validator's function.
        content: What it reads.
        names_only: Keep everything but names out of the text: the values are somebody's account.

    Raises:
        DecodeError: If it does not fit; the text names the first fields at fault.
    """
    try:
        return validate(content)
    except ArithmeticError:
        raise DecodeError("a number too large to reckon with") from None
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
        faults = [
            (".".join(map(str, error["loc"])) or "frame", error["msg"]) for error in errors[:3]
        ]
        if names_only:
            raise DecodeError("bad or missing " + ", ".join(name for name, _ in faults)) from None
        raise DecodeError("; ".join(f"{name}: {text}" for name, text in faults)) from None


def exact_json(content: bytes) -> Any:
    """Read JSON without rounding a number.

    Raises:
        DecodeError: If it is none.
    """
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise DecodeError("not JSON") from None


def message_of(
    channel: str,
    symbol: str | None,
    data: Payload,
    time_ns: int | None,
    received_time_ns: int,
    *,
    sequence: int | None = None,
    is_snapshot: bool = False,
) -> Message[Any]:
    """Put a validated payload into its envelope; a time that nobody said stays None."""
    return trusted(
        _AnyMessage,
        {
            "venue": VENUE,
            "channel": channel,
            "symbol": symbol,
            "data": data,
            "timestamp": (received_time_ns if time_ns is None else time_ns) / 1_000_000_000,
            "exchange_time_ns": time_ns,
            "received_time_ns": received_time_ns,
            "sequence": sequence,
            "is_snapshot": is_snapshot,
        },
    )
