"""Smart Money frames to events and messages, and intents to frames. Pure.

The vendor's own samples contradict each other about where an event's fields stand (sheet, 5):
at the top, or in ``payload``. Both are read, and nothing that is added to a frame breaks it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

from pydantic_core import from_json

from weex_client.errors import DecodeError
from weex_client.models import Message, enveloped, validated
from weex_client.protocol import (
    Ack,
    Data,
    Decoder,
    Denied,
    Event,
    Feed,
    Greeting,
    Intent,
    Ping,
    Pong,
    PongReceived,
    Reject,
    ServerPing,
    Subscribe,
    Unknown,
)
from weex_client.venues.smartmoney.channels import (
    FEEDS,
    VENUE,
    SmartMoneyChannel,
    channel_and_asset,
    whales_of,
)
from weex_client.venues.smartmoney.wire import (
    FundingRate,
    Liquidation,
    Signal,
    SmartMoneyEvent,
    SmartMoneyPayload,
    WhaleUpdate,
)

__all__ = ["blamed", "decoder", "encode", "encode_auth", "read", "route_key"]

Fields = Mapping[str, Any]

_PAYLOADS: Final[dict[SmartMoneyChannel, type[SmartMoneyPayload]]] = {
    SmartMoneyChannel.WHALES: WhaleUpdate,
    SmartMoneyChannel.FUNDING: FundingRate,
    SmartMoneyChannel.LIQUIDATIONS: Liquidation,
    SmartMoneyChannel.SIGNALS: Signal,
}
# What an event of those channels cannot do without (sheet, 5).
_IDENTITIES: Final = {
    SmartMoneyChannel.WHALES: "wallet",
    SmartMoneyChannel.FUNDING: "symbol",
    SmartMoneyChannel.LIQUIDATIONS: "symbol",
    SmartMoneyChannel.SIGNALS: "symbol",
}
# Whose channel an event is where the frame does not say; the names of the last four are guessed
# (sheet, 4).
_EVENTS: Final[dict[str, SmartMoneyChannel]] = {
    "whale_update": SmartMoneyChannel.WHALES,
    "funding_rate": SmartMoneyChannel.FUNDING,
    "liquidation": SmartMoneyChannel.LIQUIDATIONS,
    "signal": SmartMoneyChannel.SIGNALS,
    "open_interest": SmartMoneyChannel.OPEN_INTEREST,
    "openinterest": SmartMoneyChannel.OPEN_INTEREST,
    "flow": SmartMoneyChannel.FLOWS,
    "onchain_flow": SmartMoneyChannel.FLOWS,
    "alert": SmartMoneyChannel.ALERTS,
    "status": SmartMoneyChannel.STATUS,
    "system": SmartMoneyChannel.STATUS,
}

# What the venue may answer is not described; these are taken for it (sheet, 2 and 3).
_WELCOMES: Final = frozenset({"auth", "authenticated", "auth_success", "auth_ok"})
_DENIALS: Final = frozenset({"auth_error", "auth_failed", "unauthorized"})
_ANSWERS: Final = frozenset({"subscribed", "unsubscribed"})
_NOES: Final = frozenset({"error", "failed", "fail", "denied", "invalid", "unauthorized"})
_REASONS: Final = ("message", "error", "reason", "msg")
_is_about_key = re.compile(
    r"api.?key|\bkey\b|\bauth|unauthori[sz]ed|forbidden|credential|permission|\btoken\b",
    re.IGNORECASE,
).search
# Reasons are kept and told; a venue's are a line.
_MAX_REASON_LENGTH: Final = 300

# The first bytes of the events that the samples show; all else is read completely. A control
# frame may name a channel too, and must not be taken for its data.
_HEAD = re.compile(
    rb'\{"type":"(whale_update|funding_rate|liquidation|signal)","channel":"([^"\\]+)"'
).match

_TIMES: Final = ("timestamp", "time", "ts")
# The unit is not described: what would lie in the years 1973 to 5138 in one is taken for it.
_SMALLEST_SECONDS: Final = 10**8
_UNITS: Final = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (_SMALLEST_SECONDS, 10**9))
_LATEST_NS: Final = 10**20


def route_key(frame: bytes) -> Hashable | None:
    """Read event and channel from the first bytes, where usual."""
    head = _HEAD(frame)
    return None if head is None else head.groups()


def read(frame: bytes) -> Event:
    """Read completely what a frame means. Never raises."""
    try:
        fields = _parsed(frame)
    except DecodeError as exc:
        return _damaged(frame) or Unknown(str(exc))
    kind = _word(fields.get("type"))
    match kind:
        case "ping":
            return ServerPing(None)
        case "pong":
            return PongReceived()
    if kind in _DENIALS or (kind in _WELCOMES and _says_no(fields)):
        return Denied(None, _reason(fields))
    if kind in _WELCOMES:
        return Greeting(None, None)
    if kind == "error" or (not kind and _says_no(fields)):
        return _error(fields)
    if kind in _ANSWERS:
        return Ack(None)
    return _data(kind, fields)


def _damaged(frame: bytes) -> Data | None:
    """Read whose event it is that cannot be read, where the first bytes still tell."""
    head = _HEAD(frame)
    if head is None:
        return None
    kind, named = (part.decode("utf-8", "replace") for part in head.groups())
    place = _place(kind, {"channel": named})
    return None if place is None else Data(_feed(*place))


def _error(fields: Fields) -> Event:
    """Tell a refused key from a refused channel, by what the venue's words name."""
    reason = _reason(fields)
    channel = fields.get("channel")
    if isinstance(channel, str):
        known = channel_and_asset(channel)
        spelled = channel[:60] if known is None else _feed(*known)
        return Reject(None, reason if spelled in reason else f"{reason} : {spelled}")
    if _is_about_key(reason) or fields.get("code") in (401, 403):
        return Denied(None, reason)
    return Reject(None, reason)


def _reason(fields: Fields) -> str:
    for name in _REASONS:
        said = fields.get(name)
        if isinstance(said, Mapping):
            said = said.get("message")
        if isinstance(said, str) and said:
            return said[:_MAX_REASON_LENGTH]
    return "no reason given"


def _says_no(fields: Fields) -> bool:
    return fields.get("success") is False or _word(fields.get("status")) in _NOES


def _data(kind: str, fields: Fields) -> Event:
    place = _place(kind, fields)
    if place is None:
        named = fields.get("channel")
        where = "" if named is None else f" on channel {str(named)[:40]!r}"
        return Unknown(f"type {kind[:40]!r}{where}" if kind else f"no type{where}")
    channel, asset = place
    identity = _IDENTITIES.get(channel)
    if identity is not None and not isinstance(_body(fields).get(identity), str):
        return Unknown(f"type {kind[:40]!r} on {channel} without a {identity}")
    return Data(_feed(channel, asset))


def _place(kind: str, fields: Fields) -> tuple[SmartMoneyChannel, str | None] | None:
    """Return the channel of an event, and of whales whose coin; None where nothing tells."""
    named = fields.get("channel")
    if isinstance(named, str):
        found = channel_and_asset(named)
        if found is not None:
            return found
        if named.lower() != SmartMoneyChannel.WHALES:
            return None
        kind = "whale_update"
    channel = _EVENTS.get(kind)
    if channel is not SmartMoneyChannel.WHALES:
        return None if channel is None else (channel, None)
    asset = _body(fields).get("asset")
    return channel_and_asset(whales_of(asset)) if isinstance(asset, str) else None


def _feed(channel: SmartMoneyChannel, asset: str | None) -> Feed:
    return FEEDS[channel] if asset is None else whales_of(asset)


def _body(fields: Fields) -> dict[str, Any]:
    """Return an event's own fields, wherever the venue has put them (sheet, 5)."""
    for name in ("payload", "data"):
        inner = fields.get(name)
        if isinstance(inner, dict):
            return inner
    return {name: value for name, value in fields.items() if name not in ("type", "channel")}


def decoder(channel: SmartMoneyChannel) -> Decoder:
    """Return what reads the frames of a channel, one message each."""
    name, kind = channel.value, _PAYLOADS.get(channel)

    def decode(frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        fields = _parsed(frame)
        body = _body(fields)
        data = _read(kind, fields, body, frame)
        exchange_time_ns = _time_ns(fields) or _time_ns(body)
        symbol = _symbol(data)
        return (enveloped(VENUE, name, symbol, data, exchange_time_ns, received_time_ns),)

    return decode


def _read(
    kind: type[SmartMoneyPayload] | None, fields: Fields, body: dict[str, Any], frame: bytes
) -> SmartMoneyPayload:
    """Read what an event says; what the vendor does not describe is read as it is."""
    event = _word(fields.get("type"))
    said: dict[str, Any] = {**body, "event": event}
    if kind is None:
        named = body.get("symbol") or body.get("asset")
        symbol = named if isinstance(named, str) else None
        said = {"event": event, "symbol": symbol, "payload": body}
    elif kind is WhaleUpdate and not body.get("asset"):
        place = _place(event, fields)
        said["asset"] = place and place[1]
    return validated(partial((kind or SmartMoneyEvent).read, raw=frame.decode()), said)


def _symbol(data: SmartMoneyPayload) -> str | None:
    name = data.get("asset") if isinstance(data, WhaleUpdate) else data.get("symbol")
    return name.upper() if isinstance(name, str) else None


def _parsed(frame: bytes) -> dict[str, Any]:
    """Parse a frame; money comes as JSON numbers, whose digits must not pass through floats.

    Raises:
        DecodeError: If it is no JSON object; the text is short and quotes nothing.
    """
    try:
        # Decoded first: the parser would guess UTF-16 and others from bytes.
        fields = json.loads(frame.decode(), parse_float=Decimal, parse_constant=_no_number)
        if b"\\u" in frame:
            from_json(frame)  # which refuses half a character, as this parser does not
    except DecodeError:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        raise DecodeError("not JSON") from None
    if not isinstance(fields, dict):
        raise DecodeError(f"JSON {type(fields).__name__}")
    return fields


def _no_number(word: str) -> None:
    raise DecodeError(f"the number {word}")


def _word(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _time_ns(fields: Fields) -> int | None:
    """Read when an event happened; None where it is not said, or cannot be understood."""
    for name in _TIMES:
        value = fields.get(name)
        if isinstance(value, str):
            value = _number(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            for smallest, factor in _UNITS:
                if smallest <= value < _LATEST_NS // factor:
                    return int(value * factor)
    return None


def _number(text: str) -> Decimal | None:
    """Read a time that is a text: a number, or a date of ISO 8601 with its zone."""
    if text.isascii() and text.isdecimal() and len(text) <= 20:
        return Decimal(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None  # whose midnight that is nobody knows
    return Decimal(round(moment.timestamp() * 1_000_000)) / 1_000_000


def encode(intent: Intent, request_id: int, now_ns: int) -> str:  # noqa: ARG001  # neither is said
    """Write a request: one channel a frame, no id (sheet, 3)."""
    match intent:
        case Ping():
            return '{"type":"ping"}'
        case Pong():
            return '{"type":"pong"}'
        case _:
            kind = "subscribe" if isinstance(intent, Subscribe) else "unsubscribe"
            (channel,) = intent.feeds
            return _written({"type": kind, "channel": channel})


def encode_auth(api_key: str) -> str:
    """Write the first frame of a connection. It holds the key in clear: never log it."""
    return _written({"type": "auth", "api_key": api_key})


def _written(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"))


def blamed(reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
    """Return which feeds the venue's words name; nothing else tells what an error is about."""
    return [feed for feed in feeds if feed in reason.split()]
