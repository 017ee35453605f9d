"""What frames of `full` and `user` say of orders."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.coinbase.recordings import frames
from weex_client.errors import DecodeError
from weex_client.venues.coinbase import orders
from weex_client.venues.coinbase.order_wire import CoinbaseOrder

RECEIVED = 1_790_000_000_000_000_000
MINE = "11838707-bf9c-4d65-8cec-b57c9a7cab42"


def frame(kind: str, **fields: Any) -> bytes:
    base = {"type": kind, "product_id": "BTC-USD", "time": "2021-03-05T16:42:21.878177Z"}
    if kind != "match":
        base |= {"order_id": MINE, "side": "sell"}
    return json.dumps({**base, "sequence": 1, **fields}).encode()


def match(trade_id: int, size: str, **fields: Any) -> bytes:
    return frame(
        "match",
        **{
            "trade_id": trade_id,
            "price": "50000",
            "size": size,
            "side": "sell",
            "maker_order_id": MINE,
            "taker_order_id": "somebody",
            "maker_user_id": "me",
            "maker_fee_rate": "0.004",
            **fields,
        },
    )


def follow(*texts: bytes, known: CoinbaseOrder | None = None) -> CoinbaseOrder:
    order = known
    for text in texts:
        for message in orders.decode_order_steps(text, RECEIVED):
            assert message.sequence is None  # which counts a product's, not the account's
            order = orders.advanced(order, message.data) or order
    assert order is not None
    return order


RECEIVED_FRAME = frame(
    "received", order_type="limit", size="1.0", price="50000", client_oid="mine-1"
)


def test_every_documented_and_captured_event_decodes() -> None:
    for text in frames("full-2017-06-25") + frames("full-doc-examples") + frames("user"):
        if b'"heartbeat"' in text:
            continue
        (message,) = orders.decode_full(text, RECEIVED)
        (own,) = orders.decode_user(text, RECEIVED)
        assert message.symbol == json.loads(text)["product_id"]
        assert message.data == own.data
        update = orders.read_orders(text)
        assert (update.sequence is None) == (message.data.kind == "activate")


def test_activate_has_its_time_in_seconds() -> None:
    (message,) = orders.decode_full(frames("full-doc-examples")[-1], RECEIVED)
    assert (message.data.kind, message.sequence) == ("activate", None)
    assert message.exchange_time_ns == 1_483_736_448_299_000_000


def test_captured_taker_fill_is_the_other_side_and_its_fee_computed() -> None:
    (message,) = orders.decode_fills(frames("user")[0], RECEIVED)
    fill = message.data
    assert (fill.side, fill.liquidity) == ("buy", "taker")
    assert fill.fee == Decimal("47338.46") * Decimal("0.00021019") * Decimal("0.005")
    assert fill.order_id == "88bf7086-7b15-40ff-8b19-ab4e08516d69"
    assert fill.trade_id == "5455505"
    assert orders.decode_fills(frames("user")[1], RECEIVED) == ()


def test_trade_with_oneself_is_two_fills_of_two_orders() -> None:
    text = match(7, "1", taker_user_id="me", taker_fee_rate="0.006")
    fills = [message.data for message in orders.decode_fills(text, RECEIVED)]
    assert [(fill.order_id, fill.side, fill.fee) for fill in fills] == [
        (MINE, "sell", Decimal(200)),
        ("somebody", "buy", Decimal(300)),
    ]
    assert len({fill.fill_id for fill in fills}) == 2


def test_order_goes_its_way_from_received_to_filled() -> None:
    order = follow(RECEIVED_FRAME)
    assert (order.status, order.client_order_id, order.type) == ("new", "mine-1", "limit")
    assert (order.size, order.filled_size, order.fee) == (1, 0, 0)
    order = follow(frame("open", price="50000", remaining_size="1.0"), known=order)
    assert order.status == "new"
    order = follow(match(1, "0.25"), match(2, "0.25", price="50002"), known=order)
    assert (order.status, order.filled_size) == ("partially_filled", Decimal("0.5"))
    assert order.average_price == 50001
    assert order.fee == Decimal("0.25") * (50000 + 50002) * Decimal("0.004")
    order = follow(match(2, "0.25"), known=order)  # told twice
    assert order.filled_size == Decimal("0.5")
    order = follow(match(3, "0.5"), frame("done", reason="filled", remaining_size="0"), known=order)
    assert (order.status, order.filled_size, order.is_final) == ("filled", 1, True)
    assert order.average_price == Decimal("50000.5")


def test_canceled_order_keeps_what_was_filled_and_says_why() -> None:
    order = follow(
        RECEIVED_FRAME,
        match(1, "0.25"),
        frame(
            "done",
            reason="canceled",
            price="50000",
            remaining_size="0.75",
            cancel_reason="102:Self Trade Prevention",
        ),
    )
    assert (order.status, order.filled_size) == ("canceled", Decimal("0.25"))
    assert order.reason == "102:Self Trade Prevention"


def test_missed_executions_are_known_by_what_is_left_but_not_what_they_cost() -> None:
    order = follow(
        RECEIVED_FRAME, match(1, "0.25"), frame("done", reason="canceled", remaining_size="0.5")
    )
    assert (order.filled_size, order.average_price, order.fee) == (Decimal("0.5"), None, None)


def test_order_that_nobody_knew_claims_nothing() -> None:
    order = follow(match(1, "0.25"))
    assert (order.status, order.size, order.filled_size) == ("partially_filled", None, None)
    order = follow(frame("done", reason="filled"), known=order)
    assert (order.status, order.filled_size) == ("filled", None)


def test_market_order_by_funds_is_filled_by_its_executions() -> None:
    order = follow(
        frame("received", order_type="market", funds="1000.5"),
        match(1, "0.01"),
        frame("done", reason="filled"),
    )
    assert (order.type, order.size, order.funds) == ("market", None, Decimal("1000.5"))
    assert (order.status, order.filled_size, order.price) == ("filled", Decimal("0.01"), None)


def test_change_sets_what_rests_and_the_price() -> None:
    order = follow(
        RECEIVED_FRAME,
        match(1, "0.25"),
        frame(
            "change",
            reason="modify_order",
            old_size="0.75",
            new_size="0.5",
            old_price="50000",
            new_price="50001",
        ),
    )
    assert (order.size, order.price) == (Decimal("0.75"), 50001)
    assert (order.status, order.filled_size) == ("partially_filled", Decimal("0.25"))


def test_activated_stop_waits() -> None:
    order = follow(frames("full-doc-examples")[-1])
    assert (order.status, order.type, order.stop_price) == ("new", "stop", 80)


@pytest.mark.parametrize(
    "text",
    [
        frame("done", order_id=None),
        frame("open", price=None, remaining_size="1"),
        frame("match", trade_id=1),
        frame("received", side="hold"),
        frame("open", price="NaN", remaining_size="1"),
        b'{"type":"done"}',
        b"[]",
    ],
)
def test_event_that_names_no_order_is_refused(text: bytes) -> None:
    with pytest.raises(DecodeError):
        orders.decode_full(text, RECEIVED)


def test_hyphened_client_id_is_read_too() -> None:
    text = frame("received", **{"client-oid": "old", "order_type": "limit"})
    assert orders.decode_full(text, RECEIVED)[0].data.client_oid == "old"
