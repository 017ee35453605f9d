"""The envelope around every payload. What is inside lives in ``market`` and ``account``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from weex_client.models.payload import Payload, trusted

__all__ = ["Message", "enveloped", "gone"]

P = TypeVar("P", bound=Payload, covariant=True)
Q = TypeVar("Q", bound=Payload)


class Message(BaseModel, Generic[P]):
    """One thing that a venue said, typed.

    Attributes:
        venue: The venue's name.
        channel: The channel it came from, as the command line spells it.
        symbol: The venue's symbol, or None where a channel has none.
        data: The typed payload.
        timestamp: The venue's event time in Unix seconds; the receive time where it gives none.
        exchange_time_ns: The venue's event time in nanoseconds, or None; never invented.
        received_time_ns: When the frame was read from the socket, in nanoseconds.
        sequence: The venue's sequence number, or None.
        is_snapshot: True for history or full state rather than news.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    venue: str
    channel: str
    symbol: str | None
    data: SerializeAsAny[P]
    timestamp: float
    exchange_time_ns: int | None
    received_time_ns: int
    sequence: int | None = None
    is_snapshot: bool = False

    def __str__(self) -> str:
        return f"{self.venue} {self.channel} {self.symbol or ''} {self.data}"


_AnyMessage = Message[Any]  # asking pydantic for it costs more than building one


def enveloped(
    venue: str,
    channel: str,
    symbol: str | None,
    data: Q,
    exchange_time_ns: int | None,
    received_time_ns: int,
    sequence: int | None = None,
    is_snapshot: bool = False,
) -> Message[Q]:
    """Put a payload that was validated already into its envelope.

    Args:
        venue: The venue's name.
        channel: The channel, a plain text: a member of an enumeration would be kept as such.
        symbol: The venue's symbol, or None.
        data: The payload.
        exchange_time_ns: When the venue says that it happened; None where it does not say.
        received_time_ns: When it was read.
        sequence: The venue's sequence number, or None.
        is_snapshot: True for history or full state.
    """
    time_ns = received_time_ns if exchange_time_ns is None else exchange_time_ns
    return trusted(
        _AnyMessage,
        {
            "venue": venue,
            "channel": channel,
            "symbol": symbol,
            "data": data,
            # By an int: 1e9 would make a float of the nanoseconds first, which rounds twice.
            "timestamp": time_ns / 1_000_000_000,
            "exchange_time_ns": exchange_time_ns,
            "received_time_ns": received_time_ns,
            "sequence": sequence,
            "is_snapshot": is_snapshot,
        },
    )


def gone(message: Message[Q], received_time_ns: int, **changes: Any) -> Message[Q]:
    """Return a message about something that is no more; when it went, nobody said.

    Args:
        message: The last that was heard of it.
        received_time_ns: When it was found missing.
        **changes: What of the payload is different now.
    """
    data = message.data.model_copy(update=changes)
    return enveloped(message.venue, message.channel, message.symbol, data, None, received_time_ns)
