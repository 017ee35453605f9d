"""The window of the best levels: following its changes must give the window, exactly."""

from __future__ import annotations

import pytest

from weex_client.simulation import STEP_NS, DepthWindow, Market
from weex_client.simulation.depth_window import apply_change
from weex_client.simulation.limit_book import LimitBook

START_NS = 1_790_134_567_942_000_000


@pytest.mark.parametrize("level", [15, 200])
@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT", "MADEUPUSDT"])
def test_replaying_the_changes_gives_the_window_after_each(symbol: str, level: int) -> None:
    market = Market(7, START_NS, [symbol]).symbol("contract", symbol)
    window = DepthWindow(market.book, level)
    bids, asks, sequence = dict(window.bids), dict(window.asks), window.sequence
    changes = 0
    while changes < 60:
        market.advance_to(market.step + 5)
        change = window.advance(market.book)
        if change is None:
            continue
        changes += 1
        assert change.previous_sequence == sequence < change.sequence
        apply_change(bids, change.bids)
        apply_change(asks, change.asks)
        sequence = change.sequence
        assert sorted(bids.items(), reverse=True) == list(window.bids.items())
        assert sorted(asks.items()) == list(window.asks.items())
        assert window.bids == market.book.bids.top(level)
        assert window.asks == market.book.asks.top(level)
        assert len(bids) == len(asks) == level
        assert max(bids) < min(asks)


def test_changes_name_the_best_level_first() -> None:
    market = Market(7, START_NS, ["BTCUSDT"]).symbol("spot", "BTCUSDT")
    window = DepthWindow(market.book, 15)
    market.advance_to(20)
    change = window.advance(market.book)
    assert change is not None
    assert list(change.bids) == sorted(change.bids, reverse=True)
    assert list(change.asks) == sorted(change.asks)


def test_nothing_inside_the_window_changed_is_no_change_and_keeps_the_sequence() -> None:
    book = LimitBook(sequence=10)
    for price in (99, 98, 97):
        book.place("bid", price, 1)
    book.place("ask", 101, 1)
    window = DepthWindow(book, 2)
    assert window.advance(book) is None
    book.place("bid", 97, 5)
    assert window.advance(book) is None
    assert window.sequence == 14
    book.place("bid", 99, 0)
    change = window.advance(book)
    assert change is not None
    assert (change.previous_sequence, change.sequence) == (14, 16)
    assert change.bids == {99: 0, 97: 5}
    assert STEP_NS == 100_000_000
