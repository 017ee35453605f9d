"""The channels of Smart Money, and how it spells them on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from weex_client.protocol import Feed

__all__ = ["FEEDS", "VENUE", "SmartMoneyChannel", "channel_and_asset", "is_asset", "whales_of"]

VENUE: Final = "smartmoney"


class SmartMoneyChannel(StrEnum):
    """What a stream is about, as ``message.channel`` and the command line spell it."""

    WHALES = "whales"
    FUNDING = "funding"
    LIQUIDATIONS = "liquidations"
    OPEN_INTEREST = "open_interest"
    FLOWS = "flows"
    SIGNALS = "signals"
    ALERTS = "alerts"
    STATUS = "status"


# The vendor's table of channels (sheet, 4). Whales have one for each asset, see `whales_of`.
FEEDS: Final[Mapping[SmartMoneyChannel, Feed]] = {
    SmartMoneyChannel.FUNDING: "derivatives:funding",
    SmartMoneyChannel.LIQUIDATIONS: "derivatives:liquidations",
    SmartMoneyChannel.OPEN_INTEREST: "derivatives:openinterest",
    SmartMoneyChannel.FLOWS: "onchain:flows",
    SmartMoneyChannel.SIGNALS: "signals:confirmation",
    SmartMoneyChannel.ALERTS: "market:alerts",
    SmartMoneyChannel.STATUS: "system:status",
}
_CHANNELS: Final = {feed: channel for channel, feed in FEEDS.items()}

_WHALES: Final = "whales:"
# Only BTC and ETH are shown, others are plausible (sheet, 4): anything that looks like a coin.
_is_asset = re.compile(r"[A-Z0-9]{1,20}").fullmatch


def is_asset(name: str | None) -> bool:
    """Tell whether a name is spelled as coins are: ``BTC``."""
    return name is not None and _is_asset(name) is not None


def whales_of(asset: str) -> Feed:
    """Return the channel of a coin's whales, as the venue spells it."""
    return f"{_WHALES}{asset}"


def channel_and_asset(spelled: str) -> tuple[SmartMoneyChannel, str | None] | None:
    """Return what a channel is that is spelled as on the wire, or None if there is none.

    Returns:
        The channel, and for whales the coin: ``whales:BTC`` is those of ``BTC``.
    """
    head, _, asset = spelled.partition(":")
    if f"{head.lower()}:" == _WHALES:
        return (SmartMoneyChannel.WHALES, asset.upper()) if is_asset(asset.upper()) else None
    channel = _CHANNELS.get(spelled.lower())
    return None if channel is None else (channel, None)
