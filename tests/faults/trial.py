"""One run of one fault: streams of every kind, the fault at a random moment, what came of it."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from tests.faults.terms import Fault, Leave, Outcome, Told, Trouble, Watched
from tests.simulate.loop import SimulatedLoop
from tests.simulate.network import Weather
from tests.simulate.tamper import Change, TamperedWay
from tests.simulate.witness import NS, Witness
from tests.simulate.world import SYMBOLS, World
from weex_client import OverflowPolicy, Subscription
from weex_client.errors import (
    SlowConsumerError,
    SubscriptionRejectedError,
    WeexClientError,
)
from weex_client.models import ConnectionEvent
from weex_client.sandbox.fault_log import FaultKind
from weex_client.simulation import STEP_NS

# What tells a trader that something is, or was, not right.
_TELLING = (
    "gap",
    "stale",
    "disconnected",
    "reconnecting",
    "resubscribed",
    "rejected",
    "slow_consumer",
    "gave_up",
)

# What comes late, twice or in a wrong order comes within this time.
_AFTERMATH_SECONDS = 5.0


class FedUpError(Exception):
    """What a user's program raises while it reads."""


class Trial(World):
    """A world in which one thing goes wrong.

    Attributes:
        slack_seconds: How much earlier a frame may have been sent than the log's next step.
        signs_dials: Whether some dials of ``ask_privately`` carry credentials.
    """

    slack_seconds = 0.0
    signs_dials = True

    def __init__(self, loop: SimulatedLoop, outcome: Outcome, fault: Fault) -> None:
        super().__init__(
            loop, outcome, 86_400.0, lambda way: TamperedWay(way, lambda each: self.tamper(each))
        )
        self.random = Random(f"{outcome.fault}/{outcome.seed}")
        self.market = self.random.choice(("contract", "spot"))
        self.symbols = tuple(self.random.sample(SYMBOLS, 2))
        self.loop = loop
        self.outcome = outcome
        self.fault = fault
        self.watched = self._streams()
        self.trouble = Trouble(0.0, 0.0)
        self.tamper: Change = lambda frame: [frame]
        self.is_over = asyncio.Event()  # streams that were ended may be opened again
        self._ahead_ns = 0
        self._told: list[tuple[float, ConnectionEvent]] = []
        self._news = asyncio.Event()

    def _streams(self) -> list[Watched]:
        first, second = self.symbols
        streams = [
            Watched("ticker", self.symbols, None, "ticker"),
            Watched("trades", self.symbols, None, "trade"),
            Watched("book", (first,), 15, "depth15"),
            Watched("book", (second,), 5, "depth15"),
            Watched("book_deltas", (first,), 200, "depth200"),
            Watched("candles", (first,), "1m", "kline_1m"),
        ]
        if self.market == "spot":
            streams.append(Watched("bookticker", (second,), None, "bookTicker"))
        if self.fault.overflow is not None:
            fit, size = streams, self.random.choice((1, 2, 10))
            if self.fault.overflow is OverflowPolicy.CONFLATE:
                fit = [each for each in streams if each.channel in ("ticker", "book")]
            if self.fault.overflow is OverflowPolicy.RAISE:
                # History, 20 trades or 300 candles in one frame, must not be what runs over.
                fit, size = [each for each in streams if each.channel != "candles"], 50
            self.sleeper = self.random.choice(fit)
            self.sleeper.options = {"overflow": self.fault.overflow, "queue_size": size}
        for watched in streams:
            watched.awake.set()
        return streams

    # What faults ask for.

    def now(self) -> float:
        """Return the true time, Unix seconds: what the wall clock would show if nobody set it."""
        return (time.time_ns() - self.loop.wall_jump_ns) / NS

    def at_client(self, market_time_ns: int) -> float:
        """Return the client's time of a moment at the exchange."""
        return (market_time_ns - self._ahead_ns) / NS

    async def until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Look often whether something is so; return False if it was not, for so long."""
        ends = self.loop.time() + seconds
        while not is_so():
            if self.loop.time() >= ends:
                return False
            await asyncio.sleep(0.02)  # simulated
        return True

    async def expect(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so, as it must be before long."""
        if not await self.until(is_so, self.fault.limit_seconds):
            self.complain(f"{what} did not happen")

    def live_streams(self, *kinds: str) -> list[str]:
        """Return what is subscribed, as the venue spells it."""
        held = {name for each in self.exchange.connections for name in each.streams}
        return sorted(name for name in held if not kinds or name.split("@")[1] in kinds)

    def log_time(self, kind: FaultKind, number: int = -1) -> float:
        """Return the client's time of something in the exchange's log."""
        return self.at_client(self.exchange.faults.log.of(kind)[number].market_time_ns)

    def has_been_told(self, *kinds: str) -> bool:
        """Tell whether the client has announced something of these kinds."""
        return any(event.kind in kinds for _, event in self._told)

    async def ask_privately(self) -> None:
        """Dial with credentials, which must turn up nowhere."""
        try:
            async with asyncio.timeout(60.0):
                async for message in self.client.stream_orders():
                    self.check_secrets(repr(message), "an order")
        except (WeexClientError, TimeoutError) as exc:
            self.meet(exc)

    # The run.

    def hear(self, event: ConnectionEvent) -> None:
        """Take note of what the client tells, and of when it was heard."""
        super().hear(event)
        self._told.append((self.now(), event))
        self._news.set()

    def note_clock(self) -> None:
        """Remember by how much the exchange is ahead; what counts is the begin."""
        if not self._ahead_ns:
            self._ahead_ns = (self.exchange._start_time_ns or 0) - time.time_ns()

    async def _trade(self) -> None:
        self.note_clock()
        self.client = self._make_client()
        await self.client.connect()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_events())
            for watched in self.watched:
                group.create_task(self._read(watched))
            await self.ask_privately()
            await asyncio.sleep(self.random.uniform(5.0, 35.0))
            self.note(f"fault {self.outcome.fault}")
            self.trouble = await self.fault.act(self)
            self.note(f"over {self.trouble}")
            self.is_over.set()
            await self._recover()
            await self.ask_privately()
            await asyncio.sleep(_AFTERMATH_SECONDS)
            if self.fault.told is Told.NEVER:
                self._judge_alarms()
            self._count()
            self.check_secrets(repr(self.client) + str(self.client.stats()), "the statistics")
            self.check_secrets(repr(self.config) + str(self.config), "the settings")
            self.ends_at = self.loop.time()
            await self.client.disconnect()
        self.exchange.calm()
        self.network.weather = Weather()

    async def _read(self, watched: Watched) -> None:
        """Open a stream, read it, and open it again whenever it ended."""
        while self.loop.time() < self.ends_at:
            stream = self.open(watched)
            if stream is None:  # refused just now, and not asked for again so soon
                await asyncio.sleep(1.0)
                continue
            witness = self.witness(watched, stream)
            watched.reader = asyncio.create_task(self._follow(watched, stream, witness))
            try:
                await watched.reader
            except SlowConsumerError as exc:
                watched.raised_at.append(self.now())
                self.meet(exc)
                watched.options.pop("queue_size", None)  # as the error's text says
            except SubscriptionRejectedError as exc:
                watched.raised_at.append(self.now())
                self.meet(exc)
            except WeexClientError as exc:
                watched.raised_at.append(self.now())
                self.meet(exc)
                if not self.fault.ends_streams:
                    self.complain(f"{witness!r} ended with {exc!r}")
            except FedUpError as exc:
                self.meet(exc)
            except asyncio.CancelledError:
                if watched.leaves is not Leave.CANCELLED:
                    raise
            finally:
                watched.reader = None  # whose traceback keeps the stream
                self.note_counts(stream, witness)
                witness.is_forgotten = watched.leaves is Leave.FORGETS
                if not witness.is_forgotten:
                    await stream.aclose()
            del stream
            watched.leaves = None
            if self.fault.ends_streams and watched.raised_at:
                await self.is_over.wait()
            await asyncio.sleep(self.random.random())

    def open(self, watched: Watched) -> Subscription[Any] | None:
        """Open a stream; None where the client is closed."""
        client, symbols, options = self.client, watched.symbols, watched.options
        with suppress(WeexClientError):
            match watched.channel:
                case "ticker":
                    return client.stream_tickers(symbols, **options)
                case "bookticker":
                    return client.stream_book_tickers(symbols, **options)
                case "trades":
                    return client.stream_trades(symbols, **options)
                case "candles":
                    return client.stream_candles(symbols, watched.parameter, **options)
                case "book":
                    return client.stream_order_book(symbols[0], watched.parameter, **options)
                case _:
                    return client.stream_order_book_deltas(symbols[0], watched.parameter, **options)
        return None

    def witness(self, watched: Watched, stream: Subscription[Any]) -> Witness:
        """Return who sees what a stream gives."""
        witness = self.new_witness(watched)
        witness.opened_at, witness.overflow = self.now(), watched.options.get("overflow")
        watched.opened += 1
        self.witnesses.append(witness)
        self.mailboxes.append(weakref.ref(stream._mailbox))
        return witness

    def new_witness(self, watched: Watched) -> Witness:
        """Return who judges what a stream gives."""
        return Witness(watched.channel, watched.symbols, watched.parameter)

    async def _follow(self, watched: Watched, stream: Subscription[Any], witness: Witness) -> None:
        async for message in stream:
            if watched.channel == "book":
                # A trader looks at a book as it comes.
                _ = message.data.bids, message.data.asks
            witness.messages.append(message)
            watched.seen.append((str(message.symbol), self.now()))
            self.note(f"{message.channel} {message.symbol} {message.sequence} {message.timestamp}")
            self._news.set()
            if watched.leaves is Leave.RAISES:
                raise FedUpError
            if watched.leaves in (Leave.BREAKS, Leave.FORGETS):
                break
            await watched.awake.wait()

    def note_counts(self, stream: Subscription[Any], witness: Witness) -> None:
        """Note what a stream says of itself before it is left."""
        witness.delivered, witness.dropped = stream.delivered, stream.dropped
        witness.left_unread = stream.pending
        if stream._mailbox.overflow is OverflowPolicy.RAISE:
            witness.refused = stream.dropped
        if witness.delivered != len(witness.messages):
            self.complain(f"{witness!r} counts {witness.delivered} as delivered")

    # What came of it.

    async def _recover(self) -> None:
        """Wait until every stream that was hit is right again."""
        try:
            async with asyncio.timeout(self.fault.limit_seconds):
                while (recovered := self._recovered_at()) is None:
                    self._news.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await self._news.wait()
        except TimeoutError:
            self.complain(f"not recovered: {self._missing()}")
            return
        self.outcome.recovered_seconds = max(0.0, recovered - self.trouble.ended)
        detected = self._detected_at()
        if detected is not None:
            self.outcome.detected_seconds = max(0.0, detected - self.trouble.begun)
        elif self.fault.told is Told.ALWAYS and not self._is_counted():
            self.complain("nobody was told of it")

    def _is_counted(self) -> bool:
        """Tell whether a frame was so damaged that nobody can say whose it was."""
        return bool(self.client.stats().scopes["public"].unknown_frames)

    def _judge_alarms(self) -> None:
        """Complain of words about what was no trouble at all."""
        for at, event in self._told:
            if at >= self.trouble.begun and event.kind in _TELLING and event.scope == "public":
                self.complain(f"a false alarm: {event!r}")

    def _detected_at(self) -> float | None:
        times = [
            at
            for at, event in self._told
            if event.kind in _TELLING
            and event.scope == "public"
            and at >= self.trouble.begun - self.slack_seconds
            and self._is_hit(event.channel, event.symbol)
        ]
        times += [at for each in self.watched for at in each.raised_at if at >= self.trouble.begun]
        return min(times, default=None)

    def _is_hit(self, channel: str | None, symbol: str | None) -> bool:
        return channel is None or any(
            each.channel == channel and symbol in (None, name) for each, name in self._hit()
        )

    def _hit(self) -> Iterator[tuple[Watched, str]]:
        """Yield the streams that were hit, with each symbol."""
        streams = self.trouble.streams
        for each in self.watched:
            for spelled, symbol in each.feeds():
                if streams is None or any(name.startswith(spelled) for name in streams):
                    yield each, symbol

    def _recovered_at(self) -> float | None:
        times = [self._spoke_at(each, symbol) for each, symbol in self._hit()]
        known = [at for at in times if at is not None]
        return max(known) if times and len(known) == len(times) else None

    def _missing(self) -> Sequence[str]:
        hit = self._hit()
        return [f"{each.channel} {name}" for each, name in hit if not self._spoke_at(each, name)]

    def _spoke_at(self, watched: Watched, symbol: str) -> float | None:
        """Return when a stream was right again: its next message, or the client's word for it.

        A replay of trades that are known brings no message, but the word.
        """
        detected = self._detected_at()
        # What came before the trouble was known was on its way.
        since = max(self.trouble.ended, self.trouble.begun if detected is None else detected)
        times = [at for name, at in watched.seen if symbol in (name, "") and at >= since]
        times += [
            at
            for at, event in self._told
            if event.kind == "resubscribed"
            and (event.channel, event.symbol or "") == (watched.channel, symbol)
            and at >= since
        ]
        return min(times, default=None)

    # The verdict.

    def _excuse(self) -> None:
        """Note besides which frames a stall swallowed that was over before it could be noticed."""
        super()._excuse()
        if self.outcome.detected_seconds is not None:
            return
        for record in self.exchange.faults.log.of(FaultKind.STALL):
            if record.channel is not None:
                at = record.market_time_ns / NS
                span = at - STEP_NS / NS, at + 1.0
                self.record.unsent.append((record.channel, record.symbol, *span))
