"""Exports of a tape that was written by hand, as ``weex-client export`` makes them."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import pty
import re
import runpy
import shlex
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.recording.handmade import START_NS, HandmadeTape
from weex_client import ExportError, TapeError, UsageError
from weex_client.cli import export as exporting
from weex_client.cli.app import run
from weex_client.cli.export import ExportRequest, export_tape
from weex_client.cli.failures import SUCCESS, USAGE
from weex_client.cli.moments import iso_moment, moment_ns

from .program import LIMIT_SECONDS, REPOSITORY, call, command, environment

README = (REPOSITORY / "README.rst").read_text(encoding="utf-8")
SECOND_NS = 1_000_000_000


def trade_frame(number: int, time_ns: int, symbol: str = "BTCUSDT") -> bytes:
    milliseconds = time_ns // 1_000_000
    item = {
        "T": milliseconds,
        "t": f"t{number}",
        "p": f"{800 + number}.50",
        "q": "0.010",
        "v": "8.0",
        "m": False,
    }
    return json.dumps({"e": "trade", "E": milliseconds, "s": symbol, "d": [item]}).encode()


def write_trades(path: Path, seconds: Iterable[int], symbol: str = "BTCUSDT") -> None:
    """Write a tape with a trade at each of some seconds after its start, and one line."""
    with HandmadeTape(path) as tape:
        session = tape.session("weex", market="contract")
        line = tape.line(session)
        tape.feed(session, "trades", symbol)
        for number, second in enumerate(seconds):
            tape.now_ns = START_NS + second * SECOND_NS
            tape.received(line, trade_frame(number, tape.now_ns, symbol))
        tape.now_ns += SECOND_NS
        tape.close_line(line, is_ours=True)
        tape.close_session(session)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "tape.db"
    write_trades(path, range(0, 300, 10))
    return path


def export(tape: Path, name: str = "out.csv", channel: str = "trades", **options: Any) -> Path:
    out = tape.with_name(name)
    assert asyncio.run(export_tape(ExportRequest(tape, channel, out, **options))) == SUCCESS
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(tape: Path) -> list[str]:
    return [each.name for each in tape.parent.iterdir() if not each.name.startswith("tape.db")]


def test_the_command_writes_a_file_and_says_how_long_it_is(tape: Path) -> None:
    out = tape.with_name("trades.jsonl")
    done = call("export", str(tape), "--channel", "trades", "--out", str(out))

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    assert done.stdout == f"30 rows in {out}, {out.stat().st_size:,} bytes\n"
    messages = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["data"]["trade_id"] for each in messages] == [f"t{n}" for n in range(30)]
    done = call("export", str(tape), "--channel", "ticker", "--out", str(out))
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_parquet_needs_nothing_that_another_program_has_loaded(tape: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tape.with_name("trades.parquet")
    done = call("export", str(tape), "--channel", "trades", "--out", str(out))
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    assert parquet.read_table(out).num_rows == 30


def test_readme_and_documentation_export_as_they_say(
    tape: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.chdir(tape.parent)
    commands = re.findall(r"^   \$ .*weex-client (export tape\.db .*)$", README, re.M)
    assert len(commands) == 2
    for written in commands:
        assert run(shlex.split(written)) == SUCCESS
    assert capfd.readouterr().out.startswith("30 rows in trades.csv, ")
    runpy.run_path(str(REPOSITORY / "docs" / "recipes" / "from_python.py"))

    assert parquet.read_metadata("trades.parquet").num_rows == 30
    assert parquet.read_table("candles.parquet")["trade_count"].to_pylist() == [1, 9, 9, 9, 2]


def test_a_terminal_shows_how_far_an_export_is(tape: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("export", str(tape), "--channel", "trades", "--out", str(tape.with_name("o.csv"))),
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment({"TERM": "xterm", "COLUMNS": "80"}),
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    said, _ = process.communicate(timeout=LIMIT_SECONDS)

    assert (process.returncode, said.split()[:2]) == (SUCCESS, [b"30", b"rows"])
    assert b"messages" in shown


async def test_a_cancelled_export_leaves_nothing_half(
    tape: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    request = ExportRequest(tape, "trades", tape.with_name("trades.csv"))
    task = asyncio.create_task(export_tape(request))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    # It may have been done before it heard.
    is_stopped = "trades.csv was not written" in capfd.readouterr().err
    assert files(tape) == ([] if is_stopped else ["trades.csv"])


def test_time_and_symbol_choose_what_is_written(tape: Path) -> None:
    start = iso_moment(START_NS + 100 * SECOND_NS)
    end = str((START_NS + 130 * SECOND_NS) // SECOND_NS)
    out = export(tape, symbols=("btcusdt",), start=start, end=end, venue="weex")

    assert [row["trade_id"] for row in rows(out)] == ["t10", "t11", "t12"]


def test_an_export_without_data_says_what_the_tape_has_and_leaves_no_file(tape: Path) -> None:
    with pytest.raises(ExportError) as refused:
        export(tape, end="2020-01-01")

    begin = iso_moment(START_NS)
    assert f"holds no trades to 2020-01-01: nothing was written; it recorded trades of BTCUSDT from {begin} to " in str(refused.value)  # fmt: skip  # noqa: E501
    with pytest.raises(TapeError, match="it has weex contract trades"):
        export(tape, symbols=("ETHUSDT",))
    with pytest.raises(TapeError, match="--channel trades --interval 7s builds them"):
        export(tape, channel="candles", interval="7s")
    with pytest.raises(TapeError, match="no tape"):
        export(tape.with_name("other.db"))
    assert files(tape) == []


def test_candles_are_built_from_trades_and_say_what_may_be_missing(tape: Path) -> None:
    out = export(tape, "candles.csv", interval="90s")
    built = rows(out)
    # The tape begins 80 seconds into a candle of 90 seconds, and ends within another.
    assert [row["trade_count"] for row in built] == ["1", "9", "9", "9", "2"]
    assert [row["is_complete"] for row in built] == ["false", "true", "true", "true", "false"]
    assert built[1] | {
        "open": "801.50", "high": "809.50", "low": "801.50", "close": "809.50",
        "volume": "0.090", "interval": "90s", "channel": "candles", "is_closed": "true",
    } == built[1]  # fmt: skip

    first = float(built[2]["open_time_seconds"])
    out = export(tape, "candles.csv", interval="90s", start=str(first), end=str(first + 90))
    assert rows(out) == built[2:3]


def test_wrong_requests_are_refused_before_anything_is_read(tape: Path) -> None:
    for options, complaint in (
        ({"name": "tape.db", "file_format": "csv"}, "the tape itself"),
        ({"name": "out.xls"}, "choose csv, jsonl or parquet"),
        ({"start": "yesterday"}, "is no time"),
        ({"start": "10", "end": "10"}, "--to must be later than --from"),
        ({"interval": "1y"}, "is no interval"),
    ):
        with pytest.raises(UsageError, match=complaint):
            export(tape, **options)
    assert files(tape) == []


def test_a_file_never_mixes_what_nothing_in_it_tells_apart(tmp_path: Path) -> None:
    path = tmp_path / "tape.db"
    with HandmadeTape(path) as tape:
        for market in ("contract", "spot"):
            session = tape.session("weex", market=market)
            line = tape.line(session)
            tape.feed(session, "trades", "BTCUSDT")
            if market == "spot":
                for level in (5, 15):
                    tape.feed(session, "book", "BTCUSDT", level)
            tape.now_ns += SECOND_NS
            tape.received(line, trade_frame(1, tape.now_ns))
            tape.close_line(line)
            tape.close_session(session)
    with pytest.raises(ExportError, match=r"several markets \(weex contract, weex spot\)"):
        export(path)
    with pytest.raises(ExportError, match="choose --level 5 or 15"):
        export(path, channel="book")


def test_an_export_that_nobody_wants_any_more_ends(tape: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    request = ExportRequest(tape, "trades", tape.with_name("out.csv"))
    with pytest.raises(exporting._CancelledError):
        exporting._exported(request, cancelled)
    assert files(tape) == []


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21T18:30+02:00", "2026-11-21T16:30:00Z"),
        ("2026-11-21 18:30:00.25Z", "2026-11-21T18:30:00.250000Z"),
        ("1790000000.5", "2026-09-21T14:13:20.500000Z"),
    ],
)
def test_moments_are_iso_or_unix_seconds(text: str, iso: str) -> None:
    assert iso_moment(moment_ns(text)) == iso


@pytest.mark.parametrize("text", ["", "noon", "-1", "nan", "1e99", "2026-13-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it like"):
        moment_ns(text)
