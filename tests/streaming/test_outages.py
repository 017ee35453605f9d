"""What is announced of interrupted feeds, and what the report says of them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from weex_client.models import Continuity
from weex_client.protocol import Channel, Scope, Topic

from .conftest import Line
from .test_liveness import depth, ticker, trades

BTC, ETH = "BTCUSDT", "ETHUSDT"
CHANGE = depth() | {"e": "depth", "d": "CHANGED"}


def past(line: Line, channel: str, symbol: str | None = BTC) -> Continuity:
    reports = line.ledger.report(line.now, line.now_ns)
    return next(each for each in reports if (each.channel, each.symbol) == (channel, symbol))


def serve(line: Line, *frames: dict[str, Any]) -> None:
    """Open a line, accept everything, and say some frames."""
    line.open()
    line.answer(line.requests())
    line.receive(*frames)


def cut(line: Line, seconds: float) -> None:
    line.session.lost("the line died")
    line.now += seconds


def test_acknowledged_feed_is_covered_before_it_has_said_anything(line: Line) -> None:
    line.join(Channel.TRADES, BTC)
    assert past(line, "trades").since is None
    serve(line)
    line.now += 10
    assert (past(line, "trades").covered_seconds, past(line, "trades").covered) == (10.0, 1.0)


def test_book_is_covered_from_its_snapshot(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    serve(line)
    line.now += 10
    assert past(line, "book").since is None
    line.receive(depth())
    line.now += 5
    assert past(line, "book").covered_seconds == 5.0
    assert line.events == []


def test_cut_is_a_hole_of_tickers_and_books_with_its_cause(line: Line) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.BOOK, BTC, level=5)
    serve(line, ticker(), depth())
    line.now += 60
    line.receive(ticker())
    cut(line, 15)
    serve(line, ticker())
    line.now += 5
    line.receive(depth())
    for channel, seconds in (("ticker", 15.0), ("book", 20.0)):
        (hole,) = past(line, channel).holes
        assert (hole.duration_seconds, hole.cause) == (seconds, "the line died")
    assert past(line, "book").covered == 0.75
    assert [(event.kind, event.channel, event.duration_seconds) for event in line.events] == [
        ("resubscribed", "ticker", 15.0),
        ("resubscribed", "book", 20.0),
    ]


def test_cut_that_the_replay_of_trades_bridges_is_no_hole(line: Line) -> None:
    line.join(Channel.TRADES, BTC)
    serve(line, trades("one", "two"))
    cut(line, 15)
    serve(line, trades("two", "three", snapshot=True))
    assert past(line, "trades").is_complete
    assert [event.kind for event in line.events] == ["resubscribed"]


def test_cut_that_the_replay_of_trades_does_not_bridge_is_a_hole_and_a_gap(line: Line) -> None:
    line.join(Channel.TRADES, BTC)
    serve(line, trades("one", "two"))
    line.now += 60
    cut(line, 15)
    many = [f"later {number}" for number in range(20)]
    serve(line, trades(*many, snapshot=True))
    gap, resubscribed = line.events
    assert (gap.kind, gap.channel, gap.symbol) == ("gap", "trades", BTC)
    # From the last trade, 75 s ago, to the oldest of the replay, 19 ms before its newest.
    assert gap.duration_seconds == pytest.approx(75 - 0.019, abs=0.01)
    assert resubscribed.kind == "resubscribed"
    assert past(line, "trades").hole_count == 1
    assert line.counters["trades"].gaps == 1


def test_cut_that_the_history_of_candles_fills_is_no_hole(
    line: Line, captured: Callable[[str], list[bytes]]
) -> None:
    line.join(Channel.CANDLES, BTC, interval="1m")
    history = captured("contract-kline.jsonl")[0]
    serve(line)
    line.receive(history)
    cut(line, 15)
    serve(line)
    line.receive(history)
    assert past(line, "candles").is_complete


def test_gap_of_a_book_is_a_hole_until_the_new_snapshot(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    serve(line, depth(sequence=100))
    line.now += 30
    line.receive(CHANGE | {"U": 150, "u": 160})
    line.now += 10
    line.answer(line.requests())
    line.receive(depth(sequence=200))
    gap, resubscribed = line.events
    assert (gap.kind, gap.from_sequence, gap.to_sequence) == ("gap", 100, 150)
    assert (resubscribed.kind, resubscribed.duration_seconds) == ("resubscribed", 10.0)
    (hole,) = past(line, "book").holes
    assert (hole.duration_seconds, hole.cause) == (10.0, gap.cause)
    assert past(line, "book").covered == 0.75


def test_symbol_without_a_book_is_covered_by_nothing_until_there_is_one(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    dead = depth(sequence=0) | {"U": 0, "b": [], "a": []}
    serve(line, dead)
    line.now += 10
    assert past(line, "book").since is None
    assert [event.kind for event in line.events] == ["stale"]
    line.receive(depth())
    line.now += 10
    assert past(line, "book").covered_seconds == 10.0
    assert [event.kind for event in line.events] == ["stale", "resubscribed"]


def test_book_that_dies_is_a_hole_that_stays_open(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    serve(line, depth())
    line.now += 10
    line.receive(depth(sequence=0) | {"U": 0, "b": [], "a": []})
    line.now += 10
    (hole,) = past(line, "book").holes
    assert (hole.end, hole.cause) == (None, "the venue keeps no book of this symbol")


def test_account_is_resubscribed_when_accepted_and_says_that_it_may_have_missed_something(
    make_line: type[Line],
) -> None:
    line = make_line("contract", Scope.PRIVATE)
    line.join(Channel.FILLS)
    serve(line)
    line.now += 60
    line.receive({"type": "ping", "time": "1"})
    cut(line, 20)
    serve(line)
    gap, resubscribed = line.events
    assert (gap.kind, gap.channel, gap.duration_seconds) == ("gap", "fills", 20.0)
    assert (resubscribed.kind, resubscribed.duration_seconds) == ("resubscribed", 20.0)
    assert past(line, "fills", None).covered == 0.75
    assert line.counters["fills"].gaps == 1


def test_reader_that_leaves_in_the_middle_of_a_gap_breaks_nothing(line: Line) -> None:
    reader = line.join(Channel.BOOK, BTC, level=5)
    serve(line, depth(sequence=100))
    topic = Topic(Channel.BOOK, BTC, 5)
    line.session._outages._emit = lambda event: line.leave(topic, reader)
    line.receive(CHANGE | {"U": 150, "u": 160})
    line.now += 10
    assert line.session.feed_count == 0
    assert past(line, "book").hole_seconds == 0.0


def test_feed_left_and_wanted_again_in_one_turn_goes_on_without_a_hole(line: Line) -> None:
    reader = line.join(Channel.BOOK, BTC, level=5)
    serve(line, depth())
    line.now += 10
    line.leave(Topic(Channel.BOOK, BTC, 5), reader)
    line.join(Channel.BOOK, BTC, level=5)
    line.now += 10
    assert line.requests() == []
    assert past(line, "book").covered_seconds == 20.0
    assert past(line, "book").is_complete


def test_line_lost_before_the_first_snapshot_is_no_hole(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    serve(line)
    cut(line, 10)
    serve(line, depth())
    assert past(line, "book").is_complete


def test_acknowledgement_of_what_was_given_back_changes_nothing(line: Line) -> None:
    reader = line.join(Channel.TICKER, BTC)
    line.open()
    requests = line.requests()
    line.leave(Topic(Channel.TICKER, BTC), reader)
    line.answer(requests)
    assert past(line, "ticker").since is None
