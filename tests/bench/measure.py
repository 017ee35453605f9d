"""Run contenders against a load's server, each run in a fresh process, turn and turn about.

What the runs mean is computed here; how it is printed is ``report``'s.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .board import Board, lay_board
from .job import LONGEST_RUN_SECONDS, Contender, Job, Outcome
from .load import Load
from .machine import cores

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """Pair a load with the contenders that read it; the first is what the others are held to."""

    load: Load
    contenders: tuple[Contender, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Hold the runs of one contender with one load."""

    load: Load
    contender: Contender
    outcomes: list[Outcome]

    @property
    def is_complete(self) -> bool:
        """Tell whether no run lost or repeated a message."""
        return all(outcome.is_complete for outcome in self.outcomes)

    @property
    def frames_per_second(self) -> float:
        """Give the median rate, in frames of the wire whatever the number of readers."""
        return self.load.frames / median(outcome.seconds for outcome in self.outcomes)

    @property
    def cpu_microseconds(self) -> float:
        """Give the median processor time of a frame."""
        cpu_seconds = median(outcome.cpu_seconds for outcome in self.outcomes)
        return cpu_seconds * 1e6 / self.load.frames

    @property
    def latency_microseconds(self) -> list[float]:
        """Give the medians of p50, p99 and p99.9."""
        return [
            median(column)
            for column in zip(*(run.latency_microseconds for run in self.outcomes), strict=True)
        ]

    @property
    def waiting_megabytes(self) -> float:
        """Give the median size of a thousand waiting messages."""
        return median(outcome.waiting_bytes for outcome in self.outcomes) / 1e6


class RunFailedError(RuntimeError):
    """A run did not end well."""


class ServerProcess:
    """Hold a running server and hand it jobs."""

    def __init__(self, load: Load, process: "subprocess.Popen[str]", board: Path) -> None:
        assert process.stdout
        self.load = load
        self._board = board
        self._facts = json.loads(process.stdout.readline())
        self._runs = 0

    def run(self, contender: Contender) -> Outcome:
        """Carry out one run in a fresh process.

        Raises:
            RunFailedError: If the process did not end well; it said why on standard error.
        """
        with Board(self._board) as board:
            board.clear_signals()
        self._runs += 1
        job = Job(
            contender=contender,
            url=f"ws://127.0.0.1:{self._facts['port']}/run-{self._runs}/v3/ws/public",
            board=str(self._board),
            core=client_core(),
            frames_by_stream=self._facts["frames_by_stream"],
            bytes=self._facts["bytes"],
        )
        finished = subprocess.run(
            [sys.executable, "-m", f"{__package__}.run"],
            input=json.dumps(asdict(job)),
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=2 * LONGEST_RUN_SECONDS,
            check=False,
        )
        if finished.returncode:
            raise RunFailedError(f"{contender.name} failed with the load {self.load.name!r}")
        return Outcome.of(json.loads(finished.stdout.splitlines()[-1]))


def client_core() -> int | None:
    """Give the core of the measured process: the last one, as the first serves interrupts."""
    return cores()[-1] if len(cores()) > 1 else None


def server_core() -> int | None:
    """Give the server's core, never the client's."""
    return cores()[0] if len(cores()) > 1 else None


@contextmanager
def serving(load: Load, folder: Path) -> Iterator[ServerProcess]:
    """Run a load's server for as long as the block lasts."""
    board = folder / f"{load.name.replace(' ', '-').replace('/', '-per-')}.board"
    lay_board(board, load.frames)
    command = [sys.executable, "-m", f"{__package__}.server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin
        try:
            order = {"load": load.as_dict(), "board": str(board), "core": server_core()}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            yield ServerProcess(load, process, board)
            process.stdin.close()
            process.wait(timeout=10)
        finally:
            if process.poll() is None:
                process.kill()


def measure(entries: list[Entry], runs: int, folder: Path) -> list[Result]:
    """Run every contender of every entry ``runs`` times: one run of each, then the next round."""
    results = [Result(entry.load, one, []) for entry in entries for one in entry.contenders]
    with ExitStack() as stack:
        servers = {
            entry.load.name: stack.enter_context(serving(entry.load, folder)) for entry in entries
        }
        for _ in range(runs):
            for result in results:
                result.outcomes.append(servers[result.load.name].run(result.contender))
    return results
