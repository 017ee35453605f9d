"""The settings of Smart Money: a key and an address. What all venues share is elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from weex_client.config import StreamConfig
from weex_client.venues.smartmoney.endpoints import URL

__all__ = ["SmartMoneyConfig"]


class SmartMoneyConfig(StreamConfig):
    """Hold the settings of a Smart Money client, with the prefix ``SMARTMONEY_``.

    The venue has one address and one key (``api_key``, ``SMARTMONEY_API_KEY``), no secret and no
    passphrase. It publishes no limits: those here are careful guesses, to be set to what your
    contract with the vendor says.

    Attributes:
        max_connections: Connections at a time; 1 to 1000.
        max_channels: Channels that one connection may hold; 1 to 10 000.
        requests_per_second: Subscribe and unsubscribe frames a second; 1 to 1000.
    """

    model_config = SettingsConfigDict(env_prefix="SMARTMONEY_")

    max_connections: Annotated[int, Field(ge=1, le=1000)] = 5
    max_channels: Annotated[int, Field(ge=1, le=10_000)] = 50
    requests_per_second: Annotated[int, Field(ge=1, le=1000)] = 5

    @model_validator(mode="before")
    @classmethod
    def _with_addresses(cls, values: Any) -> Any:
        values["public_url"] = values.get("public_url") or URL
        values["private_url"] = values.get("private_url") or values["public_url"]
        return values
