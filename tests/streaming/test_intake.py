"""Which frames are digested as they are read, and when the task must wait for somebody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from weex_client.clock import ManualClock
from weex_client.errors import ConnectionLostError
from weex_client.metrics import ChannelCounters
from weex_client.streaming.frame_connection import Frames
from weex_client.streaming.intake import Intake
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.transport import PromptTransport


class Digester:
    """Stand for a session: remember what it was given, and do what the test wants with it."""

    def __init__(self) -> None:
        self.needs_pull = False
        self.heard_frames: list[bytes] = []
        self.received: list[bytes] = []
        self.turns = 0
        self.meets: Any = lambda frame: None

    def heard(self, frames: list[bytes], received_time_ns: int, now: float) -> None:
        self.heard_frames += frames

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        self.received.append(frame)
        self.meets(frame)

    def digested(self) -> None:
        self.turns += 1

    def excuse_silence(self, now: float) -> None:
        pass


class PromptLine(PromptTransport):
    """A line that hands frames over as they come, as the real one does."""

    def __init__(self) -> None:
        self.take: Any = None
        self.waiting: list[bytes] = []
        self.news = asyncio.Event()
        self.is_over = False

    def deliver_to(self, take: Any) -> None:
        self.take = take

    def come(self, *frames: bytes) -> bool:
        """Bring frames; return whether they were digested there and then."""
        is_done = (
            self.take is not None and not self.news.is_set() and self.take(Frames([*frames], 7))
        )
        if not is_done:
            if self.take is None or self.news.is_set():
                self.waiting += frames
            self.news.set()
        return bool(is_done)

    async def receive(self) -> Frames:
        await self.news.wait()
        self.news.clear()
        if self.is_over:
            raise ConnectionLostError("over", code=1006)
        frames, self.waiting = self.waiting, []
        return Frames(frames, 8)

    async def send(self, text: str) -> None: ...

    async def close(self) -> None: ...

    def abort(self) -> None:
        self.is_over = True
        self.news.set()


async def some_turns() -> None:
    """Let the loop turn more often than anything here needs."""
    for _ in range(50):
        await asyncio.sleep(0)


class Desk:
    def __init__(self) -> None:
        self.session, self.gate, self.line, self.wake = (
            Digester(),
            Gate(),
            PromptLine(),
            asyncio.Event(),
        )
        intake = Intake(self.session, self.gate, ManualClock(), self.wake)  # type: ignore[arg-type]
        self.task = asyncio.create_task(intake.run(self.line, [([b"before"], 1)]))

    async def ends(self) -> None:
        self.line.abort()
        with pytest.raises(ConnectionLostError):
            await self.task
        assert self.line.take is None
        assert self.session.heard_frames == self.session.received


@pytest.fixture
async def desk() -> Desk:
    """Begin, up to the first wait."""
    desk = Desk()
    await asyncio.sleep(0)
    assert desk.session.received == [b"before"]
    return desk


async def test_what_comes_is_digested_there_and_then(desk: Desk) -> None:
    desk.session.needs_pull = True
    assert desk.line.come(b"1", b"2")
    assert desk.session.received == [b"before", b"1", b"2"]
    assert desk.wake.is_set()
    await desk.ends()


async def test_readers_whose_queue_fills_get_a_turn_in_the_midst(desk: Desk) -> None:
    def press(frame: bytes) -> None:
        desk.gate.is_pressed = frame == b"2"

    desk.session.meets = press
    assert not desk.line.come(b"1", b"2", b"3")
    assert desk.session.received[1:] == [b"1", b"2"]
    assert not desk.line.come(b"4")  # behind what waits
    await some_turns()
    assert desk.session.received[1:] == [b"1", b"2", b"3", b"4"]
    assert not desk.gate.is_pressed
    await desk.ends()


async def test_nothing_is_digested_while_a_reader_holds_the_socket_back(desk: Desk) -> None:
    holder = Mailbox(
        1,
        OverflowPolicy.BLOCK,
        ChannelCounters(),
        gate=desk.gate,
        on_overflow=lambda mailbox: None,
        on_release=lambda mailbox: None,
    )
    desk.session.meets = holder.push
    assert not desk.line.come(b"1", b"2", b"3")
    await some_turns()
    assert desk.session.received[1:] == [b"1", b"2"]
    assert desk.session.turns == 1
    holder.close()
    await some_turns()
    assert desk.session.received[1:] == [b"1", b"2", b"3"]
    await desk.ends()


async def test_a_flood_leaves_others_a_turn(desk: Desk) -> None:
    frames = [b"%d" % number for number in range(1200)]
    assert not desk.line.come(*frames)
    assert len(desk.session.received) == 501
    await some_turns()
    assert desk.session.received[1:] == frames
    await desk.ends()


async def test_a_bug_ends_the_task_and_not_the_socket_s_callback(desk: Desk) -> None:
    def fail(frame: bytes) -> None:
        raise ZeroDivisionError

    desk.session.meets = fail
    assert not desk.line.come(b"1")
    with pytest.raises(ZeroDivisionError):
        await desk.task
    assert desk.line.take is None


async def test_a_line_without_that_gift_is_read_by_the_task() -> None:
    class PlainLine:
        def __init__(self) -> None:
            self.batches = [Frames([b"1"], 1), Frames([b"2", b"3"], 2)]

        async def receive(self) -> Frames:
            if not self.batches:
                raise ConnectionLostError("over", code=1006)
            return self.batches.pop(0)

        async def send(self, text: str) -> None: ...

        async def close(self) -> None: ...

        def abort(self) -> None: ...

    session = Digester()
    intake = Intake(session, Gate(), ManualClock(), asyncio.Event())  # type: ignore[arg-type]
    with pytest.raises(ConnectionLostError):
        await intake.run(PlainLine())
    assert session.received == [b"1", b"2", b"3"]
