"""Trouble on demand: what an exchange does to its clients when a test or a user asks for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from weex_client.sandbox.amounts import counted, nanoseconds, positive
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.dials import Dials, RefusedDials, SlowDials, retry_after_header
from weex_client.sandbox.fault_log import FaultKind, FaultLog
from weex_client.sandbox.faulty_socket import checked_close
from weex_client.sandbox.frame_faults import FrameFaults
from weex_client.sandbox.interference import Interference
from weex_client.sandbox.under_way import UnderWay
from weex_client.simulation import STEP_NS

_STEPS_A_SECOND = 1_000_000_000 // STEP_NS


class Faults(FrameFaults):
    """Break an exchange in known ways.

    What is swallowed here still happened: the book moved and the truth remembers it, so that a
    client must notice the hole by itself.

    Seconds are simulated ones. A fault without a duration lasts until `heal`. A fault of a line
    hits the lines that are open now, or the one that is named: whoever reconnects is healthy
    again. A fault of frames hits the next frames that fit, each for everybody who listens.

    Attributes:
        log: What was done, the newest 10,000 records.
    """

    def __init__(
        self, connections: Callable[[], Iterable[Connection]], channels: Collection[str] = ()
    ) -> None:
        self.log = FaultLog()
        self.interference = Interference(self.log)
        self.dials = Dials(self.log)
        super().__init__(self.interference, UnderWay(self.log), channels)
        self._connections = connections

    # Lines.

    async def cut(self, *, mid_frame: bool = False, connection: Connection | None = None) -> int:
        """Abort sockets without a close frame; return how many there were.

        Args:
            mid_frame: Send half of a frame before.
            connection: Which socket; None for every one.
        """
        victims = self._victims(connection)
        for victim in victims:
            self.begin_cut(victim, mid_frame=mid_frame)
        # Let the transports notice before the caller looks.
        await asyncio.sleep(0)
        return len(victims)

    async def close(
        self, code: int = 1001, reason: str = "", *, connection: Connection | None = None
    ) -> int:
        """Close sockets with a code, wait until they have ended; return how many there were.

        Args:
            code: Any of 16 bits. 1006 and 1015 never stand in a close frame: the line is
                aborted. 1005 is a close frame without a code. Codes that RFC 6455 does not
                allow are sent as they are.
            reason: At most 123 bytes.
            connection: Which socket; None for every one.

        Raises:
            ValueError: If code or reason do not fit.
        """
        victims = self._victims(connection)
        checked_close(code, reason)
        for victim in victims:
            self.begin_close(victim, code, reason)
        await asyncio.gather(*(victim.ended() for victim in victims))
        return len(victims)

    def begin_close(self, connection: Connection, code: int, reason: str = "") -> None:
        """Close a socket with a code, and wait for nothing."""
        self._note(FaultKind.CLOSE, f"{code} {reason}".strip(), connection)
        connection.begin_close(code, reason)

    def begin_cut(self, connection: Connection, *, mid_frame: bool = False) -> None:
        """Abort a socket, and wait for nothing."""
        kind = FaultKind.CUT_MID_FRAME if mid_frame else FaultKind.CUT
        self._note(kind, _subscribed(connection), connection)
        connection.abort(mid_frame=mid_frame)

    def half_open(
        self,
        seconds: float | None = None,
        *,
        answer_pings: bool = False,
        connection: Connection | None = None,
    ) -> int:
        """Keep sockets open and send nothing over them; return how many there are.

        Args:
            seconds: How long; what was not sent meanwhile is lost.
            answer_pings: Go on answering WebSocket pings and hearing requests. Otherwise what the
                client says waits, and is heard at the end.
            connection: Which socket; None for every one.
        """
        victims = self._victims(connection)
        how = "answers WebSocket pings" if answer_pings else "answers nothing"
        for victim in victims:
            self._under_way.begin_on(victim, FaultKind.HALF_OPEN, how, seconds, victim.speak_again)
            victim.fall_silent(is_deaf=not answer_pings)
        return len(victims)

    def drip(
        self,
        bytes_per_second: float,
        seconds: float | None = None,
        *,
        connection: Connection | None = None,
    ) -> int:
        """Let bytes trickle over sockets, ten times a second; return how many there are.

        A client whose unread bytes grow beyond what the exchange keeps is cut, as always.
        """
        rate = positive(bytes_per_second, "bytes_per_second")
        victims = self._victims(connection)
        for victim in victims:
            detail = f"{rate:g} bytes a second"
            self._under_way.begin_on(victim, FaultKind.DRIP, detail, seconds, victim.flow_again)
            victim.drip(max(1, round(rate / _STEPS_A_SECOND)))
        return len(victims)

    def huge_frame(self, size: int, *, connection: Connection | None = None) -> int:
        """Send one frame of JSON of so many bytes; return to how many sockets.

        Raises:
            ValueError: If the frame is shorter than its braces.
        """
        empty = len(json.dumps({"padding": ""}))
        if size < empty:
            raise ValueError(f"the frame needs {empty} bytes at least, not {size}")
        victims = [each for each in self._victims(connection) if not each.is_half_open]
        frame = json.dumps({"padding": "x" * (size - empty)})
        for victim in victims:
            self._note(FaultKind.HUGE_FRAME, f"{size} bytes", victim)
            victim.say(frame, is_limited=False)
        return len(victims)

    # Dials.

    def handshake(
        self, status: int = 429, *, retry_after: float | datetime | None = None, count: int = 1
    ) -> None:
        """Answer the next dials with an HTTP status instead of a socket.

        Args:
            status: 400 to 599.
            retry_after: What the header ``Retry-After`` says: whole seconds, or a date with a
                time zone. Seconds and dates of the real clock: a client goes by its own.
            count: How many dials.

        Raises:
            ValueError: If any of them is out of range.
        """
        if not 400 <= status <= 599:
            raise ValueError(f"a refused dial has a status of 400 to 599, not {status}")
        header = retry_after_header(retry_after)
        self.dials.refused.append(RefusedDials(status, header, counted(count)))

    def slow_handshake(self, seconds: float, count: int = 1) -> None:
        """Let the next dials wait before they are answered."""
        self.dials.slow.append(SlowDials(nanoseconds(seconds), counted(count)))

    # The end of it.

    def heal(self) -> None:
        """End every fault under way, and forget those that wait; lines that are cut stay cut."""
        self._under_way.end()
        self.interference.heal()
        self.dials.heal()

    def tick(self, now_ns: int) -> None:
        """Move on with the market: end what is over, send what is due."""
        self.interference.now_ns = now_ns
        self._under_way.tick(now_ns)
        for connection in self._under_way.dripping():
            connection.release()
        self.interference.send_due(now_ns)
        self.dials.tick(now_ns)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._under_way.leave(connection)
        self.interference.leave(connection)

    def _victims(self, connection: Connection | None) -> list[Connection]:
        is_meant = (each for each in self._connections() if connection in (None, each))
        return [each for each in is_meant if not each.is_cut]

    def _note(self, kind: FaultKind, detail: str, connection: Connection) -> None:
        self.log.note(kind, self.interference.now_ns, detail, connection.number)


def _subscribed(connection: Connection) -> str:
    return ", ".join(sorted(connection.streams)) or "nothing subscribed"
