"""Settings of Coinbase Exchange."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from weex_client.errors import ConfigError
from weex_client.venues.coinbase.config import CoinbaseConfig


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("COINBASE_"):
            monkeypatch.delenv(name)


def test_production_addresses_are_the_defaults() -> None:
    config = CoinbaseConfig()
    assert config.public_url == config.private_url == "wss://ws-feed.exchange.coinbase.com"
    assert config.rest_url == "https://api.exchange.coinbase.com"
    assert config.products == ()


def test_undecodable_secret_is_said_at_once_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COINBASE_SECRET_KEY", "hunter2-no-base64")
    with pytest.raises(ConfigError, match=r"COINBASE_SECRET_KEY.*base64") as refusal:
        CoinbaseConfig.from_env()
    assert "hunter2" not in str(refusal.value)


def test_products_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINBASE_PRODUCTS", "btc-usd, ETH-USD,")
    monkeypatch.setenv("COINBASE_PUBLIC_URL", "ws://127.0.0.1:1/coinbase")
    config = CoinbaseConfig.from_env()
    assert config.products == ("BTC-USD", "ETH-USD")
    assert config.private_url == config.public_url


def test_secret_is_kept_as_it_is_spelled() -> None:
    config = CoinbaseConfig(
        api_key=SecretStr("k"), secret_key=SecretStr("YWJj"), passphrase=SecretStr("p")
    )
    assert config.credentials() == ("k", "YWJj", "p")
