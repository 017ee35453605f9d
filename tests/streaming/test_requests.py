"""What goes out to the venue, when, and what becomes of the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.protocol import Ack, Ping, Pong, Unsubscribe
from weex_client.streaming.requests import Requests
from weex_client.venues.weex import WeexConfig, WeexVenue

VENUE = WeexVenue(WeexConfig(_env_file=None, market="contract"))
BTC, ETH, SOL, NOPE = (f"{name}USDT@ticker" for name in ("BTC", "ETH", "SOL", "NOPE"))


@pytest.fixture
def requests() -> Requests:
    return Requests(VENUE)


def pulled(requests: Requests, wanted: Sequence[str], now: float = 0.0) -> list[dict[str, Any]]:
    return [json.loads(text) for text in requests.pull(wanted, now, 0)]


def asked(requests: Requests, wanted: Sequence[str], now: float = 0.0) -> list[tuple[str, ...]]:
    return [tuple(r["params"]) for r in pulled(requests, wanted, now) if r["method"] == "SUBSCRIBE"]


def test_all_feeds_wanted_in_one_turn_go_out_in_one_request(requests: Requests) -> None:
    assert pulled(requests, [BTC, ETH]) == [{"method": "SUBSCRIBE", "params": [BTC, ETH], "id": 1}]


def test_what_was_asked_is_not_asked_again(requests: Requests) -> None:
    pulled(requests, [BTC])
    assert pulled(requests, [BTC]) == []
    requests.accepted(Ack("1"), 0)
    assert pulled(requests, [BTC]) == []


def test_what_is_no_longer_wanted_is_given_back(requests: Requests) -> None:
    pulled(requests, [BTC, ETH])
    assert pulled(requests, [ETH]) == [{"method": "UNSUBSCRIBE", "params": [BTC], "id": 2}]


def test_more_feeds_than_a_request_may_name_go_out_in_several(requests: Requests) -> None:
    feeds = [f"S{number}@ticker" for number in range(250)]
    assert [len(group) for group in asked(requests, feeds)] == [100, 100, 50]
    assert [len(r["params"]) for r in pulled(requests, [])] == [100, 100, 50]


def test_every_request_has_an_id_of_its_own_and_the_first_that_is_answered_is_1(
    requests: Requests,
) -> None:
    texts = [requests.write(Ping(), 0), *requests.pull([BTC], 0, 0), requests.write(Pong(), 0)]
    ids = [json.loads(text)["id"] for text in texts]
    assert len(set(ids)) == 3
    assert ids[1] == 1


def test_only_subscriptions_wait_for_an_answer(requests: Requests) -> None:
    requests.write(Ping(), 0)
    assert requests.next_due() is None
    pulled(requests, [BTC], 5.0)
    assert requests.next_due() == 15.0
    requests.accepted(Ack("1"), 0)
    assert requests.next_due() is None


def test_nameless_acceptance_is_for_the_oldest_request(requests: Requests) -> None:
    pulled(requests, [BTC], 0.0)
    pulled(requests, [BTC, ETH], 1.0)
    requests.accepted(Ack(None), 0)
    assert requests.next_due() == 11.0
    requests.accepted(Ack(None), 0)
    requests.accepted(Ack(None), 0)
    assert requests.next_due() is None


def test_new_connection_is_asked_for_everything(requests: Requests) -> None:
    pulled(requests, [BTC, ETH])
    requests.reset()
    assert asked(requests, [BTC, ETH]) == [(BTC, ETH)]


# Refusals.


def test_batch_with_one_bad_feed_is_asked_once_more_without_it(requests: Requests) -> None:
    pulled(requests, [BTC, NOPE, ETH])
    assert requests.refused("1", "INVALID_ARGUMENT: invalid symbol : NOPEUSDT") == (NOPE,)
    assert asked(requests, [BTC, NOPE, ETH]) == [(BTC, ETH)]


def test_refused_feed_is_never_asked_again_on_that_connection(requests: Requests) -> None:
    pulled(requests, [NOPE])
    requests.refused("1", "invalid symbol : NOPEUSDT")
    assert requests.rejection(NOPE, 0.0) == "invalid symbol : NOPEUSDT"
    assert pulled(requests, [NOPE]) == []


def test_fresh_connection_gives_a_refused_feed_another_chance(requests: Requests) -> None:
    pulled(requests, [NOPE])
    requests.refused("1", "invalid symbol : NOPEUSDT")
    requests.reset()
    assert requests.rejection(NOPE, 0.0) is None
    assert asked(requests, [NOPE]) == [(NOPE,)]


def test_refusal_that_names_nobody_is_searched_by_halves(requests: Requests) -> None:
    feeds = [f"S{number}@ticker" for number in range(4)]
    pulled(requests, feeds)
    assert requests.refused("1", "no reason given") == ()
    assert asked(requests, feeds) == [tuple(feeds[:2]), tuple(feeds[2:])]
    requests.accepted(Ack("2"), 0)
    assert requests.refused("3", "no reason given") == ()
    assert asked(requests, feeds) == [(feeds[2],), (feeds[3],)]
    assert requests.refused("5", "no reason given") == (feeds[3],)


def test_half_that_nobody_wants_any_more_is_not_asked(requests: Requests) -> None:
    pulled(requests, [BTC, ETH])
    requests.refused("1", "no reason given")
    assert asked(requests, [ETH]) == [(ETH,)]


def test_refusal_of_what_was_given_back_meanwhile_blames_nobody(requests: Requests) -> None:
    pulled(requests, [NOPE])
    pulled(requests, [])
    assert not requests.refused("1", "invalid symbol : NOPEUSDT")


def test_refusal_of_what_was_given_back_meanwhile_spares_what_was_asked_along(
    requests: Requests,
) -> None:
    pulled(requests, [NOPE, BTC])
    pulled(requests, [BTC])
    assert not requests.refused("1", "invalid symbol : NOPEUSDT")
    assert asked(requests, [BTC]) == [(BTC,)]


@pytest.mark.parametrize("request_id", [None, "99", "2"])
def test_refusal_of_no_subscription_blames_nobody(
    requests: Requests, request_id: str | None
) -> None:
    pulled(requests, [BTC])
    pulled(requests, [])
    assert requests.refused(request_id, "unrecognized message : hello") == ()


def test_five_refusals_ask_for_a_fresh_connection_before_the_sixth(requests: Requests) -> None:
    for number in range(5):
        assert requests.verdict is None
        pulled(requests, [f"N{number}@ticker"])
        requests.refused(str(2 * number + 1), "invalid symbol : X")
        pulled(requests, [])
        requests.write(Ping(), 0)  # keeps the ids in step: one given back, or one pinged
    assert asked(requests, [BTC]) == []
    assert requests.verdict is not None
    assert "5 requests were refused" in str(requests.verdict)
    assert requests.verdict.retryable
    requests.reset()
    assert requests.verdict is None
    assert asked(requests, [BTC]) == [(BTC,)]


def connections_until_settled(bad_numbers: set[int], count: int, *, names_symbols: bool) -> int:
    """Talk to a venue that refuses some feeds until exactly the others are served."""
    requests = Requests(VENUE)
    wanted = dict.fromkeys(f"S{number}X@ticker" for number in range(count))
    bad = {f"S{number}X@ticker" for number in bad_numbers if number < count}
    refused: set[str] = set()
    served: set[str] = set()
    connections = 1
    for _ in range(200):
        sent = pulled(requests, list(wanted))
        if requests.verdict is not None:
            connections += 1
            served.clear()
            requests.reset()
            continue
        if not sent:
            break
        for request in sent:
            wrong = [feed for feed in request["params"] if feed in bad]
            if not wrong:
                served.update(request["params"])
                requests.accepted(Ack(str(request["id"])), 0)
                continue
            symbol = wrong[0].partition("@")[0]
            reason = f"invalid symbol : cmt_{symbol.lower()}" if names_symbols else "no"
            for feed in requests.refused(str(request["id"]), reason):
                refused.add(feed)
                del wanted[feed]
    assert refused == bad
    assert served == set(wanted)
    return connections


some_bad_feeds = st.sets(st.integers(0, 99), max_size=4)


@given(some_bad_feeds, st.integers(1, 100))
def test_bad_feeds_that_refusals_name_are_found_on_one_connection(
    bad_numbers: set[int], count: int
) -> None:
    assert connections_until_settled(bad_numbers, count, names_symbols=True) == 1


@given(some_bad_feeds, st.integers(1, 100))
def test_bad_feeds_that_refusals_do_not_name_are_found_in_the_end(
    bad_numbers: set[int], count: int
) -> None:
    assert connections_until_settled(bad_numbers, count, names_symbols=False) <= 20


# Asking anew.


def test_first_resync_is_at_once_and_gives_back_first(requests: Requests) -> None:
    pulled(requests, [BTC])
    requests.resync(BTC, 3.0)
    assert requests.asked_at(BTC) is None
    assert [(r["method"], r["params"]) for r in pulled(requests, [BTC], 3.0)] == [
        ("UNSUBSCRIBE", [BTC]),
        ("SUBSCRIBE", [BTC]),
    ]
    assert requests.asked_at(BTC) == 3.0


def test_resync_of_what_was_never_asked_is_nothing(requests: Requests) -> None:
    requests.resync(BTC, 0.0)
    assert requests.next_due() is None


def test_resync_asked_for_twice_is_one(requests: Requests) -> None:
    pulled(requests, [BTC])
    requests.resync(BTC, 0.0)
    requests.resync(BTC, 0.0)
    assert len(pulled(requests, [BTC], 0.0)) == 2
    assert pulled(requests, [BTC], 0.0) == []


def test_resyncs_wait_longer_each_time_then_ask_for_a_fresh_connection(requests: Requests) -> None:
    pulled(requests, [BTC], 0.0)
    requests.accepted(Ack("1"), 0)
    now, waits = 0.0, []
    while requests.verdict is None:
        requests.resync(BTC, now)
        if requests.verdict is None:
            wait = next(w for w in (0, 1, 2, 4, 8) if asked(requests, [BTC], now + w))
            waits.append(wait)
            now += wait
    assert waits == [0, 1, 2, 4, 8]
    assert "could not be resynchronised in 5 tries" in str(requests.verdict)


def test_no_more_requests_wait_for_their_first_answer_than_may_be_refused(
    requests: Requests,
) -> None:
    wanted = []
    for number in range(7):
        wanted.append(f"N{number}@ticker")
        pulled(requests, wanted)
    assert pulled(requests, wanted) == []
    requests.accepted(Ack("1"), 0)
    assert asked(requests, wanted, 0.0) == [("N5@ticker", "N6@ticker")]


def test_resyncs_of_long_ago_are_forgotten(requests: Requests) -> None:
    pulled(requests, [BTC], 0.0)
    requests.accepted(Ack("1"), 0)
    for number in range(20):
        now = 301.0 * number
        requests.resync(BTC, now)
        assert asked(requests, [BTC], now) == [(BTC,)]
    assert requests.verdict is None


def test_resync_of_what_is_no_longer_wanted_is_dropped(requests: Requests) -> None:
    pulled(requests, [BTC])
    for _ in range(2):
        requests.resync(BTC, 0.0)
        pulled(requests, [BTC], 0.0)
    requests.resync(BTC, 0.0)
    assert [r["method"] for r in pulled(requests, [], 0.0)] == ["UNSUBSCRIBE"]
    assert pulled(requests, [], 99.0) == []


# The venue's budget: 240 requests an hour, 48 of them for asking anew.


def use_up_the_unreserved(requests: Requests, now: float = 0.0) -> None:
    """Let one feed come and go until 192 requests were sent; another one stays."""
    pulled(requests, [BTC], now)
    requests.accepted(Ack("1"), 0)
    for number in range(2, 193):
        pulled(requests, [BTC, ETH] if number % 2 == 0 else [BTC], now)
        requests.accepted(Ack(str(number)), 0)


def test_request_beyond_the_budget_waits_and_tells_how_long(requests: Requests) -> None:
    use_up_the_unreserved(requests, 5.0)
    assert pulled(requests, [BTC, ETH, SOL], 100.0) == []
    feeds, cause, seconds = requests.held_news(100.0)
    assert (feeds, seconds) == ({SOL}, 3505.0)
    assert "192 requests in 3600 s" in cause
    assert "the rest of the 240" in cause
    assert requests.held_news(100.0)[0] == frozenset()
    assert requests.next_due() == 3605.0
    assert pulled(requests, [BTC, ETH, SOL], 3604.0) == []
    assert requests.held_news(3604.0)[0] == frozenset()
    assert asked(requests, [BTC, ETH, SOL], 3605.0) == [(SOL,)]


def test_what_waits_and_is_wanted_no_more_is_forgotten(requests: Requests) -> None:
    use_up_the_unreserved(requests)
    pulled(requests, [BTC, ETH, SOL], 1.0)
    assert pulled(requests, [BTC, ETH], 2.0) == []
    assert requests.next_due() is None
    pulled(requests, [BTC, ETH, SOL], 3.0)
    assert requests.held_news(3.0)[0] == {SOL}


def test_giving_back_waits_too(requests: Requests) -> None:
    use_up_the_unreserved(requests)
    assert pulled(requests, [BTC], 1.0) == []
    assert requests.next_due() == 3600.0
    assert requests.held_news(1.0)[0] == frozenset()
    assert [r["params"] for r in pulled(requests, [BTC], 3600.0)] == [[ETH]]


def test_resync_has_the_reserve_and_takes_with_it_what_is_given_back(requests: Requests) -> None:
    use_up_the_unreserved(requests)
    requests.resync(BTC, 1.0)
    assert [(r["method"], r["params"]) for r in pulled(requests, [BTC, SOL], 1.0)] == [
        ("UNSUBSCRIBE", [ETH, BTC]),
        ("SUBSCRIBE", [BTC]),
    ]
    assert requests.held_news(1.0)[0] == {SOL}


def test_resync_beyond_the_reserve_asks_for_a_fresh_connection(requests: Requests) -> None:
    use_up_the_unreserved(requests)
    for _ in range(48):
        requests.write(Unsubscribe((SOL,)), 0.0)
    requests.resync(BTC, 1.0)
    assert pulled(requests, [BTC, ETH], 1.0) == []
    assert "all 240 requests that one connection may send are used" in str(requests.verdict)
    requests.reset()
    assert requests.verdict is None
    assert asked(requests, [BTC, ETH], 2.0) == [(BTC, ETH)]


def test_feed_between_giving_back_and_asking_waits_for_the_last_request(
    requests: Requests,
) -> None:
    use_up_the_unreserved(requests)
    requests.resync(BTC, 1.0)
    sending = requests.pull([BTC, ETH], 1.0, 0)
    assert json.loads(next(sending))["method"] == "UNSUBSCRIBE"
    for _ in range(47):
        requests.write(Unsubscribe((SOL,)), 1.0)
    assert list(sending) == []
    assert requests.held_news(1.0)[0] == {BTC}
    assert asked(requests, [BTC, ETH], 3600.0) == [(BTC,)]


# Answers that never come.


def test_answer_is_given_up_after_ten_seconds(requests: Requests) -> None:
    pulled(requests, [BTC, ETH], 0.0)
    assert requests.overdue(9.9) == []
    assert requests.overdue(10.0) == [BTC, ETH]
    assert requests.overdue(10.0) == []


def test_answer_about_what_was_given_back_is_not_missed(requests: Requests) -> None:
    pulled(requests, [BTC], 0.0)
    pulled(requests, [], 0.0)
    assert requests.overdue(10.0) == []
    assert requests.next_due() is None


# Reference counts.


@given(st.lists(st.sets(st.sampled_from([BTC, ETH, NOPE, "BTCUSDT@depth15"])), max_size=20))
def test_any_wishes_leave_exactly_the_wanted_feeds_asked(turns: list[set[str]]) -> None:
    requests = Requests(VENUE)
    active: set[str] = set()
    for wanted in turns:
        for request in pulled(requests, sorted(wanted)):
            names = set(request["params"])
            assert len(names) == len(request["params"])
            if request["method"] == "SUBSCRIBE":
                assert not names & active
                active |= names
                requests.accepted(Ack(str(request["id"])), 0)
            else:
                assert names <= active
                active -= names
        assert active == wanted
