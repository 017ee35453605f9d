"""The venues, one package each; none knows another. Here is the list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from weex_client.config import StreamConfig
from weex_client.protocol import Venue
from weex_client.venues import weex

__all__ = ["VENUES", "VenueEntry"]


class VenueEntry(NamedTuple):
    """How to make a venue from its settings."""

    config: type[StreamConfig]
    venue: Callable[[Any], Venue]


VENUES: Final[Mapping[str, VenueEntry]] = {
    "weex": VenueEntry(weex.WeexConfig, weex.WeexVenue),
}
