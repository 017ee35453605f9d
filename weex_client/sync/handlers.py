"""Which handlers a message is for, by patterns. When they are called is not known here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from weex_client.errors import UsageError
from weex_client.models import Message

__all__ = ["Handler", "Handlers"]

Handler = Callable[[Message[Any]], object]
"""Takes a message; what it returns is ignored."""

# A venue decides how many symbols there are; what was worked out for so many is forgotten.
_REMEMBERED = 10_000


class Handlers:
    """Find the handlers whose pattern fits a message. Immutable but for what it remembers.

    A pattern is for the channel (``ticker``, ``tick*``, ``*``) or, with a colon, for channel and
    symbol (``ticker:BTCUSDT``, ``*:BTC*``), as ``fnmatch`` reads it. Case does not matter.

    Args:
        patterns: Patterns and their handlers, in the order in which they are called.
    """

    def __init__(self, patterns: tuple[tuple[str, Handler], ...] = ()) -> None:
        self._patterns = patterns
        self._found: dict[tuple[str, str | None], tuple[Handler, ...]] = {}

    def plus(self, pattern: str, handler: Handler) -> Handlers:
        """Return these and one more.

        Raises:
            UsageError: If the pattern is empty, or the handler is none that can be called here.
        """
        if not pattern or pattern.startswith(":"):
            raise UsageError(
                f"{pattern!r} names no channel: write 'ticker', 'tick*', '*:BTCUSDT' or '*'"
            )
        if not callable(handler) or inspect.iscoroutinefunction(handler):
            raise UsageError(
                f"a handler is a plain function that takes a message, not {handler!r}:"
                " coroutines are for the asyncio client"
            )
        return Handlers((*self._patterns, (pattern.lower(), handler)))

    def of(self, message: Message[Any]) -> tuple[Handler, ...]:
        """Return the handlers of a message, in the order in which they were added."""
        if not self._patterns:
            return ()
        key = (message.channel, message.symbol)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            name = message.channel.lower()
            full = f"{name}:{(message.symbol or '').lower()}"
            found = self._found[key] = tuple(
                handler
                for pattern, handler in self._patterns
                if fnmatchcase(full if ":" in pattern else name, pattern)
            )
        return found
