"""What venues do differently: greetings, pings, answers, books, and what vouches for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.streaming.fake_venue import FakeLine, Own, beat, change, snapshot, trade
from weex_client.errors import AuthenticationError, SubscriptionRejectedError
from weex_client.protocol import Channel, DialRequest, FeedKind, Heartbeat, Topic
from weex_client.rest import HttpResponse
from weex_client.streaming.seeding import Question

TRADES = "trades:A"
LOOSE = {Channel.BOOK: FeedKind.LOOSE_BOOK}


def vouched(feed: str) -> tuple[str, ...]:
    kind, _, symbol = feed.partition(":")
    return {"book": (f"beat:{symbol}", f"trades:{symbol}"), "trades": (f"beat:{symbol}",)}.get(
        kind, ()
    )


# Channels of their own.


def test_channel_of_a_venues_own_is_streamed_like_any_other() -> None:
    line = FakeLine()
    listener = line.join(Own.WHALES, "A")
    line.open()
    assert line.asked() == [["whales:A"]]
    line.say({"feed": "whales:A", "id": 1})
    assert [message.channel for message in listener.messages] == ["whales"]


# The opening.


def test_nothing_is_sent_before_the_greeting() -> None:
    line = FakeLine(greets=True)
    line.join(Channel.TRADES, "A")
    line.open()
    assert line.sent() == []
    line.say("welcome")
    assert line.session.needs_pull
    assert line.asked() == [[TRADES]]


def test_line_that_is_never_greeted_is_given_up() -> None:
    line = FakeLine(greets=True)
    line.join(Channel.TRADES, "A")
    line.open()
    line.wait(9.9)
    assert line.session.verdict is None
    line.session.excuse_silence(line.now)  # it may wait in the socket
    line.wait(9.9)
    assert line.session.verdict is None
    line.wait(0.2)
    assert "did not greet" in str(line.session.verdict)


# Pings.


def test_pings_go_out_at_the_servers_interval_whatever_comes() -> None:
    line = FakeLine(heartbeat=Heartbeat(60.0, 10.0))
    line.join(Channel.TRADES, "A")
    request = DialRequest("ws://venue", ping_interval_seconds=10.0, answer_seconds=4.0)
    line.session.opened(line.now, request)
    line.sent()
    pings = []
    for second in range(1, 31):
        line.wait(1.0)
        line.say(trade(second))
        if line.asked("ping"):
            pings.append(second)
    assert pings == [9, 18, 27]
    line.wait(6.0)
    assert line.asked("ping") == [[]]
    line.wait(3.9)
    assert line.session.verdict is None
    line.wait(0.2)
    assert "not even an answer to a ping" in str(line.session.verdict)


def test_pings_count_where_the_venue_counts_them() -> None:
    line = FakeLine(
        operations=2, operation_window_seconds=10.0, resync_share=0.0, counts_pings=True
    )
    line.join(Channel.TRADES, "A")
    line.session.opened(line.now, DialRequest("ws://venue", ping_interval_seconds=8.0))
    line.asked()
    line.wait(7.3)
    assert line.asked("ping")
    line.join(Channel.TRADES, "B")
    assert line.asked() == []
    line.say(trade(1))
    line.wait(2.8)
    assert line.asked() == [["trades:B"]]


@pytest.mark.parametrize("has_data", [False, True])
def test_venue_that_answers_no_pings_is_forgiven_once_it_sent_data(has_data: bool) -> None:
    line = FakeLine(acknowledges=False, heartbeat=Heartbeat(30.0, 10.0, tries=2, forgives_after=3))
    line.join(Channel.TRADES, "A")
    line.open()
    line.sent()
    pings = 0
    for _ in range(200):
        line.wait(1.0)
        pings += len(line.asked("ping"))
        if has_data and line.now in (35.0, 70.0):
            line.say(trade(round(line.now)))
        if line.session.verdict is not None:
            break
    assert (line.session.verdict is None) is has_data
    assert pings >= 2


def test_venue_without_pings_is_dead_after_its_silence() -> None:
    line = FakeLine(heartbeat=Heartbeat(5.0, 5.0, has_ping=False))
    line.join(Channel.TRADES, "A")
    line.open()
    line.sent()
    line.wait(5.1)
    assert line.session.verdict is None
    assert line.sent() == []
    line.wait(5.1)
    assert line.session.verdict is not None


# Answers.


def test_feed_that_an_ack_leaves_out_is_asked_for_again_and_then_refused() -> None:
    line = FakeLine(answers_in_order=True)
    good, bad = line.join(Channel.TRADES, "A"), line.join(Channel.TRADES, "B")
    line.open()
    line.sent()
    line.say({"ack": None, "served": [TRADES]})
    line.wait(10.1)
    assert line.asked() == [["trades:B"]]
    line.say({"ack": None, "served": [TRADES]})
    line.wait(10.1)
    assert line.asked() == []
    assert good.ends == []
    [error] = bad.ends
    assert isinstance(error, SubscriptionRejectedError)
    assert "leaves it out" in str(error)


def test_feed_that_a_later_ack_lists_is_served() -> None:
    line = FakeLine(answers_in_order=True)
    listener = line.join(Channel.TRADES, "B")
    line.open()
    line.sent()
    line.say({"ack": None, "served": []})
    line.join(Channel.TRADES, "A")
    line.sent()
    line.say({"ack": None, "served": [TRADES, "trades:B"]})
    line.wait(30.0)
    assert line.asked() == []
    assert listener.ends == []


def test_feed_that_the_venue_drops_is_asked_for_again() -> None:
    line = FakeLine(answers_in_order=True)
    line.join(Channel.TRADES, "A")
    line.open()
    line.sent()
    line.say({"ack": None, "served": [TRADES]})
    line.join(Channel.TRADES, "B")
    line.sent()
    line.say({"ack": None, "served": ["trades:B"]})
    line.wait(10.1)
    assert line.asked() == [[TRADES]]


def test_refusal_without_a_name_is_the_oldest_requests_where_answers_come_in_order() -> None:
    line = FakeLine(answers_in_order=True)
    bad = line.join(Channel.TRADES, "A")
    line.open()
    line.sent()
    good = line.join(Channel.TRADES, "B")
    line.sent()
    line.say({"reject": None, "reason": "no such symbol"})
    assert len(bad.ends) == 1
    assert good.ends == []


def test_feeds_of_a_venue_that_answers_nothing_are_served_once_asked_for() -> None:
    line = FakeLine(acknowledges=False)
    line.join(Channel.TRADES, "A")
    line.open()
    assert line.asked() == [[TRADES]]
    line.wait(60.0)
    assert line.asked() == []
    [past] = line.ledger.report(line.now, line.now_ns)
    assert past.covered_seconds == 60.0


def test_requests_are_paced_over_a_short_window_without_alarm() -> None:
    line = FakeLine(
        acknowledges=False,
        feeds_per_request=1,
        operations=2,
        operation_window_seconds=1.0,
        resync_share=0.0,
    )
    for symbol in "ABCDE":
        line.join(Channel.TRADES, symbol)
    line.open()
    counts = []
    for _ in range(4):
        counts.append(len(line.asked()))
        line.wait(1.01)
    assert counts == [2, 2, 1, 0]
    assert line.kinds() == []


# Refused credentials, and a venue that closes.


@pytest.mark.parametrize("request_id", ["1", None])
def test_refused_credentials_end_what_needs_them_with_one_error(request_id: str | None) -> None:
    line = FakeLine(secret=["trades:A", "trades:B"])
    first, second = line.join(Channel.TRADES, "A"), line.join(Channel.TRADES, "B")
    line.open()
    line.sent()
    public = line.join(Channel.TRADES, "C")
    line.sent()
    line.say({"denied": request_id, "reason": "Invalid API Key"})
    assert first.ends == second.ends
    [error] = first.ends
    assert isinstance(error, AuthenticationError)
    assert "Invalid API Key; check key, secret" in str(error)
    assert public.ends == []
    line.wait(10.1)
    assert line.asked() == [["trades:C"]]  # the others are not asked for again
    assert line.kinds().count("rejected") == 2


def test_connection_on_which_nothing_can_be_had_is_given_up() -> None:
    line = FakeLine(secret=[TRADES])
    line.join(Channel.TRADES, "A")
    line.open()
    line.sent()
    line.say({"denied": None, "reason": "unknown key"})
    assert "unknown key" in str(line.session.verdict)


def test_connection_that_the_venue_closes_is_given_up_at_once() -> None:
    line = FakeLine()
    line.open()
    line.say({"closing": "token is expired"})
    assert line.session.needs_pull
    assert "token is expired" in str(line.session.verdict)


# Books that start from an answer.


def question(line: FakeLine) -> Question | None:
    return line.session.seeding.question(line.now, line.now_ns)


def answer(line: FakeLine, body: Any) -> None:
    """Answer what is asked, and let what waited be published."""
    seeding = line.session.seeding
    asked = question(line)
    assert asked is not None
    assert asked.query.path == "/book:A"
    seeding.answered(asked, json.dumps(body).encode(), line.now_ns)
    while (state := seeding.outgoing()) is not None:
        state.publish_next()
    question(line)


def bids(listener: Any) -> list[str]:
    return [str(message.data.bids[0][0]) for message in listener.messages]


def open_book(line: FakeLine) -> Any:
    listener = line.book()
    line.open()
    line.say(*({"ack": str(each["id"])} for each in line.sent()))
    return listener


def test_book_starts_from_an_answer_and_goes_on_with_what_waited() -> None:
    line = FakeLine(by_request=True)
    listener = open_book(line)
    line.say(change("1", after=1, at=2), change("2", after=2, at=3), change("3", after=3, at=4))
    assert bids(listener) == []
    answer(line, snapshot("2", "9", at=3))
    line.say(change("4", after=4, at=5))
    assert bids(listener) == ["2", "3", "4"]
    assert [message.is_snapshot for message in listener.messages] == [True, False, False]
    [past] = line.ledger.report(line.now, line.now_ns)
    assert past.since is not None
    assert past.hole_count == 0


def test_own_book_is_begun_with_all_levels_of_a_venue_that_sends_all() -> None:
    line = FakeLine(by_request=True)
    open_book(line)
    answer(line, snapshot("2", "9", at=3))
    line.say(change("3", after=3, at=4), change("4", after=4, at=5))
    (begin,) = line.join(Channel.BOOK_DELTAS, "A", level=1).messages
    assert [str(price) for price, _ in begin.data.bids] == ["4", "3", "2"]


def test_frame_that_overlaps_an_answer_counts_as_far_as_it_is_newer() -> None:
    line = FakeLine(by_request=True)
    listener = open_book(line)
    line.say(change("8", after=1, at=4, items=[[3, "8", "1"], [4, "5", "1"]]))
    answer(line, snapshot("2", "9", at=3))
    assert bids(listener) == ["2", "5"]


def test_answer_that_is_too_old_is_asked_for_again() -> None:
    line = FakeLine(by_request=True)
    listener = open_book(line)
    line.say(change("3", after=5, at=6))
    asked = question(line)
    assert asked is not None
    with pytest.raises(Exception, match="stands at 3"):
        line.session.seeding.answered(
            asked, json.dumps(snapshot("2", "9", at=3)).encode(), line.now_ns
        )
    assert bids(listener) == []
    assert question(line) is None  # not at once
    line.wait(1.1)
    answer(line, snapshot("2", "9", at=5))
    assert bids(listener) == ["2", "3"]


def test_gap_in_a_book_by_request_costs_a_question_and_no_subscription() -> None:
    line = FakeLine(by_request=True)
    listener = open_book(line)
    answer(line, snapshot("2", "9", at=3))
    line.say(change("3", after=3, at=4), change("5", after=5, at=6), change("6", after=6, at=7))
    assert line.sent() == []
    line.wait(2.1)
    answer(line, snapshot("5", "9", at=6))
    assert bids(listener) == ["2", "3", "5", "6"]
    assert line.kinds() == ["gap", "resubscribed"]
    [past] = line.ledger.report(line.now, line.now_ns)
    assert past.hole_count == 1


def test_reader_is_told_that_there_is_no_such_book() -> None:
    line = FakeLine(by_request=True)
    open_book(line)
    asked = question(line)
    assert asked is not None
    with pytest.raises(SubscriptionRejectedError, match="no order book"):
        line.session.seeding.answered(asked, None, line.now_ns)


def test_answer_to_a_lost_connection_is_none() -> None:
    line = FakeLine(by_request=True)
    listener = open_book(line)
    asked = question(line)
    assert asked is not None
    line.session.lost("it was cut")
    line.session.seeding.answered(asked, b"nonsense", line.now_ns)
    assert bids(listener) == []


# Companions and the chain of trades.


def test_companions_are_asked_for_once_and_given_back_with_the_last() -> None:
    line = FakeLine(companions=vouched, kinds=LOOSE)
    book = line.book()
    trades = line.join(Channel.TRADES, "A")
    line.open()
    assert line.asked() == [["beat:A", "trades:A", "book:A"]]
    line.say({"ack": "1"})
    line.leave(Topic(Channel.BOOK, "A", 5), book)
    assert line.asked("unsubscribe") == [["book:A"]]
    line.leave(Topic(Channel.TRADES, "A"), trades)
    assert [sorted(feeds) for feeds in line.asked("unsubscribe")] == [["beat:A", "trades:A"]]


def test_skipped_trade_is_told_and_starts_the_book_anew() -> None:
    line = FakeLine(companions=vouched, kinds=LOOSE)
    book, trades = line.book(), line.join(Channel.TRADES, "A")
    line.open()
    line.say(*({"ack": str(each["id"])} for each in line.sent()))
    line.say(trade(10, last=1), snapshot("2", "9"), trade(11), change("3"), trade(13))
    assert bids(book) == ["2", "3"]
    assert [message.data.trade_id for message in trades.messages] == ["10", "11", "13"]
    assert sorted((e.kind, e.channel) for e in line.events) == [("gap", "book"), ("gap", "trades")]
    assert gaps(line) == [(11, 13)]
    sent = line.sent()
    assert [(each["kind"], each["feeds"]) for each in sent] == [
        ("unsubscribe", ["book:A"]),
        ("subscribe", ["book:A"]),
    ]
    line.say(change("4"))
    assert bids(book) == ["2", "3"]  # nothing is shown before the new snapshot
    line.say(snapshot("5", "9"))
    assert bids(book) == ["2", "3", "5"]
    assert line.kinds()[-1] == "resubscribed"


def gaps(line: FakeLine) -> list[tuple[int | None, int | None]]:
    """Return between which trades some are missing, by the events."""
    told = (each for each in line.events if (each.kind, each.channel) == ("gap", "trades"))
    return [(each.from_sequence, each.to_sequence) for each in told]


def test_holes_in_trades_are_told_by_the_trades_around_them() -> None:
    line = FakeLine(companions=vouched)
    line.join(Channel.TRADES, "A")
    line.open()
    line.say({"ack": None}, trade(10), beat(12))
    line.wait(1.1)
    assert gaps(line) == [(10, 13)]  # 13 is not made yet
    line.say(trade(13))
    line.session.lost("it was cut")
    line.open()
    line.say({"ack": None}, trade(20, last=1), trade(21))
    assert gaps(line) == [(10, 13), (13, 20)]


def test_heartbeat_that_stays_ahead_shows_a_loss() -> None:
    line = FakeLine(companions=vouched, kinds=LOOSE)
    line.book()
    line.open()
    line.sent()
    line.say(trade(10), snapshot("2", "9"), beat(11), trade(11), beat(12))
    line.wait(0.9)
    assert line.kinds() == []
    line.wait(0.2)
    assert line.kinds() == ["gap"]
    assert line.asked() == [["book:A"]]


@pytest.mark.parametrize("is_first", [True, False])
def test_companion_that_somebody_reads_shows_a_loss_and_is_not_doubted(*, is_first: bool) -> None:
    line = FakeLine(companions=vouched, kinds=LOOSE)
    readers = [lambda: line.join(Own.BEAT, "A"), lambda: line.join(Channel.TRADES, "A")]
    line.open()
    if not is_first:
        line.book()
    heard = [join() for join in readers if is_first]
    for number in range(60):
        if number == 20:
            heard += [join() for join in readers if not is_first]
            if is_first:
                line.book()
        if number == 50:
            line.leave(Topic(Own.BEAT, "A"), heard[0])
            line.leave(Topic(Channel.TRADES, "A"), heard[1])
        sent = line.sent()
        line.say(*({"ack": str(each["id"])} for each in sent))
        line.say(snapshot("2", "9"), trade(number), beat(number))
        line.wait(1.0)
        # What goes along with a book is served already when its own readers come.
        assert bool(sent) == (number == 0 or (number == 20 and is_first)), number
        assert all(each.since is not None for each in line.ledger.report(line.now, 0))
    told = len(line.events)
    line.join(Own.BEAT, "A")
    line.say(beat(61))
    line.wait(1.1)
    assert [(each.kind, each.channel) for each in line.events[told:]] == [("gap", "book")]


def test_what_is_owed_before_a_renewal_is_not_taken_for_its_begin() -> None:
    """A slow line: what fell silent speaks after it was asked for anew, and before its hole."""
    line = FakeLine()
    tickers, _ = line.join(Channel.TICKER, "A"), line.join(Own.BEAT, "A")
    line.open()
    line.say({"ack": str(line.sent()[0]["id"])})
    for number in range(60):
        line.say(beat(number), *([{"feed": "ticker:A", "id": number}] if number < 20 else []))
        line.wait(1.0)
        if sent := line.sent():
            break
    line.say({"feed": "ticker:A", "id": 20})
    assert len(tickers.messages) == 21  # it follows on the one before
    assert line.kinds() == []
    line.say(*({"ack": str(each["id"])} for each in sent), {"feed": "ticker:A", "id": 24})
    assert line.kinds() == ["resubscribed"]


def test_chain_of_trades_begins_anew_with_every_connection() -> None:
    line = FakeLine(companions=vouched, kinds=LOOSE)
    line.book()
    line.open()
    line.say(trade(10), snapshot("2", "9"))
    line.session.lost("it was cut")
    line.open()
    line.say(beat(90), trade(91), snapshot("2", "9"), trade(92))
    line.wait(2.0)
    assert "gap" not in line.kinds()


# Books without sequences that cross.


def test_crossed_book_is_not_shown_and_asked_for_anew_if_it_stays_so() -> None:
    line = FakeLine(kinds=LOOSE)
    book = line.book()
    line.open()
    line.sent()
    line.say(snapshot("2", "9"), change("9.5"), {"feed": "book:A", "bids": ["9.5", "0"]})
    assert bids(book) == ["2", "2"]  # the crossing passed with the next frame
    line.say(change("9.5"))
    line.wait(0.5)
    line.wait(1.1)
    assert line.asked() == []  # what uncrosses it may be on its way
    line.say(change("9.6"))
    assert line.session.needs_pull
    line.wait(0.1)
    assert bids(book) == ["2", "2"]
    assert line.kinds() == ["gap"]
    assert line.asked() == [["book:A"]]


def test_secrets_of_a_dial_are_in_no_text() -> None:
    request = DialRequest("wss://venue/endpoint?token=secret", opening=("secret",))
    assert "secret" not in repr(request) + request.address
    assert "secret" not in repr(HttpResponse(200, b"secret"))
