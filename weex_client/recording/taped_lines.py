"""The lines of a replay: what clients hold of a tape's lanes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from weex_client.errors import ConnectionLostError, TapeEndedError, TransportError
from weex_client.protocol import Scope
from weex_client.recording.lanes import Batch, Down, Lane, Step, Up
from weex_client.recording.taped_venue import acknowledged
from weex_client.streaming.frame_connection import Frames, Take
from weex_client.streaming.transport import PromptTransport

__all__ = ["TapedLane", "TapedTransport"]


class TapedTransport(PromptTransport):
    """A line to the past: frames come as the player hands them over, what is sent goes nowhere.

    Args:
        stir: Is called when frames are waited for.
        leave: Is called when the client has ended the line.
    """

    def __init__(self, stir: Callable[[], None], leave: Callable[[TapedTransport], None]) -> None:
        self._stir = stir
        self._leave = leave
        self._waiting: deque[Frames] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._take: Take | None = None
        self._is_called = False
        self._end: TransportError | None = None
        self._requests: list[str] = []
        self._heard_ns: int | None = None

    @property
    def is_awaited(self) -> bool:
        """Tell whether somebody waits for frames, and has digested all that came."""
        return self._waiter is not None and not self._waiter.done()

    def deliver(self, frames: Frames) -> None:
        """Hand frames over, and say yes to what was asked before."""
        self._heard_ns = frames.received_time_ns
        self._hand_over(frames)
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Say yes, once the line has said anything: venues greet, and tell the time, first."""
        if self._heard_ns is not None and self._requests:
            acks = [acknowledged(text) for text in self._requests]
            self._requests.clear()
            self._hand_over(Frames(acks, self._heard_ns))

    def _hand_over(self, frames: Frames) -> None:
        """Let the frames be digested, or keep them until somebody comes."""
        if self._take is not None and self.is_awaited and not self._waiting:
            self._is_called = not self._take(frames)
            if not self._is_called:
                return
        else:
            self._waiting.append(frames)
        self._wake()

    def end(self, error: TransportError) -> None:
        """End the line, behind all that waits."""
        self._end = self._end or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Frames:
        """Wait for frames and return those that came together.

        Raises:
            ConnectionLostError: Where the tape's line ended.
            TapeEndedError: If nothing follows on the tape.
        """
        while not self._waiting and not self._is_called:
            if self._end is not None:
                raise self._end
            self._waiter = asyncio.get_running_loop().create_future()
            self._stir()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_called = False
        return self._waiting.popleft() if self._waiting else Frames([], 0)

    def deliver_to(self, take: Take | None) -> None:
        """Hand frames over in the moment in which the player does."""
        self._take = take

    async def send(self, text: str) -> None:
        """Send nothing, but have requests answered.

        Raises:
            ConnectionLostError: If the line has ended.
        """
        if isinstance(self._end, ConnectionLostError):
            raise self._end
        if text:
            self._requests.append(text)
            self._acknowledge()

    async def close(self) -> None:
        """End the line."""
        self.abort()

    def abort(self) -> None:
        """End the line at once."""
        self._waiting.clear()
        self.end(ConnectionLostError("the line of the replay was closed", code=1000))
        self._leave(self)
        self._stir()


class TapedLane:
    """One lane of a replay: recorded lanes of one or more sessions that follow each other.

    Attributes:
        number: Which lane it is for the clients.
        scope: Whose it is.
        is_up: Whether a line is up where the tape is now.
        transports: What clients hold of it.
        dials: Who waits for the next line.
    """

    def __init__(self, number: int, scope: Scope) -> None:
        self.number = number
        self.scope = scope
        self.is_up = False
        self.transports: dict[TapedTransport, None] = {}
        self.dials: dict[asyncio.Future[None], None] = {}
        self.last_up = 0  # its place
        self._has_been_up = False
        self._lines: dict[int, Lane] = {}  # by session
        self._rest: set[int] = set()  # lines that are still to come
        self._finished_by: TransportError | None = None

    def add(self, session: int, lines: set[int], lane: Lane) -> None:
        """Let a recorded lane be part of it."""
        self._lines[session] = lane
        self._rest |= lines

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it is to come any more."""
        is_spent = self._has_been_up and not self.is_up and not self._rest
        return is_spent or self._finished_by is not None

    @property
    def may_dial(self) -> bool:
        """Tell whether a dial is answered at once: before the first line, and while one is up."""
        return self.is_up or not self._has_been_up

    def line_of(self, session: int) -> Lane:
        """Return what puts the lines of a session in a row."""
        return self._lines[session]

    async def dial(self, stir: Callable[[], None]) -> TapedTransport:
        """Return a line, when the tape has one.

        Raises:
            TapeEndedError: If none comes any more.
            ConnectError: If the tape cannot be read any more.
        """
        while not self.may_dial or self.is_over:
            if self._finished_by is not None:
                raise self._finished_by
            if self.is_over:
                raise TapeEndedError("the tape has nothing more of this connection")
            dial = asyncio.get_running_loop().create_future()
            self.dials[dial] = None
            stir()
            try:
                await dial
            finally:
                self.dials.pop(dial, None)
        transport = TapedTransport(stir, lambda each: self.transports.pop(each, None) and None)
        self.transports[transport] = None
        return transport

    def opened(self, line: int) -> None:
        """Note that a line of it is here."""
        self._rest.discard(line)

    def take(self, step: Step) -> None:
        """Let clients have what comes next."""
        match step:
            case Batch(time_ns, frames):
                for transport in tuple(self.transports):
                    transport.deliver(Frames(list(frames), time_ns))
            case Up(_, line):
                self.is_up = self._has_been_up = True
                self.last_up = line.id
                self._answer_dials()
            case Down(_, cause, code):
                self.is_up = False
                lost = ConnectionLostError(cause, code=code)
                ended = TapeEndedError("the tape has nothing more of this connection")
                self._end(lost if self._rest else ended)

    def finish(self, error: TransportError) -> None:
        """End it for all who hold it: the tape is over."""
        self.is_up = False
        self._finished_by = error
        self._end(error)
        self._answer_dials()

    def _end(self, error: TransportError) -> None:
        for transport in tuple(self.transports):
            transport.end(error)
        self.transports.clear()

    def _answer_dials(self) -> None:
        for dial in self.dials:
            if not dial.done():
                dial.set_result(None)
        self.dials.clear()
