"""The settings of KuCoin: whose account, and which version its key has."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from weex_client.config import StreamConfig
from weex_client.venues.kucoin.endpoints import PUBLIC_URL, REST_URL

__all__ = ["KucoinConfig"]


class KucoinConfig(StreamConfig):
    """Hold the settings of a KuCoin client, with the prefix ``KUCOIN_`` in the environment.

    Attributes:
        rest_url: Where tokens are asked for, and with them where to connect.
        public_url: Where to connect instead of where the token endpoint says; by default an
            address that is only what dials are counted by.
        private_url: The same for account data.
        key_version: Version of the key as the venue's page of it shows: ``2`` or ``3``.
    """

    model_config = SettingsConfigDict(env_prefix="KUCOIN_")

    key_version: Literal["2", "3"] = "3"

    @model_validator(mode="before")
    @classmethod
    def _with_addresses(cls, values: Any) -> Any:
        values["rest_url"] = values.get("rest_url") or REST_URL
        counted_by = _counted_by(values["rest_url"])
        for name in ("public_url", "private_url"):
            values[name] = values.get(name) or counted_by
        return values

    def own_address(self, url: str) -> str | None:
        """Return an address that was set, or None where the token endpoint says where to go."""
        return None if url == _counted_by(self.rest_url) else url


def _counted_by(rest_url: object) -> str:
    """Return the socket address that stands for a token endpoint."""
    if not isinstance(rest_url, str) or rest_url == REST_URL:
        return PUBLIC_URL
    parts = urlsplit(rest_url)
    return f"{'ws' if parts.scheme == 'http' else 'wss'}://{parts.netloc}"
