"""The face of a client that runs in a background thread: start, stream, read, close."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from types import GenericAlias
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Self,
    TypeVar,
    get_args,
    get_type_hints,
    overload,
)

from weex_client.client import StreamClient
from weex_client.config import StreamConfig
from weex_client.errors import UsageError, WeexClientError
from weex_client.models import ConnectionEvent, Message
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.streaming.subscription import Subscription
from weex_client.sync.desk import Desk, SyncMetrics
from weex_client.sync.handlers import Handler
from weex_client.sync.inbox import Over
from weex_client.sync.lifecycle import Lifecycle
from weex_client.sync.stream import Source, SyncStream

__all__ = ["SyncClient"]

logger = logging.getLogger("weex_client")

C = TypeVar("C", bound=StreamConfig | None)
H = TypeVar("H", bound=Handler)
P = ParamSpec("P")
T = TypeVar("T")


def _mirrored(
    method: Callable[Concatenate[StreamClient, P], Subscription[T]],
) -> Callable[Concatenate[SyncClient, P], SyncStream[T]]:
    """Return a method that streams what the asyncio client's method of the same name does."""
    name = method.__name__

    def stream(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> SyncStream[T]:
        return self.stream(getattr(self.client_class, name, method), *args, **kwargs)

    # For help() and the documentation: the same signature, but for what comes back.
    update_wrapper(stream, method)
    returned = GenericAlias(SyncStream, get_args(get_type_hints(method)["return"]))
    stream.__module__, stream.__qualname__ = __name__, f"SyncClient.{name}"
    stream.__annotations__ = {**method.__annotations__, "return": returned}
    signature = inspect.signature(method).replace(return_annotation=returned)
    vars(stream)["__signature__"] = signature
    return stream


class SyncClient(Lifecycle, Iterator[Message[Any]]):
    """Run a client in one background thread, for programs without asyncio.

    ``with client`` starts and closes it. What is streamed is said before or after the start, by
    the same ``stream_*`` methods that the asyncio client has; each returns a plain iterator of
    that stream. Iterating the client itself gives the messages of all streams in the order in
    which they came. Instead of iterating, or besides, messages can be taken by handlers
    (``on``), or by overriding ``on_message``; both are called in the background thread, one
    after the other, and should return soon.

    Args:
        client: The class of a client, for example ``WeexWebSocketClient``.
        config: Its settings; read from the environment at the start where None.
        queue_size: Messages that may wait for those who iterate; further ones push out the
            oldest, which is counted.
        should_print: Write each message to standard output.
        options: Further keywords of the client, for example ``retry_first_connect=True``.

    Attributes:
        client_class: The class of a client.

    Raises:
        UsageError: If ``client`` is no class of a client, or ``queue_size`` is less than 1.
    """

    def __init__(
        self,
        client: Callable[Concatenate[C, ...], StreamClient],
        config: C | None = None,
        *,
        queue_size: int = 1000,
        should_print: bool = False,
        **options: object,
    ) -> None:
        make: Callable[..., StreamClient] = client
        if not (isinstance(client, type) and issubclass(client, StreamClient)):
            raise UsageError(
                f"pass the class of a client, for example WeexWebSocketClient, not {client!r}"
            )
        if queue_size < 1:
            raise UsageError("queue_size must be at least 1")
        self.client_class: type[StreamClient] = client
        self._queue_size = queue_size
        kind = type(self)
        desk = Desk(
            self,
            queue_size,
            takes_messages=kind.on_message is not SyncClient.on_message,
            takes_events=kind.on_event is not SyncClient.on_event,
            should_print=should_print,
        )
        super().__init__(partial(make, config, **options), desk)

    # Saying what is streamed.

    stream_tickers = _mirrored(StreamClient.stream_tickers)
    stream_trades = _mirrored(StreamClient.stream_trades)
    stream_order_book = _mirrored(StreamClient.stream_order_book)
    stream_order_book_deltas = _mirrored(StreamClient.stream_order_book_deltas)
    stream_candles = _mirrored(StreamClient.stream_candles)
    stream_book_tickers = _mirrored(StreamClient.stream_book_tickers)
    stream_account = _mirrored(StreamClient.stream_account)
    stream_positions = _mirrored(StreamClient.stream_positions)
    stream_orders = _mirrored(StreamClient.stream_orders)
    stream_fills = _mirrored(StreamClient.stream_fills)

    if not TYPE_CHECKING:  # a type checker cannot know; ``stream`` tells it

        def __getattr__(self, name: str) -> Any:
            """Mirror the streams that only one venue has."""
            method = None
            if name.startswith("stream_"):
                method = getattr(self.client_class, name, None)
            if method is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return partial(self.stream, method)

    def stream(
        self,
        method: Callable[Concatenate[Any, P], Subscription[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> SyncStream[T]:
        """Stream what a method of the client streams, for example one that only one venue has.

        Args:
            method: The method, from the client's class.
            args: Its arguments.
            kwargs: Its keywords. ``queue_size`` and ``overflow`` are also for the queue of the
                returned stream.

        Returns:
            The stream, for whoever wants to read it by itself.

        Raises:
            UsageError: If the client has no such method.
            WeexClientError: As the method itself; on a client that is not open, ``start`` raises.
        """
        name = method.__name__
        if not hasattr(self.client_class, name):
            raise UsageError(f"{self.client_class.__name__} has no {name}")
        bound = inspect.signature(method).bind(None, *args, **kwargs)
        bound.apply_defaults()
        size = bound.arguments.get("queue_size")
        if size is not None and size < 1:
            raise UsageError("queue_size must be at least 1")

        def subscribe(client: StreamClient) -> Subscription[T]:
            subscription: Subscription[T] = getattr(client, name)(*args, **kwargs)
            return subscription

        overflow = bound.arguments.get("overflow", OverflowPolicy.DROP_OLDEST)
        policy = None if overflow is None else OverflowPolicy(overflow)
        return self._opened(Source(subscribe, policy), size)

    def events(self) -> SyncStream[ConnectionEvent]:
        """Stream what happens to connections and subscriptions; ``on_event`` gets it too."""
        return self._opened(Source(StreamClient.events, is_data=False), None)

    def _opened(self, source: Source[T], size: int | None) -> SyncStream[T]:
        """Let something be streamed, now if the client is open."""
        desk = self._desk
        stream = source.stream(size or self._queue_size, lambda: self._release(source))
        desk.sources.append(source)
        if (worker := self._running_worker()) is not None:
            try:
                worker.call(lambda: worker.open(source))
            except BaseException:
                desk.forget(source)
                raise
        return stream

    def _release(self, source: Source[Any]) -> None:
        """Stream something no more; waits for nothing, for the collector calls it too."""
        source.is_closed = True
        if (inbox := source.inbox) is not None:
            inbox.end()
        worker = self._worker
        if worker is None:
            self._desk.forget(source)
        else:
            worker.tell(lambda: worker.release(source))

    # Reading.

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message[Any]:
        try:
            return self.get()
        except Over:
            raise StopIteration from None

    @overload
    def get(self) -> Message[Any]: ...
    @overload
    def get(self, timeout: float | None) -> Message[Any] | None: ...
    def get(self, timeout: float | None = None) -> Message[Any] | None:
        """Wait for the next message of any stream.

        Args:
            timeout: How many seconds at most; None for ever.

        Returns:
            The message, or None if none came in time.

        Raises:
            ClientClosedError: If the client is closed and nothing waits.
            UsageError: If nothing is streamed.
            WeexClientError: What ended a stream, in its place; the other streams go on, and can
                be read on.
        """
        if not self._desk.has_data and not self._desk.over.is_set():
            raise UsageError("nothing is streamed: call client.stream_tickers(...) or others first")
        return self._desk.inbox.take(timeout)

    @overload
    def on(self, pattern: str, handler: H) -> H: ...
    @overload
    def on(self, pattern: str) -> Callable[[H], H]: ...
    def on(self, pattern: str, handler: H | None = None) -> H | Callable[[H], H]:
        """Let a function take messages; also as a decorator, ``@client.on("ticker")``.

        Args:
            pattern: A channel as ``message.channel`` spells it (``ticker``), or what fits
                several (``book*``, ``*``); with a colon also the symbol (``ticker:BTCUSDT``,
                ``*:BTC*``). Case does not matter.
            handler: Takes a message. Handlers are called in the order in which they were added.

        Returns:
            The handler.

        Raises:
            UsageError: If the pattern names no channel, or the handler is no plain function.
        """
        if handler is None:
            return partial(self.on, pattern)
        with self._lock:
            self._desk.handlers = self._desk.handlers.plus(pattern, handler)
        return handler

    # For programs to override; the client's thread calls them.

    def on_open(self) -> None:
        """Take that the connection is open, once a start, before anything is asked for."""

    def on_message(self, message: Message[Any]) -> None:
        """Take every message, before the handlers do."""

    def on_event(self, event: ConnectionEvent) -> None:
        """Take what happens to the line: cuts, reconnections, gaps."""

    def on_error(self, error: Exception, message: Message[Any] | None = None) -> None:
        """Take an error; where this is not overridden, it is logged.

        Args:
            error: What ended a stream, or what a handler raised.
            message: The message on which the handler raised it, or None.
        """
        if message is None and isinstance(error, WeexClientError):
            logger.error("%s: %s", type(error).__name__, error)
        else:
            logger.error("a handler raised %s", type(error).__name__, exc_info=error)

    def on_close(self) -> None:
        """Take that the client is closed, once for each ``on_open``."""

    # Looking.

    @property
    def error(self) -> Exception | None:
        """What ended the first stream that failed, or the client, since the last start; or None."""
        return self._desk.error

    @property
    def metrics(self) -> SyncMetrics:
        """What was received and lost so far."""
        return self._desk.metrics()
