"""Where every message goes: hooks, handlers, queues; and what is counted. Who brings it: worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from weex_client.client import StreamClient
from weex_client.models import ConnectionEvent, Message
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.sync.handlers import Handlers
from weex_client.sync.inbox import Inbox
from weex_client.sync.stream import Source

__all__ = ["Desk", "Hooks", "SyncMetrics"]

logger = logging.getLogger("weex_client")


class Hooks(Protocol):
    """What a program may override."""

    def on_open(self) -> None:
        """Take that the connection is open."""

    def on_message(self, message: Message[Any]) -> None:
        """Take a message."""

    def on_event(self, event: ConnectionEvent) -> None:
        """Take what happened to the line."""

    def on_error(self, error: Exception, message: Message[Any] | None = None) -> None:
        """Take an error."""

    def on_close(self) -> None:
        """Take that the client is closed."""

    def close(self) -> None:
        """Close the client."""


@dataclass(frozen=True, slots=True)
class SyncMetrics:
    """What a client has done since it was made, over all its starts.

    Attributes:
        messages: Messages that came.
        errors: Streams that ended with an error, and errors of your own handlers.
        dropped: Messages that somebody reads too slowly to get. What a handler took counts as
            read; so does what was read from the stream itself.
        last_message_time: When the last message came, Unix seconds, or None.
    """

    messages: int
    errors: int
    dropped: int
    last_message_time: float | None


class Desk:
    """Hand out what came, in the thread of the event loop.

    Args:
        hooks: What the program has overridden.
        queue_size: Messages that may wait for those who read the client itself.
        takes_messages: Whether ``on_message`` does anything with a message.
        takes_events: Whether ``on_event`` does anything with an event.
        should_print: Write each message to standard output.

    Attributes:
        inbox: Where messages of all streams wait.
        line: What happens to the line, for the hook.
        sources: What is streamed, in the order it was asked for.
        handlers: Who is called for which message.
        error: What ended the first stream, or the client.
        over: Set while nothing can come.
    """

    def __init__(
        self,
        hooks: Hooks,
        queue_size: int,
        *,
        takes_messages: bool,
        takes_events: bool,
        should_print: bool,
    ) -> None:
        self.inbox: Inbox[Message[Any]] = Inbox(queue_size)
        # A program may read events itself, too; the hook has its own stream of them.
        self.line: Source[ConnectionEvent] = Source(StreamClient.events, is_data=False)
        self.sources: list[Source[Any]] = [self.line] if takes_events else []
        self.handlers = Handlers()
        self.error: Exception | None = None
        self.over = threading.Event()
        self._hooks = hooks
        self._takes_messages = takes_messages
        self._should_print = should_print
        self._messages = self._errors = self._dropped = self._last_ns = 0
        self._is_on_error_broken = False
        self._losses: list[tuple[Source[Any], Inbox[Any], Exception]] = []
        self._room = asyncio.Event()
        self._on_room: Callable[[], None] = lambda: None

    @property
    def has_data(self) -> bool:
        """Say whether any channel is streamed, or will be after the start."""
        return any(source.is_data for source in tuple(self.sources))

    def begin(self) -> None:
        """Make ready for a start: what was left of the one before is thrown away."""
        for source in tuple(self.sources):
            if source.is_closed:  # while nobody could take note of it any more
                self.forget(source)
        self.error = None
        self.over.clear()
        self.inbox.clear()
        self.inbox.open()

    def opened(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell the program that the line is open."""
        room = self._room = asyncio.Event()

        def tell_room() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(room.set)

        self._on_room = tell_room
        self._guarded(self._hooks.on_open)

    def closed(self) -> None:
        """Tell the program that it is over."""
        self._guarded(self._hooks.on_close)

    def end(self, error: Exception | None = None) -> None:
        """Let readers have what waits, and then the end; harmless when that is so already."""
        self.error = self.error or error
        for source in tuple(self.sources):
            if (inbox := source.inbox) is not None:
                inbox.end(error)
        self.inbox.end(error)
        self.over.set()

    def joined(self) -> None:
        """Take note that a stream was opened: there is something to wait for."""
        self.over.clear()
        self.inbox.open()

    def left(self) -> None:
        """Take note that a stream has ended: there may be nothing to wait for."""
        if not any(source.is_live and source.is_data for source in self.sources):
            self.inbox.end(self.error)
            self.over.set()

    def metrics(self) -> SyncMetrics:
        """Return the counters as they are now."""
        return SyncMetrics(
            messages=self._messages,
            errors=self._errors,
            dropped=self._dropped + sum(source.dropped for source in tuple(self.sources)),
            last_message_time=self._last_ns / 1_000_000_000 or None,
        )

    def forget(self, source: Source[Any]) -> None:
        """Stream something no more, also after the next start; what it lost stays counted."""
        with contextlib.suppress(ValueError):  # somebody else was faster
            self.sources.remove(source)
            self._dropped += source.dropped

    def fork(self) -> None:
        """Forget the threads of the parent process, whose locks may be held for ever."""
        self.over = threading.Event()
        self.inbox.fork()
        for source in self.sources:
            source.fork()

    async def hand_out(self, source: Source[Any], content: Any) -> None:
        """Give a message, an event or an error to all whom it concerns."""
        if not source.is_live:
            return  # it has ended while this was on its way
        if isinstance(content, Exception):
            self._fail(source, content)
            return
        if isinstance(content, Message):
            self._messages += 1
            self._last_ns = content.received_time_ns
            is_taken = self._call_handlers(content)
        else:
            is_taken = source is self.line
            if is_taken:
                self._guarded(partial(self._hooks.on_event, content))
        own = source.inbox
        if own is not None:
            await self._put(own, source, content, is_loss_counted=own.is_read)
            source.is_read = source.is_read or own.is_read
            is_taken = is_taken or source.is_read
        if source.is_data:
            inbox = self.inbox
            await self._put(inbox, source, content, is_loss_counted=inbox.is_read or not is_taken)

    def _call_handlers(self, message: Message[Any]) -> bool:
        """Call all who want this message; return whether there was anybody."""
        if self._should_print:
            self._guarded(partial(sys.stdout.write, f"{message}\n"), message)
        if self._takes_messages:
            self._guarded(partial(self._hooks.on_message, message), message)
        handlers = self.handlers.of(message)
        for handler in handlers:
            self._guarded(partial(handler, message), message)
        return bool(handlers) or self._takes_messages or self._should_print

    async def _put(
        self,
        inbox: Inbox[Any],
        source: Source[Any],
        content: Any,
        *,
        is_loss_counted: bool,
    ) -> None:
        """Let a message wait in an inbox, or wait until it may."""
        overflow, key, on_loss = source.overflow, None, None
        if overflow is OverflowPolicy.CONFLATE:
            key = (id(source), content.symbol)
        elif overflow is OverflowPolicy.RAISE:
            on_loss = partial(self._note_loss, source, inbox)
        before = inbox.dropped
        while not inbox.put(
            content,
            overflow,
            key,
            is_loss_counted=is_loss_counted,
            on_loss=on_loss,
            on_room=self._on_room,
        ):
            self._room.clear()
            await self._room.wait()
        self._dropped += inbox.dropped - before
        while self._losses:
            lost, where, error = self._losses.pop()
            self._fail(lost, error, told=where)

    def _note_loss(self, source: Source[Any], inbox: Inbox[Any], error: Exception) -> bool:
        """Let a stream end; return whether this is news."""
        is_news = source.is_live and all(source is not lost for lost, _, _ in self._losses)
        if is_news:
            self._losses.append((source, inbox, error))
        return is_news

    def _fail(self, source: Source[Any], error: Exception, told: Inbox[Any] | None = None) -> None:
        """End a stream with an error; the inbox ``told`` has it already, where the loss is."""
        if not source.is_live:
            return
        self.error = self.error or error
        source.end(None if told is source.inbox else error)
        if source.is_data:
            if told is not self.inbox:
                self.inbox.put(error)
            self.left()
        self._complain(error)

    def _guarded(self, call: Callable[[], object], message: Message[Any] | None = None) -> None:
        """Call what the program brought; whatever it raises, all else goes on."""
        try:
            call()
        except Exception as exc:  # noqa: BLE001 - the top of the program's own code
            self._complain(exc, message)
        except BaseException:  # noqa: BLE001 - sys.exit() in a handler: no thread ends by that
            self._hooks.close()

    def _complain(self, error: Exception, message: Message[Any] | None = None) -> None:
        """Tell the program of an error; if that fails too, there is the log."""
        self._errors += 1
        try:
            if message is None:
                self._hooks.on_error(error)
            else:
                self._hooks.on_error(error, message)
        except Exception:
            self._errors += 1
            if not self._is_on_error_broken:
                self._is_on_error_broken = True
                logger.exception("on_error raised; this is logged once, and counted from now on")
        except BaseException:  # noqa: BLE001 - as in _guarded
            self._hooks.close()
