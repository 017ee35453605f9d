import socket
import subprocess
from pathlib import Path

import pytest

from weex_client.cli.failures import FAILURE, SUCCESS, USAGE, explained

from .program import LIMIT_SECONDS, call, command, environment

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "typer":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from weex_client.__main__ import main
sys.exit(main())
"""

WRONG_USAGE = [
    ((), "command"),
    (("nonsense",), "nonsense"),
    (("watch",), "at least one symbol"),
    (("watch", "BTCUSDT", "--nonsense"), "--nonsense"),
    (("watch", "BTCUSDT", "--channel", "nonsense"), "its channels: ticker, trades"),
    (("watch", "BTCUSDT", "--venue", "nonsense"), "weex"),
    (("watch", "BTCUSDT", "--market", "nonsense"), "spot"),
    (("watch", "BTCUSDT", "--count", "0"), "--count"),
    (("watch", "BTCUSDT", "--seconds", "nan"), "--seconds"),
    (("watch", "BTCUSDT", "--url", "http://localhost"), "wss://"),
    (("watch", "BTCUSDT", "--url", "ws://localhost", "--sandbox"), "choose one"),
    (("watch", "BTCUSDT", "--sandbox", "--channel", "book", "--level", "300"), "1 to 200"),
    (("watch", "BTCUSDT", "--sandbox", "--channel", "candles", "--interval", "7m"), "1m, 5m"),
    (("watch", "BTCUSDT", "--sandbox", "--channel", "bookticker"), "candles"),
    (("watch", "--channel", "orders"), "WEEX_API_KEY"),
    (("sandbox", "--speed", "0"), "--speed"),
    (("sandbox", "--port", "70000"), "--port"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_USAGE)
def test_wrong_usage_is_one_line_that_says_what_to_do(arguments, said):
    done = call(*arguments)

    assert (done.returncode, done.stdout) == (USAGE, "")
    _assert_one_line(done.stderr, said)


def test_wrong_setting_names_its_variable_and_keeps_the_secret():
    done = call(
        *("watch", "BTCUSDT"), WEEX_QUEUE_SIZE="none", WEEX_SECRET_KEY="canary", WEEX_API_KEY="k"
    )

    assert done.returncode == USAGE
    _assert_one_line(done.stderr, "WEEX_QUEUE_SIZE")
    assert "canary" not in done.stderr


def test_refused_connection_says_what_to_try():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = call("watch", "BTCUSDT", "--url", f"ws://127.0.0.1:{port}")

    assert done.returncode == FAILURE
    _assert_one_line(done.stderr, "--sandbox")


def test_venue_out_of_reach_suggests_the_sandbox():
    # The proxy of the environment is a port where nobody listens: no network, on any machine.
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
    done = call("watch", "BTCUSDT", https_proxy=proxy, HTTPS_PROXY=proxy)

    assert done.returncode == FAILURE
    _assert_one_line(done.stderr, "--sandbox")


def test_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = call("sandbox", "--port", str(server.getsockname()[1]))

    assert (done.returncode, done.stdout) == (FAILURE, "")
    _assert_one_line(done.stderr, "another --port")


def test_missing_extra_is_one_line():
    done = call("watch", "BTCUSDT", script=BLOCKED)

    assert (done.returncode, done.stdout) == (USAGE, "")
    _assert_one_line(done.stderr, "pip install 'weex-client[cli]'")


@pytest.mark.parametrize("arguments", [("--help",), ("watch", "--help"), ("sandbox", "--help")])
def test_help_shows_an_example(arguments):
    done = call(*arguments)

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    assert "Example: weex-client " in done.stdout


def test_version_is_printed():
    done = call("--version")

    assert done.returncode == SUCCESS
    assert done.stdout.startswith("weex-client ")


@pytest.mark.parametrize("arguments", ["--version", "--help", "watch --sandbox BTCUSDT"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_one_line(arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*arguments.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_SECONDS,
            env=environment(),
            check=False,
        )

    assert done.returncode == FAILURE
    _assert_one_line(done.stderr, "No space left on device")


def test_a_bug_is_one_line_too():
    text, status = explained(ExceptionGroup("tasks", [TypeError("no\nsuch thing")]))

    assert status == FAILURE
    assert text.startswith("a bug in weex-client, please report it: TypeError")


def _assert_one_line(text: str, said: str) -> None:
    assert text.count("\n") == 1, text
    assert text.startswith("error: ")
    assert said in text
    assert "Traceback" not in text
