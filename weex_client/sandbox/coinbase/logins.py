"""Signatures as Coinbase Exchange wants them, and how old they may be. No socket here."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from weex_client.sandbox.keys import Credentials, Keys
from weex_client.venues.coinbase.endpoints import VERIFY_TARGET, sign

__all__ = ["Logins", "RefusedLoginError", "encoded_secret"]

# A signature is good for 30 s (sheet, 3).
WINDOW_MS: Final = 30_000

_TIMESTAMP = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?").fullmatch


class RefusedLoginError(Exception):
    """The venue refuses credentials in these words."""


def encoded_secret(credentials: Credentials) -> str:
    """Return an account's secret as this venue shows it: in base64."""
    return base64.b64encode(credentials.secret_key.encode()).decode()


class Logins:
    """Check what is signed with the accounts' keys.

    Args:
        keys: Who may see which account.
        times_ms: Returns between which times, first and last, the clock can be seen to be.
    """

    def __init__(self, keys: Keys, times_ms: Callable[[], Sequence[tuple[int, int]]]) -> None:
        self._keys = keys
        self._times_ms = times_ms

    def of_request(self, parts: Mapping[str, str]) -> str:
        """Return whose subscribe request it is.

        Raises:
            RefusedLoginError: If it is nobody's.
        """
        return self._account(
            parts["key"], parts["passphrase"], parts["timestamp"], parts["signature"], VERIFY_TARGET
        )

    def of_call(self, headers: Mapping[str, str], signed: str) -> str:
        """Return whose HTTP request it is.

        Args:
            headers: Its headers, names in upper case.
            signed: Method, target and body.

        Raises:
            RefusedLoginError: If it is nobody's.
        """
        names = ("KEY", "PASSPHRASE", "TIMESTAMP", "SIGN")
        parts = [headers.get(f"CB-ACCESS-{name}", "") for name in names]
        for name, value in zip(names, parts, strict=True):
            if not value:
                raise RefusedLoginError(f"CB-ACCESS-{name} header is required")
        key, passphrase, timestamp, signature = parts
        return self._account(key, passphrase, timestamp, signature, signed)

    def _account(
        self, key: str, passphrase: str, timestamp: str, signature: str, signed: str
    ) -> str:
        credentials = self._keys.get(key)
        if credentials is None:
            raise RefusedLoginError("Invalid API Key")
        shape = _TIMESTAMP(timestamp)
        if shape is None:
            raise RefusedLoginError("invalid timestamp")
        time_ms = int(shape[1]) * 1000 + int((shape[2] or "0")[:3].ljust(3, "0"))
        if not any(
            low - WINDOW_MS <= time_ms <= high + WINDOW_MS for low, high in self._times_ms()
        ):
            raise RefusedLoginError("request timestamp expired")
        if not _same(credentials.passphrase, passphrase):
            raise RefusedLoginError("Invalid Passphrase")
        if not _same(sign(encoded_secret(credentials), timestamp + signed), signature):
            raise RefusedLoginError("invalid signature")
        return key


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode(errors="replace"))
