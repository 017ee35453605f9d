"""Signatures as KuCoin wants them, and how old they may be. No socket here."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from weex_client.sandbox.keys import Keys
from weex_client.venues.kucoin.endpoints import sign

__all__ = ["RefusedError", "signed_account"]

# A signature is good for 5 s (API docs, "Authentication").
_WINDOW_MS: Final = 5_000

_HEADERS: Final = ("KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE")
_VERSIONS: Final = frozenset({"2", "3"})


class RefusedError(Exception):
    """The venue answers with this status, code and text."""

    def __init__(self, code: str, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.status = status
        self.body: dict[str, object] = {"code": code, "msg": text}


def signed_account(
    keys: Keys, headers: Mapping[str, str], signed: str, times_ms: Sequence[tuple[int, int]]
) -> str:
    """Return whose request it is.

    Args:
        keys: The accounts' keys.
        headers: Of the request, their names in upper case.
        signed: What is signed beside the timestamp: method, target and body.
        times_ms: Between which times, first and last, the exchange's clock can be seen to be.

    Raises:
        RefusedError: If it is nobody's; its body has the venue's code.

    Source:
        KuCoin, sheet section 1.1.
    """
    key, signature, timestamp, passphrase = (headers.get(name, "") for name in _HEADERS)
    if not key or not signature or not timestamp or not passphrase:
        raise RefusedError(
            "400001",
            "Please check the header of your request for KC-API-KEY,"
            " KC-API-SIGN, KC-API-TIMESTAMP, KC-API-PASSPHRASE",
            401,
        )
    is_time = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 18
    if not is_time or not any(
        low - _WINDOW_MS <= int(timestamp) <= high + _WINDOW_MS for low, high in times_ms
    ):
        raise RefusedError("400002", "Invalid KC-API-TIMESTAMP", 401)
    credentials = keys.get(key)
    if credentials is None or headers.get("KC-API-KEY-VERSION") not in _VERSIONS:
        raise RefusedError("400003", "KC-API-KEY not exists", 401)
    if not _same(sign(credentials.secret_key, credentials.passphrase), passphrase):
        raise RefusedError("400004", "Invalid KC-API-PASSPHRASE", 401)
    if not _same(sign(credentials.secret_key, timestamp + signed), signature):
        raise RefusedError("400005", "Invalid KC-API-SIGN", 401)
    return key


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode(errors="replace"))
