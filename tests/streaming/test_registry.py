"""Who listens to which topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from weex_client.protocol import Channel, Topic
from weex_client.streaming.registry import Audience, Registry

BTC = Topic(Channel.TICKER, "BTCUSDT")
ETH = Topic(Channel.TICKER, "ETHUSDT")


def publish(audience: Audience, item: object) -> None:
    for push in audience.pushes:
        push(item)


class Listener:
    """A reader that keeps what it is given."""

    def __init__(self) -> None:
        self.heard: list[tuple[str | None, Any]] = []
        self.ends: list[Exception | None] = []

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        return lambda item: self.heard.append((symbol, item))

    def end(self, error: Exception | None) -> None:
        self.ends.append(error)


def test_every_reader_of_a_topic_hears_the_same_item() -> None:
    registry, one, two = Registry(), Listener(), Listener()
    audience = registry.join(BTC, one)
    assert registry.join(BTC, two) is audience
    item = object()
    publish(audience, item)
    assert one.heard == two.heard == [("BTCUSDT", item)]


def test_readers_of_other_topics_hear_nothing() -> None:
    registry, one, two = Registry(), Listener(), Listener()
    audience = registry.join(BTC, one)
    registry.join(ETH, two)
    publish(audience, object())
    assert two.heard == []


def test_reader_that_joins_twice_hears_once() -> None:
    registry, one = Registry(), Listener()
    audience = registry.join(BTC, one)
    registry.join(BTC, one)
    publish(audience, object())
    assert len(one.heard) == 1


def test_only_the_last_reader_to_leave_ends_the_topic() -> None:
    registry, one, two = Registry(), Listener(), Listener()
    registry.join(BTC, one)
    registry.join(BTC, two)
    assert not registry.leave(BTC, one)
    assert registry.leave(BTC, two)
    assert list(registry) == []


def test_leaving_what_was_never_joined_ends_nothing() -> None:
    registry, one, two = Registry(), Listener(), Listener()
    assert not registry.leave(BTC, one)
    registry.join(BTC, one)
    assert not registry.leave(BTC, two)
    assert [audience.topic for audience in registry] == [BTC]


def test_reader_that_left_hears_nothing_more() -> None:
    registry, one, two = Registry(), Listener(), Listener()
    audience = registry.join(BTC, one)
    registry.join(BTC, two)
    registry.leave(BTC, one)
    publish(audience, object())
    assert (len(one.heard), len(two.heard)) == (0, 1)


def test_reader_may_leave_in_the_middle_of_a_publication() -> None:
    registry, after = Registry(), Listener()

    class Leaver(Listener):
        def pusher(self, symbol: str | None) -> Callable[[Any], None]:
            return lambda _: registry.leave(BTC, self) and None

    audience = registry.join(BTC, Leaver())
    registry.join(BTC, after)
    publish(audience, object())
    publish(audience, object())
    assert len(after.heard) == 2
    assert len(audience) == 1


def test_end_reaches_every_reader_even_if_they_leave_on_it() -> None:
    registry = Registry()

    class Leaver(Listener):
        def end(self, error: Exception | None) -> None:
            super().end(error)
            registry.leave(BTC, self)

    readers = [Leaver(), Leaver(), Leaver()]
    for reader in readers:
        audience = registry.join(BTC, reader)
    error = ValueError()
    audience.end(error)
    assert [reader.ends for reader in readers] == [[error]] * 3
    assert list(registry) == []


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([BTC, ETH]), st.integers(0, 3))))
def test_registry_is_what_a_naive_dict_of_sets_says(
    steps: list[tuple[bool, Topic, int]],
) -> None:
    registry, readers = Registry(), [Listener() for _ in range(4)]
    model: dict[Topic, set[int]] = {}
    for is_join, topic, number in steps:
        members = model.setdefault(topic, set())
        if is_join:
            registry.join(topic, readers[number])
            members.add(number)
        else:
            was_last = members == {number}
            members.discard(number)
            assert registry.leave(topic, readers[number]) == was_last
    assert {each.topic: {readers.index(r) for r in each} for each in registry} == {  # type: ignore[arg-type]
        topic: members for topic, members in model.items() if members
    }
