"""How much of a feed's time was covered, against a second-by-second model of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.models import Continuity
from weex_client.protocol import Channel
from weex_client.streaming.continuity import Ledger, Timeline

from .conftest import START_NS

FEED = "BTCUSDT@ticker"


def report(timeline: Timeline, now: float) -> Continuity:
    return next(timeline.report(now, START_NS + round(now * 1e9)))


@pytest.fixture
def timeline() -> Timeline:
    return Ledger().want(FEED, Channel.TICKER, "BTCUSDT")


def test_feed_that_never_began_is_covered_by_nothing(timeline: Timeline) -> None:
    past = report(timeline, 100)
    assert (past.covered, past.since, past.hole_count) == (0.0, None, 0)
    assert not past.is_complete


def test_feed_without_a_hole_is_complete_from_its_beginning(timeline: Timeline) -> None:
    timeline.covered(10)
    past = report(timeline, 100)
    assert (past.covered, past.covered_seconds, past.hole_seconds) == (1.0, 90.0, 0.0)
    assert past.since == START_NS / 1e9 + 10
    assert past.is_complete


def test_hole_has_a_beginning_an_end_and_its_first_cause(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(50, "cut")
    timeline.missing(60, "cut again")
    timeline.covered(75)
    past = report(timeline, 100)
    assert past.covered == 0.75
    (hole,) = past.holes
    assert (hole.start, hole.end) == (START_NS / 1e9 + 50, START_NS / 1e9 + 75)
    assert (hole.duration_seconds, hole.cause) == (25.0, "cut")


def test_open_hole_lasts_until_now(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(75, "cut")
    past = report(timeline, 100)
    assert (past.covered, past.hole_count, past.hole_seconds) == (0.75, 1, 25.0)
    assert (past.holes[0].end, past.holes[0].duration_seconds) == (None, 25.0)


def test_bridged_hole_is_none(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(50, "cut")
    timeline.bridged(75)
    assert report(timeline, 100).is_complete


def test_bridge_without_a_hole_changes_nothing(timeline: Timeline) -> None:
    timeline.bridged(50)
    assert report(timeline, 100).covered_seconds == 50.0


def test_hole_that_was_found_late_takes_back_what_was_counted(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(-5, "deaf from the beginning")
    assert report(timeline, 100).covered == 0.0


def test_time_in_which_nobody_wanted_it_counts_neither_way() -> None:
    ledger = Ledger()
    timeline = ledger.want(FEED, Channel.TICKER, "BTCUSDT")
    timeline.covered(0)
    timeline.let_go(10)
    timeline.missing(20, "nobody cares")
    assert ledger.want(FEED, Channel.TICKER, "BTCUSDT") is timeline
    timeline.covered(1000)
    assert report(timeline, 1030).covered_seconds == 40.0
    assert report(timeline, 1030).is_complete


def test_feed_wanted_again_before_the_venue_was_told_goes_on(timeline: Timeline) -> None:
    timeline.kept()
    assert report(timeline, 5).since is None
    timeline.covered(10)
    timeline.let_go(20)
    timeline.kept()
    assert report(timeline, 30).covered_seconds == 20.0


def test_hole_ends_when_nobody_wants_the_feed_any_more(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(10, "cut")
    timeline.let_go(20)
    assert report(timeline, 1000).hole_seconds == 10.0


def test_only_the_newest_holes_are_kept_but_all_are_counted(timeline: Timeline) -> None:
    timeline.covered(0)
    for number in range(250):
        timeline.missing(2 * number + 1, f"cut {number}")
        timeline.covered(2 * number + 2)
    timeline.missing(501, "last")
    past = report(timeline, 502)
    assert (past.hole_count, past.hole_seconds, len(past.holes)) == (251, 251.0, 100)
    assert (past.holes[-2].cause, past.holes[-1].cause) == ("cut 249", "last")
    assert past.covered == 0.5


def test_one_feed_of_two_channels_is_reported_for_both() -> None:
    ledger = Ledger()
    for channel in (Channel.BOOK, Channel.BOOK_DELTAS):
        timeline = ledger.want("BTCUSDT@depth15", channel, "BTCUSDT")
    timeline.covered(0)
    both = ledger.report(10, START_NS)
    assert [(past.channel, past.covered_seconds) for past in both] == [
        ("book", 10.0),
        ("book_deltas", 10.0),
    ]


def test_feeds_that_nobody_wants_are_forgotten_before_memory_runs_out() -> None:
    ledger = Ledger()
    wanted = [ledger.want(f"wanted {number}", Channel.TICKER, None) for number in range(10)]
    for number in range(10_000):
        ledger.want(f"feed {number}", Channel.TICKER, None).let_go(0)
    known = [past.feed for past in ledger.report(0, START_NS)]
    assert len(known) == 4000
    assert known[:10] == [timeline.feed for timeline in wanted]
    assert known[-1] == "feed 9999"


def test_more_feeds_than_are_remembered_are_all_reported_while_they_are_wanted() -> None:
    ledger = Ledger()
    for number in range(4100):
        ledger.want(f"feed {number}", Channel.TICKER, None)
    assert len(ledger.report(0, START_NS)) == 4100


def test_report_can_be_written_as_json(timeline: Timeline) -> None:
    timeline.covered(0)
    timeline.missing(5, "cut")
    past = report(timeline, 10)
    assert '"covered":0.5' in past.model_dump_json()
    assert '"cause":"cut"' in past.model_dump_json()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["covered", "missing", "bridged", "let go", "want"])
    ),
    max_size=60,
)


@given(STEPS)
def test_covered_and_missing_seconds_are_what_a_model_counts_one_by_one(
    steps: list[tuple[int, str]],
) -> None:
    ledger = Ledger()
    timeline = ledger.want(FEED, Channel.TICKER, None)
    now, state, seconds = 0, "begins", {"covered": 0, "missing": 0, "begins": 0, "unwanted": 0}
    hole = 0
    for wait, step in steps:
        now += wait
        seconds[state] += wait
        hole += wait if state == "missing" else 0
        if step == "covered" and state != "unwanted":
            timeline.covered(now)
            state = "covered"
        elif step == "missing" and state != "unwanted":
            timeline.missing(now, "cut")
            if state == "covered":
                state, hole = "missing", 0
        elif step == "bridged" and state == "missing":
            timeline.bridged(now)
            seconds["missing"] -= hole
            seconds["covered"] += hole
            state = "covered"
        elif step == "let go" and state != "unwanted":
            timeline.let_go(now)
            state = "unwanted"
        elif step == "want" and state == "unwanted":
            ledger.want(FEED, Channel.TICKER, None)
            state = "begins"
    past = report(timeline, now)
    assert past.covered_seconds == seconds["covered"]
    assert past.hole_seconds == seconds["missing"]
    assert sum(each.duration_seconds for each in past.holes) == seconds["missing"]
    assert 0.0 <= past.covered <= 1.0
