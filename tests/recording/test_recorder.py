"""Recording over lines in memory, onto real files: what is on the tape, and what never hurts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.recording.on_tape import payloads, rows
from tests.streaming.account_venue import SETTINGS, AccountVenue
from tests.streaming.memory_line import (
    BTC,
    CREDENTIALS,
    LOCAL,
    MemoryConnector,
    MemoryTransport,
    lasts,
    other_tasks,
    ticker,
    turns,
    until,
)
from weex_client.clock import ManualClock
from weex_client.errors import ConfigError, TapeError, UsageError
from weex_client.protocol import DialRequest
from weex_client.recording import Recorder
from weex_client.recording.rows import (
    AnswerRow,
    EventRow,
    FeedRow,
    FrameRow,
    HoleRow,
    LineRow,
    PartRow,
    SessionRow,
)
from weex_client.recording.tape import create_tape, part_path, parts_of
from weex_client.streaming.frame_connection import Frames, Take
from weex_client.streaming.transport import PromptTransport
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient


class Studio:
    """A venue in memory, a recorder on a real file, and a clock by hand for each of them."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.clock = ManualClock()
        self.venue = MemoryConnector(self.clock)
        self.tape_clock = ManualClock()
        self.recorder = Recorder(path, clock=self.tape_clock, **options)

    def client(self, venue: MemoryConnector | None = None, **settings: Any) -> WeexWebSocketClient:
        return WeexWebSocketClient(
            WeexConfig(_env_file=None, **LOCAL | settings),
            connector=venue or self.venue,
            clock=self.clock,
            recorder=self.recorder,
        )

    @contextlib.asynccontextmanager
    async def streaming(self) -> AsyncIterator[Any]:
        async with self.client() as client, client.stream_tickers(BTC) as stream:
            await until(self.venue.subscribed)
            yield stream

    async def say(self, stream: Any, *lasts_: int) -> None:
        """Let tickers come, read them, and give the recorder its moment."""
        for last in lasts_:
            self.venue.line.say(ticker(last=last))
            assert await lasts(stream, 1) == [last]
        await self.written()

    async def written(self) -> None:
        """Turn the recorder's clock until everything is on the tape."""
        await self.until(lambda: not self.recorder.stats().waiting)

    async def until(self, is_so: Any) -> None:
        """Turn the recorder's clock until something is so: its threads take real time."""
        async with asyncio.timeout(60):
            while not is_so():
                self.tape_clock.advance(0.1)
                await asyncio.sleep(0.002)


def on_disk(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def overwrite(path: Path) -> None:
    path.write_text("BTCUSDT")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tape.db"


async def test_everything_is_on_the_tape_in_the_order_in_which_it_happened(path: Path) -> None:
    studio = Studio(path)
    async with studio.recorder, studio.streaming() as stream:
        first = studio.venue.line
        await studio.say(stream, 1, 2)
        first.cut(1006, "gone")
        await until(lambda: not first.is_open)
        studio.clock.advance(2)
        await until(lambda: len(studio.venue.lines) == 2)
        await until(lambda: studio.venue.line.requests("SUBSCRIBE"))
        await studio.say(stream, 3)
    stats = studio.recorder.stats()
    assert (stats.frames, stats.written, stats.dropped, stats.waiting) == (7, 7, 0, 0)

    (session,) = rows(path, SessionRow)
    assert (session.venue, session.market) == ("weex", "contract")
    assert session.closed_ns is not None
    one, two = rows(path, LineRow)
    assert (one.lane, one.scope, one.code, one.is_ours) == (0, "public", 1006, 0)
    assert one.cause == "the line ended with 1006 gone"
    assert (two.lane, two.is_ours, two.address) == (0, 1, LOCAL["public_url"])
    (feed,) = rows(path, FeedRow)
    assert (feed.channel, feed.symbol, feed.lane) == ("ticker", BTC, 0)
    assert [row.kind for row in rows(path, EventRow)][:3] == [
        "connected",
        "disconnected",
        "reconnecting",
    ]
    heard = [json.loads(frame) for frame in payloads(path)]
    assert [each["d"][0]["c"] for each in heard if "d" in each] == ["1", "2", "3"]
    frames = rows(path, FrameRow)
    assert [row.line for row in frames] == sorted(row.line for row in frames)
    assert one.id < feed.id < frames[0].id < (one.closed_id or 0) < two.id < (feed.left_id or 0)
    (part,) = rows(path, PartRow)
    assert part.closed_ns is not None
    assert not [each for each in path.parent.iterdir() if each != path]
    assert not other_tasks()


async def test_recorder_goes_on_with_a_tape_and_has_several_clients(path: Path) -> None:
    for round_ in range(2):
        studio = Studio(path)
        async with studio.recorder, studio.streaming() as stream:
            other = MemoryConnector(studio.clock)
            async with studio.client(other) as client, client.stream_trades("ETHUSDT"):
                await until(other.subscribed)
                await studio.say(stream, round_)
        with pytest.raises(UsageError, match="opened once"):
            await studio.recorder.__aenter__()
    sessions = rows(path, SessionRow)
    assert len(sessions) == 4
    assert len({row.id for row in rows(path, LineRow)} | {each.id for each in sessions}) == 8
    assert all(each.closed_ns for each in sessions)
    assert sum(b"ticker" in frame for frame in payloads(path)) == 2


class PromptLine(PromptTransport):
    """Hand over what a test gives, at once."""

    def __init__(self) -> None:
        self.take: Take | None = None
        self.gone = asyncio.Event()

    def deliver_to(self, take: Take | None) -> None:
        self.take = take

    async def receive(self) -> Frames:
        await self.gone.wait()
        return Frames([], 0)

    async def send(self, text: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.gone.set()

    def abort(self) -> None:
        self.gone.set()


class OneLine(MemoryConnector):
    """Open one given line."""

    given: Any

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Any:
        return self.given


async def test_line_that_hands_over_at_once_still_does_and_once(path: Path) -> None:
    studio = Studio(path)
    way = OneLine(studio.clock)
    way.given = inner = PromptLine()
    async with studio.recorder:
        wrapped = studio.recorder.wrap(
            studio.client()._venue, WeexConfig(_env_file=None), way, studio.clock
        )
        line = await wrapped.connect(
            DialRequest("ws://127.0.0.1:1/?token=abcd"), max_frame_bytes=1, timeout_seconds=1
        )
        assert isinstance(line, PromptTransport)
        taken: list[Frames] = []
        line.deliver_to(lambda batch: bool(taken.append(batch)))
        assert inner.take is not None
        batch = Frames([b"a", b"b"], 5)
        assert inner.take(batch) is False  # the caller must come, and gets nothing twice
        assert taken == [batch]
        with pytest.raises(NotImplementedError):
            await line.send("never sent")
        line.deliver_to(None)
        assert inner.take is None
        line.abort()
        await line.receive()
        request = DialRequest("ws://127.0.0.1:1/")
        way.given = MemoryTransport(request, way)
        plain = await wrapped.connect(request, max_frame_bytes=1, timeout_seconds=1)
        assert not isinstance(plain, PromptTransport)
    assert [(row.payload, row.time_ns) for row in rows(path, FrameRow)] == [(b"a", 5), (b"b", 5)]
    assert [row.address for row in rows(path, LineRow)] == ["ws://127.0.0.1:1/"] * 2


@pytest.mark.parametrize("redacts", [False, True])
async def test_private_streams_are_recorded_without_a_secret(path: Path, redacts: bool) -> None:
    studio = Studio(path, redact_private=redacts)
    venue = AccountVenue(studio.clock, market="contract")
    async with (
        studio.recorder,
        studio.client(venue, **SETTINGS) as client,
        client.stream_orders() as orders,
    ):
        await until(lambda: venue.requests)
        await turns(50)
        assert orders.dropped == 0
        await studio.written()
    answers = rows(path, AnswerRow)
    assert answers
    assert all((row.body is None) is redacts and row.status == 200 for row in answers)
    private = {row.id for row in rows(path, LineRow) if row.scope == "private"}
    assert len(private) == 1
    assert any(row.line in private for row in rows(path, FrameRow)) is not redacts
    content = on_disk(path)
    for header in venue.requests[0].headers.values():
        assert header.encode() not in content or header.startswith("weex-client")
    assert CREDENTIALS["secret_key"].encode() not in content.replace(b"secret_key", b"")


async def test_lock_that_somebody_holds_costs_nothing_but_time(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "weex_client")
    studio = Studio(path)
    async with studio.recorder, studio.streaming() as stream:
        await studio.say(stream, 1)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for last in range(2, 50):
            studio.venue.line.say(ticker(last=last))
            assert await lasts(stream, 1) == [last]  # the stream goes on
        await studio.until(lambda: studio.recorder.stats().problem)
        stats = studio.recorder.stats()
        assert stats.problem == "another program holds the file locked"
        assert stats.waiting == 48
        assert stats.lag_seconds > 0
        other.close()
        await studio.until(lambda: studio.recorder.stats().problem is None)
        await studio.say(stream, 50)
    assert sum(b"ticker" in frame for frame in payloads(path)) == 50
    assert not rows(path, HoleRow)
    said = [record.message for record in caplog.records]
    assert len(said) == 2
    assert "cannot record" in said[0]
    assert "goes on" in said[1]


async def test_tape_that_cannot_be_written_at_the_end_says_what_is_missing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    studio = Studio(path)
    async with studio.recorder, studio.streaming() as stream:
        await studio.say(stream, 1)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        studio.venue.line.say(ticker(last=2))
        await lasts(stream, 1)
    other.close()
    stats = studio.recorder.stats()
    assert (stats.dropped, stats.waiting) == (1, 0)
    assert "closed without the last 1 frames" in caplog.text
    assert not other_tasks()
    assert sum(b"ticker" in frame for frame in payloads(path)) == 1


async def test_parts_follow_each_other_and_the_old_ones_go(path: Path) -> None:
    studio = Studio(path, rotate_seconds=60, retain_seconds=150)
    async with studio.recorder, studio.streaming() as stream:
        for last in range(1, 5):
            await studio.say(stream, last)
            part = studio.recorder.stats().part
            for _ in range(70):
                studio.tape_clock.advance(1)
                studio.venue.line.say(ticker(last=last))
                await lasts(stream, 1)
            await studio.until(lambda part=part: studio.recorder.stats().part > part)
    kept = parts_of(path)
    numbers = [int(each.name.split(".")[1]) for each in kept]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    # What ended within 150 s is there, and what was not looked at in the minute since.
    assert 3 <= len(numbers) <= 5
    assert numbers[0] > 0
    # Each part knows whose frames it has, and goes on counting where the one before ended.
    everything: list[int] = []
    for number, each in zip(numbers, kept, strict=True):
        (row,) = rows(each, PartRow)
        assert (row.number, row.closed_ns is not None) == (number, True)
        assert row.follows == part_path(path, number - 1).name
        (line,) = rows(each, LineRow)
        (session,) = rows(each, SessionRow)
        (feed,) = rows(each, FeedRow)
        assert (line.id, session.id, feed.session) == (2, 1, 1)
        everything += [frame.id for frame in rows(each, FrameRow)]
        assert {frame.line for frame in rows(each, FrameRow)} <= {line.id}
    assert everything == sorted(set(everything))
    assert line.closed_id is not None

    again = Studio(path)
    async with again.recorder, again.streaming() as stream:
        await again.say(stream, 9)
    assert again.recorder.stats().path == kept[-1]  # not rotated, not the first
    assert rows(kept[-1], SessionRow)[-1].id > everything[-1]


async def test_part_that_was_hardly_begun_goes_on_counting_where_the_others_ended(
    path: Path,
) -> None:
    studio = Studio(path)
    async with studio.recorder, studio.streaming() as stream:
        await studio.say(stream, 1, 2, 3)
    create_tape(part_path(path, 1), PartRow(1, path.name, 1))
    again = Studio(path)
    async with again.recorder, again.streaming() as stream:
        await again.say(stream, 4)
    before, after = (rows(each, FrameRow) for each in parts_of(path))
    assert before[-1].id < rows(part_path(path, 1), SessionRow)[0].id < after[0].id


async def test_part_that_grows_too_large_is_ended(path: Path) -> None:
    studio = Studio(path, rotate_bytes=100_000)
    async with studio.recorder, studio.streaming() as stream:
        studio.venue.line.say(b'{"e":"noise","d":"' + b"x" * 150_000 + b'"}')
        await studio.until(lambda: studio.recorder.stats().part == 1)
        await studio.say(stream, 1)
    assert [len(payloads(each)) for each in parts_of(path)] == [2, 1]


async def test_file_that_is_removed_is_replaced_by_the_next_part(path: Path) -> None:
    studio = Studio(path)
    async with studio.recorder, studio.streaming() as stream:
        await studio.say(stream, 1)
        for each in path.parent.glob("tape.db*"):
            if not each.name.endswith("-recorder"):
                each.unlink()
        await studio.until(lambda: studio.recorder.stats().part == 1)
        await studio.say(stream, 2)
    assert [each.name for each in parts_of(path)] == ["tape.001.db"]
    assert len(payloads(parts_of(path)[0])) == 1
    assert len(rows(parts_of(path)[0], LineRow)) == 1


async def test_wrong_use_is_refused_in_words(path: Path) -> None:
    with pytest.raises(ConfigError, match="rotate_seconds must be greater than 0"):
        Recorder(path, rotate_seconds=0)
    studio = Studio(path)
    with pytest.raises(UsageError, match="not open"):
        studio.recorder.stats()
    with pytest.raises(UsageError, match="recorder is not open"):
        await studio.client().connect()
    async with studio.recorder:
        with pytest.raises(TapeError, match="another program records in"):
            async with Recorder(path):
                pass
        client = studio.client()
        with pytest.raises(UsageError, match="on a tape"):
            studio.recorder.wrap(client._venue, client._config, client._connector, studio.clock)
    overwrite(path)
    with pytest.raises(TapeError, match="no SQLite file"):
        async with Recorder(path):
            pass
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    with pytest.raises(TapeError, match="cannot record in"):
        async with Recorder(path / "nowhere" / "tape.db"):
            pass


async def test_recorder_that_is_closed_first_leaves_its_clients_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    studio = Studio(path)
    async with contextlib.AsyncExitStack() as stack:
        async with studio.recorder:
            stream = await stack.enter_async_context(studio.streaming())
            await studio.say(stream, 1)
        studio.venue.line.say(ticker(last=2))
        assert await lasts(stream, 1) == [2]
        await studio.recorder.close()
    assert "closed while a client is connected" in caplog.text
    assert studio.recorder.stats().dropped == 1
    (session,) = rows(path, SessionRow)
    assert session.closed_ns is not None


@pytest.mark.parametrize("turn", range(0, 12, 2))
async def test_recorder_that_is_cancelled_anywhere_leaves_a_tape_and_no_task(
    path: Path, turn: int
) -> None:
    studio = Studio(path)
    told: list[int] = []

    async def record() -> None:
        async with studio.recorder, studio.streaming() as stream:
            for last in range(1000):
                studio.venue.line.say(ticker(last=last))
                told.extend(await lasts(stream, 1))
                studio.tape_clock.advance(0.1)
                await asyncio.sleep(0.002)

    task = asyncio.create_task(record())
    if turn > 4:
        await until(lambda: len(told) > turn)
    else:
        for _ in range(turn):
            await asyncio.sleep(0.002)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not other_tasks())
    if on_disk(path):
        heard = [json.loads(frame) for frame in payloads(path)]
        assert [int(each["d"][0]["c"]) for each in heard if "d" in each][: len(told)] == told
    async with Recorder(path):
        pass
