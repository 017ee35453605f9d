"""Who listens to which topic; a dict with manners. What is said, and how it waits, is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from weex_client.protocol import Topic

__all__ = ["Audience", "Reader", "Registry", "Sealed"]


class Sealed:
    """Something in a queue that becomes a message when it is read; all else there is a message."""

    __slots__ = ()

    def open(self) -> Any:
        """Return the message, or None if there turns out to be none."""
        raise NotImplementedError


class Reader(Protocol):
    """Somebody with a queue."""

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        """Return what takes messages of one symbol; it never waits."""

    def end(self, error: Exception | None) -> None:
        """Let the reader have what waits, then the end."""


class Audience:
    """The readers of one topic.

    ``pushes`` is replaced, never changed, when a reader comes or goes: it may go in the middle
    of a publication.
    """

    __slots__ = ("_pushes_by_reader", "pushes", "topic")

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.pushes: tuple[Callable[[Any], None], ...] = ()
        self._pushes_by_reader: dict[Reader, Callable[[Any], None]] = {}

    def __iter__(self) -> Iterator[Reader]:
        return iter(tuple(self._pushes_by_reader))

    def __len__(self) -> int:
        return len(self._pushes_by_reader)

    def add(self, reader: Reader) -> None:
        """Let a reader listen."""
        self._pushes_by_reader[reader] = reader.pusher(self.topic.symbol)
        self.pushes = tuple(self._pushes_by_reader.values())

    def remove(self, reader: Reader) -> None:
        """Let a reader go; it need not be there."""
        self._pushes_by_reader.pop(reader, None)
        self.pushes = tuple(self._pushes_by_reader.values())

    def publish(self, item: Any) -> None:
        """Put one item, shared by all, into every reader's queue."""
        for push in self.pushes:
            push(item)

    def end(self, error: Exception | None) -> None:
        """End the stream of every reader."""
        for reader in self:
            reader.end(error)


class Registry:
    """The audiences of all topics that somebody listens to."""

    def __init__(self) -> None:
        self._audiences: dict[Topic, Audience] = {}

    def __iter__(self) -> Iterator[Audience]:
        return iter(tuple(self._audiences.values()))

    def join(self, topic: Topic, reader: Reader) -> Audience:
        """Add a reader to a topic and return all who listen to it."""
        audience = self._audiences.setdefault(topic, Audience(topic))
        audience.add(reader)
        return audience

    def leave(self, topic: Topic, reader: Reader) -> bool:
        """Take a reader off a topic; return True if it was the last."""
        audience = self._audiences.get(topic)
        if audience is None:
            return False
        audience.remove(reader)
        if audience:
            return False
        del self._audiences[topic]
        return True
