"""The envelope: round trips through JSON, and printing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from weex_client.models import (
    Account,
    BookTicker,
    Candle,
    Fill,
    Message,
    Order,
    Position,
    Ticker,
    Trade,
    enveloped,
    gone,
)
from weex_client.protocol import Channel
from weex_client.venues.weex import WeexConfig, WeexVenue

FRAMES = Path(__file__).parents[1] / "venues" / "weex" / "frames"
VENUE = WeexVenue(WeexConfig())

PAYLOADS = {
    Channel.TICKER: ("contract-ticker.jsonl", Ticker),
    Channel.TRADES: ("spot-trade.jsonl", Trade),
    Channel.CANDLES: ("contract-kline.jsonl", Candle),
    Channel.BOOK_TICKER: ("spot-bookTicker.jsonl", BookTicker),
    Channel.ACCOUNT: ("contract-account.jsonl", Account),
    Channel.ORDERS: ("contract-orders.jsonl", Order),
    Channel.FILLS: ("contract-fill.jsonl", Fill),
    Channel.POSITIONS: ("contract-positions.jsonl", Position),
}


def decoded() -> Iterator[tuple[type[Any], Message[Any]]]:
    for channel, (name, payload) in PAYLOADS.items():
        for frame in (FRAMES / name).read_bytes().splitlines():
            for message in VENUE.decoder(channel)(frame, 1_790_000_000_000_000_001):
                yield payload, message


def test_every_decoded_message_comes_back_from_json() -> None:
    for payload, message in decoded():
        text = message.model_dump_json()
        again = Message[payload].model_validate_json(text)
        names = list(payload.model_fields)
        assert {n: again.data[n] for n in names} == {n: message.data[n] for n in names}
        assert again.model_dump(exclude={"data"}) == message.model_dump(exclude={"data"})


def test_json_of_a_message_has_the_venues_extras() -> None:
    message = next(message for _, message in decoded())
    fields = json.loads(message.model_dump_json())
    assert fields["data"]["vwap"] == "79832.11097168"
    assert list(fields) == [
        "venue",
        "channel",
        "symbol",
        "data",
        "timestamp",
        "exchange_time_ns",
        "received_time_ns",
        "sequence",
        "is_snapshot",
    ]


def test_every_decoded_message_is_frozen_and_hashable() -> None:
    for _, message in decoded():
        assert len({message, message.model_copy(deep=True)}) == 1
        with pytest.raises(ValidationError, match="frozen"):
            message.symbol = "ELSE"  # type: ignore[misc]
        with pytest.raises(ValidationError, match="frozen"):
            setattr(message.data, next(iter(message.data)), None)


def test_message_prints_where_it_came_from_and_what_it_says() -> None:
    message = Message[Ticker](
        venue="weex",
        channel="ticker",
        symbol="BTCUSDT",
        data=Ticker(last="1.50"),
        timestamp=1.0,
        exchange_time_ns=None,
        received_time_ns=1,
    )
    assert str(message) == "weex ticker BTCUSDT last=1.50"


def test_timestamp_is_the_nearest_float_to_the_nanoseconds_that_are_known() -> None:
    time_ns, received_ns = 1_790_000_000_000_002_000, 1_790_000_000_000_000_120
    # A divisor that is a float would make one of the nanoseconds first.
    assert time_ns / 1e9 != 1_790_000_000.000002
    assert received_ns / 1e9 != 1_790_000_000.0000002
    said = enveloped("weex", "ticker", "BTCUSDT", Ticker(last="1"), time_ns, received_ns, 7, True)
    assert (said.timestamp, said.exchange_time_ns) == (1_790_000_000.000002, time_ns)
    unsaid = enveloped("weex", "ticker", "BTCUSDT", Ticker(last="1"), None, received_ns)
    assert (unsaid.timestamp, unsaid.exchange_time_ns) == (1_790_000_000.0000002, None)
    for message in (said, unsaid):
        assert Message[Ticker].model_validate(message.model_dump()) == message


def test_of_what_is_gone_nobody_knows_since_when() -> None:
    balance = Account(currency="USDT", balance="5")
    last = enveloped("weex", "account", None, balance, 10**18, 10**18 + 1, 7, True)
    message = gone(last, 2 * 10**18, balance=Decimal(0))
    changed = Account(currency="USDT", balance="0")
    assert message == enveloped("weex", "account", None, changed, None, 2 * 10**18)
    assert last.data == balance
