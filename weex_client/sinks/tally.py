"""What became of the messages of a sink, counted and announced. What is done lives in ``sink``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from weex_client.clock import Clock
from weex_client.errors import SinkError
from weex_client.sinks.contract import Outcome, SinkStats
from weex_client.sinks.rows import Row

__all__ = ["Tally"]

_logger = logging.getLogger("weex_client.sinks")


class Tally:
    """Count, and log what somebody should know.

    Args:
        place: Where messages go, without secrets.
        clock: Whose time it goes by.
    """

    def __init__(self, place: str, clock: Clock) -> None:
        self.lost = 0
        self._place = place
        self._clock = clock
        self._stored = 0
        self._repeated = 0
        self._refused = 0
        self._retries = 0
        self._away_since: float | None = None
        self._away_from = 0.0
        self._away_seconds = 0.0
        self._held = 0
        self._held_from = 0.0
        self._held_seconds = 0.0
        self._stretches = 0
        self._last_error: str | None = None
        self._is_troubled = False

    def picture(self, waiting: int) -> SinkStats:
        """Return the counts as of now."""
        now = self._clock.monotonic()
        is_away = self._away_since is not None
        return SinkStats(
            stored=self._stored,
            repeated=self._repeated,
            refused=self._refused,
            lost=self.lost,
            waiting=waiting,
            retries=self._retries,
            away_since=self._away_since,
            away_seconds=self._away_seconds + (now - self._away_from if is_away else 0.0),
            backpressure_seconds=self._held_seconds + (now - self._held_from if self._held else 0),
            last_error=self._last_error,
        )

    def take(self, outcome: Outcome, *, is_retry: bool) -> None:
        """Count what a store answered; it is not away."""
        if self._away_since is not None:
            seconds = self._clock.monotonic() - self._away_from
            self._away_seconds += seconds
            self._away_since, self._is_troubled = None, False
            _logger.warning("%s takes messages again after %.1f s", self._place, seconds)
        # What a retry finds there, the attempt before may have stored.
        self._stored += outcome.stored + (outcome.repeated if is_retry else 0)
        self._repeated += 0 if is_retry else outcome.repeated
        for row, reason in outcome.refused:
            self.refuse(row, reason)

    def refuse(self, row: Row, reason: str) -> None:
        """Count a message that cannot be stored."""
        self._refused += 1
        _logger.error("%s cannot store %s: %s", self._place, row.key_text, reason)

    def fail(self, error: SinkError) -> None:
        """Note that nothing can be written any more."""
        self._last_error, self._is_troubled = str(error), True
        _logger.error("%s; nothing more is stored", error)

    def be_away(self, error: SinkError, waiting: int) -> None:
        """Count a batch that must be written again; say so once."""
        self._retries += 1
        self._last_error, self._is_troubled = str(error), True
        if self._away_since is None:
            self._away_since = self._clock.time_ns() / 1e9
            self._away_from = self._clock.monotonic()
            _logger.warning("%s; %d messages wait and will be written later", error, waiting)

    def lose(self, count: int) -> None:
        """Count messages that were read and will not be written."""
        self.lost += count
        _logger.error("%s: %d messages were read and not stored", self._place, count)

    def loss_error(self) -> SinkError:
        """Return the error that says how many messages are not stored."""
        reason = f" ({self._last_error})" if self._is_troubled else ""
        return SinkError(
            f"{self._place}: {self.lost} messages were read and not stored{reason}",
            place=self._place,
        )

    @contextmanager
    def held(self, buffer_size: int) -> Iterator[None]:
        """Count the time in which streams are not read; say so at the 1st, 2nd, 4th, 8th ..."""
        if not self._held:
            self._held_from = self._clock.monotonic()
            self._stretches += 1
            if not self._stretches & (self._stretches - 1):
                text = "%s: %d messages wait, so streams are not read until there is room (%d)"
                _logger.warning(text, self._place, buffer_size, self._stretches)
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if not self._held:
                self._held_seconds += self._clock.monotonic() - self._held_from
