"""What can be set for every venue, from arguments, the environment or a ``.env`` file.

A venue's own settings (its prefix, addresses and markets) live in its package.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from weex_client.errors import ConfigError

__all__ = ["StreamConfig", "is_loopback"]


class StreamConfig(BaseSettings):
    """Hold the settings that all venues share.

    Attributes:
        public_url: WebSocket address of market data; empty for the venue's own.
        private_url: WebSocket address of account data; empty for the venue's own.
        rest_url: HTTP address for what is read by request; empty for the venue's own.
        api_key: Key of the account.
        secret_key: Secret that signs; never sent.
        passphrase: Passphrase of the key.
        queue_size: Messages that may wait for one reader; 1 to 10 000 000.
        max_reconnect_attempts: Dials in a row before streams end, 1 or more; None for ever.
        reconnect_delay_seconds: First ceiling of the random wait before a dial; it doubles.
            More than 0, at most 3600.
        reconnect_max_delay_seconds: Last ceiling of that wait, not less than the first; at most
            86 400.
        stale_after_seconds: Silence after which a line, or a channel that used to speak, is
            doubted; None for the venue's own. More than 0, at most 86 400.
        open_timeout_seconds: How long one dial may take; more than 0, at most 600.
        connection_per_channel: Give each kind of channel connections of its own, so that one's
            trouble does not touch another.
        seed_private: After every (re)connection of a private stream, read the account's state
            and what happened meanwhile by request, where the venue repeats neither.

    Raises:
        ConfigError: If a value is out of range; the text names the setting.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    public_url: str = ""
    private_url: str = ""
    rest_url: str = ""
    api_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    passphrase: SecretStr | None = None
    queue_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    max_reconnect_attempts: Annotated[int | None, Field(ge=1, le=1_000_000_000)] = None
    reconnect_delay_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 1.0
    reconnect_max_delay_seconds: Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)] = 60.0
    stale_after_seconds: Annotated[float | None, Field(gt=0, le=86400, allow_inf_nan=False)] = None
    open_timeout_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 10.0
    connection_per_channel: bool = False
    seed_private: bool = True

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as exc:
            raise ConfigError(self._explained(exc)) from None

    @classmethod
    def from_env(cls, env_file: str | Path | None = None) -> Self:
        """Read the settings from the environment and a ``.env`` file.

        Args:
            env_file: Another file than ``.env`` in the working directory.

        Raises:
            ConfigError: If a value is out of range, or ``env_file`` does not exist.
        """
        if env_file is None:
            return cls()
        if not Path(env_file).is_file():
            raise ConfigError(f"there is no settings file {str(env_file)!r}")
        return cls(_env_file=env_file)

    @field_validator("public_url", "private_url")
    @classmethod
    def _is_websocket(cls, url: str) -> str:
        return _checked(url, ("ws", "wss"), "a WebSocket address (wss://...)")

    @field_validator("rest_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return _checked(url, ("http", "https"), "an HTTP address (https://...)")

    @model_validator(mode="after")
    def _delays_grow(self) -> Self:
        first, last = self.reconnect_delay_seconds, self.reconnect_max_delay_seconds
        if last < first:
            raise ValueError(
                f"reconnect_max_delay_seconds ({last:g}) must not be less than"
                f" reconnect_delay_seconds ({first:g}), from which the ceiling grows up to it"
            )
        return self

    @classmethod
    def _explained(cls, exc: ValidationError) -> str:
        """Turn a validation error into one line that names setting, variable and range."""
        prefix = cls.model_config.get("env_prefix") or ""
        complaints = []
        for error in exc.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(str(part) for part in error["loc"]) or "settings"
            variable = f" (environment: {prefix}{name.upper()})" if error["loc"] else ""
            said = error["msg"].removeprefix("Value error, ")
            field = cls.model_fields.get(name)
            allowed = "" if field is None else _range(field.metadata)
            complaints.append(f"{name}{variable}: {said}{allowed}")
        return "; ".join(complaints)

    def credentials(self) -> tuple[str, str, str] | None:
        """Return key, secret and passphrase in clear, or None if any of them is missing."""
        parts = (self.api_key, self.secret_key, self.passphrase)
        if any(part is None or not part.get_secret_value() for part in parts):
            return None
        key, secret, passphrase = (part.get_secret_value() for part in parts if part is not None)
        return key, secret, passphrase


def _checked(url: str, schemes: tuple[str, ...], wanted: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError(f"needs {wanted}: {exc}") from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise ValueError(f"needs {wanted}")
    if parts.username or parts.password:
        raise ValueError("must not contain a user name or a password")
    return url


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _range(metadata: Sequence[object]) -> str:
    """Return the bounds of a setting in words."""
    words = [
        f"{word} {getattr(bound, name)}"
        for bound in metadata
        for name, word in (("ge", "at least"), ("gt", "more than"), ("le", "at most"))
        if hasattr(bound, name)
    ]
    return f" (allowed: {' and '.join(words)})" if words else ""
