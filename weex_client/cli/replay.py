"""The command that plays a tape: the lines that ``watch`` printed, or their digest."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weex_client.cli.failures import SUCCESS
from weex_client.cli.lines import message_line
from weex_client.cli.moments import iso_moment, moment_ns
from weex_client.cli.outlet import Outlet
from weex_client.errors import TapeError, UsageError
from weex_client.models import Message
from weex_client.recording import Recording

__all__ = ["ReplayRequest", "replay"]

# A turn of the loop now and then, so that Ctrl-C is heard.
_MESSAGES_A_TURN = 200


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Hold the arguments and options of ``replay``."""

    tape: Path
    channel: str | None = None
    symbols: tuple[str, ...] = ()
    venue: str | None = None
    level: int | None = None
    interval: str | None = None
    start: str | None = None
    end: str | None = None
    speed: float = 0.0
    json: bool = False
    digest: bool = False
    count: int | None = None

    def messages(self, recording: Recording) -> Iterator[Message[Any]]:
        """Return what was asked for.

        Raises:
            UsageError: If nothing of the kind was recorded, or the times make no sense.
        """
        start_ns = None if self.start is None else moment_ns(self.start)
        end_ns = None if self.end is None else moment_ns(self.end)
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            raise UsageError("--to must be later than --from")
        return recording.messages(
            self.channel,
            self.symbols,
            venue=self.venue,
            start_ns=start_ns,
            end_ns=end_ns,
            level=self.level,
            interval=self.interval,
        )


async def replay(request: ReplayRequest) -> int:
    """Print what was asked for, each message as a line, or the digest of those lines.

    Returns:
        Success.

    Raises:
        UsageError: If it is no tape, or has nothing of what was asked for.
        BrokenPipeError: If nobody reads standard output any more.
    """
    with Recording(request.tape) as recording:
        printed = _Digested() if request.digest else _Printed(as_json=request.json)
        count = 0
        pace = _Pace(request.speed)
        for message in request.messages(recording):
            if count == request.count:
                break
            count += 1
            await pace.reached(message.received_time_ns)
            if count % _MESSAGES_A_TURN == 0:
                await asyncio.sleep(0)
            await printed.take(message)
        if not count:
            raise _nothing(recording)
        await printed.conclude()
        has_gaps = bool(recording.gaps())
    noun = "message" if count == 1 else "messages"
    missing = f"; something is missing on the tape: weex-client tape info {request.tape}"
    print(f"{count:,} {noun}{missing if has_gaps else ''}", file=sys.stderr, flush=True)
    return SUCCESS


def _nothing(recording: Recording) -> TapeError:
    first, last = recording.start_ns, recording.start_ns + recording.duration_ns
    return TapeError(
        f"{recording.path} has no message of the kind at that time; it goes from"
        f" {iso_moment(first)} to {iso_moment(last)}",
        path=str(recording.path),
    )


class _Printed:
    """Write a line a message."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._outlet = Outlet()

    async def take(self, message: Message[Any]) -> None:
        """Write it."""
        text = message.model_dump_json() if self._as_json else message_line(message)
        await self._outlet.line(text)

    async def conclude(self) -> None:
        """Have nothing to add."""


class _Digested:
    """Count what ``--json`` would print into a digest."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    async def take(self, message: Message[Any]) -> None:
        """Count it in."""
        self._digest.update(f"{message.model_dump_json()}\n".encode())

    async def conclude(self) -> None:
        """Write the digest."""
        await Outlet().line(self._digest.hexdigest())


class _Pace:
    """Wait as long as there was between messages, in proportion."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._origin: tuple[float, int] | None = None

    async def reached(self, time_ns: int) -> None:
        """Wait until it is time for what came at a time."""
        if not self._speed:
            return
        now = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = (now, time_ns)
        real, tape_ns = self._origin
        wait_seconds = real + (time_ns - tape_ns) / 1e9 / self._speed - now
        if wait_seconds > 0.0:
            await asyncio.sleep(wait_seconds)
