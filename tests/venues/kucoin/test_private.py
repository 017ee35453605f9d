"""KuCoin's account: what frames and answers say of it, read by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.kucoin.recorded import CONFIG, RECEIVED_NS, VENUE, changed, frames, spelled
from weex_client.errors import DecodeError
from weex_client.protocol import Channel
from weex_client.venues.kucoin import KucoinChannel, KucoinConfig, KucoinVenue

ORDERS = frames("tradeOrdersV2.jsonl")
MATCH = ORDERS[4]


def decoded(frame: bytes, channel: Any) -> list[Any]:
    return list(VENUE.decoder(channel)(frame, RECEIVED_NS))


def answer(content: Any) -> bytes:
    return spelled({"code": "200000", "data": content})


def reads(channel: Any) -> Any:
    found = VENUE.account_reads(channel)
    assert found is not None
    return found


def test_an_order_is_what_its_event_makes_of_it() -> None:
    orders = [decoded(frame, Channel.ORDERS)[0].data for frame in ORDERS]
    assert [(order.event, order.status) for order in orders] == [
        ("received", "new"),
        ("open", "new"),
        ("received", "new"),
        ("open", "new"),
        ("match", "partially_filled"),  # nothing is left, but ``filled`` says so, once
        ("filled", "filled"),
        ("canceled", "canceled"),
        ("update", "new"),
    ]
    market, limit = orders[0], orders[1]
    assert (market.type, market.price, market.size) == ("market", None, Decimal("0.00001"))
    assert (limit.price, limit.remaining_size) == (Decimal(50000), Decimal("0.00001"))
    assert limit.client_order_id == "5c52e11203aa677f33e493fb"
    assert limit.average_price is limit.fee is None
    message = decoded(ORDERS[0], Channel.ORDERS)[0]
    assert message.exchange_time_ns == 1730206271616000000
    assert message.symbol == "BTC-USDT"


def test_the_average_price_is_gathered_from_the_matches() -> None:
    decode = KucoinVenue(CONFIG).decoder(Channel.ORDERS)

    def average(event: str, filled: str, price: str = "0", size: str = "0") -> Any:
        frame = changed(MATCH, type=event, filledSize=filled, matchPrice=price, matchSize=size)
        return decode(frame, 0)[0].data.average_price

    assert average("match", "1", "10", "1") == 10
    assert average("match", "4", "14", "3") == 13
    assert average("match", "4", "14", "3") == 13  # the same again, over another connection
    assert average("update", "4") == 13
    assert average("match", "9", "20", "1") is None  # a match between was not seen
    assert average("match", "10", "20", "1") is None
    assert average("canceled", "10") is None


def test_what_was_filled_before_is_known_from_the_open_orders() -> None:
    venue = KucoinVenue(CONFIG)
    open_orders = venue.account_reads(Channel.ORDERS)
    assert open_orders is not None
    row = ORDER | {"id": "5efab07953bdea00089965fa", "dealSize": "2", "dealFunds": "20"}
    open_orders.read(answer({"items": [row]}), 0)
    frame = changed(MATCH, filledSize="4", matchPrice="16", matchSize="2")
    assert venue.decoder(Channel.ORDERS)(frame, 0)[0].data.average_price == 13


def test_a_match_is_a_fill_without_a_fee_and_nothing_else_is_one() -> None:
    fills = [fill for frame in ORDERS for fill in decoded(frame, Channel.FILLS)]
    (message,) = fills
    fill = message.data
    assert (fill.fill_id, fill.order_id) == ("5efab07a4ee4c7000a82d6d9", "5efab07953bdea00089965fa")
    assert (fill.side, fill.price, fill.size) == ("sell", Decimal("0.96738"), Decimal("0.1"))
    assert (fill.fee, fill.liquidity) == (None, "taker")
    with pytest.raises(DecodeError, match="without trade id"):
        decoded(changed(MATCH, tradeId=None), Channel.FILLS)


def test_a_balance_is_kept_by_currency_and_account() -> None:
    trade, old = (decoded(frame, Channel.ACCOUNT)[0] for frame in frames("account-balance.jsonl"))
    assert trade.data.identity == ("USDT", "trade")
    assert trade.data.balance == Decimal("21.133773386762")
    assert (trade.data.available, trade.data.frozen) == (
        Decimal("20.132773386762"),
        Decimal("1.001"),
    )
    assert trade.data.order_id == "6721d0632db25b0007071fdc"
    assert trade.exchange_time_ns == 1730269283892 * 10**6
    assert old.data.event == "trade.setted"
    frame = frames("account-balance.jsonl")[0]
    for event, account in (
        ("main.deposit", "main"),
        ("isolated_BTC-USDT.hold", "isolated_BTC-USDT"),
        ("other", "other"),
        ("", "other"),
    ):
        renamed = changed(frame, relationEvent=event, relationContext=None)
        assert decoded(renamed, Channel.ACCOUNT)[0].data.account == account


def test_a_stop_order_waits_for_its_price() -> None:
    waiting, triggered = (
        decoded(frame, KucoinChannel.STOP_ORDERS)[0].data
        for frame in frames("advancedOrders.jsonl")
    )
    assert (waiting.type, waiting.status, waiting.stop) == ("stop", "new", "loss")
    assert (waiting.price, waiting.stop_price) == (Decimal(70000), Decimal(71000))
    assert triggered.status == "new"
    frame = changed(frames("advancedOrders.jsonl")[0], type="cancel")
    assert decoded(frame, KucoinChannel.STOP_ORDERS)[0].data.status == "canceled"


@pytest.mark.parametrize(
    ("channel", "frame"),
    [
        (Channel.ORDERS, changed(MATCH, side="both")),
        (Channel.ORDERS, changed(MATCH, type="lost")),
        (Channel.ORDERS, changed(MATCH, filledSize="SECRET")),
        (Channel.ORDERS, changed(MATCH, orderId="x" * 129)),
        (KucoinChannel.STOP_ORDERS, changed(frames("advancedOrders.jsonl")[0], type="SECRETS?")),
        (Channel.ACCOUNT, changed(frames("account-balance.jsonl")[0], total="SECRET")),
    ],
)
def test_what_cannot_be_read_is_not_quoted(channel: Any, frame: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decoded(frame, channel)
    assert "SECRET" not in str(caught.value).replace("SECRETS?", "")


ORDER = {
    "id": "o1",
    "symbol": "KCS-USDT",
    "type": "limit",
    "side": "buy",
    "price": "10",
    "size": "3",
    "funds": "0",
    "dealFunds": "10.5",
    "dealSize": "1",
    "fee": "0.01",
    "feeCurrency": "USDT",
    "clientOid": "",
    "isActive": True,
    "cancelExist": False,
    "createdAt": 1730206271588,
}


def test_open_orders_and_what_became_of_one_are_read() -> None:
    orders = reads(Channel.ORDERS)
    assert dict(orders.query.parameters)["status"] == "active"
    (message,) = orders.read(answer({"currentPage": 1, "items": [ORDER]}), RECEIVED_NS)
    order = message.data
    assert message.is_snapshot
    assert (order.status, order.average_price) == ("partially_filled", Decimal("10.5"))
    assert (order.fee, order.fee_currency) == (Decimal("0.01"), "USDT")
    assert order.client_order_id is None
    # When it last changed, nobody said.
    assert message.exchange_time_ns is None
    detail = orders.became(message, RECEIVED_NS)
    assert detail.query.path == "/api/v1/orders/o1"
    for is_canceled, status in ((True, "canceled"), (False, "filled")):
        row = ORDER | {"isActive": False, "cancelExist": is_canceled}
        told = detail.read(answer(row), RECEIVED_NS)
        assert (told.data.status, told.is_snapshot) == (status, False)
    with pytest.raises(DecodeError, match="open orders"):
        orders.read(answer([ORDER]), RECEIVED_NS)


def test_balances_are_read_and_those_that_are_gone_are_nought() -> None:
    balances = reads(Channel.ACCOUNT)
    row = {"id": "7", "currency": "BTC", "type": "main", "balance": "2", "available": "1"}
    (message,) = balances.read(answer([row]), RECEIVED_NS)
    assert message.data.identity == ("BTC", "main")
    assert message.data.frozen is None
    gone = balances.became(message, RECEIVED_NS)
    assert (gone.data.balance, gone.is_snapshot) == (0, False)
    isolated = message.model_copy(
        update={"data": message.data.model_copy(update={"account": "isolated_BTC-USDT"})}
    )
    assert balances.became(isolated, RECEIVED_NS) is None


def test_fills_are_read_page_by_page() -> None:
    fills = reads(Channel.FILLS)
    assert fills.symbols_query is None
    assert fills.read_symbols(b"") == frozenset()
    query = fills.page(None, 1, 2)
    assert dict(query.parameters)["startAt"] == "1"
    assert dict(query.parameters)["endAt"] == "2"
    assert dict(fills.page("A-B", 1, None).parameters)["symbol"] == "A-B"
    row = {
        "symbol": "KCS-USDT",
        "tradeId": 17,
        "orderId": "o1",
        "side": "sell",
        "liquidity": "maker",
        "price": "0.5",
        "size": "2",
        "fee": "0.001",
        "feeCurrency": "USDT",
        "createdAt": 1730206271588,
    }
    (message,) = fills.read(answer({"items": [row]}), RECEIVED_NS)
    assert (message.data.fill_id, message.data.liquidity) == ("17", "maker")
    assert message.data.fee == Decimal("0.001")
    assert message.exchange_time_ns == 1730206271588 * 10**6


def test_nothing_is_read_where_it_is_not_wanted_or_not_known_how() -> None:
    assert VENUE.account_reads(KucoinChannel.STOP_ORDERS) is None
    silent = KucoinVenue(KucoinConfig(seed_private=False))
    assert silent.account_reads(Channel.ORDERS) is None
    assert json.loads(answer([]))["code"] == "200000"
