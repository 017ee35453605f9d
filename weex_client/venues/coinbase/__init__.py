"""Coinbase Exchange: the only package that knows how Coinbase spells things."""

from weex_client.venues.coinbase.channels import CoinbaseChannel
from weex_client.venues.coinbase.config import CoinbaseConfig
from weex_client.venues.coinbase.order_wire import CoinbaseFill, CoinbaseOrder, OrderEvent
from weex_client.venues.coinbase.venue import CoinbaseVenue
from weex_client.venues.coinbase.wire import CoinbaseTicker, CoinbaseTrade, Heartbeat, VenueStatus

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
