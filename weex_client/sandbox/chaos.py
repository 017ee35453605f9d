"""Trouble by a seed: which fault comes when. Who is hit is decided in `sabotage`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from random import Random

from weex_client.sandbox.amounts import positive
from weex_client.sandbox.damage import DAMAGES, Damage
from weex_client.sandbox.fault_log import FaultKind
from weex_client.simulation.draws import seeded

# A refused subscription ends a stream for good, and so it should: whoever wants it says so.
SURVIVABLE: frozenset[FaultKind] = frozenset(FaultKind) - {FaultKind.REFUSE}

# Codes that tell a client to come back; all others are for scripts.
_CLOSE_CODES = (1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 1014, 4000)
# After 401 and 403 nobody should dial again.
_STATUSES = (429, 500, 502, 503, 504)
_LONGEST_RETRY_AFTER_SECONDS = 2
_MOST_FRAMES = 3
_MOST_DIALS = 2
# The WebSocket library takes 1 MiB if nobody tells it otherwise, this client 16 MiB.
_HUGE_BYTES = (2**20, 2**21, 20 * 2**20)
_DRIP_BYTES_PER_SECOND = (50, 500, 5_000)

# One long silence in a thousand must not eat a whole test.
_LONGEST = 10


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault of a plan.

    Attributes:
        at_seconds: When, in simulated seconds since the exchange opened.
        kind: What.
        connection_share: Whom, as a share of the open connections, 0 to 1.
        stream_share: Which of its streams, as a share of them, 0 to 1.
        seconds: How long, for what lasts, and how much later, for what is late.
        count: How many frames, requests or dials.
        code: The close code.
        status: The HTTP status of a refused dial.
        retry_after_seconds: What its ``Retry-After`` says, or None.
        damage: How a frame is damaged.
        answers_pings: True if a half-open line answers WebSocket pings.
        size: The bytes of a huge frame, or the bytes a second of a dripping line.
    """

    at_seconds: float
    kind: FaultKind
    connection_share: float
    stream_share: float
    seconds: float
    count: int
    code: int
    status: int
    retry_after_seconds: int | None
    damage: Damage
    answers_pings: bool
    size: int


@dataclass(frozen=True, slots=True)
class Chaos:
    """Say how much goes wrong at an exchange.

    The same settings make the same plan, in simulated time: ``speed`` makes it come faster, not
    otherwise. Who is hit depends on who is connected then.

    Args:
        seed: Decides the plan; the market has a seed of its own.
        faults: What may happen, by the names of `FaultKind`; the default is all but ``refuse``,
            which ends a stream for good.
        mean_seconds_between: Simulated seconds between two faults, on average.
        mean_seconds_lasting: How long what lasts does, on average; ten times that at most.
        stop_after_seconds: When no more faults begin, in simulated seconds since the exchange
            opened; None for never.

    Raises:
        ValueError: If a figure is not positive, or a fault unknown.
    """

    seed: int
    faults: Collection[FaultKind | str] = field(default=SURVIVABLE)
    mean_seconds_between: float = 10.0
    mean_seconds_lasting: float = 3.0
    stop_after_seconds: float | None = None

    def __post_init__(self) -> None:
        positive(self.mean_seconds_between, "mean_seconds_between")
        positive(self.mean_seconds_lasting, "mean_seconds_lasting")
        if self.stop_after_seconds is not None:
            positive(self.stop_after_seconds, "stop_after_seconds")
        unknown = sorted(set(self.faults) - set(FaultKind))
        if unknown or not self.faults or isinstance(self.faults, str):
            raise ValueError(
                f"faults are some of {', '.join(sorted(FaultKind))}, not {unknown or self.faults!r}"
            )

    def plan(self) -> Iterator[PlannedFault]:
        """Yield what happens, in order; without end if nothing ends it."""
        random = seeded(f"{self.seed}/chaos")
        # Neither the order in which the faults are named nor that of a set may count.
        kinds = sorted(FaultKind(name) for name in set(self.faults))
        at_seconds = 0.0
        while True:
            at_seconds += random.expovariate(1.0 / self.mean_seconds_between)
            if self.stop_after_seconds is not None and at_seconds >= self.stop_after_seconds:
                return
            yield self._drawn(random, at_seconds, random.choice(kinds))

    def _drawn(self, random: Random, at_seconds: float, kind: FaultKind) -> PlannedFault:
        lasting = random.expovariate(1.0 / self.mean_seconds_lasting)
        is_dial = kind in (FaultKind.HANDSHAKE, FaultKind.SLOW_HANDSHAKE)
        is_drip = kind is FaultKind.DRIP
        # Everything is drawn for every kind, so that each fault costs the same draws.
        return PlannedFault(
            at_seconds=round(at_seconds, 3),
            kind=kind,
            connection_share=random.random(),
            stream_share=random.random(),
            seconds=round(min(max(lasting, 0.1), _LONGEST * self.mean_seconds_lasting), 3),
            count=random.randint(1, _MOST_DIALS if is_dial else _MOST_FRAMES),
            code=random.choice(_CLOSE_CODES),
            status=random.choice(_STATUSES),
            retry_after_seconds=random.choice((None, *range(_LONGEST_RETRY_AFTER_SECONDS + 1))),
            damage=random.choice(DAMAGES),
            answers_pings=random.random() < 0.5,
            size=random.choice(_DRIP_BYTES_PER_SECOND if is_drip else _HUGE_BYTES),
        )
