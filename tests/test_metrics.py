"""Counters and the frozen picture of them."""

from __future__ import annotations

import dataclasses

import pytest

from weex_client.metrics import ChannelCounters, ScopeStats


def test_picture_of_nothing_has_no_times() -> None:
    picture = ChannelCounters().picture()
    assert (picture.frames, picture.last_frame_time, picture.latency_seconds) == (0, None, {})


def test_picture_has_what_was_counted() -> None:
    counters = ChannelCounters(
        frames=1, bytes=2, messages=3, dropped=4, gaps=5, decode_errors=6, last_frame_ns=7 * 10**9
    )
    picture = counters.picture()
    assert (picture.frames, picture.bytes, picture.messages, picture.dropped) == (1, 2, 3, 4)
    assert (picture.gaps, picture.decode_errors, picture.last_frame_time) == (5, 6, 7.0)


def test_picture_stays_as_it_was_taken() -> None:
    counters = ChannelCounters()
    picture = counters.picture()
    counters.frames += 1
    assert picture.frames == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        picture.frames = 5  # type: ignore[misc]


def test_latency_is_told_by_its_quantiles_in_seconds() -> None:
    counters = ChannelCounters()
    counters.latencies_ns.extend(range(1_000_000, 1_001_000_000, 1_000_000))
    quantiles = counters.picture().latency_seconds
    assert quantiles == {"p50": 0.501, "p99": 0.991, "p999": 1.0}


def test_one_latency_is_every_quantile() -> None:
    counters = ChannelCounters()
    counters.latencies_ns.append(-5_000_000)
    assert set(counters.picture().latency_seconds.values()) == {-0.005}


def test_clock_that_was_wrong_by_an_hour_spoils_no_figure() -> None:
    counters = ChannelCounters()
    counters.latencies_ns.extend([3_600 * 10**9 + 10**6, -3_600 * 10**9, 10**6, 840 * 10**9])
    assert counters.picture().latency_seconds == {"p50": 840.0, "p99": 840.0, "p999": 840.0}
    counters.latencies_ns.clear()
    counters.latencies_ns.append(3_600 * 10**9)
    assert counters.picture().latency_seconds == {}


def test_only_the_last_latencies_are_kept() -> None:
    counters = ChannelCounters()
    counters.latencies_ns.extend([10**9] * 5000 + [10**6] * 1024)
    assert counters.picture().latency_seconds["p999"] == 0.001


def scope_stats(**facts: object) -> ScopeStats:
    nothing = dict.fromkeys(("connections", "subscriptions", "frames", "bytes", "reconnects"), 0)
    unknown: dict[str, int] = {}
    return ScopeStats(
        **nothing
        | {"unknown_frames": unknown, "uptime_seconds": 0.0, "last_frame_time": None}
        | facts  # type: ignore[arg-type]
    )


def test_connections_of_several_channels_add_up() -> None:
    one = scope_stats(
        connections=1, frames=3, unknown_frames={"a": 1}, uptime_seconds=5.0, last_frame_time=7.0
    )
    two = scope_stats(connections=2, bytes=9, unknown_frames={"a": 1, "b": 2}, uptime_seconds=8.0)
    assert ScopeStats.total([one, two]) == scope_stats(
        connections=3,
        frames=3,
        bytes=9,
        unknown_frames={"a": 2, "b": 2},
        uptime_seconds=8.0,
        last_frame_time=7.0,
    )
    assert ScopeStats.total([one]) == one
    assert ScopeStats.total([]) == scope_stats()
