"""One frame on its way to a client, with what a fault must know about it. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingFrame:
    """Hold a frame's text and what it is.

    All listeners of a stream get the same object: a fault that hits a frame hits it for all.

    Attributes:
        text: The frame as the venue spells it.
        stream: Which subscription it belongs to, as the venue spells it; empty for what is no data.
        channel: The stream's channel, or None; unified, or the venue's own.
        symbol: The stream's symbol, or None.
        sequences: Where the frame before it ended and where this one ends, on book streams.
        is_snapshot: True for the first frame after a subscription.
        is_ack: True for the answer to an accepted request.
        stale: Builds the same frame as it was a few changes ago; None where that cannot be.
    """

    text: str
    stream: str = ""
    channel: StrEnum | None = None
    symbol: str | None = None
    sequences: tuple[int, int] | None = None
    is_snapshot: bool = False
    is_ack: bool = False
    stale: Callable[[], OutgoingFrame | None] | None = None
