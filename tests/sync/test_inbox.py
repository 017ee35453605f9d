"""What happens to what waits, when more comes and when nothing will."""

from __future__ import annotations

import pytest

from weex_client import ClientClosedError, OverflowPolicy, SlowConsumerError
from weex_client.sync.inbox import Inbox, Over

DROP_OLDEST, CONFLATE = OverflowPolicy.DROP_OLDEST, OverflowPolicy.CONFLATE
RAISE, BLOCK = OverflowPolicy.RAISE, OverflowPolicy.BLOCK


def rest(inbox: Inbox[int]) -> list[int | type[Exception] | None]:
    """Take out what waits, errors by their class."""
    taken: list[int | type[Exception] | None] = []
    while True:
        try:
            taken.append(inbox.take(0))
        except SlowConsumerError as exc:
            taken.append(type(exc))
        if taken[-1] is None:
            return taken[:-1]


def opened(size: int) -> Inbox[int]:
    inbox: Inbox[int] = Inbox(size)
    inbox.open()
    return inbox


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        (DROP_OLDEST, [3, 4, 5], 2),
        (CONFLATE, [5, 4], 3),  # of odd and even numbers
        (RAISE, [SlowConsumerError, 3, 4, 5], 2),
        (BLOCK, [1, 2, 3], 0),
    ],
)
def test_full_inbox_does_what_the_policy_says(
    policy: OverflowPolicy, kept: list[object], dropped: int
) -> None:
    inbox = opened(3)
    told: list[SlowConsumerError] = []

    def is_news(error: SlowConsumerError) -> bool:
        told.append(error)
        return len(told) == 1

    has_room = [inbox.put(n, policy, n % 2, on_loss=is_news) for n in range(1, 6)]

    assert rest(inbox) == kept
    assert inbox.dropped == dropped
    assert all(has_room) is (policy is not BLOCK)
    assert bool(told) is (policy is RAISE)


def test_the_oldest_decides_so_that_others_cannot_push_out_what_must_not_be_lost() -> None:
    inbox = opened(2)
    for number, policy in ((1, DROP_OLDEST), (2, BLOCK), (3, DROP_OLDEST)):
        assert inbox.put(number, policy)

    assert not inbox.put(4)
    assert rest(inbox) == [2, 3]


def test_who_waits_for_room_is_told_when_there_is() -> None:
    inbox, told = opened(1), []
    inbox.put(1, BLOCK)

    assert not inbox.put(2, BLOCK, on_room=lambda: told.append("room"))
    assert inbox.take(None) == 1
    assert told == ["room"]
    assert inbox.put(2, BLOCK)
    assert inbox.take(None) == 2
    assert told == ["room"]


def test_what_is_for_nobody_goes_uncounted_and_holds_up_nothing() -> None:
    inbox = opened(2)
    for number in range(5):
        assert inbox.put(number, (RAISE, BLOCK)[number % 2], is_loss_counted=False)

    assert rest(inbox) == [3, 4]
    assert inbox.dropped == 0


def test_error_stays_in_its_place_whatever_comes_behind_it() -> None:
    inbox = opened(2)
    inbox.put(1)
    inbox.put(SlowConsumerError("too slow", queue_size=1))
    for number in range(2, 9):
        inbox.put(number)

    assert rest(inbox) == [SlowConsumerError, 7, 8]


def test_reader_gets_what_waits_and_then_the_end() -> None:
    inbox = opened(5)
    inbox.put(1)
    inbox.end(error := ValueError("over"))
    inbox.end()
    inbox.put(2)

    assert inbox.take(None) == 1
    for _ in range(2):  # raised as often as somebody asks, each time with a traceback of its own
        with pytest.raises(ValueError, match="over") as caught:
            inbox.take(None)
        assert caught.value is not error
    inbox.open()
    assert inbox.take(0) is None
    inbox.end()
    with pytest.raises(Over):
        inbox.take(None)


def test_before_the_start_there_is_nothing_to_wait_for() -> None:
    with pytest.raises(ClientClosedError, match="not started"):
        Inbox[int](1).take(None)
