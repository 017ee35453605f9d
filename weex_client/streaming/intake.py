"""Takes what comes over a line and lets the session digest it, with turns for readers between.

It waits, but starts no task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from weex_client.clock import Clock
from weex_client.streaming.frame_connection import Frames
from weex_client.streaming.mailbox import Gate
from weex_client.streaming.session import Session
from weex_client.streaming.transport import PromptTransport, Transport

__all__ = ["Batch", "Intake"]

# Frames digested before readers get their turn, so that a flood does not hold up the loop; fewer
# cost a task switch for every few messages. A queue that is half full calls for a turn earlier
# (``Gate.is_pressed``): a frame may be 300 candles, and a reader that keeps up must lose nothing.
_FRAMES_PER_TURN = 500

Batch = tuple[list[bytes], int]
"""Frames that came together, and when, in nanoseconds since the epoch."""


class Intake:
    """Feed a session from one line.

    What is read from a socket is digested there and then: a task that is woken for it first costs
    a turn of the loop, which the reader at the end of the way waits for. The task digests where
    somebody must be waited for: a reader whose queue fills or who holds the socket back, or, in
    a flood, everybody.

    Args:
        session: What digests.
        gate: Shut while a reader holds the socket back; pressed when one needs a turn.
        clock: Time.
        wake: Lets the session's wishes go out.
    """

    def __init__(self, session: Session, gate: Gate, clock: Clock, wake: asyncio.Event) -> None:
        self._session = session
        self._gate = gate
        self._clock = clock
        self._wake = wake
        self._rest: Batch | None = None  # heard, and left for the task
        self._bug: Exception | None = None

    async def run(self, transport: Transport, waiting: Iterable[Batch] = ()) -> None:
        """Feed the session until the line ends, which raises.

        Args:
            transport: The line.
            waiting: What came over it before.
        """
        for batch in waiting:
            await self._take(*batch)
        if isinstance(transport, PromptTransport):
            transport.deliver_to(self._take_at_once)
        try:
            while True:
                batch = await transport.receive()
                if self._bug is not None:
                    raise self._bug
                rest, self._rest = self._rest, None
                if rest is not None:
                    await self._digest(*rest)
                if batch.frames:
                    await self._take(*batch)
        finally:
            if isinstance(transport, PromptTransport):
                transport.deliver_to(None)

    async def _take(self, frames: list[bytes], received_time_ns: int) -> None:
        self._session.heard(frames, received_time_ns, self._clock.monotonic())
        await self._digest(frames, received_time_ns)

    async def _digest(self, frames: list[bytes], received_time_ns: int) -> None:
        """Digest what was heard, and wait for readers where they need it."""
        session, gate = self._session, self._gate
        if gate.is_pressed or gate.is_shut:
            await self._let_readers()
        for start in range(0, len(frames), _FRAMES_PER_TURN):
            if start:
                await asyncio.sleep(0)
            for frame in frames[start : start + _FRAMES_PER_TURN]:
                session.receive(frame, received_time_ns)
                if gate.is_pressed or gate.is_shut:
                    await self._let_readers()
        self._finish()

    async def _let_readers(self) -> None:
        gate = self._gate
        if gate.is_pressed:
            gate.is_pressed = False
            await asyncio.sleep(0)
        if gate.is_shut:
            await gate.passed()
            self._session.excuse_silence(self._clock.monotonic())

    def _take_at_once(self, batch: Frames) -> bool:
        """Digest what was read just now; return False if the task must come for the rest."""
        frames, received_time_ns = batch
        session, gate = self._session, self._gate
        done = 0
        try:
            session.heard(frames, received_time_ns, self._clock.monotonic())
            for frame in frames:
                if gate.is_pressed or gate.is_shut or done == _FRAMES_PER_TURN:
                    break
                session.receive(frame, received_time_ns)
                done += 1
            if done == len(frames) and not gate.is_shut:
                self._finish()
                return True
        except Exception as exc:  # noqa: BLE001  # raised where a bug ends the connection
            self._bug = exc
        self._rest = (frames[done:], received_time_ns)
        return False

    def _finish(self) -> None:
        self._session.digested()
        if self._session.needs_pull:
            self._wake.set()
