"""The tokens that KuCoin's sockets open with: whose they are, and until when they are good."""

from __future__ import annotations

import base64
import secrets
from typing import Final

__all__ = ["LIFE_NS", "Tokens"]

# A day (sheet, 1).
LIFE_NS: Final = 24 * 3600 * 1_000_000_000

# More than any test asks for; the oldest are forgotten, and refused then.
_KEPT: Final = 10_000


class Tokens:
    """Hand out tokens, and know them again."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[str | None, int]] = {}

    def issue(self, account: str | None, now_ns: int) -> str:
        """Return a new token for an account, or for public data."""
        # As the venue's look: not every client quotes what it puts into an address.
        parts = (base64.urlsafe_b64encode(secrets.token_bytes(size)) for size in (112, 16))
        token = ".".join(part.decode() for part in parts)
        self._issued[token] = (account, now_ns)
        if len(self._issued) > _KEPT:
            del self._issued[next(iter(self._issued))]
        return token

    def holder(self, token: str, now_ns: int) -> tuple[str | None, int]:
        """Return whose token it is, None for public data, and when it ends.

        Raises:
            KeyError: If it is none, or good no longer.
        """
        account, issued_ns = self._issued[token]
        if now_ns >= issued_ns + LIFE_NS:
            raise KeyError(token)
        return account, issued_ns + LIFE_NS

    def expire(self) -> None:
        """Let no token that was handed out be good any longer."""
        self._issued.clear()
