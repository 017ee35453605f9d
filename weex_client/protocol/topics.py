"""What readers want: scopes, channels, topics, and the feeds of a venue that serve them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

__all__ = [
    "KINDS",
    "WITHOUT_SYMBOLS",
    "Channel",
    "Feed",
    "FeedKind",
    "Scope",
    "Topic",
]

Feed = str
"""What a venue sends under one subscription, as it spells it (``BTCUSDT@depth15``)."""


class Scope(StrEnum):
    """Who may see what a connection carries."""

    PUBLIC = "public"
    PRIVATE = "private"


class Channel(StrEnum):
    """What a stream is about, as the command line and ``message.channel`` spell it.

    These are what venues have in common; a channel that only one has is a member of an
    enumeration of its own, in the venue's package. Everything here takes either.
    """

    TICKER = "ticker"
    TRADES = "trades"
    BOOK = "book"
    BOOK_DELTAS = "book_deltas"
    CANDLES = "candles"
    BOOK_TICKER = "bookticker"
    ACCOUNT = "account"
    POSITIONS = "positions"
    ORDERS = "orders"
    FILLS = "fills"


class FeedKind(StrEnum):
    """What must be kept of a feed between two frames, so that what readers get is right.

    Every frame of ``FRAMES`` stands for itself, and makes good for those that were missed. Not so
    ``NEWS``: they come at no regular times, and none is said twice. ``TRADES`` come once each.
    ``CANDLES`` form and close. A ``BOOK`` is a chain of changes from a snapshot; one without
    sequences is a ``LOOSE_BOOK``, of which a crossing that lasts, or a trade that is missing,
    proves that something was lost; a ``BOOK3`` has every order. ``STATE`` is what changes, the
    last word counting, and ``FILLS`` happen once: an account's.
    """

    FRAMES = "frames"
    NEWS = "news"
    TRADES = "trades"
    CANDLES = "candles"
    BOOK = "book"
    LOOSE_BOOK = "loose_book"
    BOOK3 = "book3"
    STATE = "state"
    FILLS = "fills"


KINDS: Final[Mapping[StrEnum, FeedKind]] = {
    Channel.TRADES: FeedKind.TRADES,
    Channel.CANDLES: FeedKind.CANDLES,
    Channel.BOOK: FeedKind.BOOK,
    Channel.BOOK_DELTAS: FeedKind.BOOK,
    Channel.ACCOUNT: FeedKind.STATE,
    Channel.POSITIONS: FeedKind.STATE,
    Channel.ORDERS: FeedKind.STATE,
    Channel.FILLS: FeedKind.FILLS,
}
WITHOUT_SYMBOLS: Final = frozenset(
    {Channel.ACCOUNT, Channel.POSITIONS, Channel.ORDERS, Channel.FILLS}
)


class Topic(NamedTuple):
    """What one reader wants: a channel, a symbol, and the channel's parameter if it has one.

    Several topics may need the same feed: book views of 5 and of 15 levels both come from
    ``depth15``.
    """

    channel: StrEnum
    symbol: str | None = None
    level: int | None = None
    interval: str | None = None
