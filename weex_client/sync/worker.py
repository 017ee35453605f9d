"""The background thread: an event loop, an asyncio client on it, and who reads its streams."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from operator import itemgetter
from typing import Any, TypeVar

from weex_client.client import StreamClient
from weex_client.errors import ClientClosedError
from weex_client.streaming.subscription import Subscription
from weex_client.sync.desk import Desk
from weex_client.sync.stream import Source

__all__ = ["Worker"]

logger = logging.getLogger("weex_client")

R = TypeVar("R")

# Handlers may be slow: the line gets its turn between them, or pings would go unanswered.
_TURN_SECONDS = 0.005


class Worker:
    """Run a client once, from one start to one close.

    Messages are read in two beats. First every stream takes what waits for it, then all of that
    is handed out in the order in which it came; meanwhile the streams' own queues fill, and do
    what their overflow policies say.

    Args:
        client: Not yet open.
        desk: Takes what comes.
        on_over: Is called in the thread when nothing is left.
    """

    def __init__(self, client: StreamClient, desk: Desk, on_over: Callable[[], None]) -> None:
        self.client = client
        self.is_stopping = False
        self._desk = desk
        self._on_over = on_over
        # A daemon: a program whose main thread has died of an error must not live on because of
        # us. The end of the interpreter closes the client before it stops the thread.
        self._thread = threading.Thread(target=self._run, name="weex_client sync", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._started: Future[None] = Future()
        self._lock = threading.RLock()  # the collector may call stop() in the middle of it
        self._calls: set[Future[Any]] = set()
        self._is_over = False
        self._is_open = False
        self._arrived: list[tuple[int, Source[Any], Any]] = []
        self._has_arrived = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()

    def launch(self) -> None:
        """Start the thread."""
        try:
            self._thread.start()
        except BaseException:
            self._loop.close()
            raise

    def wait_until_started(self) -> None:
        """Wait until the client is open and every stream is asked for.

        Raises:
            WeexClientError: If one of this fails; then the client is closed again.
        """
        self._started.result()

    def stop(self) -> None:
        """Let it end soon, from whatever thread; idempotent."""
        self.is_stopping = True
        with self._lock:
            if not self._is_over:
                self._loop.call_soon_threadsafe(self._cancel)

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; return whether it has come."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def is_mine(self) -> bool:
        """Say whether this is the thread itself."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], R]) -> R:
        """Call something in the thread, and return what it returns or raise what it raises.

        Raises:
            ClientClosedError: If the client is closed before it is its turn.
        """
        if self.is_mine:
            return function()
        future: Future[R] = Future()

        def answer() -> None:
            self._calls.discard(future)
            try:
                future.set_result(function())
            except Exception as exc:  # noqa: BLE001 - raised by who called
                future.set_exception(exc)

        with self._lock:
            if self._is_over:
                raise _closed()
            self._calls.add(future)
            self._loop.call_soon_threadsafe(answer)
        return future.result()

    def tell(self, function: Callable[[], None]) -> None:
        """Call something in the thread soon; when it is over, here and now."""
        with self._lock:
            if not self._is_over:
                self._loop.call_soon_threadsafe(function)
                return
        function()

    def open(self, source: Source[Any]) -> None:
        """Stream something; before the client is open, the start will do it. In the thread only.

        Raises:
            WeexClientError: If the client refuses.
        """
        if not self._is_open or source.is_live or source.is_closed:
            return
        subscription = source.subscribe(self.client)
        name = "weex_client sync stream"
        source.begin(
            subscription, self._loop.create_task(self._read(source, subscription), name=name)
        )
        self._desk.joined()

    def release(self, source: Source[Any]) -> None:
        """Stream something no more. In the thread only."""
        source.end()
        self._desk.forget(source)
        self._desk.left()

    def _run(self) -> None:
        try:
            self._task = self._loop.create_task(self._live(), name="weex_client sync")
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass  # closed before anything was begun
        except BaseException as exc:
            logger.exception("a bug ends the client's thread")
            self._desk.end(exc if isinstance(exc, Exception) else None)
        finally:
            try:
                self._clean_up()
            finally:
                self._finish()

    def _clean_up(self) -> None:
        """Leave nothing behind on the loop, whatever has happened and whatever handlers began."""
        loop = self._loop
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
        # Not its executor: a name lookup may hang for many seconds. Closing leaves it alone.

    def _finish(self) -> None:
        with self._lock:
            self.is_stopping = self._is_over = True
            calls, self._calls = self._calls, set()
            self._loop.close()
        for call in (*calls, self._started):
            if not call.done():
                call.set_exception(_closed())
        self._desk.end()
        self._on_over()

    def _cancel(self) -> None:
        """Cancel once: a second time would cut the goodbye to the venue short."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _live(self) -> None:
        """Open the client, hand out what comes, close it when cancelled."""
        desk, has_opened = self._desk, False
        try:
            await self.client.connect()
            self._is_open = has_opened = True
            desk.opened(self._loop)
            for source in tuple(desk.sources):
                self.open(source)
            self._started.set_result(None)
            await self._distribute()
        except Exception as exc:
            desk.end(exc)
            if self._started.done():
                raise
            self._started.set_exception(exc)
        except asyncio.CancelledError:
            if not self.is_stopping:
                raise
        finally:
            self._is_open = False
            self._task = None  # from here on, nothing cuts it short
            for source in tuple(desk.sources):
                source.end()
            await self.client.disconnect()
            if has_opened:
                desk.closed()

    async def _read(self, source: Source[Any], subscription: Subscription[Any]) -> None:
        """Bring what a stream gives, to its end."""
        content: Any
        async with subscription:
            while True:
                if not self._may_read.is_set():
                    await self._may_read.wait()
                try:
                    content = await anext(subscription)
                except StopAsyncIteration:
                    return
                except Exception as exc:  # noqa: BLE001 - handed out behind what came before
                    content = exc
                else:
                    if source.is_data:
                        source.last_ns = content.received_time_ns
                    else:
                        source.last_ns = round(content.timestamp * 1_000_000_000)
                self._arrived.append((source.last_ns, source, content))
                self._has_arrived.set()
                if isinstance(content, Exception):
                    return

    async def _distribute(self) -> None:
        """Hand out what was read, again and again, until cancelled."""
        loop, desk = self._loop, self._desk
        while True:
            await self._has_arrived.wait()
            self._has_arrived.clear()
            arrived, self._arrived = self._arrived, []
            self._may_read.clear()
            turn_ends = loop.time() + _TURN_SECONDS
            # What one read from the socket brought has one time; streams keep their order.
            for _, source, content in sorted(arrived, key=itemgetter(0)):
                if self.is_stopping:
                    break
                await desk.hand_out(source, content)
                if loop.time() > turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = loop.time() + _TURN_SECONDS
            self._may_read.set()


def _closed() -> ClientClosedError:
    return ClientClosedError("the client was closed meanwhile: start() it again to go on")
