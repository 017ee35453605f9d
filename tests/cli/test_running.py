import json
import signal
import socket

import pytest

from weex_client.cli.failures import SUCCESS

from .program import LIMIT_SECONDS, start

# A name server that does not answer holds the lookup, and its thread cannot be stopped.
HUNG_LOOKUP = """
import socket, sys, threading
def hang(*_, **__):
    print("looking up", flush=True)
    threading.Event().wait()
socket.getaddrinfo = hang
from weex_client.__main__ import main
sys.exit(main())
"""

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_streaming_ends_cleanly(number):
    watching = start("watch", "--sandbox", "BTCUSDT", "--channel", "trades")
    watching.stdout.readline()

    _assert_ends_cleanly(watching, number)


def test_signal_while_dialling_ends_cleanly():
    with socket.create_server(("127.0.0.1", 0)) as server:
        watching = start("watch", "BTCUSDT", "--url", f"ws://127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
        with connection:
            _assert_ends_cleanly(watching, signal.SIGINT)


def test_signal_while_a_name_is_looked_up_ends_cleanly():
    watching = start("watch", "BTCUSDT", script=HUNG_LOOKUP)
    watching.stdout.readline()

    _assert_ends_cleanly(watching, signal.SIGINT)


def test_signal_while_the_reader_stalls_ends_cleanly():
    watching = start("watch", "--sandbox", "BTCUSDT", "--channel", "candles", "--json")
    # 300 candles at once are more than the pipe takes, and nobody reads on.
    watching.stdout.read(1)

    watching.send_signal(signal.SIGTERM)
    assert watching.wait(LIMIT_SECONDS) == SUCCESS
    assert watching.communicate()[1] == ""


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_reconnecting_ends_cleanly_and_tells_of_the_hole(number):
    with start("sandbox") as exchange:
        url = json.loads(exchange.stdout.readline())["weex"]["contract"]["public"]
        watching = start("watch", "BTCUSDT", "--url", url)
        watching.stdout.readline()
        exchange.kill()
        exchange.communicate(timeout=LIMIT_SECONDS)
    while "reconnecting" not in watching.stderr.readline():
        pass

    watching.send_signal(number)
    _, said = watching.communicate(timeout=LIMIT_SECONDS)

    assert watching.returncode == SUCCESS
    assert "Traceback" not in said
    assert "continuity: BTCUSDT ticker covered" in said
    assert "1 hole of" in said
    assert "connection ended with code 1006" in said


def _assert_ends_cleanly(process, number):
    process.send_signal(number)
    _, said = process.communicate(timeout=LIMIT_SECONDS)

    assert process.returncode == SUCCESS
    assert all(line.startswith("continuity: ") for line in said.splitlines())
