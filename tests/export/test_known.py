from weex_client.export import known_trades
from weex_client.recording import ChannelRecord, CoverageRecord, GapRecord

SECOND_NS = 1_000_000_000


def gap(start: float, end: float, kind: str) -> GapRecord:
    return GapRecord(
        round(start * SECOND_NS), round(end * SECOND_NS), kind, "weex", "trades", "BTCUSDT", "why"
    )


def known(spans: list[tuple[int, int]], *gaps: GapRecord, channel: str = "trades"):
    """Return the stretches in seconds."""
    channel_record = ChannelRecord("weex", None, channel, "BTCUSDT", None, None, 0, 0)
    in_ns = tuple((start * SECOND_NS, end * SECOND_NS) for start, end in spans)
    record = CoverageRecord(channel_record, 0.0, 0.0, gaps, in_ns)

    class Stand:
        def coverage(self):
            return (record,)

    return [(each.start_ns / SECOND_NS, each.end_ns / SECOND_NS) for each in known_trades(Stand())]


def test_lines_are_known_but_for_a_second_at_each_end() -> None:
    assert known([(0, 100), (200, 300)]) == [(1, 99), (201, 299)]
    assert known([(0, 1)]) == []
    assert known([(0, 100)], channel="ticker") == []


def test_an_interruption_that_was_made_good_is_none() -> None:
    assert known([(0, 100), (110, 300)], gap(100, 110, "interruption")) == [(1, 299)]


def test_an_interruption_with_a_gap_is_doubted_from_its_beginning() -> None:
    # The gap is dated by the end of what was repeated: it began with the interruption.
    gaps = (gap(104, 110, "gap"), gap(100, 110, "interruption"))
    assert known([(0, 100), (110, 300)], *gaps) == [(1, 99), (111, 299)]


def test_an_interruption_soon_after_a_gap_is_judged_by_itself() -> None:
    gaps = (gap(104, 110, "gap"), gap(100, 110, "interruption"), gap(111, 120, "interruption"))
    assert known([(0, 100), (110, 111), (120, 300)], *gaps) == [(1, 99), (111, 299)]


def test_a_gap_without_a_length_is_doubted_for_a_minute_before() -> None:
    assert known([(0, 300)], gap(200, 200, "gap")) == [(1, 140), (201, 299)]
    assert known([(0, 300)], gap(50, 60, "recorder")) == [(1, 49), (61, 299)]
    assert known([(0, 300)], gap(290, 310, "recorder"), gap(-5, 0, "gap")) == [(1, 289)]
