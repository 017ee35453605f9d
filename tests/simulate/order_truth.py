"""What a book of single orders really was, folded by nothing that the client folds with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from weex_client.book import BookOrder, OrderUpdate

Queue = tuple[Decimal, tuple[tuple[str, Decimal], ...]]
"""A price, and the orders that rest there: name and size, first come first."""

Queues = tuple[tuple[Queue, ...], tuple[Queue, ...]]
"""Bids and asks, best price first."""


class OrderTruth:
    """Every state of a book of orders, from one answer on.

    Args:
        orders: All that rested then.
        sequence: When.
    """

    def __init__(self, orders: Iterable[BookOrder], sequence: int) -> None:
        self._orders = tuple(orders)
        self._sequence = sequence

    def states(self, updates: Iterable[OrderUpdate], wanted: Iterable[int]) -> Mapping[int, Queues]:
        """Return the book at the sequences that were wanted, as far as there was one."""
        resting = {each.order_id: each for each in self._orders}
        asked, states = set(wanted), dict[int, Queues]()
        if self._sequence in asked:
            states[self._sequence] = _queues(resting)
        for update in updates:
            if update.sequence is None or update.sequence <= self._sequence:
                continue
            _follow(resting, update)
            if update.sequence in asked:
                states[update.sequence] = _queues(resting)
        return states


def _follow(resting: dict[str, BookOrder], update: OrderUpdate) -> None:
    """Do to all orders, the eldest first, what a message says."""
    name, size = update.order_id or "", update.size or Decimal()
    known = resting.get(name)
    if update.kind == "open":
        assert update.side is not None
        assert update.price is not None
        resting[name] = BookOrder(name, update.side, update.price, size)
    elif known is None or update.kind == "none":
        return  # a market order never rested
    elif update.kind == "change":
        if update.price not in (None, known.price):
            del resting[name]  # it loses its place
            known = known._replace(price=update.price)
        resting[name] = known._replace(size=size)
    else:
        left = known.size - size if update.kind == "match" else Decimal()
        resting[name] = known._replace(size=left)
        if not left:
            del resting[name]


def _queues(resting: Mapping[str, BookOrder]) -> Queues:
    sides: dict[str, dict[Decimal, list[tuple[str, Decimal]]]] = {"buy": {}, "sell": {}}
    for order in resting.values():
        sides[order.side].setdefault(order.price, []).append((order.order_id, order.size))
    bids, asks = (
        [(price, tuple(queue)) for price, queue in sorted(sides[name].items())]
        for name in ("buy", "sell")
    )
    return tuple(bids[::-1]), tuple(asks)
