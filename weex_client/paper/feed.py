"""Reads a client's market streams into the pretend exchange. What a strategy does is elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ParamSpec

from weex_client.client import StreamClient
from weex_client.clock import Clock
from weex_client.errors import NoMarketError, TapeError, UnsupportedChannelError
from weex_client.models import ConnectionEvent, Message, OrderBookView, Trade
from weex_client.paper.account import PaperAccount
from weex_client.paper.watched_market import book_in_ticks, rules_from_book, trade_in_ticks
from weex_client.simulation import TradingRules
from weex_client.streaming.mailbox import OverflowPolicy

__all__ = ["MarketFeed"]

P = ParamSpec("P")

# As deep as the smaller stream that the venue sends; what lies behind is not matched with.
_BOOK_LEVEL = 15
# Trades are not conflated: each may fill an order. A burst of so many in one turn is counted lost.
_TRADE_QUEUE_SIZE = 10_000
_FIRST_BOOK_SECONDS = 10.0

# After these a book may be old; the next view of it says what is so.
_DOUBTS = frozenset({"gap", "stale", "disconnected", "reconnecting"})


@dataclass(slots=True)
class _Watched:
    tasks: list[asyncio.Task[None]]
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)
    past: Message[Trade] | None = None


class MarketFeed:
    """Follow symbols on a client, one task a stream.

    Args:
        client: Where the market comes from; it stays its owner's.
        account: What is filled by it.
        rules: Of symbols whose steps are known; all others are read off the first book.
        fee_rates: Maker's and taker's.
        on_change: Called after anything that may have moved prices.
        on_failure: Called with what ended a stream.
    """

    def __init__(
        self,
        client: StreamClient,
        account: PaperAccount,
        clock: Clock,
        rules: Mapping[str, TradingRules],
        fee_rates: tuple[Decimal, Decimal],
        on_change: Callable[[], Awaitable[None]],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._client = client
        self._account = account
        self._clock = clock
        self._rules = dict(rules)
        self._fee_rates = fee_rates
        self._on_change = on_change
        self._on_failure = on_failure
        self._watched: dict[str, _Watched] = {}
        self._events: asyncio.Task[None] | None = None

    def follow(self, symbols: Iterable[str]) -> None:
        """Start following symbols that are not followed yet."""
        if self._events is None:
            self._events = self._task("events", self._follow_events)
        for symbol in symbols:
            if symbol not in self._watched:
                watched = self._watched[symbol] = _Watched([])
                watched.tasks += (
                    self._task(f"book {symbol}", self._follow_book, symbol, watched),
                    self._task(f"trades {symbol}", self._follow_trades, symbol, watched),
                    self._task(f"tickers {symbol}", self._follow_tickers, symbol, watched),
                )

    async def ready(self, symbol: str) -> None:
        """Follow a symbol, and wait until its book was seen.

        Raises:
            NoMarketError: If none comes within ten seconds.
        """
        self.follow((symbol,))
        is_ready = self._watched[symbol].is_ready
        if not await self._clock.wait(is_ready, self._clock.monotonic() + _FIRST_BOOK_SECONDS):
            raise NoMarketError(f"no order book of {symbol} has come yet", symbol=symbol)

    async def close(self) -> None:
        """Stop following."""
        tasks = [task for watched in self._watched.values() for task in watched.tasks]
        if self._events is not None:
            tasks.append(self._events)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _task(
        self, name: str, follow: Callable[P, Awaitable[None]], *args: P.args, **options: P.kwargs
    ) -> asyncio.Task[None]:
        # A task that is cancelled before its first turn never calls what it was to follow.
        async def guarded() -> None:
            try:
                await follow(*args, **options)
            except Exception as exc:  # noqa: BLE001 - the top of a task; its owner ends with it
                self._on_failure(exc)

        return asyncio.create_task(guarded(), name=f"paper {name}")

    async def _follow_book(self, symbol: str, watched: _Watched) -> None:
        stream = self._client.stream_order_book(
            symbol, _BOOK_LEVEL, overflow=OverflowPolicy.CONFLATE
        )
        async with stream:
            async for message in stream:
                await self._see_book(symbol, message, watched)

    async def _see_book(
        self, symbol: str, message: Message[OrderBookView], watched: _Watched
    ) -> None:
        exchange = self._account.exchange
        if not watched.is_ready.is_set():
            if not message.data.bids and not message.data.asks:
                return  # a dead symbol's book says nothing of its digits
            await self._list(symbol, message.data)
            watched.is_ready.set()
            self._begin(symbol, watched)
        bids, asks = book_in_ticks(message.data, exchange.rules(symbol))
        events = exchange.see_book(symbol, bids, asks, self._clock.time_ns())
        if events:
            await self._account.settle(events)
            await self._on_change()

    def _begin(self, symbol: str, watched: _Watched) -> None:
        """Let the last price be the newest one of history, until somebody trades."""
        matcher = self._account.exchange.matcher(symbol) if watched.is_ready.is_set() else None
        if matcher is not None and matcher.last is None and watched.past is not None:
            rules = self._account.exchange.rules(symbol)
            matcher.last = trade_in_ticks(watched.past.data, rules)[0]

    async def _list(self, symbol: str, book: OrderBookView) -> None:
        account = self._account
        rules = self._rules.get(symbol) or rules_from_book(
            symbol, account.currency, book, *self._fee_rates
        )
        account.exchange.list_symbol(rules)
        # A resumed account keeps the steps that its orders were counted by.
        await account.note_rules(account.exchange.rules(symbol))

    async def _follow_trades(self, symbol: str, watched: _Watched) -> None:
        async with self._client.stream_trades(symbol, queue_size=_TRADE_QUEUE_SIZE) as stream:
            async for message in stream:
                if message.is_snapshot or not watched.is_ready.is_set():
                    # History fills nothing: nobody knows whether our order was there. But its
                    # newest price is the last one, to which triggers are compared at first.
                    watched.past = message
                    self._begin(symbol, watched)
                    continue
                exchange, trade = self._account.exchange, message.data
                price, lots = trade_in_ticks(trade, exchange.rules(symbol))
                now_ns = self._clock.time_ns()
                events = exchange.see_trade(
                    symbol, price, lots, now_ns, buyer_is_taker=trade.side == "buy"
                )
                self._account.board.see_price(symbol, trade.price, now_ns)
                if events:
                    await self._account.settle(events)
                    await self._on_change()

    async def _follow_tickers(self, symbol: str, watched: _Watched) -> None:
        try:
            stream = self._client.stream_tickers(symbol, overflow=OverflowPolicy.CONFLATE)
        except (UnsupportedChannelError, TapeError):
            return  # the venue has none, or none was recorded: positions have no mark then
        async with stream:
            async for message in stream:
                if not watched.is_ready.is_set():
                    continue
                price = message.data.mark_price or message.data.last
                events = self._account.exchange.see_mark(symbol, price, self._clock.time_ns())
                await self._account.settle(events)
                await self._on_change()

    async def _follow_events(self) -> None:
        async with self._client.events() as stream:
            async for event in stream:
                for symbol in self._doubted(event):
                    self._account.exchange.forget_book(symbol)

    def _doubted(self, event: ConnectionEvent) -> list[str]:
        """Return the symbols whose book may be old: nothing is taken from it until it comes."""
        is_public = event.scope == "public" and event.cause != "no subscription"
        if event.kind not in _DOUBTS or not is_public or event.channel not in (None, "book"):
            return []
        ready = [name for name, each in self._watched.items() if each.is_ready.is_set()]
        return [name for name in ready if event.symbol in (None, name)]
