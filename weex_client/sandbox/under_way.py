"""Faults that last: what is under way, on which connection, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from weex_client.sandbox.amounts import nanoseconds
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.fault_log import FaultKind, FaultLog


@dataclass(frozen=True, slots=True, eq=False)
class RunningFault:
    """A fault under way.

    Attributes:
        kind: What is done.
        connection: To whom; None for everybody.
        until_ns: Until which simulated time; None until it is ended.
        end: Ends it.
    """

    kind: FaultKind
    connection: Connection | None
    until_ns: int | None
    end: Callable[[], None]


class UnderWay:
    """Keep the faults that last, and end each when its time is over.

    Attributes:
        now_ns: Simulated time.
    """

    def __init__(self, log: FaultLog) -> None:
        self.now_ns = 0
        self._log = log
        self._running: list[RunningFault] = []

    def begin(
        self,
        kind: FaultKind,
        detail: str,
        seconds: float | None,
        end: Callable[[], None],
        connection: Connection | None = None,
    ) -> None:
        """Write down that a fault begins, and for how many simulated seconds.

        Raises:
            ValueError: If the seconds are not positive.
        """
        until_ns = None if seconds is None else self.now_ns + nanoseconds(seconds)
        lasting = "" if seconds is None else f" for {seconds:g} s"
        self._note(kind, f"{detail}{lasting}", connection)
        self._running.append(RunningFault(kind, connection, until_ns, end))

    def begin_on(
        self,
        connection: Connection,
        kind: FaultKind,
        detail: str,
        seconds: float | None,
        end: Callable[[], None],
    ) -> None:
        """Begin a fault of a line in place of another of its kind on that line."""
        self._running = [
            each
            for each in self._running
            if each.kind is not kind or each.connection is not connection
        ]
        self.begin(kind, detail, seconds, end, connection)

    def tick(self, now_ns: int) -> None:
        """Move on with the market."""
        self.now_ns = now_ns
        if self._running:
            self._end(
                each
                for each in tuple(self._running)
                if each.until_ns is not None and each.until_ns <= now_ns
            )

    def end(self, kind: FaultKind | None = None) -> None:
        """End all faults of a kind, or all."""
        self._end(each for each in tuple(self._running) if kind in (None, each.kind))

    def dripping(self) -> Iterator[Connection]:
        """Yield the connections that drip."""
        for each in self._running:
            if each.kind is FaultKind.DRIP and each.connection is not None:
                yield each.connection

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._running = [each for each in self._running if each.connection is not connection]

    def _end(self, over: Iterable[RunningFault]) -> None:
        for each in over:
            self._running.remove(each)
            each.end()
            self._note(each.kind, "over", each.connection)

    def _note(self, kind: FaultKind, detail: str, connection: Connection | None) -> None:
        number = None if connection is None else connection.number
        self._log.note(kind, self.now_ns, detail, number)
