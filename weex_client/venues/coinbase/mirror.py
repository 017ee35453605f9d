"""The server's side of Coinbase Exchange: what it answers and sends. Pure; for the sandbox.

Frames are spelled with the venue's own order of keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from weex_client.venues.coinbase.channels import ALIASES, SIGNED
from weex_client.venues.coinbase.times import rfc3339

__all__ = [
    "AUTHENTICATION_FAILED",
    "CHANNELS",
    "FAILED_TO_SUBSCRIBE",
    "MatchFigures",
    "RefusedRequestError",
    "Request",
    "TickerFigures",
    "encode_ack",
    "encode_book_change",
    "encode_error",
    "encode_heartbeat",
    "encode_match",
    "encode_order",
    "encode_snapshot",
    "encode_status",
    "encode_ticker",
    "parse_request",
]

FAILED_TO_SUBSCRIBE: Final = "Failed to subscribe"
AUTHENTICATION_FAILED: Final = "Authentication Failed"

NEEDS_SIGNATURE: Final = (
    "level2, level3, and full channels now require authentication."
    " https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)

# What can be subscribed here; ``status`` and ``user`` need no product.
CHANNELS: Final = (
    *("ticker", "ticker_batch", "matches", "heartbeat", "level2", "level2_batch"),
    *("full", "user", "status"),
)
WITHOUT_PRODUCTS: Final = frozenset({"status", "user"})
_LEGACY: Final = {name: legacy for legacy, name in ALIASES.items()}

_MAX_REQUEST: Final = 65_536

Figures = Sequence[tuple[Decimal, Decimal]]


class RefusedRequestError(Exception):
    """The server answers with an error frame of this message and reason."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(reason)
        self.message = message
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for.

    Attributes:
        is_subscribe: False to give back.
        channels: Channel and product; the product is None for all.
        signature: The four parts of a signed request, empty where it is not signed.
    """

    is_subscribe: bool
    channels: tuple[tuple[str, str | None], ...]
    signature: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def needs_signature(self) -> bool:
        """Tell whether it asks for what nobody gets unsigned."""
        return self.is_subscribe and any(channel in SIGNED for channel, _ in self.channels)


def parse_request(text: str, products: Iterable[str]) -> Request:
    """Read a client's request.

    Args:
        text: The frame.
        products: What is listed.

    Raises:
        RefusedRequestError: With the venue's own words for what is wrong.
    """
    if len(text) > _MAX_REQUEST:
        raise RefusedRequestError("Message too big", "split the request")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedRequestError("Malformed JSON", "") from None
    kind = fields.get("type") if isinstance(fields, dict) else None
    if kind not in ("subscribe", "unsubscribe"):
        raise _failed("Type has to be either subscribe or unsubscribe")
    channels = fields.get("channels")
    if not isinstance(channels, list) or not channels:
        raise _failed("No channels provided")
    is_subscribe = kind == "subscribe"
    pairs = _pairs(channels, fields.get("product_ids"), is_subscribe, frozenset(products))
    parts = {name: fields.get(name) for name in ("signature", "key", "passphrase", "timestamp")}
    is_signed = any(part is not None for part in parts.values())
    signature = {name: str(part or "") for name, part in parts.items()} if is_signed else {}
    return Request(is_subscribe, tuple(dict.fromkeys(pairs)), signature)


def _failed(reason: str) -> RefusedRequestError:
    return RefusedRequestError(FAILED_TO_SUBSCRIBE, reason)


def _pairs(
    channels: list[Any], default_ids: Any, is_subscribe: bool, listed: frozenset[str]
) -> Iterable[tuple[str, str | None]]:
    for each in channels:
        name, ids = each, default_ids
        if isinstance(each, dict):
            name, ids = each.get("name"), each.get("product_ids", default_ids)
        channel = ALIASES.get(name, name) if isinstance(name, str) else ""
        if channel not in CHANNELS:
            raise _failed(f"{name} is not a valid channel")
        if channel == "status" or not isinstance(ids, list) or not ids:
            if is_subscribe and channel not in WITHOUT_PRODUCTS:
                raise _failed(f"{channel} channel requires product_ids")
            yield channel, None
            continue
        for product in ids:
            if not isinstance(product, str) or product not in listed:
                raise _failed(f"{product} is not a valid product")
            yield channel, product


# Answers.


def encode_ack(served: Mapping[str, Iterable[str]]) -> str:
    """Write the complete list of what a connection is served, under its legacy names."""
    channels = [
        {"name": _LEGACY.get(name, name), "product_ids": list(products), "account_ids": None}
        for name, products in served.items()
    ]
    return _text({"type": "subscriptions", "channels": channels})


def encode_error(message: str, reason: str | None) -> str:
    """Write a refusal; some have no reason."""
    fields = {"type": "error", "message": message}
    return _text(fields if not reason else {**fields, "reason": reason})


# Market data.


class TickerFigures(NamedTuple):
    """What ``ticker`` says, as numbers."""

    last: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    volume_30d: Decimal
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    taker_side: str
    last_size: Decimal
    trade_id: int
    time_ns: int
    sequence: int


def encode_ticker(product: str, figures: TickerFigures) -> str:
    """Write a ticker; its side is the taker's."""
    return _text(
        {
            "type": "ticker",
            "sequence": figures.sequence,
            "product_id": product,
            "price": _digits(figures.last),
            "open_24h": _digits(figures.open),
            "volume_24h": _digits(figures.volume),
            "low_24h": _digits(figures.low),
            "high_24h": _digits(figures.high),
            "volume_30d": _digits(figures.volume_30d),
            "best_bid": _digits(figures.bid),
            "best_bid_size": _digits(figures.bid_size),
            "best_ask": _digits(figures.ask),
            "best_ask_size": _digits(figures.ask_size),
            "side": figures.taker_side,
            "time": rfc3339(figures.time_ns),
            "trade_id": figures.trade_id,
            "last_size": _digits(figures.last_size),
        }
    )


class MatchFigures(NamedTuple):
    """What ``match`` says; its side is the maker's."""

    trade_id: int
    maker_order_id: str
    taker_order_id: str
    maker_side: str
    size: Decimal
    price: Decimal
    sequence: int
    time_ns: int


def encode_match(
    product: str,
    figures: MatchFigures,
    *,
    is_last: bool = False,
    own: Mapping[str, object] | None = None,
) -> str:
    """Write a match, the last one before a subscription, or one of one's own."""
    return _text(
        {
            "type": "last_match" if is_last else "match",
            "trade_id": figures.trade_id,
            "maker_order_id": figures.maker_order_id,
            "taker_order_id": figures.taker_order_id,
            "side": figures.maker_side,
            "size": _digits(figures.size),
            "price": _digits(figures.price),
            "product_id": product,
            "sequence": figures.sequence,
            "time": rfc3339(figures.time_ns),
            **(own or {}),
        }
    )


def encode_heartbeat(product: str, last_trade_id: int, sequence: int, time_ns: int) -> str:
    """Write a beat, which consumes no sequence."""
    return _text(
        {
            "type": "heartbeat",
            "last_trade_id": last_trade_id,
            "product_id": product,
            "sequence": sequence,
            "time": rfc3339(time_ns),
        }
    )


def encode_snapshot(product: str, bids: Figures, asks: Figures, time_ns: int) -> str:
    """Write a whole book, best first."""
    return _text(
        {
            "type": "snapshot",
            "product_id": product,
            "asks": [[_digits(price), _digits(size)] for price, size in asks],
            "bids": [[_digits(price), _digits(size)] for price, size in bids],
            "time": rfc3339(time_ns),
        }
    )


def encode_book_change(product: str, bids: Figures, asks: Figures, time_ns: int) -> str:
    """Write what changed: absolute sizes, zero for what is gone."""
    changes = [["buy", _digits(price), _digits(size)] for price, size in bids]
    changes += [["sell", _digits(price), _digits(size)] for price, size in asks]
    return _text(
        {
            "type": "l2update",
            "product_id": product,
            "changes": changes,
            "time": rfc3339(time_ns),
        }
    )


def encode_order(kind: str, product: str, time_ns: int, fields: Mapping[str, object]) -> str:
    """Write a frame of ``full`` or ``user`` that is no match.

    Args:
        kind: ``received``, ``open``, ``done``, ``change`` or ``activate``.
        product: The product.
        time_ns: When; ``activate`` writes it in seconds.
        fields: Its own fields; numbers as Decimal, what is None is left out.
    """
    told = {
        name: _digits(value) if isinstance(value, Decimal) else value
        for name, value in fields.items()
        if value is not None
    }
    if kind == "activate":
        seconds = f"{time_ns // 1_000_000_000}.{time_ns % 1_000_000_000 // 1000:06}"
        return _text({"type": kind, "product_id": product, "timestamp": seconds, **told})
    return _text({"type": kind, **told, "product_id": product, "time": rfc3339(time_ns)})


def encode_status(
    products: Sequence[Mapping[str, object]], currencies: Sequence[Mapping[str, object]]
) -> str:
    """Write what is listed."""
    return _text({"type": "status", "products": list(products), "currencies": list(currencies)})


def _digits(number: Decimal) -> str:
    return format(number, "f")


def _text(frame: Mapping[str, object]) -> str:
    return json.dumps(frame, separators=(",", ":"))
