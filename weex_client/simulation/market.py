"""A seeded market: each symbol a book, a tape and candles, moved step by step; no subscribers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from weex_client.simulation.candles import DAY_NS, MINUTE_NS, Candle, CandleBoard
from weex_client.simulation.history import PriceHistory
from weex_client.simulation.instrument import Instrument, Segment, instrument_for
from weex_client.simulation.limit_book import BookSideName, Execution, LimitBook
from weex_client.simulation.order_flow import FairValue, OrderFlow
from weex_client.simulation.tape import Tape

# The finest thing a venue sends is a ticker every 100 ms.
STEP_NS = 100_000_000

# The market has been trading since at least this long when it opens to the public, so that the
# 20 trades of a first snapshot exist.
_WARM_UP_NS = 20_000_000_000

_FIVE_MINUTES_NS = 5 * MINUTE_NS
_WINDOW_CANDLES = DAY_NS // _FIVE_MINUTES_NS


class Touch(NamedTuple):
    """Best bid and ask, in ticks and lots."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class DayFigures(NamedTuple):
    """What a 24 h ticker says, in ticks, lots and ticks x lots.

    The window opens on a round five minutes and holds everything up to now; ``close_time_ns`` is
    the round five minutes a day later and so lags behind now, as the venue's does.
    """

    open_time_ns: int
    close_time_ns: int
    open: int
    high: int
    low: int
    last: int
    lots: int
    notional: int
    trade_count: int
    mark: int
    index_centiticks: int


class Participants(Protocol):
    """Who takes part in a symbol's market beside the crowd."""

    def meet(self, executions: list[Execution], now_ns: int) -> list[Execution]:
        """Let what the crowd did in a step meet their orders; return what was traded."""

    def act(self) -> None:
        """Do what is due after a step."""


class SymbolMarket:
    """One symbol's market; its state depends on seed, name and number of steps, nothing else.

    What participants do adds to that; without orders of theirs it is as if they were not there.

    Attributes:
        participants: Who takes part beside the crowd, or None.
    """

    def __init__(self, instrument: Instrument, seed: int, origin_ns: int) -> None:
        self.instrument = instrument
        self.step = 0
        self._origin_ns = origin_ns
        name = f"{seed}/{instrument.segment}/{instrument.symbol}"
        self._fair = FairValue(f"{seed}/{instrument.symbol}/fair")
        opening = int(instrument.opening_ticks * self._fair.value)
        self._flow = OrderFlow(instrument, f"{name}/flow", _first_sequence(name), opening)
        self.book: LimitBook = self._flow.book
        self.participants: Participants | None = None
        self.tape = Tape(name)
        self.last = opening
        # Contract and spot walked the same way up to here.
        past = f"{seed}/{instrument.symbol}/history"
        self._history = PriceHistory(instrument, past, origin_ns, opening)
        self._trades = CandleBoard(origin_ns, opening)
        self._marks = CandleBoard(origin_ns, opening)
        self._mark_history: dict[str, list[Candle]] = {}
        self._window_minute = -1
        self._window: Candle | None = None

    @property
    def time_ns(self) -> int:
        """Return the simulated time of the current step."""
        return self._origin_ns + self.step * STEP_NS

    @property
    def mark(self) -> int:
        """Return the mark price in ticks: the middle of the touch."""
        touch = self.touch
        return (touch.bid + touch.ask) // 2

    @property
    def fair_ticks(self) -> int:
        """Return what the crowd thinks the symbol is worth, whatever others do to its price."""
        return int(self._fair.value * self.instrument.opening_ticks)

    @property
    def touch(self) -> Touch:
        """Return the best bid and ask."""
        (bid,), (ask,) = self.book.top("bid", 1).items(), self.book.top("ask", 1).items()
        return Touch(*bid, *ask)

    def advance(self) -> None:
        """Move one step: let the crowd act, print what traded, fold the candles."""
        start_ns = self.time_ns
        opening = self.instrument.opening_ticks
        executions = self._flow.step(self._fair.step() * opening)
        if self.participants is not None:
            executions = self.participants.meet(executions, start_ns + STEP_NS)
        if executions:
            spacing = STEP_NS // (len(executions) + 1)
            for number, (price, lots, buyer_is_maker) in enumerate(executions, 1):
                self.tape.print(start_ns + number * spacing, price, lots, buyer_is_maker)
                self._trades.record(price, lots, buyer_is_maker)
            self.last = executions[-1].price
        self._marks.observe(self.mark)
        self.step += 1
        self._trades.roll(self.time_ns)
        self._marks.roll(self.time_ns)
        if self.participants is not None:
            self.participants.act()

    def print(self, executions: Sequence[Execution]) -> None:
        """Print what was traded between two steps."""
        for price, lots, buyer_is_maker in executions:
            self.tape.print(self.time_ns, price, lots, buyer_is_maker)
            self._trades.record(price, lots, buyer_is_maker)
            self.last = price

    def make_room(self, name: BookSideName, best: int) -> None:
        """Let the crowd's quotes of a side step back behind orders at ``best`` on the other."""
        self._flow.make_room(name, best)

    def advance_to(self, step: int, most: int | None = None) -> bool:
        """Catch up with a step, by at most ``most`` steps; say whether it is reached."""
        end = step if most is None else min(step, self.step + most)
        while self.step < end:
            self.advance()
        return self.step >= step

    def candles(self, interval: str, *, mark: bool = False) -> list[Candle]:
        """Return up to 300 closed candles and the forming one, oldest first."""
        return self._board(mark).series(interval, self._past(interval, mark))

    def newest_candles(self, interval: str, *, mark: bool = False) -> tuple[Candle | None, Candle]:
        """Return the last closed candle and the forming one."""
        return self._board(mark).newest(interval, self._past(interval, mark))

    def _board(self, mark: bool) -> CandleBoard:
        return self._marks if mark else self._trades

    def _past(self, interval: str, mark: bool) -> list[Candle]:
        if not mark:
            return self._history.candles(interval)
        past = self._mark_history.get(interval)
        if past is None:
            # A mark price has no volume; before the first step it went where the last price went.
            past = self._mark_history[interval] = [
                candle._replace(lots=0, notional=0, trade_count=0, sold_lots=0, sold_notional=0)
                for candle in self._history.candles(interval)
            ]
        return past

    def day(self) -> DayFigures:
        """Return the 24 h figures, from the same five-minute candles that subscribers get."""
        past = self._window
        if past is None or self._window_minute != self._trades.minutes_closed:
            past = self._window = _total(self.candles("5m")[-_WINDOW_CANDLES - 1 : -1])
            self._window_minute = self._trades.minutes_closed
        forming = self.newest_candles("5m")[1]
        return DayFigures(
            past.open_time_ns,
            past.open_time_ns + DAY_NS,
            past.open,
            max(past.high, forming.high),
            min(past.low, forming.low),
            self.last,
            past.lots + forming.lots,
            past.notional + forming.notional,
            past.trade_count + forming.trade_count,
            self.mark,
            int(self._fair.value * self.instrument.opening_ticks * 100),
        )


class Market:
    """All symbols of an exchange, each simulated only when somebody looks at it.

    Args:
        seed: Decides everything.
        start_time_ns: When it opens to the public.
        symbols: What is listed.
        on_open: Told of each symbol's market before its first step.
    """

    def __init__(
        self,
        seed: int,
        start_time_ns: int,
        symbols: Iterable[str],
        on_open: Callable[[SymbolMarket], None] | None = None,
    ) -> None:
        self.seed = seed
        self._on_open = on_open
        self.symbols = tuple(dict.fromkeys(symbols))
        self._known = frozenset(self.symbols)
        # Candles need whole minutes, so the first step is at one.
        self.origin_ns = (start_time_ns - _WARM_UP_NS) // MINUTE_NS * MINUTE_NS
        self._markets: dict[tuple[Segment, str], SymbolMarket] = {}

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._known

    def step_at(self, time_ns: int) -> int:
        """Return the last step at or before a time."""
        return (time_ns - self.origin_ns) // STEP_NS

    def time_at(self, step: int) -> int:
        """Return the time of a step."""
        return self.origin_ns + step * STEP_NS

    def symbol(self, segment: Segment, symbol: str) -> SymbolMarket:
        """Return one symbol's market, at whatever step it was left.

        Raises:
            KeyError: If the exchange does not list the symbol.
        """
        if symbol not in self._known:
            raise KeyError(symbol)
        market = self._markets.get((segment, symbol))
        if market is None:
            instrument = instrument_for(symbol, segment)
            market = SymbolMarket(instrument, self.seed, self.origin_ns)
            self._markets[segment, symbol] = market
            if self._on_open is not None:
                self._on_open(market)
        return market


def _total(candles: list[Candle]) -> Candle:
    first, last = candles[0], candles[-1]
    return Candle(
        first.open_time_ns,
        last.close_time_ns,
        first.open,
        max(candle.high for candle in candles),
        min(candle.low for candle in candles),
        last.close,
        sum(candle.lots for candle in candles),
        sum(candle.notional for candle in candles),
        sum(candle.trade_count for candle in candles),
        sum(candle.sold_lots for candle in candles),
        sum(candle.sold_notional for candle in candles),
    )


def _first_sequence(name: str) -> int:
    # Live engines stood at 10^9 to 10^10 events; a test that confuses two symbols should notice.
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return 1_000_000_000 + int.from_bytes(digest, "big") % 16_000_000_000
