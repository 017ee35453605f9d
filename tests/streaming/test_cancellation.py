"""Cancelled anywhere: the cancellation comes out, and nothing is left of the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from weex_client.streaming.mailbox import OverflowPolicy

from .memory_line import BTC, ETH, Desk, open_desk, other_tasks, snapshot, ticker, turns

Program = Callable[[Desk], Awaitable[None]]


async def _say_when_asked(desk: Desk) -> None:
    """Serve every line that is opened: a ticker and a snapshot a turn."""
    number = 0
    while True:
        number += 1
        for line in desk.venue.open_lines:
            if line.requests("SUBSCRIBE") and line.waiting_frames < 10:
                line.say(ticker(last=number), ticker(ETH, number), snapshot(sequence=number))
        await asyncio.sleep(0)


async def reads_messages(desk: Desk) -> None:
    async with desk.client:
        stream = desk.client.stream_tickers([BTC, ETH])
        for _ in range(5):
            await anext(stream)


async def closes_its_streams(desk: Desk) -> None:
    async with desk.client as client, client.stream_tickers(BTC) as tickers:
        await anext(tickers)
        book = client.stream_order_book(BTC)
        await anext(book)
        await book.aclose()
        await anext(tickers)


async def breaks_out_of_loops(desk: Desk) -> None:
    async with desk.client as client:
        async for _ in client.stream_order_book(BTC):
            break
        async for _ in client.stream_tickers(BTC).batches(3, 0):
            break


async def holds_the_socket_back(desk: Desk) -> None:
    async with desk.client as client:
        slow = client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
        await turns(20)
        for _ in range(4):
            await anext(slow)


async def lives_through_a_cut(desk: Desk) -> None:
    async with desk.client as client:
        events, stream = client.events(), client.stream_tickers(BTC)
        await anext(stream)
        desk.venue.line.cut()
        while (await anext(events)).kind != "reconnecting":
            pass
        desk.clock.advance(1.5)
        while (await anext(events)).kind != "resubscribed":
            pass
        await anext(stream)


async def reads_in_a_group(desk: Desk) -> None:
    async def read(stream_of: str) -> None:
        async with desk.client.stream_tickers(stream_of) as stream:
            for _ in range(5):
                await anext(stream)

    async with desk.client, asyncio.TaskGroup() as group:
        for symbol in (BTC, ETH):
            group.create_task(read(symbol))


async def connects_and_disconnects(desk: Desk) -> None:
    for _ in range(2):
        await desk.client.connect()
        try:
            await anext(desk.client.stream_tickers(BTC))
        finally:
            await desk.client.disconnect()


PROGRAMS = (
    reads_messages,
    closes_its_streams,
    breaks_out_of_loops,
    holds_the_socket_back,
    lives_through_a_cut,
    reads_in_a_group,
    connects_and_disconnects,
)


async def _cancelled_at(program: Program, step: int) -> bool:
    """Cancel a program at a turn of the loop; return False if it was over by then."""
    desk = Desk()
    desk.venue.turns = 3
    serving = asyncio.create_task(_say_when_asked(desk))
    running = asyncio.ensure_future(program(desk))
    await turns(step)
    was_running = running.cancel()
    await asyncio.wait((running,), timeout=5)
    if was_running:
        # One that ended in that very turn may have ended well; none may go on, or fail.
        assert running.cancelled() or running.exception() is None
    serving.cancel()
    await asyncio.wait((serving,))
    if desk.client.is_connected:  # cancelled between ``disconnect`` and its end
        await desk.client.disconnect()
    await turns(5)
    assert [task.get_name() for task in other_tasks()] == []
    assert desk.venue.open_lines == []
    return was_running


@pytest.mark.parametrize("program", PROGRAMS)
async def test_program_cancelled_at_any_turn_is_cancelled_and_leaves_nothing(
    program: Program,
) -> None:
    step = 0
    while await _cancelled_at(program, step):
        step += 1
        assert step < 1000
    assert step > 10


@pytest.mark.parametrize("program", PROGRAMS)
async def test_program_cancelled_twice_leaves_nothing_once_its_client_is_closed(
    program: Program,
) -> None:
    for step in range(0, 40, 3):
        for pause in range(1, 8, 2):
            desk = Desk()
            desk.venue.turns = 5
            serving = asyncio.create_task(_say_when_asked(desk))
            running = asyncio.ensure_future(program(desk))
            for wait in (step, pause):
                await turns(wait)
                running.cancel()
            await asyncio.wait((running,), timeout=5)
            assert running.done()
            await desk.client.disconnect()
            serving.cancel()
            await asyncio.wait((serving,))
            await turns(5)
            assert [task.get_name() for task in other_tasks()] == []
            assert desk.venue.open_lines == []


async def test_exception_in_one_task_of_a_group_comes_out_and_the_others_are_released() -> None:
    async with open_desk() as desk:
        serving = asyncio.create_task(_say_when_asked(desk))

        async def read() -> None:
            async for _ in desk.client.stream_tickers(BTC):
                pass

        async def fail() -> None:
            await anext(desk.client.stream_tickers(ETH))
            raise ValueError("a bug of the user")

        async def trade() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(read())
                group.create_task(fail())

        with pytest.raises(ExceptionGroup) as caught:
            await trade()
        assert [type(each) for each in caught.value.exceptions] == [ValueError]
        serving.cancel()
        await asyncio.wait((serving,))
        await turns(10)
        assert {feed for feeds in desk.venue.unsubscribed() for feed in feeds} == {
            "BTCUSDT@ticker",
            "ETHUSDT@ticker",
        }
