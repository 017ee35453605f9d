"""Where Coinbase Exchange listens, how requests are signed, what it allows. No frames here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from weex_client.protocol import Channel, Heartbeat, Limits
from weex_client.venues.coinbase.channels import CoinbaseChannel

__all__ = [
    "FEED_URL",
    "HEARTBEAT",
    "LIMITS",
    "REST_URL",
    "VERIFY_TARGET",
    "decoded_secret",
    "rest_headers",
    "sign",
    "timestamp_of",
]

FEED_URL: Final = "wss://ws-feed.exchange.coinbase.com"
REST_URL: Final = "https://api.exchange.coinbase.com"

# What every signed subscribe covers, whatever it asks for; there is no body part (sheet, 3).
VERIFY_TARGET: Final = "GET/users/self/verify"

# Documented: 8 connection requests a second and address with bursts of 20, 100 messages a second
# and address (shared by several connections, so half of it for each), a subscribe within 5 s of
# connecting. How many subscriptions a connection may hold is not documented; too long a request
# is refused as "Message too big".
LIMITS: Final = Limits(
    feeds_per_connection=500,
    feeds_per_request=100,
    connections=20,
    idle_seconds=5.0,
    dials=20,
    dial_window_seconds=20.0,
    dial_spacing_seconds=0.5,
    operations=50,
    answers_in_order=True,
    operation_window_seconds=1.0,
)

# A heartbeat a second and product is subscribed with everything else: after 5 s without one the
# line is doubted, after 10 s given up (sheet, 4). A ticker, a last match and a book come at once.
HEARTBEAT: Final = Heartbeat(
    silence_seconds=5.0,
    answer_seconds=5.0,
    prompt=frozenset(
        {
            Channel.TICKER,
            Channel.TRADES,
            Channel.BOOK,
            Channel.BOOK_DELTAS,
            CoinbaseChannel.TICKER_BATCH,
            CoinbaseChannel.HEARTBEAT,
        }
    ),
    steady=frozenset({CoinbaseChannel.HEARTBEAT}),
    has_ping=False,
)


def decoded_secret(secret: str) -> bytes:
    """Return the bytes that sign.

    Raises:
        ValueError: If the secret is no base64; the text does not repeat it.
    """
    try:
        key = base64.b64decode(secret.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(
            "is not base64: Coinbase Exchange shows the secret in base64, copy all of it"
            " including the equals signs at its end"
        )
    return key


def sign(secret: str, message: str) -> str:
    """Return the base64 HMAC-SHA256 of ``message`` under the base64-decoded secret.

    Raises:
        ValueError: If the secret is no base64.
    """
    digest = hmac.new(decoded_secret(secret), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def timestamp_of(now_ns: int) -> str:
    """Return a time as signatures have it: seconds since the epoch, good for 30 s around it."""
    return str(now_ns // 1_000_000_000)


def rest_headers(
    credentials: tuple[str, str, str], now_ns: int, method: str, target: str
) -> dict[str, str]:
    """Return the headers of a signed request without a body.

    Args:
        credentials: Key, secret and passphrase.
        now_ns: The venue's time.
        method: ``GET``.
        target: Path and, behind a question mark, the query, as they are sent.

    Source:
        Coinbase Exchange, REST authentication, headers ``CB-ACCESS-*``.
    """
    key, secret, passphrase = credentials
    timestamp = timestamp_of(now_ns)
    return {
        "CB-ACCESS-KEY": key,
        "CB-ACCESS-PASSPHRASE": passphrase,
        "CB-ACCESS-TIMESTAMP": timestamp,
        "CB-ACCESS-SIGN": sign(secret, f"{timestamp}{method}{target}"),
    }
