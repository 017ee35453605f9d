"""The simulated network: bytes in order, latency, backpressure, resets, silence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.simulate.loop import SimulatedLoop, run
from tests.simulate.network import CAPACITY, Weather

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


def over_a_line(
    talk: Callable[[SimulatedLoop, Reader, Writer, Reader, Writer], Awaitable[Any]],
) -> Any:
    """Run a talk between two ends of a line: near reader, near writer, far reader, far writer."""

    async def main(loop: SimulatedLoop) -> Any:
        arrived: asyncio.Future[tuple[Reader, Writer]] = loop.create_future()
        server = await asyncio.start_server(
            lambda reader, writer: arrived.set_result((reader, writer)), "127.0.0.1", 80
        )
        near = await asyncio.open_connection("127.0.0.1", 80)
        far = await arrived
        try:
            return await talk(loop, *near, *far)
        finally:
            for writer in (near[1], far[1]):
                writer.close()
            server.close()
            await asyncio.sleep(200)
            assert loop.network.open_ends == ()

    return run("network", main)


def test_bytes_arrive_in_order_in_pieces_and_late() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        loop.network.weather = Weather((0.5, 1.0), split_share=0.9)
        sent = b"".join(number.to_bytes(2, "big") for number in range(5000))
        begun, pieces = loop.time(), []
        for start in range(0, len(sent), 100):
            to.write(sent[start : start + 100])
        while sum(map(len, pieces)) < len(sent):
            pieces.append(await far.read(65536))
        assert b"".join(pieces) == sent
        assert 0.5 <= loop.time() - begun <= 1.1
        assert len(pieces) > 1

    over_a_line(talk)


def test_a_reader_that_does_not_come_holds_its_writer_back() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        to.write(bytes(4 * CAPACITY))
        drained = asyncio.ensure_future(to.drain())
        await asyncio.sleep(1.0)
        assert not drained.done()
        assert len(await far.readexactly(4 * CAPACITY)) == 4 * CAPACITY
        await drained

    over_a_line(talk)


def test_a_goodbye_comes_after_what_was_said() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        to.write(b"last words")
        to.close()
        assert await far.read() == b"last words"

    over_a_line(talk)


def test_a_reset_is_met_at_the_next_read() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        (end,) = loop.network.client_ends
        end.reset()
        with pytest.raises(ConnectionResetError):
            await near.read(1)

    over_a_line(talk)


def test_an_end_whose_peer_is_gone_learns_it_when_it_speaks() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        (end,) = loop.network.client_ends
        end.peer.reset()
        await asyncio.sleep(10)
        assert not near.at_eof()
        to.write(b"anybody there?")
        with pytest.raises(ConnectionResetError):
            await near.read(1)

    over_a_line(talk)


def test_a_frozen_line_is_silent_and_then_tells_all() -> None:
    async def talk(loop: Any, near: Reader, to: Writer, far: Reader, back: Writer) -> None:
        (end,) = loop.network.client_ends
        end.freeze()
        back.write(b"hello")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await near.read(1)
        end.thaw()
        assert await near.read(5) == b"hello"

    over_a_line(talk)


@pytest.mark.parametrize(
    ("weather", "error"),
    [
        (Weather(is_refusing=True), ConnectionRefusedError),
        (Weather(is_swallowing=True), TimeoutError),
    ],
)
def test_dials_are_refused_or_swallowed(weather: Weather, error: type[Exception]) -> None:
    async def main(loop: SimulatedLoop) -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 80)
        loop.network.weather = weather
        with pytest.raises(error):
            async with asyncio.timeout(10):
                await asyncio.open_connection("127.0.0.1", 80)
        server.close()

    run("dials", main)


def test_nobody_listens_elsewhere() -> None:
    async def main(loop: SimulatedLoop) -> None:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", 81)

    run("elsewhere", main)


def test_a_wait_for_nothing_is_an_error_and_not_a_standstill() -> None:
    async def main(loop: SimulatedLoop) -> None:
        await loop.create_future()

    with pytest.raises(RuntimeError, match="no ready events"):
        run("standstill", main)
