"""Readers that are slow, gone or impatient hurt themselves at most; losses are counted."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, first, from_each, happened, take, until
from tests.end_to_end.test_books import HandmadeBook, is_true
from weex_client import OverflowPolicy, SlowConsumerError, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange


def is_whole(deltas: list[Any]) -> bool:
    """Tell whether each change continues the one before it."""
    return all(b.data.previous_sequence == a.data.sequence for a, b in pairwise(deltas))


async def test_a_reader_that_never_reads_loses_its_oldest_and_others_lose_nothing(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    events = client.events()
    sleeper = client.stream_order_book_deltas("BTCUSDT", 15, queue_size=10)
    reader = client.stream_order_book_deltas("BTCUSDT", 15)
    deltas = await take(reader, 50)
    assert is_whole(deltas)
    assert (reader.dropped, reader.delivered) == (0, 50)
    assert (sleeper.pending, sleeper.delivered) == (10, 0)
    assert sleeper.dropped == 50 + reader.pending - 10
    assert client.stats().channels["book_deltas"].dropped == sleeper.dropped
    slow = await happened(events, "slow_consumer")
    assert (slow.channel, slow.symbol) == ("book_deltas", "BTCUSDT")
    assert "queue of 10" in str(slow.cause)
    kept = await take(sleeper, 10)
    assert is_whole(kept)
    assert kept[-1] in deltas + await take(reader, reader.pending)


async def test_a_reader_that_conflates_keeps_the_newest_of_each_symbol(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    names = ["BTCUSDT", "ETHUSDT"]
    sleeper = client.stream_tickers(names, overflow=OverflowPolicy.CONFLATE)
    reader = client.stream_tickers(names)
    seen = {message.symbol: message for message in await from_each(reader, *names)}
    seen |= {message.symbol: message for message in await take(reader, reader.pending)}
    assert sleeper.pending == 2
    newest = {message.symbol: message for message in await take(sleeper, 2)}
    assert newest == seen
    assert sleeper.dropped >= 18


async def test_a_conflated_book_is_true(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    sleeper = client.stream_order_book("BTCUSDT", 15, overflow=OverflowPolicy.CONFLATE)
    reader = client.stream_order_book("BTCUSDT", 15)
    for _ in range(5):
        views = await take(reader, reader.pending + 8)
        (view,) = await take(sleeper)
        assert is_true(exchange, view, 15)
        assert view.sequence >= views[-1].sequence


async def test_a_reader_that_wants_all_or_nothing_gets_what_waits_and_then_the_error(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    sleeper = client.stream_order_book_deltas(
        "BTCUSDT", 15, queue_size=10, overflow=OverflowPolicy.RAISE
    )
    reader = client.stream_order_book_deltas("BTCUSDT", 15)
    deltas = await take(reader, 30)
    assert await take(sleeper, 10) == deltas[:10]
    with pytest.raises(SlowConsumerError, match="10 messages") as slow:
        await take(sleeper)
    assert slow.value.queue_size == 10
    with pytest.raises(StopAsyncIteration):
        await take(sleeper)
    assert is_whole(deltas + await take(reader, 20))


async def test_a_reader_that_holds_the_socket_back_loses_nothing(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    slow = client.stream_order_book_deltas(
        "BTCUSDT", 15, queue_size=3, overflow=OverflowPolicy.BLOCK
    )
    book = HandmadeBook()
    for _ in range(40):
        (message,) = await take(slow)
        book.apply(message)
        assert slow.pending <= 4
        begun = exchange.time_ns
        await until(lambda begun=begun: exchange.time_ns > begun + 1_000_000_000)
    assert book.is_true(exchange, "BTCUSDT", 15)
    assert slow.dropped == 0


async def test_a_reader_that_holds_the_socket_back_for_ever_does_not_hold_the_exit(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    sleeper = client.stream_tickers("BTCUSDT", queue_size=1, overflow=OverflowPolicy.BLOCK)
    await until(lambda: sleeper.pending == 2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.disconnect()
    assert not client.is_connected


async def test_a_held_back_socket_is_read_again_when_the_holder_leaves(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    sleeper = client.stream_tickers("BTCUSDT", queue_size=1, overflow=OverflowPolicy.BLOCK)
    other = client.stream_trades("BTCUSDT")
    await until(lambda: sleeper.pending == 2)
    await sleeper.aclose()
    await take(other, other.pending + 30)


async def test_a_read_given_up_loses_nothing(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    stream = client.stream_order_book_deltas("BTCUSDT", 15)
    deltas: list[Any] = []
    given_up = 0
    while len(deltas) < 40 or not given_up:
        try:
            async with asyncio.timeout(0):
                deltas.append(await anext(stream))
        except TimeoutError:
            given_up += 1
            await asyncio.sleep(0)
    assert is_whole(deltas)


async def test_batches_lose_nothing_and_end_by_size_or_time(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    stream = client.stream_order_book_deltas("BTCUSDT", 15)
    deltas: list[Any] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for batch in stream.batches(7, 0.02):
            assert 1 <= len(batch) <= 7
            deltas += batch
            if len(deltas) > 40:
                break
    assert is_whole(deltas)
    # The generator is gone, the stream is not.
    assert is_whole([deltas[-1], *await take(stream, 5)])


class ReaderError(Exception):
    """What a reader's own code raises."""


async def test_a_reader_that_raises_hurts_no_other(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    async def fail() -> None:
        async for _ in client.stream_order_book_deltas("BTCUSDT", 15):
            raise ReaderError

    reader = client.stream_order_book_deltas("BTCUSDT", 15)
    before = await take(reader, 5)
    for _ in range(5):
        with pytest.raises(ReaderError):
            await fail()
    deltas = before + await take(reader, reader.pending + 20)
    snapshots = [n for n, delta in enumerate(deltas) if delta.is_snapshot]
    stretches = [deltas[a:b] for a, b in pairwise([*snapshots, len(deltas)])]
    assert all(is_whole(stretch) for stretch in stretches)
    assert client.is_connected


async def test_two_readers_of_one_stream_share_its_messages(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    stream = client.stream_trades("BTCUSDT")
    ones, others = await asyncio.gather(take(stream, 50), take(stream, 50))
    ids = [message.data.trade_id for message in ones + others]
    assert len(set(ids)) == 100
    assert stream.delivered == 100


async def test_queues_hold_only_as_many_as_they_were_asked_to(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    streams = [client.stream_tickers("BTCUSDT", queue_size=size) for size in (1, 2, 30)]
    reader = client.stream_tickers("BTCUSDT")
    for _ in range(60):
        await first(reader)
        assert all(s.pending <= size for s, size in zip(streams, (1, 2, 30), strict=True))
    assert [stream.pending for stream in streams] == [1, 2, 30]
