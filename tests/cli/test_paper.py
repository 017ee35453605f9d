import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from weex_client.cli.failures import FAILURE, SUCCESS, USAGE

from .program import LIMIT_SECONDS, command, environment

BOTS = """
import asyncio
from weex_client.paper import PaperTradingEngine

async def quick(engine, client):
    await engine.submit("BTCUSDT", "buy", "0.01")
    await engine.submit("BTCUSDT", "sell", "0.01")

async def patient(engine, client):
    await engine.submit("BTCUSDT", "buy", "0.01")
    await asyncio.Event().wait()

async def broken(engine, client):
    raise KeyError("oh")

class Signals(PaperTradingEngine):
    def generate_signal(self, price):
        return "buy"

def plain(engine, client):
    pass
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bots.py").write_text(BOTS)
    return tmp_path


def trade(folder, *arguments, **options):
    return subprocess.run(
        command("paper", "BTCUSDT", "--sandbox", *arguments),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env=environment(),
        cwd=folder,
        check=False,
        **options,
    )


def test_strategy_trades_and_its_result_is_printed(folder):
    done = trade(folder, "--strategy", "bots:quick", "--balance", "5000", "--report", "fills.csv")

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    lines = done.stdout.splitlines()
    assert re.search(r"orders order_id=\d+ .*status=filled", done.stdout)
    assert re.match(r"equity 49\d\d\.\d\d USDT \(-\d+\.\d\d\): realized ", lines[-1])
    assert lines[-1].endswith("fills; report in fills.csv")
    assert (folder / "fills.csv").read_text().count("\n") >= 3


def test_subclass_with_signals_trades_until_its_seconds_are_over(folder):
    done = trade(folder, "--strategy", "bots:Signals", "--seconds", "1")

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    assert "side=buy" in done.stdout


def test_account_is_resumed_from_its_file(folder):
    for _ in range(2):
        done = trade(folder, "--strategy", "bots:quick", "--state", "state.db")
        assert (done.returncode, done.stderr) == (SUCCESS, "")
    fills = int(re.search(r"(\d+) fills$", done.stdout)[1])
    assert fills >= 4


def test_strategy_that_raises_is_one_line_and_a_failure(folder):
    done = trade(folder, "--strategy", "bots:broken")

    assert done.returncode == FAILURE
    assert done.stderr == "error: strategy broken raised KeyError: 'oh'; its orders are cancelled\n"


@pytest.mark.parametrize(
    ("strategy", "complaint"),
    [
        ("bots", "is module:name"),
        ("nothing:here", "no module 'nothing'"),
        ("bots:nothing", "has no 'nothing'"),
        ("bots:plain", "neither"),
    ],
)
def test_strategy_that_cannot_be_used_is_wrong_usage(folder, strategy, complaint):
    done = trade(folder, "--strategy", strategy)

    assert done.returncode == USAGE
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_file_that_is_no_state_is_said_in_one_line(folder):
    (folder / "state.db").write_text("nothing like a database" * 100)
    done = trade(folder, "--strategy", "bots:quick", "--state", "state.db")

    assert done.returncode in (USAGE, FAILURE)
    assert "state.db" in done.stderr
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_cleanly_and_writes_the_report(folder):
    process = subprocess.Popen(
        command(
            *("paper", "BTCUSDT", "--sandbox", "--strategy", "bots:patient"),
            *("--report", "fills.csv"),
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=folder,
    )
    while "fills fill_id" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT_SECONDS)

    assert (process.returncode, said) == (SUCCESS, "")
    assert (folder / "fills.csv").exists()


def test_terminal_shows_the_account(folder):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("paper", "BTCUSDT", "--sandbox", "--strategy", "bots:patient", "--seconds", "2"),
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment({"TERM": "xterm", "LINES": "40", "COLUMNS": "120"}),
        cwd=folder,
    )
    os.close(theirs)
    shown = b""
    ends = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < ends:
        if select.select((ours,), (), (), 0.1)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    _, said = process.communicate(timeout=LIMIT_SECONDS)

    assert (process.returncode, said) == (SUCCESS, b"")
    for words in (
        b"equity",
        b"available",
        b"Entry",
        b"Liquidity",
        b"weex contract sandbox on paper",
    ):
        assert words in shown


def test_reader_that_leaves_ends_the_run(folder):
    process = subprocess.Popen(
        command("paper", "BTCUSDT", "--sandbox", "--strategy", "bots:Signals"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=folder,
    )
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()

    assert (process.wait(LIMIT_SECONDS), said) == (SUCCESS, "")
    process.stderr.close()
