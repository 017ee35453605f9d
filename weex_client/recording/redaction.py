"""Keeps secrets off the tape: credentials, signatures, tokens. Pure."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from weex_client.config import StreamConfig
from weex_client.recording.backlog import Mask

__all__ = ["Redaction"]

_NOTHING: Final = "***"

# As venues spell credentials in requests: Coinbase in its signed subscribe (``signature``,
# ``key``, ``passphrase``), Smart Money in its auth (``api_key``), KuCoin in addresses (``token``).
_NAMES: Final = frozenset(
    {
        "access_token",
        "apikey",
        "api_key",
        "auth",
        "jwt",
        "key",
        "listenkey",
        "passphrase",
        "password",
        "secret",
        "sign",
        "sig",
        "signature",
        "token",
    }
)
# No secret, but half of what a signature can be tried against.
_BESIDE: Final = frozenset({"timestamp"})

_FIELD: Final = r'"({})"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^\s",{{}}\[\]]+)'
_SECRET_FIELD: Final = re.compile(_FIELD.format("|".join(sorted(_NAMES))), re.IGNORECASE)
_FIELD_BESIDE: Final = re.compile(_FIELD.format("|".join(_BESIDE)), re.IGNORECASE)

# A shorter one, or a mere number, may stand in any frame by chance.
_TELLING_CHARACTERS: Final = 8


class Redaction:
    """Take a client's secrets out of what is about to be recorded.

    Args:
        config: The client's settings.
    """

    def __init__(self, config: StreamConfig) -> None:
        fields = [getattr(config, name) for name in type(config).model_fields]
        values = [each.get_secret_value() for each in fields if isinstance(each, SecretStr)]
        self._secrets = sorted({each for each in values if each}, key=len, reverse=True)
        telling = [each for each in self._secrets if _is_telling(each)]
        spelled = sorted({form for each in telling for form in _spellings(each)}, key=len)
        self._forms = tuple(form.encode() for form in reversed(spelled))
        self._form = re.compile(
            b"(?<![A-Za-z0-9])(?:" + b"|".join(map(re.escape, self._forms)) + b")(?![A-Za-z0-9])"
        )

    @property
    def mask(self) -> Mask | None:
        """Return what takes secrets out of what a venue says, or None where there are none.

        Venues do not repeat credentials; one that does, in an error perhaps, must not publish
        them. Secrets of less than eight characters are taken out of what we say only: digits
        that happen to stand in a frame are not worth a wrong price.
        """
        return self._masked if self._forms else None

    def _masked(self, frame: bytes) -> bytes:
        for form in self._forms:
            if form in frame:
                return self._form.sub(_NOTHING.encode(), frame)
        return frame

    def text(self, text: str) -> str:
        """Return an error's or event's words without secrets."""
        return self._masked(text.encode()).decode() if self._forms else text

    def sent(self, text: str) -> bytes:
        """Return a frame of ours without credentials, signatures and what goes with them."""
        bare, count = _SECRET_FIELD.subn(_blanked, text)
        if count:
            bare = _FIELD_BESIDE.sub(_blanked, bare)
        for secret in self._secrets:
            bare = bare.replace(json.dumps(secret), f'"{_NOTHING}"')
        return self._masked(bare.encode())

    def place(self, url: str) -> str:
        """Return path and query of an address without host and what may be secret."""
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        kept = urlencode([each for each in query if each[0].lower() not in _NAMES | _BESIDE])
        return self.text(f"{parts.path}?{kept}" if kept else parts.path)

    def settings(self, config: StreamConfig) -> str:
        """Return a client's settings as a JSON object, without secrets and queries."""
        fields = config.model_dump(mode="json")
        for name in type(config).model_fields:
            value = getattr(config, name)
            if isinstance(value, SecretStr):
                del fields[name]
            elif name.endswith("_url"):
                fields[name] = value.partition("?")[0]
        return self.text(json.dumps(fields, separators=(",", ":")))


def _is_telling(secret: str) -> bool:
    return len(secret) >= _TELLING_CHARACTERS and not re.fullmatch(r"[\d.]{1,15}", secret)


def _spellings(secret: str) -> tuple[str, ...]:
    """Return how a secret may stand in JSON and in addresses."""
    ascii_only, plain = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    encoded = urlencode({"": secret})[1:]
    return secret, plain, ascii_only, ascii_only.replace("/", "\\/"), encoded


def _blanked(found: re.Match[str]) -> str:
    return f'"{found[1]}":"{_NOTHING}"'
