"""One connection's life: dialled, lost, dialled again, given up, ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import chain, pairwise
from typing import Any

import pytest

from weex_client.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigError,
    ConnectError,
    RateLimitedError,
    RetriesExhaustedError,
    SubscriptionRejectedError,
    WeexClientError,
)
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent
from weex_client.protocol import Channel, Scope, Topic
from weex_client.streaming.budget import AddressBudget
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.dialling import Dialler
from weex_client.streaming.loop_watch import LoopWatch
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.registry import Registry
from weex_client.streaming.session import Session
from weex_client.streaming.subscription import Subscription
from weex_client.streaming.supervisor import Supervisor
from weex_client.venues.weex import WeexConfig, WeexVenue

from .memory_line import (
    BTC,
    CREDENTIALS,
    ETH,
    FAR,
    SOL,
    Desk,
    lasts,
    open_desk,
    other_tasks,
    reached,
    read,
    refusal,
    rest,
    snapshot,
    symbols,
    ticker,
    turns,
    until,
)

# More than the first ceiling of the wait before a dial, less than what a stable stretch takes.
SOON = 1.5


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # type: ignore[operator]


class Wire:
    """A supervisor alone, with one ticker wanted, whose delays are the ceilings."""

    def __init__(self, *script: Exception | None, **settings: Any) -> None:
        self.desk = Desk(*script)
        self.clock, self.venue = self.desk.clock, self.desk.venue
        self.events: list[ConnectionEvent] = []
        self.bounds: list[tuple[float, float]] = []
        self.gate = Gate()
        config = WeexConfig(_env_file=None, **settings)
        weex = WeexVenue(config)
        counters = ChannelCounters()
        session = Session(weex, Scope.PUBLIC, lambda _: counters, self.events.append, Ledger())
        topic = Topic(Channel.TICKER, BTC)
        self.registry = Registry()
        mailbox = Mailbox(
            100,
            OverflowPolicy.DROP_OLDEST,
            counters,
            gate=self.gate,
            on_overflow=lambda _: None,
            on_release=lambda box: self._leave(topic, box),
        )
        session.want("BTCUSDT@ticker", self.registry.join(topic, mailbox))
        self.stream: Subscription[Any] = Subscription(mailbox)
        self.budget = AddressBudget("weex", weex.limits, has_spacing=False)
        dialler = Dialler(
            weex,
            Scope.PUBLIC,
            config,
            self.venue,
            self.clock,
            self.budget,
            session.server_time,
            owner=self,
        )
        self.supervisor = Supervisor(
            session,
            dialler,
            self.gate,
            LoopWatch(self.clock, self.events.append),
            self.events.append,
            jitter=self._ceiling,
        )

    def _leave(self, topic: Topic, mailbox: Mailbox) -> None:
        if self.registry.leave(topic, mailbox):
            self.supervisor.session.let_go("BTCUSDT@ticker", topic, self.clock.monotonic())

    def _ceiling(self, low: float, high: float) -> float:
        self.bounds.append((low, high))
        return high

    async def __aenter__(self) -> Wire:
        self.supervisor.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.stop()

    async def dialled(self, count: int) -> None:
        await until(lambda: len(self.venue.dials) >= count)

    async def live(self, count: int = 1) -> None:
        """Wait until so many lines were opened and the last has its subscription."""
        await until(lambda: len(self.venue.lines) >= count and self.venue.line.sent)

    async def backed_off(self, count: int) -> None:
        """Wait until so many waits before a dial were announced."""
        await reached(lambda: len(self.told("reconnecting")), count)

    def told(self, kind: str) -> list[ConnectionEvent]:
        return [event for event in self.events if event.kind == kind]


async def die_soon(wire: Wire, times: int) -> None:
    """Let lines die right after they opened, each time waiting for the next."""
    for count in range(1, times + 1):
        await wire.live(count)
        wire.venue.line.cut()
        await wire.backed_off(count)
        wire.clock.advance(wire.told("reconnecting")[-1].delay_seconds or 0)


# Waits between dials.


async def test_delays_stay_below_a_ceiling_that_doubles_up_to_the_last() -> None:
    async with Wire(reconnect_delay_seconds=1, reconnect_max_delay_seconds=10) as wire:
        wire.venue.always = refusal()
        for count in range(1, 8):
            await wire.backed_off(count)
            wire.clock.advance(wire.told("reconnecting")[-1].delay_seconds or 0)
        assert wire.bounds[:7] == [(0.0, ceiling) for ceiling in (1, 2, 4, 8, 10, 10, 10)]
        assert [time for time, _ in wire.venue.dials][:7] == [0, 1, 3, 7, 15, 25, 35]


async def test_dial_waits_for_its_delay() -> None:
    async with Wire(refusal()) as wire:
        await until(lambda: wire.told("reconnecting"))
        wire.clock.advance(0.999)
        await turns(20)
        assert len(wire.venue.dials) == 1
        wire.clock.advance(0.001)
        await wire.dialled(2)


async def test_ceiling_of_the_thousandth_attempt_is_still_a_number() -> None:
    async with Wire(reconnect_max_delay_seconds=60) as wire:
        wait = asyncio.create_task(wire.supervisor.back_off(refusal(), 5000))
        await turns(2)
        assert wire.told("reconnecting")[-1].delay_seconds == 60
        wire.clock.advance(60)
        await asyncio.wait_for(wait, 1)


@pytest.mark.parametrize(
    "error",
    [
        refusal(status=429, retry_after_seconds=90.0),
        RateLimitedError("slow down", retry_after_seconds=90.0),
    ],
)
async def test_retry_after_is_honoured_even_beyond_the_last_ceiling(error: Exception) -> None:
    async with Wire(error) as wire:
        await until(lambda: wire.told("reconnecting"))
        assert wire.told("reconnecting")[0].delay_seconds == 90
        wire.clock.advance(89)
        await turns(20)
        assert len(wire.venue.dials) == 1
        wire.clock.advance(1)
        await wire.dialled(2)


async def test_retry_after_shorter_than_the_delay_changes_nothing() -> None:
    async with Wire(refusal(retry_after_seconds=0.1)) as wire:
        await until(lambda: wire.told("reconnecting"))
        assert wire.told("reconnecting")[0].delay_seconds == 1


async def test_attempts_go_on_counting_while_lines_die_early() -> None:
    async with Wire() as wire:
        await die_soon(wire, 4)
        assert [event.attempt for event in wire.told("reconnecting")] == [1, 2, 3, 4]


async def test_attempts_count_anew_after_a_stable_stretch_with_data() -> None:
    async with Wire() as wire:
        await die_soon(wire, 2)
        await wire.live(3)
        wire.venue.line.say(ticker())
        await lasts(wire.stream, 1)
        wire.clock.advance(10)
        wire.venue.line.cut()
        await wire.backed_off(3)
        assert [event.attempt for event in wire.told("reconnecting")] == [1, 2, 1]


async def test_data_on_a_line_that_died_early_does_not_reset_the_count() -> None:
    async with Wire() as wire:
        await die_soon(wire, 2)
        await wire.live(3)
        wire.venue.line.say(ticker())
        await lasts(wire.stream, 1)
        wire.clock.advance(9)
        wire.venue.line.cut()
        await wire.backed_off(3)
        assert wire.told("reconnecting")[-1].attempt == 3


async def test_long_line_without_a_frame_does_not_reset_the_count() -> None:
    async with Wire() as wire:
        wire.venue.acknowledges = False
        await die_soon(wire, 2)
        await wire.live(3)
        wire.clock.advance(9.9)
        await turns(10)
        wire.clock.advance(0.5)
        wire.venue.line.cut()
        await wire.backed_off(3)
        assert wire.told("reconnecting")[-1].attempt == 3


async def test_long_line_with_nothing_but_acks_does_not_reset_the_count() -> None:
    async with Wire() as wire:
        await die_soon(wire, 2)
        await wire.live(3)
        wire.clock.advance(11)
        await turns(10)
        wire.venue.line.cut()
        await wire.backed_off(3)
        assert wire.told("reconnecting")[-1].attempt == 3


# Giving up.


async def test_streams_end_with_retries_exhausted_after_the_last_attempt() -> None:
    async with Wire(max_reconnect_attempts=3) as wire:
        wire.venue.always = refusal()
        for count in range(1, 4):
            await wire.backed_off(count)
            wire.clock.advance(10)
        with pytest.raises(RetriesExhaustedError, match=r"3 attempts.*nobody answers") as caught:
            await asyncio.wait_for(anext(wire.stream), 1)
        assert caught.value.attempts == 3
        assert await rest(wire.stream) == []
        assert len(wire.venue.dials) == 4
        assert [event.cause for event in wire.told("gave_up")] == [str(caught.value)]


async def test_what_waits_is_read_before_retries_exhausted() -> None:
    async with Wire(max_reconnect_attempts=1) as wire:
        await wire.live()
        wire.venue.line.say(ticker(last=5))
        wire.venue.always = refusal()
        wire.venue.line.cut()
        await until(lambda: wire.told("reconnecting"))
        wire.clock.advance(10)
        assert await lasts(wire.stream, 1) == [5]
        with pytest.raises(RetriesExhaustedError):
            await asyncio.wait_for(anext(wire.stream), 1)


def tries_that_fail(error: WeexClientError) -> list[Exception | None]:
    """Refused credentials are tried once more, with a fresh signature."""
    return [error] * (2 if isinstance(error, AuthenticationError) else 1)


FATAL = [
    AuthenticationError("wrong key"),
    ConfigError("no address"),
    refusal(retryable=False),
]


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
async def test_error_that_no_retry_helps_ends_the_streams_at_once(error: WeexClientError) -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        events = desk.client.events()
        tries = desk.venue.script = tries_that_fail(error)
        count = len(tries)
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        with pytest.raises(type(error)) as caught:
            await asyncio.wait_for(anext(stream), 1)
        assert repr(caught.value) == repr(error)
        assert len(desk.venue.dials) == 1 + count
        kinds = [event.kind for event in await read(events, 2 + count)]
        assert kinds == ["disconnected", *["reconnecting"] * count, "gave_up"]


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
async def test_stream_opened_after_a_fatal_error_dials_again(error: WeexClientError) -> None:
    async with open_desk() as desk:
        first = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = tries_that_fail(error)
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        with pytest.raises(type(error)):
            await asyncio.wait_for(anext(first), 1)
        assert desk.client.is_connected
        second = desk.client.stream_tickers(BTC)
        assert not desk.client.is_connected
        await desk.subscribed(2)
        desk.venue.line.say(ticker(last=3))
        assert await lasts(second, 1) == [3]
        assert desk.client.is_connected


# Lost and found.


async def test_lost_line_is_dialled_again_and_everything_asked_for_in_one_request() -> None:
    async with open_desk() as desk:
        streams = [desk.client.stream_tickers(symbol) for symbol in (BTC, ETH, SOL)]
        book = desk.client.stream_order_book(BTC)
        await desk.subscribed()
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        await desk.subscribed(2)
        expected = ["BTCUSDT@ticker", "ETHUSDT@ticker", "SOLUSDT@ticker", "BTCUSDT@depth15"]
        assert desk.venue.line.requests("SUBSCRIBE") == [expected]
        desk.venue.line.say(ticker(BTC, 8), snapshot())
        assert await lasts(streams[0], 1) == [8]
        assert (await read(book, 1))[0].is_snapshot


async def test_book_of_the_lost_line_is_not_shown_before_the_new_snapshot() -> None:
    async with open_desk() as desk:
        book = desk.client.stream_order_book(BTC)
        await desk.subscribed()
        desk.venue.line.say(snapshot(sequence=100))
        await read(book, 1)
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        await desk.subscribed(2)
        change = snapshot() | {"e": "depth", "d": "CHANGED", "U": 100, "u": 101}
        desk.venue.line.say(change, snapshot(sequence=200))
        assert [message.sequence for message in await read(book, 1)] == [200]
        assert book.pending == 0


async def test_events_tell_the_causes_close_codes_attempts_and_delays() -> None:
    async with open_desk() as desk:
        events = desk.client.events()
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [refusal()]
        desk.venue.line.cut(1012, "restart")
        await turns(10)
        desk.clock.advance(1)
        await turns(10)
        desk.clock.advance(2)
        await desk.subscribed(2)
        desk.venue.line.say(ticker())
        await read(stream, 1)
        gone, first, second, back, again = await read(events, 5)
        assert (gone.kind, gone.close_code) == ("disconnected", 1012)
        assert "1012 restart" in gone.cause
        assert [(each.kind, each.attempt) for each in (first, second)] == [
            ("reconnecting", 1),
            ("reconnecting", 2),
        ]
        assert 0 <= first.delay_seconds <= 1
        assert 0 <= second.delay_seconds <= 2
        assert ("1012" in first.cause, second.cause) == (True, "nobody answers")
        assert (back.kind, back.scope) == ("connected", "public")
        assert (again.kind, again.channel, again.symbol) == ("resubscribed", "ticker", BTC)
        assert again.duration_seconds == 3.0


async def test_lines_are_closed_when_they_are_lost() -> None:
    async with open_desk() as desk:
        _stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        await desk.subscribed(2)
        assert desk.venue.open_lines == [desk.venue.line]
        assert desk.client.stats().scopes["public"].reconnects == 1


async def test_send_on_a_dead_line_is_a_lost_line() -> None:
    async with open_desk() as desk:
        await turns(5)
        desk.venue.line.abort()
        _stream = desk.client.stream_tickers(BTC)
        await turns(10)
        desk.clock.advance(SOON)
        await desk.subscribed()
        assert len(desk.venue.lines) == 2


# Silence.


async def test_silence_brings_a_ping_then_a_verdict_then_a_new_line() -> None:
    async with open_desk() as desk:
        events = desk.client.events()
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        await turns(10)
        desk.venue.acknowledges = False
        first = desk.venue.line
        await desk.pass_time(29)
        assert first.requests("PING") == []
        await desk.pass_time(1)
        assert len(first.requests("PING")) == 1
        await desk.pass_time(9)
        assert first.is_open
        await desk.pass_time(1 + SOON, step=0.5)
        await desk.subscribed(2)
        assert not first.is_open
        gone = (await read(events, 1))[0]
        assert (gone.kind, gone.cause) == (
            "disconnected",
            "nothing came for 40 s, not even an answer to a ping",
        )
        desk.venue.line.say(ticker(last=2))
        assert await lasts(stream, 1) == [2]


async def test_answered_ping_keeps_the_line() -> None:
    async with open_desk() as desk:
        _stream = desk.client.stream_trades(BTC)  # of which there may be none for hours
        await desk.subscribed()
        desk.venue.line.say({"e": "tradeSnapshot", "E": 1_790_000_000_000, "s": BTC, "d": []})
        await turns(5)
        for _ in range(5):
            await desk.pass_time(30)
            desk.venue.line.say({"id": "5", "method": "PONG"})
            await turns(5)
        assert len(desk.venue.line.requests("PING")) == 5
        assert len(desk.venue.lines) == 1


async def test_configured_silence_counts_instead_of_the_venues() -> None:
    async with open_desk(stale_after_seconds=3) as desk:
        _stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        await desk.pass_time(4)
        assert len(desk.venue.line.requests("PING")) == 1


@pytest.mark.parametrize(
    "ping",
    [{"event": "ping", "time": "1788692610000"}, {"type": "ping", "time": "1776172740000"}],
    ids=["event", "type"],
)
async def test_ping_of_the_venue_is_answered(ping: dict[str, Any]) -> None:
    async with open_desk() as desk:
        desk.venue.line.say(ping)
        await until(lambda: desk.venue.line.requests("PONG"))
        assert len(desk.venue.line.requests("PONG")) == 1


async def test_refused_requests_bring_a_fresh_line_before_the_venue_closes() -> None:
    async with open_desk() as desk:
        desk.venue.acknowledges = False
        good = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.say({"result": True, "id": 1})
        for number in range(5):
            bad = desk.client.stream_tickers(f"BAD{number}")
            await desk.subscribed(number + 2)
            reason = f"INVALID_ARGUMENT: invalid symbol : cmt_bad{number}"
            desk.venue.line.say({"result": False, "id": number + 2, "msg": reason})
            with pytest.raises(SubscriptionRejectedError, match=f"cmt_bad{number}"):
                await asyncio.wait_for(anext(bad), 1)
        assert len(desk.venue.lines) == 1
        events = desk.client.events()
        late = desk.client.stream_tickers(ETH)
        gone = (await read(events, 1))[0]
        assert (gone.kind, "closes it after 6" in gone.cause) == ("disconnected", True)
        desk.clock.advance(SOON)
        await until(lambda: len(desk.venue.lines) == 2 and desk.venue.line.sent)
        assert sorted(chain.from_iterable(desk.venue.line.requests("SUBSCRIBE"))) == [
            "BTCUSDT@ticker",
            "ETHUSDT@ticker",
        ]
        desk.venue.line.say(ticker(BTC, 1), ticker(ETH, 2))
        assert (await lasts(good, 1), await lasts(late, 1)) == ([1], [2])


async def test_rejected_stream_leaves_the_others_alone() -> None:
    async with open_desk() as desk:
        desk.venue.acknowledges = False
        bad = desk.client.stream_tickers("NOPEUSDT")
        good = desk.client.stream_tickers(BTC)
        events = desk.client.events()
        await desk.subscribed()
        reason = "INVALID_ARGUMENT: invalid symbol : cmt_nopeusdt"
        desk.venue.line.say({"result": False, "id": 1, "msg": reason})
        with pytest.raises(SubscriptionRejectedError) as caught:
            await asyncio.wait_for(anext(bad), 1)
        assert (caught.value.channel, caught.value.symbol) == ("ticker", "NOPEUSDT")
        await desk.subscribed(2)
        assert desk.venue.subscribed()[1:] == [["BTCUSDT@ticker"]]
        desk.venue.line.say(ticker())
        assert await lasts(good, 1) == [1]
        assert (await read(events, 1))[0].kind == "rejected"


# A reader that holds the socket back.


async def test_block_reader_that_rests_for_long_does_not_cost_the_line() -> None:
    async with open_desk() as desk:
        blocked = desk.client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
        await desk.subscribed()
        desk.venue.line.say(*(ticker(last=number) for number in range(1, 4)))
        await until(lambda: blocked.pending == 2)
        desk.venue.line.say(*(ticker(last=number) for number in range(4, 7)))
        await desk.pass_time(300, step=5)
        assert desk.venue.line.waiting_frames == 3
        assert desk.venue.line.requests("PING") == []
        assert len(desk.venue.lines) == 1
        assert await lasts(blocked, 6) == [1, 2, 3, 4, 5, 6]
        assert desk.client.is_connected


async def test_answers_that_wait_behind_a_block_reader_are_not_missed() -> None:
    async with open_desk() as desk:
        blocked = desk.client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
        await desk.subscribed()
        first = desk.venue.line
        first.say(ticker(last=1), ticker(last=2), ticker(last=3))
        await until(lambda: blocked.pending == 2)
        # The answer to this, and the book itself, wait in the socket.
        book = desk.client.stream_order_book(BTC)
        await desk.subscribed(2)
        first.say(snapshot())
        for last in range(4, 40, 2):
            # Every time a little is read, and the line is held again, for longer than answers take.
            await desk.pass_time(15, step=5)
            first.say(ticker(last=last), ticker(last=last + 1))
            await read(blocked, 1)
        assert (len(desk.venue.lines), first.is_open) == (1, True)
        assert desk.venue.subscribed()[1:] == [["BTCUSDT@depth15"]]
        assert desk.venue.unsubscribed() == []
        await read(blocked, 5)
        assert (await read(book, 1))[0].sequence == 100
        assert len(desk.venue.subscribed()) == 2


async def test_silence_counts_again_once_the_block_reader_goes_on() -> None:
    async with open_desk() as desk:
        blocked = desk.client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
        await desk.subscribed()
        desk.venue.line.say(ticker(), ticker(), ticker())
        await desk.pass_time(100, step=5)
        await read(blocked, 3)
        await turns(10)
        first = desk.venue.line
        await desk.pass_time(29)
        assert first.requests("PING") == []
        await desk.pass_time(1)
        assert len(first.requests("PING")) == 1
        await desk.pass_time(10)
        assert not first.is_open


# Bugs in a task.


async def test_bug_while_reading_ends_the_streams_with_it_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        bug = RuntimeError("a bug")
        desk.venue.line.break_receive(bug)
        with pytest.raises(RuntimeError) as caught:
            await asyncio.wait_for(anext(stream), 1)
        assert repr(caught.value) == repr(bug)
        assert await rest(stream) == []
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info[1] for record in records if record.exc_info] == [bug]
    assert desk.venue.open_lines == []


async def test_bug_while_sending_ends_the_streams_with_it() -> None:
    async with open_desk() as desk:
        await turns(5)
        bug = RuntimeError("a bug")
        desk.venue.line.send_error = bug
        stream = desk.client.stream_tickers(BTC)
        await desk.pass_time(120, step=5)
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(anext(stream), 0.05)


async def test_bug_while_sending_is_logged_at_the_latest_when_the_line_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_desk() as desk:
        await turns(5)
        bug = RuntimeError("a bug")
        desk.venue.line.send_error = bug
        stream = desk.client.stream_tickers(BTC)
        await turns(10)
        desk.venue.line.cut()
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(anext(stream), 1)
    assert bug in [record.exc_info[1] for record in caplog.records if record.exc_info]


async def test_bug_while_dialling_ends_the_streams_with_it() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [RuntimeError("a bug")]
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        with pytest.raises(RuntimeError, match="a bug"):
            await asyncio.wait_for(anext(stream), 1)


async def test_bug_in_the_first_dial_is_raised_by_connect() -> None:
    desk = Desk(RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        await desk.client.connect()
    assert not desk.client.is_connected
    assert other_tasks() == set()


async def test_stream_opened_after_a_bug_is_served() -> None:
    async with open_desk() as desk:
        first = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.break_receive(RuntimeError("a bug"))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(anext(first), 1)
        second = desk.client.stream_tickers(BTC)
        await desk.subscribed(2)
        desk.venue.line.say(ticker(last=6))
        assert await lasts(second, 1) == [6]


# is_connected.


async def test_is_connected_follows_the_line_that_is_needed() -> None:
    desk = Desk()
    assert not desk.client.is_connected
    async with desk.client:
        assert desk.client.is_connected
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        assert desk.client.is_connected
        desk.venue.line.cut()
        await until(lambda: not desk.client.is_connected)
        await turns(10)
        assert not desk.client.is_connected
        desk.clock.advance(SOON)
        await until(lambda: desk.client.is_connected)
        desk.venue.line.cut()
        await until(lambda: not desk.client.is_connected)
        await stream.aclose()
        assert desk.client.is_connected
    assert not desk.client.is_connected


async def test_is_connected_is_true_after_a_bug_ended_all_that_needed_the_line() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.break_receive(RuntimeError("a bug"))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(anext(stream), 1)
        assert desk.client.is_connected


async def test_is_connected_is_false_while_the_private_line_is_dialled() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _orders = desk.client.stream_orders()
        assert not desk.client.is_connected
        await desk.subscribed()
        assert desk.client.is_connected


# Private lines and closed clients.


async def test_private_line_is_dialled_with_the_first_private_stream() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        await turns(10)
        assert len(desk.venue.dials) == 1
        _streams = desk.client.stream_orders(), desk.client.stream_fills()
        await desk.subscribed()
        (_, public), (_, private) = desk.venue.dials
        assert (public.url.endswith("/public"), private.url.endswith("/private")) == (True, True)
        assert "ACCESS-SIGN" in private.headers
        assert "ACCESS-SIGN" not in public.headers
        assert desk.venue.subscribed() == [["orders", "fill"]]


async def test_every_private_dial_is_signed_anew() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        _orders = desk.client.stream_orders()
        await desk.subscribed()
        desk.venue.line.cut()
        await turns(10)
        desk.clock.advance(SOON)
        await desk.subscribed(2)
        first, second = (request.headers["ACCESS-TIMESTAMP"] for _, request in desk.venue.dials[1:])
        assert int(second) - int(first) == 1500


async def test_private_stream_without_credentials_names_the_variables() -> None:
    async with open_desk() as desk:
        with pytest.raises(ConfigError, match=r"WEEX_API_KEY, WEEX_SECRET_KEY.*WEEX_PASSPHRASE"):
            desk.client.stream_orders()
        assert len(desk.venue.dials) == 1
        assert desk.client.is_connected


async def test_refused_credentials_end_private_streams_only() -> None:
    async with open_desk(**CREDENTIALS) as desk:
        tickers = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [AuthenticationError("wrong key")] * 2
        orders = desk.client.stream_orders()
        with pytest.raises(AuthenticationError):
            await asyncio.wait_for(anext(orders), 1)
        desk.venue.line.say(ticker(last=4))
        assert await lasts(tickers, 1) == [4]


async def test_streams_and_events_of_a_closed_client_are_refused() -> None:
    desk = Desk()
    for _ in range(2):
        with pytest.raises(ClientClosedError):
            desk.client.stream_tickers(BTC)
        with pytest.raises(ClientClosedError):
            desk.client.events()
        async with desk.client:
            pass


# Entering and leaving.


async def test_entering_dials_the_public_line() -> None:
    async with open_desk(**FAR) as desk:
        assert [request.url for _, request in desk.venue.dials] == [
            "wss://ws-contract.weex.com/v3/ws/public"
        ]
        assert desk.venue.line.sent == []


@pytest.mark.parametrize("error", [refusal(), *FATAL], ids=lambda error: type(error).__name__)
async def test_failed_first_dial_is_raised_and_leaves_no_task(error: WeexClientError) -> None:
    desk = Desk(*tries_that_fail(error))
    with pytest.raises(type(error)) as caught:
        await desk.client.connect()
    assert repr(caught.value) == repr(error)
    assert other_tasks() == set()
    assert not desk.client.is_connected
    await desk.client.connect()
    assert desk.client.is_connected
    await desk.client.disconnect()


async def test_connect_on_an_open_client_does_nothing() -> None:
    async with open_desk() as desk:
        await desk.client.connect()
        assert len(desk.venue.dials) == 1


async def test_two_connects_at_once_dial_once() -> None:
    desk = Desk()
    await asyncio.gather(desk.client.connect(), desk.client.connect())
    assert len(desk.venue.dials) == 1
    await desk.client.disconnect()


async def test_retry_first_connect_keeps_trying_with_growing_waits() -> None:
    desk = Desk(*(refusal() for _ in range(12)), retry_first_connect=True)
    connecting = asyncio.create_task(desk.client.connect())
    for count in range(1, 13):
        await reached(lambda: len(desk.venue.dials), count)
        await turns(10)
        desk.clock.advance(min(60, 2 ** (count - 1)))
    await asyncio.wait_for(connecting, 1)
    times = [time for time, _ in desk.venue.dials]
    waits = [later - earlier for earlier, later in pairwise(times)]
    # Dials happen when this test turns the clock, which is at the ceilings.
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert desk.client.is_connected
    await desk.client.disconnect()


async def test_retry_first_connect_does_not_retry_what_no_retry_helps() -> None:
    desk = Desk(refusal(), refusal(retryable=False), retry_first_connect=True)
    connecting = asyncio.create_task(desk.client.connect())
    await turns(20)
    desk.clock.advance(SOON)
    with pytest.raises(ConnectError):
        await asyncio.wait_for(connecting, 1)
    assert len(desk.venue.dials) == 2


async def test_retry_first_connect_with_a_limit_gives_up_after_it() -> None:
    desk = Desk(retry_first_connect=True, max_reconnect_attempts=2)
    desk.venue.always = refusal()
    connecting = asyncio.create_task(desk.client.connect())
    await desk.pass_time(10)
    with pytest.raises(RetriesExhaustedError) as caught:
        await asyncio.wait_for(connecting, 1)
    assert (caught.value.attempts, len(desk.venue.dials)) == (2, 3)
    assert other_tasks() == set()


async def test_disconnect_gives_what_waits_and_then_the_end() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        idle = desk.client.stream_tickers(ETH)
        events = desk.client.events()
        await desk.subscribed()
        desk.venue.line.say(ticker(last=1), ticker(last=2))
        await until(lambda: stream.pending == 2)
        reading = asyncio.ensure_future(anext(idle, "over"))
        await turns(2)
        await desk.client.disconnect()
        assert await asyncio.wait_for(reading, 1) == "over"
        assert [int(message.data.last) for message in await rest(stream)] == [1, 2]
        assert await rest(events) == []


async def test_disconnect_closes_every_line_and_leaves_no_task() -> None:
    desk = Desk(**CREDENTIALS)
    await desk.client.connect()
    streams = desk.client.stream_tickers(symbols(250)), desk.client.stream_orders()
    await desk.subscribed(4)
    assert len(desk.venue.open_lines) == 4
    await desk.client.disconnect()
    assert desk.venue.open_lines == []
    assert other_tasks() == set()
    assert [await rest(stream) for stream in streams] == [[], []]


async def test_disconnect_says_goodbye_on_every_line() -> None:
    desk = Desk(**CREDENTIALS)
    await desk.client.connect()
    _streams = desk.client.stream_tickers(symbols(150)), desk.client.stream_orders()
    await desk.subscribed(3)
    desk.venue.turns = 10
    await desk.client.disconnect()
    assert [line.said_goodbye for line in desk.venue.lines] == [True] * 3


async def test_disconnect_is_idempotent() -> None:
    desk = Desk()
    await desk.client.disconnect()
    await desk.client.connect()
    for _ in range(3):
        await desk.client.disconnect()
    assert other_tasks() == set()


async def test_client_can_be_opened_again() -> None:
    desk = Desk()
    for count in (1, 2):
        async with desk.client:
            stream = desk.client.stream_tickers(BTC)
            await desk.subscribed(count)
            desk.venue.line.say(ticker(last=count))
            assert await lasts(stream, 1) == [count]


async def test_disconnect_ends_a_wait_before_a_dial() -> None:
    desk = Desk()
    await desk.client.connect()
    stream = desk.client.stream_tickers(BTC)
    await desk.subscribed()
    desk.venue.always = refusal()
    desk.venue.line.cut()
    await turns(10)
    await desk.client.disconnect()
    assert other_tasks() == set()
    assert await rest(stream) == []


async def test_disconnect_while_a_block_reader_holds_the_line_leaves_no_task() -> None:
    desk = Desk()
    await desk.client.connect()
    stream = desk.client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
    await desk.subscribed()
    desk.venue.line.say(*(ticker() for _ in range(5)))
    await until(lambda: stream.pending == 2)
    await desk.client.disconnect()
    assert (other_tasks(), desk.venue.open_lines) == (set(), [])
    assert len(await rest(stream)) == 2


async def test_disconnect_ends_a_connect_under_way() -> None:
    desk = Desk(refusal(), retry_first_connect=True)
    connecting = asyncio.create_task(desk.client.connect())
    await turns(20)
    await desk.client.disconnect()
    with pytest.raises(ClientClosedError):
        await asyncio.wait_for(connecting, 1)
    assert not desk.client.is_connected
    assert other_tasks() == set()


async def test_second_disconnect_waits_for_the_first() -> None:
    desk = Desk()
    await desk.client.connect()
    desk.venue.turns = 20
    first = asyncio.create_task(desk.client.disconnect())
    await turns(3)
    await desk.client.disconnect()
    open_lines = len(desk.venue.open_lines)
    await first
    assert open_lines == 0


# Cancelled at any turn of the loop.

CANCEL_POINTS = range(30)


async def _cancelled_after(task: asyncio.Task[None], count: int) -> None:
    await turns(count)
    task.cancel()
    await asyncio.wait((task,))


@pytest.mark.parametrize("count", CANCEL_POINTS)
async def test_cancelled_connect_leaves_nothing(count: int) -> None:
    desk = Desk()
    desk.venue.turns = 5
    connecting = asyncio.create_task(desk.client.connect())
    await _cancelled_after(connecting, count)
    if connecting.cancelled():
        assert (other_tasks(), desk.venue.open_lines) == (set(), [])
        assert not desk.client.is_connected
    else:
        assert desk.client.is_connected
    await desk.client.disconnect()
    assert (other_tasks(), desk.venue.open_lines) == (set(), [])


@pytest.mark.parametrize("count", CANCEL_POINTS)
async def test_cancelled_connect_that_retries_leaves_nothing(count: int) -> None:
    desk = Desk(refusal(), retry_first_connect=True)
    connecting = asyncio.create_task(desk.client.connect())
    await _cancelled_after(connecting, count)
    assert connecting.cancelled()
    assert (other_tasks(), desk.venue.open_lines) == (set(), [])


@pytest.mark.parametrize("count", CANCEL_POINTS)
async def test_client_connects_again_after_a_cancelled_connect(count: int) -> None:
    desk = Desk()
    desk.venue.turns = 5
    await _cancelled_after(asyncio.create_task(desk.client.connect()), count)
    async with desk.client:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.line.say(ticker(last=9))
        assert await lasts(stream, 1) == [9]


async def _leftovers_of_a_disconnect_cancelled_after(count: int, **settings: Any) -> list[object]:
    """Return what a cancelled disconnect leaves once the loop had time, then clean up by hand."""
    desk = Desk(**settings)
    await desk.client.connect()
    streams: list[Subscription[Any]] = [desk.client.stream_tickers(BTC)]
    if settings:
        streams.append(desk.client.stream_orders())
    await desk.subscribed(len(streams))
    desk.venue.turns = 5
    disconnecting = asyncio.create_task(desk.client.disconnect())
    await _cancelled_after(disconnecting, count)
    await turns(30)
    await desk.client.disconnect()  # again, as one does who was cancelled
    left: list[object] = [task.get_name() for task in other_tasks()]
    left += desk.venue.open_lines
    for task in other_tasks():
        task.cancel()
    await turns(30)
    return left


async def test_disconnect_cancelled_at_any_turn_leaves_nothing() -> None:
    left = {
        count: await _leftovers_of_a_disconnect_cancelled_after(count) for count in CANCEL_POINTS
    }
    assert {count: names for count, names in left.items() if names} == {}


async def test_disconnect_cancelled_at_any_turn_leaves_no_private_line() -> None:
    left = {
        count: await _leftovers_of_a_disconnect_cancelled_after(count, **CREDENTIALS)
        for count in CANCEL_POINTS
    }
    assert {count: names for count, names in left.items() if names} == {}


@pytest.mark.parametrize("count", range(12))
async def test_reader_task_cancelled_with_its_client_leaves_nothing(count: int) -> None:
    desk = Desk()

    async def program() -> None:
        async with desk.client:
            async for _ in desk.client.stream_tickers(BTC):
                pass

    await _cancelled_after(asyncio.create_task(program()), count)
    await turns(10)
    assert (other_tasks(), desk.venue.open_lines) == (set(), [])
