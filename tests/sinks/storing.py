"""A program that stores numbered trades until it is killed: ``... ADDRESS FIRST``.

After each stored batch it prints the number up to which everything is stored.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from weex_client.sinks import Sink, sink_at

from .messages import trade


async def trades(first: int) -> AsyncIterator[Any]:
    number = first
    while True:
        yield trade(number)
        number += 1
        if not number % 25:
            await asyncio.sleep(0.001)  # a venue lets a program breathe


async def told(sink: Sink, first: int) -> None:
    before = 0
    while True:
        stats = sink.stats()
        done = stats.stored + stats.repeated
        if done > before:
            before = done
            print(first + done, flush=True)
        await asyncio.sleep(0.005)


async def main() -> None:
    address, first = sys.argv[1], int(sys.argv[2])
    sink = sink_at(address, batch_size=100, max_wait_seconds=0.02)
    async with sink, asyncio.TaskGroup() as group:
        group.create_task(sink.consume(trades(first)))
        group.create_task(told(sink, first))


if __name__ == "__main__":
    asyncio.run(main())
