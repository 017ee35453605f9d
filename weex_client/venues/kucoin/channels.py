"""KuCoin's topics: which channel each serves, and what may be asked for in one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from weex_client.protocol import Channel, Feed

__all__ = [
    "ALL_TICKERS",
    "BALANCES",
    "DEPTHS",
    "FILLS",
    "LEVEL2",
    "OLD_ORDERS",
    "ORDERS",
    "PRIVATE_TOPICS",
    "STOP_ORDERS",
    "SYMBOL_TOPICS",
    "VENUE",
    "KucoinChannel",
    "argument",
    "batches",
    "carrier",
    "path",
]

VENUE: Final = "kucoin"


class KucoinChannel(StrEnum):
    """What only KuCoin has."""

    SNAPSHOT = "snapshot"
    ALL_TICKERS = "all_tickers"
    STOP_ORDERS = "stop_orders"


# Topics with a symbol behind a colon (sheet, 7).
SYMBOL_TOPICS: Final[dict[StrEnum, str]] = {
    Channel.TICKER: "/market/ticker",
    Channel.TRADES: "/market/match",
    Channel.CANDLES: "/market/candles",
    Channel.BOOK_TICKER: "/spotMarket/level1",
    KucoinChannel.SNAPSHOT: "/market/snapshot",
}
LEVEL2: Final = "/market/level2"
DEPTHS: Final[dict[int, str]] = {5: "/spotMarket/level2Depth5", 50: "/spotMarket/level2Depth50"}

ALL_TICKERS: Final = "/market/ticker:all"
ORDERS: Final = "/spotMarket/tradeOrdersV2"
BALANCES: Final = "/account/balance"
# Fills are told by the frames of orders: a feed of its own, of which the venue does not know.
FILLS: Final[Feed] = f"{ORDERS}#fills"
STOP_ORDERS: Final = "/spotMarket/advancedOrders"
# The older topic of orders, without the event ``received``: the mirror serves it, too.
OLD_ORDERS: Final = "/spotMarket/tradeOrders"
PRIVATE_TOPICS: Final = frozenset({ORDERS, OLD_ORDERS, BALANCES, STOP_ORDERS})

FEEDS_PER_REQUEST: Final = 100

# Topics that take a list of symbols; candles and snapshots take one (sheet, 7.2 and 7.6).
_LISTS: Final = frozenset(
    {
        "/market/ticker",
        "/market/match",
        "/spotMarket/level1",
        LEVEL2,
        *DEPTHS.values(),
    }
)


def path(feed: Feed) -> str:
    """Return a topic without what stands behind its colon."""
    return feed.partition(":")[0]


def argument(feed: Feed) -> str:
    """Return what stands behind a topic's colon: a symbol, mostly."""
    return feed.partition(":")[2]


def carrier(feed: Feed) -> Feed:
    """Return the topic whose frames a feed is read from."""
    return ORDERS if feed == FILLS else feed


def batches(feeds: Sequence[Feed]) -> Iterator[tuple[Feed, ...]]:
    """Group topics into requests: of one path, where that takes a list, up to a hundred."""
    groups: dict[str, list[Feed]] = {}
    for feed in feeds:
        is_listed = path(feed) in _LISTS and feed != ALL_TICKERS
        groups.setdefault(path(feed) if is_listed else carrier(feed), []).append(feed)
    for group in groups.values():
        for start in range(0, len(group), FEEDS_PER_REQUEST):
            yield tuple(group[start : start + FEEDS_PER_REQUEST])
