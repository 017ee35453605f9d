import pytest

from weex_client.cli.views.rate import Rate


def test_rate_is_that_of_the_last_seconds():
    rate = Rate()
    for number in range(100):
        rate.count(1000 + number / 10)

    assert rate.per_second(1009.9) == pytest.approx(10, rel=0.1)
    assert rate.per_second(1030) == 0


def test_clock_set_back_does_not_spoil_the_rate():
    rate = Rate()
    rate.count(5000.0)
    rate.count(1000.0)

    assert rate.per_second(1000.5) == pytest.approx(1.0)
