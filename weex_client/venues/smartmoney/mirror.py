"""The server's side of Smart Money's wire: requests read, events and answers written. Pure.

The vendor describes hardly any answer. What is written here beside events and pongs is what
``codec`` takes for answers; see the sheet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json

from weex_client.models.payload import plain_text
from weex_client.protocol import Feed

__all__ = [
    "RefusedFrameError",
    "Request",
    "encode_error",
    "encode_event",
    "encode_pong",
    "parse_request",
]

Kind = Literal["auth", "subscribe", "unsubscribe", "ping", "pong"]
_KINDS: tuple[Kind, ...] = ("auth", "subscribe", "unsubscribe", "ping", "pong")


class RefusedFrameError(Exception):
    """The venue answers with an error frame that says this."""


class Request(NamedTuple):
    """What a client says.

    Attributes:
        kind: Which frame it is.
        said: The key of ``auth``, the channel of ``subscribe`` and ``unsubscribe``.
    """

    kind: Kind
    said: str = ""


def parse_request(text: str) -> Request:
    """Read a client's frame.

    Raises:
        RefusedFrameError: With words for what is wrong.
    """
    try:
        fields = from_json(text)
    except ValueError:
        raise RefusedFrameError("invalid json") from None
    kind = fields.get("type") if isinstance(fields, dict) else None
    for known in _KINDS:
        if kind == known:
            break
    else:
        raise RefusedFrameError(f"unknown type {kind!r:.40}")
    if known not in ("auth", "subscribe", "unsubscribe"):
        return Request(known)
    name = "api_key" if known == "auth" else "channel"
    said = fields.get(name)
    if not isinstance(said, str) or not said:
        raise RefusedFrameError(f"{known} needs {name}")
    return Request(known, said)


def encode_event(
    kind: str, channel: Feed, body: Mapping[str, Any], *, is_enveloped: bool = False
) -> str:
    """Write an event with its fields at the top, or in ``payload`` (sheet, 5)."""
    frame: dict[str, Any] = {"type": kind, "channel": channel}
    return _written(frame | ({"payload": dict(body)} if is_enveloped else dict(body)))


def encode_pong() -> str:
    """Write the answer to a ping."""
    return '{"type":"pong"}'


def encode_error(reason: str, channel: Feed | None = None) -> str:
    """Write a refusal, of a channel or of all else."""
    named = {} if channel is None else {"channel": channel}
    return _written({"type": "error", **named, "message": reason})


def _written(value: Any) -> str:
    """Write JSON with money as numbers, every digit of it."""
    if isinstance(value, Mapping):
        parts = (f"{json.dumps(name)}:{_written(each)}" for name, each in value.items())
        return "{" + ",".join(parts) + "}"
    return plain_text(value) if isinstance(value, Decimal) else json.dumps(value)
