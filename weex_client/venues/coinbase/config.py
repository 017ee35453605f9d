"""The settings of Coinbase Exchange. What all venues share is elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from weex_client.config import StreamConfig
from weex_client.venues.coinbase.endpoints import FEED_URL, REST_URL, decoded_secret

__all__ = ["CoinbaseConfig"]


class CoinbaseConfig(StreamConfig):
    """Hold the settings of a Coinbase Exchange client, with the prefix ``COINBASE_``.

    With credentials the order book comes from the channel ``level2``, which has every change;
    without them from ``level2_batch``, which sends changes every 50 ms.

    Attributes:
        products: Whose orders and fills are streamed; empty for all products. In the environment
            separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix="COINBASE_")

    products: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("secret_key")
    @classmethod
    def _is_base64(cls, secret: SecretStr | None) -> SecretStr | None:
        # Said here, long before a dial would be refused for it.
        if secret is not None and secret.get_secret_value():
            decoded_secret(secret.get_secret_value())
        return secret

    @field_validator("products", mode="before")
    @classmethod
    def _as_list(cls, products: Any) -> Any:
        if isinstance(products, str):
            products = products.split(",")
        return tuple(each.strip().upper() for each in products if each.strip())

    @model_validator(mode="before")
    @classmethod
    def _with_addresses(cls, values: Any) -> Any:
        values["public_url"] = values.get("public_url") or FEED_URL
        values["private_url"] = values.get("private_url") or values["public_url"]
        values["rest_url"] = values.get("rest_url") or REST_URL
        return values
