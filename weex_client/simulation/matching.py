"""One symbol's matching by price and time. Who can pay, and who is told, is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from weex_client.simulation.limit_book import BookSide, BookSideName
from weex_client.simulation.orders import RestingOrder
from weex_client.simulation.outside_book import OutsideSide

__all__ = ["Hit", "Matcher", "Plan"]


# Removed triggers that may lie about before they are looked for; a heap has no cheap removal.
_MAX_REMOVED = 64


class Hit(NamedTuple):
    """One thing that a taker would hit: an order, or somebody outside (None)."""

    price: int
    lots: int
    order: RestingOrder | None


class Plan(NamedTuple):
    """What a taker would do, before anybody has done it.

    Attributes:
        hits: In order of price and time.
        own: The taker's own orders in its way: they are cancelled, the taker goes on.
        lots: Sum of the hits.
        is_complete: True if nothing of the order would be left.
    """

    hits: list[Hit]
    own: list[RestingOrder]
    lots: int
    is_complete: bool


class _Side:
    """Resting orders of one side: lots by level, and the queue of each level, oldest first."""

    __slots__ = ("levels", "outside", "queues")

    def __init__(self, sign: int) -> None:
        self.levels = BookSide(sign)
        self.queues: dict[int, dict[str, RestingOrder]] = {}
        self.outside = OutsideSide(sign)

    def add(self, key: int, order: RestingOrder) -> None:
        self.levels.set(key, self.levels.lots.get(key, 0) + order.remaining)
        self.queues.setdefault(key, {})[order.order_id] = order

    def reduce(self, key: int, order: RestingOrder, lots: int, *, is_gone: bool) -> None:
        self.levels.set(key, self.levels.lots[key] - lots)
        if is_gone:
            queue = self.queues[key]
            del queue[order.order_id]
            if not queue:
                del self.queues[key]

    def walk(self, lowest: int | None) -> Iterator[tuple[int, int, RestingOrder | None]]:
        """Yield key, lots and order of all that a taker may hit, best price and oldest first.

        At one price, whoever is outside was there before us: nothing tells our place in a queue.
        """
        ours, theirs = self.levels.keys, self.outside.shown.keys
        i, j = len(ours) - 1, len(theirs) - 1
        while i >= 0 or j >= 0:
            is_outside = i < 0 or (j >= 0 and theirs[j] >= ours[i])
            key = theirs[j] if is_outside else ours[i]
            if lowest is not None and key < lowest:
                return
            if is_outside:
                j -= 1
                if lots := self.outside.available(key):
                    yield key, lots, None
            else:
                i -= 1
                for order in self.queues[key].values():
                    yield key, order.remaining, order


class Matcher:
    """Match the orders of one symbol with each other and with a book that is watched.

    Sides share the code by keys, as in ``BookSide``. Matching is planned first and carried out
    then, so that somebody can refuse in between.
    """

    def __init__(self) -> None:
        self._bids, self._asks = _Side(1), _Side(-1)
        self._rising: list[tuple[int, int, RestingOrder]] = []
        self._falling: list[tuple[int, int, RestingOrder]] = []
        self._waiting: dict[str, None] = {}
        self._count = 0
        self.last: int | None = None

    # What rests.

    def best(self, name: BookSideName) -> int | None:
        """Return the best price in ticks that a taker would get, or None."""
        side = self._bids if name == "bid" else self._asks
        for key, _, _ in side.walk(None):
            return key * side.levels.sign
        return None

    def levels(self, name: BookSideName, count: int) -> dict[int, int]:
        """Return resting lots by price, best first, of orders alone."""
        return (self._bids if name == "bid" else self._asks).levels.top(count)

    @property
    def is_idle(self) -> bool:
        """Tell whether no order waits here for anything."""
        return not (self._bids.levels.keys or self._asks.levels.keys or self._waiting)

    @property
    def has_triggers(self) -> bool:
        """Tell whether an order waits for its trigger."""
        return bool(self._waiting)

    def rest(self, order: RestingOrder) -> None:
        """Put an order into its queue; it must cross nothing."""
        side, key = self._place(order)
        side.add(key, order)

    def await_trigger(self, order: RestingOrder) -> None:
        """Keep an order until the last price reaches its trigger."""
        if order.trigger is None:
            raise ValueError("the order has no trigger")
        self._count += 1
        self._waiting[order.order_id] = None
        if rises(order):
            heappush(self._rising, (order.trigger, self._count, order))
        else:
            heappush(self._falling, (-order.trigger, self._count, order))

    def remove(self, order: RestingOrder) -> None:
        """Take an order out, wherever it waits; its fills stay."""
        if order.order_id in self._waiting:
            del self._waiting[order.order_id]
            self._drop_removed()
            return
        side, key = self._place(order)
        side.reduce(key, order, order.remaining, is_gone=True)

    def _drop_removed(self) -> None:
        """Forget orders that were removed from between others, once they are the most."""
        if len(self._rising) + len(self._falling) > 2 * len(self._waiting) + _MAX_REMOVED:
            for heap in (self._rising, self._falling):
                heap[:] = [entry for entry in heap if entry[2].order_id in self._waiting]
                heapify(heap)

    def shrink(self, order: RestingOrder, lots: int) -> None:
        """Make a resting order smaller; it keeps its place."""
        side, key = self._place(order)
        order.lots -= lots
        side.reduce(key, order, lots, is_gone=False)

    def _place(self, order: RestingOrder) -> tuple[_Side, int]:
        if order.price is None:
            raise ValueError("an order without price cannot rest")
        side = self._bids if order.is_buy else self._asks
        return side, order.price * side.levels.sign

    # A taker.

    def plan(
        self,
        taker: RestingOrder,
        capacity: Callable[[RestingOrder], int | None] = lambda _: None,
    ) -> Plan:
        """Return what an order would hit now.

        Args:
            taker: An order that does not rest.
            capacity: How many lots a resting order's owner can still close with it; None where
                it is not bound to an open position.
        """
        side = self._asks if taker.is_buy else self._bids
        sign = side.levels.sign
        lowest = None if taker.price is None else taker.price * sign
        hits: list[Hit] = []
        own: list[RestingOrder] = []
        wanted, spend, total = taker.remaining, taker.spend, 0
        is_complete = False
        closed: dict[str, int] = {}
        for key, available, order in side.walk(lowest):
            price, lots = key * sign, available
            if order is not None:
                if order.account == taker.account:
                    own.append(order)
                    continue
                bound = capacity(order)
                if bound is not None:
                    lots = min(lots, bound - closed.get(order.account, 0))
            lots = min(lots, wanted if spend is None else spend // price)
            if lots > 0:
                hits.append(Hit(price, lots, order))
                total += lots
                wanted -= lots
                spend = None if spend is None else spend - lots * price
                if order is not None:
                    closed[order.account] = closed.get(order.account, 0) + lots
            is_complete = (wanted if spend is None else spend // price) <= 0
            if is_complete:
                break
        return Plan(hits, own, total, is_complete)

    def carry_out(self, is_buy: bool, hit: Hit) -> None:
        """Take what was planned; the taker's own figures are its owner's business."""
        side = self._asks if is_buy else self._bids
        key = hit.price * side.levels.sign
        if hit.order is None:
            side.outside.take(key, hit.lots)
        else:
            self.last = hit.price
            self._fill(side, key, hit.order, hit.lots)

    @staticmethod
    def _fill(side: _Side, key: int, order: RestingOrder, lots: int) -> None:
        order.filled += lots
        order.filled_value += lots * key * side.levels.sign
        side.reduce(key, order, lots, is_gone=order.remaining == 0)

    # What is seen outside.

    def see_book(self, bids: Mapping[int, int], asks: Mapping[int, int]) -> None:
        """Show the watched book: lots by price. ``next_crossed`` says what it fills."""
        self._bids.outside.see(bids)
        self._asks.outside.see(asks)

    def taken(self, name: BookSideName) -> dict[int, int]:
        """Return what orders took of the watched book since it was shown: lots by price."""
        return (self._bids if name == "bid" else self._asks).outside.taken

    def forget_book(self) -> None:
        """Forget the watched book: there is nothing to match with until it is seen again."""
        self._bids.outside.clear()
        self._asks.outside.clear()

    def next_crossed(self) -> Hit | None:
        """Fill, at its own price, the next resting order that the watched book crosses."""
        for side, other in ((self._bids, self._asks), (self._asks, self._bids)):
            if not side.levels.keys:
                continue
            key = side.levels.keys[-1]
            for far in reversed(other.outside.shown.keys):
                if key < -far:
                    break
                if available := other.outside.available(far):
                    hit = self._fill_first(side, key, available)
                    other.outside.take(far, hit.lots)
                    return hit
        return None

    def see_trade(self, price: int, lots: int, buyer_is_taker: bool) -> int:
        """Note somebody's trade.

        Returns:
            How many of its lots resting orders may claim: not those that we took before.
        """
        self.last = price
        side = self._asks if buyer_is_taker else self._bids
        return side.outside.use_credit(price * side.levels.sign, lots)

    def next_swept(self, price: int, lots: int) -> Hit | None:
        """Fill the next resting order that a trade at a price went through."""
        for side in (self._bids, self._asks):
            if lots and side.levels.keys and side.levels.keys[-1] > price * side.levels.sign:
                return self._fill_first(side, side.levels.keys[-1], lots)
        return None

    def _fill_first(self, side: _Side, key: int, lots: int) -> Hit:
        order = next(iter(side.queues[key].values()))
        lots = min(lots, order.remaining)
        self._fill(side, key, order, lots)
        return Hit(key * side.levels.sign, lots, order)

    def next_triggered(self) -> RestingOrder | None:
        """Return the next order whose trigger the last price has reached; it waits no more."""
        last = self.last
        if last is None:
            return None
        for heap, level in ((self._rising, last), (self._falling, -last)):
            while heap and heap[0][0] <= level:
                order = heappop(heap)[2]
                if order.order_id in self._waiting:
                    del self._waiting[order.order_id]
                    return order
        return None

    def would_trigger(self, order: RestingOrder) -> bool:
        """Tell whether the last price has reached an order's trigger already."""
        if self.last is None or order.trigger is None:
            return False
        return order.trigger <= self.last if rises(order) else order.trigger >= self.last


def rises(order: RestingOrder) -> bool:
    """Tell whether an order waits for the price to rise: a buy stop, or a profit of a long."""
    return order.is_buy == order.request.type.startswith("stop")
