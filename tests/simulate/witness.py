"""What one stream gave its reader, and whether it may be true: judged when the run is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from tests.simulate.truth import Truth
from weex_client.models import ConnectionEvent, Message

# An int, as the client divides by it: a float would round twice.
NS = 1_000_000_000

# Trades are told in batches, the oldest of them so late.
_BATCH_SECONDS = 0.7

# What tells a reader that something is missing, or was asked for anew.
# What belongs to a candle may be told so long after its end.
_LATE_SECONDS = 5.0

# Twenty trades of a quiet symbol reach so far back.
_REPLAYED_SECONDS = 120.0

_TELLS_OF_A_HOLE = ("gap", "resubscribed")


Span = tuple[str | None, str | None, float, float]
"""Channel and symbol, None for any, and from when to when, seconds of the exchange's time."""


def _told_span(event: ConnectionEvent) -> float:
    """Return over how many seconds before it an event tells of losses."""
    is_span = event.kind == "gap" and (event.cause or "").endswith("could not be read")
    return (event.duration_seconds or 0.0) if is_span else 0.0


@dataclass
class Record:
    """What everybody can know about a run.

    Attributes:
        events: What the client announced.
        unsent: Channel, symbol (None for any) and span of the exchange's time in which it kept
            silent, or did not keep the order.
        unread: The same of frames that it sent damaged.
        stale_snapshots: Symbols of which it sent a book that was older than the one before.
        is_clock_set: Whether somebody set the client's wall clock.
    """

    events: list[ConnectionEvent] = field(default_factory=list)
    unsent: list[Span] = field(default_factory=list)
    unread: list[Span] = field(default_factory=list)
    stale_snapshots: set[str] = field(default_factory=set)
    is_clock_set: bool = False

    def tells_of_hole(
        self, before: Message[Any], after: Message[Any], kinds: Sequence[str] = _TELLS_OF_A_HOLE
    ) -> bool:
        """Tell whether something was announced between two messages of one symbol."""
        start, end = before.received_time_ns / NS, after.received_time_ns / NS
        return any(
            event.kind in kinds
            # A channel that is one stream over all symbols is told of without one.
            and event.channel == after.channel
            and event.symbol in (after.symbol, None)
            and (start <= event.timestamp or _is_of_one_replay(event, before, after))
            and event.timestamp - _told_span(event) <= end
            for event in self.events
        )

    def sent_between(self, before: Message[Any], after: Message[Any]) -> tuple[float, float]:
        """Return between which of the exchange's times two messages were sent."""
        start, end = sorted((before.timestamp, after.timestamp))
        return start, end

    def may_go_back(self, before: Message[Any], after: Message[Any]) -> bool:
        """Tell whether a message may have been received before the one that it follows."""
        return self.is_clock_set

    def is_unsent(
        self, before: Message[Any], after: Message[Any], spans: list[Span] | None = None
    ) -> bool:
        """Tell whether the exchange itself held something back between two messages."""
        start, end = self.sent_between(before, after)
        return self.is_unsent_in(start, end, after, spans)

    def is_unsent_in(
        self, start: float, end: float, after: Message[Any], spans: list[Span] | None = None
    ) -> bool:
        """Tell the same of a stretch of the exchange's time and what a message is about."""
        channel = "book" if after.channel == "book_deltas" else after.channel
        return any(
            channel_ in (None, channel)
            and symbol in (None, after.symbol)
            and begun - _BATCH_SECONDS <= end
            and start <= ended
            for channel_, symbol, begun, ended in (self.unsent if spans is None else spans)
        )


class Witness:
    """The messages of one stream."""

    def __init__(
        self,
        channel: str,
        symbols: tuple[str, ...],
        parameter: Any,
        judge_one: Judge | None = None,
    ) -> None:
        self._judge_one = judge_one
        self.channel = channel
        self.symbols = symbols
        self.parameter = parameter
        self.messages: list[Message[Any]] = []
        self.delivered = 0
        self.dropped = 0
        self.left_unread = 0
        self.refused = 0
        self.overflow: Any = None
        self.opened_at = 0.0
        self.is_last = False
        self.is_forgotten = False

    def __repr__(self) -> str:
        return f"{self.channel} {self.parameter or ''} of {','.join(self.symbols)}"

    def judge(self, truth: Truth, record: Record) -> Iterator[str]:
        """Say what cannot be."""
        by_symbol: dict[str, list[Message[Any]]] = defaultdict(list)
        for message in self.messages:
            is_other = bool(self.symbols) and message.symbol not in self.symbols
            if is_other or message.channel != self.channel:
                yield f"it carries {message.channel} of {message.symbol}"
                continue
            by_symbol[str(message.symbol)].append(message)
        judge = self._judge_one or _JUDGES[self.channel]
        missing: list[Hole] = []
        for symbol, messages in by_symbol.items():
            for before, after in pairwise(messages):
                is_back = after.received_time_ns < before.received_time_ns
                if is_back and not record.may_go_back(before, after):
                    yield f"{symbol}: received times go back to {after.received_time_ns}"
            for verdict in judge(self, symbol, messages, truth, record):
                if isinstance(verdict, Hole):
                    missing.append(verdict)
                else:
                    yield f"{symbol}: {verdict}"
        if sum(hole.count for hole in missing) > self.dropped:
            yield f"{self.dropped} messages were reported as dropped, but" + ", ".join(
                map(str, missing)
            )
        if self.dropped and not self.is_told_of_loss(record):
            yield f"{self.dropped} messages were dropped and no event told of it"

    def is_told_of_loss(self, record: Record) -> bool:
        """Tell whether a loss in this stream's queue was announced."""
        return any(
            event.kind == "slow_consumer"
            and event.channel == self.channel
            and event.timestamp >= self.opened_at
            for event in record.events
        )


def _is_of_one_replay(event: Any, before: Message[Any], after: Message[Any]) -> bool:
    """Tell whether a damaged frame, told as of when it came, explains a hole in a replay.

    It waited unread while the replay left out its trade as one that was known.
    """
    seconds = after.received_time_ns / NS - event.timestamp
    is_replay = before.received_time_ns == after.received_time_ns and before.is_snapshot
    is_damage = "could not be read" in str(event.cause)
    return is_replay and is_damage and 0.0 <= seconds <= _REPLAYED_SECONDS


class Hole(NamedTuple):
    """Messages that are missing without a word of the client's events."""

    count: int
    before: Message[Any]
    after: Message[Any]

    def __str__(self) -> str:
        return (
            f"{self.count} {self.after.channel} of {self.after.symbol} are missing between"
            f" {self.before.received_time_ns} and {self.after.received_time_ns}"
        )


Verdicts = Iterator[str | Hole]
"""What cannot be, in words, and what is missing."""

Judge = Callable[["Witness", str, list[Message[Any]], Any, Record], Verdicts]
"""Says it of one symbol's messages in a stream."""


def judge_views(
    witness: Witness, symbol: str, messages: list[Message[Any]], truth: Truth, record: Record
) -> Verdicts:
    level = witness.parameter
    wanted = [int(message.sequence or 0) for message in messages]
    books, sequences = truth.books(symbol, 15 if level <= 15 else 200, wanted)
    places = {sequence: place for place, sequence in enumerate(sequences)}
    for message in messages:
        book, data = books.get(int(message.sequence or 0)), message.data
        if book is None:
            yield f"a book at sequence {message.sequence}, which the exchange never showed"
        elif (data.bids, data.asks) != (book[0][:level], book[1][:level]):
            yield f"a wrong book at sequence {message.sequence}"
        if data.bids and data.asks and data.bids[0][0] >= data.asks[0][0]:
            yield f"a crossed book at sequence {message.sequence}"
    yield from _judge_sequences(messages, places, record)


def _judge_sequences(
    messages: list[Message[Any]], places: dict[int, int], record: Record
) -> Verdicts:
    for before, after in pairwise(messages):
        step = places.get(int(after.sequence or 0), 0) - places.get(int(before.sequence or 0), 0)
        if step < 0 and not (
            # After a gap a client has nothing but the venue's word.
            after.is_snapshot
            and after.symbol in record.stale_snapshots
            and record.tells_of_hole(before, after)
        ):
            yield f"sequence goes back from {before.sequence} to {after.sequence}"
        elif step == 0 and not after.is_snapshot and not record.tells_of_hole(before, after):
            yield f"sequence {after.sequence} is repeated"
        elif step > 1 and not after.is_snapshot and not record.tells_of_hole(before, after):
            # A snapshot that was dropped too stands for any number of changes.
            yield Hole(1, before, after)


def judge_deltas(
    witness: Witness, symbol: str, messages: list[Message[Any]], truth: Truth, record: Record
) -> Verdicts:
    wanted = [int(message.sequence or 0) for message in messages]
    books, sequences = truth.books(symbol, witness.parameter, wanted)
    places = {sequence: place for place, sequence in enumerate(sequences)}
    sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] | None = None
    reached: int | None = None
    for message in messages:
        delta = message.data
        if message.is_snapshot:
            sides = ({}, {})
        elif sides is None or delta.previous_sequence != reached:
            sides = None  # a torn book, which the places below count as a loss
        reached = delta.sequence
        if sides is None:
            continue
        for side, levels in zip(sides, (delta.bids, delta.asks), strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                elif side.pop(price, None) is None:
                    yield f"level {price} is removed and was not there"
        book = books.get(int(message.sequence or 0))
        if book is None or sides != (dict(book[0]), dict(book[1])):
            yield f"the changes up to sequence {message.sequence} give a wrong book"
    yield from _judge_sequences(messages, places, record)


def _judge_trades(
    witness: Witness, symbol: str, messages: list[Message[Any]], truth: Truth, record: Record
) -> Verdicts:
    numbers = truth.trade_numbers(symbol)
    seen: set[str] = set()
    for message in messages:
        trade_id = message.data.trade_id
        if trade_id not in numbers:
            yield f"trade {trade_id}, which never was"
        elif trade_id in seen:
            yield f"trade {trade_id} (number {numbers[trade_id]}) comes twice"
        seen.add(trade_id)
    given: set[int] = set()
    for before, after in pairwise(messages):
        first, second = numbers.get(before.data.trade_id, 0), numbers.get(after.data.trade_id, 0)
        given.add(first)
        is_told = record.tells_of_hole(before, after, ("gap",)) or record.is_unsent(before, after)
        # What was damaged, and told to be missing, may come after all with a replay.
        is_replayed = after.is_snapshot and record.is_unsent(before, after, record.unread)
        missing = [number for number in range(first + 1, second) if number not in given]
        if second < first and not is_told and not is_replayed:
            yield f"trade {second} comes after trade {first}"
        elif missing and not is_told:
            yield Hole(len(missing), before, after)


def _figures(message: Message[Any]) -> tuple[Decimal, ...]:
    data = message.data
    return (data.open, data.high, data.low, data.close, data.volume)


def judge_candles(
    witness: Witness, symbol: str, messages: list[Message[Any]], truth: Truth, record: Record
) -> Verdicts:
    closed: dict[float, Message[Any]] = {}
    newest = 0.0
    for message in messages:
        data = message.data
        if data.open_time < newest and not data.is_closed:
            yield f"a forming candle of {data.open_time:.0f} after one of {newest:.0f}"
        known = closed.get(data.open_time)
        if data.is_closed:
            if known is not None and _figures(known) == _figures(message):
                yield f"the candle of {data.open_time:.0f} is closed twice"
            closed[data.open_time] = message
        elif known is not None:
            yield f"the candle of {data.open_time:.0f} goes on after it was closed"
        newest = max(newest, data.open_time)
    if witness.dropped:
        return
    true = truth.candles(symbol, witness.parameter)
    for open_time, message in closed.items():
        # The exchange forgets the oldest as new ones come.
        is_wrong = open_time >= min(true) and _figures(message) != true.get(int(open_time))
        span = open_time, message.data.close_time + _LATE_SECONDS
        if is_wrong and not record.is_unsent_in(*span, message):
            yield f"the candle of {open_time:.0f} is wrong for good"
    for before, after in pairwise(closed.values()):
        late = after.data.open_time - before.data.close_time
        first, last = before.data.close_time, after.data.open_time
        is_told = record.tells_of_hole(before, after, ("gap",))
        if late > 0 and not is_told and not record.is_unsent_in(first, last, after):
            yield f"candles between {first:.0f} and {last:.0f} are missing"


def _judge_states(
    witness: Witness, symbol: str, messages: list[Message[Any]], truth: Truth, record: Record
) -> Verdicts:
    for before, after in pairwise(messages):
        is_back = (after.exchange_time_ns or 0) < (before.exchange_time_ns or 0)
        if is_back and not record.is_unsent(before, after):
            yield f"the exchange's time goes back to {after.exchange_time_ns}"


_JUDGES = {
    "book": judge_views,
    "book_deltas": judge_deltas,
    "trades": _judge_trades,
    "candles": judge_candles,
    "ticker": _judge_states,
    "bookticker": _judge_states,
}
