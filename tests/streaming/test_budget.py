"""What a venue's limits leave: dials, connections, requests."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.errors import RateLimitedError
from weex_client.protocol import Limits
from weex_client.streaming.budget import AddressBudget, Budgets, OperationBudget, Turn
from weex_client.venues.weex.endpoints import LIMITS

FAR = "wss://ws-contract.weex.com/v3/ws/public"


class Holder:
    """Somebody with a connection."""


def budget(**limits: object) -> AddressBudget:
    return AddressBudget("weex", replace(LIMITS, **limits))  # type: ignore[arg-type]


# Dials.


def test_first_dial_waits_for_nothing() -> None:
    turn = budget().reserve(5.0)
    assert (turn.at, turn.cause, turn.is_long) == (5.0, "", False)


def test_dials_keep_their_distance_in_the_order_they_were_asked_for() -> None:
    dials = budget()
    turns = [dials.reserve(0.0) for _ in range(4)]
    assert [turn.at for turn in turns] == [0, 1, 2, 3]
    assert turns[1].cause == "the budget of weex is one dial in 1 s"
    assert not turns[1].is_long


def test_three_hundred_and_first_dial_in_five_minutes_waits_and_says_why() -> None:
    dials = budget(dial_spacing_seconds=0.0)
    assert {dials.reserve(7.0).at for _ in range(300)} == {7.0}
    turn = dials.reserve(8.0)
    assert (turn.at, turn.is_long) == (307.0, True)
    assert "300 dials in 300 s" in turn.cause


def test_dial_that_is_not_made_costs_nothing() -> None:
    dials = budget(dial_spacing_seconds=0.0)
    turns = [dials.reserve(0.0) for _ in range(300)]
    for turn in (turns[3], turns[3]):
        dials.give_back(turn)
    assert dials.reserve(1.0).at == 1.0
    assert dials.reserve(1.0).at == 300.0


def test_pause_that_the_venue_asks_for_holds_all_back() -> None:
    dials = budget(dial_spacing_seconds=0.0)
    dials.pause(60.0)
    dials.pause(30.0)
    turn = dials.reserve(10.0)
    assert (turn.at, turn.cause) == (60.0, "weex asked all connections to wait")
    assert dials.reserve(61.0).at == 61.0


def test_venue_without_limits_makes_nobody_wait() -> None:
    dials = AddressBudget("x", Limits(10, 10, 10))
    assert {dials.reserve(1.0).at for _ in range(1000)} == {1.0}


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=60))
def test_no_stretch_of_time_ever_sees_more_dials_than_allowed(
    steps: list[tuple[int, bool]],
) -> None:
    dials = budget(dials=5, dial_window_seconds=60.0, dial_spacing_seconds=2.0)
    now, made = 0, []
    promised: list[Turn] = []
    for seconds, is_given_back in steps:
        now += seconds
        turn = dials.reserve(now)
        assert turn.at >= now
        if is_given_back:
            dials.give_back(turn)
        else:
            promised.append(turn)
        for each in tuple(promised):
            # Some come late, and none may come early.
            if each.at <= now and dials.take(each, now):
                promised.remove(each)
                made.append(now)
    assert made == sorted(made)
    for index, at in enumerate(made):
        assert index < 5 or at - made[index - 5] >= 60.0
        assert index < 1 or at - made[index - 1] >= 2.0


def test_threads_share_one_budget_without_losing_a_dial() -> None:
    dials = budget(dial_spacing_seconds=0.0)
    turns: list[float] = []

    def dial() -> None:
        turns.extend(dials.reserve(0.0).at for _ in range(100))

    threads = [threading.Thread(target=dial) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == [0.0] * 300 + [300.0] * 300


# Connections.


def test_connection_beyond_the_limit_is_refused_with_the_numbers() -> None:
    places, mine, theirs = budget(connections=3), object(), object()
    holders = [Holder() for _ in range(3)]
    for holder, owner in zip(holders, (mine, theirs, theirs), strict=True):
        places.take_place(holder, owner)
        places.take_place(holder, owner)
    with pytest.raises(RateLimitedError) as caught:
        places.take_place(Holder(), mine)
    text = str(caught.value)
    assert "allows 3 connections of 100 subscriptions" in text
    assert "1 are held by this client and 2 by other clients" in text
    assert "0 are left" in text
    places.give_place_back(holders[1])
    places.give_place_back(holders[1])
    places.take_place(Holder(), mine)


def test_place_of_a_connection_that_is_gone_is_free() -> None:
    places = budget(connections=1)
    holder = Holder()
    places.take_place(holder, object())
    assert places.has_place(holder)
    del holder
    gc.collect()
    places.take_place(Holder(), object())


def test_plan_is_checked_before_anything_is_taken() -> None:
    places, mine = budget(connections=3), object()
    holder = Holder()
    places.take_place(holder, mine)
    places.check_plan(230, 30, mine)
    with pytest.raises(RateLimitedError, match=r"231 subscriptions more.*takes 3 more.*2 are left"):
        places.check_plan(231, 30, mine)
    places.check_plan(5, 100, mine)


# Who shares what.


def test_address_is_shared_whatever_the_path() -> None:
    budgets = Budgets()
    first = budgets.of("weex", FAR, LIMITS, 0.0)
    same = ("wss://ws-contract.weex.com/v3/ws/private", "wss://WS-contract.weex.com:443/")
    for url in same:
        assert budgets.of("weex", url, LIMITS, 0.0) is first
    others = ("wss://ws-spot.weex.com/", "wss://ws-contract.weex.com:444/", "ws://127.0.0.1:443/")
    for url in others:
        assert budgets.of("weex", url, LIMITS, 0.0) is not first
    assert budgets.of("other", FAR, LIMITS, 0.0) is not first


def test_budget_outlives_its_clients_while_it_says_something() -> None:
    budgets = Budgets()
    dials = budgets.of("weex", FAR, LIMITS, 0.0)
    assert dials.take(dials.reserve(0.0), 0.0)
    del dials
    gc.collect()
    budgets.of("weex", "wss://elsewhere/", LIMITS, 1.0)
    assert budgets.of("weex", FAR, LIMITS, 2.0).reserve(0.5).at == 1.0


def test_budget_that_says_nothing_any_more_is_forgotten() -> None:
    budgets = Budgets()
    for number in range(50):
        dials = budgets.of("weex", f"wss://host{number}/", LIMITS, 0.0)
        assert dials.take(dials.reserve(0.0), 0.0)
    del dials
    kept = budgets.of("weex", "wss://last/", LIMITS, 301.0)
    gc.collect()
    assert list(budgets._budgets.values()) == [kept]


def test_dials_of_this_machine_keep_no_distance_but_are_counted() -> None:
    local = Budgets().of("weex", "ws://127.0.0.1:80/", LIMITS, 0.0)
    assert [local.reserve(0.0).at for _ in range(301)] == [0.0] * 300 + [300.0]


# Requests.


def test_fifth_of_the_requests_is_kept_for_resynchronising() -> None:
    requests = OperationBudget(LIMITS)
    for number in range(240):
        assert requests.free_at(10.0) == (10.0 if number < 192 else 3601.0)
        assert requests.free_at(10.0, is_resync=True) == 10.0
        requests.spend(1.0)
    assert requests.free_at(10.0, is_resync=True) == 3601.0
    assert requests.free_at(3601.0) == 3601.0


def test_two_requests_need_two_places() -> None:
    requests = OperationBudget(replace(LIMITS, operations=3, resync_share=0.0))
    for now in (1.0, 2.0, 3.0):
        assert requests.free_at(3.0, 1) == 3.0
        requests.spend(now)
    assert [requests.free_at(4.0, count) for count in (1, 2, 3)] == [3601.0, 3602.0, 3603.0]
    assert requests.free_at(4.0, 9) == 3603.0


def test_fresh_connection_has_its_own_requests() -> None:
    requests = OperationBudget(LIMITS)
    for _ in range(240):
        requests.spend(0.0)
    requests.reset()
    assert requests.free_at(0.0) == 0.0


def test_venue_without_a_limit_lets_all_requests_out() -> None:
    requests = OperationBudget(Limits(10, 10, 10))
    for _ in range(1000):
        requests.spend(0.0)
    assert requests.free_at(0.0) == 0.0
