"""Which sink an address stands for. What sinks do lives in their own modules."""

from __future__ import annotations

from typing import Any

from weex_client.errors import ConfigError
from weex_client.sinks.mongo import MongoSink
from weex_client.sinks.sink import Sink
from weex_client.sinks.sqlite_store import SQLiteSink

__all__ = ["sink_at"]


def sink_at(address: str, **options: Any) -> Sink:
    """Return the sink for an address.

    Args:
        address: ``sqlite:FILE``, ``mongodb://...`` or ``mongodb+srv://...``.
        options: As for ``Sink``.

    Raises:
        ConfigError: If the address is none of these, or the driver is not installed.
    """
    scheme, colon, rest = address.partition(":")
    if scheme == "sqlite" and rest.removeprefix("//"):
        return SQLiteSink(rest.removeprefix("//"), **options)
    if colon and scheme in ("mongodb", "mongodb+srv"):
        return MongoSink(address, **options)
    # What was given may hold a password: it is not repeated.
    raise ConfigError("where to store is sqlite:FILE, or mongodb://HOST/DATABASE")
