"""What one run is asked to do and what it says afterwards, as both go through a pipe.

``programs`` such as ``bare`` and ``client`` carry jobs out, each in a fresh process.
"""

import asyncio
import gc
from dataclasses import asdict, dataclass, field
from math import nan
from time import perf_counter_ns, process_time_ns
from typing import Any, Literal, TypeAlias

from .board import FINISHED, FIRST_SEND_TIME, GO, READY, STARTED, Board
from .frames import FIRST_TIME_MS

Program: TypeAlias = Literal["drain", "bare", "client"]
Measure: TypeAlias = Literal["cost", "latency", "memory"]

POLL_SECONDS = 0.01
SETTLE_SECONDS = 0.1
SUBSCRIBE_SECONDS = 30.0
# After the server's last byte everything still under way sits in socket buffers of a few MB.
LAST_FRAME_SECONDS = 20.0
LONGEST_RUN_SECONDS = 180.0
PERCENTILES = (50.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Say which program runs and how it reads.

    Attributes:
        name: What the table calls it.
        book: Books as folded views (``stream_order_book``) or as raw changes.
        apart: One stream per symbol for tickers and trades, not one stream over all symbols.
        readers: How many streams read each channel.
        numbers: Read every number of every message, not only ``symbol`` and ``data``.
        recorded: Record everything on a tape beside it.
    """

    name: str
    program: Program
    book: Literal["view", "deltas"] = "view"
    apart: bool = False
    readers: int = 1
    numbers: bool = False
    recorded: bool = False
    measure: Measure = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Carry all that a run needs: where the server is and what will come."""

    contender: Contender
    url: str
    board: str
    core: int | None
    frames_by_stream: dict[str, int]
    bytes: int

    def frames(self) -> int:
        """Count the frames of the load."""
        return sum(self.frames_by_stream.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Taped:
    """Carry what became of a recording.

    Attributes:
        seconds: From the first frame that was sent until the last one was on the tape.
        frames: How many are.
        dropped: How many are not.
        bytes: Size of the file.
    """

    seconds: float
    frames: int
    dropped: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Carry what a run saw; ``expected`` and ``delivered`` count messages in user code."""

    expected: int
    delivered: int
    dropped: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    latency_microseconds: list[float] = field(default_factory=list)
    waiting_bytes: float = 0.0
    taped: Taped | None = None

    @property
    def is_complete(self) -> bool:
        """Tell whether user code got every message exactly once."""
        return self.delivered == self.expected and not self.dropped

    def as_dict(self) -> dict[str, object]:
        """Give the fields as JSON takes them."""
        return asdict(self)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Outcome":
        """Read back what ``as_dict`` gave."""
        taped = fields.pop("taped", None)
        return cls(**fields, taped=None if taped is None else Taped(**taped))


class Stopwatch:
    """Start the flood when the reader is ready, and take wall and processor time until the end."""

    def __init__(self, board: Board) -> None:
        self._slots = board.slots
        self._done = asyncio.Event()
        self._cpu_ns = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    async def wait_until_ready(self) -> None:
        """Wait until the server holds all subscriptions and has its bytes ready.

        Raises:
            TimeoutError: If a stream of the load is not subscribed to within half a minute.
        """
        for _ in range(round(SUBSCRIBE_SECONDS / POLL_SECONDS)):
            if self._slots[READY]:
                return await asyncio.sleep(SETTLE_SECONDS)
            await asyncio.sleep(POLL_SECONDS)
        raise TimeoutError("the server still waits for subscriptions of this load")

    def go(self) -> None:
        """Let the server send; processor time counts from here."""
        gc.collect()
        self._cpu_ns = process_time_ns()
        self._slots[GO] = 1

    def stop(self) -> None:
        """Take both times: the last message is in user code."""
        self.cpu_seconds = (process_time_ns() - self._cpu_ns) / 1e9
        self.seconds = self.seconds_since_start()
        self._done.set()

    def seconds_since_start(self) -> float:
        """Give the time since the server began to send."""
        return (perf_counter_ns() - self._slots[STARTED]) / 1e9

    async def wait_until_stopped(self) -> None:
        """Wait for ``stop``, or stop some time after the server has sent everything."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + LONGEST_RUN_SECONDS
        while not self._done.is_set() and loop.time() < limit:
            if self._slots[FINISHED]:
                limit = min(limit, loop.time() + LAST_FRAME_SECONDS)
            try:
                async with asyncio.timeout(0.5):
                    await self._done.wait()
            except TimeoutError:
                continue
        if not self._done.is_set():
            self.stop()

    def latency_microseconds(self, arrivals: list[tuple[int, int]]) -> list[float]:
        """Give the percentiles of pairs of a frame's stamp in ms and its arrival in ns."""
        base = FIRST_SEND_TIME - FIRST_TIME_MS
        return percentiles(
            [arrived_ns - self._slots[base + stamp] for stamp, arrived_ns in arrivals]
        )


def percentiles(latencies_ns: list[int]) -> list[float]:
    """Give p50, p99 and p99.9 in microseconds; NaN where nothing arrived."""
    if not latencies_ns:
        return [nan] * len(PERCENTILES)
    ordered = sorted(latencies_ns)
    last = len(ordered) - 1
    return [ordered[round(last * percent / 100)] / 1e3 for percent in PERCENTILES]
