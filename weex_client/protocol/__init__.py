"""The hinge between venues and streaming: what one room may say to the other. Types only."""

from weex_client.protocol.terms import (
    USER_AGENT,
    DialRequest,
    Heartbeat,
    Limits,
)
from weex_client.protocol.topics import (
    Channel,
    Feed,
    FeedKind,
    Scope,
    Topic,
)
from weex_client.protocol.venue import (
    Decoder,
    Venue,
)
from weex_client.protocol.words import (
    Ack,
    BookUpdate,
    Closing,
    Data,
    Denied,
    Event,
    Greeting,
    Intent,
    LastTrade,
    Ping,
    Pong,
    PongReceived,
    Reject,
    ServerPing,
    Subscribe,
    Unknown,
    Unsubscribe,
)

__all__ = [
    "USER_AGENT",
    "Ack",
    "BookUpdate",
    "Channel",
    "Closing",
    "Data",
    "Decoder",
    "Denied",
    "DialRequest",
    "Event",
    "Feed",
    "FeedKind",
    "Greeting",
    "Heartbeat",
    "Intent",
    "LastTrade",
    "Limits",
    "Ping",
    "Pong",
    "PongReceived",
    "Reject",
    "Scope",
    "ServerPing",
    "Subscribe",
    "Topic",
    "Unknown",
    "Unsubscribe",
    "Venue",
]
