"""One reader's queue and the handle it reads with: counters, policies, ends, release."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.errors import (
    ConnectionLostError,
    SlowConsumerError,
    StreamGapError,
    UsageError,
    WeexClientError,
)
from weex_client.metrics import ChannelCounters
from weex_client.protocol import Channel, Topic
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.registry import Audience
from weex_client.streaming.subscription import Subscription

from .memory_line import BTC, ETH, filled, lasts, open_desk, read, rest, ticker, turns, until

DROP_OLDEST, CONFLATE = OverflowPolicy.DROP_OLDEST, OverflowPolicy.CONFLATE
RAISE, BLOCK = OverflowPolicy.RAISE, OverflowPolicy.BLOCK


class Post:
    """A mailbox, the handle on it, and what they tell others."""

    def __init__(self, queue_size: int = 10, overflow: OverflowPolicy = DROP_OLDEST) -> None:
        self.gate = Gate()
        self.counters = ChannelCounters()
        self.losses: list[tuple[bool, int]] = []
        self.releases = 0
        self.mailbox = Mailbox(
            queue_size,
            overflow,
            self.counters,
            gate=self.gate,
            on_overflow=lambda box: self.losses.append((box.is_late, box.dropped)),
            on_release=self._count_release,
        )
        self.stream: Subscription[Any] = Subscription(self.mailbox)

    def _count_release(self, _: Mailbox) -> None:
        self.releases += 1

    def push(self, *items: Any, symbol: str | None = None) -> None:
        for item in items:
            self.mailbox.pusher(symbol)(item)


@pytest.fixture
async def post() -> Post:
    return Post()


# Every policy against a model of it. A step is a message of one of five symbols, or a read (None).

STEPS = st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=60)
SIZES = st.integers(1, 6)


class Model:
    """Say in the simplest way what a policy means; messages are ``(symbol, number)``."""

    def __init__(self, queue_size: int, overflow: OverflowPolicy) -> None:
        self.queue_size = queue_size
        self.overflow = overflow
        self.waiting: list[tuple[int, int]] = []
        self.dropped = 0
        self.is_over = False

    def push(self, symbol: int, number: int) -> None:
        if self.is_over:
            return
        known = [index for index, item in enumerate(self.waiting) if item[0] == symbol]
        if self.overflow is CONFLATE and known:
            self.waiting[known[0]] = (symbol, number)
            self.dropped += 1
            return
        if len(self.waiting) >= self.queue_size:
            if self.overflow is RAISE:
                self.is_over = True
                self.dropped += 1
                return
            if self.overflow is not BLOCK:
                self.waiting.pop(0)
                self.dropped += 1
        self.waiting.append((symbol, number))


@pytest.mark.parametrize("overflow", OverflowPolicy)
@given(queue_size=SIZES, steps=STEPS)
async def test_policy_delivers_drops_and_keeps_exactly_what_its_model_does(
    overflow: OverflowPolicy, queue_size: int, steps: list[int | None]
) -> None:
    post, model = Post(queue_size, overflow), Model(queue_size, overflow)
    sent = 0
    delivered: list[Any] = []
    for step in steps:
        if step is None:
            if model.waiting:
                delivered.append(await anext(post.stream))
                assert delivered[-1] == model.waiting.pop(0)
        else:
            sent += not model.is_over
            model.push(step, sent)
            post.push((step, sent), symbol=f"S{step}")
        stream = post.stream
        assert (stream.pending, stream.dropped) == (len(model.waiting), model.dropped)
        assert stream.delivered == len(delivered)
        assert stream.delivered + stream.dropped + stream.pending == sent
        assert post.counters.dropped == model.dropped
        assert post.gate.is_shut == (overflow is BLOCK and stream.pending > queue_size)
    for symbol in range(5):
        numbers = [number for name, number in delivered if name == symbol]
        assert numbers == sorted(set(numbers))


ENDED_STEPS = st.lists(
    st.one_of(st.none(), st.integers(0, 4), st.sampled_from(["end", "fail", "close"])),
    max_size=60,
)


@pytest.mark.parametrize("overflow", OverflowPolicy)
@given(queue_size=SIZES, steps=ENDED_STEPS)
async def test_end_at_any_moment_loses_no_message_but_what_close_throws_away(
    overflow: OverflowPolicy, queue_size: int, steps: list[int | str | None]
) -> None:
    post, model = Post(queue_size, overflow), Model(queue_size, overflow)
    error: Exception | None = None
    for number, step in enumerate(steps):
        if step == "close":
            post.mailbox.close()
            model.waiting.clear()
            model.is_over, error = True, None
        elif isinstance(step, str):
            if not model.is_over:
                error = ConnectionLostError("gone", code=1006) if step == "fail" else None
            post.mailbox.end(ConnectionLostError("gone", code=1006) if step == "fail" else None)
            model.is_over = True
        elif step is not None:
            was_over = model.is_over
            model.push(step, number)
            post.push((step, number), symbol=f"S{step}")
            if model.is_over and not was_over:
                error = SlowConsumerError("full", queue_size=queue_size)
        elif model.waiting:
            assert await anext(post.stream) == model.waiting.pop(0)
        assert (post.stream.pending, post.stream.dropped) == (len(model.waiting), model.dropped)
        assert post.releases == (1 if model.is_over else 0)
    for expected in model.waiting:
        assert await anext(post.stream) == expected
    assert not post.gate.is_shut
    if model.is_over:
        for end in (StopAsyncIteration if error is None else type(error), StopAsyncIteration):
            with pytest.raises(end):
                await anext(post.stream)


@given(
    queues=st.lists(
        st.tuples(SIZES, st.sampled_from(list(OverflowPolicy))), min_size=2, max_size=5
    ),
    steps=st.lists(st.one_of(st.integers(0, 4), st.tuples(st.integers(0, 4))), max_size=60),
)
async def test_readers_of_one_channel_each_get_what_their_own_policy_says(
    queues: list[tuple[int, OverflowPolicy]], steps: list[int | tuple[int]]
) -> None:
    """A whole number publishes to all; a tuple lets that one reader read."""
    posts = [Post(size, overflow) for size, overflow in queues]
    models = [Model(size, overflow) for size, overflow in queues]
    audience = Audience(Topic(Channel.TICKER, BTC))
    for post in posts:
        audience.add(post.mailbox)
    for number, step in enumerate(steps):
        if isinstance(step, int):
            audience.publish((0, number))
            for model in models:
                model.push(0, number)
        elif step[0] < len(posts) and models[step[0]].waiting:
            assert await anext(posts[step[0]].stream) == models[step[0]].waiting.pop(0)
        for post, model in zip(posts, models, strict=True):
            counts = (post.stream.pending, post.stream.dropped)
            assert counts == (len(model.waiting), model.dropped)


@given(queue_size=SIZES, steps=STEPS, overflow=st.sampled_from((DROP_OLDEST, BLOCK)))
async def test_announced_stretches_of_losses_open_and_close_by_turns(
    queue_size: int, steps: list[int | None], overflow: OverflowPolicy
) -> None:
    post = Post(queue_size, overflow)
    for number, step in enumerate(steps):
        if step is not None:
            post.push(number, symbol=str(step))
        elif post.stream.pending:
            await anext(post.stream)
    while post.stream.pending:
        await anext(post.stream)
    expected = [True, False] * (len(post.losses) // 2)
    assert [is_late for is_late, _ in post.losses] == expected
    assert bool(post.losses) == bool(post.stream.dropped)
    await post.stream.aclose()
    if post.losses:
        assert post.losses[-1][1] == post.stream.dropped


async def lose_and_catch_up(post: Post, stretches: int, losses: int = 1) -> None:
    for _ in range(stretches):
        post.push(*range(post.mailbox.queue_size + losses))
        while post.stream.pending:
            await anext(post.stream)


async def test_stretches_of_losses_in_close_order_are_told_ever_more_rarely() -> None:
    post = Post(1)
    await lose_and_catch_up(post, 100)
    begins = [dropped for is_late, dropped in post.losses if is_late]
    ends = [dropped for is_late, dropped in post.losses if not is_late]
    assert begins == ends == [1, 2, 4, 8, 16, 32, 64]
    await post.stream.aclose()
    await post.stream.aclose()
    assert post.losses[len(begins) + len(ends) :] == [(False, 100)]


async def test_long_stretch_of_losses_is_told_even_between_the_powers_of_two() -> None:
    post = Post(1)
    await lose_and_catch_up(post, 2)
    told = len(post.losses)
    await lose_and_catch_up(post, 1, losses=1000)
    assert post.losses[told:] == [(True, 4), (False, 1002)]
    await post.stream.aclose()
    assert len(post.losses) == told + 2  # everything was told


async def test_loss_of_a_reader_that_had_recovered_is_news_again() -> None:
    post = Post(4)
    await lose_and_catch_up(post, 7)
    told = len(post.losses)
    for number in range(1000):
        post.push(number)
        await anext(post.stream)
    await lose_and_catch_up(post, 1)
    assert post.losses[told:] == [(True, 8), (False, 8)]


async def test_conflated_messages_are_told_ever_more_rarely() -> None:
    post = Post(3, CONFLATE)
    for number in range(10):
        post.push(number, symbol="BTCUSDT")
    assert [dropped for _, dropped in post.losses] == [1, 2, 4, 8]


# Policies, one by one.


async def test_drop_oldest_keeps_the_newest_in_their_order() -> None:
    post = Post(3)
    post.push(*range(10))
    post.mailbox.end(None)
    assert await rest(post.stream) == [7, 8, 9]
    assert post.stream.dropped == 7


async def test_conflate_shows_the_newest_message_of_each_symbol_in_the_first_ones_place() -> None:
    post = Post(10, CONFLATE)
    for number in range(5):
        post.push(("btc", number), symbol=BTC)
        post.push(("eth", number), symbol=ETH)
    assert await read(post.stream, 2) == [("btc", 4), ("eth", 4)]
    assert (post.stream.dropped, post.stream.pending) == (8, 0)


async def test_conflate_with_more_symbols_than_places_drops_the_one_that_waited_longest() -> None:
    post = Post(2, CONFLATE)
    for symbol in ("A", "B", "C", "B", "A"):
        post.push(symbol, symbol=symbol)
    # C pushed A out, the second B replaced the first, the second A pushed B out.
    assert await read(post.stream, 2) == ["C", "A"]
    assert post.stream.dropped == 3


async def test_raise_gives_what_waits_then_the_error_once_then_the_end() -> None:
    post = Post(2, RAISE)
    post.push(1, 2, 3, 4)
    assert await read(post.stream, 2) == [1, 2]
    with pytest.raises(SlowConsumerError) as caught:
        await anext(post.stream)
    assert caught.value.queue_size == 2
    for _ in range(3):
        with pytest.raises(StopAsyncIteration):
            await anext(post.stream)
    assert (post.stream.delivered, post.stream.dropped, post.stream.pending) == (2, 1, 0)


async def test_raise_leaves_the_venue_as_soon_as_the_queue_runs_over() -> None:
    post = Post(1, RAISE)
    post.push(1)
    assert post.releases == 0
    post.push(2)
    assert post.releases == 1
    assert post.losses == [(False, 1)]


async def test_block_holds_the_gate_until_everything_fits_the_queue() -> None:
    post = Post(2, BLOCK)
    post.push(1, 2)
    assert not post.gate.is_shut
    post.push(3, 4)
    assert post.gate.is_shut
    passing = asyncio.create_task(post.gate.passed())
    await read(post.stream, 1)
    await turns(3)
    assert not passing.done()
    await read(post.stream, 1)
    await asyncio.wait_for(passing, 1)
    assert await read(post.stream, 2) == [3, 4]
    assert post.stream.dropped == 0
    assert post.losses == []


async def test_gate_opens_when_the_last_of_its_holders_lets_go() -> None:
    gate = Gate()
    posts = [Post(1, BLOCK) for _ in range(2)]
    for post in posts:
        gate.hold(post.mailbox)
    gate.let_go(posts[0].mailbox)
    assert gate.is_shut
    gate.let_go(posts[1].mailbox)
    assert not gate.is_shut


async def test_block_lets_the_gate_go_on_close() -> None:
    post = Post(1, BLOCK)
    post.push(1, 2, 3)
    await post.stream.aclose()
    assert not post.gate.is_shut
    assert post.stream.pending == 0


async def test_block_lets_the_gate_go_when_the_handle_is_forgotten() -> None:
    post = Post(1, BLOCK)
    post.push(1, 2, 3)
    del post.stream
    await until(lambda: not post.gate.is_shut)


async def test_block_gives_everything_held_before_the_end() -> None:
    post = Post(1, BLOCK)
    post.push(1, 2, 3)
    post.mailbox.end(StreamGapError("gone"))
    assert post.stream.pending == 3
    assert await read(post.stream, 3) == [1, 2, 3]
    with pytest.raises(StreamGapError):
        await anext(post.stream)
    assert not post.gate.is_shut
    assert post.stream.pending == 0


async def test_forgotten_handle_of_an_ended_block_stream_lets_the_gate_go() -> None:
    post = Post(1, BLOCK)
    post.push(1, 2, 3)
    post.mailbox.end(StreamGapError("gone"))
    del post.stream
    await turns(10)
    assert not post.gate.is_shut


# Cancelled reads.


async def test_cancelled_read_loses_nothing(post: Post) -> None:
    received = []
    for number in range(50):
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(post.stream), 0)
        post.push(number)
        received += await read(post.stream, 1)
    assert received == list(range(50))
    assert (post.stream.delivered, post.stream.dropped) == (50, 0)


@pytest.mark.parametrize("push_first", [True, False])
async def test_read_cancelled_in_the_turn_of_a_message_leaves_the_message(
    post: Post, push_first: bool
) -> None:
    for number in range(20):
        reading = asyncio.ensure_future(anext(post.stream))
        await turns(number % 3 + 1)
        if push_first:
            post.push(number)
            reading.cancel()
        else:
            reading.cancel()
            post.push(number)
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await read(post.stream, 1) == [number]


async def test_reader_that_waits_is_woken_by_a_message(post: Post) -> None:
    reading = asyncio.ensure_future(anext(post.stream))
    await turns(2)
    post.push("news")
    assert await asyncio.wait_for(reading, 1) == "news"


# The end.


async def test_what_waits_comes_before_the_end(post: Post) -> None:
    post.push(1, 2)
    post.mailbox.end(None)
    assert await rest(post.stream) == [1, 2]


async def test_error_is_raised_once_and_then_the_stream_is_over(post: Post) -> None:
    post.push(1)
    post.mailbox.end(StreamGapError("a hole"))
    assert await read(post.stream, 1) == [1]
    with pytest.raises(StreamGapError, match="a hole"):
        await anext(post.stream)
    assert await rest(post.stream) == []


@pytest.mark.parametrize("overflow", OverflowPolicy)
async def test_nothing_stands_behind_the_end(overflow: OverflowPolicy) -> None:
    post = Post(4, overflow)
    post.push(1, symbol=BTC)
    post.mailbox.end(None)
    post.push(2, symbol=ETH)
    assert await rest(post.stream) == [1]
    post.push(3, symbol=ETH)
    assert await rest(post.stream) == []
    assert post.stream.pending == 0


async def test_conflate_replaces_nothing_after_the_end() -> None:
    post = Post(4, CONFLATE)
    post.push("before", symbol=BTC)
    post.mailbox.end(None)
    post.push("after", symbol=BTC)
    assert post.stream.dropped == 0
    assert await rest(post.stream) == ["before"]


async def test_conflate_counts_nothing_after_close() -> None:
    post = Post(4, CONFLATE)
    post.push("before", symbol=BTC)
    await post.stream.aclose()
    post.push("after", symbol=BTC)
    assert (post.stream.dropped, post.losses) == (0, [])


async def test_first_end_is_the_one_that_counts(post: Post) -> None:
    post.mailbox.end(StreamGapError("first"))
    post.mailbox.end(ConnectionLostError("second", code=1006))
    with pytest.raises(StreamGapError):
        await anext(post.stream)
    assert post.releases == 1


async def test_close_throws_away_what_waits_and_wakes_the_reader(post: Post) -> None:
    reading = asyncio.ensure_future(anext(post.stream, "over"))
    await turns(2)
    await post.stream.aclose()
    assert await asyncio.wait_for(reading, 1) == "over"


async def test_close_is_idempotent_and_ends_the_stream(post: Post) -> None:
    post.push(1, 2)
    for _ in range(3):
        await post.stream.aclose()
    assert await rest(post.stream) == []
    assert (post.releases, post.stream.pending) == (1, 0)


async def test_close_after_the_end_hides_the_error(post: Post) -> None:
    post.push(1)
    post.mailbox.end(StreamGapError("gone"))
    await post.stream.aclose()
    assert await rest(post.stream) == []


async def test_leaving_async_with_closes(post: Post) -> None:
    async with post.stream as stream:
        post.push(1)
        assert await read(stream, 1) == [1]
        assert post.releases == 0
    assert post.releases == 1


async def test_async_with_closes_on_an_exception_and_lets_it_pass(post: Post) -> None:
    with pytest.raises(ZeroDivisionError):
        async with post.stream:
            raise ZeroDivisionError
    assert post.releases == 1


async def test_aclosing_closes(post: Post) -> None:
    async with contextlib.aclosing(post.stream) as stream:
        post.push(1)
        async for message in stream:
            assert message == 1
            break
    assert post.releases == 1


async def test_asend_reads_the_next_message(post: Post) -> None:
    post.push("a", "b")
    assert [await post.stream.asend(None) for _ in range(2)] == ["a", "b"]


@pytest.mark.parametrize("thrown", [KeyError("x"), KeyError])
async def test_athrow_closes_and_raises_what_was_thrown(post: Post, thrown: Any) -> None:
    post.push(1)
    with pytest.raises(KeyError):
        await post.stream.athrow(thrown)
    assert post.releases == 1
    assert await rest(post.stream) == []


async def test_pending_does_not_count_the_end(post: Post) -> None:
    post.push(1)
    post.mailbox.end(None)
    assert post.stream.pending == 1
    await rest(post.stream)
    assert (post.stream.pending, post.stream.delivered) == (0, 1)


# Release when the handle is forgotten. Reference counting alone must do it.


@pytest.fixture
def no_collector() -> Any:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
class TestRelease:
    async def test_forgotten_handle_leaves_the_venue(self, post: Post) -> None:
        del post.stream
        await until(lambda: post.releases)

    async def test_break_gives_the_subscription_back_to_the_venue(self) -> None:
        async with open_desk() as desk:
            stream = desk.client.stream_tickers(BTC)
            await desk.subscribed()
            desk.venue.line.say(ticker())
            await filled(stream)
            other = desk.client.stream_tickers(BTC)
            del stream
            await turns(10)
            assert desk.venue.unsubscribed() == []
            desk.venue.line.say(ticker())
            await filled(other)
            del other
            await until(lambda: desk.venue.unsubscribed() == [["BTCUSDT@ticker"]])

    async def test_break_out_of_a_loop_over_a_temporary_handle_unsubscribes(self) -> None:
        async with open_desk() as desk:

            async def reader() -> None:
                async for _ in desk.client.stream_tickers(BTC):
                    break

            reading = asyncio.create_task(reader())
            await desk.subscribed()
            desk.venue.line.say(ticker())
            await asyncio.wait_for(reading, 1)
            await until(lambda: desk.venue.unsubscribed() == [["BTCUSDT@ticker"]])

    async def test_anext_of_a_temporary_handle_works_and_unsubscribes(self) -> None:
        async with open_desk() as desk:

            async def reader() -> int:
                return int((await anext(desk.client.stream_tickers(BTC))).data.last)

            reading = asyncio.create_task(reader())
            await desk.subscribed()
            desk.venue.line.say(ticker(last=5))
            assert await asyncio.wait_for(reading, 1) == 5
            await until(lambda: desk.venue.unsubscribed() == [["BTCUSDT@ticker"]])

    async def test_held_exception_of_a_reader_does_not_keep_the_subscription(self) -> None:
        async with open_desk() as desk:

            async def reader() -> None:
                async for _ in desk.client.stream_tickers(BTC):
                    raise ZeroDivisionError

            reading = asyncio.create_task(reader())
            await desk.subscribed()
            desk.venue.line.say(ticker())
            await asyncio.wait((reading,))
            error = reading.exception()
            assert isinstance(error, ZeroDivisionError)
            await until(lambda: desk.venue.unsubscribed() == [["BTCUSDT@ticker"]])

    async def test_held_timeout_of_a_read_does_not_keep_the_subscription(self, post: Post) -> None:
        error = await _timeout_of(lambda: anext(post.stream))
        del post.stream
        await until(lambda: post.releases)
        assert isinstance(error, TimeoutError)

    async def test_held_timeout_of_asend_does_not_keep_the_subscription(self, post: Post) -> None:
        error = await _timeout_of(lambda: post.stream.asend(None))
        del post.stream
        await turns(10)
        assert isinstance(error, TimeoutError)
        assert post.releases == 1

    async def test_held_timeout_of_a_batch_does_not_keep_the_subscription(self, post: Post) -> None:
        error = await _timeout_of(lambda: anext(post.stream.batches(2, 1)))
        del post.stream
        await turns(10)
        assert isinstance(error, TimeoutError)
        assert post.releases == 1

    async def test_cancelled_reader_task_leaves_the_venue(self, post: Post) -> None:
        async def reader(stream: Subscription[Any]) -> None:
            async for _ in stream:
                pass

        reading = asyncio.create_task(reader(post.stream))
        del post.stream
        await turns(2)
        reading.cancel()
        await asyncio.wait((reading,))
        del reading
        await until(lambda: post.releases)

    async def test_break_out_of_batches_leaves_the_venue(self, post: Post) -> None:
        async def reader(stream: Subscription[Any]) -> list[Any]:
            async for batch in stream.batches(2, 0):
                return batch
            return []

        post.push(1, 2, 3)
        reading = asyncio.create_task(reader(post.stream))
        del post.stream
        assert await asyncio.wait_for(reading, 1) == [1, 2]
        await until(lambda: post.releases)


async def _timeout_of(read_one: Callable[[], Any]) -> BaseException:
    try:
        await asyncio.wait_for(read_one(), 0.001)
    except TimeoutError as exc:
        return exc
    raise AssertionError("the read ended")


async def test_handle_forgotten_after_its_loop_was_closed_says_nothing() -> None:
    # An error in __del__ would be an unraisable warning, which the suite turns into a failure.
    def run() -> Subscription[Any]:
        async def make() -> Subscription[Any]:
            return Post().stream

        return asyncio.run(make())

    stream = await asyncio.to_thread(run)
    del stream
    gc.collect()


# Batches.


async def test_full_batch_is_given_without_waiting(post: Post) -> None:
    post.push(*range(5))
    batches = post.stream.batches(2, 60)
    assert [await anext(batches) for _ in range(2)] == [[0, 1], [2, 3]]
    assert post.stream.pending == 1


async def test_batch_is_given_when_its_time_is_over(post: Post) -> None:
    post.push(1)
    assert await asyncio.wait_for(anext(post.stream.batches(10, 0.001)), 1) == [1]


async def test_batch_without_a_wait_takes_all_that_is_there(post: Post) -> None:
    post.push(1, 2, 3)
    assert await anext(post.stream.batches(10, 0)) == [1, 2, 3]


async def test_batch_waits_for_its_first_message_as_long_as_it_takes(post: Post) -> None:
    reading = asyncio.ensure_future(anext(post.stream.batches(10, 0)))
    await turns(20)
    assert not reading.done()
    post.push(1)
    assert await asyncio.wait_for(reading, 1) == [1]


async def test_message_after_a_batch_timed_out_comes_with_the_next(post: Post) -> None:
    batches = post.stream.batches(2, 0.001)
    for number in range(5):
        post.push(number)
        assert await asyncio.wait_for(anext(batches), 1) == [number]
    assert post.stream.delivered == 5


async def test_partial_batch_comes_before_the_end(post: Post) -> None:
    post.push(1, 2, 3)
    post.mailbox.end(None)
    assert [batch async for batch in post.stream.batches(2, 60)] == [[1, 2], [3]]


async def test_end_after_a_full_batch_gives_no_empty_one(post: Post) -> None:
    post.push(1, 2)
    post.mailbox.end(None)
    assert [batch async for batch in post.stream.batches(2, 60)] == [[1, 2]]


async def _batches_until_error(post: Post) -> tuple[list[Any], Exception | None]:
    batches = []
    try:
        async for batch in post.stream.batches(2, 60):
            batches.append(batch)
    except (WeexClientError, RuntimeError) as exc:
        return batches, exc
    return batches, None


async def test_partial_batch_comes_before_an_error(post: Post) -> None:
    post.push(1, 2, 3)
    error = StreamGapError("gone")
    post.mailbox.end(error)
    assert repr(await _batches_until_error(post)) == repr(([[1, 2], [3]], error))


async def test_partial_batch_comes_before_an_error_of_any_kind(post: Post) -> None:
    post.push(1, 2, 3)
    error = RuntimeError("a bug")
    post.mailbox.end(error)
    assert repr(await _batches_until_error(post)) == repr(([[1, 2], [3]], error))


async def test_readers_of_one_error_get_each_their_own() -> None:
    first, second = Post(2), Post(2)
    error = StreamGapError("gone")
    raised = []
    for post in (first, second):
        post.mailbox.end(error)
        with pytest.raises(StreamGapError, match="gone") as caught:
            await anext(post.stream)
        raised.append(caught.value)
    assert raised[0] is not raised[1]


async def test_cancelled_wait_for_a_batch_loses_nothing(post: Post) -> None:
    post.push(1)
    batches = post.stream.batches(2, 60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(batches), 0.001)
    post.push(2)
    post.mailbox.end(None)
    assert [batch async for batch in batches] == [[1, 2]]


async def test_batches_are_over_after_the_error(post: Post) -> None:
    post.mailbox.end(StreamGapError("gone"))
    batches = post.stream.batches(2, 60)
    with pytest.raises(StreamGapError):
        await anext(batches)
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(batches)


@pytest.mark.parametrize(("max_size", "max_wait_seconds"), [(0, 1), (-1, 1), (1, -0.1)])
async def test_bad_arguments_of_batches_are_refused(
    post: Post, max_size: int, max_wait_seconds: float
) -> None:
    with pytest.raises(UsageError, match="max_size must be at least 1"):
        post.stream.batches(max_size, max_wait_seconds)


# Losses, through the client.


async def test_slow_reader_is_told_at_the_start_and_at_the_end_of_its_losses() -> None:
    async with open_desk() as desk:
        events = desk.client.events()
        stream = desk.client.stream_tickers(BTC, queue_size=4)
        await desk.subscribed()
        desk.venue.line.say(*(ticker(last=number) for number in range(1, 11)))
        await until(lambda: stream.pending == 4 and stream.dropped == 6)
        assert await lasts(stream, 4) == [7, 8, 9, 10]
        await desk.client.disconnect()
        told = [event for event in await rest(events) if event.kind == "slow_consumer"]
        assert [(event.channel, event.symbol, event.dropped) for event in told] == [
            ("ticker", BTC, 1),
            ("ticker", BTC, 6),
        ]
        assert [event.cause for event in told] == [
            "drop_oldest with a queue of 4",
            "caught up; drop_oldest with a queue of 4",
        ]


async def test_slow_reader_takes_nothing_from_another() -> None:
    async with open_desk() as desk:
        slow = desk.client.stream_tickers(BTC, queue_size=1)
        quick = desk.client.stream_tickers(BTC, queue_size=100)
        await desk.subscribed()
        desk.venue.line.say(*(ticker(last=number) for number in range(1, 51)))
        assert await lasts(quick, 50) == list(range(1, 51))
        assert (quick.dropped, slow.dropped) == (0, 49)
        assert desk.client.stats().channels["ticker"].dropped == 49


async def test_block_reader_loses_nothing_of_a_flood() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers((BTC, ETH), queue_size=3, overflow=BLOCK)
        await desk.subscribed()
        desk.venue.line.say(*(ticker((BTC, ETH)[n % 2], n) for n in range(1, 1501)))
        assert await lasts(stream, 1500) == list(range(1, 1501))
        assert stream.dropped == 0


async def test_conflating_reader_sees_only_the_newest_of_each_symbol() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers((BTC, ETH), overflow=CONFLATE)
        await desk.subscribed()
        desk.venue.line.say(*(ticker((BTC, ETH)[n % 2], n) for n in range(1, 11)))
        await until(lambda: stream.dropped == 8)
        assert await lasts(stream, 2) == [9, 10]


async def test_raising_reader_gives_its_subscription_back() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC, queue_size=2, overflow=RAISE)
        await desk.subscribed()
        desk.venue.line.say(*(ticker(last=number) for number in range(1, 11)))
        await turns(30)
        assert desk.venue.unsubscribed() == [["BTCUSDT@ticker"]]
        assert await lasts(stream, 2) == [1, 2]
        with pytest.raises(SlowConsumerError):
            await anext(stream)
        assert stream.dropped == 1


async def test_raising_reader_takes_nothing_from_readers_of_other_channels() -> None:
    async with open_desk() as desk:
        _slow = desk.client.stream_tickers(BTC, queue_size=1, overflow=RAISE)
        other = desk.client.stream_tickers(ETH)
        await desk.subscribed()
        desk.venue.line.say(ticker(BTC), ticker(BTC), ticker(ETH, 7))
        assert await lasts(other, 1) == [7]


async def test_frame_that_cannot_be_read_is_neither_delivered_nor_dropped() -> None:
    async with open_desk() as desk:
        stream = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        bad = ticker()
        bad["d"] = [{"c": "NaN"}]
        desk.venue.line.say(ticker(last=1), bad, ticker(last=2))
        assert await lasts(stream, 2) == [1, 2]
        assert (stream.delivered, stream.dropped) == (2, 0)
        assert desk.client.stats().channels["ticker"].decode_errors == 1
