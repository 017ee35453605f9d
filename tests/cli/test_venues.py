"""Other venues on the command line, and the table of what each has."""

import json

import pytest

from weex_client.cli.capabilities import ABSENT, capability_table
from weex_client.cli.failures import SUCCESS, USAGE
from weex_client.websocket import VENUES

from .program import call


def test_the_table_is_printed_as_the_code_has_it():
    done = call("venues")

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    heading, *rows = capability_table()
    lines = done.stdout.splitlines()
    assert all(title in lines[0] for title in heading)
    for row, line in zip(rows, lines[1:], strict=True):
        assert line.split("  ")[0] == row[0]
        assert all(cell in line for cell in row)


def test_the_table_has_every_venue_and_says_what_needs_a_key():
    heading, *rows = capability_table()
    table = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}

    assert {title.split()[0] for title in heading[1:]} == VENUES.keys()
    assert table["book_deltas"]["weex spot"] == "15, 200"
    assert table["bookticker"]["weex contract"] == ABSENT
    assert table["orders"]["weex contract"] == "yes (key)"
    assert table["whales"]["smartmoney"] == "yes (key)"
    assert table["whales"]["weex spot"] == ABSENT


@pytest.mark.parametrize(
    ("venue", "words", "symbols"),
    [
        ("smartmoney", ("btc", "ETH"), {"BTC", "ETH"}),
        ("smartmoney", ("--channel", "liquidations", "eth"), {"ETH"}),
        ("coinbase", ("btc-usd", "--channel", "heartbeat"), {"BTC-USD"}),
        ("kucoin", ("--channel", "all_tickers"), None),
    ],
)
def test_channels_of_every_venue_are_watched(venue, words, symbols):
    done = call("watch", "--venue", venue, "--sandbox", *words, "--json", "--count", "3")

    assert (done.returncode, done.stderr) == (SUCCESS, "")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(messages) == 3
    assert {message["venue"] for message in messages} == {venue}
    assert symbols is None or {message["symbol"] for message in messages} <= symbols


def test_what_a_venue_lacks_is_one_line_that_lists_what_it_has():
    done = call("watch", "BTC", "--venue", "smartmoney", "--channel", "ticker")

    assert done.returncode == USAGE
    assert done.stderr.count("\n") == 1
    assert "whales, funding, liquidations" in done.stderr
