"""What an order book view computes from its levels."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from weex_client.models import OrderBookDelta, OrderBookView


def test_touch_is_the_first_level_of_each_side() -> None:
    view = OrderBookView(bids=[("99.5", "1"), ("98", "2")], asks=[("101", "3"), ("102", "1")])
    assert (view.best_bid, view.best_ask) == (Decimal("99.5"), Decimal(101))


def test_mid_and_spread_lie_between_the_touch() -> None:
    view = OrderBookView(bids=[("99.5", "1")], asks=[("101", "3")])
    assert (view.mid, view.spread) == (Decimal("100.25"), Decimal("1.5"))


@pytest.mark.parametrize(("bids", "asks"), [([], []), ([("99", "1")], []), ([], [("101", "1")])])
def test_view_with_an_empty_side_has_no_mid_and_no_spread(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> None:
    view = OrderBookView(bids=bids, asks=asks)
    assert (view.mid, view.spread) == (None, None)
    assert view.best_bid == (Decimal(99) if bids else None)
    assert view.best_ask == (Decimal(101) if asks else None)


def test_computed_fields_are_part_of_the_json_as_texts() -> None:
    fields = json.loads(OrderBookView(bids=[("99", "1")], asks=[("100", "1")]).model_dump_json())
    assert fields == {
        "bids": [["99", "1"]],
        "asks": [["100", "1"]],
        "sequence": None,
        "best_bid": "99",
        "best_ask": "100",
        "mid": "99.5",
        "spread": "1",
    }


def test_json_of_a_view_reads_back_past_its_computed_fields() -> None:
    view = OrderBookView(bids=[("99", "1.0")], asks=[("100", "1")], sequence=3)
    assert OrderBookView.model_validate_json(view.model_dump_json()) == view


def test_change_of_a_book_keeps_levels_of_size_zero() -> None:
    delta = OrderBookDelta(bids=[("99", "0")], asks=[], previous_sequence=1, sequence=2)
    assert delta.bids == ((Decimal(99), Decimal(0)),)
