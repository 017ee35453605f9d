"""How a dial is answered when a fault asks for it: late, or with an HTTP status."""

from __future__ import annotations

import asyncio
import email.utils
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from websockets.http11 import Response

from weex_client.sandbox.fault_log import FaultKind, FaultLog
from weex_client.sandbox.http_answer import json_answer, phrase


@dataclass(slots=True, eq=False)
class RefusedDials:
    """Answer dials with a status.

    Attributes:
        status: The HTTP status.
        retry_after: The header ``Retry-After`` as it is sent; None for no header.
        left: How many more dials.
    """

    status: int
    retry_after: str | None
    left: int


@dataclass(slots=True, eq=False)
class SlowDials:
    """Let dials wait.

    Attributes:
        delay_ns: How long, simulated.
        left: How many more dials.
    """

    delay_ns: int
    left: int


Armed = TypeVar("Armed", RefusedDials, SlowDials)


def retry_after_header(when: float | datetime | None) -> str | None:
    """Return a ``Retry-After`` header: whole seconds, or a date.

    Raises:
        ValueError: If the seconds are negative or not whole, or the date has no time zone.

    Source:
        RFC 9110, 10.2.3.
    """
    if when is None:
        return None
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError("the date of a Retry-After needs a time zone")
        return email.utils.format_datetime(when.astimezone(UTC), usegmt=True)
    if when < 0 or when != int(when):
        raise ValueError(f"a Retry-After has whole seconds, 0 or more, not {when:g}")
    return str(int(when))


class Dials:
    """Let dials pass, or do to them what is armed; the oldest counts.

    Attributes:
        refused: What answers the next dials.
        slow: What the next dials wait for, before they are answered.
    """

    def __init__(self, log: FaultLog) -> None:
        self.refused: deque[RefusedDials] = deque()
        self.slow: deque[SlowDials] = deque()
        self._log = log
        self._waiting: dict[asyncio.Future[None], int] = {}

    async def meet(self, now_ns: int) -> Response | None:
        """Keep a dial waiting if a fault says so; return its answer, or None to let it pass."""
        refused = _next_of(self.refused)
        slow = _next_of(self.slow)
        if slow is not None:
            seconds = slow.delay_ns / 1e9
            self._log.note(FaultKind.SLOW_HANDSHAKE, now_ns, f"{seconds:g} s late")
            await self._until(now_ns + slow.delay_ns)
        if refused is None:
            return None
        headers = {} if refused.retry_after is None else {"Retry-After": refused.retry_after}
        said = "".join(f", {name}: {value}" for name, value in headers.items())
        self._log.note(FaultKind.HANDSHAKE, now_ns, f"HTTP {refused.status}{said}")
        body = {"code": refused.status, "msg": phrase(refused.status)}
        return json_answer(refused.status, body, headers)

    def tick(self, now_ns: int) -> None:
        """Let the dials go on that have waited long enough."""
        for future, due_ns in self._waiting.items():
            if due_ns <= now_ns and not future.done():
                future.set_result(None)

    def heal(self) -> None:
        """Answer whoever waits, and all others as usual."""
        self.refused.clear()
        self.slow.clear()
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def _until(self, due_ns: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = due_ns
        try:
            await future
        finally:
            del self._waiting[future]


def _next_of(armed: deque[Armed]) -> Armed | None:
    if not armed:
        return None
    first = armed[0]
    first.left -= 1
    if not first.left:
        armed.popleft()
    return first
