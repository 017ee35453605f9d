"""Coinbase Exchange: the only package that knows how Coinbase spells things."""

from weex_client.venues.coinbase.channels import CoinbaseChannel
from weex_client.venues.coinbase.config import CoinbaseConfig
from weex_client.venues.coinbase.venue import CoinbaseVenue

__all__ = ["CoinbaseChannel", "CoinbaseConfig", "CoinbaseVenue"]
