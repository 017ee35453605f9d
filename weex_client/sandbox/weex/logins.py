"""Signatures as WEEX wants them, and how old they may be. No socket here."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from weex_client.sandbox.keys import Keys
from weex_client.venues.weex.endpoints import sign

__all__ = ["Logins", "RefusedLoginError"]

# A signature is good for 30 s (sheet, 9).
WINDOW_MS: Final = 30_000


class RefusedLoginError(Exception):
    """The venue answers HTTP 401 with this code and text."""

    status: Final = 401

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.body: dict[str, object] = {"code": code, "msg": text}


class Logins:
    """Check what is signed with the accounts' keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def account(
        self,
        headers: Mapping[str, str],
        signed: str,
        times_ms: Sequence[tuple[int, int]],
    ) -> str:
        """Return whose request it is.

        Args:
            headers: Of the request.
            signed: What is signed beside the timestamp.
            times_ms: Between which times, first and last, the exchange's clock can be seen to be.

        Raises:
            RefusedLoginError: If it is nobody's; its body has the venue's code.

        Source:
            WEEX V3, sheet section 3.
        """
        key = headers.get("ACCESS-KEY", "")
        signature = headers.get("ACCESS-SIGN", "")
        timestamp = headers.get("ACCESS-TIMESTAMP", "")
        for code, name, value in (
            (-1040, "ACCESS_KEY", key),
            (-1041, "ACCESS_SIGN", signature),
            (-1042, "ACCESS_TIMESTAMP", timestamp),
        ):
            if not value:
                raise RefusedLoginError(code, f"{name} header is required.")
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 18:
            raise RefusedLoginError(-1043, "Invalid ACCESS_TIMESTAMP.")
        credentials = self._keys.get(key)
        if credentials is None:
            raise RefusedLoginError(-1044, "Invalid ACCESS_KEY.")
        time_ms = int(timestamp)
        if not any(low - WINDOW_MS <= time_ms <= high + WINDOW_MS for low, high in times_ms):
            raise RefusedLoginError(-1046, "Request timestamp expired.")
        if not _same(credentials.passphrase, headers.get("ACCESS-PASSPHRASE", "")):
            raise RefusedLoginError(-1049, "API key or passphrase incorrect.")
        if not _same(sign(credentials.secret_key, timestamp + signed), signature):
            raise RefusedLoginError(-1047, "API authentication failed.")
        return key


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode(errors="replace"))
