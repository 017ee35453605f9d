"""Orders, positions and balances from frames and answers: the last word counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.streaming.conftest import START_NS, Line, Listener
from weex_client.errors import DecodeError
from weex_client.models import Message
from weex_client.protocol import Channel, Scope
from weex_client.streaming.state_feed import StateFeed, _differs

START_MS = START_NS // 1_000_000


def frame(order_id: int = 1, status: str = "PENDING", filled: str = "0", at: int = 0) -> Any:
    row = {
        "id": str(order_id),
        "symbol": "BTCUSDT",
        "orderSide": "BUY",
        "type": "LIMIT",
        "status": status,
        "price": "1",
        "size": "2",
        "cumFillSize": filled,
        "cumFillValue": filled,
        "updatedTime": str(START_MS + at),
    }
    return {"e": "orders", "E": START_MS + at, "d": [row]}


def row(order_id: int = 1, status: str = "NEW", filled: str = "0", at: int = 0, **more: Any) -> Any:
    return {
        "orderId": order_id,
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "status": status,
        "price": "1",
        "origQty": "2",
        "executedQty": filled,
        "cumQuote": filled,
        "updateTime": START_MS + at,
    } | more


class Orders:
    """One feed of orders, its reader, and who asks for it."""

    def __init__(self, **settings: Any) -> None:
        self.line = Line(scope=Scope.PRIVATE, **{"seed_private": True} | settings)
        self.line.open()
        self.reader: Listener = self.line.join(Channel.ORDERS)
        self.seeding = self.line.session.seeding
        self.line.answer(self.line.requests())

    def told(self) -> list[tuple[str, str, bool]]:
        while (state := self.seeding.outgoing()) is not None:
            state.publish_next()
        messages = self.reader.messages
        self.reader.items.clear()
        return [(m.data.order_id, m.data.status, m.is_snapshot) for m in messages]

    def ask(self) -> Any:
        return self.seeding.question(self.line.now, self.line.now_ns)

    def tell(self, *rows: Any) -> None:
        self.answer(list(rows))

    def answer(self, content: Any, question: Any = None) -> None:
        body = None if content is None else json.dumps(content).encode()
        self.seeding.answered(question or self.ask(), body, self.line.now_ns)
        self.line.session.tick(self.line.now, self.line.now_ns)

    def reconnect(self) -> None:
        self.line.session.lost("cut")
        self.told()
        self.line.open()
        self.line.answer(self.line.requests())


def test_held_frame_older_than_the_answer_is_left_out() -> None:
    orders = Orders()
    orders.line.receive(frame(filled="0", at=1))
    orders.tell(row(filled="1", at=2))
    assert orders.told() == [("1", "partially_filled", True)]
    assert orders.line.counters["orders"].stale == 1


def test_held_frame_of_the_answers_time_is_news() -> None:
    orders = Orders()
    orders.line.receive(frame(at=1))
    orders.tell(row(at=1))
    assert orders.told() == [("1", "new", True), ("1", "new", False)]


def test_frame_of_an_earlier_change_of_price_is_left_out() -> None:
    orders = Orders()
    orders.line.receive(frame(at=1))
    orders.tell(row(at=2, price="3"))
    assert orders.told() == [("1", "new", True)]


def test_order_that_is_over_does_not_come_back_to_life() -> None:
    orders = Orders()
    orders.tell()
    orders.line.receive(frame(status="CANCELED", at=1), frame(status="CANCELING", at=2))
    assert orders.told() == [("1", "canceled", False)]


def test_answer_without_a_time_is_believed_unless_a_frame_came_since() -> None:
    orders = Orders()
    orders.tell()
    orders.line.receive(frame(at=1))
    orders.reconnect()
    orders.tell(row(price="3") | {"updateTime": None})
    assert orders.told() == [("1", "new", False), ("1", "new", True)]
    orders.reconnect()
    question = orders.ask()
    orders.line.wait(2)  # so that the frame is not held
    orders.line.receive(frame(at=5))
    orders.answer([row(price="3") | {"updateTime": None}], question)
    assert orders.told() == [("1", "new", False), ("1", "new", True)]


def test_answer_older_than_the_last_word_is_no_news() -> None:
    orders = Orders()
    orders.tell(row(at=5))
    orders.told()
    orders.reconnect()
    orders.tell(row(at=4, price="3"))
    assert orders.told() == [("1", "new", True)]


def test_order_that_a_frame_tells_of_is_not_asked_for() -> None:
    orders = Orders()
    orders.tell(row(1), row(2))
    orders.reconnect()
    orders.tell()
    first = orders.ask()
    assert dict(first.query.parameters)["orderId"] == "1"
    orders.line.receive(frame(1, "CANCELED", at=1))
    second = orders.ask()
    assert dict(second.query.parameters)["orderId"] == "2"
    orders.answer(row(1, "CANCELED"), first)  # too late: somebody else's answer
    orders.answer(row(2, "FILLED", "2", at=1), second)
    assert orders.ask() is None
    assert orders.told()[-2:] == [("1", "canceled", False), ("2", "filled", False)]


def test_order_that_is_told_of_while_it_is_asked_for_is_told_once() -> None:
    orders = Orders()
    orders.tell(row())
    orders.reconnect()
    orders.tell()
    question = orders.ask()
    orders.line.receive(frame(status="CANCELED", at=1))
    orders.answer(row(status="CANCELED", at=1), question)
    assert orders.told() == [("1", "canceled", False)]


def test_order_that_lives_on_though_it_is_not_listed_is_no_news() -> None:
    orders = Orders()
    orders.tell(row(status="UNTRIGGERED"))
    orders.told()
    orders.reconnect()
    orders.tell()
    orders.answer(row(status="UNTRIGGERED"))
    assert orders.ask() is None
    assert orders.told() == []


def test_unreadable_answer_about_one_order_does_not_hold_up_the_others() -> None:
    orders = Orders()
    orders.tell(row(1), row(2))
    orders.reconnect()
    orders.tell()
    question = orders.ask()
    with pytest.raises(DecodeError):
        orders.answer({"nonsense": 1}, question)
    orders.seeding.failed(question, "nonsense", 0.0, orders.line.now, orders.line.now_ns)
    assert dict(orders.ask().query.parameters)["orderId"] == "2"


def test_orders_that_are_long_over_are_forgotten() -> None:
    orders = Orders()
    orders.tell()
    for number in range(1001):
        orders.line.receive(frame(number, "CANCELED"))
    orders.told()
    orders.line.receive(frame(0), frame(1000))
    assert orders.told() == [("0", "new", False)]


def test_feed_without_reads_asks_nothing() -> None:
    orders = Orders(seed_private=False)
    (state,) = orders.seeding._states.values()
    assert isinstance(state, StateFeed)
    assert (state.is_waiting, state.next_query()) == (False, None)
    state.answered(None, b"[]", START_NS)  # type: ignore[arg-type]
    orders.line.receive(frame())
    assert orders.told() == [("1", "new", False)]


def test_isolated_margin_stays_though_no_balance_lists_it() -> None:
    line = Line(scope=Scope.PRIVATE, seed_private=True)
    line.open()
    reader = line.join(Channel.ACCOUNT)
    line.answer(line.requests())
    seeding = line.session.seeding
    margin = {"coin": "USDT", "amount": "5", "marginMode": "ISOLATED", "isolatedPositionId": "7"}
    question = seeding.question(line.now, line.now_ns)
    seeding.answered(question, b"[]", line.now_ns)
    line.receive({"e": "account", "E": START_MS, "d": [margin]})
    line.session.lost("cut")
    line.open()
    line.answer(line.requests())
    seeding.answered(seeding.question(line.now, line.now_ns), b"[]", line.now_ns)
    while (state := seeding.outgoing()) is not None:
        state.publish_next()
    told: list[Message[Any]] = reader.messages
    assert [(message.data.balance, message.is_snapshot) for message in told] == [(5, False)]


def test_things_that_are_no_state_always_differ() -> None:
    assert _differs(1, 1)
