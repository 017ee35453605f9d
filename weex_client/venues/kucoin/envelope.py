"""The envelope of every KuCoin message."""

from __future__ import annotations

from typing import Any

from weex_client.models import Message, Payload, trusted

__all__ = ["VENUE", "message_of"]

VENUE = "kucoin"

_AnyMessage = Message[Any]  # asking pydantic for it costs more than building one


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
