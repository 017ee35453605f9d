"""Candles of all intervals against the trades they are made of, and against each other."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from weex_client.simulation import INTERVALS, STEP_NS, Candle, Market, SymbolMarket, TradePrint
from weex_client.simulation.candles import (
    KEPT_CANDLES,
    MINUTE_NS,
    SECOND_NS,
    CandleBoard,
    regroup,
    span_of,
)

START_NS = 1_790_134_567_942_000_000


def ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * SECOND_NS  # type: ignore[misc]


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("1m", (2026, 9, 23, 14, 37), (2026, 9, 23, 14, 38)),
        ("30m", (2026, 9, 23, 14, 30), (2026, 9, 23, 15, 0)),
        ("8h", (2026, 9, 23, 8), (2026, 9, 23, 16)),
        ("1d", (2026, 9, 23), (2026, 9, 24)),
        ("1w", (2026, 9, 21), (2026, 9, 28)),
        ("1M", (2026, 9, 1), (2026, 10, 1)),
    ],
)
def test_a_candle_spans_what_its_interval_says(
    interval: str, start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    assert span_of(interval, ns(2026, 9, 23, 14, 37, 21)) == (ns(*start), ns(*end))


def test_december_ends_with_the_year() -> None:
    assert span_of("1M", ns(2026, 12, 31, 23)) == (ns(2026, 12, 1), ns(2027, 1, 1))


def lived(minutes: int, symbol: str = "SOLUSDT") -> tuple[SymbolMarket, list[TradePrint]]:
    market = Market(3, START_NS, [symbol]).symbol("contract", symbol)
    trades: list[TradePrint] = []
    while market.step < minutes * MINUTE_NS // STEP_NS:
        seen = market.tape.count
        market.advance()
        trades += market.tape.since(seen)
    return market, trades


def test_minute_candles_are_their_trades() -> None:
    market, trades = lived(6)
    origin = Market(3, START_NS, ["SOLUSDT"]).origin_ns
    live = [c for c in market.candles("1m") if c.open_time_ns >= origin][:-1]
    assert len(live) == 6
    for before, candle in zip(market.candles("1m")[-8:], live, strict=False):
        assert candle.open == before.close
    for candle in live:
        inside = [t for t in trades if candle.open_time_ns <= t.time_ns < candle.close_time_ns]
        prices = [trade.price for trade in inside]
        assert candle.trade_count == len(inside) > 0
        assert candle.lots == sum(trade.lots for trade in inside)
        assert candle.notional == sum(trade.lots * trade.price for trade in inside)
        assert candle.sold_lots == sum(t.lots for t in inside if t.buyer_is_maker)
        assert candle.high == max(candle.open, *prices)
        assert candle.low == min(candle.open, *prices)
        assert candle.close == prices[-1]


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_is_complete_continuous_and_as_long_as_the_venue_shows(
    interval: str,
) -> None:
    market, _ = lived(2)
    candles = market.candles(interval)
    # Seven years of months are what 301 weeks give.
    assert len(candles) == (KEPT_CANDLES + 1 if interval != "1M" else 69)
    for earlier, later in pairwise(candles):
        assert earlier.close_time_ns == later.open_time_ns
        assert earlier.close == later.open
    for candle in candles:
        assert span_of(interval, candle.open_time_ns) == (
            candle.open_time_ns,
            candle.close_time_ns,
        )
        assert 0 < candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.sold_lots <= candle.lots
    assert candles[-1].open_time_ns <= market.time_ns < candles[-1].close_time_ns


@pytest.mark.parametrize(
    ("short", "long"), [("1m", "5m"), ("5m", "15m"), ("15m", "1h"), ("1h", "4h"), ("1d", "1w")]
)
def test_longer_candles_are_the_shorter_ones_folded(short: str, long: str) -> None:
    market, _ = lived(11)
    folded = {candle.open_time_ns: candle for candle in regroup(long, market.candles(short))[1:]}
    wanted = {candle.open_time_ns: candle for candle in market.candles(long)}
    assert len(folded) > 20
    assert folded == {start: wanted[start] for start in folded}


def test_the_newest_candles_are_the_end_of_the_series() -> None:
    market, _ = lived(7)
    for interval in INTERVALS:
        assert list(market.newest_candles(interval)) == market.candles(interval)[-2:]


def test_mark_candles_follow_the_mark_price_and_have_no_volume() -> None:
    market, _ = lived(3)
    candles: list[Candle] = market.candles("1m", mark=True)
    assert len(candles) == KEPT_CANDLES + 1
    assert candles[-1].close == market.mark
    assert not any(candle.lots or candle.trade_count for candle in candles)
    assert any(candle.high > candle.low for candle in candles[-4:])


def test_after_three_hundred_minutes_the_past_before_the_first_trade_is_forgotten() -> None:
    board = CandleBoard(0, opening=100)
    for minute in range(KEPT_CANDLES + 5):
        board.record(100 + minute, 1, buyer_is_maker=True)
        board.roll((minute + 1) * MINUTE_NS)
    candles = board.series("1m", history=[])
    assert len(candles) == KEPT_CANDLES + 1
    assert candles[0].open_time_ns == 5 * MINUTE_NS
    assert (candles[-1].open_time_ns, candles[-1].lots) == ((KEPT_CANDLES + 5) * MINUTE_NS, 0)
    hours = board.series("1h", history=[])
    assert [candle.lots for candle in hours] == [60, 60, 60, 60, 60, 5]


def test_a_stretch_without_trades_is_flat_candles() -> None:
    board = CandleBoard(0, opening=100)
    board.record(103, 2, buyer_is_maker=False)
    board.roll(3 * MINUTE_NS)
    first, *quiet = board.series("1m", history=[])
    assert (first.open, first.high, first.low, first.close) == (100, 103, 100, 103)
    assert (first.notional, first.sold_lots) == (206, 0)
    assert [(c.open, c.high, c.low, c.close, c.lots) for c in quiet] == [(103,) * 4 + (0,)] * 3
