"""One simulated run: an exchange, a client, its readers, ten minutes of trouble, the verdict."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
import traceback
import weakref
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pydantic import SecretStr

from tests.simulate.faults import FAULTS
from tests.simulate.log_watch import watched_log
from tests.simulate.loop import SimulatedLoop, run
from tests.simulate.network import Weather
from tests.simulate.readers import Reader
from tests.simulate.truth import Truth
from tests.simulate.witness import NS, Record, Witness
from weex_client import WeexWebSocketClient
from weex_client.errors import ConnectError, WeexClientError
from weex_client.models import ConnectionEvent
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.fault_log import FaultKind
from weex_client.simulation import STEP_NS
from weex_client.streaming.budget import Budgets
from weex_client.streaming.transport import Connector, WebSocketConnector

# Quiet symbols: what is looked for lies in the order of things, not in their number.
SYMBOLS = ("AAAUSDT", "QQQUSDT", "ADAUSDT")

# What must turn up nowhere.
CANARY = "canary-4f7d1c"

# Time for the slowest way back: a silent line is doubted after 30 s and given up after 40 s, a
# dial that nobody answers takes 10 s, the wait before it at most 10 s.
_CALM_SECONDS = 120.0
_LIVELY_SECONDS = 45.0

_KEPT_TRACE = 60

# Trouble of frames that no client can know of where the venue numbers nothing.
_UNKNOWABLE = (FaultKind.SKIP, FaultKind.REORDER)


@dataclass
class Report:
    """How a run went.

    Attributes:
        seed: Which run.
        digest: A fingerprint of everything that happened, in order.
        violations: What must not be, in words.
        counts: How often what happened.
        trace: The end of the trace, or all of it if it was asked for.
        options: What else the command line says to repeat it.
    """

    seed: int
    digest: str = ""
    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_TRACE))
    options: str = ""

    @property
    def command(self) -> str:
        """Return what repeats the run."""
        return f"python -m tests.simulate{self.options} --seed {self.seed}"

    def __str__(self) -> str:
        shown = [f"seed {self.seed}: {len(self.violations)} violations", *self.violations[:20]]
        return "\n  ".join([*shown, f"repeat with: {self.command}"])


class World:
    """Everything of one run."""

    options = ""
    reader_class: type[Reader] = Reader
    lines_per_feed = 1

    # Whose frames are hurt, and who falls silent: None for everybody.
    hurt_channels: tuple[str, ...] = ("ticker", "trades", "book", "book", "candles", "bookticker")
    muted_channels: tuple[str | None, ...] = (None, "ticker", "trades", "book", "candles")

    def __init__(
        self,
        loop: SimulatedLoop,
        report: Report,
        seconds: float,
        disturb: Callable[[Connector], Connector] | None = None,
    ) -> None:
        self.random = Random(f"{report.seed}/world")
        self.report = report
        self.network = loop.network
        self.record = Record()
        self.witnesses: list[Witness] = []
        self.mailboxes: list[weakref.ref[Any]] = []
        self.ends_at = loop.time() + seconds
        self.storm_ends_at = self.ends_at - min(_CALM_SECONDS, seconds / 2)
        self.market = self.random.choice(("contract", "spot"))
        self.symbols = tuple(self.random.sample(SYMBOLS, 2))
        self.tampered = 0  # frames that were made worse on their way to the client
        self._disturb = disturb
        self._digest = hashlib.blake2b(digest_size=16)
        self._loop = loop

    def now(self) -> float:
        return time.time_ns() / NS

    def note(self, text: str) -> None:
        line = f"{self._loop.time():.6f} {text}"
        self.report.trace.append(line)
        self._digest.update(line.encode())

    def complain(self, text: str) -> None:
        self.note(f"VIOLATION {text}")
        self.report.violations.append(f"at {self._loop.time():.3f} s: {text}")

    def meet(self, error: BaseException) -> None:
        """Look at an error as a crash reporter would, with the locals of every frame."""
        self.note(f"error {type(error).__name__}: {error}")
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        self.check_secrets("".join(told.format()), f"the traceback of {type(error).__name__}")

    def check_secrets(self, text: str, where: str) -> None:
        if CANARY in text:
            self.complain(f"a secret is in {where}")

    # The run.

    async def play(self) -> None:
        self.exchange = SandboxExchange(
            seed=self.report.seed,
            symbols=self.symbols,
            # No two machines agree on the time.
            # What is played here is the market; its seeds tell the same stories as ever.
            house_trader=False,
            start_time_ns=time.time_ns() + round(self.random.uniform(-5, 5) * 1e9),
        )
        async with self.exchange:
            await self._trade()
            self.truth = self._make_truth()
            self._judge()
        await self._look_for_leftovers()
        self.report.digest = self._digest.hexdigest()

    def _make_truth(self) -> Any:
        return Truth(self.exchange, self.market)

    def _make_client(self) -> Any:
        connector = None
        if self._disturb is not None:
            connector = self._disturb(WebSocketConnector())
        config = self.exchange.weex_config(self.market).model_copy(
            update={
                "api_key": SecretStr(f"{CANARY}-key"),
                "secret_key": SecretStr(f"{CANARY}-secret"),
                "passphrase": SecretStr(f"{CANARY}-passphrase"),
                "reconnect_delay_seconds": self.random.choice((0.1, 1.0)),
                "reconnect_max_delay_seconds": 10.0,
            }
        )
        self.config: Any = config
        # What earlier runs dialled is not this world's business.
        return WeexWebSocketClient(config, connector=connector, budgets=Budgets())

    async def _trade(self) -> None:
        self.client = self._make_client()
        await self.client.connect()
        seed = self.report.seed
        readers = [
            self.reader_class(self, f"reader {number}", Random(f"{seed}/reader/{number}"))
            for number in range(self.random.randint(3, 6))
        ]
        programs = [reader.live() for reader in readers]
        programs += [self._watch_events(), self._operate()]
        programs += self._more_programs()
        programs += map(self._until_calm, (self._be_private(), self._make_trouble()))
        async with asyncio.TaskGroup() as group:
            for program in programs:
                group.create_task(program)
            await asyncio.sleep(self.ends_at - self._loop.time())
            self._count()
            await self.client.disconnect()
        self.check_secrets(repr(self.client) + str(self.client.stats()), "the client's statistics")
        self.check_secrets(repr(self.config) + str(self.config), "the settings")

    def _more_programs(self) -> list[Coroutine[Any, Any, None]]:
        """Return what else goes on until the run ends."""
        return []

    async def _until_calm(self, program: Coroutine[Any, Any, None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.storm_ends_at):
                await program
        self.network.weather = Weather()

    async def _watch_events(self) -> None:
        while self._loop.time() < self.ends_at:
            with suppress(WeexClientError):
                async for event in self.client.events():
                    self.hear(event)
            await asyncio.sleep(0.01)

    def hear(self, event: ConnectionEvent) -> None:
        """Take note of what the client tells."""
        self.record.events.append(event)
        self.report.counts[f"event {event.kind}"] += 1
        facts = event.model_dump(exclude_none=True)
        self.note(f"event {' '.join(map(str, facts.values()))}")
        self.check_secrets(repr(event), "an event")

    async def _be_private(self) -> None:
        """Ask for account data with credentials that must not leak wherever it fails."""
        random = Random(f"{self.report.seed}/private")
        while True:
            await asyncio.sleep(random.expovariate(1 / 120))
            try:
                async for message in self.client.stream_orders():
                    self.check_secrets(repr(message), "an order")
            except WeexClientError as exc:
                self.meet(exc)

    async def _operate(self) -> None:
        """Now and then, close the client and open it again."""
        random = Random(f"{self.report.seed}/operator")
        while (pause := random.expovariate(1 / 300)) < self.storm_ends_at - self._loop.time():
            await asyncio.sleep(pause)
            self.note("the client is closed")
            await self.client.disconnect()
            mine = [task for task in asyncio.all_tasks() if "weex_client" in task.get_name()]
            if mine:
                self.complain(f"a closed client has tasks: {mine}")
            await asyncio.sleep(random.choice((0.0, 0.01, 5.0)))
            while True:
                try:
                    await self.client.connect()
                    break
                except ConnectError as exc:
                    self.meet(exc)
                    await asyncio.sleep(1.0)

    async def _make_trouble(self) -> None:
        random = Random(f"{self.report.seed}/faults")
        names, weights = list(FAULTS), [fault.weight for fault in FAULTS.values()]
        pause = random.choice((5.0, 15.0, 40.0))
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(random.expovariate(1 / pause))
                (name,) = random.choices(names, weights)
                self.note(f"fault {name}")
                self.report.counts[f"fault {name}"] += 1
                own = Random(f"{self.report.seed}/fault/{self._loop.time()}")
                group.create_task(FAULTS[name].act(self, own))

    # The verdict.

    def _count(self) -> None:
        """Note what the client says of itself while it is open."""
        self.stats = self.client.stats()
        counts = self.report.counts
        counts["frames"] += sum(scope.frames for scope in self.stats.scopes.values())
        counts["reconnects"] += sum(scope.reconnects for scope in self.stats.scopes.values())

    def _excuse(self) -> None:
        """Note what the exchange did to frames that carry no number; books are never excused."""
        for fault in self.exchange.faults.log:
            if fault.channel is None:
                continue
            at = fault.market_time_ns / NS
            span = (fault.channel, fault.symbol, at - STEP_NS / NS, at + 1.0)
            is_corrupt = fault.kind is FaultKind.CORRUPT
            # That a frame cannot be read is told, but not whether it was a candle's last.
            if fault.kind in _UNKNOWABLE or (is_corrupt and fault.channel == "candles"):
                self.record.unsent.append(span)
            elif is_corrupt:
                self.record.unread.append(span)
            if fault.kind is FaultKind.STALE_SNAPSHOT and fault.symbol is not None:
                self.record.stale_snapshots.add(fault.symbol)

    def _judge(self) -> None:
        self._excuse()
        counts = self.report.counts
        for witness in self.witnesses:
            counts["streams"] += 1
            counts["messages"] += len(witness.messages)
            counts["dropped"] += witness.dropped
            for verdict in witness.judge(self.truth, self.record):
                self.complain(f"{witness!r}: {verdict}")
        channels = self.client.stats().channels
        for name, stats in channels.items():
            counts[f"gaps {name}"] += stats.gaps
        corrupted = len(self.exchange.faults.log.of(FaultKind.CORRUPT)) + self.tampered
        unread = sum(stats.decode_errors for stats in channels.values())
        if unread > corrupted * self.lines_per_feed:
            self.complain(f"{unread} frames could not be read, of {corrupted} that were damaged")
        self._judge_sums()
        self._judge_liveness()

    def _judge_sums(self) -> None:
        """Compare what went into queues with what came out, was dropped, or was left there."""
        for name, stats in self.client.stats().channels.items():
            mine = [witness for witness in self.witnesses if witness.channel == name]
            if not mine:
                continue
            out = sum(
                witness.delivered + witness.dropped - witness.refused + witness.left_unread
                for witness in mine
            )
            # A frame may wait unread, and turn out to be unreadable.
            excess, unreadable = stats.messages - out, stats.decode_errors * len(mine)
            # Who is forgotten, not closed, is let go in the next turn: a frame may come first.
            is_forgotten = any(witness.is_forgotten for witness in mine)
            if not 0 <= excess <= unreadable and not (excess > 0 and is_forgotten):
                self.complain(f"{name}: {stats.messages} messages went in and {out} came out")

    def _judge_liveness(self) -> None:
        """After the storm every stream speaks again."""
        for witness in self.witnesses:
            if witness.is_last:
                last = max((m.received_time_ns / 1e9 for m in witness.messages), default=0.0)
                if last < time.time() - _LIVELY_SECONDS:
                    self.complain(f"{witness!r} has said nothing since the storm")

    async def _look_for_leftovers(self) -> None:
        await asyncio.sleep(10.0)  # what was sent last arrives, and what must time out has
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            self.complain(f"tasks are left: {tasks}")
        if self.network.open_ends:
            self.complain(f"{len(self.network.open_ends)} sockets are left")
        gc.collect()
        left = sum(mailbox() is not None for mailbox in self.mailboxes)
        if left:
            self.complain(f"{left} of {len(self.mailboxes)} mailboxes are left")


def simulate(
    seed: int,
    *,
    seconds: float = 600.0,
    keeps_trace: bool = False,
    disturb: Callable[[Connector], Connector] | None = None,
    kind: type[World] = World,
) -> Report:
    """Run one seed.

    Args:
        seed: Decides everything.
        seconds: Simulated seconds.
        keeps_trace: Keep the whole trace, not only its end.
        disturb: Wraps the client's way to the exchange, to see whether trouble is noticed.
        kind: What happens in it; the public market, if not said otherwise.
    """
    report = Report(seed, options=kind.options)
    if keeps_trace:
        report.trace = deque()

    async def main(loop: SimulatedLoop) -> None:
        world = kind(loop, report, seconds, disturb)
        loop.set_exception_handler(
            lambda _, context: world.complain(f"unhandled: {context.get('message')} {context}")
        )
        with watched_log(world):
            await world.play()

    run(str(seed), main)
    return report
