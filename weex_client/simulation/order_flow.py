"""The crowd: seeded orders, cancels and takers that move one limit book a step at a time."""

from __future__ import annotations

from weex_client.simulation.draws import seeded
from weex_client.simulation.instrument import Instrument
from weex_client.simulation.limit_book import BookSide, BookSideName, Execution, LimitBook

# The deepest stream shows 200 levels a side. Every step ends with at least this many; a few more
# than shown keep the last ones shown from being the last there are.
_REFILL_LEVELS = 216
_TRIM_LEVELS = 264
_OPENING_LEVELS = 232

# Share of the price that the fair value moves in one step of 100 ms, one standard deviation:
# about 0.75 % a day, a calm day of the captures.
_STEP_VOLATILITY = 8e-6

# The captured BTCUSDT book has a level about every three ticks near the touch.
_GAP_SHARE = 3.5e-6

_TRADE_SHARE = 0.06
_RESIZE_SHARE = 0.66
_SWEEP_SHARE = 0.5
_MAX_TAKE_SHARE = 0.01

# The crowd alone never needs more than a few. After somebody else has swept a side, it comes back
# within some steps, however far the price went.
_MOST_NEW_QUOTES = 300

# What of each side nobody else can take before the next step makes its depth good: more than the
# crowd itself takes and pulls in one, so that there is always a book.
RESERVE_LEVELS = 64


class FairValue:
    """Walk the price everybody agrees on, in units of the opening price.

    It drives the crowd and is never money: whole ticks are what reaches a book. Only additions and
    multiplications are used, so that every platform draws the same path. Contract and spot of one
    symbol draw it from the same seed and so stay together.
    """

    __slots__ = ("_random", "value")

    def __init__(self, seed: str) -> None:
        self._random = seeded(seed)
        # Another seed opens at another price, within 4 %.
        self.value = 0.96 + 0.08 * self._random.random()

    def step(self) -> float:
        """Move one step and return the new value."""
        draw = self._random.random
        # A sum of three uniform draws is near enough to a normal one; times 2 it has variance 1.
        self.value *= 1.0 + _STEP_VOLATILITY * 2.0 * (draw() + draw() + draw() - 1.5)
        return self.value


class OrderFlow:
    """Let seeded participants act on one book: quote, resize, pull and take."""

    def __init__(self, instrument: Instrument, seed: str, sequence: int, opening: int) -> None:
        self.book = LimitBook(sequence)
        self._random = seeded(seed)
        self._rate = instrument.events_per_step
        self._typical = instrument.typical_lots
        self._gap = max(1, int(instrument.opening_ticks * _GAP_SHARE) + 1)
        self._open_book(opening)

    def step(self, fair: float) -> list[Execution]:
        """Act for one step around a fair value in ticks; return what was traded, in order."""
        draw = self._random.random
        executions: list[Execution] = []
        for _ in range(int(self._rate * 2 * draw() + 0.5)):
            action = draw()
            if action < _TRADE_SHARE:
                executions += self._take("ask" if draw() < 0.5 else "bid")
            elif action < _RESIZE_SHARE:
                self._resize()
            elif action < 0.83:
                self._quote_between()
            else:
                self._pull()
        executions += self._follow(fair)
        for side in (self.book.bids, self.book.asks):
            count = len(side.keys)
            if count < _REFILL_LEVELS or count > _TRIM_LEVELS:
                self._keep_depth(side)
        return executions

    def make_room(self, name: BookSideName, best: int) -> None:
        """Pull the quotes of a side that somebody's orders at ``best`` on the other would cross."""
        side = self.book.side(name)
        limit = best * side.sign - 1
        while side.keys and side.keys[-1] > limit:
            self._remove(side, side.keys[-1])
        if not side.keys:
            self._add(side, limit, 0)
        if len(side.keys) < RESERVE_LEVELS:
            self._extend(side, _REFILL_LEVELS)

    def _open_book(self, opening: int) -> None:
        for side, first in ((self.book.bids, opening), (self.book.asks, -(opening + 1))):
            side.set(first, self._level_lots(0))
            self.book.sequence += 1
            self._extend(side, _OPENING_LEVELS)

    def _level_lots(self, index: int) -> int:
        # The captured touch holds about five times the size of the levels behind it.
        scale = 5 if index == 0 else 1
        return 1 + int(self._typical * scale * (0.5 + self._random.random()))

    def _near_index(self, count: int) -> int:
        # Most of what happens, happens near the touch.
        deep = self._random.random()
        return int(count * deep * deep * deep)

    def _any_side(self) -> BookSide:
        return self.book.bids if self._random.random() < 0.5 else self.book.asks

    def _take(self, name: BookSideName) -> list[Execution]:
        """Send a taker: mostly small, now and then two typical levels."""
        lots = 1 + int(self._typical * _MAX_TAKE_SHARE / (self._random.random() + 0.005))
        return self.book.take(name, lots)

    def _resize(self) -> None:
        side = self._any_side()
        index = self._near_index(len(side.keys))
        side.lots[side.keys[-1 - index]] = self._level_lots(index)
        self.book.sequence += 1

    def _quote_between(self) -> None:
        """Add a level in a gap between two levels, or inside the spread."""
        side = self._any_side()
        index = self._near_index(len(side.keys))
        key = side.keys[-1 - index]
        if index == 0:
            if self.book.spread > 1:
                self._add(side, key + 1, 0)
            return
        room = side.keys[-index] - key - 1
        if room > 0:
            self._add(side, key + 1 + int(self._random.random() * room), index)

    def _pull(self) -> None:
        side = self._any_side()
        index = self._near_index(len(side.keys))
        self._remove(side, side.keys[-1 - index])

    def _follow(self, fair: float) -> list[Execution]:
        """Take or pull the quotes that the fair value has passed, then close the spread."""
        executions: list[Execution] = []
        book = self.book
        whole = int(fair)
        # Bids belong at or below the whole tick, asks above it.
        for name, side, limit in (("bid", book.bids, whole), ("ask", book.asks, -whole - 1)):
            if side.keys[-1] > limit and self._random.random() < _SWEEP_SHARE:
                executions += self._take("bid" if name == "bid" else "ask")
            while side.keys[-1] > limit:
                self._remove(side, side.keys[-1])
        for side, limit in ((book.bids, whole), (book.asks, -whole - 1)):
            for _ in range(_MOST_NEW_QUOTES):
                if limit - side.keys[-1] < self._gap:
                    break
                # New quotes climb towards the fair value without jumping over it.
                stride = 1 + int(self._random.random() * self._gap)
                self._add(side, min(limit, side.keys[-1] + stride), 1)
            if side.keys[-1] < limit and self._random.random() < 0.9:
                self._add(side, limit, 0)
        return executions

    def _keep_depth(self, side: BookSide) -> None:
        if len(side.keys) < _REFILL_LEVELS:
            self._extend(side, _REFILL_LEVELS + 16)
        while len(side.keys) > _TRIM_LEVELS:
            self._remove(side, side.keys[0])

    def _extend(self, side: BookSide, levels: int) -> None:
        """Add levels at the far end, deeper ones further apart."""
        draw, keys = self._random.random, side.keys
        missing = levels - len(keys)
        key = keys[0]
        far: list[int] = []
        for _ in range(missing):
            key -= 1 + int(draw() * 2 * self._gap) if self._gap > 1 else 1
            far.append(key)
            side.lots[key] = self._level_lots(1)
        keys[:0] = reversed(far)
        self.book.sequence += missing

    def _add(self, side: BookSide, key: int, index: int) -> None:
        side.set(key, self._level_lots(index))
        self.book.sequence += 1

    def _remove(self, side: BookSide, key: int) -> None:
        side.set(key, 0)
        self.book.sequence += 1
