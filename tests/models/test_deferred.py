"""Payloads whose levels are made when somebody looks: nobody can tell but in time."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from weex_client.book import OrderBook, pack
from weex_client.models import OrderBookDelta, OrderBookView, made_later

VIEW = OrderBookView(bids=[("99", "1.50"), ("98", "2")], asks=[("101", "3")], sequence=7)
DELTA = OrderBookDelta(bids=[("99", "0")], asks=[], previous_sequence=6, sequence=7)
BOOK = OrderBook()
BOOK.replace(pack(["99", "1.50", "98", "2"], ["101", "3"]), 7)


def later(payload: OrderBookView | OrderBookDelta) -> Any:
    """The same payload, with its levels still to be made."""
    if isinstance(payload, OrderBookView):
        return made_later(OrderBookView, {"sequence": 7}, BOOK.now(5))
    fields = {"previous_sequence": 6, "sequence": 7}
    return made_later(OrderBookDelta, fields, pack(["99", "0"], []))


OPERATIONS: list[Callable[[Any], Any]] = [
    lambda payload: payload.bids,
    lambda payload: payload["asks"],
    lambda payload: payload.get("bids"),
    dict,
    str,
    repr,
    hash,
    copy.copy,
    copy.deepcopy,
    lambda payload: pickle.loads(pickle.dumps(payload)),
    lambda payload: payload.model_copy(update={"sequence": 9}),
    lambda payload: payload.model_dump(),
    lambda payload: payload.model_dump_json(),
    lambda payload: type(payload).model_validate_json(payload.model_dump_json()),
    lambda payload: payload.model_fields_set,
    lambda payload: vars(copy.copy(payload)),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("payload", [VIEW, DELTA], ids=["view", "delta"])
def test_payload_made_later_behaves_as_the_validated_one(
    payload: OrderBookView | OrderBookDelta, operation: Callable[[Any], Any]
) -> None:
    assert operation(later(payload)) == operation(payload)
    looked_at = later(payload)
    assert looked_at.asks == payload.asks
    assert operation(looked_at) == operation(payload)


@pytest.mark.parametrize("payload", [VIEW, DELTA], ids=["view", "delta"])
def test_payload_made_later_equals_the_validated_one_both_ways(
    payload: OrderBookView | OrderBookDelta,
) -> None:
    assert later(payload) == payload
    assert payload == later(payload)
    assert later(payload) == later(payload)
    assert later(payload) != "something else"
    assert later(payload) != payload.model_copy(update={"sequence": 9})


def test_level_is_made_once() -> None:
    payload = later(VIEW)
    assert payload.bids is payload.bids


def test_computed_fields_of_a_view_made_later_are_there() -> None:
    view = later(VIEW)
    assert (view.best_bid, view.best_ask, view.mid, view.spread) == tuple(
        map(Decimal, ("99", "101", "100", "2"))
    )


@pytest.mark.parametrize("payload", [VIEW, later(VIEW)])
def test_attribute_that_no_payload_has_is_an_error(payload: Any) -> None:
    with pytest.raises(AttributeError, match="no_such"):
        payload.no_such  # noqa: B018
