"""Where WEEX V3 listens, how a dial is signed, and what the venue allows. No frames here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final, Literal

from weex_client.protocol import Channel, Heartbeat, Limits

__all__ = [
    "HEARTBEAT",
    "LIMITS",
    "PRIVATE_PATH",
    "PRIVATE_URLS",
    "PUBLIC_URLS",
    "REST_URLS",
    "STEADY",
    "Market",
    "private_headers",
    "rest_headers",
    "sign",
]

Market = Literal["contract", "spot"]

PUBLIC_URLS: Final[dict[Market, str]] = {
    "contract": "wss://ws-contract.weex.com/v3/ws/public",
    "spot": "wss://ws-spot.weex.com/v3/ws/public",
}
PRIVATE_URLS: Final[dict[Market, str]] = {
    "contract": "wss://ws-contract.weex.com/v3/ws/private",
    "spot": "wss://ws-spot.weex.com/v3/ws/private",
}
REST_URLS: Final[dict[Market, str]] = {
    "contract": "https://api-contract.weex.com",
    "spot": "https://api-spot.weex.com",
}

# The signature covers this literal path, whatever host or query the dial goes to.
PRIVATE_PATH: Final = "/v3/ws/private"

# API docs, "Websocket intro": 100 channels a connection, 20 connections and 300 dials in five
# minutes an address, 240 requests an hour a connection. The second between two dials is our own
# courtesy (WEEX sheet, 9). On the wire the sixth rejected request closes with 1007, and a socket
# without subscription is cut after 60.4 s (probe of 2026-09-23).
LIMITS: Final = Limits(
    feeds_per_connection=100,
    feeds_per_request=100,
    connections=20,
    rejects_per_connection=6,
    idle_seconds=60.0,
    dials=300,
    dial_window_seconds=300.0,
    dial_spacing_seconds=1.0,
    operations=240,
    operation_window_seconds=3600.0,
)

# The venue pings once a minute, and idle books say nothing: half a minute of silence proves
# nothing yet, an unanswered PING does. Trades, candles and books begin with a snapshot within
# half a second, tickers come 0.1 to 0.3 s apart (sheet, 7.1 to 7.4); tops of book and account
# updates come when there is something to say.
HEARTBEAT: Final = Heartbeat(
    silence_seconds=30.0,
    answer_seconds=10.0,
    prompt=frozenset(
        {Channel.TICKER, Channel.TRADES, Channel.CANDLES, Channel.BOOK, Channel.BOOK_DELTAS}
    ),
)

# The cadence of tickers is documented for contract only, whose mark prices move without a trade.
STEADY: Final[dict[Market, frozenset[Channel]]] = {
    "contract": frozenset({Channel.TICKER}),
    "spot": frozenset(),
}


def sign(secret: str, message: str) -> str:
    """Return the base64 HMAC-SHA256 of ``message``; WEEX uses the secret as it is, undecoded."""
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def private_headers(credentials: tuple[str, str, str], now_ns: int) -> dict[str, str]:
    """Return the headers of a private dial at a time.

    Args:
        credentials: Key, secret and passphrase.
        now_ns: The venue's time; the signature is good for 30 s around it.

    Source:
        WEEX V3, private WebSocket, headers ``ACCESS-*``.
    """
    return _signed(credentials, now_ns, PRIVATE_PATH)


def rest_headers(
    credentials: tuple[str, str, str], now_ns: int, method: str, target: str, body: str = ""
) -> dict[str, str]:
    """Return the headers of a signed request at a time.

    Args:
        credentials: Key, secret and passphrase.
        now_ns: The venue's time; the signature is good for 30 s around it.
        method: ``GET``.
        target: Path and, behind a question mark, the query, as they are sent.
        body: What is sent behind the headers.

    Source:
        WEEX V3, REST signature: ``timestamp + METHOD + path + "?" + query + body`` (sheet, 3).
    """
    return _signed(credentials, now_ns, f"{method}{target}{body}")


def _signed(credentials: tuple[str, str, str], now_ns: int, message: str) -> dict[str, str]:
    key, secret, passphrase = credentials
    timestamp = str(now_ns // 1_000_000)
    return {
        "ACCESS-KEY": key,
        "ACCESS-PASSPHRASE": passphrase,
        "ACCESS-TIMESTAMP": timestamp,
        "ACCESS-SIGN": sign(secret, timestamp + message),
    }
