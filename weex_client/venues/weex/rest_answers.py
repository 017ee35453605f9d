"""What a WEEX V3 REST answer is at all: an answer, a refusal, or nonsense. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from pydantic import TypeAdapter

from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    DecodeError,
    RateLimitedError,
    VenueError,
)
from weex_client.models import exact_json, validated
from weex_client.rest import HttpResponse, Query

__all__ = ["answered", "shaped"]

T = TypeVar("T")

# What the venue's codes say against the credentials: key, sign, timestamp, passphrase (-1040 to
# -1049, of which -1045 is the content type), the user and the key's permissions and addresses
# (-1050 to -1057, of which -1054 is the venue's own trouble). Sheet, 3, and ccxt 4.5.90.
_SYSTEM_ERROR: Final = -1054
_ABOUT_WHO_ASKS: Final = frozenset(range(-1057, -1039)) - {-1045, -1048, _SYSTEM_ERROR}
# An order, spot and contract, that does not exist (ccxt 4.5.90).
_NO_SUCH_ORDER: Final = frozenset({-2200, -3200})

_MAX_WORDS: Final = 200


def answered(query: Query, response: HttpResponse, secrets: Sequence[str]) -> bytes | None:
    """Return what an answer says, or None if what was asked about does not exist.

    Args:
        query: The question.
        response: What came back.
        secrets: Texts that must not be repeated, whatever the venue quotes.

    Raises:
        AuthenticationError: If the venue refuses the credentials.
        RateLimitedError: If it wants to be asked later.
        ConnectError: If it cannot answer now.
        VenueError: If it refuses the question.
    """
    code, words = _complaint(response.body)
    if response.status < 300 and code is None:
        return response.body
    if code in _NO_SUCH_ORDER:
        return None
    for secret in secrets:
        words = words.replace(secret, "***")
    said = f" ({code}: {words})" if code is not None else ""
    status = response.status
    text = f"WEEX refused to tell the {query.about} with HTTP {status}{said}"
    if status in (401, 403) or code in _ABOUT_WHO_ASKS:
        raise AuthenticationError(
            f"{text}; check key, secret, passphrase, the key's permissions and address list, and"
            " this machine's clock",
            server_time_ns=response.server_time_ns,
        )
    if status == 429:
        raise RateLimitedError(text, retry_after_seconds=response.retry_after_seconds)
    if 300 <= status < 400:
        raise VenueError(
            f"{query.path} redirects with HTTP {status}: not followed, because credentials would"
            " go there; set rest_url in the configuration"
        )
    if status >= 500 or code == _SYSTEM_ERROR:
        raise ConnectError(
            text,
            url=query.path,
            status=status,
            retry_after_seconds=response.retry_after_seconds,
        )
    raise VenueError(text)


def _complaint(body: bytes) -> tuple[int | None, str]:
    """Read ``{"code": -1140, "msg": "..."}``; no code where an answer is none of these."""
    if not body.lstrip().startswith(b"{"):
        return None, ""
    try:
        fields = exact_json(body)
        code = int(fields["code"])
    except (DecodeError, KeyError, TypeError, ValueError):
        return None, ""
    words = "".join(each for each in str(fields.get("msg", "")) if each.isprintable())
    return (None if code in (0, 200) else code), words[:_MAX_WORDS]


def shaped(adapter: TypeAdapter[T], body: bytes, about: str) -> T:
    """Read an answer, bare or as the ``data`` of an envelope.

    Raises:
        DecodeError: If it does not fit; the text has no value of it, which is somebody's account.
    """
    content = exact_json(body, about)
    if isinstance(content, dict) and "code" in content and "data" in content:
        content = content["data"]
    return validated(adapter.validate_python, content, about)
