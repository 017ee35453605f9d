"""What is streamed can be written as JSON without losing a digit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.conftest import client_of, take
from weex_client.sandbox import SandboxExchange


def decimals_kept(value: Any, written: Any) -> int:
    """Compare a value with what was read back from its JSON; return how many Decimals are in it."""
    if isinstance(value, Decimal):
        assert isinstance(written, str)
        assert Decimal(written) == value
        assert Decimal(written).as_tuple() == value.as_tuple()  # trailing zeros too
        return 1
    if isinstance(value, Mapping):
        assert set(value) == set(written)
        return sum(decimals_kept(value[name], written[name]) for name in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        assert len(value) == len(written)
        return sum(decimals_kept(a, b) for a, b in zip(value, written, strict=True))
    assert value == written
    return 0


@pytest.mark.parametrize("market", ["contract", "spot"])
async def test_every_message_s_json_has_every_digit(exchange: SandboxExchange, market: str) -> None:
    # One price of many digits, one of eleven.
    async with client_of(exchange, market) as client:
        streams: list[tuple[int, Any]] = []
        for symbol in ("BTCUSDT", "PEPEUSDT"):
            streams += [
                (8, client.stream_tickers(symbol)),
                (2, client.stream_trades(symbol)),
                (20, client.stream_order_book(symbol, 10)),
                (2, client.stream_order_book_deltas(symbol, 200)),
                (6, client.stream_candles(symbol, "1m")),
            ]
            if market == "spot":
                streams.append((4, client.stream_book_tickers(symbol)))
        for at_least, stream in streams:
            for message in await take(stream, 10):
                text = message.model_dump_json()
                assert decimals_kept(message.model_dump(), json.loads(text)) >= at_least


async def test_events_can_be_written_too(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        events = client.events()
        stream = client.stream_order_book("BTCUSDT")
        await take(stream)
        await exchange.faults.cut()
        for event in await take(events, 3):
            assert json.loads(event.model_dump_json()) == event.model_dump()
