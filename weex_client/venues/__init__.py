"""The venues, one package each; none knows another. This is their list.

Their clients, which users see, are in ``websocket``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from weex_client.config import StreamConfig
from weex_client.protocol import Venue
from weex_client.venues.coinbase import CoinbaseConfig, CoinbaseVenue
from weex_client.venues.kucoin import KucoinConfig, KucoinVenue
from weex_client.venues.smartmoney import SmartMoneyConfig, SmartMoneyVenue
from weex_client.venues.weex import WeexConfig, WeexVenue

__all__ = ["VENUES", "VenueKind"]


class VenueKind(NamedTuple):
    """How a venue is made: from its settings."""

    config_class: type[StreamConfig]
    venue_class: Callable[..., Venue]


VENUES: Final[Mapping[str, VenueKind]] = {
    "weex": VenueKind(WeexConfig, WeexVenue),
    "smartmoney": VenueKind(SmartMoneyConfig, SmartMoneyVenue),
    "coinbase": VenueKind(CoinbaseConfig, CoinbaseVenue),
    "kucoin": VenueKind(KucoinConfig, KucoinVenue),
}
