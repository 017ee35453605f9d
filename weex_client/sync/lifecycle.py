"""How a client in a thread begins and ends, in every way that programs do. What it does: client."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from weex_client.client import StreamClient
from weex_client.errors import ClientClosedError, UsageError
from weex_client.metrics import ClientStats
from weex_client.models import Continuity
from weex_client.sync.desk import Desk
from weex_client.sync.worker import Worker

__all__ = ["Lifecycle"]

logger = logging.getLogger("weex_client")

T = TypeVar("T")

# The client itself says goodbye within a second; a handler that does not return is left alone.
_CLOSE_SECONDS = 1.8

# Who has a thread now: closed before the interpreter ends.
_running: dict[int, Lifecycle] = {}


class Lifecycle:
    """Start and close a client, any number of times.

    Args:
        make: Returns a client, not yet open.
        desk: Takes what comes.
    """

    def __init__(self, make: Callable[[], StreamClient], desk: Desk) -> None:
        self._make = make
        self._desk = desk
        self._lock = threading.RLock()  # the collector may run a __del__ that closes us
        self._worker: Worker | None = None

    def start(self) -> None:
        """Open the connection, call ``on_open``, and ask for all streams; harmless when open.

        A closed client can be started again: with the same streams and handlers, and counters
        that go on.

        Raises:
            ConfigError: If a setting is wrong or credentials are missing.
            ConnectError: If the venue cannot be reached; ``retry_first_connect=True`` goes on
                trying.
            UnsupportedChannelError: If the venue lacks one of the streams.
            ClientClosedError: If it is closed meanwhile.
            UsageError: If it is called in the client's own thread.
        """
        worker = self._worker
        if worker is not None and worker.is_mine:
            raise UsageError("handlers cannot start their own client: do it in another thread")
        if worker is not None and worker.is_stopping and not worker.join(_CLOSE_SECONDS):
            raise UsageError("the client is still closing: a handler has not returned")
        with self._lock:
            worker = self._worker
            if worker is None or worker.is_stopping:
                worker = self._worker = self._launched()
        try:
            worker.wait_until_started()
        except BaseException:
            self.close()
            raise

    def _launched(self) -> Worker:
        """Return what runs a new client."""
        desk = self._desk
        desk.begin()
        try:
            worker = Worker(self._make(), desk, lambda: _forget(self))
            _running[id(self)] = self
            worker.launch()
        except BaseException as exc:
            _forget(self)
            desk.end(exc if isinstance(exc, Exception) else None)
            raise
        return worker

    def close(self) -> None:
        """End all streams, close the connection and end the thread, within two seconds.

        May be called from any thread, again, and from handlers, where it does not wait. Whoever
        iterates still gets what waits.
        """
        self._stop()
        self._wait_for_end(_CLOSE_SECONDS)

    def _stop(self) -> None:
        with self._lock:  # a start in another thread has launched it and not noted it yet
            worker = self._worker
        if worker is not None:
            worker.stop()
            self._desk.end()

    def _wait_for_end(self, seconds: float) -> None:
        worker = self._worker
        if worker is None or worker.is_mine:
            return
        if not worker.join(seconds):
            logger.warning("a handler has not returned: the client's thread ends when it does")

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing can come any more: for programs in which handlers do the work.

        Args:
            timeout: How many seconds at most; None for ever.

        Returns:
            Whether it is so.

        Raises:
            WeexClientError: What ended the streams, if it was an error.
            UsageError: If it is called in the client's own thread.
        """
        if self._worker is not None and self._worker.is_mine:
            raise UsageError("a handler cannot wait for the end of its own client")
        is_over = self._worker is None or self._desk.over.wait(timeout)
        if is_over and self._desk.error is not None:
            raise self._desk.error
        return is_over

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_connected(self) -> bool:
        """True while the client is open, unless a connection that is needed is down."""
        worker = self._running_worker()
        if worker is None:
            return False
        try:
            return worker.call(lambda: worker.client.is_connected)
        except ClientClosedError:
            return False

    def stats(self) -> ClientStats:
        """Return what the connections received and lost, since the last start.

        Raises:
            ClientClosedError: If the client was never started.
        """
        return self._asked(StreamClient.stats)

    def continuity(self) -> tuple[Continuity, ...]:
        """Return how much of the time since the last start each channel was complete.

        Raises:
            ClientClosedError: If the client was never started.
        """
        return self._asked(StreamClient.continuity)

    def _asked(self, question: Callable[[StreamClient], T]) -> T:
        """Ask the client something in its own thread, or here when that is gone."""
        worker = self._worker
        if worker is None:
            raise ClientClosedError("the client was not started")
        try:
            return worker.call(lambda: question(worker.client))
        except ClientClosedError:
            return question(worker.client)

    def _fork(self) -> None:
        """Be, in a forked child, a client that was not started: its thread stayed behind."""
        _left_behind.append(self._worker)
        self._worker = None
        self._lock = threading.RLock()
        self._desk.fork()

    def _running_worker(self) -> Worker | None:
        """Return what runs the client, unless that is over or soon will be."""
        worker = self._worker
        return None if worker is None or worker.is_stopping else worker


# The child of a fork must not touch what it shares with its parent, not even to close it.
_left_behind: list[Worker | None] = []


def _forget(client: Lifecycle) -> None:
    _running.pop(id(client), None)


def _close_all() -> None:
    """Say goodbye to every venue before the interpreter ends."""
    ends_at = time.monotonic() + _CLOSE_SECONDS
    clients = tuple(_running.values())
    for client in clients:
        client._stop()  # noqa: SLF001 - all of them before the first wait
    for client in clients:
        client._wait_for_end(max(0.0, ends_at - time.monotonic()))  # noqa: SLF001


def _fork_all() -> None:
    clients = tuple(_running.values())
    _running.clear()
    for client in clients:
        client._fork()  # noqa: SLF001 - a function of this class


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork_all)
