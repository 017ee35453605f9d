"""Trouble on demand: what an exchange does to its clients when a test or a user asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from weex_client.protocol import Channel
from weex_client.sandbox.connection import Connection


class Faults:
    """Break an exchange in known ways.

    What is swallowed here still happened: the book moved and the truth remembers it, so that a
    client must notice the hole by itself.
    """

    def __init__(self, connections: Callable[[], Iterable[Connection]]) -> None:
        self._connections = connections
        self._skips: dict[str, int] = {}
        self._muted: set[tuple[str | None, Channel | None]] = set()

    async def cut(self) -> int:
        """Abort every socket without a close frame; return how many there were."""
        victims = list(self._connections())
        for connection in victims:
            connection.abort()
        # Let the transports notice before the caller looks.
        await asyncio.sleep(0)
        return len(victims)

    async def close(self, code: int = 1001, reason: str = "") -> int:
        """Close every socket with a code; return how many there were."""
        victims = list(self._connections())
        await asyncio.gather(*(connection.close(code, reason) for connection in victims))
        return len(victims)

    def skip_depth(self, symbol: str, count: int = 1) -> None:
        """Swallow the next ``count`` book changes of a symbol, whichever stream they are on."""
        self._skips[symbol] = self._skips.get(symbol, 0) + count

    def mute(self, symbol: str | None = None, channel: Channel | str | None = None) -> None:
        """Send nothing more for a symbol, a channel or both; None means every one."""
        self._muted.add((symbol, None if channel is None else Channel(channel)))

    def unmute(self) -> None:
        """Send everything again."""
        self._muted.clear()

    def swallows(self, symbol: str, channel: Channel) -> bool:
        """Say whether a frame of this symbol and channel is to be swallowed by a mute."""
        if not self._muted:
            return False
        muted = self._muted
        return bool(muted & {(symbol, channel), (symbol, None), (None, channel), (None, None)})

    def swallows_change(self, symbol: str) -> bool:
        """Say whether a book change of a symbol is to be swallowed; it then counts as such."""
        left = self._skips.get(symbol, 0)
        if left:
            self._skips[symbol] = left - 1
        return left > 0
