"""What is counted while frames run through, and the frozen picture of it that users get."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["ChannelCounters", "ChannelStats", "ClientStats", "ScopeStats"]

# Enough for a p99 from five minutes of one symbol's tickers, small enough to sort on every call.
_LATENCY_SAMPLES = 1024

# No line delivers so late. A clock that was set wrong by an hour (daylight saving, a time zone)
# makes such figures, and they would spoil the quantiles.
_NONSENSE_NS = 15 * 60 * 1_000_000_000


@dataclass(slots=True)
class ChannelCounters:
    """Count what one channel delivers; the streaming rooms add, ``picture`` reads."""

    frames: int = 0
    bytes: int = 0
    messages: int = 0
    dropped: int = 0
    gaps: int = 0
    decode_errors: int = 0
    stale: int = 0
    last_frame_ns: int | None = None
    latencies_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_LATENCY_SAMPLES))

    def picture(self) -> ChannelStats:
        """Return the counters as they are now."""
        ordered = sorted(each for each in self.latencies_ns if abs(each) < _NONSENSE_NS)
        return ChannelStats(
            frames=self.frames,
            bytes=self.bytes,
            messages=self.messages,
            dropped=self.dropped,
            gaps=self.gaps,
            decode_errors=self.decode_errors,
            stale=self.stale,
            last_frame_time=None if self.last_frame_ns is None else self.last_frame_ns / 1e9,
            latency_seconds={
                name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e9
                for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
                if ordered
            },
        )


@dataclass(frozen=True, slots=True)
class ChannelStats:
    """What one channel has delivered since the client was opened.

    Attributes:
        frames: Frames received.
        bytes: Bytes of them.
        messages: Messages put into readers' queues, or replaced there.
        dropped: Messages that no reader will see, because a queue was full or conflated.
        gaps: Holes found.
        decode_errors: Frames that could not be read.
        stale: Messages of private channels that were left out, because what they say was
            outdated or told already.
        last_frame_time: When the last frame came, Unix seconds, or None.
        latency_seconds: ``p50``, ``p99`` and ``p999`` from the venue's time to ours, of the
            last messages read; includes the difference of the clocks, unless that is a quarter
            of an hour or more: then there is no figure. Empty until then.
    """

    frames: int
    bytes: int
    messages: int
    dropped: int
    gaps: int
    decode_errors: int
    stale: int
    last_frame_time: float | None
    latency_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ScopeStats:
    """What the connections of one scope have done.

    Attributes:
        connections: Connections open now.
        subscriptions: Venue subscriptions wanted now.
        frames: Frames received.
        bytes: Bytes of them.
        unknown_frames: Frames of no known kind, by kind.
        reconnects: Connections that replaced a lost one.
        uptime_seconds: How long the oldest connection has been open, or 0.
        last_frame_time: When the last frame came, Unix seconds, or None.
    """

    connections: int
    subscriptions: int
    frames: int
    bytes: int
    unknown_frames: Mapping[str, int]
    reconnects: int
    uptime_seconds: float
    last_frame_time: float | None

    @classmethod
    def total(cls, parts: Sequence[ScopeStats]) -> ScopeStats:
        """Return the counters of several groups of connections as those of one."""
        unknown: Counter[str] = Counter()
        for part in parts:
            unknown.update(part.unknown_frames)
        return cls(
            connections=sum(part.connections for part in parts),
            subscriptions=sum(part.subscriptions for part in parts),
            frames=sum(part.frames for part in parts),
            bytes=sum(part.bytes for part in parts),
            unknown_frames=dict(unknown),
            reconnects=sum(part.reconnects for part in parts),
            uptime_seconds=max((part.uptime_seconds for part in parts), default=0.0),
            last_frame_time=max((part.last_frame_time or 0.0 for part in parts), default=0) or None,
        )


@dataclass(frozen=True, slots=True)
class ClientStats:
    """A frozen picture of a client.

    Attributes:
        scopes: By scope: ``public``, ``private``.
        channels: By channel, as the command line spells them.
    """

    scopes: Mapping[str, ScopeStats]
    channels: Mapping[str, ChannelStats]
