import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

import weex_client.websocket  # noqa: F401  # every venue's payloads
from weex_client import ExportError
from weex_client.export.columns import Kind, Table, columns_of
from weex_client.models import OrderBookDelta, Payload, Ticker, Trade
from weex_client.paper import PaperFill
from weex_client.venues.coinbase.order_wire import CoinbaseOrder, OrderMatch
from weex_client.venues.coinbase.wire import CoinbaseTicker, CoinbaseTrade
from weex_client.venues.smartmoney.wire import SmartMoneyEvent
from weex_client.venues.weex.wire import WeexTrade

from .tape import book, message, trade

ORDER = {"order_id": "1", "symbol": "BTC-USD", "side": "buy", "type": "limit", "status": "new"}


def payloads(base: type[Payload] = Payload) -> Iterator[type[Payload]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("weex_client."):
            yield each
            yield from payloads(each)


@pytest.mark.parametrize(
    "payload", sorted(set(payloads()), key=str), ids=lambda each: each.__name__
)
def test_every_payload_has_columns_that_tell_their_units(payload: type[Payload]) -> None:
    columns = columns_of(payload)

    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert (column.kind is Kind.SECONDS) == column.name.endswith("_seconds"), column
    fields = [name for name in payload.model_fields if name not in ("bids", "asks")]
    assert len(columns) >= 8 + len(fields)


def test_columns_of_a_trade_are_named_as_documented() -> None:
    assert [column.name for column in columns_of(WeexTrade)] == [
        *("venue", "channel", "symbol", "timestamp_seconds"),
        *("exchange_time_ns", "received_time_ns", "sequence", "is_snapshot"),
        *("trade_id", "price", "size", "side", "data_timestamp_seconds", "notional"),
    ]
    assert "change_percent" in [column.name for column in columns_of(Ticker)]
    assert PaperFill in set(payloads())


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (OrderBookDelta(bids=((Decimal("1.10"), Decimal(0)),), asks=()), "bids"),
        (
            CoinbaseOrder(**ORDER, matches=(OrderMatch(1, Decimal(2), Decimal("1E-9"), None),)),
            "matches",
        ),
        (SmartMoneyEvent(event="flow", payload={"net": Decimal("1.50"), "é": [1]}), "payload"),
    ],
    ids=["levels", "matches", "payload"],
)
def test_what_has_fields_of_its_own_is_json_as_in_the_message(data: Payload, field: str) -> None:
    sent = message(data, "any")
    row = dict(zip([each.name for each in columns_of(type(data))], Table().row(sent), strict=True))

    assert row[field] == json.dumps(
        json.loads(sent.model_dump_json())["data"][field], separators=(",", ":"), ensure_ascii=False
    )


def test_rows_of_two_venues_share_columns_and_new_ones_come_last() -> None:
    table = Table()
    ours = trade(1)
    other = message(
        CoinbaseTrade(
            trade_id=2, price="3.5", size="4", side="sell", maker_order_id="m", taker_order_id="t"
        ),
        "trades",
        venue="coinbase",
    )
    first, second, third = table.row(ours), table.row(other), table.row(ours)
    names = [column.name for column in table.columns]

    assert names[-3:] == ["notional", "maker_order_id", "taker_order_id"]
    assert first == third
    row = dict(zip(names, second, strict=True))
    assert (row["venue"], row["trade_id"], row["notional"]) == ("coinbase", "2", None)
    assert (row["maker_order_id"], row["price"]) == ("m", Decimal("3.5"))


def test_deeper_books_add_columns_level_by_level() -> None:
    table = Table()
    shallow = table.row(book([("10", "1")], [("11", "2"), ("12", "3")]))
    assert [column.name for column in table.columns][-9:] == [
        "data_sequence",
        *("bid_price_1", "bid_size_1", "ask_price_1", "ask_size_1"),
        *("bid_price_2", "bid_size_2", "ask_price_2", "ask_size_2"),
    ]
    assert shallow[-4:] == [None, None, Decimal(12), Decimal(3)]
    table.row(book([("10", "1")] * 3, []))
    assert table.columns[-1].name == "ask_size_3"


def test_a_column_never_holds_two_kinds_of_things() -> None:
    class Odd(Trade):
        notional: str

    table = Table()
    table.row(trade(1))
    odd = Odd(trade_id="1", price="1", size="1", side="buy", timestamp=0.0, notional="much")
    with pytest.raises(ExportError, match="notional would hold decimal and text"):
        table.row(message(odd, "trades"))
    with pytest.raises(ExportError, match="books and other messages"):
        table.row(book([], []))
    assert columns_of(CoinbaseTicker)
