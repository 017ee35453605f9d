from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client import ExportError
from weex_client.export import BuiltCandle, CandleBuilder, Stretch, candles_of
from weex_client.export.intervals import Interval

from .tape import SECOND_NS, START_NS, trade


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND_NS


@pytest.mark.parametrize(
    ("interval", "moment", "start", "end"),
    [
        ("7s", "1970-01-01T00:00:13", "1970-01-01T00:00:07", "1970-01-01T00:00:14"),
        ("90m", "2026-11-21T04:31:00", "2026-11-21T04:30:00", "2026-11-21T06:00:00"),
        ("4h", "2026-11-21T23:59:59", "2026-11-21T20:00:00", "2026-11-22T00:00:00"),
        ("1d", "2026-11-21T00:00:00", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        # The 21st is a Saturday.
        ("1w", "2026-11-21T12:00:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        ("1M", "2026-12-31T23:00:00", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("3M", "2026-11-21T12:00:00", "2026-10-01T00:00:00", "2027-01-01T00:00:00"),
        ("2000ms", "1970-01-01T00:00:03", "1970-01-01T00:00:02", "1970-01-01T00:00:04"),
    ],
)
def test_intervals_are_laid_out_from_1970_on(
    interval: str, moment: str, start: str, end: str
) -> None:
    assert Interval.of(interval).span_of(ns(moment)) == (ns(start), ns(end))


@pytest.mark.parametrize("text", ["", "0s", "7", "s", "1.5h", "-1m", "1y", "1201M", "9999999d"])
def test_what_is_no_interval_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(ExportError, match="such as 7s, 90m or 4h"):
        next(candles_of([], text), None)


def identity(one):
    return one.symbol, one.data.trade_id, one.exchange_time_ns


TRADES = st.lists(
    st.tuples(
        st.integers(0, 3),  # the id; some come twice, and some are given anew
        st.integers(1, 5000),
        st.integers(1, 9),
        st.integers(-9, 9),  # seconds around the start, in any order
        st.sampled_from(["BTCUSDT", "ETHUSDT"]),
    ),
    max_size=40,
)


@given(drawn=TRADES, seconds=st.sampled_from([1, 7, 60]))
def test_candles_are_those_of_a_naive_computation(
    drawn: list[tuple[int, int, int, int, str]], seconds: int
) -> None:
    trades = [
        trade(number, f"{price}E-2", f"{size}E-3", START_NS + offset * SECOND_NS, symbol=symbol)
        for number, price, size, offset, symbol in drawn
    ]
    once = {identity(each): each for each in reversed(trades)}

    def place(one):
        return (one.exchange_time_ns // (seconds * SECOND_NS), one.symbol)

    expected = []
    in_order = [each for each in trades if once[identity(each)] is each]
    in_order.sort(key=lambda one: one.exchange_time_ns)
    for (number, symbol), group in groupby(sorted(in_order, key=place), key=place):
        found = list(group)
        prices = [each.data.price for each in found]
        expected.append(
            {
                "symbol": symbol,
                "open_time": number * seconds,
                "close_time": (number + 1) * seconds,
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "volume": sum(each.data.size for each in found),
                "quote_volume": sum(each.data.price * each.data.size for each in found),
                "trade_count": len(found),
                "last": found[-1].timestamp,
            }
        )

    builder = CandleBuilder(f"{seconds}s")
    assert [candle for each in trades for candle in builder.add(each)] == []
    built = builder.rest()
    assert [
        {
            "symbol": each.symbol,
            "last": each.timestamp,
            **{name: each.data[name] for name in expected[0] if name not in ("symbol", "last")},
        }
        for each in built
    ] == expected
    assert builder.repeated == len(trades) - len(once)
    assert {each.data.is_complete for each in built} <= {None}


def test_memory_is_bounded_and_what_comes_too_late_is_counted() -> None:
    builder = CandleBuilder("1s")
    numbers = range(20_000)
    out = [
        candle
        for number in numbers
        for candle in builder.add(trade(number, time_ns=START_NS + number * SECOND_NS))
    ]
    assert len(out) == 20_000 - 256
    assert all(each.data.is_closed for each in out)
    assert builder.add(trade(-1, time_ns=START_NS)) == []
    assert builder.late == 1
    # A replay of the newest trades is recognised, and a late one among them counted in.
    for number in (*numbers[-100:], -100):
        builder.add(trade(number, time_ns=START_NS + (number % 20_000) * SECOND_NS))
    rest = builder.rest()
    assert builder.repeated == 100
    assert [each.data.trade_count for each in rest] == [1] * 156 + [2] + [1] * 99
    assert [each.data.is_closed for each in rest] == [True] * 255 + [False]


def test_candle_is_complete_only_where_every_trade_is_known() -> None:
    # The tape begins within the first candle, has a hole within the third, ends within the last.
    start = START_NS // (60 * SECOND_NS) * 60 * SECOND_NS
    known = [
        Stretch("weex", "BTCUSDT", start + 10 * SECOND_NS, start + 151 * SECOND_NS),
        Stretch("weex", "BTCUSDT", start + 152 * SECOND_NS, start + 200 * SECOND_NS),
        Stretch("weex", "BTCUSDT", start + 200 * SECOND_NS, start + 290 * SECOND_NS),
        Stretch("other", None, start, start + 300 * SECOND_NS),
    ]
    trades = [trade(minute, time_ns=start + (60 * minute + 30) * SECOND_NS) for minute in range(5)]
    trades += [trade(9, venue="other", time_ns=start), trade(10, venue="unknown", time_ns=start)]

    built = list(candles_of(trades, "1m", known))
    ours = [each.data for each in built if each.venue == "weex"]
    assert [each.is_complete for each in ours] == [False, True, False, True, False]
    assert [each.is_closed for each in ours] == [True, True, True, True, False]
    others = {each.venue: each.data for each in built if each.venue != "weex"}
    assert (others["other"].is_complete, others["other"].is_closed) == (True, True)
    assert (others["unknown"].is_complete, others["unknown"].is_closed) == (False, False)


def test_a_hole_is_doubted_from_the_last_trade_before_it_was_noticed() -> None:
    start = START_NS // (60 * SECOND_NS) * 60 * SECOND_NS
    known = [
        Stretch("weex", "BTCUSDT", start - SECOND_NS, start + 200 * SECOND_NS),
        Stretch("weex", "BTCUSDT", start + 250 * SECOND_NS, start + 500 * SECOND_NS),
    ]
    # The line fell silent after 20 seconds, and was replaced after 250.
    seconds = [(10, 10), (20, 20), (230, 250), (240, 250), (300, 300), (420, 420)]
    trades = [
        trade(number, time_ns=start + at * SECOND_NS, received_time_ns=start + heard * SECOND_NS)
        for number, (at, heard) in enumerate(seconds)
    ]
    built = [each.data for each in candles_of(trades, "1m", known)]

    assert [each.trade_count for each in built] == [2, 1, 1, 1, 1]
    assert [each.is_complete for each in built] == [False, False, False, True, True]


def test_sums_lose_no_digit_and_times_without_the_venues_are_the_trades() -> None:
    tiny, huge = "0.00000000000000000001", "99999999999999999999"
    trades = [trade(1, huge, tiny), trade(2, huge, huge, exchange_time_ns=None)]
    (built,) = candles_of(trades, "1h")

    assert isinstance(built.data, BuiltCandle)
    assert built.data.volume == Decimal("99999999999999999999.00000000000000000001")
    assert built.data.quote_volume == Decimal(f"{int(huge) ** 2}.99999999999999999999")
    assert built.exchange_time_ns is None
    assert built.channel == "candles"
