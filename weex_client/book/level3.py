"""A book of every single order, by price and time. Who sends the changes is elsewhere."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from weex_client.errors import DecodeError, SequenceGapError
from weex_client.models import OrderQueue

__all__ = ["BookOrder", "OrderBook3", "OrderUpdate", "Side3"]

Side3 = Literal["buy", "sell"]


class BookOrder(NamedTuple):
    """One resting order of a snapshot."""

    order_id: str
    side: Side3
    price: Decimal
    size: Decimal


class OrderUpdate(NamedTuple):
    """What one message of a level-3 channel does to the book.

    Attributes:
        sequence: The product's counter; None for messages outside it, which do nothing.
        kind: ``open`` adds an order, ``match`` reduces it, ``done`` removes it, ``change`` sets
            size and perhaps price, ``none`` only counts.
        order_id: Which order; None where nothing is done.
        side: Of an opened order.
        price: Of an opened order, or the new one of a changed order; None if it stays.
        size: Opened, matched, or the new one of a changed order; None if it stays.
        exchange_time_ns: The venue's event time, or None.
    """

    sequence: int | None
    kind: Literal["open", "match", "done", "change", "none"]
    order_id: str | None = None
    side: Side3 | None = None
    price: Decimal | None = None
    size: Decimal | None = None
    exchange_time_ns: int | None = None


class _Side:
    """The queues of one side: price to orders, and the prices sorted so that the best is last."""

    __slots__ = ("_is_ask", "_shown", "keys", "queues")

    def __init__(self, *, is_ask: bool) -> None:
        self._is_ask = is_ask
        self.keys: list[Decimal] = []
        self.queues: dict[Decimal, dict[str, Decimal]] = {}
        # Queues as they were shown last: most do not change between two looks.
        self._shown: dict[Decimal, OrderQueue] = {}

    def key(self, price: Decimal) -> Decimal:
        """Return what sorts a price, the best last; the way back is the same."""
        return price.copy_negate() if self._is_ask else price

    def orders(self, price: Decimal) -> dict[str, Decimal]:
        """Return the queue at a price."""
        return self.queues[self.key(price)]

    def set(self, price: Decimal, order_id: str, size: Decimal) -> None:
        """Put an order at the end of its queue, or give one that is there another size."""
        key = self.key(price)
        queue = self.queues.get(key)
        if queue is None:
            queue = self.queues[key] = {}
            insort(self.keys, key)
        queue[order_id] = size
        self._shown.pop(key, None)

    def remove(self, price: Decimal, order_id: str) -> None:
        """Take an order out; an empty queue goes with its last."""
        key = self.key(price)
        queue = self.queues[key]
        del queue[order_id]
        self._shown.pop(key, None)
        if not queue:
            del self.queues[key]
            del self.keys[bisect_left(self.keys, key)]

    def best(self, count: int) -> tuple[OrderQueue, ...]:
        """Return up to ``count`` queues, best price first."""
        return tuple(map(self._queue, self.keys[: -count - 1 : -1]))

    def _queue(self, key: Decimal) -> OrderQueue:
        shown = self._shown.get(key)
        if shown is None:
            orders = tuple(self.queues[key].items())
            total = sum((size for _, size in orders), Decimal(0))
            shown = self._shown[key] = OrderQueue(self.key(key), total, orders)
        return shown


class OrderBook3:
    """A book of orders that refuses a gap.

    Empty and without sequence until the first snapshot; ``is_valid`` says whether it may be shown.
    Equal prices are one price however they are spelled: ``"10101.10"`` and ``"10101.10000000"``.
    """

    __slots__ = ("_asks", "_bids", "_orders", "is_valid", "sequence")

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._orders)

    def clear(self) -> None:
        """Forget everything, as if just made."""
        self._bids, self._asks = _Side(is_ask=False), _Side(is_ask=True)
        self._orders: dict[str, tuple[_Side, Decimal]] = {}
        self.sequence: int | None = None
        self.is_valid = False

    def replace(self, orders: Iterable[BookOrder], sequence: int) -> None:
        """Start from a snapshot.

        Args:
            orders: All resting orders; those of one price first come first.
            sequence: The sequence after which it was taken.

        Raises:
            DecodeError: If an order is there twice or has no size.
        """
        self.clear()
        for order_id, side, price, size in orders:
            self._add(order_id, side, price, size)
        self.sequence = sequence
        self.is_valid = True

    def apply(self, update: OrderUpdate) -> bool:
        """Take one message.

        Returns:
            False for what the book holds already, and for messages outside the sequence.

        Raises:
            SequenceGapError: If messages are missing before it; the book is empty then.
            DecodeError: If it cannot be: the book must be fetched anew.
        """
        sequence = update.sequence
        if sequence is None:
            return False
        last = self.sequence
        if last is None:
            raise SequenceGapError(
                "a message came before any snapshot", expected=None, received=sequence
            )
        if sequence <= last:
            return False
        if sequence != last + 1:
            self.clear()
            raise SequenceGapError(
                f"the book stands at {last}, the message is {sequence}",
                expected=last + 1,
                received=sequence,
            )
        self.sequence = sequence
        try:
            self._follow(update)
        except DecodeError:
            self.clear()
            raise
        return True

    def _follow(self, update: OrderUpdate) -> None:
        _, kind, order_id, side, price, size, _ = update
        if kind == "none" or order_id is None:
            return
        if kind == "open":
            if side is None or price is None or size is None:
                raise DecodeError(f"order {order_id} opens without side, price or size")
            self._add(order_id, side, price, size)
            return
        known = self._orders.get(order_id)
        if known is None:
            if kind == "match":
                raise DecodeError(f"order {order_id} is matched but not in the book")
            return  # it never rested
        queues, its_price = known
        if kind == "done":
            queues.remove(its_price, order_id)
            del self._orders[order_id]
        elif kind == "match":
            self._reduce(order_id, queues, its_price, size)
        else:
            self._change(order_id, queues, its_price, price, size)

    def _add(self, order_id: str, side: Side3, price: Decimal, size: Decimal) -> None:
        if order_id in self._orders:
            raise DecodeError(f"order {order_id} is in the book already")
        if size <= 0 or price <= 0:
            raise DecodeError(f"order {order_id} has price {price} and size {size}")
        queues = self._bids if side == "buy" else self._asks
        queues.set(price, order_id, size)
        self._orders[order_id] = (queues, price)

    def _reduce(self, order_id: str, queues: _Side, price: Decimal, size: Decimal | None) -> None:
        left = queues.orders(price)[order_id] - (size or 0)
        if left < 0 or not size:
            raise DecodeError(f"order {order_id} is matched for {size} and would have {left}")
        if left:
            queues.set(price, order_id, left)
        else:
            queues.remove(price, order_id)
            del self._orders[order_id]

    def _change(
        self,
        order_id: str,
        queues: _Side,
        price: Decimal,
        new_price: Decimal | None,
        new_size: Decimal | None,
    ) -> None:
        size = queues.orders(price)[order_id] if new_size is None else new_size
        if size < 0 or (new_price is not None and new_price <= 0):
            raise DecodeError(f"order {order_id} is changed to {size} at {new_price}")
        moves = new_price is not None and new_price != price
        if moves or not size:
            queues.remove(price, order_id)  # who moves loses his place
            del self._orders[order_id]
        if not size:
            return
        if moves and new_price is not None:
            price = new_price
        queues.set(price, order_id, size)
        self._orders[order_id] = (queues, price)

    # What it shows.

    def bids(self, level: int) -> tuple[OrderQueue, ...]:
        """Return up to ``level`` bid queues, highest price first."""
        return self._bids.best(level)

    def asks(self, level: int) -> tuple[OrderQueue, ...]:
        """Return up to ``level`` ask queues, lowest price first."""
        return self._asks.best(level)

    def order(self, order_id: str) -> BookOrder | None:
        """Return a resting order, or None."""
        known = self._orders.get(order_id)
        if known is None:
            return None
        queues, price = known
        side: Side3 = "buy" if queues is self._bids else "sell"
        return BookOrder(order_id, side, price, queues.orders(price)[order_id])

    def ahead_of(self, order_id: str) -> Decimal | None:
        """Return how much stands before an order in its queue, base units; None if unknown."""
        known = self._orders.get(order_id)
        if known is None:
            return None
        queues, price = known
        ahead = Decimal(0)
        for other, size in queues.orders(price).items():
            if other == order_id:
                break
            ahead += size
        return ahead
