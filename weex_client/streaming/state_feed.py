"""Balances, positions and orders: things that change, of which the last word counts. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from weex_client.errors import DecodeError
from weex_client.models import Account, Message, Order, Position
from weex_client.rest import Detail, Query, StateReads, SummingReads
from weex_client.streaming.account_feed import AccountFeed, AccountMemory, Push

__all__ = ["StateFeed"]

# A late frame about an order that is over must not bring it back to life; one that is older than
# so many others is not expected any more.
_MAX_CLOSED = 1000

# What tells that something has changed, where both sources say it. Fees and averages follow from
# these, and are rounded differently in frames and in answers.
_TELLING: dict[type, tuple[str, ...]] = {
    Account: ("balance", "available", "frozen"),
    Position: ("size", "entry_price", "leverage"),
    Order: ("status", "price", "size", "filled_size"),
}


@dataclass(slots=True, eq=False)
class _Known:
    """The last word about one thing.

    Attributes:
        message: The last word.
        touched: After how many frames it was said; 0 if it was read.
    """

    message: Message[Any]
    touched: int


class StateFeed(AccountFeed):
    """One private channel whose messages replace one another; see ``AccountFeed``."""

    def __init__(self, *args: Any, reads: StateReads | None, memory: AccountMemory) -> None:
        super().__init__(*args, reads=reads, memory=memory)
        self._reads = reads
        self._known: dict[Hashable, _Known] = {}
        self._closed: dict[Hashable, _Known] = {}
        self._frame_count = 0
        self._asked_at = 0  # how many frames had come when the state was asked for
        self._was_read = False  # ever: what is new since then is news
        self._is_state_read = False  # on this connection
        self._details: deque[tuple[_Known, Detail]] = deque()
        self._incomplete: deque[Hashable] = deque()  # of which the state does not say all

    def take(self, messages: Sequence[Message[Any]]) -> Iterator[Message[Any]]:
        """Take note of what frames say; return what of it is news."""
        for message in messages:
            self._frame_count += 1
            known = self._entry(message)
            try:
                told = self._venue.followed(message, None if known is None else known.message)
            except DecodeError as exc:
                self.complain(b"", exc)
                continue
            if told is None:
                continue  # it is known already
            message = told
            if known is not None and _is_overtaken(message, known):
                self.counters.stale += 1
                continue
            self._keep(message, self._frame_count)
            yield message

    def begin(self, covered_ns: int) -> None:  # noqa: ARG002  # a state has no past
        """Start to read anew."""
        self._is_state_read = False
        self._details.clear()
        self._incomplete.clear()

    def next_query(self) -> Query | None:
        """Return the next question: the state, then what became of each order that is gone."""
        if self._reads is None:
            return None
        if not self._is_state_read:
            self._asked_at = self._frame_count
            return self._reads.query
        while self._incomplete:
            detail = self._more(self._incomplete[0])
            if detail is not None:
                return detail.query
            self._complete(None, 0)
        while self._details:
            known, detail = self._details[0]
            if self._entry(known.message) is known:
                return detail.query
            self._details.popleft()  # a frame has told it meanwhile
        return None

    def answered(self, query: Query, body: bytes | None, received_time_ns: int) -> None:
        """Take an answer.

        Raises:
            DecodeError: If it cannot be read.
        """
        if self._reads is not None and not self._is_state_read:
            items = self._reads.read(body or b"", received_time_ns)
            self._symbols.update(item.symbol for item in items if item.symbol)
            self._merge(self._reads, items, received_time_ns)
            self._is_state_read = self._was_read = True
            self._incomplete.extend(identity for identity in self._known if self._more(identity))
            if not self._incomplete:
                self.release()
        elif self._incomplete:
            self._complete(body, received_time_ns)
        elif self._details and self._details[0][1].query is query:
            known, detail = self._details[0]
            if self._entry(known.message) is known:
                if body is None:
                    self._tell_unknown(known.message, received_time_ns)
                else:
                    self._learn(detail.read(body, received_time_ns), known)
            self._details.popleft()

    def put_back(self) -> None:
        """Ask about another order first: this one's answer may never be readable."""
        self._incomplete.rotate(-1)
        self._details.rotate(-1)

    def welcome(self, push: Push) -> None:
        """Let a reader start from the state, unless it is about to be read for all."""
        if self.can_seed and self._is_state_read:
            self.line_up((_as_state(known.message) for known in self._known.values()), push)

    def interrupted(self) -> None:
        """Publish what came; once there is a connection again the state is read anew."""
        super().interrupted()
        self._is_state_read = False
        self._details.clear()
        self._incomplete.clear()

    # How frames and answers become one.

    def _merge(
        self, reads: StateReads, items: Sequence[Message[Any]], received_time_ns: int
    ) -> None:
        """Line up what is news since the last word, oldest first, then the whole state."""
        news, state = [], []
        for item in items:
            known = self._entry(item)
            is_news = self._was_read if known is None else self._is_newer(item, known)
            is_same = known is not None and not is_news
            if not is_same or self._may_refresh(item):
                self._keep(item, 0)
            if is_news:
                news.append(_as_news(item))
            last = self._entry(item)
            if last is not None and not _is_over(last.message):
                state.append(_as_state(last.message))
        news += self._gone(reads, items, received_time_ns)
        self.line_up(sorted(news, key=lambda message: message.timestamp))
        self.line_up(state)

    def _more(self, identity: Hashable) -> Detail | None:
        """Return how to ask for what the state did not say of a thing, or None."""
        known = self._known.get(identity)
        reads = self._reads
        if known is None or not isinstance(reads, SummingReads):
            return None
        return reads.more(known.message)

    def _complete(self, body: bytes | None, received_time_ns: int) -> None:
        """Take what the state did not say of the next thing; frames wait until all is said."""
        identity = self._incomplete[0]
        detail, known = self._more(identity), self._known.get(identity)
        if detail is not None and known is not None and body is not None:
            whole = detail.read(body, received_time_ns)
            self._keep(whole, known.touched)
            if _differs(whole.data, known.message.data):
                self.line_up((_as_news(whole),))
        self._incomplete.popleft()
        if not self._incomplete:
            self.release()

    def _may_refresh(self, item: Message[Any]) -> bool:
        """Tell whether an answer may stand for the same word: it says what frames leave out."""
        known = self._entry(item)
        return known is not None and known.touched <= self._asked_at and not _is_over(known.message)

    def _gone(
        self, reads: StateReads, items: Sequence[Message[Any]], received_time_ns: int
    ) -> list[Message[Any]]:
        """Find out what is in the state no more; return what can be said without asking."""
        told = {each.data.identity for each in (*items, *self._held)}
        news = []
        for identity, known in tuple(self._known.items()):
            if identity in told or known.touched > self._asked_at:
                continue  # the frames that came since then say what becomes of it
            became = reads.became(known.message, received_time_ns)
            if isinstance(became, Detail):
                self._details.append((known, became))
            elif became is not None and _differs(became.data, known.message.data):
                self._keep(became, 0)
                news.append(became)
        return news

    def _learn(self, message: Message[Any], known: _Known) -> None:
        """Take what the venue says about one order that is not among the open ones."""
        if self._is_newer(message, known):
            self._keep(message, 0)
            self.line_up((_as_news(message),))

    def _tell_unknown(self, message: Message[Any], received_time_ns: int) -> None:
        del self._known[message.data.identity]
        self.counters.gaps += 1
        cause = (
            f"order {message.data.identity} of {message.symbol} is open no more, and the venue"
            " does not say what became of it"
        )
        self._announce("gap", self, received_time_ns, cause=cause)

    def _is_newer(self, item: Message[Any], known: _Known) -> bool:
        """Tell whether an answer says more than the last word did."""
        if not _differs(item.data, known.message.data):
            return False
        before, after = _progress(known.message), _progress(item)
        if before != after:
            return after > before
        said_ns, known_ns = item.exchange_time_ns, known.message.exchange_time_ns
        if said_ns is not None and known_ns is not None and said_ns != known_ns:
            return said_ns > known_ns
        return known.touched <= self._asked_at

    def _entry(self, message: Message[Any]) -> _Known | None:
        identity = message.data.identity
        return self._known.get(identity) or self._closed.get(identity)

    def _keep(self, message: Message[Any], touched: int) -> None:
        identity = message.data.identity
        self._known.pop(identity, None)
        self._closed.pop(identity, None)
        if _is_over(message):
            self._closed[identity] = _Known(message, touched)
            if len(self._closed) > _MAX_CLOSED:
                del self._closed[next(iter(self._closed))]
        else:
            self._known[identity] = _Known(message, touched)


def _is_over(message: Message[Any]) -> bool:
    """Tell whether a thing is in the state no more; balances stay in it for ever."""
    data = message.data
    if isinstance(data, Order):
        return data.is_final
    return isinstance(data, Position) and not data.size


def _progress(message: Message[Any]) -> tuple[Any, ...]:
    """Return how far an order's life went, which no later word takes back; nothing else has it."""
    data = message.data
    return (data.is_final, data.filled_size or 0) if isinstance(data, Order) else ()


def _is_overtaken(message: Message[Any], known: _Known) -> bool:
    """Tell whether a frame says less than what is known: it was on its way when that was read."""
    is_back_to_life = _progress(message)[:1] < _progress(known.message)[:1]
    if known.touched or is_back_to_life:
        return is_back_to_life
    before, after = _progress(known.message), _progress(message)
    if before != after:
        return after < before
    said_ns, known_ns = message.exchange_time_ns, known.message.exchange_time_ns
    return said_ns is not None and known_ns is not None and said_ns < known_ns


def _differs(one: Any, other: Any) -> bool:
    """Tell whether two payloads of a kind say different things, as far as both say them."""
    for kind, names in _TELLING.items():
        if isinstance(one, kind):
            pairs = ((getattr(one, name), getattr(other, name)) for name in names)
            return any(a != b for a, b in pairs if a is not None and b is not None)
    return True


def _as_news(message: Message[Any]) -> Message[Any]:
    return message.model_copy(update={"is_snapshot": False}) if message.is_snapshot else message


def _as_state(message: Message[Any]) -> Message[Any]:
    return message if message.is_snapshot else message.model_copy(update={"is_snapshot": True})
