"""What Coinbase Exchange answers about orders, fills and the book of orders."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.coinbase.test_orders import MINE, follow, frame, match
from weex_client.book import OrderBook3
from weex_client.errors import DecodeError
from weex_client.venues.coinbase import rest

RECEIVED = 1_790_000_000_000_000_000
D = Decimal


def order(**fields: Any) -> dict[str, Any]:
    return {
        "id": MINE,
        "client_oid": "mine-1",
        "product_id": "BTC-USD",
        "side": "sell",
        "type": "limit",
        "status": "open",
        "price": "50000.00",
        "size": "1.0",
        "filled_size": "0",
        "executed_value": "0",
        "fill_fees": "0",
        "created_at": "2021-03-05T16:42:21.878177Z",
        **fields,
    }


def fill(trade_id: int, size: str, **fields: Any) -> dict[str, Any]:
    return {
        "trade_id": trade_id,
        "order_id": MINE,
        "product_id": "BTC-USD",
        "side": "sell",
        "price": "50000",
        "size": size,
        "fee": "1.5",
        "liquidity": "M",
        "created_at": "2021-03-05T16:42:22.878177Z",
        **fields,
    }


def body(content: object) -> bytes:
    return json.dumps(content).encode()


PART = order(filled_size="0.5", executed_value="25000", fill_fees="3")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "new"),
        ({"status": "pending"}, "new"),
        ({"filled_size": "0.5"}, "partially_filled"),
        ({"status": "done", "done_reason": "filled", "filled_size": "1"}, "filled"),
        ({"status": "done", "done_reason": "canceled"}, "canceled"),
        ({"status": "rejected"}, "rejected"),
    ],
)
def test_order_has_the_state_that_the_answer_says(fields: dict[str, Any], status: str) -> None:
    (message,) = rest.OrderReader().read(body([order(**fields)]), RECEIVED)
    assert message.is_snapshot
    assert (message.data.status, message.data.client_order_id) == (status, "mine-1")


def test_executions_are_asked_for_where_the_answer_has_only_their_sum() -> None:
    reader = rest.OrderReader()
    fresh, part = reader.read(body([order(), PART]), RECEIVED)
    assert reader.more(fresh) is None
    detail = reader.more(part)
    assert detail.query.parameters[0] == ("order_id", MINE)
    whole = detail.read(body([fill(2, "0.25"), fill(1, "0.25")]), RECEIVED)
    assert [each.trade_id for each in whole.data.matches] == [1, 2]
    assert (whole.data.filled_size, whole.data.fee) == (D("0.5"), D("3.0"))
    assert reader.more(whole) is None
    # A frame that was on its way tells one of them again, and then one that is new.
    later = follow(match(2, "0.25"), match(3, "0.25"), known=whole.data)
    assert (later.filled_size, later.status) == (D("0.75"), "partially_filled")
    opened = follow(frame("open", price="50000", remaining_size="1.0"), known=whole.data)
    assert opened.filled_size == D("0.5")  # it had been overtaken


def test_more_executions_than_were_told_leave_the_sum_as_it_was() -> None:
    reader = rest.OrderReader()
    (part,) = reader.read(body([PART]), RECEIVED)
    whole = reader.more(part).read(body([fill(2, "0.25")]), RECEIVED)
    assert whole.data == part.data
    met = follow(match(9, "0.1"), known=part.data)
    raced = part.model_copy(update={"data": met})
    whole = reader.more(raced).read(body([fill(2, "0.25"), fill(1, "0.25")]), RECEIVED)
    assert whole.data.filled_size == D("0.6")


def test_fill_is_the_same_whoever_tells_it() -> None:
    reader = rest.FillReader(("ETH-USD",))
    assert reader.read_symbols(body([order()])) == {"ETH-USD", "BTC-USD"}
    (message,) = reader.read(body([fill(5, "0.1")]), RECEIVED)
    assert (message.data.fill_id, message.data.liquidity) == (f"5:{MINE}", "maker")
    query = reader.page("BTC-USD", 1_614_962_541_878, None)
    assert dict(query.parameters) == {
        "product_id": "BTC-USD",
        "limit": "100",
        "start_date": "2021-03-05T16:42:21.878Z",
    }


def test_book_of_orders_is_read_in_the_order_of_the_queue() -> None:
    answer = {
        "sequence": 7,
        "bids": [["10.0", "1", "a"], ["10.00", "2", "b"], ["9", "3", "c"]],
        "asks": [["11", "4", "d"]],
    }
    book = OrderBook3()
    book.replace(*rest.read_book3(body(answer)))
    assert book.sequence == 7
    assert book.bids(1) == ((D(10), D(3), (("a", D(1)), ("b", D(2)))),)


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"sequence":-1,"bids":[],"asks":[]}', b""])
def test_answer_that_is_none_is_refused(answer: bytes) -> None:
    with pytest.raises(DecodeError):
        rest.read_book3(answer)
    with pytest.raises(DecodeError):
        rest.OrderReader().read(answer, RECEIVED)
