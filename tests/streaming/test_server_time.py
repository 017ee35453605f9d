"""The venue's clock, carried on by ours that never jumps."""

from __future__ import annotations

import pytest

from weex_client.streaming.server_time import ServerTime

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
