"""A book of orders between frames and an answer: nothing shown with a hole, nothing for nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from weex_client.errors import DecodeError, SequenceGapError
from weex_client.metrics import ChannelCounters
from weex_client.models import Message
from weex_client.protocol import Topic
from weex_client.streaming.book3_feed import Book3Feed
from weex_client.streaming.registry import Audience, Sealed
from weex_client.venues.coinbase import CoinbaseChannel, CoinbaseConfig, CoinbaseVenue

VENUE = CoinbaseVenue(
    CoinbaseConfig(api_key=SecretStr("k"), secret_key=SecretStr("YWJj"), passphrase=SecretStr("p"))
)
FULL = Topic(CoinbaseChannel.FULL, "A-B")
VIEW = Topic(CoinbaseChannel.BOOK3, "A-B", 2)
TIME = "2021-03-05T16:42:21.878177Z"


class Listener:
    def __init__(self) -> None:
        self.heard: list[Message[Any]] = []

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        def push(item: Any) -> None:
            message = item.open() if isinstance(item, Sealed) else item
            if message is not None:
                self.heard.append(message)

        return push

    def end(self, error: Exception | None) -> None: ...


class Bench:
    def __init__(self, *topics: Topic) -> None:
        self.told: list[dict[str, Any]] = []
        feed, query = "full:A-B", VENUE.book_query("full:A-B")
        parts = (feed, topics[0].channel, "A-B", VENUE, ChannelCounters())
        self.feed = Book3Feed(
            *parts, lambda kind, *_, **facts: self.told.append(facts), query=query
        )
        self.ears = {topic: self.join(topic) for topic in topics}

    def join(self, topic: Topic) -> Listener:
        audience, ear = Audience(topic), Listener()
        audience.add(ear)
        self.feed.join(audience)
        return ear

    def opens(self, *sequences: int) -> None:
        for sequence in sequences:
            fields = {"side": "buy", "price": str(sequence), "remaining_size": "1"}
            self.hear("open", sequence, order_id=f"o{sequence}", **fields)

    def hear(self, kind: str, sequence: int, **fields: Any) -> None:
        frame = {"type": kind, "product_id": "A-B", "sequence": sequence, "time": TIME, **fields}
        self.feed.receive(json.dumps(frame).encode(), 1)

    def answer(self, sequence: int, *bids: tuple[str, str, str]) -> None:
        query = self.feed.next_query()
        assert query is not None
        body = json.dumps({"sequence": sequence, "bids": bids, "asks": []}).encode()
        self.feed.answered(query, body, 2)
        assert self.feed.next_query() is None
        self.feed.finished()
        while self.feed.has_outgoing:
            self.feed.publish_next()

    def best(self, topic: Topic = VIEW) -> list[Decimal]:
        return [message.data.best_bid for message in self.ears[topic].heard]


def test_messages_wait_for_the_answer_and_those_in_it_are_left_out() -> None:
    bench = Bench(VIEW)
    bench.opens(5, 6, 7)
    assert bench.feed.is_asking
    assert bench.feed.is_waiting
    assert bench.best() == []
    bench.answer(6, ("6", "1", "o6"), ("5", "1", "o5"))
    assert bench.best() == [6, 7]
    first, second = bench.ears[VIEW].heard
    assert (first.is_snapshot, first.exchange_time_ns, first.sequence) == (True, None, 6)
    assert (second.is_snapshot, second.sequence) == (False, 7)
    bench.opens(8)
    assert bench.best()[-1] == 8


def test_view_comes_only_when_it_looks_different() -> None:
    bench = Bench(VIEW)
    bench.opens(5)
    bench.answer(5, *((str(price), "1", f"o{price}") for price in (5, 4, 3)))
    bench.hear("done", 6, order_id="o3", side="buy", reason="canceled")
    bench.hear("received", 7, order_id="x", side="buy", order_type="limit")
    assert len(bench.best()) == 1
    bench.hear("done", 8, order_id="o5", side="buy", reason="canceled")
    assert bench.best() == [5, 4]
    assert bench.feed.current(VIEW).data.best_bid == 4


def test_readers_of_messages_wait_for_nothing_and_ask_nothing() -> None:
    bench = Bench(FULL)
    bench.opens(5, 6, 6, 5)
    assert [m.sequence for m in bench.ears[FULL].heard] == [5, 6]
    assert not bench.feed.is_waiting
    assert not bench.feed.is_asking
    bench.feed.accepted(0.0, 0)
    assert not bench.feed.is_asking
    bench.opens(9)
    assert (bench.told[-1]["from_sequence"], bench.told[-1]["to_sequence"]) == (6, 9)
    assert not bench.feed.is_asking
    bench.ears[VIEW] = bench.join(VIEW)
    assert bench.feed.is_asking
    bench.answer(9, ("9", "1", "o9"))
    assert bench.best() == [9]
    assert not bench.feed.leave(VIEW)
    bench.opens(10)
    assert bench.feed.current(VIEW) is None
    assert bench.ears[FULL].heard[-1].sequence == 10


def test_messages_that_were_missed_between_two_connections_are_told_by_their_numbers() -> None:
    bench = Bench(VIEW, FULL)
    bench.opens(5)
    bench.feed.interrupted()
    bench.feed.interrupted()
    bench.opens(9)
    told = bench.told[-1]
    assert (told["from_sequence"], told["to_sequence"], bench.feed.counters.gaps) == (5, 9, 1)
    bench.feed.interrupted()
    bench.opens(10)
    assert len(bench.told) == 1  # nothing was missed
    view = Bench(VIEW)
    view.opens(5)
    view.feed.interrupted()
    view.opens(9)
    assert view.told == []  # it begins anew with an answer, and says so


def test_hole_empties_the_book_until_there_is_an_answer_behind_it() -> None:
    bench = Bench(VIEW, FULL)
    bench.opens(5)
    bench.answer(5, ("5", "1", "o5"))
    bench.opens(7)
    assert bench.feed.has_lost
    assert bench.feed.current(VIEW) is None
    assert bench.feed.counters.gaps == 1
    with pytest.raises(SequenceGapError):
        bench.answer(5, ("5", "1", "o5"))
    bench.answer(6, ("6", "1", "o6"))
    assert bench.best() == [5, 6, 7]
    assert [m.sequence for m in bench.ears[FULL].heard] == [5, 7]


def test_what_cannot_be_is_a_hole_too() -> None:
    bench = Bench(VIEW)
    bench.opens(5)
    bench.answer(5, ("5", "1", "o5"))
    match = {"trade_id": 1, "maker_order_id": "?", "taker_order_id": "t", "side": "buy"}
    bench.hear("match", 6, **match, price="5", size="1")
    assert "not in the book" in bench.told[-1]["cause"]
    bench.answer(6, ("5", "1", "o5"))
    bench.feed.receive(b'{"type":"open","product_id":"A-B","sequence":7}', 1)
    assert bench.feed.counters.decode_errors == 1
    assert bench.feed.has_lost
    with pytest.raises(DecodeError):
        bench.feed.answered(bench.feed.next_query(), b"<html>", 2)
    bench.feed.interrupted()
    assert not bench.feed.waiting
