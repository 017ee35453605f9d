"""The paper account's streams: the same subscriptions as a real client's, without a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from weex_client.errors import ClientClosedError, UsageError
from weex_client.metrics import ChannelCounters
from weex_client.models import Message
from weex_client.protocol import Channel
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.subscription import Subscription

__all__ = ["AccountStreams"]


class AccountStreams:
    """Hand each message to the readers of its channel."""

    def __init__(self) -> None:
        self._readers: dict[Channel, dict[Mailbox, None]] = {}
        self._ended_by: Exception | None = None

    def open(
        self,
        channel: Channel,
        queue_size: int,
        overflow: OverflowPolicy,
        first: Iterable[Message[Any]],
    ) -> Subscription[Any]:
        """Return a reader's handle.

        Args:
            channel: Which one.
            queue_size: Messages that may wait.
            overflow: What happens to a message that finds the queue full.
            first: What is so now, for the reader to begin with.

        Raises:
            UsageError: If nothing could wait, or messages would replace each other.
            ClientClosedError: If the streams have ended.
            WeexClientError: What ended them, if it was something else.
        """
        if self._ended_by is not None:
            raise self._ended_by
        if queue_size < 1:
            raise UsageError("queue_size must be at least 1")
        if overflow is OverflowPolicy.CONFLATE:
            raise UsageError(f"{channel} cannot be conflated, each message is news")
        readers = self._readers.setdefault(channel, {})
        mailbox = Mailbox(
            queue_size,
            OverflowPolicy(overflow),
            ChannelCounters(),
            # Nobody reads a line that could be held back: BLOCK keeps what does not fit.
            gate=Gate(),
            on_overflow=lambda _: None,
            on_release=lambda mailbox: readers.pop(mailbox, None),
        )
        readers[mailbox] = None
        for message in first:
            mailbox.push(message)
        return Subscription(mailbox)

    def publish(self, channel: Channel, message: Message[Any]) -> None:
        """Give a message to everybody who reads its channel."""
        for mailbox in tuple(self._readers.get(channel, ())):
            mailbox.push(message)

    def end(self, error: Exception | None) -> None:
        """End every stream, behind what waits in it; none can be opened any more."""
        if self._ended_by is None:
            text = "the engine has run: make another, with the same state if you like"
            self._ended_by = error or ClientClosedError(text)
        for readers in self._readers.values():
            for mailbox in tuple(readers):
                mailbox.end(error)
