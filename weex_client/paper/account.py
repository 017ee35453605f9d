"""The paper account: exchange, scoreboard and file in step, and its readers told afterwards."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from weex_client.clock import Clock
from weex_client.errors import StateError
from weex_client.models import Message
from weex_client.paper.journal import Journal, Saved, Write, write_of
from weex_client.paper.messages import PaperFill, PaperOrder, message_of
from weex_client.paper.risk import RiskGuard
from weex_client.paper.scoreboard import Scoreboard
from weex_client.paper.series import Drawdown, Point, Series
from weex_client.paper.streams import AccountStreams
from weex_client.protocol import Channel
from weex_client.simulation import (
    AccountEvent,
    FillEvent,
    Ledger,
    OrderState,
    PretendExchange,
    TradingRules,
)

__all__ = ["ACCOUNT", "PaperAccount"]

ACCOUNT: Final = "paper"
# Orders that are over and still shown.
_ORDERS_KEPT: Final = 10_000


class _Batch(NamedTuple):
    writes: list[Write]
    messages: list[tuple[Channel, Message[Any]]]
    done: asyncio.Future[None]


class PaperAccount:
    """Keep what happens: first in the file, if there is one, then told to everybody.

    Money and positions in memory are ahead of the file by what is being written; orders and
    fills are shown, and told, only once they are there.
    """

    def __init__(
        self,
        ledger: Ledger,
        currency: str,
        balance: Decimal,
        clock: Clock,
        guard: RiskGuard,
    ) -> None:
        self.exchange = PretendExchange()
        self.desk = self.exchange.open_account(ACCOUNT, ledger)
        self.ledger = ledger
        self.currency = currency
        self.guard = guard
        self.board = Scoreboard(balance, clock.time_ns())
        self.orders: dict[str, PaperOrder] = {}
        self.streams = AccountStreams()
        self._clock = clock
        self._sequence = 0
        self._journal: Journal | None = None
        self._batches: deque[_Batch] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._failure: StateError | None = None
        ledger.deposit(currency, balance)
        self.desk.changes(0)  # readers begin with a snapshot: this is no news
        guard.look(balance, Decimal(0), clock.time_ns())

    # The file.

    async def open_file(self, path: str) -> bool:
        """Keep the account in a file from now on; resume the one that it holds.

        Returns:
            True if there was one.

        Raises:
            StateError: If the file cannot be used, or is of another kind of account.
        """
        journal = await Journal.open(path)
        try:
            saved = await journal.read()
            if saved is not None:
                self._resume(saved, path)
            else:
                await journal.commit([*self._meta(), *self._wallets()])
        except BaseException:
            await journal.close()
            raise
        self._journal = journal
        return saved is not None

    def _resume(self, saved: Saved, path: str) -> None:
        kind = type(self.ledger).__name__
        if (saved.meta["ledger"], saved.meta["currency"]) != (kind, self.currency):
            raise StateError(
                f"{path} holds a {saved.meta['ledger']} in {saved.meta['currency']},"
                f" this engine keeps a {kind} in {self.currency}",
                path=path,
            )
        for rules in saved.rules:
            self.exchange.list_symbol(rules)
        self.ledger.wallets = dict(saved.wallets)
        for symbol, body in saved.holdings.items():
            holding = self.ledger.holding(self.exchange.rules(symbol))
            for name, value in body.items():
                setattr(holding, name, value)
        self.exchange.restore(saved.orders, saved.meta["last_id"])
        for order in saved.orders:
            self._show(message_of(self.desk.state(order), 0, 0)[1].data)
        board, meta = self.board, saved.meta
        board.initial_balance = Decimal(meta["initial_balance"])
        board.started_ns = meta["started_ns"]
        board.watched_ns, board.invested_ns = meta["watched_ns"], meta["invested_ns"]
        board.max_exposure = Decimal(meta["max_exposure"])
        board.drawdown = Drawdown(*map(Decimal, meta["drawdown"]))
        board.equity = Series([Point(*point) for point in saved.equity])
        board.fills.extend(message_of(fill, 0, fill.time_ns)[1].data for fill in saved.fills)
        self._sequence = meta["sequence"]
        self.desk.written_off = Decimal(meta["written_off"])
        self.guard.restore(meta["guard"])
        self.desk.changes(0)

    def _meta(self) -> list[Write]:
        board = self.board
        drawdown = (board.drawdown.peak, board.drawdown.deepest, board.drawdown.deepest_value)
        body = {
            "version": 1,
            "ledger": type(self.ledger).__name__,
            "currency": self.currency,
            "initial_balance": str(board.initial_balance),
            "started_ns": board.started_ns,
            "last_id": self.exchange.last_id,
            "sequence": self._sequence,
            "watched_ns": board.watched_ns,
            "invested_ns": board.invested_ns,
            "max_exposure": str(board.max_exposure),
            "drawdown": [str(value) for value in drawdown],
            "written_off": str(self.desk.written_off),
            "guard": self.guard.saved(),
        }
        return [("meta", name, json.dumps(value)) for name, value in body.items()]

    def _wallets(self) -> list[Write]:
        return [("wallets", name, str(value)) for name, value in self.ledger.wallets.items()]

    async def close(self) -> None:
        """Write what is left, end the streams and close the file."""
        try:
            if self._journal is not None and self._failure is None:
                await self._commit(self._meta(), [])
        finally:
            self.streams.end(self._failure)
            if self._writer is not None:
                await asyncio.wait((self._writer,))
            journal, self._journal = self._journal, None
            if journal is not None:
                await journal.close()

    # What happens.

    async def settle(self, events: Iterable[AccountEvent]) -> None:
        """Keep what happened, then tell it; returns when both are done.

        A caller that is cancelled meanwhile undoes nothing: what happened, happened.

        Raises:
            StateError: If it could not be kept. The account must not be used any more.
        """
        events = list(events)
        if not events:
            return
        now_ns = self._clock.time_ns()
        messages = []
        for event in events:
            self._sequence += 1
            channel, message = message_of(event, self._sequence, now_ns)
            messages.append((channel, message))
        if self._journal is None:
            self._publish(messages)
        else:
            await self._commit(self._writes(events), messages)

    def _writes(self, events: list[AccountEvent]) -> list[Write]:
        """Return what events have changed, as it is now."""
        orders = {event.order_id for event in events if isinstance(event, OrderState)}
        writes = [write_of(self.desk.orders[key]) for key in orders if key in self.desk.orders]
        fills = [event for event in events if isinstance(event, FillEvent)]
        writes += map(write_of, fills)
        writes += map(write_of, self.ledger.holdings.values())
        return [*writes, *self._wallets(), *self._meta()]

    async def note_rules(self, rules: TradingRules) -> None:
        """Keep the rules that a symbol's orders are counted by."""
        if self._journal is not None:
            await self._commit([write_of(rules)], [])

    async def note_equity(self, time_ns: int, equity: Decimal) -> None:
        """Keep a point of the equity curve."""
        if self._journal is not None:
            await self._commit([("equity", time_ns, str(equity)), *self._meta()], [])

    def publish_now(self, events: Iterable[AccountEvent]) -> None:
        """Tell what is no news to the file, such as a position at another mark."""
        now_ns = self._clock.time_ns()
        for event in events:
            self._sequence += 1
            self.streams.publish(*message_of(event, self._sequence, now_ns))

    def snapshot(self, channel: Channel) -> list[Message[Any]]:
        """Return the messages that say what is so now; fills are news and have none."""
        now_ns = self._clock.time_ns()
        events: list[AccountEvent] = []
        if channel is Channel.ORDERS:
            events += map(self.desk.state, self.desk.open_orders.values())
        elif channel is Channel.POSITIONS and self.ledger.has_positions:
            held = [each for each in self.ledger.holdings.values() if each.size]
            events += (self.desk.position(holding, now_ns) for holding in held)
        elif channel is Channel.ACCOUNT:
            events += self.desk.balances(now_ns)
        return [message_of(event, self._sequence, now_ns, is_snapshot=True)[1] for event in events]

    def _show(self, order: PaperOrder) -> None:
        if order.order_id not in self.orders and len(self.orders) >= _ORDERS_KEPT:
            over = next((o for o in self.orders if o not in self.desk.open_orders), None)
            if over is not None:
                del self.orders[over]
        self.orders[order.order_id] = order

    async def _commit(
        self, writes: list[Write], messages: list[tuple[Channel, Message[Any]]]
    ) -> None:
        if self._failure is not None:
            raise self._failure
        batch = _Batch(writes, messages, asyncio.get_running_loop().create_future())
        self._batches.append(batch)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="paper-journal")
        await asyncio.shield(batch.done)

    async def _write(self) -> None:
        """Write all that waits in one transaction after the other, then tell it."""
        journal = self._journal
        while self._batches and journal is not None:
            batches = list(self._batches)
            self._batches.clear()
            try:
                await journal.commit([write for batch in batches for write in batch.writes])
            except StateError as exc:
                self._fail(exc, [*batches, *self._batches])
                return
            for batch in batches:
                self._publish(batch.messages)
                batch.done.set_result(None)

    def _fail(self, error: StateError, batches: list[_Batch]) -> None:
        self._failure = error
        self._batches.clear()
        for batch in batches:
            batch.done.set_exception(error)
            batch.done.exception()  # who waits gets it; who was cancelled needs no warning

    def _publish(self, messages: list[tuple[Channel, Message[Any]]]) -> None:
        for channel, message in messages:
            if isinstance(message.data, PaperOrder):
                self._show(message.data)
            elif isinstance(message.data, PaperFill):
                self.board.fills.append(message.data)
            self.streams.publish(channel, message)
