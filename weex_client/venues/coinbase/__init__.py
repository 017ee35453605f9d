"""Coinbase Exchange: the only package that knows how Coinbase spells things."""

from weex_client.venues.coinbase.channels import CoinbaseChannel
from weex_client.venues.coinbase.config import CoinbaseConfig
from weex_client.venues.coinbase.venue import CoinbaseVenue
from weex_client.venues.coinbase.wire import (
    CoinbaseFill,
    CoinbaseOrder,
    CoinbaseTicker,
    CoinbaseTrade,
    Heartbeat,
    OrderEvent,
    VenueStatus,
)

__all__ = [
    "CoinbaseChannel",
    "CoinbaseConfig",
    "CoinbaseFill",
    "CoinbaseOrder",
    "CoinbaseTicker",
    "CoinbaseTrade",
    "CoinbaseVenue",
    "Heartbeat",
    "OrderEvent",
    "VenueStatus",
]
