"""KuCoin from its token to the reader, on lines in memory: recordings, and what goes wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.streaming.kucoin_line import CONFIG, Exchange, told
from tests.streaming.memory_line import filled, read, turns, until
from tests.venues.kucoin.recorded import FRAMES, frames
from weex_client.client import StreamClient
from weex_client.clock import ManualClock
from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    SubscriptionRejectedError,
    UnsupportedChannelError,
    VenueError,
)
from weex_client.rest import HttpResponse
from weex_client.streaming.budget import Budgets
from weex_client.venues.kucoin import KucoinConfig, KucoinVenue

TIME_S = 1_790_000_040
TIME_NS = TIME_S * 10**9
NOBODY = KucoinConfig(_env_file=None, rest_url=CONFIG.rest_url)


class Desk:
    """A client, its clock and its venue."""

    def __init__(self, config: KucoinConfig = CONFIG) -> None:
        self.clock = ManualClock()
        self.exchange = Exchange(self.clock)
        self.client = StreamClient(
            KucoinVenue(config),
            config,
            connector=self.exchange,
            clock=self.clock,
            budgets=Budgets(),
        )

    async def served(self) -> None:
        """Wait for requests and accept them."""
        await until(lambda: self.exchange.lines and self.exchange.line.sent)
        self.exchange.answer(self.exchange.line)
        await turns(20)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, pings answered."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            await turns(20)
            if self.exchange.open_lines:
                self.exchange.answer(self.exchange.line)


@contextlib.asynccontextmanager
async def opened(config: KucoinConfig = CONFIG) -> AsyncIterator[Desk]:
    desk = Desk(config)
    async with desk.client:
        yield desk


def snapshot(name: str) -> HttpResponse:
    return HttpResponse(200, (FRAMES / name).read_bytes())


@pytest.mark.parametrize(
    ("symbol", "recording", "answer", "applied", "bid", "ask"),
    [
        (
            "DAPPT-BTC",
            "recording-2021-dappt-btc.jsonl",
            "rest-level2-dappt-btc.json",
            162,
            ("0.000000112", "5148.7223"),
            ("0.000000113", "1208.0878"),
        ),
        (
            "SNX-BTC",
            "recording-2021-level2-snx-btc.jsonl",
            "rest-level2-snx-btc.json",
            600,
            ("0.00028678", "0.19100065"),
            ("0.00028745", "28.09015128"),
        ),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "after all changes"])
async def test_a_recorded_book_is_whole_and_every_change_is_shown(
    symbol: str,
    recording: str,
    answer: str,
    applied: int,
    bid: tuple[str, str],
    ask: tuple[str, str],
    *,
    is_late: bool,
) -> None:
    async with opened() as desk:
        book = desk.client.stream_order_book(symbol, 10, queue_size=1000)
        busy = ConnectError("busy", url="x")
        desk.exchange.book = [busy, snapshot(answer)] if is_late else [snapshot(answer)]
        await desk.served()
        changes = [frame for frame in frames(recording) if b"/market/level2:" in frame]
        desk.exchange.line.say(*changes[:12])
        if not is_late:
            await filled(book, 1)
        desk.exchange.line.say(*changes[12:])
        await turns(50)
        desk.clock.advance(2)
        await filled(book, applied + 1)
        messages = await read(book, applied + 1)
        assert book.pending == 0
        assert [m.is_snapshot for m in messages] == [True] + [False] * applied
        view = messages[-1].data
        assert view.bids[0] == tuple(map(Decimal, bid))
        assert view.asks[0] == tuple(map(Decimal, ask))
        assert desk.client.stats().channels["book"].gaps == 0


async def test_every_recorded_public_frame_is_a_message() -> None:
    async with opened() as desk:
        symbols = ["BCHSV-USDT", "EQZ-BTC"]
        tickers = desk.client.stream_tickers(symbols)
        trades = desk.client.stream_trades(["DAPPT-BTC", "BCHSV-USDT", "EQZ-BTC", "FET-BTC"])
        await desk.served()
        desk.exchange.line.say(*frames("ticker.jsonl", "match.jsonl"))
        assert {m.symbol for m in await read(tickers, 120)} == set(symbols)
        mine = [
            f
            for f in frames("match.jsonl")
            if any(s.encode() in f for s in (*symbols, "DAPPT-BTC", "FET-BTC"))
        ]
        ids = [m.data.trade_id for m in await read(trades, len(mine))]
        assert len(set(ids)) == len(mine)


async def test_an_endpoint_that_answers_html_is_said_at_the_dial() -> None:
    desk = Desk()
    desk.exchange.tickets = [b"<html>Sign in to the hotel"]
    with pytest.raises(ConnectError, match="a page"):
        await desk.client.connect()
    await desk.client.disconnect()


UNTRUSTED = ConnectError("TLS failed (certificate verify failed)", url="x", retryable=False)


async def test_a_token_endpoint_that_is_not_trusted_is_asked_once_and_ends_the_streams() -> None:
    async with opened() as desk:
        tickers = desk.client.stream_tickers("BTC-USDT")
        await desk.served()
        desk.exchange.tickets = [UNTRUSTED] * 3
        desk.exchange.line.cut()
        await desk.pass_time(300)
        with pytest.raises(ConnectError, match="TLS failed"):
            await read(tickers, 1)
        assert desk.exchange.asked == 2
        assert desk.client.stream_tickers("BTC-USDT").pending == 0  # asked for anew, it dials


async def test_a_book_is_not_asked_for_again_where_nobody_is_trusted() -> None:
    async with opened() as desk:
        desk.exchange.book = [UNTRUSTED, snapshot("rest-level2-snx-btc.json")]
        book = desk.client.stream_order_book("SNX-BTC", 10)
        await desk.served()
        await desk.pass_time(100)
        with pytest.raises(ConnectError, match="TLS failed"):
            await read(book, 1)
        assert len(desk.exchange.book) == 1


async def test_a_wrong_passphrase_is_one_error() -> None:
    async with opened() as desk:
        wrong = b'{"code":"400004","msg":"Invalid KC-API-PASSPHRASE"}'
        desk.exchange.tickets = [wrong, wrong]
        with pytest.raises(AuthenticationError, match="passphrase"):
            await read(desk.client.stream_orders(), 1)
        await desk.pass_time(300)
        assert desk.exchange.asked == 3  # the public one, and twice with a fresh signature


async def test_a_signature_that_comes_too_late_is_no_wrong_key_and_is_made_again() -> None:
    async with opened() as desk:
        late = b'{"code":"400002","msg":"Invalid KC-API-TIMESTAMP"}'
        body = HttpResponse(200, late)
        desk.exchange.book = [*[body] * 4, snapshot("rest-level2-snx-btc.json")]
        book = desk.client.stream_order_book("SNX-BTC", 10)
        await desk.served()
        desk.exchange.line.say(*frames("recording-2021-level2-snx-btc.jsonl")[:20])
        desk.exchange.tickets = [late] * 6
        orders = desk.client.stream_orders()
        await desk.pass_time(60)
        assert (await read(book, 1))[0].is_snapshot
        assert orders.pending == 0
        assert len(desk.exchange.open_lines) == 2


async def test_pongs_tell_the_venues_time_by_which_all_is_signed() -> None:
    async with opened() as desk:
        desk.exchange.ahead_ns = 3600 * 10**9
        desk.exchange.book = [snapshot("rest-level2-snx-btc.json")]
        _book = desk.client.stream_order_book("SNX-BTC", 10)
        await desk.served()
        desk.exchange.line.cut()
        await desk.pass_time(5)
        await until(lambda: desk.exchange.signed_ms)
        assert abs(desk.exchange.signed_ms[-1] * 10**6 - desk.clock.time_ns()) >= 3590 * 10**9


async def test_a_token_that_expires_is_replaced_by_another() -> None:
    async with opened() as desk:
        events, trades = desk.client.events(), desk.client.stream_trades("BTC-USDT")
        await desk.served()
        old = desk.exchange.line
        old.say({"type": "error", "code": 401, "data": "token is expired"})
        await until(lambda: not old.is_open)
        while not desk.exchange.open_lines:
            await desk.pass_time(1)
        await desk.pass_time(1)
        desk.exchange.line.say(frames("modern-2024.jsonl")[2])
        await read(trades, 1)
        assert desk.exchange.asked == 2
        causes = [event.cause for event in await read(events, events.pending)]
        assert any("token is expired" in str(cause) for cause in causes)


@pytest.mark.parametrize("words", [{"data": "topic does not exist"}, {}])
async def test_a_refusal_ends_the_stream_with_or_without_a_reason(words: dict[str, str]) -> None:
    async with opened() as desk:
        trades = desk.client.stream_trades("BTC-USDT")
        await until(lambda: desk.exchange.line.sent)
        request_id = json.loads(desk.exchange.line.sent[0])["id"]
        desk.exchange.line.say({"type": "error", "id": request_id, "code": 404, **words})
        said = words.get("data", "no reason given")
        with pytest.raises(SubscriptionRejectedError, match=f"{said}.*404"):
            await read(trades, 1)


async def test_a_book_that_never_comes_is_told_and_asked_for_again() -> None:
    async with opened() as desk:
        events = desk.client.events()
        book = desk.client.stream_order_book("SNX-BTC", 10)
        busy = ConnectError("nobody answers", url="x")
        desk.exchange.book = [*[busy] * 5, snapshot("rest-level2-snx-btc.json")]
        await desk.served()
        changes = frames("recording-2021-level2-snx-btc.jsonl")
        desk.exchange.line.say(*changes[:20])
        await desk.pass_time(3)
        assert book.pending == 0
        stale: Any = next(e for e in await read(events, events.pending) if e.kind == "stale")
        assert (stale.symbol, stale.channel) == ("SNX-BTC", "book")
        assert "nobody answers" in stale.cause
        await desk.pass_time(60)
        assert (await read(book, 1))[0].is_snapshot


async def test_a_book_of_a_symbol_that_does_not_exist_is_refused() -> None:
    async with opened() as desk:
        body = b'{"code":"900001","msg":"symbol not exists"}'
        desk.exchange.book = [HttpResponse(200, body)]
        book = desk.client.stream_order_book("NOPE-USDT", 10)
        await desk.served()
        with pytest.raises(VenueError, match="spelling"):
            await read(book, 1)


def trade(number: int, symbol: str = "BTC-USDT") -> dict[str, Any]:
    data = {"symbol": symbol, "sequence": str(number), "tradeId": str(number), "price": "1"}
    data |= {"size": "1", "side": "buy", "time": str(TIME_NS + number), "type": "match"}
    topic = f"/market/match:{symbol}"
    return {"type": "message", "topic": topic, "subject": "trade.l3match", "data": data}


def past_trades(*numbers: int) -> HttpResponse:
    rows = [
        {"sequence": str(n), "price": "1", "size": "1", "side": "buy", "time": TIME_NS + n}
        for n in numbers
    ]
    return told(rows[::-1])  # the newest first


def candle_row(minute: int, volume: int) -> list[str]:
    return [str(TIME_S + 60 * minute), "1", "1", "1", "1", str(volume), "1"]


def candle(minute: int, volume: int) -> dict[str, Any]:
    topic = "/market/candles:BTC-USDT_1min"
    time_ns = TIME_NS + 60 * minute * 10**9 + volume
    data = {"symbol": "BTC-USDT", "candles": candle_row(minute, volume), "time": time_ns}
    return {"type": "message", "topic": topic, "subject": "trade.candles.update", "data": data}


async def back(desk: Desk) -> None:
    """Cut the line, and accept what is asked for on the next one."""
    desk.exchange.line.cut()
    count = len(desk.exchange.lines)
    while len(desk.exchange.lines) == count:
        desk.clock.advance(0.5)
        await turns(20)


def said(messages: list[Any]) -> list[tuple[Any, ...]]:
    return [(m.data.open_time, int(m.data.volume), m.data.is_closed) for m in messages]


def at(minute: int, volume: int, *, closed: bool) -> tuple[Any, ...]:
    return (float(TIME_S + 60 * minute), volume, closed)


async def test_trades_that_an_interruption_cost_are_asked_for_and_come_before_what_follows() -> (
    None
):
    async with opened() as desk:
        events, trades = desk.client.events(), desk.client.stream_trades("BTC-USDT")
        await desk.served()
        assert desk.exchange.past_asked == []  # nothing was missed yet
        desk.exchange.line.say(trade(1), trade(2))
        await read(trades, 2)
        desk.exchange.past = [past_trades(1, 2, 3, 4, 5)]
        await back(desk)
        await until(lambda: desk.exchange.line.sent)
        desk.exchange.line.say(trade(5), trade(6))  # before the answer
        desk.exchange.answer(desk.exchange.line)
        got = await read(trades, 4)
        assert [m.data.trade_id for m in got] == ["3", "4", "5", "6"]
        assert [m.is_snapshot for m in got] == [True, True, True, False]
        await turns(20)
        kinds = [event.kind for event in await read(events, events.pending)]
        assert "gap" not in kinds
        assert kinds[-1] == "resubscribed"
        (past,) = desk.client.continuity()
        assert past.hole_count == 0
        assert desk.exchange.past_asked == ["histories?symbol=BTC-USDT"]


@pytest.mark.parametrize("answer", ["too new", "broken", "never"])
async def test_trades_that_nobody_can_tell_are_a_gap_and_what_follows_is_not_held_up(
    answer: str,
) -> None:
    async with opened() as desk:
        events, trades = desk.client.events(), desk.client.stream_trades("BTC-USDT")
        await desk.served()
        desk.exchange.line.say(trade(1))
        await read(trades, 1)
        answers: dict[str, HttpResponse | Exception] = {
            "too new": past_trades(8, 9),
            "broken": HttpResponse(200, b"<html>"),
            "never": ConnectError("nobody answers", url="x"),
        }
        desk.exchange.past = [answers[answer]]
        await back(desk)
        await desk.served()
        desk.exchange.line.say(trade(10))
        expected = ["8", "9", "10"] if answer == "too new" else ["10"]
        assert [m.data.trade_id for m in await read(trades, len(expected))] == expected
        await turns(20)
        assert [e.kind for e in await read(events, events.pending)].count("gap") == 1


async def test_what_follows_is_not_held_up_by_a_venue_that_does_not_answer_at_all() -> None:
    async with opened() as desk:
        events, trades = desk.client.events(), desk.client.stream_trades("BTC-USDT")
        await desk.served()
        desk.exchange.line.say(trade(1))
        await read(trades, 1)
        await back(desk)
        for number in (5, 6, 7):  # accepted, nobody has said yet
            desk.exchange.line.say(trade(number))
            await turns(20)
            desk.clock.advance(4)
        assert [m.data.trade_id for m in await read(trades, 3)] == ["5", "6", "7"]
        assert [e.kind for e in await read(events, events.pending)].count("gap") == 1


async def test_candles_begin_with_a_history_and_go_on_without_a_hole() -> None:
    async with opened() as desk:
        events, candles = desk.client.events(), desk.client.stream_candles("BTC-USDT", "1m")
        desk.exchange.past = [told([candle_row(1, 2), candle_row(0, 9)])]
        await until(lambda: desk.exchange.line.sent)
        desk.exchange.line.say(candle(1, 1), candle(1, 3))  # the first is older than the answer
        desk.exchange.answer(desk.exchange.line)
        begin = [at(0, 9, closed=True), at(1, 2, closed=False), at(1, 3, closed=False)]
        assert said(await read(candles, 3)) == begin
        desk.exchange.past = [
            told([*(candle_row(n, 10 + n) for n in (4, 3, 2, 1)), candle_row(0, 9)])
        ]
        await back(desk)
        await desk.served()
        desk.exchange.line.say(candle(4, 20))
        closed = [at(n, 10 + n, closed=True) for n in (1, 2, 3)]
        forming = [at(4, 14, closed=False), at(4, 20, closed=False)]
        assert said(await read(candles, 5)) == [*closed, *forming]
        assert "gap" not in [event.kind for event in await read(events, events.pending)]
        (past,) = desk.client.continuity()
        assert past.hole_count == 0


async def test_candles_whose_history_never_comes_tell_of_the_hole() -> None:
    async with opened() as desk:
        events, candles = desk.client.events(), desk.client.stream_candles("BTC-USDT", "1m")
        desk.exchange.past = [ConnectError("nobody answers", url="x")]
        await desk.served()
        desk.exchange.line.say(candle(0, 1))
        assert said(await read(candles, 1)) == [at(0, 1, closed=False)]
        await back(desk)
        await desk.served()
        desk.exchange.line.say(candle(1, 1))
        assert said(await read(candles, 1)) == [at(1, 1, closed=False)]
        gaps = [e for e in await read(events, events.pending) if e.kind == "gap"]
        assert [gap.duration_seconds for gap in gaps] == [60.0]


async def test_a_symbol_that_does_not_exist_is_refused_though_the_venue_accepts_it() -> None:
    async with opened() as desk:
        streams = [
            desk.client.stream_trades("BTV-USDT"),
            desk.client.stream_candles("BTV-USDT", "1m"),
            desk.client.stream_tickers("BTV-USDT"),
        ]
        good = desk.client.stream_trades("BTC-USDT")  # quiet, and no trouble
        await desk.served()
        await desk.pass_time(5)
        for stream in streams:
            with pytest.raises(SubscriptionRejectedError, match="did you mean BTC-USDT"):
                await read(stream, 1)
        desk.exchange.line.say(trade(1))
        assert len(await read(good, 1)) == 1


async def test_a_symbol_that_cannot_be_looked_up_is_told_once() -> None:
    async with opened() as desk:
        desk.exchange.symbols = ConnectError("nobody answers", url="x")
        events, trades = desk.client.events(), desk.client.stream_trades("NOPE-USDT")
        await desk.served()
        await desk.pass_time(300)
        told_ = [event for event in await read(events, events.pending) if event.kind == "stale"]
        assert [(e.channel, e.symbol) for e in told_] == [("trades", "NOPE-USDT")]
        assert "could not be looked up" in str(told_[0].cause)
        assert trades.pending == 0


async def test_a_symbol_that_stays_silent_is_told() -> None:
    async with opened() as desk:
        desk.exchange.symbols = told([{"symbol": "NOPE-USDT"}])
        events = desk.client.events()
        streams = [desk.client.stream_tickers(each) for each in ("NOPE-USDT", "BCHSV-USDT")]
        await desk.served()
        for frame in frames("ticker.jsonl")[:50]:
            desk.exchange.line.say(frame)
            await desk.pass_time(1)
        happened = await read(events, events.pending)
        assert [e.symbol for e in happened if e.kind == "stale"] == ["NOPE-USDT"]
        assert streams[0].pending == 0


async def test_without_credentials_a_book_is_complete_with_every_frame() -> None:
    async with opened(NOBODY) as desk:
        with pytest.raises(UnsupportedChannelError, match="KUCOIN_API_KEY"):
            desk.client.stream_order_book("BTC-USDT", 51)
        book = desk.client.stream_order_book("BTC-USDT", 3)
        await desk.served()
        desk.exchange.line.say(frames("level2depth.jsonl")[0])
        (message,) = await read(book, 1)
        assert message.is_snapshot
        assert message.sequence is None
        assert len(message.data.bids) == len(message.data.asks) == 3


async def test_pings_go_out_at_the_interval_that_the_server_asked_for() -> None:
    async with opened() as desk:
        trades = desk.client.stream_trades("BTC-USDT")
        await desk.served()
        line = desk.exchange.line
        for _ in range(17):
            desk.clock.advance(1)
            await turns(20)
        assert desk.exchange.answer(line) == ["ping"]
        for _ in range(30):  # the next one is not answered
            desk.clock.advance(1)
            await turns(20)
        assert not line.is_open
        assert trades.pending == 0
