"""Fills from frames and answers, each once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.streaming.conftest import START_NS, Line, Listener
from weex_client.protocol import Channel, Scope, Topic
from weex_client.streaming.fill_feed import FillFeed

START_MS = START_NS // 1_000_000


def frame(*ids: int) -> dict[str, Any]:
    rows = [
        {
            "id": str(each),
            "orderId": "1",
            "symbol": "BTCUSDT",
            "orderSide": "BUY",
            "fillSize": "1",
            "fillValue": "1",
            "createdTime": str(START_MS + each),
        }
        for each in ids
    ]
    return {"e": "fill", "E": START_MS, "v": 1, "d": rows}


def answer(*ids: int) -> bytes:
    rows = [
        {
            "id": each,
            "orderId": 1,
            "symbol": "BTCUSDT",
            "price": "1",
            "qty": "1",
            "side": "BUY",
            "time": START_MS + each,
        }
        for each in ids
    ]
    return json.dumps(rows).encode()


class Fills:
    """One feed of fills, its reader, and who asks for it."""

    def __init__(self, **settings: Any) -> None:
        self.line = Line(scope=Scope.PRIVATE, **{"seed_private": True} | settings)
        self.line.open()
        self.reader: Listener = self.line.join(Channel.FILLS)
        self.line.answer(self.line.requests())
        self.seeding = self.line.session.seeding

    @property
    def told(self) -> list[int]:
        while (state := self.seeding.outgoing()) is not None:
            state.publish_next()
        return [int(message.data.fill_id) for message in self.reader.messages]

    def ask(self) -> Any:
        return self.seeding.question(self.line.now, self.line.now_ns)

    def tell(self, *bodies: bytes) -> None:
        for body in bodies:
            self.seeding.answered(self.ask(), body, self.line.now_ns)

    def seeded(self, *ids: int) -> None:
        self.tell(answer(*ids))
        while self.ask() is not None:
            self.tell(answer())


def test_stream_that_is_opened_again_repeats_nothing_though_clocks_differ() -> None:
    fills = Fills()
    fills.seeded()
    fills.line.receive(frame(5000))  # by the venue's clock, which is ahead of ours
    assert fills.told == [5000]
    fills.line.leave(Topic(Channel.FILLS), fills.reader)
    fills.line.answer(fills.line.requests())
    fills.line.wait(1.0)
    fills.reader = fills.line.join(Channel.FILLS)
    fills.line.answer(fills.line.requests())
    fills.seeded(5000, 6000)
    assert fills.told == [6000]


def test_trade_with_oneself_is_two_fills() -> None:
    fills = Fills()
    fills.seeded()
    bought, sold = frame(1), frame(1)
    sold["d"][0] |= {"orderId": "2", "orderSide": "SELL"}
    fills.line.receive(bought, sold, sold)
    assert [m.data.side for m in fills.reader.messages] == ["buy", "sell"]


def test_fill_that_comes_twice_is_told_once() -> None:
    fills = Fills()
    fills.seeded()
    fills.line.receive(frame(1, 2), frame(2, 3))
    assert fills.told == [1, 2, 3]
    assert fills.line.counters["fills"].stale == 1


def test_fill_of_an_answer_is_left_out_of_frames() -> None:
    fills = Fills()
    fills.seeded(1, 2)
    fills.line.receive(frame(2, 3))
    assert fills.told == [1, 2, 3]


def test_held_frames_stand_among_what_was_missed_by_their_time() -> None:
    fills = Fills()
    fills.line.receive(frame(2))
    assert fills.told == []
    fills.seeded(1, 2, 3)
    assert fills.told == [1, 2, 3]


def test_many_held_frames_go_out_at_once() -> None:
    fills = Fills()
    fills.line.receive(*(frame(number) for number in range(1, 502)))
    assert len(fills.told) == 501


def test_without_reads_frames_are_all_there_is() -> None:
    fills = Fills(seed_private=False)
    fills.line.receive(frame(1), frame(1))
    assert fills.told == [1]
    assert fills.ask() is None


def test_feed_without_reads_asks_nothing_and_learns_nothing() -> None:
    fills = Fills(seed_private=False)
    (state,) = fills.seeding._states.values()
    assert isinstance(state, FillFeed)
    state.begin(START_NS)
    assert state.next_query() is None
    state.answered(None, answer(1), START_NS)  # type: ignore[arg-type]
    assert fills.told == []


def test_oldest_of_very_many_fills_are_forgotten() -> None:
    fills = Fills()
    fills.seeded()
    for first in range(0, 20_001, 100):
        fills.line.receive(frame(*range(first, first + 100)))
    fills.line.receive(frame(20_099), frame(0))
    assert fills.told[-1] == 0
    assert fills.line.counters["fills"].stale == 1


def test_endless_pages_are_given_up_with_a_gap() -> None:
    fills = Fills()
    number = 0
    while (question := fills.ask()) is not None:
        number += 100
        body = answer(*range(number, number + 100))
        fills.seeding.answered(question, body, fills.line.now_ns)
    assert number == 200 * 100
    assert fills.line.kinds().count("gap") == 1
    assert len(fills.told) == 20_000


def test_answer_of_a_connection_before_is_none() -> None:
    fills = Fills()
    question = fills.ask()
    fills.line.session.lost("cut")
    fills.line.open()
    fills.line.answer(fills.line.requests())
    fills.seeding.answered(question, answer(1), fills.line.now_ns)
    fills.seeding.failed(question, "late", 1.0, fills.line.now, fills.line.now_ns)
    assert fills.told == []
    assert "stale" not in fills.line.kinds()


def test_what_was_held_goes_out_when_the_line_is_lost() -> None:
    fills = Fills()
    fills.line.receive(frame(1))
    fills.line.session.lost("cut")
    assert fills.told == [1]


def test_reader_that_left_is_asked_for_no_more() -> None:
    fills = Fills()
    question = fills.ask()
    (topic,) = (audience.topic for audience in fills.line.registry)
    fills.line.leave(topic, fills.reader)
    assert fills.ask() is None
    fills.seeding.answered(question, answer(1), fills.line.now_ns)
    assert fills.told == []


@pytest.mark.parametrize("seconds", [1.9, 2.0])
def test_frames_are_held_for_two_seconds_at_most(seconds: float) -> None:
    fills = Fills()
    fills.line.receive(frame(1))
    assert fills.line.session.next_due(fills.line.now_ns) == 2.0
    fills.line.wait(seconds)
    assert fills.told == ([] if seconds < 2 else [1])
