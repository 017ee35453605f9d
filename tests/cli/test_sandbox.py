import json
import signal
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from weex_client.cli.failures import SUCCESS, USAGE

from .program import LIMIT_SECONDS, call, start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_line_says_where_everything_is_and_a_signal_ends_it(number):
    exchange = start("sandbox", "--seed", "3", "--speed", "2")
    ready = json.loads(exchange.stdout.readline())
    exchange.send_signal(number)
    rest, said = exchange.communicate(timeout=LIMIT_SECONDS)

    assert ready["ready"] is True
    assert ready["ws"].startswith("ws://127.0.0.1:")
    assert ready["http"].startswith("http://127.0.0.1:")
    assert ready["weex"]["contract"]["public"] == f"{ready['ws']}/contract/v3/ws/public"
    assert ready["weex"]["spot"]["private"] == f"{ready['ws']}/spot/v3/ws/private"
    assert (exchange.returncode, rest, said) == (SUCCESS, "", "")


def test_chaos_is_told_on_standard_error_when_asked():
    # The first fault of this plan comes after 33 simulated seconds.
    exchange = start("sandbox", "--chaos", "7", "--speed", "300", "--verbose")
    json.loads(exchange.stdout.readline())
    complaint = exchange.stderr.readline()
    exchange.send_signal(signal.SIGTERM)
    rest, _ = exchange.communicate(timeout=LIMIT_SECONDS)

    assert complaint.endswith("close: nobody to hit\n")
    assert (exchange.returncode, rest) == (SUCCESS, "")


def test_chaos_is_not_told_unless_asked():
    exchange = start("sandbox", "--chaos", "7", "--speed", "300")
    public = json.loads(exchange.stdout.readline())["weex"]["contract"]["public"]
    # Its plan ends the line sooner or later, within a minute of simulated time.
    with connect(public) as client, suppress(ConnectionClosed):
        while True:
            client.recv(timeout=LIMIT_SECONDS)
    exchange.send_signal(signal.SIGTERM)
    rest, said = exchange.communicate(timeout=LIMIT_SECONDS)

    assert (exchange.returncode, rest, said) == (SUCCESS, "", "")


def test_chaos_needs_a_number():
    refused = call("sandbox", "--chaos", "wild")

    assert refused.returncode == USAGE
    assert "'--chaos'" in refused.stderr
