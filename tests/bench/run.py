"""One run in its own process: reads a job from standard input, prints what came of it."""

import asyncio
import json
import sys
from importlib import import_module
from pathlib import Path

from .board import Board
from .job import Contender, Job, Outcome
from .machine import pin_to_core


def main() -> None:
    """Carry one job out, on one core."""
    order = json.load(sys.stdin)
    job = Job(**{**order, "contender": Contender(**order["contender"])})
    pin_to_core(job.core)
    program = import_module(f".{job.contender.program}", __package__)
    with Board(Path(job.board)) as board:
        outcome: Outcome = asyncio.run(program.run(job, board))
    print(json.dumps(outcome.as_dict()))


if __name__ == "__main__":
    main()
