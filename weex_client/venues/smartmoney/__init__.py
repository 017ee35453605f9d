"""Smart Money API: the only package that knows how this venue spells things."""

from weex_client.venues.smartmoney.channels import SmartMoneyChannel
from weex_client.venues.smartmoney.config import SmartMoneyConfig
from weex_client.venues.smartmoney.venue import SmartMoneyVenue
from weex_client.venues.smartmoney.wire import (
    FundingRate,
    Liquidation,
    Signal,
    SmartMoneyEvent,
    WhaleUpdate,
)

__all__ = [
    "FundingRate",
    "Liquidation",
    "Signal",
    "SmartMoneyChannel",
    "SmartMoneyConfig",
    "SmartMoneyEvent",
    "SmartMoneyVenue",
    "WhaleUpdate",
]
