"""Standard output as a stream of whole lines that never holds the event loop."""

from __future__ import annotations

import asyncio
import os
import select
import sys

__all__ = ["Outlet", "drop_standard_output"]

# POSIX: a pipe that is writable takes at least so much without blocking.
_PIPE_BYTES = 512 if not hasattr(select, "PIPE_BUF") else select.PIPE_BUF


class Outlet:
    """Write lines, each one out before the next.

    A reader that stalls (``| less``) must stop neither heartbeats nor Ctrl-C: writing waits on
    the loop, and what does not fit the subscription's queue meanwhile is dropped and counted.
    """

    def __init__(self) -> None:
        self._number = sys.stdout.fileno()
        self._turn = asyncio.Lock()

    async def line(self, text: str) -> None:
        """Write one line.

        Raises:
            BrokenPipeError: If nobody reads any more.
        """
        rest = memoryview(f"{text}\n".encode())
        async with self._turn:
            while rest:
                await self._writable()
                rest = rest[os.write(self._number, rest[:_PIPE_BYTES]) :]

    async def _writable(self) -> None:
        if os.name == "nt" or select.select((), (self._number,), (), 0)[1]:
            return
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._number, _set, ready)
        try:
            await ready
        finally:
            loop.remove_writer(self._number)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def drop_standard_output() -> None:
    """Send what is still buffered nowhere: the interpreter would complain when it flushes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
