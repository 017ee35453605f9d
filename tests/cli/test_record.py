import contextlib
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess

import pytest

from tests.recording.on_tape import payloads, rows
from weex_client.cli.app import run
from weex_client.cli.failures import FAILURE, SUCCESS, USAGE
from weex_client.cli.views.recording import Progress, size_text, summary
from weex_client.recording import RecorderStats
from weex_client.recording.rows import FeedRow, PartRow, SessionRow

from .program import LIMIT_SECONDS, REPOSITORY, command, environment, start


def test_signal_ends_a_recording_and_everything_is_on_the_tape(tmp_path):
    path = tmp_path / "tape.db"
    recording = start(
        *("record", "--sandbox", "btcusdt", "ETHUSDT", "--channel", "trades"),
        *("--channel", "book", "--level", "15", "--out", str(path)),
    )
    assert re.match(r"tape\.db  [\d,]+ frames/s  ", recording.stdout.readline())
    while not (path.exists() and b"depthSnapshot" in path.read_bytes() + _log(path)):
        assert recording.poll() is None
    recording.send_signal(signal.SIGINT)
    _, said = recording.communicate(timeout=LIMIT_SECONDS)

    assert recording.returncode == SUCCESS
    frames = payloads(path) + payloads(path, is_sent=True)
    assert re.fullmatch(
        rf"{re.escape(str(path))}: {len(frames):,} frames recorded in [\d.]+s, none lost\n", said
    )
    topics = [(row.channel, row.symbol, row.level) for row in rows(path, FeedRow)]
    assert topics == [
        ("trades", "BTCUSDT", None),
        ("trades", "ETHUSDT", None),
        ("book", "BTCUSDT", 15),
        ("book", "ETHUSDT", 15),
    ]
    assert all(row.closed_ns for row in (*rows(path, SessionRow), *rows(path, PartRow)))


def test_frames_that_are_lost_at_the_end_are_told_and_are_a_failure(tmp_path):
    path = tmp_path / "tape.db"
    recording = start("record", "--sandbox", "BTCUSDT", "--channel", "trades", "--out", str(path))
    recording.stdout.readline()
    while not (path.exists() and b"tradeSnapshot" in path.read_bytes() + _log(path)):
        assert recording.poll() is None
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")
        recording.send_signal(signal.SIGINT)
        _, said = recording.communicate(timeout=LIMIT_SECONDS)

    assert recording.returncode == FAILURE
    assert re.fullmatch(
        r"error: .* frames recorded in .*s, \d+ lost: another program holds the file locked\n", said
    )


def _log(path):
    log = path.with_name(path.name + "-wal")
    return log.read_bytes() if log.exists() else b""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--out"),
        (("--out", "tape.db", "--rotate", "1x"), "--rotate.*500MB.*1h"),
        (("--out", "tape.db", "--retain", "forever"), "--retain.*7d"),
        (("--out", "tape.db", "--channel", "nope"), "has no nope channel.*trades"),
        (("--out", "nowhere/tape.db"), "cannot record in nowhere/tape.db"),
        (("--out", str(REPOSITORY / "pyproject.toml")), "pyproject.toml is not a tape"),
    ],
)
def test_wrong_options_are_answered_in_one_line(options, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(["record", "--sandbox", "BTCUSDT", *options]) == USAGE
    out, complaint = capsys.readouterr()

    assert out == ""
    assert re.search(said, complaint)
    assert complaint.count("\n") == 1


def test_terminal_shows_how_it_goes(tmp_path):
    controller, terminal = pty.openpty()
    recording = subprocess.Popen(
        command("record", "--sandbox", "BTCUSDT", "--out", str(tmp_path / "tape.db")),
        stdout=terminal,
        stderr=subprocess.PIPE,
        env=environment({"TERM": "xterm"}),
    )
    os.close(terminal)
    shown = b""
    while not re.search(rb"tape\.db .* lag .*\n.*connected.*weex contract sandbox", shown):
        assert select.select([controller], [], [], LIMIT_SECONDS)[0], shown
        shown += os.read(controller, 65536)
    recording.send_signal(signal.SIGTERM)
    # Somebody must read on, or the last picture does not fit.
    while recording.poll() is None:
        if select.select([controller], [], [], 0.1)[0]:
            try:
                os.read(controller, 65536)
            except OSError:  # the other side is closed
                break
    assert recording.wait(LIMIT_SECONDS) == SUCCESS
    assert b"none lost" in recording.stderr.read()
    recording.stderr.close()
    os.close(controller)


def _stats(tmp_path, **facts):
    known = {
        "frames": 1200,
        "bytes": 360_000,
        "written": 1000,
        "waiting": 0,
        "waiting_bytes": 0,
        "dropped": 0,
        "problem": None,
        "lag_seconds": 0.04,
        "last_commit": None,
        "path": tmp_path / "tape.db",
        "part": 0,
        "file_bytes": 14_240_000,
    }
    return RecorderStats(**known | facts)


def test_line_tells_the_rate_of_the_last_seconds_and_what_is_wrong(tmp_path):
    progress = Progress()
    progress.line(_stats(tmp_path, frames=0), 0.0)
    line = progress.line(_stats(tmp_path), 4.0)

    assert line == "tape.db  300 frames/s  1,200 frames  14.2 MB  lag 0.0 s  dropped 0"
    for now in range(5, 20):
        line = progress.line(
            _stats(tmp_path, problem="the disk is full", waiting_bytes=2_000_000), float(now)
        )
    assert line.startswith("tape.db  0 frames/s")
    assert line.endswith("cannot write: the disk is full (2.0 MB wait)")
    assert summary(_stats(tmp_path, dropped=7, problem="the disk is full"), 90.0).endswith(
        "1,000 frames recorded in 90s, 7 lost: the disk is full"
    )
    assert [size_text(size) for size in (999, 1000, 10**15)] == ["999 B", "1.0 kB", "1000.0 TB"]
