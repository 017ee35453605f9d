import json
import signal
import time

import pytest

from weex_client.cli.failures import SUCCESS

from .program import LIMIT_SECONDS, RELEASE_SECONDS, start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_line_says_where_everything_is_and_a_signal_ends_it(number):
    exchange = start("sandbox", "--seed", "3", "--speed", "2")
    ready = json.loads(exchange.stdout.readline())
    began = time.monotonic()
    exchange.send_signal(number)
    rest, said = exchange.communicate(timeout=LIMIT_SECONDS)

    assert ready["ready"] is True
    assert ready["ws"].startswith("ws://127.0.0.1:")
    assert ready["http"].startswith("http://127.0.0.1:")
    assert ready["weex"]["contract"]["public"] == f"{ready['ws']}/contract/v3/ws/public"
    assert ready["weex"]["spot"]["private"] == f"{ready['ws']}/spot/v3/ws/private"
    assert (exchange.returncode, rest, said) == (SUCCESS, "", "")
    assert time.monotonic() - began < RELEASE_SECONDS
