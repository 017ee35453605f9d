"""What every payload can do: attributes, mapping, printing, JSON, and building it trusted."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from weex_client.models import (
    BookTicker,
    Message,
    OrderBookView,
    Payload,
    Ticker,
    Trade,
    trusted,
)
from weex_client.models.payload import plain_text

TICKER = Ticker(last="79982.10", bid="79982.1", change="1.25")
VIEW = OrderBookView(bids=[("99", "1.50"), ("98", "2")], asks=[("101", "3")], sequence=7)


# As a mapping.


def test_field_reads_as_attribute_and_as_item() -> None:
    assert TICKER.last == TICKER["last"] == Decimal("79982.10")


def test_item_that_the_venue_did_not_say_is_none() -> None:
    assert TICKER["ask"] is None


@pytest.mark.parametrize("name", ["no_such", "model_fields", "get", ""])
def test_item_that_no_payload_has_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        TICKER[name]


def test_get_gives_the_value_that_is_there() -> None:
    assert TICKER.get("bid", 0) == Decimal("79982.1")


def test_get_gives_the_default_where_the_venue_said_nothing() -> None:
    assert TICKER.get("ask", 0) == 0
    assert TICKER.get("ask") is None


def test_get_gives_the_default_for_an_unknown_name() -> None:
    assert TICKER.get("no_such", 5) == 5
    assert TICKER.get("no_such") is None


def test_zero_is_a_value_and_no_reason_for_a_default() -> None:
    assert Ticker(last="0").get("last", 9) == 0


def test_payload_knows_its_names() -> None:
    assert "last" in TICKER
    assert "no_such" not in TICKER
    assert 5 not in TICKER
    assert len(TICKER) == len(list(TICKER)) == 12


def test_iteration_gives_names_in_order_of_declaration() -> None:
    assert list(BookTicker(bid="1", ask="2")) == ["bid", "bid_size", "ask", "ask_size"]


def test_keys_values_and_items_agree() -> None:
    assert list(TICKER.items()) == list(zip(TICKER.keys(), TICKER.values(), strict=True))


def test_dict_of_a_payload_has_every_field() -> None:
    assert dict(BookTicker(bid="1", ask="2")) == {
        "bid": Decimal(1),
        "bid_size": None,
        "ask": Decimal(2),
        "ask_size": None,
    }


def test_payload_unpacks_into_keywords() -> None:
    assert Ticker(**TICKER) == TICKER


def test_format_string_reads_a_payload() -> None:
    assert "{last} {bid}".format(**TICKER) == "79982.10 79982.1"


def test_computed_fields_read_as_items_too() -> None:
    assert VIEW["best_bid"] == VIEW.get("best_bid") == Decimal(99)
    assert list(VIEW) == ["bids", "asks", "sequence", "best_bid", "best_ask", "mid", "spread"]


# Frozen, readable.


def test_payload_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TICKER.last = Decimal(1)  # type: ignore[misc]


def test_print_shows_what_the_venue_said() -> None:
    assert str(TICKER) == "last=79982.10 bid=79982.1 change=1.25"


def test_print_shows_levels_as_plain_numbers() -> None:
    assert str(VIEW) == "bids=[[99, 1.50], [98, 2]] asks=[[101, 3]] sequence=7"


def test_print_shows_small_numbers_without_an_exponent() -> None:
    trade = Trade(trade_id="a", price="1E-8", size="1", side="buy", timestamp=1.5)
    assert str(trade) == "trade_id=a price=0.00000001 size=1 side=buy timestamp=1.5"


def test_number_that_is_absurd_is_not_written_out() -> None:
    assert plain_text(Decimal("1E+999999999")) == "1E+999999999"
    assert plain_text(Decimal("1E-999999999")) == "1E-999999999"
    assert plain_text(Decimal("0E-999999999")) == "0E-999999999"


# JSON.

money = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal(text) for text in ("1E-8", "0.00000001", "1.50000", "100", "1E+3", "0.000", "-0.0")]
)


@given(money)
def test_json_loses_no_digit(number: Decimal) -> None:
    text = Ticker(last=number).model_dump_json()
    assert isinstance(json.loads(text)["last"], str)
    again = Ticker.model_validate_json(text).last
    assert again == number
    if number.as_tuple().exponent <= 0:  # type: ignore[operator]  # finite by construction
        assert again.as_tuple() == number.as_tuple()


@pytest.mark.parametrize("text", ["0.00000001", "1.50000", "79982.10", "100", "0.000"])
def test_json_keeps_the_venues_own_digits(text: str) -> None:
    assert json.loads(Ticker(last=text).model_dump_json())["last"] == text


@given(st.lists(st.tuples(money, money), max_size=4))
def test_json_loses_no_digit_of_a_book(levels: list[tuple[Decimal, Decimal]]) -> None:
    view = OrderBookView(bids=levels, asks=[])
    assert OrderBookView.model_validate_json(view.model_dump_json()).bids == tuple(levels)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_money_is_finite(number: str) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Ticker(last=number)


# Trusted.


def fields_of(payload: Payload) -> dict[str, Any]:
    return {name: getattr(payload, name) for name in type(payload).model_fields}


PAYLOADS = [TICKER, VIEW, Trade(trade_id="a", price="1", size="2", side="sell", timestamp=3.5)]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_trusted_payload_equals_the_validated_one(payload: Payload) -> None:
    built = trusted(type(payload), fields_of(payload))
    assert built == payload
    assert hash(built) == hash(payload)
    assert str(built) == str(payload)
    assert repr(built) == repr(payload)
    assert built.model_dump() == payload.model_dump()
    assert built.model_dump_json() == payload.model_dump_json()
    assert dict(built) == dict(payload)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_trusted_payload_survives_copy_and_pickle(payload: Payload) -> None:
    built = trusted(type(payload), fields_of(payload))
    assert copy.copy(built) == payload
    assert copy.deepcopy(built) == payload
    assert built.model_copy() == payload
    assert pickle.loads(pickle.dumps(built)) == payload


def test_copy_with_changes_leaves_other_trusted_objects_alone() -> None:
    built = trusted(Ticker, fields_of(TICKER))
    changed = built.model_copy(update={"bid": None})
    assert (changed.bid, built.bid) == (None, Decimal("79982.1"))
    assert built.model_fields_set == set(Ticker.model_fields)
    with pytest.raises(ValidationError, match="frozen"):
        changed.bid = Decimal(1)  # type: ignore[misc]


def test_trusted_message_equals_the_validated_one() -> None:
    fields = {
        "venue": "weex",
        "channel": "ticker",
        "symbol": "BTCUSDT",
        "data": TICKER,
        "timestamp": 1.5,
        "exchange_time_ns": None,
        "received_time_ns": 5,
        "sequence": None,
        "is_snapshot": False,
    }
    built, validated = trusted(Message[Any], dict(fields)), Message[Ticker](**fields)
    assert built == validated
    assert hash(built) == hash(validated)
    assert built.model_dump_json() == validated.model_dump_json()
    assert pickle.loads(pickle.dumps(built)) == validated
