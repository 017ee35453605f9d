"""What KuCoin answers over HTTP at all: content, a refusal, or nonsense; and what a token says.

Pure. What content means is in ``rest`` and ``books``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from weex_client.config import is_loopback
from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    DecodeError,
    RateLimitedError,
    VenueError,
    WeexClientError,
)
from weex_client.models import exact_json
from weex_client.protocol import Scope
from weex_client.rest import HttpResponse, Query
from weex_client.venues.kucoin.endpoints import BULLETS
from weex_client.venues.kucoin.rest import ORDER_PATH

__all__ = ["Ticket", "answered", "read_ticket"]

_SUCCESS: Final = "200000"
# A signature is good for five seconds, which a request may take over a slow line.
_TOO_LATE: Final = "400002"

# What the venue's codes say against the credentials: header missing, time, key, passphrase,
# signature, address list, permissions; a frozen user (API docs, "System error codes").
_ABOUT_WHO_ASKS: Final = frozenset(map(str, range(400001, 400008))) | {"411100"}
_TOO_FAST: Final = frozenset({"429000", "200002"})
_NO_SUCH_SYMBOL: Final = "900001"

_MAX_WORDS: Final = 200
_MAX_INTERVAL_SECONDS: Final = 3600.0

# Cloudflare's own page, and a ban without a word on how long, last 30 s (sheet, 3).
_PAUSE_SECONDS: Final = 30.0


class Ticket(NamedTuple):
    """Where to connect, and what the server wants.

    Attributes:
        url: With the token in it: a secret.
        ping_interval_seconds: How often it wants to be pinged.
        answer_seconds: How long its answers take at most.
    """

    url: str
    ping_interval_seconds: float
    answer_seconds: float


def read_ticket(
    response: HttpResponse, scope: Scope, asked_at: str, connect_id: str, own_address: str | None
) -> Ticket:
    """Read where a token lets us connect.

    Args:
        response: What the token endpoint answered.
        scope: Whose connection it is for.
        asked_at: The endpoint, as texts name it.
        connect_id: Ours, which the venue's greeting repeats.
        own_address: Where to connect instead, if that was set.

    Raises:
        AuthenticationError: If the venue refuses the credentials.
        RateLimitedError: If it wants to be asked later.
        ConnectError: If the answer is no token.
    """
    where = f"the token endpoint {asked_at.rstrip('/')}{BULLETS[scope]}"
    fields = _checked(response, f"{where} refused", asked_at, where)
    data: Any = fields.get("data")
    try:
        token = data["token"]
        server = next(
            each for each in data["instanceServers"] if own_address or _is_usable(each["endpoint"])
        )
        interval, timeout = (float(server[name]) / 1000 for name in ("pingInterval", "pingTimeout"))
        address = own_address or server["endpoint"]
    except (TypeError, KeyError, ValueError, StopIteration, OverflowError):
        token = ""
    if not isinstance(token, str) or not token:
        raise ConnectError(
            f"{where} answered without a token and an address to use it at",
            url=asked_at,
            status=response.status,
        )
    if not 0 < interval <= _MAX_INTERVAL_SECONDS or not 0 < timeout <= _MAX_INTERVAL_SECONDS:
        raise ConnectError(
            f"{where} wants pings every {interval:g} s, answered in {timeout:g} s: that cannot be",
            url=asked_at,
            status=response.status,
        )
    separator = "&" if "?" in address else "?"
    url = f"{address}{separator}token={quote(token, safe='')}&connectId={connect_id}"
    return Ticket(url, interval, timeout)


def _is_usable(endpoint: Any) -> bool:
    """Tell whether a socket address is one, and keeps the token from who listens on the way."""
    if not isinstance(endpoint, str):
        return False
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    is_safe = parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(endpoint))
    return is_safe and bool(parts.hostname) and not parts.username and not parts.fragment


def answered(query: Query, response: HttpResponse, secrets: Sequence[str]) -> bytes | None:
    """Return what an answer says, or None if what was asked about does not exist.

    Args:
        query: The question.
        response: What came back.
        secrets: Texts that must not be repeated, whatever the venue quotes.

    Raises:
        AuthenticationError: If the venue refuses the credentials.
        RateLimitedError: If it wants to be asked later.
        ConnectError: If it cannot answer now, or not as itself.
        VenueError: If it refuses the question.
    """
    about = f"KuCoin refused to tell the {query.about}"
    try:
        fields = _checked(response, about, query.path, query.path, secrets)
    except VenueError as exc:
        is_order = query.path.startswith(f"{ORDER_PATH}/") and "not exist" in str(exc).lower()
        if is_order and not isinstance(exc, AuthenticationError | RateLimitedError):
            return None
        raise
    # Of what it does not know it may tell nothing, with success.
    return response.body if fields.get("data") is not None else None


def _checked(
    response: HttpResponse, refusal: str, url: str, where: str, secrets: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the fields of a good answer; raise what a bad one means."""
    status = response.status
    try:
        fields = exact_json(response.body)
        code = fields["code"]
    except (DecodeError, KeyError, TypeError):
        raise _foreign(response, url, where) from None
    if status < 300 and code == _SUCCESS:
        return dict(fields)
    words = "".join(each for each in str(fields.get("msg", "")) if each.isprintable())[:_MAX_WORDS]
    for secret in secrets:
        words = words.replace(secret, "***")
    text = f"{refusal} with HTTP {status} ({code}: {words or 'no reason given'})"
    if code == _TOO_LATE:
        raise AuthenticationError(
            f"{text}; the signature came later than it is good for: the line is slow, or this"
            " machine's clock is wrong",
            server_time_ns=response.server_time_ns,
            retryable=True,
        )
    if status in (401, 403) or code in _ABOUT_WHO_ASKS:
        raise AuthenticationError(
            f"{text}; check key, secret, passphrase, key_version, the key's permissions and"
            " address list, and this machine's clock",
            server_time_ns=response.server_time_ns,
        )
    if status == 429 or code in _TOO_FAST:
        raise RateLimitedError(text, retry_after_seconds=response.retry_after_seconds)
    if status >= 500:
        raise ConnectError(
            text, url=url, status=status, retry_after_seconds=response.retry_after_seconds
        )
    if code == _NO_SUCH_SYMBOL:
        text += "; check the symbol's spelling"
    raise VenueError(text)


def _foreign(response: HttpResponse, url: str, where: str) -> WeexClientError:
    """Return what it means that something else than the venue's interface has answered."""
    status, body = response.status, response.body.lstrip()[:1]
    kind = "a page (HTML)" if body == b"<" else "nothing that KuCoin answers"
    text = f"{where} answered HTTP {status} with {kind}"
    if 300 <= status < 400:
        # A maintenance page, or a wrong address: at the first dial it is the second.
        return ConnectError(
            f"{text}: a redirection, not followed because credentials would go there; set rest_url",
            url=url,
            status=status,
            retryable=False,
        )
    retry_after_seconds = response.retry_after_seconds
    if status in (403, 429):
        # Cloudflare's 1015 comes as a page: this address is blocked for half a minute.
        retry_after_seconds = retry_after_seconds or _PAUSE_SECONDS
        return RateLimitedError(text, retry_after_seconds=retry_after_seconds)
    return ConnectError(
        f"{text}; is rest_url right, and is the venue up?",
        url=url,
        status=status,
        retry_after_seconds=retry_after_seconds,
    )
