"""Simulated time against the loop's."""

from __future__ import annotations

from weex_client.sandbox.market_clock import MarketClock


def test_time_runs_at_its_speed() -> None:
    clock = MarketClock(1_000_000_000, speed=10, loop_time=50.0)
    assert clock.time_ns(50.0) == 1_000_000_000
    assert clock.time_ns(50.5) == 6_000_000_000


def test_a_market_that_cannot_keep_up_slows_down_rather_than_skip() -> None:
    clock = MarketClock(0, speed=10, loop_time=0.0)
    clock.hold_back(5.0, reached_ns=45_000_000_000)
    assert clock.time_ns(5.0) == 50_000_000_000
    clock.hold_back(10.0, reached_ns=50_000_000_000)
    assert abs(clock.time_ns(10.0) - 60_000_000_000) < 1_000


def test_the_next_step_is_waited_for_but_no_shorter_than_a_timer_can() -> None:
    clock = MarketClock(0, speed=2, loop_time=0.0)
    assert clock.pause_seconds(1.0, due_ns=3_000_000_000) == 0.5
    assert clock.pause_seconds(1.0, due_ns=2_000_000_000) == 0.005
    assert clock.pause_seconds(9.0, due_ns=2_000_000_000) == 0.005
