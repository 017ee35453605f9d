"""The line under the tables: is the connection up, and what was lost."""

from __future__ import annotations

from rich.text import Text

from weex_client.cli.views.figures import FALLING, QUIET, RISING, age, clock_time
from weex_client.metrics import ClientStats
from weex_client.models import ConnectionEvent

__all__ = ["Status"]

_TROUBLE = "yellow"
# Kinds that a trader should see named; the others change the state and say no more.
_NOTED = frozenset({"gap", "stale", "slow_consumer", "rejected", "gave_up", "disconnected"})


class Status:
    """Follow a client's events, and sum up its counters.

    Args:
        place: What is watched, for example ``weex contract``.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._reconnecting: dict[str, tuple[ConnectionEvent, float]] = {}
        self._noted: ConnectionEvent | None = None

    def take(self, event: ConnectionEvent) -> None:
        """Note an event."""
        if event.kind == "reconnecting":
            self._reconnecting[event.scope] = (
                event,
                event.timestamp + (event.delay_seconds or 0.0),
            )
        elif event.kind in ("connected", "gave_up"):
            self._reconnecting.pop(event.scope, None)
        if event.kind in _NOTED and event.cause != "no subscription":
            self._noted = event

    def draw(self, stats: ClientStats, now: float, *, is_connected: bool) -> Text:
        """Return one or two lines, each cut to the width of the terminal."""
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        for event, until in self._reconnecting.values():
            attempt = f" (attempt {event.attempt})" if event.attempt else ""
            text.append(f"reconnecting in {max(0.0, until - now):.1f} s{attempt}", style=_TROUBLE)
            text.append("  ")
        if not self._reconnecting:
            state, style = ("connected", RISING) if is_connected else ("disconnected", FALLING)
            text.append(state, style=style).append("  ")
        text.append(self._place).append("  ")
        text.append(_counted(stats), style=QUIET)
        cause = next((event.cause for event, _ in self._reconnecting.values()), None)
        note = f"because {cause}" if cause else self._note()
        if note:
            text.append("\n " + " ".join(note.split()), style=_TROUBLE)
        return text

    def _note(self) -> str:
        event = self._noted
        if event is None:
            return ""
        words = [clock_time(event.timestamp), event.kind.replace("_", " ")]
        words += [word for word in (event.channel, event.symbol, event.cause) if word]
        return " ".join(words)


def _counted(stats: ClientStats) -> str:
    channels, scopes = stats.channels.values(), stats.scopes.values()
    up_seconds = max((scope.uptime_seconds for scope in scopes), default=0.0)
    return "  ".join(
        (
            f"gaps {sum(channel.gaps for channel in channels)}",
            f"drops {sum(channel.dropped for channel in channels)}",
            f"reconnects {sum(scope.reconnects for scope in scopes)}",
            f"up {age(up_seconds)}",
        )
    )
