"""Figures over time in bounded memory."""

from __future__ import annotations

from decimal import Decimal

from weex_client.paper.series import Drawdown, Point, Series

SECOND_NS = 1_000_000_000


def test_long_series_is_thinned_out_and_keeps_its_ends() -> None:
    series = Series()
    for second in range(20_000):
        series.add(second * SECOND_NS, Decimal(second))
    assert 4_000 < len(series.points) <= 8_192
    assert series.points[0] == Point(0, Decimal(0))
    assert series.points[-1] == Point(19_999 * SECOND_NS, Decimal(19_999))
    gaps = {
        later.time_ns - sooner.time_ns
        for sooner, later in zip(series.points[:-2], series.points[1:-1], strict=True)
    }
    assert max(gaps) <= 4 * SECOND_NS


def test_values_of_one_second_are_one_point_the_newest() -> None:
    series = Series()
    added = [series.add(at * SECOND_NS // 10, Decimal(at)) for at in range(12)]
    assert added[:3] == [True, True, False]
    assert series.points[-1].value == 11


def test_drawdown_is_measured_from_the_highest_so_far() -> None:
    drawdown = Drawdown(peak=Decimal(100))
    for value in (90, 200, 150, 190):
        drawdown.add(Decimal(value))
    assert (drawdown.deepest, drawdown.deepest_value) == (Decimal("0.25"), 50)
