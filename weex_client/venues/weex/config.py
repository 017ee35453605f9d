"""The settings of WEEX: which market, and whose account. What all venues share is elsewhere."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from weex_client.config import StreamConfig
from weex_client.venues.weex.endpoints import PRIVATE_URLS, PUBLIC_URLS, REST_URLS, Market

__all__ = ["WeexConfig"]


class WeexConfig(StreamConfig):
    """Hold the settings of a WEEX client, with the prefix ``WEEX_`` in the environment.

    Attributes:
        market: ``contract`` (linear perpetuals) or ``spot``; decides the addresses not set.
    """

    model_config = SettingsConfigDict(env_prefix="WEEX_")

    market: Market = "contract"

    @model_validator(mode="before")
    @classmethod
    def _with_addresses(cls, values: Any) -> Any:
        market = values.get("market", "contract")
        if isinstance(market, str) and market in PUBLIC_URLS:
            for name, urls in (
                ("public_url", PUBLIC_URLS),
                ("private_url", PRIVATE_URLS),
                ("rest_url", REST_URLS),
            ):
                values[name] = values.get(name) or urls[market]
        return values
