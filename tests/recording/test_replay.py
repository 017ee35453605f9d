"""Clients of a tape: time, ends, readers of all kinds, and tapes that lack what is asked for."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from weex_client import KucoinConfig, KucoinWebSocketClient, WeexConfig, WeexWebSocketClient
from weex_client.errors import ConnectError, SubscriptionRejectedError, TapeError, UsageError
from weex_client.paper import PaperTradingEngine
from weex_client.recording import Recorder, replaying
from weex_client.recording.replay import Replay
from weex_client.sandbox.taped import TapeExchange
from weex_client.streaming.mailbox import OverflowPolicy

from .handmade import START_NS, HandmadeTape
from .test_recording import SECOND, book, trade

PATIENCE_SECONDS = 30.0  # of a test that fails


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a tape of a trade a second, with a line that is cut and one more."""
    path = tmp_path / "tape.db"
    with HandmadeTape(path) as tape:
        session = tape.session()
        line = tape.line(session)
        tape.feed(session, "trades", "BTCUSDT")
        tape.feed(session, "book", "BTCUSDT", 5)
        tape.received(line, book(0, 1, 100, is_snapshot=True))
        for number in range(10):
            tape.now_ns += SECOND
            tape.received(line, trade(number), book(number + 1, number + 2, 100 + number))
        tape.now_ns += SECOND
        tape.close_line(line, code=1012, cause="service restart")
        tape.now_ns += 30 * SECOND
        line = tape.line(session)
        for number in range(10, 20):
            tape.now_ns += SECOND
            tape.received(line, trade(number))
        tape.close_line(line, is_ours=True)
        tape.close_session(session)
    return path


def client_of(replay: Replay) -> WeexWebSocketClient:
    return WeexWebSocketClient(WeexConfig(_env_file=None), connector=replay)


async def read_all(stream: Any) -> list[str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [message.data.trade_id async for message in stream]


ALL = [str(number) for number in range(20)]


async def test_a_program_sees_the_tape_s_time(path: Path) -> None:
    async with client_of(replaying(path)) as client:
        clock, seen = client.clock, []
        events = client.events()
        async for message in client.stream_trades("BTCUSDT"):
            seen.append((message.data.trade_id, round(clock.monotonic())))
            assert message.received_time_ns == clock.time_ns()
            if message.data.trade_id == "4":
                assert not await clock.wait(asyncio.Event(), clock.monotonic() + 0.5)
                assert clock.time_ns() == START_NS + 5 * SECOND + SECOND // 2
    assert seen == [(str(number), number + 1 + 31 * (number > 9)) for number in range(20)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = [event async for event in events]
    kinds = [event.kind for event in told]
    assert kinds == [
        *("disconnected", "reconnecting", "connected", "gap", "resubscribed", "disconnected")
    ]
    assert (told[0].close_code, told[1].delay_seconds) == (1012, 0.0)
    assert told[2].timestamp == START_NS / SECOND + 41


async def test_streams_of_a_tape_that_is_over_end_at_once(path: Path) -> None:
    async with client_of(replaying(path)) as client:
        assert await read_all(client.stream_trades("BTCUSDT")) == ALL
        assert await read_all(client.stream_trades("BTCUSDT")) == []
        await client.disconnect()
    assert len(asyncio.all_tasks()) == 1


async def test_a_client_that_is_closed_in_the_middle_goes_on_from_there(path: Path) -> None:
    replay = replaying(path)
    async with client_of(replay) as client:
        async for message in client.stream_trades("BTCUSDT"):
            if message.data.trade_id == "3":
                break
        with pytest.raises(TimeoutError):  # a wait that is cancelled takes nothing along
            async with asyncio.timeout(0.0):
                await client.clock.wait(asyncio.Event(), 1e6)
    assert len(asyncio.all_tasks()) == 1
    async with client_of(replay) as client:
        assert await read_all(client.stream_trades("BTCUSDT")) == ALL[4:]


async def test_nothing_is_dropped_for_a_slow_reader_nor_waits_for_one_that_is_gone(
    path: Path,
) -> None:
    async with client_of(replaying(path)) as client:
        slow = client.stream_trades("BTCUSDT", queue_size=1)
        gone = client.stream_order_book("BTCUSDT", overflow=OverflowPolicy.CONFLATE)
        await anext(gone)
        seen = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for message in slow:
                seen.append(message.data.trade_id)
                for _ in range(5):
                    await asyncio.sleep(0.001)  # the outside: the tape stands meanwhile
        assert seen == ALL
        assert slow.dropped == 0


async def test_a_reader_may_wait_for_the_tape_while_it_holds_its_line_back(path: Path) -> None:
    async with client_of(replaying(path, speed=0)) as client:
        trades = client.stream_trades("BTCUSDT", queue_size=1)
        await anext(trades)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.clock.wait(asyncio.Event(), client.clock.monotonic() + 0.5)
        assert await read_all(trades) == ALL[1:]


async def test_a_program_that_polls_does_not_hold_the_tape(path: Path) -> None:
    async def poll() -> None:
        while True:  # noqa: ASYNC110 - what this is about
            await asyncio.sleep(0)

    polling = asyncio.create_task(poll())
    async with client_of(replaying(path)) as client:
        assert await read_all(client.stream_trades("BTCUSDT")) == ALL
    polling.cancel()


async def test_clients_of_two_venues_share_one_tape_and_its_time(path: Path) -> None:
    from weex_client.venues.kucoin import mirror

    with HandmadeTape(path) as tape:
        tape.now_ns = START_NS + 60 * SECOND
        session = tape.session("kucoin", None)
        line = tape.line(session)
        tape.feed(session, "trades", "BTC-USDT")
        figures = mirror.TradeFigures("1", *(1,) * 2, "buy", 1, START_NS)  # type: ignore[arg-type]
        frame = mirror.encode_trade("/market/match:BTC-USDT", "BTC-USDT", figures)
        tape.received(line, frame.encode())
    replay = replaying(path)
    async with (
        client_of(replay) as weex,
        KucoinWebSocketClient(KucoinConfig(_env_file=None), connector=replay) as kucoin,
    ):
        assert weex.clock is kucoin.clock
        streams = (weex.stream_trades("BTCUSDT"), kucoin.stream_trades("BTC-USDT"))
        assert await asyncio.gather(*map(read_all, streams)) == [ALL, ["1"]]
    async with client_of(replaying(path, session=1)) as client:
        assert await read_all(client.stream_trades("BTCUSDT")) == ALL
        with pytest.raises(TapeError, match="nothing of kucoin"):
            KucoinWebSocketClient(KucoinConfig(_env_file=None), connector=replaying(path, 0, 1))


async def test_a_program_that_was_started_again_is_replayed_as_one(tmp_path: Path) -> None:
    path = tmp_path / "tape.db"
    with HandmadeTape(path) as tape:
        first = tape.session()
        line = tape.line(first)
        feed = tape.feed(first, "trades", "BTCUSDT")
        tape.received(line, trade(1))
        tape.now_ns += SECOND
        # Another at the same time, on a lane of its own.
        other = tape.session()
        beside = tape.line(other)
        for symbol in ("BTCUSDT", "ETHUSDT"):
            tape.feed(other, "trades", symbol)
        tape.received(beside, trade(1), trade(7, "ETHUSDT"))
        tape.leave(feed)
        tape.close_line(line, is_ours=True)
        tape.close_session(first)
        # The next one streams the same on its second connection; it is killed.
        tape.now_ns += SECOND
        third = tape.session()
        tape.line(third)
        line = tape.line(third, lane=1)
        tape.feed(third, "trades", "BTCUSDT", lane=1)
        tape.received(line, trade(2))
    async with client_of(replaying(path)) as client:
        streams = (client.stream_trades("BTCUSDT"), client.stream_trades("ETHUSDT"))
        assert await asyncio.gather(*map(read_all, streams)) == [["1", "2"], ["7"]]


async def test_what_a_tape_lacks_is_said_at_once_with_what_it_has(
    path: Path, tmp_path: Path
) -> None:
    there = r"weex contract trades \(BTCUSDT\); weex contract book \(BTCUSDT 5 levels\)"
    spot = WeexConfig(_env_file=None, market="spot")
    with pytest.raises(TapeError, match=f"nothing of weex spot; it has {there}"):
        WeexWebSocketClient(spot, connector=replaying(path))
    async with client_of(replaying(path)) as client:
        with pytest.raises(TapeError, match=f"has not recorded ETHUSDT@trade; it has {there}"):
            client.stream_trades("ETHUSDT")
        # Fewer levels come from what is there.
        async with client.stream_order_book("BTCUSDT", 1) as books:
            assert len((await anext(books)).data.bids) == 1
    with pytest.raises(TapeError, match="no session 7; its sessions: 1"):
        replaying(path, session=7)
    with pytest.raises(UsageError, match="0 or more"):
        replaying(path, speed=-1)
    with pytest.raises(TapeError, match="there is no tape"):
        replaying(tmp_path / "none.db")
    HandmadeTape(tmp_path / "empty.db").close()
    with pytest.raises(TapeError, match="nothing was recorded in it"):
        replaying(tmp_path / "empty.db")
    async with Recorder(tmp_path / "other.db") as recorder:
        with pytest.raises(UsageError):
            WeexWebSocketClient(
                WeexConfig(_env_file=None), connector=replaying(path), recorder=recorder
            )


async def test_the_exchange_refuses_what_its_tape_lacks(path: Path) -> None:
    async with TapeExchange(path) as exchange:
        for market, symbol in (("spot", "BTCUSDT"), ("contract", "ETHUSDT")):
            async with WeexWebSocketClient(exchange.weex_config(market)) as client:
                with pytest.raises(SubscriptionRejectedError, match=f"the tape has no {symbol}"):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await anext(client.stream_trades(symbol))
        with pytest.raises(KeyError):
            exchange.config("kucoin")


async def test_a_tape_that_breaks_while_it_is_played_ends_its_streams_with_an_error(
    path: Path,
) -> None:
    replay = replaying(path)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE frame")
    database.close()
    async with client_of(replay) as client:
        for _ in range(2):
            with pytest.raises(ConnectError, match="no such table: frame"):
                await read_all(client.stream_trades("BTCUSDT"))


async def test_a_backtest_gives_the_same_report_each_time(path: Path, tmp_path: Path) -> None:
    async def strategy(engine: PaperTradingEngine, client: Any) -> None:
        async for message in client.stream_trades("BTCUSDT"):
            if int(message.data.trade_id) % 3 == 1 and int(message.data.trade_id) < 10:
                await engine.submit("BTCUSDT", "buy", "1")

    async def report(state: Path | None, seconds: float | None = None) -> Any:
        engine = PaperTradingEngine(symbols="BTCUSDT", state=state)
        async with client_of(replaying(path)) as client:
            return await engine.run(client, strategy, seconds=seconds)

    first = await report(None)
    assert first.fill_count == 3
    assert [fill.timestamp for fill in first.fills] == [
        START_NS / SECOND + seconds for seconds in (2, 5, 8)
    ]
    # A file takes the machine's time, not the tape's.
    assert [await report(None), await report(tmp_path / "state.db")] == [first] * 2
    assert (await report(None, seconds=4.0)).fill_count == 1
