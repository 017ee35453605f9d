"""WEEX V3, spot and contract: the only package that knows how WEEX spells things."""

from weex_client.venues.weex.config import WeexConfig
from weex_client.venues.weex.venue import WeexVenue

__all__ = ["WeexConfig", "WeexVenue"]
