"""A client in a background thread, for programs without asyncio. What it streams: ``client``."""

from weex_client.sync.client import SyncClient
from weex_client.sync.desk import SyncMetrics
from weex_client.sync.stream import SyncStream

__all__ = ["SyncClient", "SyncMetrics", "SyncStream"]
