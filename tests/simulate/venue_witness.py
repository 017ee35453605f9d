"""What may be true of one stream of any venue, by what its channel keeps between two frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from tests.simulate.venue_truth import BooksOf, VenueTruth, identity, place_of
from tests.simulate.witness import (
    NS,
    Hole,
    Judge,
    Record,
    Span,
    Verdicts,
    Witness,
    judge_candles,
    judge_deltas,
    judge_views,
)
from weex_client.models import Message
from weex_client.protocol import Channel, FeedKind, Topic, Venue

# So long a connection waits at most until it takes over, in any weather here.
_HANDOVER_SECONDS = 30.0

# Whose holes a word of the line's return is enough for: the next frame says all.
_EITHER = ("gap", "resubscribed")


@dataclass
class VenueRecord(Record):
    """What everybody can know about a run.

    Attributes:
        repeated: Channel, symbol and span of what was sent twice.
        altered: The same of changes of a book that were lost, swapped or aged in silence.
        ahead_seconds: How much later it is at the exchange than here.
    """

    ahead_seconds: float = 0.0
    repeated: list[Span] = field(default_factory=list)
    altered: list[Span] = field(default_factory=list)

    def sent_between(self, before: Message[Any], after: Message[Any]) -> tuple[float, float]:
        """Return between which of the exchange's times two messages were sent.

        Some carry the time of the last trade, which may be long before.
        """
        times = [
            moment
            for each in (before, after)
            for moment in (each.timestamp, each.received_time_ns / NS + self.ahead_seconds)
        ]
        return min(times), max(times)

    def may_go_back(self, before: Message[Any], after: Message[Any]) -> bool:
        """Tell whether a message may have been received before the one that it follows.

        So it is with changes that waited for a book that was asked for, and with what waited
        on a connection until that took over.
        """
        return before.is_snapshot or self.is_handover(after)

    def is_handover(self, message: Message[Any]) -> bool:
        """Tell whether another connection took over about then."""
        at = message.received_time_ns / NS
        return any(
            event.kind == "connected"
            and (event.cause or "").startswith("takes over")
            and abs(event.timestamp - at) < _HANDOVER_SECONDS
            for event in self.events
        )

    def is_altered(self, message: Message[Any], since: float) -> bool:
        """Tell whether a book was altered between a time of the exchange and a message."""
        return any(
            channel in (None, "book")
            and symbol in (None, message.symbol)
            and since <= ended
            and begun <= message.timestamp
            for channel, symbol, begun, ended in self.altered
        )


def judge_of(venue: Venue, channel: str) -> Judge:
    """Return what judges a channel's streams."""
    wanted = next(each for each in venue.channels if each.value == channel)
    kind = venue.feed_kind(wanted)
    if kind is FeedKind.CANDLES:
        return judge_candles
    if kind is FeedKind.BOOK:
        judge = judge_views if channel == Channel.BOOK else judge_deltas
        return partial(_judge_numbered, judge=judge)
    if kind is FeedKind.LOOSE_BOOK:
        return _judge_loose_views if channel == Channel.BOOK else _judge_loose_deltas
    if kind is FeedKind.BOOK3:
        return _judge_orders
    return partial(_judge_said, kind=kind)


def _topic(witness: Witness, symbol: str | None, truth: VenueTruth) -> Topic:
    channel = next(each for each in truth.venue.channels if each.value == witness.channel)
    return Topic(channel, symbol if witness.symbols else None)


def _judge_numbered(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
    *,
    judge: Judge,
) -> Verdicts:
    """Judge a book that is numbered, as those of WEEX are."""
    books = BooksOf(truth, _topic(witness, symbol, truth).channel, witness.parameter)
    yield from judge(witness, symbol, messages, books, record)


def _said(witness: Witness, symbol: str | None, truth: VenueTruth) -> list[str]:
    """Return what was said of a symbol in its order, also where a channel is about all."""
    topic = _topic(witness, symbol, truth)
    return [identity(each) for each in truth.said(topic) if each.symbol == symbol]


def _judge_said(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
    *,
    kind: FeedKind,
) -> Verdicts:
    said = _said(witness, messages[0].symbol, truth)
    places = {name: place for place, name in enumerate(said)}
    if messages[0].exchange_time_ns is None:
        # The same words at another time: that they were said is all there is to know.
        yield from (
            f"{identity(each)}, which was never said"
            for each in messages
            if identity(each) not in places
        )
        return
    greetings = truth.greetings(_topic(witness, messages[0].symbol, truth))
    # Trades that are numbered one by one show every hole: none is excused.
    is_chained = kind is FeedKind.TRADES and truth.is_chained(
        _topic(witness, messages[0].symbol, truth)
    )
    telling = _EITHER if kind is FeedKind.FRAMES else ("gap",)
    before: Message[Any] | None = None
    reached = -1
    given: set[int] = set()
    for message in messages:
        place = places.get(identity(message))
        if place is None:
            # What a subscription begins with is said to one client only.
            if identity(message) not in greetings:
                yield f"{identity(message)}, which was never said"
            continue
        if place == reached and kind is FeedKind.FRAMES and identity(message) in greetings:
            continue  # a subscription began with it, and then it was said to everybody
        if before is not None:
            is_told = record.tells_of_hole(before, message, telling) or (
                not is_chained and record.is_unsent(before, message)
            )
            yield from _step(before, message, (reached, place), given, record, kind, is_told)
        given.add(place)
        reached, before = place, message


def _step(
    before: Message[Any],
    after: Message[Any],
    places: tuple[int, int],
    given: set[int],
    record: VenueRecord,
    kind: FeedKind,
    is_told: bool,
) -> Verdicts:
    """Say what cannot be between two messages, by their places in what was said."""
    first, second = places
    if second in given:
        can_repeat = kind is not FeedKind.TRADES and (
            record.is_unsent(before, after, record.repeated) or is_told or record.is_handover(after)
        )
        if not can_repeat:
            yield f"{identity(after)} comes twice"
    elif second < first and not is_told:
        yield f"{identity(after)} comes after {identity(before)}"
    missing = [place for place in range(first + 1, second) if place not in given]
    if missing and not is_told:
        yield Hole(len(missing), before, after)


def _judge_loose_views(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
) -> Verdicts:
    topic = _topic(witness, symbol, truth)._replace(level=witness.parameter)
    books, begins = truth.books_at(topic, map(place_of, messages)), truth.begins(topic)
    since = 0.0
    for before, message in pairwise([None, *messages]):
        assert message is not None  # only the first one has nothing before it
        level, data = witness.parameter, message.data
        if message.is_snapshot:
            since = begun(message, begins)
        if data.bids and data.asks and data.bids[0][0] >= data.asks[0][0]:
            yield f"a crossed book at {message.timestamp}"
        book = books.get(place_of(message))
        is_right = book is not None and (data.bids, data.asks) == (book[0][:level], book[1][:level])
        if not is_right and not record.is_altered(message, since):
            yield f"a wrong book at {message.timestamp}"
        yield from _loose_step(before, message, record)


def _judge_loose_deltas(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
) -> Verdicts:
    topic = _topic(witness, symbol, truth)._replace(level=witness.parameter)
    books, begins = truth.books_at(topic, map(place_of, messages)), truth.begins(topic)
    sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    since, is_whole = 0.0, False
    for before, message in pairwise([None, *messages]):
        assert message is not None  # only the first one has nothing before it
        if message.is_snapshot:
            sides, since, is_whole = ({}, {}), begun(message, begins), True
        for side, levels in zip(sides, (message.data.bids, message.data.asks), strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        # Who dropped a change has a torn book until the next snapshot; nothing numbers them.
        is_whole &= not witness.dropped
        book = books.get(place_of(message))
        is_right = book is not None and sides == (dict(book[0]), dict(book[1]))
        if is_whole and not is_right and not record.is_altered(message, since):
            yield f"the changes up to {message.timestamp} give a wrong book"
        yield from _loose_step(before, message, record)


def begun(snapshot: Message[Any], begins: list[float]) -> float:
    """Return when the venue sent the book that a snapshot goes back to.

    Who joins readers of a book gets it as it stands: the venue's own word on it is older, and
    what was altered in silence since then is in it.
    """
    return max((at for at in begins if at <= snapshot.timestamp), default=snapshot.timestamp)


def _loose_step(
    before: Message[Any] | None, after: Message[Any], record: VenueRecord
) -> Iterator[str]:
    if before is None or after.is_snapshot or after.timestamp >= before.timestamp:
        return
    if not record.is_altered(after, before.timestamp - 10.0):
        yield f"the exchange's time goes back to {after.timestamp}"


def _judge_orders(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
) -> Verdicts:
    """Judge a book of single orders, or what happens to them."""
    judge = _judge_steps if witness.parameter is None else _judge_queues
    yield from judge(witness, symbol, messages, truth, record)


def _judge_steps(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
) -> Verdicts:
    """Judge what happens to single orders: all of it is numbered, so that no hole is excused."""
    said = set(_said(witness, symbol, truth))
    yield from (
        f"{identity(each)}, which was never said" for each in messages if identity(each) not in said
    )
    numbered = [each for each in messages if each.sequence is not None]
    for before, after in pairwise(numbered):
        step = (after.sequence or 0) - (before.sequence or 0)
        if step <= 0:
            yield f"sequence goes back from {before.sequence} to {after.sequence}"
        elif step > 1 and not record.tells_of_hole(before, after):
            yield Hole(step - 1, before, after)


def _judge_queues(
    witness: Witness,
    symbol: str,
    messages: list[Message[Any]],
    truth: VenueTruth,
    record: VenueRecord,
) -> Verdicts:
    """Judge views of a book of single orders."""
    topic = _topic(witness, symbol, truth)._replace(level=witness.parameter)
    books = truth.queues(topic, (message.sequence or 0 for message in messages))
    level, reached = witness.parameter, 0
    for message in messages:
        sequence = message.sequence or 0
        bids, asks = (
            tuple((each.price, each.orders) for each in side)
            for side in (message.data.bids, message.data.asks)
        )
        book = books.get(sequence)
        if book is None or (bids, asks) != (book[0][:level], book[1][:level]):
            yield f"wrong queues at sequence {sequence}"
        if sequence < reached:
            yield f"sequence goes back from {reached} to {sequence}"
        reached = sequence
