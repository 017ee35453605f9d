"""The settings of WEEX: markets and addresses."""

from __future__ import annotations

from typing import Any

import pytest

from weex_client.errors import ConfigError
from weex_client.venues.weex import WeexConfig
from weex_client.venues.weex.endpoints import PRIVATE_URLS, PUBLIC_URLS, REST_URLS


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MARKET", "PUBLIC_URL", "PRIVATE_URL", "REST_URL"):
        monkeypatch.delenv(f"WEEX_{name}", raising=False)


def test_market_is_contract_unless_said_otherwise() -> None:
    config = WeexConfig()
    assert config.market == "contract"
    assert config.public_url == PUBLIC_URLS["contract"]
    assert config.private_url == PRIVATE_URLS["contract"]
    assert config.rest_url == REST_URLS["contract"]


def test_market_decides_the_addresses() -> None:
    config = WeexConfig(market="spot")
    assert config.public_url == PUBLIC_URLS["spot"]
    assert config.private_url == PRIVATE_URLS["spot"]
    assert config.rest_url == REST_URLS["spot"]


def test_market_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEX_MARKET", "spot")
    assert WeexConfig().public_url == PUBLIC_URLS["spot"]


def test_address_that_is_set_stays_whatever_the_market() -> None:
    config = WeexConfig(market="spot", public_url="ws://127.0.0.1:1/x", rest_url="")
    assert config.public_url == "ws://127.0.0.1:1/x"
    assert config.private_url == PRIVATE_URLS["spot"]
    assert config.rest_url == REST_URLS["spot"]


@pytest.mark.parametrize("market", ["swap", "SPOT", "", None, [], 1])
def test_unknown_market_is_refused_with_a_list_of_markets(market: object) -> None:
    with pytest.raises(
        ConfigError, match=r"market \(environment: WEEX_MARKET\): .*'contract' or 'spot'"
    ):
        WeexConfig(market=market)


def test_unknown_market_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEX_MARKET", "futures")
    with pytest.raises(ConfigError, match="WEEX_MARKET"):
        WeexConfig.from_env()


def test_reading_the_account_is_switched_off_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert WeexConfig(_env_file=None).seed_private
    monkeypatch.setenv("WEEX_SEED_PRIVATE", "false")
    assert not WeexConfig(_env_file=None).seed_private
