from weex_client.cli.summary import continuity_lines
from weex_client.models import Continuity, Hole

from .messages import TIME


def past(symbol="BTCUSDT", *holes, since=TIME, covered_seconds=90.0):
    return Continuity(
        channel="ticker",
        symbol=symbol,
        feed=f"{symbol}@ticker",
        since=since,
        covered_seconds=covered_seconds,
        hole_seconds=sum(hole.duration_seconds for hole in holes),
        hole_count=len(holes),
        holes=holes,
    )


def hole(seconds=10.0, *, is_open=False):
    end = None if is_open else TIME + 60 + seconds
    return Hole(start=TIME + 60, end=end, duration_seconds=seconds, cause="the line died")


def lines(*pasts, only_trouble=False):
    return list(continuity_lines(pasts, only_trouble=only_trouble))


def test_complete_streams_take_one_line():
    assert lines(past()) == ["continuity: BTCUSDT ticker covered 100% of 90s, no holes"]
    assert lines(past(), past("ETHUSDT")) == [
        "continuity: 2 channels covered 100% of 90s, no holes"
    ]


def test_holes_are_told_with_their_seconds_and_the_last_one_s_cause():
    (line,) = lines(past("BTCUSDT", hole(2.5), hole(7.5)), only_trouble=True)
    assert line == (
        "continuity: BTCUSDT ticker covered 90.00% of 2m, 2 holes of 10.0 s;"
        " the last at 04:01:00Z, 7.5 s: the line died"
    )
    assert "1 hole of 10.0 s" in lines(past("BTCUSDT", hole(is_open=True)))[0]
    assert "still open: the line died" in lines(past("BTCUSDT", hole(is_open=True)))[0]


def test_a_small_hole_never_rounds_to_completeness():
    (line,) = lines(past("BTCUSDT", hole(0.001), covered_seconds=1_000_000.0))
    assert "covered 99.99%" in line


def test_what_never_began_is_told_and_is_no_trouble_of_the_line():
    silent = past(since=None, covered_seconds=0.0)
    assert lines(silent) == ["continuity: BTCUSDT ticker never began"]
    assert lines(silent, past(), only_trouble=True) == []


def test_many_holes_take_a_dozen_lines_the_worst_first():
    pasts = [past(f"S{number}USDT", hole(number + 1.0)) for number in range(20)]
    told = lines(*pasts)
    assert len(told) == 13
    assert "S19USDT" in told[0]
    assert told[-1] == "continuity: 8 more with holes"
