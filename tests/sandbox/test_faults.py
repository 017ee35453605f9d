"""Trouble on lines and dials: each fault does what it says, and the exchange serves on."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.sandbox.conftest import PATIENCE_SECONDS, START_NS, Turn, dial, until
from weex_client.sandbox import FaultKind, SandboxExchange


async def serves_well(exchange: SandboxExchange) -> None:
    """See that a new client gets everything, in order."""
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "BTCUSDT@ticker")
        assert (await client.answer())["result"]
        last = None
        for _ in range(4):
            frame = await client.until(lambda f: str(f.get("e")).startswith("depth"))
            assert last is None or frame["U"] == last
            last = frame["u"]
        await client.next("ticker")


async def test_cut_aborts_every_socket_without_a_close_frame(exchange: SandboxExchange) -> None:
    async with dial(exchange) as one, dial(exchange, "/spot/v3/ws/public") as other:
        await one.receive()
        await other.receive()
        assert await exchange.faults.cut() == 2
        for client in (one, other):
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            assert client.socket.close_code == 1006
    async with dial(exchange) as again:
        assert "cid" in await again.receive()


async def test_close_says_the_code_and_the_reason(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        closing = asyncio.create_task(exchange.faults.close(1012, "restart"))
        with pytest.raises(ConnectionClosed) as closed:
            await client.until(lambda _: False)
        assert await closing == 1
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restart")


async def test_one_socket_can_be_cut_alone(exchange: SandboxExchange) -> None:
    async with dial(exchange) as one, dial(exchange) as other:
        await one.receive()
        await other.receive()
        first, second = exchange.connections
        assert (first.number, second.number) == (1, 2)
        assert await exchange.faults.cut(connection=second) == 1
        await other.ends()
        await one.subscribe("BTCUSDT@ticker")
        await one.next("ticker")
        (record,) = exchange.faults.log.of("cut")
        assert record.connection == 2
        assert record.market_time_ns >= START_NS // 100_000_000 * 100_000_000


async def test_cut_mid_frame_sends_the_beginning_of_a_frame_and_no_close_frame(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@trade")
        await client.next("tradeSnapshot")
        assert await exchange.faults.cut(mid_frame=True) == 1
        await client.ends()
        # The library tells an unfinished frame from an end between two.
        assert client.socket.close_code == 1006
        cause = client.socket.protocol.parser_exc
        assert "expected" in str(cause)
    assert exchange.faults.log.counts["cut_mid_frame"] == 1
    await serves_well(exchange)


async def test_a_plain_cut_ends_between_two_frames(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        await exchange.faults.cut()
        await client.ends()
        assert "unexpected end of stream" in str(client.socket.protocol.parser_exc)


SENDABLE = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)


@pytest.mark.parametrize("code", [*SENDABLE, 3000, 3999, 4000, 4999])
async def test_every_code_that_may_stand_in_a_close_frame_arrives(
    exchange: SandboxExchange, code: int
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        closing = asyncio.create_task(exchange.faults.close(code, "so it goes"))
        await client.ends()
        assert await closing == 1
        assert (client.socket.close_code, client.socket.close_reason) == (code, "so it goes")
        (record,) = exchange.faults.log.of(FaultKind.CLOSE)
        assert record.detail == f"{code} so it goes"
    await serves_well(exchange)


@pytest.mark.parametrize("code", [1006, 1015])
async def test_codes_that_never_stand_in_a_frame_end_the_line_without_one(
    exchange: SandboxExchange, code: int
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        await exchange.faults.close(code)
        await client.ends()
        assert client.socket.protocol.close_rcvd is None
        assert client.socket.close_code == 1006


async def test_close_code_1005_is_a_frame_without_a_code(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        await asyncio.gather(exchange.faults.close(1005), client.ends())
        assert client.socket.protocol.close_rcvd is not None
        assert client.socket.close_code == 1005


@pytest.mark.parametrize("code", [0, 999, 1004, 1016, 2999, 5000, 65535])
async def test_codes_that_no_server_may_send_are_sent_and_a_client_objects(
    exchange: SandboxExchange, code: int
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        await asyncio.gather(exchange.faults.close(code), client.ends())
        sent = client.socket.protocol.close_sent
        assert sent is not None
        assert sent.code == 1002
    await serves_well(exchange)


@pytest.mark.parametrize(("code", "reason"), [(-1, ""), (2**16, ""), (1000, "x" * 124)])
async def test_what_does_not_fit_a_close_frame_is_an_error(
    exchange: SandboxExchange, code: int, reason: str
) -> None:
    with pytest.raises(ValueError, match="close"):
        await exchange.faults.close(code, reason)


async def test_a_client_that_does_not_answer_a_close_frame_is_hung_up_on(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        client.socket.transport.pause_reading()
        assert await exchange.faults.close(1001) == 1
        assert exchange.connections == ()
        client.socket.transport.abort()


async def test_a_half_open_line_is_up_and_says_and_hears_nothing(
    exchange: SandboxExchange, turn: Turn
) -> None:
    async with dial(exchange) as client, dial(exchange) as healthy:
        await client.subscribe("BTCUSDT@depth15")
        await client.answer()
        await healthy.subscribe("BTCUSDT@depth15")
        await healthy.answer()
        (line, _) = exchange.connections
        assert exchange.faults.half_open(connection=line) == 1
        await client.drain(exchange)
        pong = await client.socket.ping()
        await client.send(method="PING", id=2)
        for _ in range(5):
            await healthy.next("depth")
        assert not pong.done()
        assert client.is_silent()
        assert line in exchange.connections
        assert line.request_count == 1
        lost = [each for each in exchange.faults.log.losses() if each.kind == "half_open"]
        assert len(lost) >= 4
        assert {each.connection for each in lost} == {line.number}

        exchange.faults.heal()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await pong
        await client.answer(2)
        # What was not sent meanwhile is lost, and the log has the hole.
        frame = await client.next("depth")
        hole = [each.sequences for each in lost if each.sequences is not None]
        assert frame["U"] >= hole[-1][1]
        assert hole[0][0] < frame["U"]


async def test_a_half_open_line_may_still_answer_pings(
    exchange: SandboxExchange, turn: Turn
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        await client.next("ticker")
        exchange.faults.half_open(20, answer_pings=True)
        await client.drain(exchange)
        await client.send(method="PING", id=2)
        await turn(seconds=10)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await (await client.socket.ping())
        assert client.is_silent()
        # It is over by itself; the answer that fell into it is lost.
        await client.next("ticker")
        began, over = (each for each in exchange.faults.log.of("half_open") if not each.frame)
        assert "for 20 s" in began.detail
        assert over.detail == "over"
        assert over.market_time_ns - began.market_time_ns >= 20_000_000_000
        assert exchange.connections[0].request_count == 2


async def test_a_client_that_gives_up_a_half_open_line_is_gone(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.half_open()
        client.socket.transport.abort()
        await until(lambda: not exchange.connections)
    await serves_well(exchange)


async def test_many_frames_to_a_peer_that_is_gone_make_no_noise(
    exchange: SandboxExchange, caplog: pytest.LogCaptureFixture
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        (line,) = exchange.connections
        line.abort(mid_frame=True)
        line.is_cut = False
        for _ in range(10):
            line.send('{"event":"ping"}')
        await client.ends()
    assert caplog.records == []


async def test_who_shouts_into_a_half_open_line_is_cut(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.half_open()
        with suppress(ConnectionClosed):
            while exchange.connections:
                await client.socket.send("x" * 100_000)
        await client.ends()


async def test_a_half_open_line_can_be_closed(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.half_open()
        await asyncio.gather(exchange.faults.close(1001), client.ends())
        assert client.socket.close_code == 1001


async def test_an_exchange_with_half_open_lines_closes(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.half_open()
        await asyncio.gather(exchange.close(), client.ends())
        assert client.socket.close_code == 1001


async def test_a_dripping_line_delivers_a_few_bytes_at_a_time_and_none_is_lost(
    exchange: SandboxExchange, turn: Turn
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("ETHUSDT@depth200")
        await client.answer()
        assert exchange.faults.drip(100) == 1
        await client.drain(exchange)
        (line,) = exchange.connections
        sent = line.frames_sent
        await turn(seconds=20)
        assert line.frames_sent > sent + 5
        # 2,000 bytes at most are not one change of a busy book of 200 levels.
        assert client.frames_waiting() <= 2
        exchange.faults.heal()
        last = None
        for _ in range(line.frames_sent - sent):
            frame = await client.next("depth", "ETHUSDT")
            assert last is None or frame["U"] == last
            last = frame["u"]


async def test_who_cannot_keep_up_because_the_line_drips_is_cut_as_any_slow_client(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("ETHUSDT@depth200", "BTCUSDT@depth200")
        await client.answer()
        exchange.connections[0].unread_limit_bytes = 10_000
        exchange.faults.drip(50)
        await client.ends()
        assert exchange.counters.cut_slow == 1
    await serves_well(exchange)


async def test_a_dripping_line_says_goodbye_whole(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        await client.answer()
        exchange.faults.drip(10, 3600)
        await asyncio.gather(exchange.faults.close(1012), client.ends())
        assert client.socket.close_code == 1012


async def test_a_dripping_line_answers_the_client_s_goodbye(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.drip(100)
        await client.socket.close(1000)
        assert client.socket.close_code == 1000


@pytest.mark.parametrize("size", [16, 70_000, 2**20])
async def test_a_huge_frame_is_one_frame_of_json_of_that_size(
    exchange: SandboxExchange, size: int
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        assert exchange.faults.huge_frame(size) == 1
        text = await client.socket.recv()
        assert len(text) == size
        assert set(json.loads(text)) == {"padding"}
    assert exchange.faults.log.of("huge_frame")[0].detail == f"{size} bytes"


async def test_a_frame_beyond_what_a_client_takes_ends_its_line_only(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.receive()
        exchange.faults.huge_frame(2**20 + 1)
        await client.ends()
        sent = client.socket.protocol.close_sent
        assert sent is not None
        assert sent.code == 1009
        assert exchange.counters.cut_slow == 0
    with pytest.raises(ValueError, match="at least"):
        exchange.faults.huge_frame(3)
    await serves_well(exchange)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503, 520, 599])
async def test_dials_are_answered_with_a_status_and_then_served(
    exchange: SandboxExchange, status: int
) -> None:
    exchange.faults.handshake(status, count=2)
    for _ in range(2):
        answer = await refused(exchange)
        assert answer.status_code == status
        assert "Retry-After" not in answer.headers
        assert json.loads(answer.body or b"")["code"] == status
    assert exchange.faults.log.counts["handshake"] == 2
    await serves_well(exchange)


async def refused(exchange: SandboxExchange, path: str = "/v3/ws/public") -> Any:
    with pytest.raises(InvalidStatus) as raised:
        await connect(exchange.ws_url + path)
    return raised.value.response


async def test_a_refused_dial_says_when_to_come_again(exchange: SandboxExchange) -> None:
    date = datetime(2026, 11, 21, 13, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    exchange.faults.handshake(429, retry_after=7)
    exchange.faults.handshake(503, retry_after=date)
    assert (await refused(exchange)).headers["Retry-After"] == "7"
    later = (await refused(exchange, "/spot/v3/ws/private")).headers["Retry-After"]
    assert later == "Sat, 21 Nov 2026 12:04:05 GMT"
    assert [each.detail for each in exchange.faults.log.of("handshake")] == [
        "HTTP 429, Retry-After: 7",
        "HTTP 503, Retry-After: Sat, 21 Nov 2026 12:04:05 GMT",
    ]
    await serves_well(exchange)


def test_impossible_answers_to_a_dial_are_errors() -> None:
    faults = SandboxExchange().faults
    for wrong in (101, 200, 399, 600):
        with pytest.raises(ValueError, match="status"):
            faults.handshake(wrong)
    for when in (-1, 1.5, datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)):
        with pytest.raises(ValueError, match="Retry-After"):
            faults.handshake(429, retry_after=when)
    with pytest.raises(ValueError, match="count"):
        faults.handshake(429, count=0)


async def test_a_slow_handshake_is_answered_when_its_time_has_come(
    exchange: SandboxExchange,
) -> None:
    exchange.faults.slow_handshake(30)
    began = exchange.time_ns
    await serves_well(exchange)
    assert exchange.time_ns - began >= 30_000_000_000
    assert exchange.faults.log.of("slow_handshake")[0].detail == "30 s late"


async def test_healing_and_closing_answer_dials_that_wait(exchange: SandboxExchange) -> None:
    exchange.faults.slow_handshake(100_000, count=2)
    healed = asyncio.create_task(goes(exchange))
    await until(lambda: exchange.faults.log.counts["slow_handshake"] == 1)
    exchange.faults.heal()
    assert await healed
    exchange.faults.slow_handshake(100_000)
    closed = asyncio.create_task(goes(exchange))
    await until(lambda: exchange.faults.log.counts["slow_handshake"] == 2)
    await exchange.close()
    assert not await closed


async def goes(exchange: SandboxExchange) -> bool:
    try:
        async with dial(exchange) as client:
            await client.receive()
    except (OSError, InvalidStatus, ConnectionClosed, InvalidMessage):
        return False
    return True


async def test_who_gives_up_a_slow_handshake_leaves_nothing(exchange: SandboxExchange) -> None:
    exchange.faults.slow_handshake(10_000)
    with pytest.raises(TimeoutError):
        await connect(exchange.ws_url + "/v3/ws/public", open_timeout=0.05)
    await serves_well(exchange)


async def test_a_tcp_connection_that_says_nothing_does_not_hold_the_end() -> None:
    exchange = SandboxExchange()
    await exchange.start()
    host, port = exchange.http_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await until(lambda: exchange.has_dials)
    await exchange.close()
    assert await reader.read() == b""
    writer.close()


async def test_requests_to_subscribe_are_refused_and_then_accepted(
    exchange: SandboxExchange,
) -> None:
    exchange.faults.refuse(2, "too many requests")
    async with dial(exchange) as client:
        for number in (1, 2):
            await client.subscribe("BTCUSDT@ticker", request_id=number)
            answer = await client.answer(number)
            assert answer["result"] is False
            assert answer["msg"] == "INVALID_ARGUMENT: too many requests"
        assert exchange.connections[0].streams == set()
        await client.subscribe("BTCUSDT@ticker", request_id=3)
        assert (await client.answer(3))["result"]
        await client.next("ticker")
    assert [each.connection for each in exchange.faults.log.of("refuse")] == [1, 1]


async def test_acknowledgements_come_late_and_data_does_not_wait(
    exchange: SandboxExchange,
) -> None:
    exchange.faults.delay_acks(30, 2)
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker", request_id=1)
        await client.send(method="PING", id=2)
        newest = 0
        while "result" not in (frame := await client.receive()):
            newest = frame.get("E", newest)
        asked, _ = exchange.faults.log.of("delay_acks")
        assert newest * 1_000_000 - asked.market_time_ns > 20_000_000_000
        assert frame == {"result": True, "id": 1}
        assert (await client.answer(2))["result"]
        await client.send(method="PING", id=3)
        assert (await client.answer(3))["result"]
    assert exchange.faults.log.counts["delay_acks"] == 2


async def test_healing_sends_the_acknowledgements_that_wait(exchange: SandboxExchange) -> None:
    exchange.faults.delay_acks(100_000)
    async with dial(exchange) as client, dial(exchange) as gone:
        await gone.send(method="PING", id=1)
        await client.send(method="PING", id=1)
        await until(lambda: exchange.faults.log.counts["delay_acks"] == 2)
        await gone.socket.close()
        exchange.faults.heal()
        assert (await client.answer(1))["result"]


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_durations_are_positive_and_end(seconds: float) -> None:
    faults = SandboxExchange().faults
    for begin in (faults.slow_handshake, faults.delay_acks):
        with pytest.raises(ValueError, match="positive"):
            begin(seconds)
    with pytest.raises(ValueError, match="positive"):
        faults.drip(seconds)
