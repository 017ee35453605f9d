"""Who may see which account: the keys of the exchange. How they are signed with is a venue's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["SANDBOX_ACCOUNT", "Credentials", "Keys"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account's owner signs with; only the key is shown."""

    api_key: str
    secret_key: str = field(repr=False)
    passphrase: str = field(repr=False)


# The account that every venue of the exchange knows.
SANDBOX_ACCOUNT: Final = Credentials("sandbox-key", "sandbox-secret", "sandbox-passphrase")


class Keys:
    """Know the accounts by their keys; every venue takes the same ones."""

    def __init__(self) -> None:
        self._known: dict[str, Credentials] = {}

    def __getitem__(self, api_key: str) -> Credentials:
        return self._known[api_key]

    def get(self, api_key: str) -> Credentials | None:
        """Return what goes with a key, or None if nobody has it."""
        return self._known.get(api_key)

    def add(self, credentials: Credentials) -> None:
        """Let somebody in from now on.

        Raises:
            ValueError: If a part is empty, or the key known.
        """
        parts = (credentials.api_key, credentials.secret_key, credentials.passphrase)
        if not all(parts):
            raise ValueError("an account needs a key, a secret and a passphrase")
        if credentials.api_key in self._known:
            raise ValueError(f"there is an account {credentials.api_key!r} already")
        self._known[credentials.api_key] = credentials
