"""The settings of clients that use the exchange, by venue: the only place that names them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from weex_client.config import StreamConfig
from weex_client.sandbox.front import Front
from weex_client.sandbox.keys import SANDBOX_ACCOUNT
from weex_client.sandbox.premises import Premises
from weex_client.venues.coinbase import CoinbaseConfig
from weex_client.venues.kucoin import KucoinConfig
from weex_client.venues.smartmoney import SmartMoneyConfig
from weex_client.venues.weex import WeexConfig
from weex_client.venues.weex.endpoints import Market

__all__ = ["ClientConfigs"]


class ClientConfigs:
    """Give settings for each venue that an open exchange is."""

    _fronts: Mapping[str, Front]
    _premises: Premises

    def config(
        self, venue: str, *, account: str = SANDBOX_ACCOUNT.api_key, **options: Any
    ) -> StreamConfig:
        """Return the settings with which a venue's client uses this exchange.

        Args:
            venue: By the name under which it is registered.
            account: Whose, by key.
            **options: More settings of that venue.

        Raises:
            KeyError: If there is no such venue or account.
            ConfigError: If a setting is wrong.
        """
        return self._fronts[venue].config(self._premises.keys[account], **options)

    def weex_config(
        self, market: Market = "contract", *, account: str = SANDBOX_ACCOUNT.api_key
    ) -> WeexConfig:
        """Return the settings with which a WEEX client uses this exchange.

        Raises:
            KeyError: If there is no such account.
        """
        return cast("WeexConfig", self.config("weex", account=account, market=market))

    def coinbase_config(self, *, account: str = SANDBOX_ACCOUNT.api_key) -> CoinbaseConfig:
        """Return the settings with which a client of Coinbase Exchange uses this exchange.

        The secret is the account's in base64, as that venue shows secrets.

        Raises:
            KeyError: If there is no such account.
        """
        return cast("CoinbaseConfig", self.config("coinbase", account=account))

    def smartmoney_config(self, *, account: str = SANDBOX_ACCOUNT.api_key) -> SmartMoneyConfig:
        """Return the settings with which a Smart Money client uses this exchange.

        Raises:
            KeyError: If there is no such account.
        """
        return cast("SmartMoneyConfig", self.config("smartmoney", account=account))

    def kucoin_config(self, *, account: str = SANDBOX_ACCOUNT.api_key) -> KucoinConfig:
        """Return the settings with which a KuCoin client uses this exchange.

        Raises:
            KeyError: If there is no such account.
        """
        return cast("KucoinConfig", self.config("kucoin", account=account))
