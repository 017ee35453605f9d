"""The commands that read tapes: ``replay``, ``tape info``, and the others' option ``--replay``."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.recording.handmade import HandmadeTape
from tests.recording.test_recording import SECOND, book, trade
from weex_client.cli.app import run
from weex_client.recording import Recording

from .program import start


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "tape.db"
    with HandmadeTape(path) as written:
        session = written.session()
        line = written.line(session)
        written.feed(session, "trades", "BTCUSDT")
        written.feed(session, "trades", "ETHUSDT")
        written.feed(session, "book", "BTCUSDT", 15)
        written.received(line, book(0, 1, 100, is_snapshot=True))
        for number in range(1, 6):
            written.now_ns += SECOND
            symbol = "BTCUSDT" if number % 2 else "ETHUSDT"
            written.received(line, trade(number, symbol), book(number, number + 1, 100 + number))
        written.event(session, "resubscribed", "trades", "BTCUSDT", duration_seconds=0.25)
        written.close_line(line, is_ours=True)
        written.close_session(session)
    return path


def said(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str], str]:
    status = run([str(each) for each in arguments])
    out, err = capfd.readouterr()
    return status, out.splitlines(), err


def test_replay_prints_what_was_streamed_and_its_digest(
    tape: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = [message.model_dump_json() for message in Recording(tape).messages()]
    assert len(wanted) == 11
    for speed in (0, 1e6):
        status, lines, err = said(capfd, "replay", tape, "--json", "--speed", speed)
        assert (status, lines) == (0, wanted)
        assert err.startswith("11 messages; something is missing on the tape")
    _, (digest,), _ = said(capfd, "replay", tape, "--digest")
    assert digest == hashlib.sha256("".join(f"{line}\n" for line in wanted).encode()).hexdigest()

    choice = ("--channel", "trades", "--symbol", "BTCUSDT", "--count", "2")
    _, lines, err = said(capfd, "replay", tape, *choice)
    assert [line.split()[1:3] for line in lines] == [["BTCUSDT", "trades"]] * 2
    seconds = Recording(tape).start_ns / SECOND
    _, lines, _ = said(capfd, "replay", tape, "--from", seconds + 4, "--to", seconds + 5, "--json")
    assert [json.loads(line)["channel"] for line in lines] == ["trades", "book"]


def test_tape_info_tells_sessions_channels_and_gaps(
    tape: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    status, lines, err = said(capfd, "tape", "info", tape)
    assert (status, err) == (0, "")
    assert "5.0 s from 2026-09-21T14:13:20Z, 11 frames" in lines[0]
    assert any(line.split()[:3] == ["1", "weex", "contract"] for line in lines)
    assert any("trades" in line and "0.250 s, 1 time" in line for line in lines)
    assert any("book" in line and "15 levels" in line and "nothing known" in line for line in lines)
    _, (line,), _ = said(capfd, "tape", "info", tape, "--json")
    told = json.loads(line)
    assert [each["channel"]["symbol"] for each in told["channels"]] == [
        *("BTCUSDT", "ETHUSDT", "BTCUSDT")
    ]
    assert (len(told["sessions"]), told["gaps"][0]["kind"]) == (1, "interruption")


def test_what_cannot_be_read_is_one_line_and_status_two(
    tape: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text, newer, empty = (tmp_path / name for name in ("text.db", "newer.db", "empty.db"))
    text.write_text("no tape")
    HandmadeTape(empty).close()
    HandmadeTape(newer).close()
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    short = tmp_path / "short.db"
    short.write_bytes(tape.read_bytes()[:-5000])
    replay = ("replay", tape)
    for arguments, words in (
        (("replay", text), "is not a tape"),
        (("tape", "info", text), "is not a tape"),
        (("tape", "info", newer), "update weex-client"),
        (("replay", short), "cut short"),
        (("replay", tmp_path / "none.db"), "there is no tape"),
        (("replay", empty), "no streams at all"),
        ((*replay, "--channel", "candles"), "it has weex contract trades (BTCUSDT, ETHUSDT);"),
        ((*replay, "--symbol", "XRPUSDT"), "it has weex contract trades (BTCUSDT, ETHUSDT);"),
        ((*replay, "--from", "2020-01-02", "--to", "2020-01-01"), "must be later"),
        ((*replay, "--to", "2020-01-01"), "it goes from 2026-09-21T14:13:20Z to"),
        ((*replay, "--from", "yesterday"), "is no time"),
        ((*replay, "--speed", "-1"), "--speed"),
        (("sandbox", "--replay", text), "is not a tape"),
        (("sandbox", "--replay", empty), "nothing was recorded"),
        (("paper", "X", "--strategy", "m:s", "--sandbox", "--replay", tape), "exclude each other"),
    ):
        status, lines, err = said(capfd, *arguments)
        assert (status, lines) == (2, []), arguments
        assert err.startswith("error: ")
        assert words in err, (arguments, err)
        assert err.count("\n") == 1, err


STRATEGY = """
async def strategy(engine, client):
    async for message in client.stream_trades("BTCUSDT"):
        await engine.submit("BTCUSDT", "buy", "1")
"""


def test_a_strategy_on_a_tape_prints_the_same_each_time(
    tape: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("taped_bot.py").write_text(STRATEGY)
    arguments = ("paper", "BTCUSDT", "--strategy", "taped_bot:strategy", "--replay", tape)
    first, second = said(capfd, *arguments), said(capfd, *arguments)
    assert first == second
    assert first[0] == 0
    assert first[1][-1].endswith("3 fills")


def test_the_sandbox_says_where_it_serves_a_tape(tape: Path) -> None:
    process = start("sandbox", "--replay", str(tape))
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert ready["ready"]
    assert set(ready) == {"ready", "ws", "http", "weex"}
