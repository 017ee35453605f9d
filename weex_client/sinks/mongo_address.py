"""What may be said of a MongoDB address, and what may not. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

__all__ = ["place_of", "secrets_of"]

# What stands behind a host's colon is a number, or the start of a login without its end.
_HOST = r"(?:[\w.\-%]+|\[[\da-fA-F:.]+\])(?::\d+)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*(?:/[\w.\-]*)?").fullmatch


def place_of(uri: str) -> str:
    """Return an address without user, password and options.

    A password that is not encoded as it should be may make hosts hard to tell: then the scheme
    alone is said.
    """
    scheme, _, rest = uri.partition("://")
    scheme = scheme if scheme in ("mongodb", "mongodb+srv") else "mongodb"
    place = rest.partition("?")[0]
    if "@" in rest and "@" not in place:
        return f"{scheme}://..."
    place = place.rpartition("@")[2]
    return f"{scheme}://{place if _HOSTS(place) else '...'}"


def secrets_of(uri: str) -> frozenset[str]:
    """Return what no text may show: the password, as it is spelled and as it is meant."""
    login, at, _ = uri.partition("://")[2].rpartition("@")
    password = login.partition(":")[2]
    return frozenset({password, unquote_plus(password)} - {""}) if at else frozenset()
