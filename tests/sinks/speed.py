"""Measure how many messages a second are stored: ``python -m tests.sinks.speed [COUNT]``.

The MongoDB figure is that of NX-27017, a server in Python on SQLite, without syncing: that of a
real one is another.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weex_client.sinks import Sink, sink_at

from .messages import message, one_of_each, stream, ticker, trade
from .mongo_server import running

ROUNDS = 3


def trades(count: int) -> list[Any]:
    return [trade(number) for number in range(count)]


def tickers(count: int) -> list[Any]:
    return [ticker(f"{number}.10", number) for number in range(count)]


def books(count: int) -> list[Any]:
    book = next(each for each in one_of_each() if each.channel == "book").data
    view = type(book)(bids=book.bids * 8, asks=book.asks * 15, sequence=1)
    return [message("book", view, number) for number in range(count)]


KINDS: dict[str, Callable[[int], list[Any]]] = {
    "trades": trades,
    "tickers": tickers,
    "books of 15 levels": books,
}


async def stored_per_second(sink: Sink, messages: list[Any]) -> float:
    async with sink:
        began = time.perf_counter()
        await sink.consume(stream(messages))
        seconds = time.perf_counter() - began
    assert sink.stats().stored == len(messages)
    return len(messages) / seconds


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mongo").mkdir()
        with running(folder / "mongo") as server:
            for store in ("SQLite", "NX-27017"):
                for kind, make in KINDS.items():
                    messages = make(count)
                    rates = []
                    for number in range(ROUNDS):
                        place = f"{kind.replace(' ', '_')}{number}"
                        address = {
                            "SQLite": f"sqlite:{folder / place}.db",
                            # It syncs for each document, where MongoDB does for many at once.
                            "NX-27017": f"{server.uri}/{place}?w=1&journal=false",
                        }[store]
                        rates.append(await stored_per_second(sink_at(address), messages))
                    print(f"{store}, {kind}: {sorted(rates)[1]:,.0f} messages/s stored", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
