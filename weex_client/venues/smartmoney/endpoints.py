"""Where Smart Money listens, what it may be asked, and when it is given up. No frames here."""

from __future__ import annotations

from typing import Final

from weex_client.protocol import Heartbeat, Limits

__all__ = ["HEARTBEAT", "URL", "limits"]

# The only address in the vendor's tutorial (sheet, 1).
URL: Final = "wss://api.smartmoneyapi.com/ws"

# The tutorial pings every 30 s and expects a pong (sheet, 6). Funding and signals can be quiet for
# minutes, so only the pong proves life; but that the venue answers is nowhere promised: a second
# ping before a line is given up, and no more of it once three went unanswered while data came.
HEARTBEAT: Final = Heartbeat(
    silence_seconds=30.0,
    answer_seconds=10.0,
    tries=2,
    forgives_after=3,
)
PING_INTERVAL_SECONDS: Final = 30.0


def limits(*, connections: int, channels: int, requests_per_second: int) -> Limits:
    """Return what the venue may be asked; it publishes nothing, and answers nothing (sheet, 3).

    Args:
        connections: At a time.
        channels: On one connection.
        requests_per_second: On one connection.
    """
    return Limits(
        feeds_per_connection=channels,
        # One channel a frame; there is no list form (sheet, 3).
        feeds_per_request=1,
        connections=connections,
        dial_spacing_seconds=1.0,
        operations=requests_per_second,
        operation_window_seconds=1.0,
        # A second later there are as many again: nothing need be kept for asking anew.
        resync_share=0.0,
        acknowledges=False,
    )
