"""What is said of a run: the fault, the streams that are watched, the trouble and the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tests.simulate.world import Report
from weex_client import OverflowPolicy

if TYPE_CHECKING:
    from tests.faults.trial import Trial


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
        return f"python -m tests.faults{self.options} --fault {self.fault!r} --seed {self.seed}"


class Leave(StrEnum):
    """How a reader leaves its stream."""

    CANCELLED = "cancelled"
    BREAKS = "breaks"
    FORGETS = "forgets"
    RAISES = "raises"


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
        awake: Cleared while its reader does not read.
        raised_at: When its reader was told by an exception, Unix seconds.
        reader: The task that reads it now.
        leaves: How its reader leaves it with the next message.
        opened: How often it was opened.
    """

    channel: str
    symbols: tuple[str, ...]
    parameter: Any
    wire: str
    options: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, float]] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    raised_at: list[float] = field(default_factory=list)
    reader: asyncio.Task[None] | None = None
    leaves: Leave | None = None
    opened: int = 0

    def feeds(self) -> Iterator[tuple[str, str]]:
        """Yield what the venue calls its streams, with their symbols."""
        for symbol in self.symbols:
            yield f"{symbol}@{self.wire}", symbol

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the venue calls its streams."""
        return tuple(name for name, _ in self.feeds())


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


class Told(StrEnum):
    """Whether a client speaks of a fault."""

    ALWAYS = "always"
    MAYBE = "maybe"  # nobody can know of it, or it was over too soon
    NEVER = "never"  # nothing was lost or late: a word of it would be a false alarm


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        act: Does it, and returns when it is over.
        told: Whether a client must speak of it, may, or must not.
        overflow: The policy of the reader that falls asleep, if this is about one.
        ends_streams: Whether it ends them, so that only opening them again helps.
        limit_seconds: How long it may take at most until all is right again: longer than the
            slowest way back (see tests.simulate.world), as quiet channels are asked for again
            after four times their silence.
    """

    act: Callable[[Trial], Awaitable[Trouble]]
    told: Told = Told.ALWAYS
    overflow: OverflowPolicy | None = None
    ends_streams: bool = False
    limit_seconds: float = 600.0
