"""Coinbase Exchange frames to events and messages, and intents to frames. Pure.

Orders are read in ``orders``; where frames of two channels look the same, ``read`` names the
channels that it may be, and the connection knows which of them it has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from weex_client.book import pack
from weex_client.errors import UsageError
from weex_client.models import (
    Account,
    Message,
    Ticker,
    Trade,
    enveloped,
    validated,
    validator,
)
from weex_client.protocol import BookUpdate, Channel, Feed, Intent, Subscribe, Unsubscribe
from weex_client.venues.coinbase.channels import VENUE, CoinbaseChannel, parts_of
from weex_client.venues.coinbase.times import time_ns
from weex_client.venues.coinbase.wire import (
    BalanceFrame,
    BookFrame,
    CoinbaseTicker,
    CoinbaseTrade,
    Heartbeat,
    HeartbeatFrame,
    MatchFrame,
    StatusFrame,
    TickerFrame,
    VenueStatus,
)

__all__ = [
    "decode_balance",
    "decode_heartbeat",
    "decode_status",
    "decode_ticker",
    "decode_ticker_batch",
    "decode_trades",
    "encode",
    "last_trade",
    "read_book",
    "route_key",
    "sent_time_ns",
    "trade_ids",
]

# Type and product tell a feed. They stand within the first bytes of every frame but snapshots,
# whose product may come behind a megabyte of levels; inside a text, quotes would be escaped.
_TYPE = re.compile(rb'\{"type":"(\w+)"').match
_PRODUCT = re.compile(rb'"product_id":"([^"\\]{1,64})"').search
_HEAD_BYTES = 512
_ROUTED = frozenset(
    {
        *(b"ticker", b"match", b"last_match", b"l2update", b"heartbeat"),
        *(b"received", b"open", b"done", b"change"),
    }
)
_TRADE_ID = re.compile(rb'"trade_id":(\d{1,30})[,}]').search
_LAST_TRADE_ID = re.compile(rb'"last_trade_id":(\d{1,30})[,}]').search
_BEAT_TIME = re.compile(rb'"time":"([^"]{1,40})"').search


# Once for all messages: an enumeration looks its members' values up each time.
_TICKER: Final = Channel.TICKER.value
_TICKER_BATCH: Final = CoinbaseChannel.TICKER_BATCH.value
_TRADES: Final = Channel.TRADES.value
_HEARTBEAT: Final = CoinbaseChannel.HEARTBEAT.value

_ticker_frame = validator(TickerFrame)
_ticker = validator(CoinbaseTicker)
_match_frame = validator(MatchFrame)
_trade = validator(CoinbaseTrade)
_heartbeat_frame = validator(HeartbeatFrame)
_heartbeat = validator(Heartbeat)
_book = validator(BookFrame)
_status_frame = validator(StatusFrame)
_status = validator(VenueStatus)
_balance = validator(BalanceFrame)


# What can be told from the bytes.


def route_key(frame: bytes) -> Hashable | None:
    """Read type and product from the first bytes, where usual."""
    kind = _TYPE(frame)
    if kind is None or kind[1] not in _ROUTED:
        return None
    product = _PRODUCT(frame, kind.end(), _HEAD_BYTES)
    return None if product is None else (kind[1], product[1])


def trade_ids(frame: bytes) -> Sequence[str]:
    """Read the id of a frame's only trade; empty where not spelled as usual."""
    found = _TRADE_ID(frame)
    return () if found is None else (found[1].decode("ascii"),)


def last_trade(frame: bytes) -> tuple[str, int, bool] | None:
    """Read product and newest trade id from a match or a heartbeat, and whether it is the latter.

    Source:
        Coinbase Exchange: trade ids of a product rise by one; a heartbeat tells the newest.
    """
    kind = _TYPE(frame)
    if kind is None or kind[1] not in (b"match", b"last_match", b"heartbeat"):
        return None
    is_heartbeat = kind[1] == b"heartbeat"
    trade_id = (_LAST_TRADE_ID if is_heartbeat else _TRADE_ID)(frame)
    product = _PRODUCT(frame)
    if trade_id is None or product is None:
        return None
    return product[1].decode("ascii", "replace"), int(trade_id[1]), is_heartbeat


def sent_time_ns(frame: bytes) -> int | None:
    """Read when a heartbeat was sent; others say when something happened, perhaps long ago."""
    if not frame.startswith(b'{"type":"heartbeat"'):
        return None
    stamp = _BEAT_TIME(frame)
    if stamp is None:
        return None
    try:
        return time_ns(stamp[1].decode("ascii"))
    except ValueError:
        return None


# Frames to messages.


def decode_ticker(frame: bytes, received_time_ns: int) -> Sequence[Message[Ticker]]:
    """Read ``ticker``: the figures after the last trade, which may be long ago on a quiet product.

    Raises:
        DecodeError: If the frame does not fit.
    """
    return _ticker_messages(frame, received_time_ns, _TICKER)


def decode_ticker_batch(frame: bytes, received_time_ns: int) -> Sequence[Message[Ticker]]:
    """Read a ticker that came every 5 s; see ``decode_ticker``."""
    return _ticker_messages(frame, received_time_ns, _TICKER_BATCH)


def _ticker_messages(
    frame: bytes, received_time_ns: int, channel: str
) -> Sequence[Message[Ticker]]:
    envelope = validated(_ticker_frame, frame)
    ticker = validated(_ticker, frame)
    if ticker.open is not None:
        # Nobody has seen it yet; the venue leaves what can be computed to us.
        difference = ticker.last - ticker.open
        fields = ticker.__dict__
        fields["price_change"] = difference
        fields["change"] = difference / ticker.open * 100 if ticker.open else None
    return (
        enveloped(
            VENUE,
            channel,
            envelope.product_id,
            ticker,
            envelope.time,
            received_time_ns,
            sequence=envelope.sequence,
        ),
    )


def decode_trades(frame: bytes, received_time_ns: int) -> Sequence[Message[Trade]]:
    """Read ``match`` or, as history, ``last_match``; their side is the maker's, and turned round.

    Raises:
        DecodeError: If the frame does not fit.
    """
    envelope = validated(_match_frame, frame)
    trade = validated(_trade, frame)
    trade.__dict__["timestamp"] = envelope.time / 1_000_000_000
    return (
        enveloped(
            VENUE,
            _TRADES,
            envelope.product_id,
            trade,
            envelope.time,
            received_time_ns,
            sequence=envelope.sequence,
            is_snapshot=envelope.type == "last_match",
        ),
    )


def decode_heartbeat(frame: bytes, received_time_ns: int) -> Sequence[Message[Heartbeat]]:
    """Read ``heartbeat``.

    Raises:
        DecodeError: If the frame does not fit.
    """
    envelope = validated(_heartbeat_frame, frame)
    beat = validated(_heartbeat, frame)
    return (
        enveloped(
            VENUE,
            _HEARTBEAT,
            envelope.product_id,
            beat,
            envelope.time,
            received_time_ns,
            sequence=beat.sequence,
        ),
    )


def decode_status(frame: bytes, received_time_ns: int) -> Sequence[Message[VenueStatus]]:
    """Read ``status``, which has everything each time; it says no time.

    Raises:
        DecodeError: If the frame does not fit.
    """
    validated(_status_frame, frame)
    status = validated(_status, frame)
    return (enveloped(VENUE, CoinbaseChannel.STATUS.value, None, status, None, received_time_ns),)


def decode_balance(frame: bytes, received_time_ns: int) -> Sequence[Message[Account]]:
    """Read ``balance``.

    Raises:
        DecodeError: If the frame does not fit.
    """
    balance = validated(_balance, frame, "balance")
    return (
        enveloped(
            VENUE,
            Channel.ACCOUNT.value,
            None,
            balance.account(),
            balance.timestamp,
            received_time_ns,
        ),
    )


def read_book(frame: bytes) -> BookUpdate:
    """Read ``snapshot`` or ``l2update``; the venue counts neither.

    Raises:
        DecodeError: If the frame does not fit.

    Source:
        Coinbase Exchange, channels ``level2`` and ``level2_batch``.
    """
    update = validated(_book, frame)
    if update.type == "snapshot":
        bids, asks = (
            [text for level in side for text in level] for side in (update.bids, update.asks)
        )
        return BookUpdate(pack(bids, asks), None, None, update.time, True)
    bids, asks = [], []
    changes = update.changes if len(update.changes) == 1 else _last_words(update.changes)
    for side, price, size in changes:
        (bids if side == "buy" else asks).extend((price, size))
    return BookUpdate(pack(bids, asks), None, None, update.time, False)


def _last_words(changes: list[tuple[Any, str, str]]) -> list[tuple[Any, str, str]]:
    """Return the last change of each price, spelled as the book may have it or not.

    Batches name a price several times; the last word counts, also where it spells the price in
    another way (``10101.10``, ``10101.10000000``).
    """
    words = {(side, price): (side, price, size) for side, price, size in changes}
    lengths = {len(price) for _, price in words}
    if len(lengths) == 1:
        return list(words.values())
    return list(
        {(side, Decimal(price)): (side, price, size) for side, price, size in changes}.values()
    )


# Intents to frames.


def encode(
    intent: Intent,
    signature: Mapping[str, str] | None = None,
    products: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """Write a request.

    Args:
        intent: What is wanted.
        signature: What a signed subscribe has beside its channels; None for an unsigned one.
        products: Those that stand for a channel whose feed names none.

    Raises:
        UsageError: If it is a ping: there is none (sheet, 4).
    """
    if not isinstance(intent, Subscribe | Unsubscribe):
        raise UsageError(f"Coinbase Exchange knows no {type(intent).__name__.lower()}")
    request = {
        "type": "subscribe" if isinstance(intent, Subscribe) else "unsubscribe",
        "channels": _channels(intent.feeds, products),
    }
    return json.dumps({**request, **(signature or {})}, separators=(",", ":"))


def _channels(feeds: Sequence[Feed], products: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    ids: dict[str, list[str]] = {}
    for feed in feeds:
        channel, product = parts_of(feed)
        named = ids.setdefault(channel, list(products.get(channel, ())))
        if product is not None and product not in named:
            named.append(product)
    return [
        {"name": name, "product_ids": named} if named else {"name": name}
        for name, named in ids.items()
    ]
