"""A venue that never stops talking: numbered tickers, as many a second as wanted, no network."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from weex_client.errors import ConnectionLostError
from weex_client.protocol import DialRequest
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.frame_connection import Frames
from weex_client.streaming.transport import Transport

# As long as WEEX's own (contract-ticker.jsonl).
FRAME = (
    '{"e":"ticker","E":1790134567942,"s":"BTCUSDT","d":[{"c":"%d","o":"62034.9","h":"63000.0",'
    '"l":"61000.1","v":"1203.4031","q":"74920031.29","P":"1.2","mp":"62101.5","ip":"62099.9",'
    '"fr":"0.0001","oi":"20390.112"}]}'
)
TICK_SECONDS = 0.005


def number_of(frame: bytes) -> int | None:
    """Return the number of a frame, or None of one that has none."""
    _, found, rest = frame.partition(b'"c":"')
    return int(rest[: rest.index(b'"')]) if found else None


class Hose(Transport):
    """One line; frames come in batches, a turn of the loop or more apart."""

    def __init__(self, frames_per_second: int, lifetime: int | None = None) -> None:
        self.sent = 0
        self._rate = frames_per_second
        self._left = lifetime
        self._due = time.monotonic()
        self._is_open = True

    async def receive(self) -> Frames:
        self._due += TICK_SECONDS
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))
        if not self._is_open or self._left == 0:
            raise ConnectionLostError("the hose is shut", code=1001)
        count = max(1, round(self._rate * TICK_SECONDS))
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        numbers = range(self.sent, self.sent + count)
        self.sent += count
        return Frames([(FRAME % number).encode() for number in numbers], time.time_ns())

    async def send(self, text: str) -> None:
        pass

    async def close(self) -> None:
        self._is_open = False

    def abort(self) -> None:
        self._is_open = False


class HoseConnector:
    """Every line is a hose."""

    def __init__(self, frames_per_second: int, lifetime: int | None = None) -> None:
        self.lines: list[Hose] = []
        self._arguments = frames_per_second, lifetime

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Any:
        line = Hose(*self._arguments)
        self.lines.append(line)
        return line

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        raise AssertionError("nothing is asked here")
