"""Where KuCoin hands out its tokens, how that is signed, and what it allows. No frames here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from weex_client.protocol import Channel, Heartbeat, Limits, Scope
from weex_client.venues.kucoin.channels import FEEDS_PER_REQUEST, KucoinChannel

__all__ = [
    "BULLETS",
    "HEARTBEAT",
    "LIFETIME_SECONDS",
    "LIMITS",
    "PUBLIC_URL",
    "REST_URL",
    "rest_headers",
    "sign",
]

REST_URL: Final = "https://api.kucoin.com"

# Only what dials are counted by: the socket's address comes with every token and may change
# (sheet, 1: push-private.kucoin.com in 2021, ws-api-spot.kucoin.com today).
PUBLIC_URL: Final = "wss://ws-api-spot.kucoin.com/"

# Where a token is asked for, with an empty body (sheet, 1).
BULLETS: Final[dict[Scope, str]] = {
    Scope.PUBLIC: "/api/v1/bullet-public",
    Scope.PRIVATE: "/api/v1/bullet-private",
}

# A token is good for 24 hours, and a connection is cut with it (sheet, 1): an hour is left for
# getting another one.
LIFETIME_SECONDS: Final = 23 * 3600.0

# Sheet, 9. Of 100 messages in 10 s we count on 80, pings included. Each symbol of a list is a
# topic of its own.
LIMITS: Final = Limits(
    feeds_per_connection=300,
    feeds_per_request=FEEDS_PER_REQUEST,
    connections=50,
    dial_spacing_seconds=2.0,
    operations=80,
    operation_window_seconds=10.0,
    counts_pings=True,
)

# JSON pings go out at the interval that the token endpoint names, and their answers are frames:
# what is judged here is how long a feed may be silent. Tickers, tops and complete books are sent
# every 100 ms at most, snapshots every 2 s (sheet, 7), and a symbol that does not exist is
# acknowledged and stays silent (3): of these feeds, and of no others, silence proves something.
_COMPLETE: Final = frozenset({Channel.TICKER, Channel.BOOK_TICKER, *KucoinChannel}) - {
    KucoinChannel.STOP_ORDERS
}
HEARTBEAT: Final = Heartbeat(
    silence_seconds=30.0,
    answer_seconds=10.0,
    prompt=frozenset({*_COMPLETE, Channel.BOOK, Channel.BOOK_DELTAS}),
    # Nothing else tells the venue's clock, which signatures are good for five seconds of.
    pings_first=True,
)


def sign(secret: str, message: str) -> str:
    """Return the base64 HMAC-SHA256 of ``message``; the secret is used as text, undecoded."""
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def rest_headers(
    credentials: tuple[str, str, str],
    key_version: str,
    now_ns: int,
    method: str,
    target: str,
    body: str = "",
) -> dict[str, str]:
    """Return the headers of a signed request at a time.

    Args:
        credentials: Key, secret and passphrase.
        key_version: ``2`` or ``3``, as the venue's page of the key shows it.
        now_ns: The venue's time; the signature is good for 5 s around it.
        method: ``GET`` or ``POST``.
        target: Path and, behind a question mark, the query, as they are sent.
        body: What is sent behind the headers.

    Source:
        KuCoin, headers ``KC-API-*`` (sheet, 1.1).
    """
    key, secret, passphrase = credentials
    timestamp = str(now_ns // 1_000_000)
    return {
        "KC-API-KEY": key,
        "KC-API-TIMESTAMP": timestamp,
        "KC-API-SIGN": sign(secret, f"{timestamp}{method}{target}{body}"),
        "KC-API-PASSPHRASE": sign(secret, passphrase),
        "KC-API-KEY-VERSION": key_version,
    }
