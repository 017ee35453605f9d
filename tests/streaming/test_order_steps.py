"""Orders that frames tell step by step, and answers only in sum: nothing is counted twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from tests.streaming.test_book3_feed import VENUE, Listener
from tests.venues.coinbase.test_orders import MINE, RECEIVED_FRAME, frame, match
from tests.venues.coinbase.test_rest import PART, body, fill, order
from weex_client.metrics import ChannelCounters
from weex_client.protocol import Channel, Topic
from weex_client.streaming.account_feed import AccountMemory
from weex_client.streaming.registry import Audience
from weex_client.streaming.state_feed import StateFeed

__all__ = ["SecretStr"]

TOPIC = Topic(Channel.ORDERS)


def feed_of(ear: Listener) -> StateFeed:
    reads = VENUE.account_reads(Channel.ORDERS)
    feed = StateFeed(
        *("user", Channel.ORDERS, None, VENUE, ChannelCounters(), lambda *_, **__: None),
        reads=reads,
        memory=AccountMemory(),
    )
    audience = Audience(TOPIC)
    audience.add(ear)
    feed.join(audience)
    feed.opened(0.0)
    feed.accepted(0.0, 0)
    return feed


def answer(feed: StateFeed, content: Any) -> str:
    query = feed.next_query()
    assert query is not None
    feed.answered(query, body(content), 1)
    return query.about


def told(feed: StateFeed, ear: Listener) -> list[tuple[str, Decimal | None]]:
    while feed.outbox:
        feed.publish_next()
    said = [(m.data.status, m.data.filled_size) for m in ear.heard]
    ear.heard.clear()
    return said


def test_frame_that_the_answer_has_in_its_sum_is_counted_once() -> None:
    ear = Listener()
    feed = feed_of(ear)
    feed.receive(match(2, "0.25"), 1)  # it happened before the answer was made
    assert answer(feed, [PART]) == "open orders"
    assert told(feed, ear) == [("partially_filled", Decimal("0.5"))]
    feed.receive(match(3, "0.25"), 1)  # and this one after it
    assert told(feed, ear) == []  # frames wait: which of them are in the sum is not known
    assert answer(feed, [fill(1, "0.25"), fill(2, "0.25")]) == "fills of an order"
    assert feed.next_query() is None
    feed.finished()
    assert told(feed, ear)[-1] == ("partially_filled", Decimal("0.75"))
    feed.receive(frame("done", reason="filled", remaining_size="0"), 1)
    assert told(feed, ear) == [("filled", Decimal(1))]


def test_order_that_is_new_needs_no_second_question() -> None:
    ear = Listener()
    feed = feed_of(ear)
    feed.receive(RECEIVED_FRAME, 1)
    assert answer(feed, [order()]) == "open orders"
    assert feed.next_query() is None
    feed.finished()
    assert set(told(feed, ear)) == {("new", Decimal(0))}
    feed.receive(match(1, "0.5"), 1)
    feed.receive(match(1, "0.5"), 1)
    assert told(feed, ear) == [("partially_filled", Decimal("0.5"))]
    assert ear.heard == []
    feed.receive(frame("done", side=None, order_id=MINE + "?"), 1)  # says too little
    assert feed.counters.decode_errors == 1
