"""Subscriptions, books and queues against models so simple that they must be right."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.streaming.conftest import START_NS, Line, Listener
from weex_client.errors import SlowConsumerError
from weex_client.metrics import ChannelCounters
from weex_client.protocol import Channel, Topic
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.subscription import Subscription

BTC, ETH = "BTCUSDT", "ETHUSDT"

# What is subscribed, against what is read.

TOPICS = [
    Topic(Channel.TICKER, BTC),
    Topic(Channel.TICKER, ETH),
    Topic(Channel.TRADES, BTC),
    Topic(Channel.BOOK, BTC, level=5),
    Topic(Channel.BOOK, BTC, level=15),
    Topic(Channel.BOOK_DELTAS, BTC, level=15),
    Topic(Channel.CANDLES, BTC, interval="1m"),
]


# The sixth refusal closes the connection: with five requests that may become one, others wait.
MOST_DOUBTFUL = 5


class References(RuleBasedStateMachine):
    """Readers come and go; the venue has what somebody reads, once, and nothing else."""

    readers: Bundle[tuple[Topic, Listener]] = Bundle("readers")

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.line.open()
        self.read: list[Topic] = []
        self.at_venue: set[str] = set()
        self.unanswered: list[dict[str, Any]] = []
        self.is_told = True

    @rule(target=readers, topic=st.sampled_from(TOPICS))
    def join(self, topic: Topic) -> tuple[Topic, Listener]:
        self.read.append(topic)
        self.is_told = False
        return topic, self.line.join(
            topic.channel,
            topic.symbol,
            **({"level": topic.level} if topic.level else {}),
            **({"interval": topic.interval} if topic.interval else {}),
        )

    @rule(reader=consumes(readers))
    def leave(self, reader: tuple[Topic, Listener]) -> None:
        self.read.remove(reader[0])
        self.is_told = False
        self.line.leave(*reader)

    @rule()
    def turn(self) -> None:
        for request in self.line.requests():
            named = set(request["params"])
            assert len(named) == len(request["params"])
            if request["method"] == "SUBSCRIBE":
                assert not named & self.at_venue, "asked for what is subscribed"
                self.at_venue |= named
            else:
                assert named <= self.at_venue, "gave back what is not subscribed"
                self.at_venue -= named
            self.unanswered.append(request)
        self.is_told = True

    @rule()
    def answer(self) -> None:
        self.line.answer(self.unanswered)
        self.unanswered.clear()

    @rule()
    def lose_the_line(self) -> None:
        self.line.session.lost("the line was cut")
        self.line.open()
        self.at_venue.clear()
        self.unanswered.clear()
        self.is_told = False

    @invariant()
    def venue_has_what_is_read(self) -> None:
        wanted = {self.line.venue.feed(topic) for topic in self.read}
        assert self.line.session.feed_count == len(wanted)
        doubtful = sum(request["method"] == "SUBSCRIBE" for request in self.unanswered)
        if self.is_told and doubtful < MOST_DOUBTFUL:
            assert self.at_venue == wanted
        assert not self.is_told or self.at_venue <= wanted


References.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestReferences = References.TestCase


# A book, against a dict.

Levels = list[tuple[int, str]]
sizes = st.sampled_from(["0", "0.000", "1", "0.5", "2.50", "10", "7", "0.00000001"])


def side(lowest: int) -> st.SearchStrategy[Levels]:
    """Levels of different prices, few enough for the venue's window of 15."""
    prices = st.integers(lowest, lowest + 11)
    return st.lists(st.tuples(prices, sizes), max_size=8, unique_by=lambda level: level[0])


steps = st.tuples(
    st.sampled_from(["snapshot", "next", "next", "next", "next", "again", "gap"]),
    side(100),
    side(200),
)


class NaiveBook:
    """What a book is, said in the simplest way."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, Decimal], dict[int, Decimal]] = ({}, {})
        self.sequence: int | None = None

    def fold(self, *levels: Levels) -> None:
        for own, changes in zip(self.sides, levels, strict=True):
            for price, size in changes:
                own[price] = Decimal(size)
                if not own[price]:
                    del own[price]

    def view(self, level: int) -> tuple[Any, Any]:
        bids, asks = self.sides
        return tuple(sorted(bids.items(), reverse=True)[:level]), tuple(
            sorted(asks.items())[:level]
        )


def frame(
    previous: int, sequence: int, bids: Levels, asks: Levels, is_snapshot: bool
) -> dict[str, Any]:
    return {
        "e": "depthSnapshot" if is_snapshot else "depth",
        "E": START_NS // 1_000_000,
        "s": BTC,
        "U": previous,
        "u": sequence,
        "l": 15,
        "d": "SNAPSHOT" if is_snapshot else "CHANGED",
        "b": [[str(price), size] for price, size in bids],
        "a": [[str(price), size] for price, size in asks],
    }


@given(st.lists(steps, max_size=25), st.sampled_from([1, 5, 15]))
def test_views_are_what_a_naive_book_shows(
    script: list[tuple[str, Levels, Levels]], level: int
) -> None:
    line = Line()
    reader = line.join(Channel.BOOK, BTC, level=level)
    line.open()
    line.answer(line.requests())
    book, expected, clock, last = NaiveBook(), [], 1000, None
    for kind, bids, asks in script:
        clock += 10
        match kind:
            case "snapshot":
                # A snapshot holds no removed levels.
                bids = [(price, size) for price, size in bids if Decimal(size)]
                asks = [(price, size) for price, size in asks if Decimal(size)]
                book = NaiveBook()
                book.fold(bids, asks)
                book.sequence = clock
                last = frame(clock, clock, bids, asks, is_snapshot=True)
            case "next":
                last = frame(book.sequence or 7, clock, bids, asks, is_snapshot=False)
                if book.sequence is not None:
                    book.fold(bids, asks)
                    book.sequence = clock
            case "gap":
                last = frame(clock - 5, clock, bids, asks, is_snapshot=False)
                book.sequence = None
            case _:
                if last is None or last["e"] == "depthSnapshot":
                    continue
                line.receive(last)  # said twice: says nothing, unless the book was lost on it
                continue
        line.receive(last)
        line.wait(0.001)
        if book.sequence is not None:
            expected.append((book.sequence, book.view(level)))
    seen = [(view.sequence, (view.data.bids, view.data.asks)) for view in reader.messages]
    assert seen == expected


# Queues.

actions = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.sampled_from([BTC, ETH, "SOLUSDT"])),
        st.tuples(st.just("read"), st.none()),
    ),
    max_size=60,
)


@pytest.mark.parametrize("policy", OverflowPolicy)
@given(actions=actions, queue_size=st.integers(1, 8))
@settings(deadline=None)
def test_what_went_in_came_out_was_dropped_or_waits(
    policy: OverflowPolicy, actions: list[tuple[str, Any]], queue_size: int
) -> None:
    asyncio.run(_push_and_read(policy, actions, queue_size))


async def _push_and_read(
    policy: OverflowPolicy, actions: list[tuple[str, Any]], queue_size: int
) -> None:
    counters, gate, told = ChannelCounters(), Gate(), 0

    def tell(_: Mailbox) -> None:
        nonlocal told
        told += 1

    mailbox = Mailbox(
        queue_size, policy, counters, gate=gate, on_overflow=tell, on_release=lambda _: None
    )
    stream: Subscription[Any] = Subscription(mailbox)
    pushed, read, is_over = 0, [], False
    for action, symbol in actions:
        if action == "push" and not is_over:
            pushed += 1
            mailbox.pusher(symbol)((symbol, pushed))
            is_over = policy is OverflowPolicy.RAISE and stream.dropped > 0
        elif action == "read" and stream.pending:
            read.append(await anext(stream))
        assert stream.delivered == len(read)
        assert stream.delivered + stream.dropped + stream.pending == pushed
        assert counters.dropped == stream.dropped
        assert gate.is_shut == (policy is OverflowPolicy.BLOCK and stream.pending > queue_size)
        if policy is not OverflowPolicy.BLOCK:
            assert stream.pending <= queue_size
    if is_over:
        while stream.pending:
            read.append(await anext(stream))
        with pytest.raises(SlowConsumerError):
            await anext(stream)
    assert bool(stream.dropped) == bool(told)
    if policy is not OverflowPolicy.CONFLATE:  # which lets the newest have the oldest's place
        assert read == sorted(read, key=lambda item: item[1])
    assert len(set(read)) == len(read)
    await stream.aclose()
