"""Feeds that speak when something happens, of venues that answer and repeat nothing."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest

from tests.streaming.fake_venue import FakeLine, Own
from weex_client.errors import SubscriptionRejectedError
from weex_client.protocol import DialRequest, FeedKind, Heartbeat, Topic

NEWS = {Own.WHALES: FeedKind.NEWS}
FEED = "whales:A"


def news(number: int) -> dict[str, object]:
    return {"feed": FEED, "id": number}


def test_what_an_interruption_cost_is_a_gap_as_soon_as_the_venue_is_asked_again() -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False)
    listener = line.join(Own.WHALES, "A")
    line.open()
    assert line.asked() == [[FEED]]
    line.say(news(1))
    line.wait(100.0)
    line.session.lost("the line was cut")
    line.wait(20.0)
    line.open()
    assert line.asked() == [[FEED]]
    gap, resubscribed = line.events
    assert (gap.kind, gap.channel, gap.symbol) == ("gap", "whales", "A")
    assert gap.duration_seconds == 120.0
    assert resubscribed.kind == "resubscribed"
    assert line.counters["whales"].gaps == 1
    line.say(news(2))
    assert [message.data.trade_id for message in listener.messages] == ["1", "2"]
    assert len(line.events) == 2


def test_news_that_do_not_come_are_no_silence() -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False, heartbeat=Heartbeat(30.0, 10.0))
    line.join(Own.WHALES, "A")
    line.open()
    line.sent()
    for number in range(60):  # every second, as if it were a habit
        line.wait(1.0)
        line.say(news(number))
    for _ in range(600):
        line.wait(1.0)
        line.say("pong")
        assert line.asked() == []
    assert line.events == []
    assert line.session.verdict is None


def test_a_refusal_ends_what_its_words_name_though_nothing_waits_for_an_answer() -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False)
    bad, good = line.join(Own.WHALES, "A"), line.join(Own.WHALES, "B")
    line.venue.blamed = lambda reason, feeds: [feed for feed in feeds if feed in reason]
    line.open()
    line.sent()
    line.say({"reject": None, "reason": "slow down"})
    assert (bad.ends, good.ends) == ([], [])
    line.say({"reject": None, "reason": f"unknown {FEED}"})
    assert isinstance(bad.ends[0], SubscriptionRejectedError)
    assert good.ends == []
    assert line.asked() == []


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_stream_that_is_opened_again_begins_behind_what_the_one_before_was_owed(
    is_answered: bool,
) -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False)
    first = line.join(Own.WHALES, "A")
    line.open()
    assert line.asked() == [[FEED]]
    line.leave(Topic(Own.WHALES, "A"), first)
    assert line.asked("unsubscribe") == [[FEED]]
    listener = line.join(Own.WHALES, "A")
    assert [each["kind"] for each in line.sent()] == ["subscribe", "ping"]
    line.say(news(1), news(2))  # owed to the first; what came behind it nobody had asked for
    if is_answered:
        line.say("pong")
    else:
        line.wait(10.0)
    line.say(news(5), news(6))
    assert [message.data.trade_id for message in listener.messages] == ["5", "6"]
    assert [event.kind for event in line.events] == ([] if is_answered else ["gap"])


def test_news_that_are_wanted_again_before_the_venue_was_told_just_go_on() -> None:
    budget = {"operations": 1, "operation_window_seconds": 1.0, "resync_share": 0.0}
    line = FakeLine(kinds=NEWS, acknowledges=False, **budget)
    first = line.join(Own.WHALES, "A")
    line.open()
    assert line.asked() == [[FEED]]
    line.leave(Topic(Own.WHALES, "A"), first)
    assert line.sent() == []  # it must wait for its turn
    listener = line.join(Own.WHALES, "A")
    line.wait(5.0)
    assert line.sent() == []
    line.say(news(1))
    assert len(listener.messages) == 1


def test_what_was_refused_is_asked_for_by_the_next_stream_but_not_again_and_again() -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False)
    line.venue.blamed = lambda reason, feeds: [feed for feed in feeds if feed in reason]
    topic = Topic(Own.WHALES, "A")
    line.join(Own.WHALES, "B")
    line.open()
    asked, said = [], set()
    for _ in range(6000):  # ten minutes of somebody who does not give up
        try:
            stream = line.join(Own.WHALES, "A")
        except SubscriptionRejectedError as exc:
            said.add(exc.reason)
        else:
            line.sent()
            asked.append(line.now)
            line.say({"reject": None, "reason": f"service is busy {FEED}"})
            assert isinstance(stream.ends[0], SubscriptionRejectedError)
            line.leave(topic, stream)
            line.sent()
        line.wait(0.1)
        line.say("pong")
    pauses = [after - before for before, after in pairwise(asked)]
    assert said == {f"service is busy {FEED}"}
    assert pauses[0] < 1.0
    assert [round(pause / 5) for pause in pauses[1:]] == [1, 2, 4, 8, 16, 32, 60][: len(pauses) - 1]
    line.session.lost("the line was cut")
    line.open()
    stream = line.join(Own.WHALES, "A")
    assert FEED in line.asked()[0]
    line.say(news(1))
    assert len(stream.messages) == 1


def test_requests_are_paced_and_a_short_wait_is_no_trouble() -> None:
    budget = {"operations": 5, "operation_window_seconds": 1.0, "resync_share": 0.0}
    line = FakeLine(kinds=NEWS, acknowledges=False, feeds_per_request=1, **budget)
    for number in range(12):
        line.join(Own.WHALES, f"S{number}")
    line.open()
    counts = []
    for _ in range(4):
        counts.append(len(line.asked()))
        assert line.asked() == []
        line.wait(0.5)
        assert len(line.asked()) in (0, counts[-1])
        line.wait(0.6)
    assert counts == [5, 5, 2, 0]
    assert line.events == []


@pytest.mark.parametrize(("seconds", "is_suspect"), [(1.0, True), (6.0, False)])
def test_a_venue_that_hangs_up_twice_after_the_key_has_probably_refused_it(
    seconds: float, is_suspect: bool, caplog: pytest.LogCaptureFixture
) -> None:
    line = FakeLine(kinds=NEWS, acknowledges=False)
    line.join(Own.WHALES, "A")
    request = DialRequest("ws://venue", opening=("my key",))
    with caplog.at_level(logging.WARNING, "weex_client"):
        for _ in range(3):
            line.session.opened(line.now, request)
            line.sent()
            line.wait(seconds)
            line.session.lost("the line was cut")
    warnings = [record for record in caplog.records if "probably refused" in record.getMessage()]
    assert len(warnings) == is_suspect
    assert "my key" not in caplog.text
