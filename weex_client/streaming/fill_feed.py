"""Fills: each once, whether a frame or an answer tells it. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from weex_client.models import Message
from weex_client.rest import FillReads, Query
from weex_client.streaming.account_feed import AccountFeed, AccountMemory

__all__ = ["FillFeed"]

# Fills of which the id is remembered, to tell each once. What is asked for reaches back from an
# outage by a minute, in which nobody has so many.
_KNOWN_FILLS = 20_000

# Fills are read from a little before the outage: a fill may be told some time after its moment.
_MARGIN_NS = 60_000_000_000

# An outage in which more happened than so many answers tell is announced as a gap.
_MAX_PAGES = 200


class _Stretch(NamedTuple):
    """A symbol (None for all) and the milliseconds, both inclusive, that are to be read."""

    symbol: str | None
    start_ms: int
    end_ms: int | None


class FillFeed(AccountFeed):
    """The account's executions; see ``AccountFeed``.

    A fill's key says whether it was told, so no version does. What happened before the first
    reader came is not told at all.
    """

    def __init__(self, *args: Any, reads: FillReads | None, memory: AccountMemory) -> None:
        super().__init__(*args, reads=reads, memory=memory)
        self._reads = reads
        # Also by what readers of other streams were told: where our clock is behind the venue's,
        # a stream that is opened again asks for what happened before.
        self._told = memory.told_fills.setdefault(self.feed, {})
        self._start_ns: int | None = None
        self._since_ms = 0
        self._has_symbols = False
        self._stretches: deque[_Stretch] = deque()
        self._pages = 0
        self._found: dict[Hashable, Message[Any]] = {}

    def is_outdated(self, message: Message[Any]) -> bool:  # noqa: ARG002  # by its id
        """Return False: a fill that was not told yet is never too late."""
        return False

    def take(self, messages: Sequence[Message[Any]]) -> Iterator[Message[Any]]:
        """Return the fills that were not told yet."""
        for message in messages:
            key = _key(message)
            if key in self._told:
                self.counters.stale += 1
                continue
            self._told[key] = None
            if len(self._told) > _KNOWN_FILLS:
                del self._told[next(iter(self._told))]
            yield message

    def begin(self, covered_ns: int) -> None:
        """Start to read what happened since a time."""
        if self._start_ns is None:
            self._start_ns = covered_ns
        since_ns = max(self._start_ns, covered_ns - _MARGIN_NS)
        self._since_ms = since_ns // 1_000_000
        self._found.clear()
        self._stretches.clear()
        self._pages = 0
        self._has_symbols = False
        if self._reads is not None and self._reads.symbols_query is None:
            self._has_symbols = True
            self._stretches.append(_Stretch(None, self._since_ms, None))

    def next_query(self) -> Query | None:
        """Return the next question: which symbols, then page by page."""
        if self._reads is None:
            return None
        if not self._has_symbols:
            return self._reads.symbols_query
        return self._reads.page(*self._stretches[0]) if self._stretches else None

    def answered(self, query: Query, body: bytes | None, received_time_ns: int) -> None:  # noqa: ARG002
        """Take an answer.

        Raises:
            DecodeError: If it cannot be read.
        """
        reads = self._reads
        if reads is None:
            return
        if not self._has_symbols:
            self._symbols.update(reads.read_symbols(body or b"[]"))
            self._has_symbols = True
            for symbol in sorted(self._symbols):
                self._stretches.append(_Stretch(symbol, self._since_ms, None))
        elif self._stretches:
            fills = reads.read(body or b"[]", received_time_ns)
            before = len(self._found)
            self._found |= {_key(fill): fill for fill in fills}
            stretch = self._stretches.popleft()
            self._pages += 1
            if len(self._found) > before:
                self._go_on(stretch, fills, len(fills) >= reads.page_size, received_time_ns)
        if not self._stretches:
            self._tell_found()

    def _go_on(
        self,
        stretch: _Stretch,
        fills: Sequence[Message[Any]],
        is_full: bool,
        received_time_ns: int,
    ) -> None:
        """Plan what an answer may have left out: before its oldest fill, and after its newest.

        Which of both the venue leaves out, and how many fills it really tells at a time, it does
        not say. A stretch is read when nothing new comes of it.
        """
        times = [(fill.exchange_time_ns or 0) // 1_000_000 for fill in fills]
        first, last = min(times), max(times)
        is_moment = is_full and first == last  # of which the venue tells no more
        if is_moment or self._pages == _MAX_PAGES:
            self.counters.gaps += 1
            cause = "there are more fills than the venue tells at a time"
            self._announce("gap", self, received_time_ns, cause=cause)
        if self._pages == _MAX_PAGES:
            self._stretches.clear()
            return
        step = 1 if is_moment else 0
        for start_ms, end_ms in ((stretch.start_ms, first - step), (last + step, stretch.end_ms)):
            rest = _Stretch(stretch.symbol, start_ms, end_ms)
            if rest != stretch and (end_ms is None or start_ms <= end_ms):
                self._stretches.append(rest)

    def _tell_found(self) -> None:
        """Line up what no frame has told, in time order with what frames tell."""
        held, self._held = self._held, []
        told = self._told.keys() | {_key(fill) for fill in held}
        start_ns = self._start_ns or 0
        missed = [
            fill
            for key, fill in self._found.items()
            if key not in told and (fill.exchange_time_ns or 0) >= start_ns
        ]
        self._found.clear()
        fills = sorted((*missed, *held), key=lambda fill: fill.timestamp)
        self.line_up(self.take(fills))


def _key(fill: Message[Any]) -> Hashable:
    """Return what makes a fill the same: its id counts for one symbol at some venues.

    Who trades with himself has two fills of one trade, one for each order.
    """
    return fill.symbol, fill.data.order_id, fill.data.fill_id
