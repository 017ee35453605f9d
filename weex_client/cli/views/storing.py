"""A sink at a glance: what is stored, what waits, and whether the store is away."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from weex_client.cli.views.figures import FALLING, QUIET, RISING, age, clock_time
from weex_client.cli.views.view import Frame
from weex_client.models import Message
from weex_client.sinks import Sink, SinkStats

__all__ = ["StoringView", "sink_line"]

# The rate is that of so many seconds at least.
_WINDOW_SECONDS = 1.0


class StoringView:
    """Draw a sink's counts."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._refused: list[str] = []
        self._then: tuple[float, int] | None = None
        self._rate = 0.0

    def take(self, message: Message[Any]) -> None:
        """Need no message: the sink counts them."""

    def refuse(self, symbol: str, /) -> None:
        """Note that nothing more will come of a symbol."""
        self._refused.append(symbol)

    def draw(self, frame: Frame) -> RenderableType:
        """Return a line of figures, and another while the store is away."""
        stats = self._sink.stats()
        self._measure(frame.now, stats.stored)
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        is_away = stats.away_since is not None
        text.append(f"{stats.stored:,} stored", style=FALLING if is_away else RISING)
        text.append(f"  {self._rate:,.0f}/s").append(f"  in {self._sink.place}", style=QUIET)
        text.append(f"  {_others(stats)}", style=QUIET)
        if self._refused:
            text.append(f"  refused by the venue: {', '.join(self._refused)}", style="yellow")
        if stats.away_since is not None:
            away = f"away since {clock_time(stats.away_since)} ({age(stats.away_seconds)})"
            text.append(f"\n {away}: {stats.last_error}", style="yellow")
        return text

    def _measure(self, now: float, stored: int) -> None:
        if self._then is None:
            self._then = (now, stored)
        then, before = self._then
        if abs(now - then) >= _WINDOW_SECONDS:  # either way: a clock may be set back
            self._rate = (stored - before) / abs(now - then)
            self._then = (now, stored)


def sink_line(stats: SinkStats, place: str) -> str:
    """Return what a sink has come to, as one line."""
    return f"{stats.stored:,} messages stored in {place}; {_others(stats)}"


def _others(stats: SinkStats) -> str:
    words = [f"repeated {stats.repeated:,}", f"waiting {stats.waiting:,}"]
    words += [f"refused {stats.refused:,}"] if stats.refused else []
    words += [f"lost {stats.lost:,}"] if stats.lost else []
    words += [f"retries {stats.retries:,}"] if stats.retries else []
    if stats.backpressure_seconds:
        words.append(f"not read for {stats.backpressure_seconds:.1f} s")
    return "  ".join(words)
