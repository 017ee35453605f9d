"""The messages that users read, an envelope and typed payloads, and how they are built."""

from weex_client.models.account import Account, Fill, Order, OrderStatus, Position
from weex_client.models.continuity import Continuity, Hole
from weex_client.models.deferred import made_later
from weex_client.models.events import ConnectionEvent, EventKind
from weex_client.models.level3 import OrderBook3View, OrderQueue
from weex_client.models.market import (
    BookTicker,
    Candle,
    OrderBookDelta,
    OrderBookView,
    Side,
    Ticker,
    Trade,
)
from weex_client.models.message import Message, enveloped, gone
from weex_client.models.payload import Level, Money, Payload, trusted
from weex_client.models.reading import exact_json, validated, validator

__all__ = [
    "Account",
    "BookTicker",
    "Candle",
    "ConnectionEvent",
    "Continuity",
    "EventKind",
    "Fill",
    "Hole",
    "Level",
    "Message",
    "Money",
    "Order",
    "OrderBook3View",
    "OrderBookDelta",
    "OrderBookView",
    "OrderQueue",
    "OrderStatus",
    "Payload",
    "Position",
    "Side",
    "Ticker",
    "Trade",
    "enveloped",
    "exact_json",
    "gone",
    "made_later",
    "trusted",
    "validated",
    "validator",
]
