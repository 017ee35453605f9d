"""The sink that writes to MongoDB. The driver is imported when one is made (extra ``mongo``)."""

from __future__ import annotations

from typing import Any

from weex_client.clock import Clock
from weex_client.sinks.documents import need_driver
from weex_client.sinks.sink import Sink

__all__ = ["MongoSink"]


class MongoSink(Sink):
    """Store messages in a MongoDB database, a collection for each channel.

    Args:
        uri: The server's address: ``mongodb://...`` or ``mongodb+srv://...``, with the options
            that MongoDB documents; what it says about write concern is kept.
        database: The database; the one of the address where None, and ``market`` where that
            names none.
        collection: One collection for all channels, instead of one for each.
        connect_seconds: How long the server may take to answer when the sink is opened; no
            longer than ``serverSelectionTimeoutMS`` of the address.
        write_seconds: How long it may take to write a batch; then it counts as away.
        options: As for ``Sink``.

    Raises:
        ConfigError: If the extra is not installed, or the address is none.
        SinkError: On entering, if the server does not answer, or refuses.
    """

    def __init__(
        self,
        uri: str,
        *,
        database: str | None = None,
        collection: str | None = None,
        connect_seconds: float = 5.0,
        write_seconds: float = 10.0,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        need_driver()
        from weex_client.sinks.mongo_store import MongoStore

        store = MongoStore(
            uri,
            database=database,
            collection=collection,
            connect_seconds=connect_seconds,
            write_seconds=write_seconds,
        )
        super().__init__(store, clock=clock, **options)
