"""Positions with what the wire leaves out: the mark price, and the profit or loss at it.

It stands between the venue's positions and their readers, and reads the tickers that it needs.
Time comes in as an argument of its making; nothing waits here.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from weex_client.errors import WeexClientError
from weex_client.models import Message, Position
from weex_client.protocol import Channel, Scope, Topic
from weex_client.streaming.mailbox import Gate, Mailbox
from weex_client.streaming.registry import Reader, Sealed

__all__ = ["Door", "Valuation", "valued"]

logger = logging.getLogger("weex_client")

# Tickers come up to ten times a second; who watches a profit is served well with one.
_REFRESH_SECONDS = 1.0

_TOPICS = (Topic(Channel.POSITIONS),)


class Door(Protocol):
    """Where readers come in: a pool of connections, or this."""

    @property
    def scope(self) -> Scope:
        """Return whose connections are behind it."""

    @property
    def gate(self) -> Gate:
        """Return what readers may shut."""

    def join(self, topics: Sequence[Topic], mailbox: Mailbox) -> None:
        """Let a reader have some topics."""

    def leave(self, topics: Sequence[Topic], mailbox: Mailbox) -> None:
        """Let a reader go."""


class Source(Protocol):
    """Where positions and tickers come from."""

    @property
    def scope(self) -> Scope:
        """Return whose connections are behind it."""

    @property
    def gate(self) -> Gate:
        """Return what readers may shut."""

    def join(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader have some topics."""

    def leave(self, topics: Sequence[Topic], mailbox: Reader) -> None:
        """Let a reader go."""


def valued(position: Position, mark_price: Decimal | None) -> Position:
    """Return a position with the profit or loss it would have at a price.

    Returns:
        ``size * (mark - entry)`` for a long position and its negative for a short one, in quote
        units, fees and funding not counted; None where the price is not known yet.
    """
    if mark_price is None or position.entry_price is None:
        return position
    entry_value = position.get("entry_value", position.size * position.entry_price)
    gain = position.size * mark_price - entry_value
    pnl = gain if position.side == "long" else -gain
    return position.model_copy(update={"mark_price": mark_price, "unrealized_pnl": pnl})


class _Refresh(Sealed):
    """Stand in a reader's queue for a position's newest value when it is opened."""

    __slots__ = ("message", "number")

    def __init__(self, message: Message[Any]) -> None:
        self.message = message
        self.number = 0

    def open(self) -> Message[Any]:
        """Return the newest value."""
        return self.message


class _MarkReader:
    """Read the ticker of one symbol."""

    def __init__(
        self, topic: Topic, take: Callable[[Any], None], leave: Callable[[Reader], None]
    ) -> None:
        self.topic = topic
        self.mark: Decimal | None = None
        self.due = 0.0
        self._take = take
        self._leave = leave

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:  # noqa: ARG002  # it has one
        """Return what takes tickers."""
        return self._take

    def end(self, error: Exception | None) -> None:
        """Note that no ticker comes any more; the last mark price stays."""
        self._leave(self)
        if error is not None:
            logger.warning("positions in %s stay without value: %s", self.topic.symbol, error)


class Valuation:
    """Add what positions are worth, for all who read them.

    The tickers of open positions are subscribed as long as somebody reads positions. A value is
    refreshed once a second at most, and replaces one that still waits in a reader's queue: it
    never makes a queue run over.

    Args:
        positions: Where positions come from.
        mark_topic: Returns whose mark price values a symbol, or None.
        tickers: Returns where tickers come from.
        now: Returns monotonic time.
    """

    def __init__(
        self,
        positions: Source,
        mark_topic: Callable[[str], Topic | None],
        tickers: Callable[[], Source],
        now: Callable[[], float],
    ) -> None:
        self._source = positions
        self._mark_topic = mark_topic
        self._tickers = tickers
        self._now = now
        self._mailboxes: dict[Mailbox, dict[Hashable, _Refresh]] = {}
        self._positions: defaultdict[str, dict[Hashable, Message[Position]]] = defaultdict(dict)
        self._marks: dict[str, _MarkReader] = {}

    @property
    def scope(self) -> Scope:
        """Return whose connections positions come over."""
        return self._source.scope

    @property
    def gate(self) -> Gate:
        """Return what readers of positions may shut."""
        return self._source.gate

    def join(self, topics: Sequence[Topic], mailbox: Mailbox) -> None:  # noqa: ARG002  # its own
        """Let a reader have positions, from those that are open now.

        Raises:
            RateLimitedError: If it takes more connections than the venue allows.
        """
        is_first = not self._mailboxes
        self._mailboxes[mailbox] = {}
        if is_first:
            try:
                self._source.join(_TOPICS, self)
            except BaseException:
                self.leave(_TOPICS, mailbox)
                raise
        else:
            for symbol, positions in self._positions.items():
                for message in positions.values():
                    state = message.model_copy(update={"is_snapshot": True})
                    mailbox.push(self._with_value(state, symbol))

    def leave(self, topics: Sequence[Topic], mailbox: Mailbox) -> None:  # noqa: ARG002  # its own
        """Let a reader go; with the last one everything is given back."""
        if self._mailboxes.pop(mailbox, None) is None or self._mailboxes:
            return
        self._source.leave(_TOPICS, self)
        self._positions.clear()
        for symbol in tuple(self._marks):
            self._let_go(symbol)

    # As a reader of positions.

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:  # noqa: ARG002  # all symbols
        """Return what takes positions."""
        return self._take_position

    def end(self, error: Exception | None) -> None:
        """End the stream of every reader."""
        for mailbox in tuple(self._mailboxes):
            mailbox.end(error)

    def _take_position(self, message: Message[Position]) -> None:
        position = message.data
        symbol, identity = position.symbol, position.identity
        for waiting in self._mailboxes.values():
            waiting.pop(identity, None)  # what waits stays as it was before this news
        if position.size:
            self._positions[symbol][identity] = message
            self._watch(symbol)
        else:
            self._positions[symbol].pop(identity, None)
        item = self._with_value(message, symbol)
        for mailbox in tuple(self._mailboxes):
            mailbox.push(item)
        if not self._positions[symbol]:
            del self._positions[symbol]
            self._let_go(symbol)

    def _with_value(self, message: Message[Position], symbol: str) -> Message[Position]:
        reader = self._marks.get(symbol)
        if reader is None or reader.mark is None:
            return message
        return message.model_copy(update={"data": valued(message.data, reader.mark)})

    # As a reader of tickers.

    def _watch(self, symbol: str) -> None:
        """Subscribe to a symbol's ticker, if it is not."""
        topic = None if symbol in self._marks else self._mark_topic(symbol)
        if topic is None:
            return
        tickers = self._tickers()
        reader = _MarkReader(
            topic,
            lambda item: self._take_ticker(symbol, item),
            lambda reader: tickers.leave((topic,), reader),
        )
        self._marks[symbol] = reader
        try:
            tickers.join((topic,), reader)
        except WeexClientError as exc:
            del self._marks[symbol]  # the next news of the position tries again
            reader.end(exc)

    def _let_go(self, symbol: str) -> None:
        reader = self._marks.pop(symbol, None)
        if reader is not None:
            self._tickers().leave((reader.topic,), reader)

    def _take_ticker(self, symbol: str, item: Any) -> None:
        """Refresh the values of a symbol's positions, if it is time."""
        reader = self._marks.get(symbol)
        now = self._now()
        if reader is None or now < reader.due:
            return
        ticker = item.open() if isinstance(item, Sealed) else item
        if ticker is None or ticker.data.mark_price in (None, reader.mark):
            return
        reader.mark = ticker.data.mark_price
        reader.due = now + _REFRESH_SECONDS
        for identity, position in tuple(self._positions.get(symbol, {}).items()):
            refreshed = position.model_copy(
                update={
                    "data": valued(position.data, reader.mark),
                    "timestamp": ticker.timestamp,
                    "exchange_time_ns": ticker.exchange_time_ns,
                    "received_time_ns": ticker.received_time_ns,
                    "sequence": None,
                    "is_snapshot": False,
                }
            )
            for mailbox, waiting in tuple(self._mailboxes.items()):
                self._refresh(mailbox, waiting, identity, refreshed)

    def _refresh(
        self,
        mailbox: Mailbox,
        waiting: dict[Hashable, _Refresh],
        identity: Hashable,
        message: Message[Any],
    ) -> None:
        """Put a value into a reader's queue, in the place of one that still waits there."""
        cell = waiting.get(identity)
        if cell is not None and mailbox.delivered + mailbox.dropped < cell.number:
            cell.message = message
            return
        cell = waiting[identity] = _Refresh(message)
        cell.number = mailbox.delivered + mailbox.dropped + mailbox.pending + 1
        mailbox.push(cell)
