"""The remembered windows of a book stream."""

from __future__ import annotations

import pytest

from weex_client.sandbox.depth_history import DepthHistory
from weex_client.simulation import DepthWindow, Market

START_NS = 1_790_134_567_942_000_000


def test_each_remembered_sequence_gives_the_window_of_then_and_older_ones_an_error() -> None:
    market = Market(7, START_NS, ["BTCUSDT"]).symbol("contract", "BTCUSDT")
    window = DepthWindow(market.book, 15)
    history = DepthHistory(window)
    shown = {window.sequence: (window.bids, window.asks)}
    for step in range(5, 500, 5):
        market.advance_to(step)
        change = window.advance(market.book)
        if change is not None:
            history.add(change, limit=40)
            shown[window.sequence] = (window.bids, window.asks)
    sequences = list(shown)
    for sequence in sequences[-41:]:
        bids, asks = history.at(sequence)
        assert (bids, asks) == shown[sequence]
        assert list(bids) == sorted(bids, reverse=True)
    for unknown in (sequences[-42], sequences[-1] + 1, sequences[-1] - 1):
        with pytest.raises(LookupError):
            history.at(unknown)
