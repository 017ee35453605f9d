"""KuCoin's classic spot feed: the only package that knows how KuCoin spells things."""

from weex_client.venues.kucoin.channels import KucoinChannel
from weex_client.venues.kucoin.config import KucoinConfig
from weex_client.venues.kucoin.venue import KucoinVenue
from weex_client.venues.kucoin.wire import (
    KucoinAccount,
    KucoinFill,
    KucoinOrder,
    KucoinSnapshot,
    KucoinTicker,
    KucoinTrade,
)

__all__ = [
    "KucoinAccount",
    "KucoinChannel",
    "KucoinConfig",
    "KucoinFill",
    "KucoinOrder",
    "KucoinSnapshot",
    "KucoinTicker",
    "KucoinTrade",
    "KucoinVenue",
]
