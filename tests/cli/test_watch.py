import json
import os
import pty
import re
import select
import subprocess

import pytest

from weex_client.cli.failures import FAILURE, SUCCESS, USAGE
from weex_client.models import Candle, Message, OrderBookView, Ticker, Trade

from .program import LIMIT_SECONDS, call, command, environment, start

WHOLE = re.compile(r"continuity: .* covered 100% of [^\n]*, no holes\n")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


@pytest.mark.parametrize(
    ("channel", "payload"),
    [("ticker", Ticker), ("trades", Trade), ("book", OrderBookView), ("candles", Candle)],
)
def test_json_lines_read_back_as_the_same_messages(channel, payload):
    done = call(
        "watch", "--sandbox", "btcusdt", "PEPEUSDT", "--channel", channel, "--json", "--count", "6"
    )

    assert done.returncode == SUCCESS
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    for line in lines:
        # Read back and written again, no digit is lost, not even a trailing zero.
        again = json.loads(Message[payload].model_validate_json(line).model_dump_json())
        sent = json.loads(line)
        assert {name: sent["data"][name] for name in again["data"]} == again["data"]
        assert sent["symbol"] in {"BTCUSDT", "PEPEUSDT"}
        assert sent["channel"] == channel


def test_plain_lines_tell_time_symbol_and_fields():
    done = call("watch", "--sandbox", "BTCUSDT", "ETHUSDT", "--count", "4")

    assert done.returncode == SUCCESS
    assert WHOLE.fullmatch(done.stderr)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 4
    assert {words[1] for words in lines} == {"BTCUSDT", "ETHUSDT"}
    for words in lines:
        assert ISO_TIME.match(words[0])
        assert words[2] == "ticker"
        assert re.fullmatch(r"last=\d+\.\d+", words[3])
        assert re.fullmatch(r"change=[+-]\d+\.\d+%", words[4])


def test_seconds_end_the_watch():
    done = call("watch", "--sandbox", "BTCUSDT", "--seconds", "0.5")

    assert done.returncode == SUCCESS
    assert WHOLE.fullmatch(done.stderr)
    assert done.stdout


def test_spot_book_tickers_are_watched():
    done = call(
        *("watch", "--sandbox", "BTCUSDT", "--market", "spot"),
        *("--channel", "bookticker", "--count", "1"),
    )

    assert done.returncode == SUCCESS
    assert "bid_size=" in done.stdout


def test_url_leads_to_another_server():
    with start("sandbox") as exchange:
        url = json.loads(exchange.stdout.readline())["weex"]["contract"]["public"]
        done = call("watch", "--url", url, "BTCUSDT", "--channel", "book", "--count", "2")
        exchange.terminate()
        exchange.communicate(timeout=LIMIT_SECONDS)

    assert done.returncode == SUCCESS
    assert WHOLE.fullmatch(done.stderr)
    assert len(done.stdout.splitlines()) == 2
    assert "levels=5x5" in done.stdout


def test_refused_symbol_leaves_the_others_alone_and_fails_at_the_end():
    done = call("watch", "--sandbox", "BTCUSDT", "NOSUCHUSDT", "--count", "3")

    assert done.returncode == FAILURE
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr.count("\n") == 1
    assert "NOSUCHUSDT" in done.stderr


def test_only_refused_symbols_end_the_watch_with_a_line_each():
    done = call("watch", "--sandbox", "NOSUCHUSDT", "NEITHERUSDT")

    assert (done.returncode, done.stdout) == (FAILURE, "")
    assert sorted("NOSUCH" in line for line in done.stderr.splitlines()) == [False, True]


def test_reader_that_leaves_ends_the_watch_quietly():
    watching = start("watch", "--sandbox", "BTCUSDT")
    watching.stdout.readline()
    watching.stdout.close()
    said = watching.stderr.read()
    watching.stderr.close()

    assert watching.wait(LIMIT_SECONDS) == SUCCESS
    assert said == ""


def test_no_symbol_of_a_usable_spelling_is_wrong_usage():
    done = call("watch", "--sandbox", "BTC USDT")

    assert done.returncode == USAGE
    assert "not a symbol" in done.stderr


@pytest.mark.parametrize("channel", ["ticker", "book"])
def test_terminal_gets_a_table_without_wrapped_lines(channel):
    picture = _on_a_terminal("watch", "--sandbox", "BTCUSDT", "--channel", channel, "--count", "4")

    assert "BTCUSDT" in picture
    assert "connected" in picture
    assert re.search("continuity: .* covered 100% of .*, no holes", picture)
    assert "Traceback" not in picture
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", picture)
    assert all(len(line) <= 80 for line in plain.replace("\r", "\n").split("\n"))


def _on_a_terminal(*arguments: str) -> str:
    """Run on a terminal of 80 columns and return all that was written to it."""
    ours, theirs = pty.openpty()
    variables = environment({"LINES": "24", "TERM": "xterm-256color"})
    with subprocess.Popen(
        command(*arguments), stdout=theirs, stderr=theirs, stdin=theirs, env=variables
    ) as process:
        os.close(theirs)
        written = bytearray()
        while select.select([ours], [], [], LIMIT_SECONDS)[0]:
            try:
                written += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
        assert process.wait(LIMIT_SECONDS) == SUCCESS
    os.close(ours)
    return written.decode()
