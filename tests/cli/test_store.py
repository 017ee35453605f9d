"""The command that stores streams, as users run it."""

from __future__ import annotations

import contextlib
import re
import signal
import sqlite3
from pathlib import Path

from weex_client.cli.failures import FAILURE, SUCCESS, USAGE
from weex_client.cli.views import Frame
from weex_client.cli.views.storing import StoringView, sink_line
from weex_client.errors import SinkError
from weex_client.sinks import Outcome, Sink
from weex_client.sinks.tally import Tally

from .program import call, start


def count(path: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_two_channels_are_stored_until_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    options = ("--sandbox", "--channel", "trades", "--channel", "candles", "--to", f"sqlite:{path}")
    with start("store", "BTCUSDT", "ETHUSDT", *options) as process:
        try:
            while not path.exists() or not {"trades", "candles"} <= set(tables(path)):
                assert process.poll() is None, process.communicate()
            process.send_signal(signal.SIGINT)
            said, complaints = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == SUCCESS
    stored = re.fullmatch(rf"([\d,]+) messages stored in {path}; repeated \d+  waiting 0\n", said)
    assert stored is not None, said
    assert "error" not in complaints
    assert count(path, "trades") > 0
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT DISTINCT label FROM candles").fetchall() == [
            ("contract sandbox",)
        ]


def tables(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT name FROM sqlite_master")]


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 200)
    nowhere = "mongodb://me:s3cret@127.0.0.1:1/market?serverSelectionTimeoutMS=100"
    for address, status, complaint in (
        (f"sqlite:{tmp_path / 'text'}", FAILURE, r"error: cannot open .*text: file is not a data"),
        ("postgresql://me:s3cret@host/db", USAGE, r"error: where to store is sqlite:FILE, or mong"),
        (nowhere, FAILURE, r"error: cannot reach mongodb://127\.0\.0\.1:1/market: "),
    ):
        done = call("store", "BTCUSDT", "--to", address)  # which is opened before the venue

        assert done.returncode == status
        assert re.match(complaint, done.stderr), done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""
        assert "s3cret" not in done.stderr


class Nowhere:
    place = "a.db"


def test_live_line_says_what_is_stored_and_since_when_the_store_is_away() -> None:
    sink = Sink(Nowhere())  # type: ignore[arg-type]  # never opened
    view = StoringView(sink)
    tally: Tally = sink._tally
    first = view.draw(Frame(80, 24, 100.0))
    tally.take(Outcome(1500, 2), is_retry=False)
    second = view.draw(Frame(80, 24, 103.0))
    tally.be_away(SinkError("a.db is locked", place="a.db", retryable=True), 7)
    view.refuse("XYZ")
    third = view.draw(Frame(80, 24, 103.5))

    assert str(first) == " 0 stored  0/s  in a.db  repeated 0  waiting 0"
    assert str(second) == " 1,500 stored  500/s  in a.db  repeated 2  waiting 0"
    assert "retries 1  refused by the venue: XYZ" in str(third)
    assert re.search(r"\n away since \d\d:\d\d:\d\d \(\d\.\ds\): a\.db is locked$", str(third))
    assert sink_line(sink.stats(), "a.db").startswith("1,500 messages stored in a.db; repeated 2")
