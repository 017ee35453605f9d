"""Where messages can be kept: an SQLite file, a MongoDB database, or a store of your own."""

from weex_client.sinks.addresses import sink_at
from weex_client.sinks.contract import Outcome, RefusedRowsError, SinkStats, Store
from weex_client.sinks.documents import document
from weex_client.sinks.mongo import MongoSink
from weex_client.sinks.rows import Identity, Row, row_of
from weex_client.sinks.sink import Sink
from weex_client.sinks.sqlite_store import SQLiteSink

__all__ = [
    "Identity",
    "MongoSink",
    "Outcome",
    "RefusedRowsError",
    "Row",
    "SQLiteSink",
    "Sink",
    "SinkStats",
    "Store",
    "document",
    "row_of",
    "sink_at",
]
