"""Settings from arguments, the environment and files, and what is said about bad ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from weex_client.config import StreamConfig, is_loopback
from weex_client.errors import ConfigError, UsageError
from weex_client.venues.weex import WeexConfig

KEYS = {"api_key": "KEY-1", "secret_key": "SECRET-2", "passphrase": "PASS-3"}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("WEEX_"):
            monkeypatch.delenv(name)


def test_defaults_are_those_of_the_contract() -> None:
    config = WeexConfig()
    assert config.queue_size == 1000
    assert config.max_reconnect_attempts is None
    assert config.reconnect_delay_seconds == 1
    assert config.reconnect_max_delay_seconds == 60
    assert config.stale_after_seconds is None
    assert config.credentials() is None


def test_environment_is_read_with_the_venues_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEX_QUEUE_SIZE", "5")
    monkeypatch.setenv("QUEUE_SIZE", "6")
    monkeypatch.setenv("KUCOIN_QUEUE_SIZE", "7")
    assert WeexConfig.from_env().queue_size == 5


def test_another_prefix_is_another_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    class OtherConfig(StreamConfig):
        model_config = {"env_prefix": "OTHER_"}

    monkeypatch.setenv("WEEX_QUEUE_SIZE", "5")
    monkeypatch.setenv("OTHER_QUEUE_SIZE", "6")
    assert (OtherConfig().queue_size, WeexConfig().queue_size) == (6, 5)
    with pytest.raises(ConfigError, match="OTHER_QUEUE_SIZE"):
        OtherConfig(queue_size=0)


def test_dot_env_of_the_working_directory_is_read() -> None:
    Path(".env").write_text("WEEX_QUEUE_SIZE=7\nWEEX_API_KEY=k\nNOT_OURS=1\n")
    config = WeexConfig.from_env()
    assert config.queue_size == 7
    assert config.api_key is not None


def test_named_file_is_read_instead(tmp_path: Path) -> None:
    Path(".env").write_text("WEEX_QUEUE_SIZE=7\n")
    other = tmp_path / "other.env"
    other.write_text("WEEX_QUEUE_SIZE=8\nWEEX_MARKET=spot\n")
    config = WeexConfig.from_env(other)
    assert (config.queue_size, config.market) == (8, "spot")
    assert WeexConfig.from_env(str(other)) == config


def test_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no settings file '.*missing\.env'"):
        WeexConfig.from_env(tmp_path / "missing.env")


def test_argument_beats_environment_beats_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WEEX_QUEUE_SIZE=1\nWEEX_OPEN_TIMEOUT_SECONDS=2\n")
    monkeypatch.setenv("WEEX_QUEUE_SIZE", "3")
    assert WeexConfig().queue_size == 3
    assert WeexConfig(queue_size=4).queue_size == 4
    assert WeexConfig().open_timeout_seconds == 2


def test_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEX_QUEUE_SIZE", "")
    monkeypatch.setenv("WEEX_PUBLIC_URL", "")
    config = WeexConfig()
    assert config.queue_size == 1000
    assert config.public_url.startswith("wss://")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("queue_size", 0),
        ("queue_size", "many"),
        ("max_reconnect_attempts", 0),
        ("reconnect_delay_seconds", 0),
        ("reconnect_delay_seconds", "nan"),
        ("reconnect_max_delay_seconds", -1),
        ("stale_after_seconds", "inf"),
        ("open_timeout_seconds", 0),
    ],
)
def test_value_out_of_range_is_refused_by_setting_and_variable(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        WeexConfig(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"{name} (environment: WEEX_{name.upper()}): ")
    assert "\n" not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        WeexConfig(queue_size=0, open_timeout_seconds=0)
    assert "WEEX_QUEUE_SIZE" in str(caught.value)
    assert "WEEX_OPEN_TIMEOUT_SECONDS" in str(caught.value)


def test_configuration_error_is_the_users_and_a_value_error() -> None:
    with pytest.raises(ConfigError) as caught:
        WeexConfig(queue_size=0)
    assert isinstance(caught.value, UsageError | ValueError)
    assert not caught.value.retryable


def test_fault_of_the_settings_as_a_whole_names_no_variable() -> None:
    from pydantic import model_validator

    class PickyConfig(StreamConfig):
        @model_validator(mode="after")
        def _refuse(self) -> PickyConfig:
            raise ValueError("never good")

    with pytest.raises(ConfigError, match=r"^settings: never good$"):
        PickyConfig()


# Addresses.


@pytest.mark.parametrize("name", ["public_url", "private_url"])
@pytest.mark.parametrize(
    "url",
    [
        "https://ws.example/x",
        "ws.example/x",
        "wss://",
        "wss:///path",
        "ftp://x",
        "wss://x:0/",
        "wss://x:99999/",
        "wss://[::1/",
        "wss://x:port/",
    ],
)
def test_address_that_is_no_websocket_is_refused_with_what_is_needed(name: str, url: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"{name} \(environment: WEEX_{name.upper()}\): needs a WebSocket addr"
    ):
        WeexConfig(**{name: url})  # type: ignore[arg-type]


def test_address_for_requests_is_http() -> None:
    assert WeexConfig(rest_url="http://127.0.0.1:1").rest_url == "http://127.0.0.1:1"
    with pytest.raises(ConfigError, match=r"rest_url .*: needs an HTTP address \(https://"):
        WeexConfig(rest_url="wss://x")


@pytest.mark.parametrize("url", ["wss://me:hush@ws.example/", "wss://me@ws.example/"])
def test_address_with_a_login_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="must not contain a user name or a password") as caught:
        WeexConfig(public_url=url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:8765/ws", "wss://ws.example:443/a?b=c"])
def test_address_is_kept_as_given(url: str) -> None:
    assert WeexConfig(public_url=url).public_url == url


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("ws://127.0.0.1/", True),
        ("ws://127.9.9.9:1/", True),
        ("ws://LOCALHOST:1/", True),
        ("ws://[::1]:1/", True),
        ("ws://10.0.0.1/", False),
        ("ws://127.0.0.1.example/", False),
        ("ws://localhost.example/", False),
        ("wss://ws-spot.weex.com/", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_the_network(url: str, answer: bool) -> None:
    assert is_loopback(url) is answer


# Secrets.


def test_credentials_are_key_secret_and_passphrase() -> None:
    assert WeexConfig(**KEYS).credentials() == ("KEY-1", "SECRET-2", "PASS-3")  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", KEYS)
@pytest.mark.parametrize("value", ["", None])
def test_credentials_are_complete_or_none(missing: str, value: str | None) -> None:
    values: dict[str, Any] = KEYS | {missing: value}
    assert WeexConfig(**values).credentials() is None


def test_secrets_do_not_show() -> None:
    config = WeexConfig(**KEYS)  # type: ignore[arg-type]
    shown = repr(config) + str(config) + config.model_dump_json() + repr(config.model_dump())
    assert not any(secret in shown for secret in KEYS.values())


def test_error_does_not_repeat_what_was_set() -> None:
    with pytest.raises(ConfigError) as caught:
        WeexConfig(api_key=["HUSH"], queue_size="HUSH")  # type: ignore[arg-type]
    assert "api_key (environment: WEEX_API_KEY)" in str(caught.value)
    assert "HUSH" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_cannot_be_changed_afterwards() -> None:
    config = WeexConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.queue_size = 5  # type: ignore[misc]
