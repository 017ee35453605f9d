"""Plans of faults: the same seed is the same plan."""

from __future__ import annotations

from itertools import islice

import pytest

from weex_client.sandbox import Chaos, FaultKind, PlannedFault


def first(chaos: Chaos, count: int = 2_000) -> list[PlannedFault]:
    return list(islice(chaos.plan(), count))


def test_the_same_seed_is_the_same_plan_and_another_is_another() -> None:
    assert first(Chaos(7)) == first(Chaos(7))
    assert first(Chaos(7)) != first(Chaos(8))


def test_a_plan_is_the_same_on_every_machine() -> None:
    planned = first(Chaos(7), 4)
    assert [(each.at_seconds, each.kind.value) for each in planned] == PLAN_OF_SEVEN


PLAN_OF_SEVEN = [
    (33.157, "close"),
    (42.959, "delay_acks"),
    (48.399, "delay_acks"),
    (51.767, "cut_mid_frame"),
]


def test_faults_come_in_order_and_as_often_as_asked() -> None:
    planned = first(Chaos(1, mean_seconds_between=4.0))
    times = [each.at_seconds for each in planned]
    assert times == sorted(times)
    assert 3.7 < times[-1] / len(times) < 4.3


def test_everything_that_can_be_survived_happens_and_refusals_only_on_demand() -> None:
    kinds = {each.kind for each in first(Chaos(3))}
    assert kinds == set(FaultKind) - {FaultKind.REFUSE}
    assert {each.kind for each in first(Chaos(3, faults=["refuse"]), 10)} == {FaultKind.REFUSE}


def test_neither_order_nor_repetition_of_the_names_counts() -> None:
    one = Chaos(5, faults=["skip", "cut", "close"])
    other = Chaos(5, faults={FaultKind.CLOSE, FaultKind.CUT, FaultKind.SKIP})
    assert first(one) == first(other) == first(Chaos(5, faults=["cut", "close", "skip", "cut"]))


def test_figures_stay_within_what_a_bot_can_survive() -> None:
    for each in first(Chaos(2, mean_seconds_lasting=2.0)):
        assert 0.1 <= each.seconds <= 20.0
        assert 1 <= each.count <= 3
        assert 0 <= each.connection_share < 1
        assert 0 <= each.stream_share < 1
        assert each.status not in (401, 403)


def test_a_plan_can_end() -> None:
    chaos = Chaos(7, mean_seconds_between=1.0, stop_after_seconds=30.0)
    planned = list(chaos.plan())
    assert 10 < len(planned) < 60
    assert planned[-1].at_seconds < 30.0
    assert planned == first(Chaos(7, mean_seconds_between=1.0), len(planned))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean_seconds_between": 0},
        {"mean_seconds_lasting": float("nan")},
        {"stop_after_seconds": -1},
        {"faults": ["earthquake"]},
        {"faults": []},
        {"faults": "cut"},
    ],
)
def test_wrong_settings_are_errors_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"positive|faults are"):
        Chaos(7, **wrong)  # type: ignore[arg-type]
