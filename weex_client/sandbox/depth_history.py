"""What a book stream showed at each sequence: the truth that clients are compared with."""

from __future__ import annotations

from collections import deque

from weex_client.simulation.depth_window import DepthChange, DepthWindow, Levels, apply_change

# A symbol sends two changes a second: a quarter of an hour for one stream in use.
MAX_CHANGES = 2_000


class DepthHistory:
    """Remember the newest windows of one stream, as a base and the changes after it."""

    def __init__(self, window: DepthWindow) -> None:
        self._bids: Levels = dict(window.bids)
        self._asks: Levels = dict(window.asks)
        self._sequence = window.sequence
        self._changes: deque[DepthChange] = deque()

    def add(self, change: DepthChange, limit: int = MAX_CHANGES) -> None:
        """Remember one change and forget those beyond ``limit``."""
        self._changes.append(change)
        while len(self._changes) > limit:
            oldest = self._changes.popleft()
            apply_change(self._bids, oldest.bids)
            apply_change(self._asks, oldest.asks)
            self._sequence = oldest.sequence

    def sequence_before(self, count: int) -> int | None:
        """Return the sequence of so many changes ago, or the oldest; None before the first."""
        if not self._changes:
            return None
        return self._changes[-min(count, len(self._changes))].previous_sequence

    def at(self, sequence: int) -> tuple[Levels, Levels]:
        """Return bids and asks as price to lots, best first, as shown at a sequence.

        Raises:
            LookupError: If no frame ended at that sequence, or it is forgotten.
        """
        bids, asks = dict(self._bids), dict(self._asks)
        reached = self._sequence
        for change in self._changes:
            if reached >= sequence:
                break
            apply_change(bids, change.bids)
            apply_change(asks, change.asks)
            reached = change.sequence
        if reached != sequence:
            raise LookupError(f"no frame ended at sequence {sequence}")
        return (
            {price: bids[price] for price in sorted(bids, reverse=True)},
            {price: asks[price] for price in sorted(asks)},
        )
