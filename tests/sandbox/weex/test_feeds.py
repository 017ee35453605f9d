"""What the streams deliver: tickers, trades, candles and books that tell one story."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.conftest import START_NS, Frame, WireClient, dial
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.weex.feeds import feed_for
from weex_client.sandbox.weex.figures import candle_figures
from weex_client.simulation import Market, SymbolMarket
from weex_client.venues.weex.streams import (
    BookTickerStream,
    CandleStream,
    DepthStream,
    Stream,
    TickerStream,
    TradeStream,
)


async def gather(client: WireClient, event: str, count: int) -> list[Frame]:
    return [await client.next(event) for _ in range(count)]


async def test_tickers_come_every_fifth_of_a_second_and_add_up(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        frames = await gather(client, "ticker", 20)
        for earlier, later in pairwise(frames[1:]):
            assert 100 <= later["E"] - earlier["E"] <= 1_000
        for frame in frames:
            (row,) = frame["d"]
            assert list(row) == [
                "p",
                "P",
                "w",
                "c",
                "o",
                "h",
                "l",
                "v",
                "q",
                "O",
                "C",
                "n",
                "m",
                "i",
            ]
            change = Decimal(row["c"]) - Decimal(row["o"])
            assert Decimal(row["p"]) == change
            assert abs(Decimal(row["P"]) - change / Decimal(row["o"])) < Decimal("0.000001")
            assert Decimal(row["l"]) <= Decimal(row["c"]) <= Decimal(row["h"])
            assert row["C"] - row["O"] == 86_400_000
            assert 0 <= frame["E"] - row["C"] < 300_000
            assert row["C"] % 300_000 == 0


async def test_spot_tickers_have_no_mark_and_no_index(exchange: SandboxExchange) -> None:
    async with dial(exchange, "/spot/v3/ws/public") as client:
        await client.subscribe("BTCUSDT@ticker")
        assert not {"m", "i"} & (await client.next("ticker"))["d"][0].keys()


async def test_trades_begin_with_twenty_newest_first_and_batches_repeat_some(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@trade")
        snapshot = await client.next("tradeSnapshot")
        times = [row["T"] for row in snapshot["d"]]
        assert len(times) == 20
        assert times == sorted(times, reverse=True)
        known = {row["t"] for row in snapshot["d"]}
        batches = await gather(client, "trade", 15)
        assert known & {row["t"] for row in batches[0]["d"]}
        newest = max(times)
        for batch in batches:
            fresh = [row for row in batch["d"] if row["t"] not in known]
            known |= {row["t"] for row in fresh}
            assert all(row["T"] >= newest for row in fresh)
            newest = max([newest, *(row["T"] for row in fresh)])
            for row in batch["d"]:
                assert Decimal(row["v"]) == Decimal(row["p"]) * Decimal(row["q"])
                assert row["T"] <= batch["E"]
        assert any(
            [row["T"] for row in batch["d"]] != sorted(row["T"] for row in batch["d"])
            for batch in batches
        )


async def minutes_and_trades(client: WireClient) -> tuple[dict[int, Frame], list[dict[str, Any]]]:
    """Return the last state of each minute candle, and every trade, over three minutes."""
    minutes: dict[int, Frame] = {}
    trades: dict[str, dict[str, Any]] = {}
    while len(minutes) < 4:
        frame = await client.receive()
        if frame.get("e") == "kline":
            minutes[frame["d"][0]["t"]] = frame["d"][0]
        elif frame.get("e") in ("trade", "tradeSnapshot"):
            trades.update({row["t"]: row for row in frame["d"]})
    return minutes, list(trades.values())


async def test_candles_are_made_of_the_very_trades_that_are_streamed() -> None:
    async with SandboxExchange(speed=150) as exchange, dial(exchange) as client:
        await client.subscribe("BTCUSDT@trade", "BTCUSDT@kline_1m_LAST_PRICE")
        minutes, trades = await minutes_and_trades(client)
        # The first minute began before the subscription, the last is still forming.
        for start in sorted(minutes)[1:-1]:
            candle = minutes[start]
            inside = [row for row in trades if start <= row["T"] < candle["T"]]
            assert candle["n"] == len(inside)
            assert Decimal(candle["v"]) == sum(Decimal(row["q"]) for row in inside)
            assert Decimal(candle["q"]) == sum(Decimal(row["v"]) for row in inside)
            assert Decimal(candle["V"]) == sum(Decimal(row["q"]) for row in inside if row["m"])
            prices = [Decimal(candle["o"]), *(Decimal(row["p"]) for row in inside)]
            assert (Decimal(candle["h"]), Decimal(candle["l"])) == (max(prices), min(prices))


async def test_candles_begin_with_301_and_go_on_where_those_end() -> None:
    async with SandboxExchange(speed=150) as exchange, dial(exchange) as client:
        await client.subscribe("BTCUSDT@kline_1m")
        snapshot = await client.next("klineSnapshot")
        rows = snapshot["d"]
        assert len(rows) == 301
        assert snapshot["p"] == "LAST_PRICE"
        assert all(earlier["T"] == later["t"] for earlier, later in pairwise(rows))
        assert rows[-1]["t"] <= snapshot["E"] < rows[-1]["T"]
        last = rows[-1]
        seen = {last["t"]}
        while len(seen) < 4:
            row = (await client.next("kline"))["d"][0]
            assert row["t"] >= last["t"]
            if row["t"] > last["t"]:
                assert row["o"] == last["c"]
            else:
                assert row["n"] > last["n"]
            seen.add(row["t"])
            last = row


async def test_intervals_of_one_symbol_are_told_apart_and_mark_prices_move(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@kline_1m_MARK_PRICE", "BTCUSDT@kline_1d_LAST_PRICE")
        keys = set()
        while len(keys) < 2:
            frame = await client.next("kline")
            keys.add((frame["p"], frame["d"][0]["i"]))
        assert keys == {("MARK_PRICE", "1m"), ("LAST_PRICE", "1d")}


@pytest.mark.parametrize("level", [15, 200])
async def test_books_change_twice_a_second_and_take_in_the_trades(
    exchange: SandboxExchange, level: int
) -> None:
    async with dial(exchange) as client:
        await client.subscribe(f"BTCUSDT@depth{level}")
        frames = await gather(client, "depth", 20)
        assert [later["E"] - earlier["E"] for earlier, later in pairwise(frames)] == [500] * 19
        assert all(frame["l"] == level and frame["d"] == "CHANGED" for frame in frames)
        assert all(frame["U"] < frame["u"] for frame in frames)


async def test_a_stream_nobody_reads_for_a_while_goes_on_correctly(
    exchange: SandboxExchange,
) -> None:
    streams = ["BTCUSDT@depth15", "BTCUSDT@trade", "BTCUSDT@ticker", "BTCUSDT@kline_1m"]
    async with dial(exchange) as client:
        await client.subscribe("ETHUSDT@ticker", *streams)
        await client.next("depth")
        await client.send(method="UNSUBSCRIBE", params=streams, id=2)
        await client.answer(2)
        for _ in range(30):
            await client.next("ticker", "ETHUSDT")
        await client.subscribe(*streams, request_id=3)
        snapshot = await client.next("depthSnapshot")
        change = await client.next("depth")
        assert change["U"] == snapshot["u"]
        assert exchange.true_book("contract", "BTCUSDT", 15, snapshot["u"])
        assert exchange.true_book("contract", "BTCUSDT", 15, change["u"])


async def test_touch_of_spot_is_sent_as_it_changes(exchange: SandboxExchange) -> None:
    async with dial(exchange, "/spot/v3/ws/public") as client:
        await client.subscribe("BTCUSDT@bookTicker")
        frames = await gather(client, "bookTicker", 20)
        for earlier, later in pairwise(frames[1:]):
            assert later["u"] > earlier["u"]
            assert [later[key] for key in "bBaA"] != [earlier[key] for key in "bBaA"]
            assert Decimal(later["b"]) < Decimal(later["a"])


def lone_market(symbol: str = "BTCUSDT") -> SymbolMarket:
    market = Market(7, START_NS, [symbol]).symbol("spot", symbol)
    market.advance_to(600)
    return market


@pytest.mark.parametrize(
    "stream",
    [
        TickerStream("BTCUSDT"),
        TradeStream("BTCUSDT"),
        DepthStream("BTCUSDT", 15),
        CandleStream("BTCUSDT", "1m", "LAST_PRICE"),
        BookTickerStream("BTCUSDT"),
    ],
)
def test_a_feed_says_nothing_twice(stream: Stream) -> None:
    market = lone_market()
    feed = feed_for(market, stream, lambda: 100)
    market.advance_to(630)
    assert len(feed.frames()) == 1
    assert len(feed.frames()) == 0
    feed.resume()
    assert json.loads(feed.first())["s"] == "BTCUSDT"


def test_a_closed_minute_is_told_to_its_end_before_the_next_begins() -> None:
    market = lone_market()
    feed = feed_for(market, CandleStream("BTCUSDT", "1m", "LAST_PRICE"), lambda: 100)
    told: dict[int, dict[str, Any]] = {}
    while market.step < 2_500:
        market.advance()
        for text in feed.frames():
            (row,) = json.loads(text)["d"]
            assert row["t"] >= max(told, default=0)
            told[row["t"]] = row
    closed = candle_figures(market.instrument, market.candles("1m")[-4:-1])
    assert [told[c.open_time_ms]["c"] for c in closed] == [str(c.close) for c in closed]
    assert [told[c.open_time_ms]["n"] for c in closed] == [c.trade_count for c in closed]
