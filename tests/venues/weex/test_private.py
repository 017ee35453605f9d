"""WEEX account frames against what they say, read by hand from the fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.errors import DecodeError
from weex_client.models import Message
from weex_client.venues.weex import private

FRAMES = Path(__file__).parent / "frames"
RECEIVED_NS = 1_790_000_000_123_456_789

Decode = Callable[[bytes, int], Sequence[Message[Any]]]


def captured(name: str, line: int = 0) -> bytes:
    return (FRAMES / name).read_bytes().splitlines()[line]


def changed(frame: bytes, **fields: Any) -> bytes:
    """Spell a frame with other values in its first item; a value of None removes the field."""
    envelope = json.loads(frame)
    row = {k: v for k, v in (envelope["d"][0] | fields).items() if v is not None}
    return json.dumps(envelope | {"d": [row]}).encode()


def the_message(decode: Decode, frame: bytes) -> Message[Any]:
    (message,) = decode(frame, RECEIVED_NS)
    return message


def test_spot_balance_says_what_the_frame_said() -> None:
    message = the_message(private.decode_account, captured("spot-account.jsonl", 1))
    assert (message.venue, message.channel, message.symbol) == ("weex", "account", None)
    assert (message.timestamp, message.sequence) == (1773295738.123, 1024)
    assert message.received_time_ns == RECEIVED_NS
    assert not message.is_snapshot
    assert dict(message.data) == {
        "currency": "USDT",
        "balance": Decimal("1200.00000000"),
        "available": Decimal("950.00000000"),
        "frozen": Decimal("250.00000000"),
        "margin_mode": None,
        "pending_deposit": None,
        "pending_withdraw": None,
        "liquidating": None,
        "isolated_position_id": None,
    }


def test_contract_balance_does_not_invent_what_is_available() -> None:
    data = the_message(private.decode_account, captured("contract-account.jsonl")).data
    assert (data.currency, data.balance) == ("USDT", Decimal("0.00000000"))
    assert (data.available, data.frozen) == (None, None)
    assert (data.margin_mode, data.liquidating) == ("crossed", False)


def test_deposit_on_its_way_is_not_in_the_balance() -> None:
    data = the_message(private.decode_account, captured("contract-account.jsonl")).data
    assert (data.balance, data.pending_deposit) == (Decimal(0), Decimal("20.00000000"))


def test_contract_order_says_what_the_frame_said() -> None:
    message = the_message(private.decode_orders, captured("contract-orders.jsonl"))
    assert (message.channel, message.symbol, message.sequence) == ("orders", "BTCUSDT", 46654)
    assert dict(message.data) == {
        "order_id": "617414920861909658",
        "client_order_id": "1747203186927FPIZRP",
        "symbol": "BTCUSDT",
        "side": "buy",
        "type": "market",
        "status": "new",
        "price": None,
        "size": Decimal("0.10000"),
        "filled_size": Decimal(0),
        "average_price": None,
        "fee": Decimal(0),
        "status_text": "PENDING",
        "position_side": "LONG",
        "time_in_force": "IOC",
        "quote_size": None,
        "reduce_only": False,
        "trigger_price": None,
        "realized_pnl": Decimal(0),
        "cancel_reason": None,
    }


def test_order_carries_the_time_of_its_last_change() -> None:
    message = the_message(private.decode_orders, captured("spot-orders.jsonl"))
    assert message.timestamp == 1776184415.058
    assert message.exchange_time_ns == 1776184415058 * 10**6


def test_item_without_a_time_carries_the_frames() -> None:
    frame = changed(captured("spot-orders.jsonl"), updatedTime=None)
    assert the_message(private.decode_orders, frame).timestamp == 1776184415.058


def test_average_price_is_value_over_size() -> None:
    data = the_message(private.decode_orders, captured("spot-orders.jsonl")).data
    assert (data.status, data.filled_size) == ("filled", Decimal("200.0"))
    assert data.average_price == Decimal("0.09571")


def test_market_buy_of_a_quote_amount_has_no_size() -> None:
    data = the_message(private.decode_orders, captured("spot-orders.jsonl", 1)).data
    assert (data.size, data.price, data.quote_size) == (None, None, Decimal("100.0000000"))
    assert data.average_price == Decimal("105008")


@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("PENDING", "0", "new"),
        ("NEW", "0", "new"),
        ("UNTRIGGERED", "0", "new"),
        ("CANCELING", "0", "new"),
        ("PENDING", "0.01", "partially_filled"),
        ("NEW", "0.01", "partially_filled"),
        ("CANCELING", "0.01", "partially_filled"),
        ("PARTIALLY_FILLED", "0.01", "partially_filled"),
        ("partial_fill", "0.01", "partially_filled"),
        ("FILLED", "0.1", "filled"),
        ("full_fill", "0.1", "filled"),
        ("CANCELED", "0", "canceled"),
        ("CANCELED", "0.01", "canceled"),
        ("EXPIRED", "0", "expired"),
        ("REJECTED", "0", "rejected"),
        ("SOMETHING_NEW", "0", "new"),
        ("SOMETHING_NEW", "0.01", "partially_filled"),
    ],
)
def test_status_is_derived_from_word_and_fills(word: str, filled: str, status: str) -> None:
    frame = changed(captured("contract-orders.jsonl"), status=word, cumFillSize=filled)
    data = the_message(private.decode_orders, frame).data
    assert (data.status, data.status_text) == (status, word)


def test_reason_of_a_cancellation_is_told_on_canceled_orders_only() -> None:
    frame = changed(captured("contract-orders.jsonl"), status="CANCELED", cancelReason="USER")
    assert the_message(private.decode_orders, frame).data.cancel_reason == "USER"
    live = the_message(private.decode_orders, captured("contract-orders.jsonl"))
    assert live.data.cancel_reason is None


def test_fill_says_what_the_frame_said() -> None:
    message = the_message(private.decode_fills, captured("contract-fill.jsonl"))
    assert (message.channel, message.symbol, message.sequence) == ("fills", "BTCUSDT", 46655)
    assert message.timestamp == 1747203188.154
    assert dict(message.data) == {
        "fill_id": "617414920887075482",
        "order_id": "617414920861909658",
        "symbol": "BTCUSDT",
        "side": "buy",
        "price": Decimal("103812.7"),
        "size": Decimal("0.10000"),
        "fee": Decimal("6.228762"),
        "liquidity": "taker",
        "notional": Decimal("10381.270000"),
        "position_side": "LONG",
        "realized_pnl": Decimal(0),
    }


def test_order_and_its_fill_belong_together() -> None:
    order = the_message(private.decode_orders, captured("contract-orders.jsonl"))
    fill = the_message(private.decode_fills, captured("contract-fill.jsonl"))
    assert (fill.data.order_id, fill.data.side) == (order.data.order_id, order.data.side)


@pytest.mark.parametrize(
    ("direction", "liquidity"),
    [("MAKER", "maker"), ("taker", "taker"), ("ELSE", None), (None, None)],
)
def test_liquidity_is_told_where_the_venue_tells_it(
    direction: str | None, liquidity: str | None
) -> None:
    frame = changed(captured("spot-fill.jsonl"), direction=direction)
    assert the_message(private.decode_fills, frame).data.liquidity == liquidity


def test_fill_of_nothing_has_no_price() -> None:
    frame = changed(captured("spot-fill.jsonl"), fillSize="0", fillValue="0")
    assert the_message(private.decode_fills, frame).data.price is None


def test_open_position_says_what_the_frame_said() -> None:
    message = the_message(private.decode_positions, captured("contract-positions.jsonl"))
    assert (message.channel, message.symbol, message.sequence) == ("positions", "DOGEUSDT", 319)
    assert message.timestamp == 1776192398.399
    assert dict(message.data) == {
        "symbol": "DOGEUSDT",
        "side": "long",
        "size": Decimal(100),
        "entry_price": Decimal("0.0931100"),
        "leverage": Decimal(11),
        "margin_mode": "crossed",
        "mark_price": None,
        "unrealized_pnl": None,
        "position_id": "739004481374519656",
        "entry_value": Decimal("9.31100"),
        "currency": "USDT",
        "separated_mode": "combined",
    }


def test_closed_position_has_size_zero_and_no_entry_price() -> None:
    frame = changed(captured("contract-positions.jsonl"), size="0", openValue="0", side="SHORT")
    data = the_message(private.decode_positions, frame).data
    assert (data.side, data.size, data.entry_price) == ("short", Decimal(0), None)


def test_items_come_in_the_order_of_their_last_change() -> None:
    envelope = json.loads(captured("spot-orders.jsonl"))
    row = envelope["d"][0]
    rows = [row | {"id": str(time), "updatedTime": str(time)} for time in (3, 1, 2)]
    frame = json.dumps(envelope | {"d": rows}).encode()
    messages = private.decode_orders(frame, RECEIVED_NS)
    assert [message.data.order_id for message in messages] == ["1", "2", "3"]


def test_frame_without_changes_is_no_message() -> None:
    assert private.decode_orders(b'{"e":"orders","E":1,"v":2,"d":[]}', RECEIVED_NS) == []


@pytest.mark.parametrize("side", ["HOLD", "", 1, None])
def test_order_on_an_unknown_side_is_refused_rather_than_guessed(side: object) -> None:
    with pytest.raises(DecodeError, match="orders: bad or missing orderSide"):
        private.decode_orders(changed(captured("spot-orders.jsonl"), orderSide=side), RECEIVED_NS)


@pytest.mark.parametrize(("word", "side"), [("SELL", "sell"), ("sell", "sell"), ("buy", "buy")])
def test_side_of_a_fill_is_read_in_either_case(word: str, side: str) -> None:
    frame = changed(captured("spot-fill.jsonl"), orderSide=word)
    assert the_message(private.decode_fills, frame).data.side == side


@pytest.mark.parametrize(
    ("decode", "name", "field", "channel"),
    [
        (private.decode_account, "spot-account.jsonl", "equity", "account"),
        (private.decode_orders, "spot-orders.jsonl", "cumFillValue", "orders"),
        (private.decode_fills, "spot-fill.jsonl", "fillSize", "fills"),
        (private.decode_positions, "contract-positions.jsonl", "openValue", "positions"),
    ],
)
def test_fault_names_the_field_but_never_a_value(
    decode: Decode, name: str, field: str, channel: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(changed(captured(name), **{field: "4711 secret"}), RECEIVED_NS)
    assert str(caught.value) == f"{channel}: bad or missing {field}"


def test_ratio_too_large_to_reckon_is_refused() -> None:
    with pytest.raises(DecodeError, match="too large to reckon with"):
        private.decode_fills(changed(captured("spot-fill.jsonl"), fillSize="1E-999999999"), 1)


def test_envelope_that_is_none_is_refused() -> None:
    with pytest.raises(DecodeError, match="orders: bad or missing d"):
        private.decode_orders(b'{"e":"orders","E":1,"d":{}}', RECEIVED_NS)
