"""The channels that only Coinbase Exchange has, and how it spells all of them. No frames here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from weex_client.protocol import Channel, Feed

__all__ = [
    "ALIASES",
    "SIGNED",
    "USER_FEEDS",
    "VENUE",
    "CoinbaseChannel",
    "carrier",
    "feed_of",
    "parts_of",
]

VENUE: Final = "coinbase"


class CoinbaseChannel(StrEnum):
    """What a stream is about, where no other venue has the like."""

    TICKER_BATCH = "ticker_batch"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    FULL = "full"
    BOOK3 = "book3"
    USER = "user"


# Acknowledgements name some channels as they were called before (subscriptions.jsonl).
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"level2_50": "level2_batch", "ticker_1000": "ticker_batch"}
)

# Refused without a signature: ``level2`` and ``full`` since 2023-08 (errors.jsonl).
SIGNED: Final = frozenset({"full", "user", "level2", "level3", "balance"})


# What is read from the frames of ``user``, each as a feed of its own here.
USER_FEEDS: Final[Mapping[StrEnum, Feed]] = MappingProxyType(
    {
        Channel.ORDERS: "user/orders",
        Channel.FILLS: "user/fills",
        CoinbaseChannel.USER: "user/steps",
    }
)


def carrier(feed: Feed) -> Feed:
    """Return the feed under whose name the venue sends what a feed is read from."""
    return "user" if feed in USER_FEEDS.values() else feed


def feed_of(channel: str, product: str | None) -> Feed:
    """Return a feed: ``ticker:BTC-USD``, or the channel alone where products do not matter."""
    return f"{channel}:{product}" if product else channel


def parts_of(feed: Feed) -> tuple[str, str | None]:
    """Return a feed's channel, as the venue spells it, and its product."""
    channel, _, product = carrier(feed).partition(":")
    return channel, product or None
