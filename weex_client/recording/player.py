"""Moves a tape on: hands over what comes next when whoever reads has read what came before.

It starts no task: it is called by the event loop, as long as somebody waits for something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from weex_client.errors import ConnectError, TapeEndedError, TransportError
from weex_client.recording.contents import Entry, time_of
from weex_client.recording.tape_clock import TapeClock
from weex_client.streaming.mailbox import Mailbox

__all__ = ["Player", "Stage"]

# A reader that works on a message while the loop has nothing to do waits for the outside (a
# file, a server): the tape stands for so long. One that does not come back in that time reads
# something else meanwhile, and is not waited for any more.
_PATIENCE_SECONDS = 0.25
_GLANCE_SECONDS = 0.001

# Turns for others before the tape goes on though they are not done: somebody polls. A loop that
# does not tell whether it has something to do (uvloop) always gets a few.
_MOST_TURNS = 200
_TURNS = 20


class Stage(Protocol):
    """What the player moves on."""

    @property
    def is_ready(self) -> bool:
        """Tell whether every line of it is waited on, and has been digested."""

    @property
    def is_attended(self) -> bool:
        """Tell whether anybody holds a line of it."""

    def play(self, entry: Entry) -> bool:
        """Let clients have what an entry says; return False if it concerns nobody."""

    def finish(self, error: TransportError) -> None:
        """End everything: nothing more comes."""


class Player:
    """Play entries one after the other.

    With speed 0 each is handed over when nothing is left to be done about those before it; so a
    program that waits for nothing but the tape always does the same. Other speeds go by the
    machine's clock.

    Args:
        entries: What is on the tape, in order.
        start_ns: Where its time begins.
        speed: Seconds of the tape in a second; 0 for as fast as it can be read.
        stage: Who gets it.
    """

    def __init__(self, entries: Iterator[Entry], start_ns: int, speed: float, stage: Stage) -> None:
        self.clock = TapeClock(start_ns, self.stir)
        self.place = 0
        self._entries = entries
        self._next: Entry | None = None
        self._next_ns = start_ns
        self._is_over = False
        self._speed = speed
        self._stage = stage
        self._readers: dict[Mailbox, bool] = {}  # and whether each is waited for
        self._absent: set[Mailbox] = set()
        self._has_begun = self._has_ended = False
        self._turns = 0
        self._glances = 0
        self._handle: asyncio.Handle | None = None
        self._origin: tuple[float, float] | None = None

    def reads(self, mailbox: Mailbox) -> None:
        """Take note of a reader; the tape begins with the first."""
        self._readers[mailbox] = False
        self._has_begun = True
        self.stir()

    def stir(self) -> None:
        """See in the next turn of the loop what can be done."""
        self._schedule(0.0)

    def _schedule(self, delay_seconds: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        if delay_seconds > 0.0:
            self._handle = loop.call_later(delay_seconds, self._turn)
        else:
            self._handle = loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._handle = None
        try:
            delay_seconds = self._advance()
        except Exception as exc:  # noqa: BLE001  # the top of what the loop calls
            self._is_over, self._next, self._has_ended = True, None, True
            self._stage.finish(_as_transport_error(exc))
            return
        if delay_seconds is not None:
            self._schedule(delay_seconds)

    def _advance(self) -> float | None:
        """Do the next thing, if it is time for it.

        Returns:
            When to come again, in seconds; None if whoever waits will call.
        """
        if not self._has_begun:
            return None
        if self._is_loop_busy():
            return 0.0
        while True:
            if self._coming() is None:
                self._end()
            delay_seconds = self._delay()
            if delay_seconds != 0.0:
                return delay_seconds
            if self._step():
                return 0.0

    def _step(self) -> bool:
        """Do the next thing; return False if it concerned nobody."""
        clock, entry = self.clock, self._next
        due = clock.due
        if entry is None or (due is not None and due <= clock.seconds_at(self._next_ns)):
            clock.wake()
            return True
        clock.pass_to(self._next_ns)
        self.place, self._next = entry.id, None
        return self._stage.play(entry)

    def _delay(self) -> float | None:
        """Return how long to wait before the next thing; None if whoever waits will call."""
        due, entry = self.clock.due, self._next
        if entry is not None and not self._stage.is_attended:
            entry = None  # nobody is there: who dials will call
        times = [] if due is None else [due]
        if self._speed:
            times += [] if entry is None else [self.clock.seconds_at(self._next_ns)]
            return self._pace(min(times), self._speed) if times else None
        if entry is not None and not self._stage.is_ready:
            # A reader holds its line back. Time goes on, for those who wait for it, but not
            # faster than anybody's.
            return self._pace(due, 1.0) if due is not None else None
        self._origin = None
        glance_seconds = self._patience()
        if glance_seconds is not None:
            return glance_seconds
        return None if entry is None and due is None else 0.0

    def _coming(self) -> Entry | None:
        """Return the next entry, if it is here."""
        while self._next is None and not self._is_over:
            entry = next(self._entries, None)
            if entry is None:
                self._is_over = True
            elif (time_ns := time_of(entry)) is not None:
                self._next, self._next_ns = entry, time_ns
        return self._next

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            # Streams first, as where a client is closed: what it still holds back is not shown.
            for mailbox in tuple(self._readers):
                mailbox.end(None)
            self._stage.finish(TapeEndedError("the tape is over"))

    # When it is time.

    def _pace(self, at: float, speed: float) -> float:
        """Return how long it is to a time of the tape, at a speed."""
        now = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = (now, self.clock.monotonic())
        real, tape = self._origin
        return max(0.0, real + (at - tape) / speed - now)

    def _is_loop_busy(self) -> bool:
        """Tell whether anything else is about to run, and has not had its turn often enough."""
        ready = getattr(asyncio.get_running_loop(), "_ready", None)
        self._turns += 1
        if self._turns < (_TURNS if ready is None else _MOST_TURNS) and (ready is None or ready):
            return True
        self._turns = 0
        return False

    def _patience(self) -> float | None:
        """Return how long to wait for readers that work on a message; None for none."""
        busy = []
        for mailbox, is_awaited in tuple(self._readers.items()):
            if mailbox.is_closed or (mailbox.is_released and not mailbox.pending):
                del self._readers[mailbox]
                self._absent.discard(mailbox)
            elif mailbox.queue.readers:
                self._readers[mailbox] = mailbox not in self._absent
            elif is_awaited:
                busy.append(mailbox)
        if not busy:
            self._glances = 0
            return None
        self._glances += 1
        if self._glances * _GLANCE_SECONDS < _PATIENCE_SECONDS:
            return _GLANCE_SECONDS
        for mailbox in busy:
            self._readers[mailbox] = False
        self._absent.update(busy)
        self._glances = 0
        return None


def _as_transport_error(error: Exception) -> TransportError:
    """Return an error that ends lines for good, with the one behind it as its cause."""
    ended = ConnectError(f"the tape cannot be played on: {error}", url="", retryable=False)
    ended.__cause__ = error
    return ended
