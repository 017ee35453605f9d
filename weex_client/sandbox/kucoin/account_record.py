"""One spot account as KuCoin tells of it: frames for who listens, rows for who asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final

from weex_client.protocol import Channel
from weex_client.sandbox.branch import Branch, Deposit
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.simulation.account_events import (
    AccountEvent,
    BalanceChange,
    FillEvent,
    OrderState,
)
from weex_client.simulation.desk import Desk
from weex_client.simulation.orders import FINAL
from weex_client.venues.kucoin import KucoinChannel
from weex_client.venues.kucoin import mirror_private as mirror
from weex_client.venues.kucoin.channels import (
    BALANCES,
    OLD_ORDERS,
    ORDERS,
    PRIVATE_TOPICS,
    STOP_ORDERS,
)

__all__ = ["HOUSE_STOP_NS", "TOPICS", "AccountRecord", "Clerk"]

TOPICS: Final[dict[str, StrEnum]] = {
    BALANCES: Channel.ACCOUNT,
    ORDERS: Channel.ORDERS,
    STOP_ORDERS: KucoinChannel.STOP_ORDERS,
}

# What the older topic of orders does not tell.
_RECEIVED: Final = '"type":"received"'

# How often the house trader's stop order is moved.
HOUSE_STOP_NS: Final = 10_000_000_000

# REST shows the newest ones; a client that was away reads back a few minutes.
_FILLS_KEPT: Final = 10_000


class AccountRecord:
    """Turn what happens to an account into the venue's frames, for whoever listens.

    Attributes:
        desk: The account's orders and ledger.
        fills: The newest fills, oldest first.
        listeners: Who gets the frames of each topic.
    """

    def __init__(self, branch: Branch, desk: Desk) -> None:
        self.desk = desk
        self.fills: deque[mirror.FillFigures] = deque(maxlen=_FILLS_KEPT)
        self.listeners: dict[str, dict[Connection, None]] = {topic: {} for topic in PRIVATE_TOPICS}
        self._branch = branch
        # Of each order that is alive: filled size and value, as its frames have told.
        self._told: dict[str, tuple[Decimal, Decimal]] = {}
        self._resting: set[str] = set()
        self._stops: set[str] = set()  # orders that wait for a price, or were canceled so
        self._balances: dict[str, tuple[Decimal, Decimal]] = {}
        self._number = 0

    def tell(self, events: Sequence[AccountEvent], cause: str | None = None) -> None:
        """Send what happened, in the order of cause, to whoever listens.

        Args:
            events: What happened.
            cause: What changed balances, or None for trading.
        """
        for event in events:
            match event:
                case OrderState():
                    symbol = self.spelled(event.request.symbol)
                    self._send(self._stop_order(event), STOP_ORDERS, symbol)
                    if event.order_id not in self._stops:
                        self._send(self._order(event), ORDERS, symbol)
                case FillEvent():
                    self._send(self._fill(event), ORDERS, self.spelled(event.symbol))
                case BalanceChange():
                    self._send(self._balance(event, cause), BALANCES, None)
                case _:
                    pass  # spot has no positions

    def _send(self, texts: Iterable[str], topic: str, symbol: str | None) -> None:
        for text in texts:
            frame = OutgoingFrame(text, topic, TOPICS[topic], symbol)
            for connection in self.listeners[topic]:
                connection.send(frame)
            if topic == ORDERS and _RECEIVED not in text:
                older = OutgoingFrame(
                    text.replace(ORDERS, OLD_ORDERS, 1), OLD_ORDERS, Channel.ORDERS, symbol
                )
                for connection in self.listeners[OLD_ORDERS]:
                    connection.send(older)

    def spelled(self, symbol: str) -> str:
        """Return a traded symbol as KuCoin spells it."""
        rules = self._branch.rules(symbol)
        return f"{rules.base}-{rules.quote}"

    def _stop_order(self, state: OrderState) -> Iterator[str]:
        """Tell of an order as long as it waits for a price; until then no other topic does."""
        request, is_known = state.request, state.order_id in self._stops
        if request.trigger_price is None or state.status == "rejected":
            return
        order = self.desk.orders.get(state.order_id)
        waits = order is not None and order.trigger is not None and not order.is_final
        # A price below the market arms ``loss``, one above it ``entry``.
        kind: mirror.StopKind = "loss" if request.type.startswith("stop") else "entry"
        figures = self.figures(state)
        if waits and not is_known:
            self._stops.add(state.order_id)
            yield mirror.encode_stop_order("open", figures, kind, request.trigger_price)
        elif is_known and not waits:
            is_over = state.status == "canceled" and not state.filled_size
            event: mirror.StopEvent = "cancel" if is_over else "triggered"
            yield mirror.encode_stop_order(event, figures, kind, request.trigger_price)
            if not is_over:
                self._stops.discard(state.order_id)

    def _order(self, state: OrderState) -> Iterator[str]:
        """Tell an order's birth and its end; what fills make of it, matches have told."""
        is_new = state.order_id not in self._told
        order = self.figures(state)
        if is_new and state.status != "rejected":
            self._told[state.order_id] = (Decimal(0), Decimal(0))
            yield mirror.encode_order("received", order)
        is_final = state.status in FINAL
        if not is_final and state.order_id not in self._resting and state.status == "new":
            self._resting.add(state.order_id)
            yield mirror.encode_order("open", order)
        if is_final:
            self._told.pop(state.order_id, None)
            self._resting.discard(state.order_id)
            if state.status != "rejected":
                yield mirror.encode_order(
                    "filled" if state.status == "filled" else "canceled", order
                )

    def _fill(self, event: FillEvent) -> Iterator[str]:
        state = self.desk.state(self.desk.orders[event.order_id])
        if event.order_id not in self._told:
            self._told[event.order_id] = (Decimal(0), Decimal(0))
            fresh = self.figures(state)._replace(filled_size=Decimal(0), filled_value=Decimal(0))
            yield mirror.encode_order("received", fresh)
        size, value = self._told[event.order_id]
        self._told[event.order_id] = told = (size + event.size, value + event.notional)
        fill = mirror.FillFigures(
            event.fill_id,
            event.order_id,
            self.spelled(event.symbol),
            event.side,
            event.price,
            event.size,
            event.notional,
            event.fee,
            event.fee_currency,
            event.liquidity,
            event.time_ns,
        )
        self.fills.append(fill)
        order = self.figures(state)._replace(
            filled_size=told[0], filled_value=told[1], time_ns=event.time_ns
        )
        yield mirror.encode_order("match", order, fill)

    def _balance(self, event: BalanceChange, cause: str | None) -> Iterator[str]:
        available, hold = self._balances.get(event.currency, (Decimal(0), Decimal(0)))
        self._balances[event.currency] = (event.available, event.frozen)
        self._number += 1
        trading = "hold" if event.frozen > hold else "setted"  # as the venue spells it
        yield mirror.encode_balance(
            mirror.BalanceFigures(
                event.currency,
                event.balance,
                event.available,
                event.frozen,
                event.available - available,
                event.frozen - hold,
                cause or trading,
                self._number,
                event.time_ns,
            )
        )

    def tell_house_stop(self, symbol: str, stop_price: Decimal, time_ns: int) -> None:
        """Move the house trader's stop order, which waits so far away that it never is one.

        So that the topic has something to say, as the house trader's other orders do for theirs.
        """
        number = time_ns // HOUSE_STOP_NS
        events: tuple[tuple[mirror.StopEvent, int], ...]
        events = (("cancel", number - 1), ("open", number))
        for event, name in events:
            figures = mirror.OrderFigures(
                f"vs{name}",
                "",
                symbol,
                "sell",
                "limit",
                stop_price,
                Decimal(1),
                None,
                *(Decimal(0),) * 3,
                "",
                event == "open",
                event != "open",
                time_ns,
                time_ns,
            )
            text = mirror.encode_stop_order(event, figures, "loss", stop_price)
            self._send((text,), STOP_ORDERS, symbol)

    def note_balances(self) -> None:
        """Take what the account holds as told."""
        for currency in self.desk.ledger.wallets:
            _, available, frozen = self.desk.ledger.balance(currency)
            self._balances[currency] = (available, frozen)

    def figures(self, state: OrderState) -> mirror.OrderFigures:
        """Return an order as frames and rows have it."""
        request = state.request
        rules = self._branch.rules(request.symbol)
        return mirror.OrderFigures(
            state.order_id,
            request.client_order_id or "",
            f"{rules.base}-{rules.quote}",
            request.side,
            "market" if request.type.endswith("market") else "limit",
            state.price,
            None if request.size is None else state.size,
            request.quote_size,
            state.filled_size,
            state.filled_value,
            state.fee,
            rules.base if request.side == "buy" else rules.quote,
            state.status not in FINAL,
            state.status in ("canceled", "expired"),
            state.created_ns,
            state.updated_ns,
        )


class Clerk:
    """Write down what happens to the accounts of the spot segment."""

    def __init__(self, branch: Branch, records: dict[str, AccountRecord]) -> None:
        self._branch = branch
        self._records = records

    def opened(self, account: str, desk: Desk, balances: Mapping[str, Decimal]) -> None:  # noqa: ARG002
        """Begin a record."""
        record = self._records[account] = AccountRecord(self._branch, desk)
        record.note_balances()

    def happened(
        self, account: str, events: Sequence[AccountEvent], deposit: Deposit | None
    ) -> None:
        """Tell whoever listens to the account."""
        self._records[account].tell(events, None if deposit is None else "transfer")
