"""One run of one fault: streams of every kind, the fault at a random moment, what came of it."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulate.loop import SimulatedLoop, run
from tests.simulate.network import Weather
from tests.simulate.witness import NS, Witness
from tests.simulate.world import SYMBOLS, Report, World, watched_log
from weex_client import OverflowPolicy, Subscription
from weex_client.errors import (
    SlowConsumerError,
    SubscriptionRejectedError,
    WeexClientError,
)
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
)

# Trouble of frames that no client can know of where the venue numbers nothing.
_UNKNOWABLE = (FaultKind.SKIP, FaultKind.REORDER, FaultKind.CORRUPT)

# Longer than the slowest way back: see tests.simulate.world. Quiet channels are asked for again
# after four times their silence.
_LIMIT_SECONDS = 600.0

# What comes late, twice or in a wrong order comes within this time.
_AFTERMATH_SECONDS = 5.0


@dataclass
class Outcome(Report):
    """How a run went.

    Attributes:
        fault: What was done.
        detected_seconds: From its begin to the first word of it; None if there was none.
        recovered_seconds: From its end until every stream that it hit was right again.
    """

    fault: str = ""
    detected_seconds: float | None = None
    recovered_seconds: float | None = None

    @property
    def command(self) -> str:
        return f"python -m tests.faults --fault {self.fault!r} --seed {self.seed}"


@dataclass
class Watched:
    """A stream, and who reads it.

    Attributes:
        channel: Its channel.
        symbols: What it is about.
        parameter: Level or interval.
        wire: How the venue spells what it stands on, after the ``@``.
        options: Queue and policy.
        seen: Symbol and time of each message, as its reader got it.
        sleeps_until: The loop's time until which its reader does not read.
        raised_at: When its reader was told by an exception, Unix seconds.
    """

    channel: str
    symbols: tuple[str, ...]
    parameter: Any
    wire: str
    options: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, float]] = field(default_factory=list)
    sleeps_until: float = 0.0
    raised_at: list[float] = field(default_factory=list)

    def feeds(self) -> Iterator[tuple[str, str]]:
        """Yield what the venue calls its streams, with their symbols."""
        for symbol in self.symbols:
            yield f"{symbol}@{self.wire}", symbol


@dataclass
class Trouble:
    """What a fault did.

    Attributes:
        begun: When it began, Unix seconds of the client's clock.
        ended: When everything would work again for who comes anew.
        streams: The venue's streams that it hit; None for all.
    """

    begun: float
    ended: float
    streams: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        act: Does it, and returns when it is over.
        must_be_told: Whether a client that says nothing of it is wrong.
        overflow: The policy of the reader that falls asleep, if this is about one.
    """

    act: Callable[[Trial], Awaitable[Trouble]]
    must_be_told: bool = True
    overflow: OverflowPolicy | None = None


class Trial(World):
    """A world in which one thing goes wrong."""

    def __init__(self, loop: SimulatedLoop, outcome: Outcome, fault: Fault) -> None:
        super().__init__(loop, outcome, seconds=86_400.0)
        self.random = Random(f"{outcome.fault}/{outcome.seed}")
        self.market = self.random.choice(("contract", "spot"))
        self.symbols = tuple(self.random.sample(SYMBOLS, 2))
        self.loop = loop
        self.outcome = outcome
        self.fault = fault
        self.watched = self._streams()
        self.trouble = Trouble(0.0, 0.0)
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
            fit = streams
            if self.fault.overflow is OverflowPolicy.CONFLATE:
                fit = [each for each in streams if each.channel in ("ticker", "book")]
            self.sleeper = self.random.choice(fit)
            self.sleeper.options = {
                "overflow": self.fault.overflow,
                "queue_size": self.random.choice((1, 2, 10)),
            }
        return streams

    # What faults ask for.

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
        if not await self.until(is_so, _LIMIT_SECONDS):
            self.complain(f"{what} did not happen")

    def live_streams(self, *kinds: str) -> list[str]:
        """Return what is subscribed, as the venue spells it."""
        held = {name for each in self.exchange.connections for name in each.streams}
        return sorted(name for name in held if not kinds or name.split("@")[1] in kinds)

    def log_time(self, kind: FaultKind, number: int = -1) -> float:
        """Return the client's time of something in the exchange's log."""
        return self.at_client(self.exchange.faults.log.of(kind)[number].market_time_ns)

    # The run.

    async def _trade(self) -> None:
        self._ahead_ns = (self.exchange._start_time_ns or 0) - time.time_ns()
        self.client = self._make_client()
        await self.client.connect()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_events())
            for watched in self.watched:
                group.create_task(self._read(watched))
            await self._ask_privately()
            await asyncio.sleep(self.random.uniform(5.0, 35.0))
            self.note(f"fault {self.outcome.fault}")
            self.trouble = await self.fault.act(self)
            self.note(f"over {self.trouble}")
            await self._recover()
            await self._ask_privately()
            await asyncio.sleep(_AFTERMATH_SECONDS)
            self._count()
            self.check_secrets(repr(self.client) + str(self.client.stats()), "the statistics")
            self.check_secrets(repr(self.config) + str(self.config), "the settings")
            self.ends_at = self.loop.time()
            await self.client.disconnect()
        self.exchange.calm()
        self.network.weather = Weather()

    async def _ask_privately(self) -> None:
        """Dial with credentials, which must turn up nowhere."""
        try:
            async with asyncio.timeout(60.0):
                async for message in self.client.stream_orders():
                    self.check_secrets(repr(message), "an order")
        except (WeexClientError, TimeoutError) as exc:
            self.meet(exc)

    async def _read(self, watched: Watched) -> None:
        while self.loop.time() < self.ends_at:
            stream = self._open(watched)
            if stream is None:
                return
            witness = Witness(watched.channel, watched.symbols, watched.parameter)
            witness.opened_at, witness.overflow = self.now(), watched.options.get("overflow")
            self.witnesses.append(witness)
            self.mailboxes.append(weakref.ref(stream._mailbox))
            try:
                await self._follow(watched, stream, witness)
            except (SlowConsumerError, SubscriptionRejectedError) as exc:
                watched.raised_at.append(self.now())
                self.meet(exc)
            except WeexClientError as exc:
                self.meet(exc)
                self.complain(f"{witness!r} ended with {exc!r}")
                return
            finally:
                self._note_counts(stream, witness)
                await stream.aclose()
            await asyncio.sleep(self.random.random())

    def _open(self, watched: Watched) -> Subscription[Any] | None:
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

    async def _follow(self, watched: Watched, stream: Subscription[Any], witness: Witness) -> None:
        async for message in stream:
            if watched.channel == "book":
                # A trader looks at a book as it comes.
                _ = message.data.bids, message.data.asks
            witness.messages.append(message)
            watched.seen.append((str(message.symbol), self.now()))
            self.note(f"{message.channel} {message.symbol} {message.sequence} {message.timestamp}")
            self._news.set()
            asleep = watched.sleeps_until - self.loop.time()
            if asleep > 0:
                await asyncio.sleep(asleep)

    def _note_counts(self, stream: Subscription[Any], witness: Witness) -> None:
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
            async with asyncio.timeout(_LIMIT_SECONDS):
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
        elif self.fault.must_be_told:
            self.complain("nobody was told of it")

    def _detected_at(self) -> float | None:
        times = [
            event.timestamp
            for event in self.record.events
            if event.kind in _TELLING
            and event.scope == "public"
            and event.timestamp >= self.trouble.begun
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
        since = max(self.trouble.ended, self._told_of(watched, symbol))
        times = [at for name, at in watched.seen if name == symbol and at >= since]
        times += [
            event.timestamp
            for event in self.record.events
            if event.kind == "resubscribed"
            and (event.channel, event.symbol) == (watched.channel, symbol)
            and event.timestamp >= since
        ]
        return min(times, default=None)

    def _told_of(self, watched: Watched, symbol: str) -> float:
        """Return when trouble of a stream was known first: what came before was on its way."""
        detected = self._detected_at()
        return self.trouble.begun if detected is None else detected

    # The verdict.

    def _judge(self) -> None:
        self._note_unknowable()
        for witness in self.witnesses:
            self.report.counts["messages"] += len(witness.messages)
            self.report.counts["dropped"] += witness.dropped
            for verdict in witness.judge(self.truth, self.record):
                self.complain(f"{witness!r}: {verdict}")
        corrupted = len(self.exchange.faults.log.of(FaultKind.CORRUPT))
        unread = sum(each.decode_errors for each in self.client.stats().channels.values())
        if unread > corrupted:
            self.complain(f"{unread} frames could not be read, of {corrupted} that were damaged")
        self._judge_sums()

    def _note_unknowable(self) -> None:
        """Excuse what the exchange lost where it numbers nothing; books are never excused."""
        stalls_are_told = self.outcome.detected_seconds is not None
        for record in self.exchange.faults.log:
            is_stalled = record.kind is FaultKind.STALL and not stalls_are_told
            if record.channel is not None and (record.kind in _UNKNOWABLE or is_stalled):
                at = record.market_time_ns / NS
                span = at - STEP_NS / NS, at + 1.0
                self.record.unsent.append((record.channel, record.symbol, *span))
            if record.kind is FaultKind.STALE_SNAPSHOT and record.symbol is not None:
                self.record.stale_snapshots.add(record.symbol)


def attempt(name: str, fault: Fault, seed: int, *, keeps_trace: bool = False) -> Outcome:
    """Run a fault once.

    Args:
        name: Which fault.
        fault: What it is.
        seed: Decides everything else.
        keeps_trace: Keep the whole trace, not only its end.
    """
    outcome = Outcome(seed, fault=name)
    if keeps_trace:
        outcome.trace = type(outcome.trace)()

    async def main(loop: SimulatedLoop) -> None:
        trial = Trial(loop, outcome, fault)
        loop.set_exception_handler(
            lambda _, context: trial.complain(f"unhandled: {context.get('message')} {context}")
        )
        with watched_log(trial):
            await trial.play()

    run(f"{name}/{seed}", main)
    return outcome
