"""Kill -9 a program that records, again and again, and look at what its tape has kept.

Run as ``python -m tests.recording.kills [COUNT]``: a hundred kills, if not said otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.recording.hose import number_of
from tests.recording.on_tape import rows
from weex_client.recording import Recording
from weex_client.recording.rows import EventRow, FeedRow, FrameRow, LineRow, SessionRow
from weex_client.recording.tape import open_tape, parts_of

ROOT = Path(__file__).parents[2]
FRAMES_PER_SECOND = 5_000
PART_BYTES = 4_000_000


@dataclass
class Kept:
    """What became of one recording.

    Attributes:
        heard: Frames that had been heard, by the last thing it said.
        written: Frames that it said were on the tape.
        kept: Frames that are.
    """

    heard: int
    written: int
    kept: int


async def kill_again_and_again(path: Path, count: int) -> list[Kept]:
    """Let recorders go on with one tape, one after the other, and kill each."""
    draw = Random(7)
    killed: list[Kept] = []
    before = 0
    for _ in range(count):
        heard, written = await _killed(path, draw)
        after = _checked(path)
        killed.append(Kept(heard, written, after - before))
        assert written <= after - before, "something is missing that was said to be written"
        before = after
    return killed


async def _killed(path: Path, draw: Random) -> tuple[int, int]:
    """Run a recorder, kill it at a random moment, and return what it had said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.recording.taping"),
        *(str(path), str(FRAMES_PER_SECOND), str(PART_BYTES)),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(180):
            for _ in range(draw.randint(1, 300)):
                said = await process.stdout.readline()
            await asyncio.sleep(draw.uniform(0, 0.005))
    finally:
        process.kill()
        rest, _ = await process.communicate()
    # The last line may be cut in the middle.
    lines = [said, *rest.split(b"\n")[:-1]]
    heard, written = lines[-1].split()
    return int(heard), int(written)


def _checked(path: Path) -> int:
    """Make sure that a recording is whole up to some moment; return how many frames it has."""
    places: set[int] = set()
    frames: dict[int, FrameRow] = {}
    for part in parts_of(path):
        with contextlib.closing(open_tape(part)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        places |= _places(part)
        frames |= {row.id: row for row in rows(part, FrameRow)}
    # Everything has a place, and all places up to the last one are taken: what is missing is
    # what came last, frames or anything else.
    assert places == set(range(1, max(places) + 1))
    numbers: dict[int, int] = {}
    for _, row in sorted(frames.items()):
        number = number_of(row.payload)
        assert number == numbers.get(row.line, -1) + 1
        numbers[row.line] = number
    return len(frames)


def _places(part: Path) -> set[int]:
    lines, feeds = rows(part, LineRow), rows(part, FeedRow)
    places = {row.id for kind in (SessionRow, FrameRow, EventRow) for row in rows(part, kind)}
    places |= {row.id for row in lines} | {row.id for row in feeds}
    return places | {place for row in lines if (place := row.closed_id) is not None}


def main() -> None:
    """Do what the command line asks for."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        killed = asyncio.run(kill_again_and_again(Path(folder, "tape.db"), count))
        path = Path(folder, "tape.db")
        parts = len(parts_of(path))
        with Recording(path) as recording:
            played = sum(1 for _ in recording.messages())
    heard, written = sum(each.heard for each in killed), sum(each.written for each in killed)
    kept = sum(each.kept for each in killed)
    worst = max(each.heard - each.kept for each in killed)
    print(f"{count} kills: {heard:,} frames heard, {written:,} said to be written, {kept:,} kept")
    print(f"at most {worst:,} frames were lost at once, {worst / FRAMES_PER_SECOND:.3f} s of them")
    print(f"{parts} parts; every file is whole, and nothing is missing before what came last")
    print(f"all of it is replayed: {played:,} messages")
    assert played == kept


if __name__ == "__main__":
    main()
