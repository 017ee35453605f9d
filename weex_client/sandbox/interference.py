"""What stands between an exchange and its sockets: each frame passes here, hurt or not.

Which faults there are is decided in `faults`; here they are applied to frames and answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weex_client.protocol import Channel
from weex_client.sandbox.damage import Damage, damaged
from weex_client.sandbox.fault_log import FaultKind, FaultLog
from weex_client.sandbox.outgoing import OutgoingFrame

if TYPE_CHECKING:
    from weex_client.sandbox.connection import Connection

# Answers that wait for their time; beyond, the oldest goes out early.
_MAX_DELAYED = 10_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Say which frames a fault is about; what is None is not looked at."""

    symbol: str | None = None
    channel: str | None = None
    stream: str | None = None
    connection: Connection | None = None

    @classmethod
    def of(
        cls,
        symbol: str | None,
        channel: str | None,
        connection: Connection | None = None,
        *,
        stream: str | None = None,
    ) -> Scope:
        """Return the scope of a fault as a caller spells it."""
        # Views of books and raw changes come from one stream.
        wanted = Channel.BOOK if channel == Channel.BOOK_DELTAS else channel
        return cls(None if symbol is None else symbol.upper(), wanted, stream, connection)

    def covers(self, frame: OutgoingFrame, connection: Connection) -> bool:
        """Say whether a data frame on its way to a connection is meant."""
        return (
            frame.stream != ""
            and self.symbol in (None, frame.symbol)
            and self.channel in (None, frame.channel)
            and self.stream in (None, frame.stream)
            and self.connection in (None, connection)
        )

    def __str__(self) -> str:
        parts = (self.stream, self.symbol, self.channel)
        return " ".join(str(part) for part in parts if part is not None) or "everything"


@dataclass(slots=True, eq=False)
class ArmedFault:
    """A fault that waits for its frames.

    Attributes:
        kind: What is done to them.
        scope: Which frames.
        left: How many more.
        with_snapshots: True if first frames count too, and not only news.
        damage: How, if it is corrupted.
        last: The newest frame that was hit; other listeners of it are hit as well.
    """

    kind: FaultKind
    scope: Scope
    left: int
    with_snapshots: bool = False
    damage: Damage = "garbled"
    last: OutgoingFrame | None = None

    def hits(self, frame: OutgoingFrame, connection: Connection) -> bool:
        """Say whether a frame is hit, and count it once."""
        if not self.scope.covers(frame, connection):
            return False
        if frame is self.last:
            return True
        if not self.left or not self._is_fit(frame):
            return False
        self.left -= 1
        self.last = frame
        return True

    def _is_fit(self, frame: OutgoingFrame) -> bool:
        if self.kind is FaultKind.STALE_SNAPSHOT:
            # A book that nobody followed yet has no past.
            return frame.is_snapshot and frame.stale is not None and frame.stale() is not None
        return self.with_snapshots or not frame.is_snapshot


@dataclass(slots=True, eq=False)
class AckDelay:
    """Answers to accepted requests come later.

    Attributes:
        delay_ns: How much later, simulated.
        left: How many answers; None until it is ended.
    """

    delay_ns: int
    left: int | None


@dataclass(slots=True, eq=False)
class Refusal:
    """Requests to subscribe are refused, in these words."""

    reason: str
    left: int


class Interference:
    """Let frames and answers pass, or do to them what is armed.

    Attributes:
        log: What was done.
        now_ns: Simulated time.
        stalls: Streams that are silent.
        armed: Faults that wait for their frames; the oldest that fits is done.
        ack_delays: The oldest counts.
        refusals: The oldest counts.
    """

    def __init__(self, log: FaultLog) -> None:
        self.log = log
        self.now_ns = 0
        self.stalls: list[Scope] = []
        self.armed: list[ArmedFault] = []
        self.ack_delays: deque[AckDelay] = deque()
        self.refusals: deque[Refusal] = deque()
        self._delayed: deque[tuple[int, Connection, OutgoingFrame]] = deque()

    def treat(self, frame: OutgoingFrame, connection: Connection) -> Sequence[str | bytes]:
        """Return what a connection gets instead of a frame."""
        if connection.is_half_open:
            return self._lost(FaultKind.HALF_OPEN, frame, connection)
        if frame.is_ack and self.ack_delays:
            return self._later(frame, connection)
        for stall in self.stalls:
            if stall.covers(frame, connection):
                return self._lost(FaultKind.STALL, frame, connection)
        held = connection.held.pop(frame.stream, None) if connection.held else None
        if held is not None:
            return (frame.text, held.text)
        # A fault whose last frame has gone to everybody is over.
        self.armed = [each for each in self.armed if each.left or each.last is frame]
        for fault in self.armed:
            if fault.hits(frame, connection):
                return self._hurt(fault, frame, connection)
        return (frame.text,)

    def refusal(self, connection: Connection) -> str | None:
        """Return why the exchange refuses a request to subscribe, or None if it does not."""
        if not self.refusals:
            return None
        refusal = self.refusals[0]
        refusal.left -= 1
        if not refusal.left:
            self.refusals.popleft()
        self.log.note(FaultKind.REFUSE, self.now_ns, refusal.reason, connection.number)
        return refusal.reason

    def send_due(self, now_ns: int | None = None) -> None:
        """Send the answers whose time has come; all of them without a time."""
        while self._delayed and (now_ns is None or self._delayed[0][0] <= now_ns):
            self._send_delayed()

    def heal(self) -> None:
        """Let everything pass, and send the answers that wait."""
        self.stalls.clear()
        self.armed.clear()
        self.ack_delays.clear()
        self.refusals.clear()
        self.send_due()

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self.stalls[:] = [each for each in self.stalls if each.connection is not connection]
        self.armed = [each for each in self.armed if each.scope.connection is not connection]
        self._delayed = deque(each for each in self._delayed if each[1] is not connection)

    def _send_delayed(self) -> None:
        _, connection, frame = self._delayed.popleft()
        if connection.is_half_open:
            self._lost(FaultKind.HALF_OPEN, frame, connection)
        elif not connection.is_cut:
            connection.say(frame.text)

    def _later(self, frame: OutgoingFrame, connection: Connection) -> Sequence[str | bytes]:
        delay = self.ack_delays[0]
        if delay.left is not None:
            delay.left -= 1
            if not delay.left:
                self.ack_delays.popleft()
        due_ns = self.now_ns + delay.delay_ns
        # Answers come in the order of the requests, also when a shorter delay follows.
        if self._delayed:
            due_ns = max(due_ns, self._delayed[-1][0])
        if len(self._delayed) >= _MAX_DELAYED:
            self._send_delayed()
        self._delayed.append((due_ns, connection, frame))
        detail = f"{delay.delay_ns / 1e9:g} s"
        self.log.note_frame(
            FaultKind.DELAY_ACKS, self.now_ns, connection.number, frame, detail=detail
        )
        return ()

    def _lost(
        self, kind: FaultKind, frame: OutgoingFrame, connection: Connection
    ) -> Sequence[str | bytes]:
        self.log.note_frame(kind, self.now_ns, connection.number, frame, is_loss=True)
        return ()

    def _hurt(
        self, fault: ArmedFault, frame: OutgoingFrame, connection: Connection
    ) -> Sequence[str | bytes]:
        said: Sequence[str | bytes] = ()
        is_loss, detail = False, ""
        match fault.kind:
            case FaultKind.REPEAT:
                said = (frame.text, frame.text)
            case FaultKind.REORDER:
                connection.held[frame.stream] = frame
            case FaultKind.CORRUPT:
                said = (damaged(frame.text, fault.damage),)
                is_loss, detail = True, fault.damage
            case FaultKind.STALE_SNAPSHOT:
                stale = None if frame.stale is None else frame.stale()
                if stale is not None:
                    said = (stale.text,)
                    detail = f"sent as of sequence {stale.sequences and stale.sequences[1]}"
            case _:
                is_loss = True
        self.log.note_frame(
            fault.kind, self.now_ns, connection.number, frame, is_loss=is_loss, detail=detail
        )
        return said
