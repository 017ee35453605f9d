"""The face of every venue's client: open, stream, look, close. What a venue is lives elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from weex_client.clock import Clock, SystemClock
from weex_client.config import StreamConfig
from weex_client.errors import ClientClosedError, UsageError
from weex_client.metrics import ChannelCounters, ClientStats, ScopeStats
from weex_client.models import (
    Account,
    BookTicker,
    Candle,
    ConnectionEvent,
    Continuity,
    Fill,
    Message,
    Order,
    OrderBookDelta,
    OrderBookView,
    Position,
    Ticker,
    Trade,
)
from weex_client.protocol import Channel, FeedKind, Scope, Topic, Venue
from weex_client.streaming.announcements import Announcements
from weex_client.streaming.budget import PROCESS_BUDGETS, Budgets
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.loop_watch import LoopWatch, check_loop
from weex_client.streaming.mailbox import Mailbox, OverflowPolicy
from weex_client.streaming.pools import Pools
from weex_client.streaming.subscription import Subscription
from weex_client.streaming.tape import TapeMachine, tape_of
from weex_client.streaming.topics import named_topics, topics_of
from weex_client.streaming.transport import Connector, WebSocketConnector

__all__ = ["StreamClient"]

# Where a newer message says all that an older one said.
_CONFLATABLE = (Channel.TICKER, Channel.BOOK, Channel.BOOK_TICKER, FeedKind.BOOK3)


class StreamClient:
    """Stream one venue's data as typed messages.

    An async context manager: entering dials the public connection, leaving closes everything.
    Every ``stream_*`` method returns a subscription at once; the venue is asked in the next
    turn of the loop, together with everything else wanted by then.

    Args:
        venue: How the venue spells things.
        config: Settings.
        connector: Another way to reach the venue than the network.
        retry_first_connect: Keep trying when the first dial fails, instead of raising.
        clock: Another clock than the system's.
        connection_per_channel: Give each kind of channel connections of its own, as the setting
            of the same name does.
        budgets: What the venue's limits leave, shared with the clients that get the same; where
            None, shared with all clients of the process that go by the system's clock.
        recorder: Keeps all that passes on the lines.

    Attributes:
        clock: The time that everything here goes by, and programs should: a tape's in a replay.
    """

    def __init__(
        self,
        venue: Venue,
        config: StreamConfig,
        *,
        connector: Connector | None = None,
        retry_first_connect: bool = False,
        clock: Clock | None = None,
        connection_per_channel: bool = False,
        budgets: Budgets | None = None,
        recorder: TapeMachine | None = None,
    ) -> None:
        way = connector or WebSocketConnector()
        self.clock = clock or tape_of(way).clock or SystemClock()
        if recorder is not None:
            way = recorder.wrap(venue, config, way, self.clock)
        self._tape = tape_of(way)
        self._venue = self._tape.adapted(venue, config)
        self._config = config
        self._connector = way
        self._retry_first_connect = retry_first_connect
        self._per_channel = connection_per_channel or config.connection_per_channel
        if budgets is None:
            # Another clock's seconds say nothing about the process's.
            is_system = isinstance(self.clock, SystemClock)
            budgets = PROCESS_BUDGETS if is_system else Budgets()
        self._budgets = budgets
        self._pools: Pools | None = None
        self._counters: dict[str, ChannelCounters] = {}
        self._ledger = Ledger()
        self._announcements = Announcements(self.clock, self._tape.happened)
        self._watch = LoopWatch(self.clock, self._announcements.emit)
        self._last_stats: dict[str, ScopeStats] = {}
        self._opening = asyncio.Lock()
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Dial the public connection; does nothing on an open client.

        Raises:
            ConnectError: If the address does not answer, or refuses.
            ConfigError: If the address is none.
            RateLimitedError: If the address has its connections or its dials already.
        """
        async with self._opening:
            if self._is_open:
                return
            await self.disconnect()  # to its end, if an earlier call was cancelled
            # Kept if this fails: cancelled twice, it is still closing, and ``disconnect`` waits.
            pools = self._pools = self._make_pools()
            await pools.open(retry_first_connect=self._retry_first_connect)
            self._is_open = True

    async def disconnect(self) -> None:
        """End every stream, close every connection and leave no task behind. Idempotent."""
        self._is_open = False
        pools = self._pools
        if pools is not None:
            pools.end()  # all of them before the first wait, which may be cancelled
        self._announcements.end()
        if pools is not None:
            await pools.close()
            if self._pools is pools:
                self._last_stats |= pools.stats()
                self._pools = None
                self._tape.closed()

    @property
    def is_connected(self) -> bool:
        """True while the client is open, unless a connection that is needed is down."""
        return self._is_open and self._pools is not None and self._pools.is_connected

    def stats(self) -> ClientStats:
        """Return a frozen picture of what was received, dropped and lost so far."""
        return ClientStats(
            scopes=self._last_stats | ({} if self._pools is None else self._pools.stats()),
            channels={name: counters.picture() for name, counters in self._counters.items()},
        )

    def continuity(self) -> tuple[Continuity, ...]:
        """Return how much of the time each channel of each symbol was known to be complete.

        In the order in which they were first wanted, and also of what is streamed no more.
        Messages that a slow reader dropped are no holes: see ``stats()``.
        """
        return self._ledger.report(self.clock.monotonic(), self.clock.time_ns())

    def events(self) -> Subscription[ConnectionEvent]:
        """Stream what happens to connections and subscriptions, from now on.

        Raises:
            ClientClosedError: If the client is not open.
        """
        self._opened()
        return self._announcements.subscribe()

    def stream_tickers(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Ticker]]:
        """Stream statistics of the last 24 hours.

        Args:
            symbols: One symbol or several; one subscription over all of them.
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            UsageError: If no symbol is named.
            UnsupportedChannelError: If the venue has no such channel.
            ClientClosedError: If the client is not open.
        """
        return self._subscribe(topics_of(Channel.TICKER, symbols), queue_size, overflow)

    def stream_trades(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Trade]]:
        """Stream everybody's executions with the taker's side, each once, oldest first.

        History that the venue replays on subscribing comes with ``is_snapshot=True``, to the
        first reader of a symbol. Arguments and errors as for ``stream_tickers``.
        """
        return self._subscribe(topics_of(Channel.TRADES, symbols), queue_size, overflow)

    def stream_order_book(
        self,
        symbol: str,
        level: int = 5,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[OrderBookView]]:
        """Stream a complete order book, never torn and never across a gap.

        Args:
            symbol: One symbol.
            level: Levels a side of each view.
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            UsageError: If no symbol is named.
            UnsupportedChannelError: If the venue has no book of so many levels.
            ClientClosedError: If the client is not open.
        """
        return self._subscribe(topics_of(Channel.BOOK, symbol, level=level), queue_size, overflow)

    def stream_order_book_deltas(
        self,
        symbol: str,
        level: int = 200,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[OrderBookDelta]]:
        """Stream the raw snapshot and changes, for those who keep their own book.

        ``is_snapshot`` tells a snapshot, which may come again at any time and replaces all.
        A dropped change tears your book: watch ``dropped``, or pass another ``overflow``.
        Arguments and errors as for ``stream_order_book``; ``level`` is one the venue sends.
        """
        topics = topics_of(Channel.BOOK_DELTAS, symbol, level=level)
        return self._subscribe(topics, queue_size, overflow)

    def stream_candles(
        self,
        symbols: str | Sequence[str],
        interval: str = "1m",
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Candle]]:
        """Stream the forming candle and, once, each closed one (``data.is_closed``).

        History comes first, with ``is_snapshot=True``; who joins a symbol and interval that is
        streamed already starts from the forming candle. A closed candle that the venue corrects
        comes again, and replaces the earlier one. ``interval`` is spelled as the venue
        does; other arguments and errors as for ``stream_tickers``.
        """
        topics = topics_of(Channel.CANDLES, symbols, interval=interval)
        return self._subscribe(topics, queue_size, overflow)

    def stream_book_tickers(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[BookTicker]]:
        """Stream best bid and ask. Arguments and errors as for ``stream_tickers``."""
        return self._subscribe(topics_of(Channel.BOOK_TICKER, symbols), queue_size, overflow)

    def stream_account(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[Account]]:
        """Stream the account's balances: as they are (``is_snapshot=True``), then as they change.

        After every reconnection what has changed meanwhile comes as news, and then the state
        once more; so it is with positions and orders.

        Raises:
            ConfigError: If there are no credentials; the text names the settings.
            UnsupportedChannelError: If the venue has no such channel.
            ClientClosedError: If the client is not open.
        """
        return self._subscribe((Topic(Channel.ACCOUNT),), queue_size, overflow)

    def stream_positions(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[Position]]:
        """Stream the account's positions: as they are now, then as they change.

        A position that is closed comes once more, with size zero. Where the venue does not say
        what positions are worth, ``mark_price`` and ``unrealized_pnl`` are computed from the
        ticker of each, once a second at most; None until there is one.
        Errors as for ``stream_account``.
        """
        return self._subscribe((Topic(Channel.POSITIONS),), queue_size, overflow)

    def stream_orders(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[Order]]:
        """Stream the account's orders: those that are open now, then as they change.

        Errors as for ``stream_account``.
        """
        return self._subscribe((Topic(Channel.ORDERS),), queue_size, overflow)

    def stream_fills(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[Fill]]:
        """Stream the account's executions from now on, each once, also across reconnections.

        Errors as for ``stream_account``.
        """
        return self._subscribe((Topic(Channel.FILLS),), queue_size, overflow)

    def stream(
        self,
        channel: str,
        symbols: str | Sequence[str] = (),
        *,
        level: int | None = None,
        interval: str | None = None,
        queue_size: int | None = None,
        overflow: OverflowPolicy | None = None,
    ) -> Subscription[Message[Any]]:
        """Stream a channel by its name in ``message.channel``, be it this venue's alone.

        With symbols, unless it is one stream over all; the rest as in the calls of their own.
        """
        topics = named_topics(self._venue, channel, symbols, level=level, interval=interval)
        if overflow is None:
            is_market = self._venue.scope(topics[0].channel) is Scope.PUBLIC
            overflow = OverflowPolicy.DROP_OLDEST if is_market else OverflowPolicy.RAISE
        return self._subscribe(topics, queue_size, overflow)

    def _subscribe(
        self, topics: tuple[Topic, ...], queue_size: int | None, overflow: OverflowPolicy
    ) -> Subscription[Any]:
        """Give a reader its queue and let it listen to some topics of one channel."""
        channel = topics[0].channel
        if overflow == OverflowPolicy.CONFLATE and channel not in _CONFLATABLE:
            raise UsageError(
                f"{channel} cannot be conflated, each message is news: choose another overflow"
                f" policy, or one of {', '.join(_CONFLATABLE)}"
            )
        check_loop()
        feeds = [self._venue.feed(topic) for topic in topics]  # says what the venue lacks
        if any(map(self._venue.needs_credentials, feeds)):
            self._venue.check_credentials()
        door = self._opened().door(channel)
        size = self._config.queue_size if queue_size is None else queue_size
        if size < 1:
            raise UsageError("queue_size must be at least 1")
        symbol = topics[0].symbol if len(topics) == 1 else None
        tell_overflow = self._announcements.tell_overflow
        mailbox = Mailbox(
            size,
            self._tape.overflow(OverflowPolicy(overflow)),
            self._channel_counters(channel.value),
            gate=door.gate,
            on_overflow=lambda mailbox: tell_overflow(mailbox, door, channel, symbol),
            on_release=lambda mailbox: door.leave(topics, mailbox),
        )
        door.join(topics, mailbox)
        self._tape.reads(mailbox)
        return Subscription(mailbox)

    def _opened(self) -> Pools:
        if not self._is_open or self._pools is None:
            raise ClientClosedError(
                "the client is not open: use 'async with client', or await client.connect() first"
            )
        return self._pools

    def _make_pools(self) -> Pools:
        return Pools(
            self._venue,
            self._config,
            self._connector,
            self.clock,
            self._budgets,
            self._channel_counters,
            self._announcements.emit,
            self._ledger,
            self._watch,
            per_channel=self._per_channel,
        )

    def _channel_counters(self, channel: str) -> ChannelCounters:
        return self._counters.setdefault(channel, ChannelCounters())
