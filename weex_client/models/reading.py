"""How what a venue wrote is checked: into models, with errors that can be read. Pure.

What the models are is for each venue's ``wire`` to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from weex_client.errors import DecodeError

__all__ = ["exact_json", "validated", "validator"]

C = TypeVar("C")
T = TypeVar("T")

# The first faults tell what is wrong; a list of a thousand bad items would tell no more.
_MAX_FAULTS = 3


def validator(model: type[T]) -> Callable[[bytes], T]:
    """Return the function that reads a model from JSON, past the adapter's own call."""
    return TypeAdapter(model).validator.validate_json


def validated(validate: Callable[[C], T], content: C, about: str = "") -> T:
    """Read something with a model's validator.

    Args:
        validate: The validator's function.
        content: What it reads: JSON, or what was parsed from it.
        about: What is read, where its values are somebody's account: then the error says this,
            and of the content only names.

    Raises:
        DecodeError: If it does not fit; the text names the first fields at fault.
    """
    try:
        return validate(content)
    except ArithmeticError:
        raise DecodeError(_about(about, "a number too large to reckon with")) from None
    except ValidationError as exc:
        raise DecodeError(_faults(exc, about)) from None


def exact_json(content: bytes, about: str = "") -> Any:
    """Read JSON without rounding a number.

    Args:
        content: The JSON.
        about: What is read, if the error shall say it.

    Raises:
        DecodeError: If it is none; the text quotes nothing.
    """
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise DecodeError(_about(about, "not JSON")) from None


def _faults(error: ValidationError, about: str) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [
        (".".join(map(str, each["loc"])) or "content", each["msg"]) for each in found[:_MAX_FAULTS]
    ]
    if about:
        return f"{about}: bad or missing {', '.join(name for name, _ in faults)}"
    return "; ".join(f"{name}: {text}" for name, text in faults)


def _about(about: str, text: str) -> str:
    return f"{about}: {text}" if about else text
