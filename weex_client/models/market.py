"""Payloads of market data: what anybody may see. A user's own orders live in ``account``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, Protocol

from pydantic import computed_field

from weex_client.models.deferred import Deferred
from weex_client.models.payload import Level, Money, Payload

__all__ = [
    "BookTicker",
    "Candle",
    "OrderBookDelta",
    "OrderBookView",
    "Side",
    "Ticker",
    "Trade",
]

Side = Literal["buy", "sell"]


class BookMoment(Protocol):
    """Give both sides of a book at one moment: prices and the sizes at them, best first."""

    def bids(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return the bids."""

    def asks(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return the asks."""


def _bids_at(moment: BookMoment) -> tuple[Level, ...]:
    prices, sizes = moment.bids()
    return tuple(zip(map(Decimal, prices), map(Decimal, sizes), strict=True))


def _asks_at(moment: BookMoment) -> tuple[Level, ...]:
    prices, sizes = moment.asks()
    return tuple(zip(map(Decimal, prices), map(Decimal, sizes), strict=True))


def _bids_in(levels: bytes) -> tuple[Level, ...]:
    return _levels_by_turns(levels.partition(b",:")[0])


def _asks_in(levels: bytes) -> tuple[Level, ...]:
    return _levels_by_turns(levels.partition(b",:")[2])


def _levels_by_turns(packed: bytes) -> tuple[Level, ...]:
    """Pair numerals that are prices and sizes by turns."""
    numbers = map(Decimal, packed.decode("ascii").split(",") if packed else ())
    return tuple(zip(numbers, numbers, strict=True))


class Ticker(Payload):
    """Statistics of the last 24 hours.

    Attributes:
        last: Last price, in quote units.
        bid: Best bid price, where the venue's ticker has one.
        ask: Best ask price, where the venue's ticker has one.
        open: Price 24 hours ago.
        high: Highest price of the window.
        low: Lowest price of the window.
        volume: Volume in base units.
        quote_volume: Turnover in quote units.
        change: Change over the window in percent: 1.25 is 1.25 %.
        price_change: Change over the window in quote units.
        mark_price: The price that positions are valued at (derivatives).
        index_price: The price of the underlying index (derivatives).
    """

    last: Money
    bid: Money | None = None
    ask: Money | None = None
    open: Money | None = None
    high: Money | None = None
    low: Money | None = None
    volume: Money | None = None
    quote_volume: Money | None = None
    change: Money | None = None
    price_change: Money | None = None
    mark_price: Money | None = None
    index_price: Money | None = None


class Trade(Payload):
    """Anybody's execution.

    Attributes:
        trade_id: The venue's id of the trade.
        price: Price in quote units.
        size: Size in base units.
        side: The taker's side: who crossed the spread.
        timestamp: When it was matched, Unix seconds.
    """

    trade_id: str
    price: Money
    size: Money
    side: Side
    timestamp: float


class OrderBookView(Deferred):
    """A complete order book of some levels a side at one sequence.

    Attributes:
        bids: ``(price, size)``, highest price first.
        asks: ``(price, size)``, lowest price first.
        sequence: The venue's sequence of the last change in it.
    """

    _makers = MappingProxyType({"bids": _bids_at, "asks": _asks_at})

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    sequence: int | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def best_bid(self) -> Money | None:
        """Highest price somebody would buy at, or None on an empty side."""
        return self.bids[0][0] if self.bids else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def best_ask(self) -> Money | None:
        """Lowest price somebody would sell at, or None on an empty side."""
        return self.asks[0][0] if self.asks else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mid(self) -> Money | None:
        """Middle between best bid and best ask, or None where a side is empty."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0][0] + self.asks[0][0]) / Decimal(2)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spread(self) -> Money | None:
        """Best ask less best bid, or None where a side is empty."""
        if not self.bids or not self.asks:
            return None
        return self.asks[0][0] - self.bids[0][0]


class OrderBookDelta(Deferred):
    """One change of an order book as the venue sent it, or the snapshot that precedes changes.

    ``message.is_snapshot`` tells which: a snapshot replaces both sides, a change sets the size
    of each level it names, and a size of zero removes the level.

    Attributes:
        bids: ``(price, size)`` in the venue's order.
        asks: ``(price, size)`` in the venue's order.
        previous_sequence: The sequence this change continues; None in a snapshot.
        sequence: The sequence after it.
    """

    _makers = MappingProxyType({"bids": _bids_in, "asks": _asks_in})

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    previous_sequence: int | None = None
    sequence: int | None = None


class Candle(Payload):
    """Open, high, low and close of one interval.

    Attributes:
        open_time: Start of the interval, Unix seconds.
        close_time: End of the interval, exclusive, Unix seconds.
        interval: The venue's spelling, for example ``1m``.
        open: First price.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Volume in base units.
        quote_volume: Turnover in quote units.
        trade_count: How many trades.
        is_closed: True once no further trade can fall into it.
    """

    open_time: float
    close_time: float
    interval: str
    open: Money
    high: Money
    low: Money
    close: Money
    volume: Money | None = None
    quote_volume: Money | None = None
    trade_count: int | None = None
    is_closed: bool = False


class BookTicker(Payload):
    """Top of book: best bid and best ask.

    Attributes:
        bid: Best bid price.
        bid_size: Size at it, base units.
        ask: Best ask price.
        ask_size: Size at it, base units.
    """

    bid: Money
    bid_size: Money | None = None
    ask: Money
    ask_size: Money | None = None
