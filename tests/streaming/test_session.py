"""One connection's conversation with the venue: wishes, answers, pings, silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.errors import ClientClosedError, SilentLineError, SubscriptionRejectedError
from weex_client.protocol import Channel, Scope, Topic

from .conftest import START_NS, Line, Listener

Captured = Callable[[str], list[bytes]]
BTC, ETH, NOPE = "BTCUSDT", "ETHUSDT", "NOPEUSDT"
PINGS = [
    {"event": "ping", "time": "1788692610000"},
    {"type": "ping", "time": "1776172740000"},
]


def subscribed(requests: list[dict[str, Any]]) -> list[list[str]]:
    return [request["params"] for request in requests if request["method"] == "SUBSCRIBE"]


# Wishes.


def test_all_feeds_wanted_in_one_turn_go_out_in_one_request(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TRADES, BTC)
    line.join(Channel.BOOK, BTC, level=5)
    assert subscribed(line.requests()) == [["BTCUSDT@ticker", "BTCUSDT@trade", "BTCUSDT@depth15"]]


def test_nothing_goes_out_before_the_line_is_open(line: Line) -> None:
    line.join(Channel.TICKER, BTC)
    assert line.requests() == []
    assert line.session.next_due(line.now_ns) is None
    line.wait(100)
    assert line.session.verdict is None


def test_several_readers_share_one_venue_subscription(line: Line) -> None:
    line.open()
    for level in (1, 5, 15):
        line.join(Channel.BOOK, BTC, level=level)
    line.join(Channel.BOOK_DELTAS, BTC, level=15)
    line.join(Channel.BOOK, BTC, level=5)
    assert subscribed(line.requests()) == [["BTCUSDT@depth15"]]
    assert line.session.feed_count == 1


def test_subscription_ends_with_its_last_reader(line: Line) -> None:
    line.open()
    one, two = line.join(Channel.TICKER, BTC), line.join(Channel.TICKER, BTC)
    line.answer(line.requests())
    topic = Topic(Channel.TICKER, BTC)
    line.leave(topic, one)
    assert line.requests() == []
    line.leave(topic, two)
    assert [(r["method"], r["params"]) for r in line.requests()] == [
        ("UNSUBSCRIBE", ["BTCUSDT@ticker"])
    ]
    assert line.session.feed_count == 0


def test_letting_go_of_what_is_not_served_changes_nothing(line: Line) -> None:
    assert not line.session.let_go("BTCUSDT@ticker", Topic(Channel.TICKER, BTC), 0.0)


def test_frames_on_the_way_after_the_last_reader_left_are_ignored(
    line: Line, captured: Captured
) -> None:
    line.open()
    reader = line.join(Channel.TICKER, BTC)
    other = line.join(Channel.TICKER, ETH)
    line.answer(line.requests())
    frame = captured("contract-ticker.jsonl")[0]
    line.receive(frame)
    line.leave(Topic(Channel.TICKER, BTC), reader)
    line.receive(frame, captured("contract-ticker.jsonl")[2])
    assert (len(reader.messages), len(other.messages)) == (1, 1)
    assert line.counters["ticker"].frames == 2
    assert line.session.frames == 4
    assert not line.session.unknown


def test_new_connection_is_asked_for_everything_wanted(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TICKER, ETH)
    line.answer(line.requests())
    line.session.lost("cut")
    assert line.requests() == []
    line.open()
    assert subscribed(line.requests()) == [["BTCUSDT@ticker", "ETHUSDT@ticker"]]


steps = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "pull", "reconnect"]),
        st.sampled_from(
            [
                Topic(Channel.TICKER, BTC),
                Topic(Channel.BOOK, BTC, level=1),
                Topic(Channel.BOOK, BTC, level=5),
                Topic(Channel.BOOK_DELTAS, BTC, level=15),
                Topic(Channel.BOOK, BTC, level=50),
                Topic(Channel.CANDLES, ETH, interval="1m"),
            ]
        ),
        st.integers(0, 2),
    ),
    max_size=40,
)


@given(steps)
def test_random_joins_and_leaves_leave_exactly_the_wanted_feeds_asked(
    steps: list[tuple[str, Topic, int]],
) -> None:
    line = Line()
    line.open()
    readers: dict[tuple[Topic, int], Listener] = {}
    served: set[str] = set()

    def pull() -> None:
        for request in line.requests():
            names = set(request["params"])
            if request["method"] == "SUBSCRIBE":
                assert not names & served
                served.update(names)
            else:
                assert names <= served
                served.difference_update(names)
            line.answer([request])

    for action, topic, number in steps:
        key = (topic, number)
        if action == "join" and key not in readers:
            readers[key] = line.join(*topic[:2], level=topic.level, interval=topic.interval)
        elif action == "leave" and key in readers:
            line.leave(topic, readers.pop(key))
        elif action == "reconnect":
            line.session.lost("cut")
            served.clear()
            line.open()
        elif action == "pull":
            pull()
    pull()
    assert served == {line.venue.feed(topic) for topic, _ in readers}
    assert line.session.feed_count == len(served)


# Refusals.


def test_batch_with_one_bad_feed_fails_only_that_stream_and_asks_again_for_the_rest(
    line: Line,
) -> None:
    line.open()
    good, bad = line.join(Channel.TICKER, BTC), line.join(Channel.TICKER, NOPE)
    (request,) = line.requests()
    line.refuse(request, "invalid symbol : cmt_nopeusdt")
    (error,) = bad.ends
    assert isinstance(error, SubscriptionRejectedError)
    assert (error.channel, error.symbol) == ("ticker", NOPE)
    assert error.reason == "INVALID_ARGUMENT: invalid symbol : cmt_nopeusdt"
    assert "refused ticker of NOPEUSDT" in str(error)
    assert good.ends == []
    assert line.session.needs_pull
    assert subscribed(line.requests()) == [["BTCUSDT@ticker"]]
    (event,) = line.events
    assert (event.kind, event.channel, event.symbol) == ("rejected", "ticker", NOPE)


def test_refused_feed_is_refused_at_once_to_whoever_wants_it_next(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, NOPE)
    line.refuse(line.requests()[0], "invalid symbol : cmt_nopeusdt")
    with pytest.raises(SubscriptionRejectedError, match="check the symbol's spelling"):
        line.join(Channel.TICKER, NOPE)
    assert line.requests() == []


def test_refused_channel_without_a_symbol_is_named_alone(make_line: type[Line]) -> None:
    line = make_line("spot", Scope.PRIVATE)
    line.open()
    reader = line.join(Channel.ORDERS)
    line.refuse(line.requests()[0], "no permission")
    assert "weex refused orders: INVALID_ARGUMENT: no permission" in str(reader.ends[0])


def test_refusal_of_a_feed_that_was_given_back_is_nobodys_trouble(line: Line) -> None:
    line.open()
    reader = line.join(Channel.TICKER, NOPE)
    (request,) = line.requests()
    line.leave(Topic(Channel.TICKER, NOPE), reader)
    line.refuse(request, "invalid symbol : cmt_nopeusdt")
    assert (reader.ends, line.events) == ([], [])


def test_refusal_that_blames_nobody_is_logged(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.open()
    line.receive({"result": False, "msg": "INVALID_ARGUMENT: unrecognized message : hello"})
    assert "unrecognized message : hello" in caplog.text
    assert line.events == []


def test_five_refusals_ask_for_a_fresh_connection_before_the_sixth(line: Line) -> None:
    line.open()
    good = line.join(Channel.TICKER, BTC)
    line.answer(line.requests())
    for number in range(5):
        line.join(Channel.TICKER, f"N{number}")
        line.refuse(line.requests()[0], "invalid symbol : x")
        assert line.session.verdict is None
    line.join(Channel.TICKER, ETH)
    assert line.requests() == []
    assert line.session.verdict is not None
    assert line.session.verdict.retryable
    line.session.lost("cut")
    line.open()
    assert line.session.verdict is None
    assert subscribed(line.requests()) == [["BTCUSDT@ticker", "ETHUSDT@ticker"]]
    assert good.ends == []


# Heartbeat.


def quiet(line: Line) -> None:
    """Serve trades of a market where nothing is traded: their silence proves nothing."""
    line.join(Channel.TRADES, BTC)
    line.open()
    line.answer(line.requests())
    line.receive({"e": "tradeSnapshot", "E": 1_790_000_000_000, "s": BTC, "d": []})


@pytest.mark.parametrize("ping", [*PINGS, {"event": "ping"}])
def test_server_ping_in_both_spellings_is_answered_with_a_pong(
    line: Line, ping: dict[str, str]
) -> None:
    line.open()
    line.receive(ping)
    assert line.session.needs_pull
    (answer,) = line.requests()
    assert answer["method"] == "PONG"
    assert line.requests() == []


def test_every_ping_is_answered(line: Line) -> None:
    line.open()
    line.receive(*PINGS)
    assert [r["method"] for r in line.requests()] == ["PONG", "PONG"]


def test_pong_owed_to_a_lost_connection_is_not_sent_to_the_next(line: Line) -> None:
    line.open()
    line.receive(PINGS[0])
    line.session.lost("cut")
    line.open()
    assert line.requests() == []


def test_silence_sends_a_ping_and_then_gives_a_verdict(line: Line) -> None:
    quiet(line)
    line.wait(29.9)
    assert line.requests() == []
    assert line.session.next_due(line.now_ns) == 30.0
    line.wait(0.1)
    assert [r["method"] for r in line.requests()] == ["PING"]
    line.wait(6)
    assert line.session.next_due(line.now_ns) == 40.0
    line.wait(3.9)
    assert line.session.verdict is None
    line.wait(0.1)
    verdict = line.session.verdict
    assert isinstance(verdict, SilentLineError)
    assert verdict.silent_seconds == 40.0
    assert "40 s" in str(verdict)
    line.open()
    assert line.session.verdict is None


@pytest.mark.parametrize(
    "frame", [{"result": True, "id": 1}, {"id": "1", "method": "PONG"}, {"x": 1}, b"hello"]
)
def test_any_frame_ends_the_doubt_about_a_silent_line(line: Line, frame: Any) -> None:
    quiet(line)
    line.wait(30)
    line.requests()
    line.wait(5)
    line.receive(frame)
    line.wait(29.9)
    assert line.session.verdict is None
    assert line.requests() == []
    line.wait(0.1)
    assert [r["method"] for r in line.requests()] == ["PING"]


def test_silence_counts_from_the_first_subscription(make_line: type[Line]) -> None:
    line = make_line("spot")
    line.open()
    line.wait(31)
    assert line.requests() == []
    line.join(Channel.BOOK_TICKER, BTC)
    line.wait(0)
    line.answer(line.requests())
    line.wait(29.9)
    assert line.requests() == []
    line.wait(0.1)
    assert [r["method"] for r in line.requests()] == ["PING"]


def test_connection_without_subscription_is_idle_before_the_venue_cuts_it(line: Line) -> None:
    line.open()
    assert not line.session.is_idle(44.9)
    assert line.session.is_idle(45.0)
    reader = line.join(Channel.TICKER, BTC)
    assert not line.session.is_idle(100.0)
    line.now = 50.0
    line.leave(Topic(Channel.TICKER, BTC), reader)
    assert not line.session.is_idle(94.9)
    assert line.session.is_idle(95.0)


def test_idle_end_is_among_what_is_due(line: Line) -> None:
    line.open()
    line.now = 20.0
    line.receive(b"hello")
    assert line.session.next_due(line.now_ns) == 45.0


# A venue that would fill our memory, or break our clocks.


@pytest.mark.parametrize("time", ["9" * 400, "-" + "9" * 400, "-1", "0", "9" * 5000])
def test_nonsense_for_the_venues_time_is_not_believed(line: Line, time: str) -> None:
    line.open()
    line.receive({"event": "ping", "time": time}, {"event": "connected", "time": time})
    assert not line.session.server_time.is_told
    line.wait(1)
    assert line.session.server_time.time_ns(line.now, line.now_ns) == line.now_ns


def test_long_words_of_a_refusal_are_cut(line: Line) -> None:
    line.open()
    reader = line.join(Channel.TICKER, BTC)
    (request,) = line.requests()
    line.refuse(request, "x" * 100_000)
    (error,) = reader.ends
    assert len(str(error)) < 500
    (event,) = line.events
    assert len(event.cause or "") < 500


def test_causes_of_holes_are_cut_however_much_they_quote(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    line.answer(line.requests())
    line.session.lost("x" * 100_000)
    line.open()
    line.answer(line.requests())
    line.receive({"e": "ticker", "E": START_NS // 10**6, "s": BTC, "d": []})
    (past,) = line.ledger.report(line.now, line.now_ns)
    assert [len(hole.cause) for hole in past.holes] == [400]


def test_odd_spellings_of_one_feed_are_served_but_not_all_remembered(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    line.answer(line.requests())
    for number in range(128):
        symbol = "".join(
            letter.lower() if number >> place & 1 else letter for place, letter in enumerate(BTC)
        )
        line.receive({"e": "ticker", "E": START_NS // 10**6, "s": symbol, "d": []})
    assert line.counters["ticker"].frames == 128
    assert len(line.session._routes) <= 4


# Answers that never come.


def test_answer_that_never_comes_is_asked_again_with_growing_delays_then_a_fresh_connection(
    line: Line,
) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    assert len(subscribed(line.requests())) == 1
    asked_at = []
    while line.session.verdict is None and line.now < 300:
        line.wait(1)
        line.session.heard([], line.now_ns, line.now)
        if subscribed(line.requests()):
            asked_at.append(line.now)
    # Ten seconds of patience each time, and then 0, 1, 2, 4 and 8 more.
    assert asked_at == [10, 21, 33, 47, 65]
    assert line.now == 75
    assert "could not be resynchronised" in str(line.session.verdict)


def test_snapshot_that_never_comes_is_asked_for_again(line: Line) -> None:
    line.open()
    line.join(Channel.BOOK, BTC, level=5)
    line.answer(line.requests())
    line.wait(9.9)
    assert line.requests() == []
    assert line.session.next_due(line.now_ns) == 10.0
    line.wait(0.1)
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_snapshot_may_come_before_the_answer(line: Line, captured: Captured) -> None:
    line.open()
    reader = line.join(Channel.BOOK, BTC, level=5)
    requests = line.requests()
    line.receive(captured("contract-depth.jsonl")[0])
    assert len(reader.messages) == 1
    line.answer(requests)
    line.wait(20)
    assert line.requests() == []


# Unknown frames.


def test_unknown_frames_are_counted_by_kind_and_logged_once(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.open()
    with caplog.at_level(logging.WARNING):
        line.receive(b"hello", b"bye", {"e": "markPrice", "s": BTC}, {"x": 1}, b"\xff")
    assert line.session.unknown == {"not JSON": 3, "event 'markPrice'": 1, "no event": 1}
    assert len(caplog.records) == 3
    assert "5 bytes beginning b'hello'" in caplog.text
    assert "bye" not in caplog.text


def test_kinds_that_a_venue_makes_up_are_not_all_remembered(line: Line) -> None:
    line.open()
    for number in range(150):
        line.receive({"e": f"made up {number}", "s": BTC})
    assert len(line.session.unknown) == 101
    assert line.session.unknown["other"] == 50


def test_unknown_private_frame_is_logged_without_its_contents(
    make_line: type[Line], caplog: pytest.LogCaptureFixture
) -> None:
    line = make_line("spot", Scope.PRIVATE)
    line.open()
    line.receive({"balance": "4711 secret"})
    assert "no event" in caplog.text
    assert "secret" not in caplog.text


# Counting and ending.


def test_frames_and_bytes_are_counted_per_line_and_channel(line: Line, captured: Captured) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    frames = captured("contract-ticker.jsonl")[:2]
    line.receive(*frames, b"hello")
    counters = line.counters["ticker"]
    assert (counters.frames, counters.bytes) == (2, sum(map(len, frames)))
    assert counters.last_frame_ns == line.session.last_frame_ns == START_NS
    assert (line.session.frames, line.session.bytes) == (3, sum(map(len, frames)) + 5)


def test_end_reaches_every_reader_once(line: Line) -> None:
    line.open()
    readers = [
        line.join(Channel.TICKER, BTC),
        line.join(Channel.TICKER, BTC),
        line.join(Channel.BOOK, BTC, level=5),
        line.join(Channel.BOOK, BTC, level=1),
    ]
    error = ClientClosedError("closed")
    line.session.end(error)
    assert [reader.ends for reader in readers] == [[error]] * 4
    assert line.session.feed_count == 0


# The venue's budget.


def test_feed_that_waits_for_the_budget_is_told_once_with_the_wait(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.open()
    kept = line.join(Channel.TICKER, BTC)
    line.wait(0)
    line.answer(line.requests())
    for _ in range(96):
        other = line.join(Channel.TRADES, BTC)
        line.answer(line.requests())
        line.leave(Topic(Channel.TRADES, BTC), other)
        line.answer(line.requests())
    assert line.kinds() == []
    line.join(Channel.TRADES, ETH)
    for _ in range(3):
        line.wait(1)
        assert line.requests() == []
    (told,) = line.events
    assert (told.kind, told.channel, told.symbol) == ("stale", "trades", ETH)
    assert told.delay_seconds == 3599.0
    assert told.timestamp == (line.now_ns - 2_000_000_000) / 1e9
    assert "kept for resynchronising" in told.cause
    assert caplog.text.count("ETHUSDT@trade waits 3599 s") == 1
    line.now = 3600.0
    line.receive(b"{}")
    assert ("ETHUSDT@trade",) in [tuple(r["params"]) for r in line.requests() if "params" in r]
    assert kept.ends == []
