"""A plan of faults carried out on an exchange, as simulated time comes to each."""

from __future__ import annotations

import logging
from collections.abc import Callable

from weex_client.sandbox.chaos import Chaos, PlannedFault
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.fault_log import FaultKind
from weex_client.sandbox.faults import Faults

_log = logging.getLogger(__name__)


class Sabotage:
    """Do what is planned to whoever is there.

    A fault that finds nobody to hit is left out, and so is one of a kind that still waits for
    its victim: a client that reconnects after a quiet week must not meet a week of refusals. The
    log of the program has both.
    """

    def __init__(
        self,
        chaos: Chaos,
        faults: Faults,
        connections: Callable[[], tuple[Connection, ...]],
        start_ns: int,
    ) -> None:
        self._faults = faults
        self._connections = connections
        self._start_ns = start_ns
        self._plan = chaos.plan()
        self._next = next(self._plan, None)

    def tick(self, now_ns: int) -> None:
        """Do all that is due."""
        while self._next is not None and self._due_ns(self._next) <= now_ns:
            planned = self._next
            self._next = next(self._plan, None)
            if self._waits(planned.kind):
                _log.info("%s: another one still waits", planned.kind)
            elif not self._do(planned):
                _log.info("%s: nobody to hit", planned.kind)

    def stop(self) -> None:
        """Begin nothing more."""
        self._next = None

    def _due_ns(self, planned: PlannedFault) -> int:
        return self._start_ns + round(planned.at_seconds * 1e9)

    def _waits(self, kind: FaultKind) -> bool:
        """Say whether a fault of a kind is armed and has not struck."""
        dials, interference = self._faults.dials, self._faults.interference
        match kind:
            case FaultKind.HANDSHAKE:
                return bool(dials.refused)
            case FaultKind.SLOW_HANDSHAKE:
                return bool(dials.slow)
            case FaultKind.REFUSE:
                return bool(interference.refusals)
            case FaultKind.DELAY_ACKS:
                return bool(interference.ack_delays)
            case _:
                return any(each.kind is kind and each.left for each in interference.armed)

    def _do(self, planned: PlannedFault) -> bool:
        if self._do_to_dials(planned):
            return True
        open_lines = [each for each in self._connections() if not each.is_cut]
        if not open_lines:
            return False
        victim = open_lines[int(planned.connection_share * len(open_lines))]
        return self._do_to_line(planned, victim) or self._do_to_stream(planned, victim)

    def _do_to_dials(self, planned: PlannedFault) -> bool:
        faults = self._faults
        match planned.kind:
            case FaultKind.HANDSHAKE:
                faults.handshake(
                    planned.status, retry_after=planned.retry_after_seconds, count=planned.count
                )
            case FaultKind.SLOW_HANDSHAKE:
                faults.slow_handshake(planned.seconds, planned.count)
            case FaultKind.REFUSE:
                faults.refuse(planned.count)
            case FaultKind.DELAY_ACKS:
                faults.delay_acks(planned.seconds, planned.count)
            case _:
                return False
        return True

    def _do_to_line(self, planned: PlannedFault, victim: Connection) -> bool:
        faults = self._faults
        match planned.kind:
            case FaultKind.CUT | FaultKind.CUT_MID_FRAME:
                faults.begin_cut(victim, mid_frame=planned.kind is FaultKind.CUT_MID_FRAME)
            case FaultKind.CLOSE:
                faults.begin_close(victim, planned.code)
            case FaultKind.HALF_OPEN:
                faults.half_open(
                    planned.seconds, answer_pings=planned.answers_pings, connection=victim
                )
            case FaultKind.DRIP:
                faults.drip(planned.size, planned.seconds, connection=victim)
            case FaultKind.HUGE_FRAME:
                faults.huge_frame(planned.size, connection=victim)
            case _:
                return False
        return True

    def _do_to_stream(self, planned: PlannedFault, victim: Connection) -> bool:
        streams = sorted(victim.streams)
        if not streams:
            return False
        faults, count = self._faults, planned.count
        stream = streams[int(planned.stream_share * len(streams))]
        match planned.kind:
            case FaultKind.STALL:
                faults.stall(seconds=planned.seconds, stream=stream, connection=victim)
            case FaultKind.SKIP:
                faults.skip(count=count, stream=stream, connection=victim)
            case FaultKind.REPEAT:
                faults.repeat(count=count, stream=stream, connection=victim)
            case FaultKind.REORDER:
                faults.reorder(count=count, stream=stream, connection=victim)
            case FaultKind.CORRUPT:
                faults.corrupt(count=count, damage=planned.damage, stream=stream, connection=victim)
            case _:
                # The next one who subscribes a book gets it, whichever line that is on.
                faults.stale_snapshot()
        return True
