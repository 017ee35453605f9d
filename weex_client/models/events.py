"""What happens to connections and subscriptions, as typed facts. Market data is elsewhere."""

from __future__ import annotations

from typing import Literal

from weex_client.models.payload import Payload

__all__ = ["ConnectionEvent", "EventKind"]

EventKind = Literal[
    "connected",
    "disconnected",
    "reconnecting",
    "resubscribed",
    "gap",
    "stale",
    "slow_consumer",
    "rejected",
    "gave_up",
]


class ConnectionEvent(Payload):
    """One thing a trader may want to know about the line.

    Attributes:
        kind: What happened.
        timestamp: When, Unix seconds.
        scope: ``public`` or ``private``.
        channel: The channel it concerns, or None for a connection that carries several.
        symbol: The symbol it concerns, or None.
        cause: Why, in words.
        attempt: Number of the dial that follows (``reconnecting``).
        delay_seconds: How long until then (``reconnecting``), or until the venue is asked for
            the channel (``stale``, where the hour's requests are used up) or once more for the
            account's state (``stale``, where a request failed).
        close_code: WebSocket close code (``disconnected``).
        from_sequence: Last sequence, or number of a trade, before the hole (``gap``).
        to_sequence: First one after it (``gap``).
        duration_seconds: How long nothing right was shown (``resubscribed``, ``gap``: None
            where only the ``resubscribed`` that follows can tell), how long nothing came or
            this program blocked its event loop (``stale``).
        dropped: How many messages the reader has lost (``slow_consumer``).
    """

    kind: EventKind
    timestamp: float
    scope: str
    channel: str | None = None
    symbol: str | None = None
    cause: str | None = None
    attempt: int | None = None
    delay_seconds: float | None = None
    close_code: int | None = None
    from_sequence: int | None = None
    to_sequence: int | None = None
    duration_seconds: float | None = None
    dropped: int | None = None
