"""What a run logs, read for secrets and for bugs that the client owns up to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Listening(Protocol):
    """Who wants to know."""

    def note(self, text: str) -> None:
        """Add a line to the trace."""

    def complain(self, text: str) -> None:
        """Add a violation."""

    def check_secrets(self, text: str, where: str) -> None:
        """Add a violation if there is a secret in a text."""


class _LogWatch(logging.Handler):
    """Read every line of the log at DEBUG, for secrets and for bugs that the client owns up to."""

    def __init__(self, world: Listening) -> None:
        super().__init__(logging.DEBUG)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._world.check_secrets(text, f"the log of {record.name}")
        if record.levelno >= logging.WARNING and not record.name.startswith("websockets"):
            self._world.note(f"log {record.levelname} {text}")
        if record.levelno >= logging.ERROR and not record.name.startswith("websockets"):
            self._world.complain(f"the log has an error: {text}")


@contextmanager
def watched_log(world: Listening) -> Iterator[None]:
    root, server, watch = logging.getLogger(), logging.getLogger("websockets"), _LogWatch(world)
    levels = root.level, server.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    # The exchange's own library would write every frame, and every header that clients send it.
    server.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(watch)
        root.setLevel(levels[0])
        server.setLevel(levels[1])
