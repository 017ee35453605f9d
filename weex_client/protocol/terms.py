"""On which terms a venue may be used: limits, heartbeat, how it is dialled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = [
    "USER_AGENT",
    "DialRequest",
    "Heartbeat",
    "Limits",
]

# What every venue is told of who asks: one documents HTTP 403 for a handshake without it, another
# answers a request without it with HTTP 400.
USER_AGENT: Final = "weex-client-python/0.1"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a venue allows.

    Attributes:
        feeds_per_connection: Subscriptions that one connection may hold.
        feeds_per_request: Subscriptions that one request may name.
        connections: Connections that one address may hold.
        rejects_per_connection: Refused requests after which the venue closes, or None.
        idle_seconds: How long a connection may stay without subscription, or None.
        max_frame_bytes: Longest frame that is accepted at all.
        dials: Dials that one address may see in ``dial_window_seconds``, or None.
        dial_window_seconds: The stretch of time in which dials are counted.
        dial_spacing_seconds: Least time between two dials of one address.
        operations: Requests to subscribe or unsubscribe that one connection may send in
            ``operation_window_seconds``, or None.
        operation_window_seconds: The stretch of time in which they are counted.
        resync_share: Share of the operations that is kept for asking anew after a loss.
        counts_pings: Whether pings and pongs are counted among the operations.
        acknowledges: Whether requests are answered; a feed of a venue that does not counts as
            served once it was asked for.
        answers_in_order: Whether answers, refusals among them, name no request but come in the
            order of the requests.
    """

    feeds_per_connection: int
    feeds_per_request: int
    connections: int
    rejects_per_connection: int | None = None
    idle_seconds: float | None = None
    max_frame_bytes: int = 16 * 1024 * 1024
    dials: int | None = None
    dial_window_seconds: float = 300.0
    dial_spacing_seconds: float = 0.0
    operations: int | None = None
    operation_window_seconds: float = 3600.0
    resync_share: float = 0.2
    counts_pings: bool = False
    acknowledges: bool = True
    answers_in_order: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a silent connection is doubted, and when it is given up.

    Attributes:
        silence_seconds: Without any frame for so long, a ping is sent.
        answer_seconds: Without any frame for so long after it, the line is dead.
        prompt: Channels whose subscription brings data at once, be the market busy or not.
        steady: Channels that go on speaking, be the market busy or not.
        has_ping: Whether the venue knows pings; where not, nothing is sent, and the line is dead
            after both times.
        tries: How many pings in a row must go without an answer.
        pings_first: Whether a new connection is pinged at once, because answers tell the time.
        forgives_after: A venue that has answered none of so many pings, though data came, does
            not answer pings: what it does not say then proves nothing. None for never.
    """

    silence_seconds: float
    answer_seconds: float
    prompt: frozenset[StrEnum] = frozenset()
    steady: frozenset[StrEnum] = frozenset()
    has_ping: bool = True
    tries: int = 1
    forgives_after: int | None = None
    pings_first: bool = False


@dataclass(frozen=True, slots=True)
class DialRequest:
    """How to open a connection, made anew for every dial because signatures expire.

    Attributes:
        url: Where. What stands behind its ``?`` may be a secret, and is shown nowhere.
        headers: What the handshake carries.
        opening: Frames that are sent before any other. Secrets: they are not shown, logged or
            recorded.
        ping_interval_seconds: How often the venue wants to hear a ping, whatever else is said;
            None where it says nothing. They are sent a tenth earlier.
        answer_seconds: How long its answer may take; None for ``Heartbeat.answer_seconds``.
        lifetime_seconds: When another connection must have taken over; None for never.
        lane: Which of the client's connections it is for, from 0; the same after a reconnection.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    opening: tuple[str, ...] = field(default=(), repr=False)
    ping_interval_seconds: float | None = None
    answer_seconds: float | None = None
    lifetime_seconds: float | None = None
    lane: int = 0

    @property
    def address(self) -> str:
        """Return where it goes, without what may be secret."""
        return self.url.partition("?")[0]
