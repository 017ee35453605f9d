"""The line that says how a recording goes. What it is made of, the recorder counts."""

from __future__ import annotations

from collections import deque

from weex_client.cli.views.figures import age
from weex_client.recording import RecorderStats

__all__ = ["Progress", "size_text", "summary"]

_WINDOW_SECONDS = 5.0


class Progress:
    """Write how a recording goes, with the frames a second of the last five seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def line(self, stats: RecorderStats, now: float) -> str:
        """Return one line.

        Args:
            stats: As of now.
            now: Seconds that never go back.
        """
        rate = self._rate(stats.frames, now)
        words = [
            f"{stats.path.name}",
            f"{rate:,.0f} frames/s",
            f"{stats.frames:,} frames",
            size_text(stats.file_bytes),
            f"lag {stats.lag_seconds:.1f} s",
            f"dropped {stats.dropped:,}",
        ]
        if stats.problem is not None:
            words.append(f"cannot write: {stats.problem} ({size_text(stats.waiting_bytes)} wait)")
        return "  ".join(words)

    def _rate(self, frames: int, now: float) -> float:
        self._marks.append((now, frames))
        while now - self._marks[0][0] > _WINDOW_SECONDS and len(self._marks) > 2:
            self._marks.popleft()
        then, before = self._marks[0]
        return (frames - before) / (now - then) if now > then else 0.0


def size_text(size: int) -> str:
    """Write a number of bytes as files are spoken of: ``3.4 MB``."""
    amount, units = float(size), ["kB", "MB", "GB", "TB"]
    unit = "B"
    while amount >= 1000 and units:
        amount, unit = amount / 1000, units.pop(0)
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def summary(stats: RecorderStats, seconds: float) -> str:
    """Return what is said at the end: how much is on the tape, and how much is not."""
    said = f"{stats.path}: {stats.written:,} frames recorded in {age(seconds)}"
    if not stats.dropped and stats.problem is None:
        return f"{said}, none lost"
    why = f": {stats.problem}" if stats.problem else ""
    return f"{said}, {stats.dropped:,} lost{why}"
