"""The venue's clock, carried on by ours that never jumps."""

from __future__ import annotations

import pytest

from weex_client.streaming.server_time import Arrivals, ServerTime
from weex_client.venues.weex import WeexConfig, WeexVenue

SECOND_NS = 10**9
HOUR_NS = 3600 * SECOND_NS


def test_wall_clock_is_believed_once_until_the_venue_speaks() -> None:
    server_time = ServerTime()
    assert server_time.time_ns(10.0, 1000 * SECOND_NS) == 1000 * SECOND_NS
    assert not server_time.is_told
    assert server_time.time_ns(11.0, 5 * HOUR_NS) == 1001 * SECOND_NS


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_wall_clock_that_jumps_changes_nothing(jump_ns: int) -> None:
    server_time = ServerTime()
    server_time.tell(50 * HOUR_NS, 10.0)
    assert server_time.is_told
    assert server_time.time_ns(12.5, 50 * HOUR_NS + jump_ns) == 50 * HOUR_NS + 5 * SECOND_NS // 2


def test_venues_last_word_counts() -> None:
    server_time = ServerTime()
    server_time.tell(50 * HOUR_NS, 0.0)
    server_time.tell(60 * HOUR_NS, 5.0)
    assert server_time.time_ns(6.0, 0) == 60 * HOUR_NS + SECOND_NS


@pytest.mark.parametrize(("seconds", "is_told"), [(0.2, True), (1.5, False), (None, False)])
def test_answer_to_a_ping_tells_the_time_unless_it_was_held_up(
    seconds: float | None, is_told: bool
) -> None:
    server_time = ServerTime()
    server_time.tell_of_ping(50 * HOUR_NS, 10.0, seconds)
    assert server_time.is_told is is_told
    if is_told:
        assert server_time.time_ns(10.0, 0) == 50 * HOUR_NS + SECOND_NS // 10


# What the venue's stamps prove.

NOON_MS = 1_790_000_000_000
NOON_NS = NOON_MS * 10**6
ANSWER = b'{"result":true,"id":1}'


def stamped(seconds: float) -> bytes:
    return b'{"e":"ticker","E":%d,"s":"BTCUSDT"}' % (NOON_MS + round(seconds * 1000))


@pytest.fixture
def arrivals() -> Arrivals:
    server_time = ServerTime()
    server_time.tell(NOON_NS, 0.0)
    return Arrivals(WeexVenue(WeexConfig(_env_file=None)), server_time)


def complete_seconds(arrivals: Arrivals) -> float:
    return (arrivals.complete_until_ns(0) - NOON_NS) / SECOND_NS


def test_frames_of_a_slow_line_prove_nothing_beyond_their_stamp(arrivals: Arrivals) -> None:
    arrivals.heard([stamped(1), stamped(3)], 40.0)
    arrivals.digested()
    assert complete_seconds(arrivals) == 3.0


def test_stamp_ahead_of_the_venues_own_clock_proves_no_more_than_the_arrival(
    arrivals: Arrivals,
) -> None:
    arrivals.heard([stamped(100)], 40.0)
    arrivals.digested()
    assert complete_seconds(arrivals) == 40.0


def test_answers_prove_what_came_before_them(arrivals: Arrivals) -> None:
    arrivals.heard([stamped(3), ANSWER], 40.0)
    arrivals.digested()
    assert complete_seconds(arrivals) == 40.0


def test_what_waits_undigested_proves_nothing_yet(arrivals: Arrivals) -> None:
    arrivals.heard([stamped(3)], 3.0)
    arrivals.digested()
    assert complete_seconds(arrivals) == 3.0
    arrivals.heard([stamped(8)], 8.0)
    assert complete_seconds(arrivals) == 3.0
    arrivals.digested()
    assert complete_seconds(arrivals) == 8.0


def test_new_connection_has_proved_nothing(arrivals: Arrivals) -> None:
    arrivals.heard([stamped(3)], 3.0)
    arrivals.digested()
    assert complete_seconds(arrivals) == 3.0
    arrivals.opened()
    assert arrivals.complete_until_ns(0) == 0
