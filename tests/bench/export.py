"""Rows a second written to files: ``python -m tests.bench.export [--rows 100000] [--runs 3]``."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from tests.recording.handmade import START_NS, HandmadeTape
from weex_client.export import candles_of, export
from weex_client.models import Message, OrderBookView
from weex_client.recording import Recording

from .machine import describe
from .report import Table

FORMATS = ("csv", "jsonl", "parquet")
LEVELS = 15
SPACING_NS = 20_000_000


def trade_frames(count: int) -> Iterator[tuple[int, bytes]]:
    """Yield trades as WEEX sends them, each with its time."""
    for number in range(count):
        time_ns = START_NS + number * SPACING_NS
        item = {
            "T": time_ns // 1_000_000,
            "t": f"{number:08x}-1fd1-4398-b61e-bb16f2e14d2b",
            "p": f"{79_000 + number % 997}.{number % 10}",
            "q": f"0.{number % 9973 + 1:04}",
            "v": "95.75556",
            "m": number % 3 == 0,
        }
        frame = {"e": "trade", "E": time_ns // 1_000_000, "s": "BTCUSDT", "d": [item]}
        yield time_ns, json.dumps(frame, separators=(",", ":")).encode()


def write_tape(path: Path, count: int) -> None:
    """Write a tape of so many trades."""
    with HandmadeTape(path) as tape:
        session = tape.session("weex", market="contract")
        line = tape.line(session)
        tape.feed(session, "trades", "BTCUSDT")
        for time_ns, frame in trade_frames(count):
            tape.now_ns = time_ns
            tape.received(line, frame)
        tape.close_line(line, is_ours=True)
        tape.close_session(session)


def books(count: int) -> Iterator[Message[Any]]:
    """Yield order books that somebody has read."""
    sizes = [Decimal(f"0.{number + 1:04}") for number in range(LEVELS)]
    for number in range(count):
        mid = 790_000 + number % 997
        bids = tuple((Decimal(mid - each).scaleb(-1), sizes[each]) for each in range(LEVELS))
        asks = tuple((Decimal(mid + each + 1).scaleb(-1), sizes[each]) for each in range(LEVELS))
        time_ns = START_NS + number * SPACING_NS
        yield Message(
            venue="weex",
            channel="book",
            symbol="BTCUSDT",
            data=OrderBookView(bids=bids, asks=asks, sequence=number),
            timestamp=time_ns / 1_000_000_000,
            exchange_time_ns=time_ns,
            received_time_ns=time_ns,
        )


def measured(
    name: str, give: Callable[[], Iterable[Message[Any]]], count: int, folder: Path, runs: int
) -> Iterator[tuple[str, ...]]:
    """Yield what each format takes for the same messages."""
    for file_format in FORMATS:
        seconds = []
        for _ in range(runs):
            messages = give()
            began = process_time()
            exported = export(messages, folder / f"rows.{file_format}")
            seconds.append(process_time() - began)
        rate = count / statistics.median(seconds)
        yield (name, file_format, f"{rate:,.0f}", f"{exported.size_bytes / exported.rows:,.0f}")


def main() -> None:
    """Print how many messages a CPU second writes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.export", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="trades; a tenth as many books")
    parser.add_argument("--runs", type=int, default=3, help="the table gives medians")
    options = parser.parse_args()
    count, runs = options.rows, options.runs
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_tape(folder / "tape.db", count)
        recording = Recording(folder / "tape.db")
        trades = list(recording.messages("trades"))
        some = list(books(count // 10))
        export(trades[:1], folder / "first.parquet")  # imports pyarrow, which takes its time
        rows = [
            *measured("trades", lambda: trades, count, folder, runs),
            *measured(f"books of {LEVELS} levels", lambda: some, len(some), folder, runs),
            *measured(
                "trades on a tape", lambda: recording.messages("trades"), count, folder, runs
            ),
            *measured(
                "candles of 1m from trades", lambda: candles_of(trades, "1m"), count, folder, runs
            ),
        ]
        recording.close()
    header = ("messages", "format", "messages/CPU s", "bytes/row")
    print(f"{describe()}; medians of {runs} runs\n")
    print(Table("Exported", header, rows).as_text())


if __name__ == "__main__":
    main()
