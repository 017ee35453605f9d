"""The envelope around every payload. What is inside lives in ``market`` and ``account``."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from weex_client.models.payload import Payload

__all__ = ["Message"]

P = TypeVar("P", bound=Payload, covariant=True)


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
