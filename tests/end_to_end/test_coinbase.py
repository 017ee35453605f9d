"""Coinbase Exchange over real sockets: books, books of orders, losses that no number shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from tests.end_to_end.conftest import (
    first,
    happened,
    impatient,
    nothing_is_left,
    take,
    until,
)
from weex_client import (
    AuthenticationError,
    CoinbaseConfig,
    CoinbaseWebSocketClient,
    ConfigError,
    UsageError,
)
from weex_client.protocol import Channel
from weex_client.sandbox import SandboxExchange

__all__ = ["nothing_is_left"]


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    # It starts now: a venue that tells no time is taken to go by the same clock as we do.
    async with SandboxExchange(seed=7, speed=10, symbols=("BTCUSDT", "ETHUSDT")) as running:
        yield running


def client_of(exchange: SandboxExchange, **settings: Any) -> CoinbaseWebSocketClient:
    config = impatient(exchange.coinbase_config(), queue_size=100_000, **settings)
    return CoinbaseWebSocketClient(config)


UNSIGNED = {"api_key": None, "secret_key": None, "passphrase": None}


def subscribed(exchange: SandboxExchange) -> set[str]:
    return {stream for each in exchange.connections for stream in each.streams}


@pytest.mark.parametrize(("settings", "channel"), [({}, "level2"), (UNSIGNED, "level2_batch")])
async def test_book_is_that_of_the_exchange_at_every_moment(
    exchange: SandboxExchange, settings: dict[str, Any], channel: str
) -> None:
    async with client_of(exchange, **settings) as client:
        book = client.stream_order_book("BTC-USD", level=50)
        for message in await take(book, 30):
            if message.is_snapshot:
                continue
            true = exchange.true_book(
                "spot", "BTC-USD", 50, message.exchange_time_ns // 1000, venue="coinbase"
            )
            assert [list(message.data.bids), list(message.data.asks)] == list(true)
        wanted = {f"{each}:BTC-USD" for each in (channel, "matches", "heartbeat")}
        assert subscribed(exchange) == wanted
        await book.aclose()
        await until(lambda: not subscribed(exchange))


async def test_lost_trade_costs_the_book_one_subscription(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        events, book = client.events(), client.stream_order_book("BTC-USD")
        trades = client.stream_trades("BTC-USD")
        await take(book, 3)
        last = (await take(trades))[0]
        exchange.faults.skip("BTC-USD", Channel.TRADES)
        gaps = [await happened(events, "gap") for _ in range(2)]
        assert {gap.channel for gap in gaps} == {"book", "trades"}
        assert all("did not come" in gap.cause for gap in gaps)
        assert (await happened(events, "resubscribed")).symbol == "BTC-USD"
        await first(book, lambda m: m.is_snapshot)
        newer = await take(trades, 5)
        assert all(int(m.data.trade_id) > int(last.data.trade_id) for m in newer)


async def test_history_is_flagged_and_taker_sides_are_told(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        trades, tickers = client.stream_trades("BTC-USD"), client.stream_tickers("BTC-USD")
        old, *news = await take(trades, 20)
        assert old.is_snapshot
        assert not any(m.is_snapshot for m in news)
        ids = [int(m.data.trade_id) for m in (old, *news)]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        takers = {m.data.trade_id: m.data.side for m in (old, *news)}
        sides = [
            (m.data.side, takers[str(m.data.trade_id)])
            for m in await take(tickers, 5)
            if str(m.data.trade_id) in takers
        ]
        assert sides
        assert all(ours == theirs for ours, theirs in sides)


async def test_book_of_orders_is_the_book_and_recovers_from_a_hole(
    exchange: SandboxExchange,
) -> None:
    async with client_of(exchange) as client:
        events = client.events()
        views, full = client.stream_order_book3("BTC-USD", 20), client.stream_full("BTC-USD")
        messages = await take(views, 200)
        assert messages[0].is_snapshot
        await _same_as_by_price(exchange, messages)
        steps = [m.sequence for m in await take(full, 300) if m.sequence is not None]
        assert steps == list(range(steps[0], steps[0] + len(steps)))
        exchange.faults.skip("BTC-USD", "full")
        gap = await happened(events, "gap")
        assert gap.to_sequence == gap.from_sequence + 2
        again = await first(views, lambda m: m.is_snapshot)
        assert again.sequence >= gap.to_sequence
        await _same_as_by_price(exchange, await take(views, 100))


async def _same_as_by_price(exchange: SandboxExchange, messages: list[Any]) -> None:
    """Compare the last view of each moment with the book of that moment."""
    last = {m.exchange_time_ns: m.data for m in messages if m.exchange_time_ns is not None}
    last.popitem()  # the moment that may go on
    compared = 0
    for time_ns, view in last.items():
        try:
            bids, asks = exchange.true_book(
                "spot", "BTC-USD", 20, time_ns // 1000, venue="coinbase"
            )
        except LookupError:
            continue  # nothing had changed by price
        compared += 1
        assert [queue[:2] for queue in view.bids] == bids
        assert [queue[:2] for queue in view.asks] == asks
        assert all(sum(size for _, size in q.orders) == q.size for q in view.bids)
    assert compared


async def test_own_orders_go_their_way_and_fees_are_computed(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        orders, fills = client.stream_orders(), client.stream_fills()
        raw = client.stream_user()
        await take(fills)  # the house trades: everything is subscribed
        await first(orders, lambda m: not m.is_snapshot)
        await take(raw)
        await exchange.place_order(
            symbol="ETHUSDT", side="buy", size="0.5", market="spot", client_order_id="mine"
        )
        done = await first(
            orders, lambda m: m.data.client_order_id == "mine" and m.data.status == "filled"
        )
        data = done.data
        assert (data.symbol, data.filled_size, data.type) == ("ETH-USD", Decimal("0.5"), "market")
        size, value, fee = Decimal(0), Decimal(0), Decimal(0)
        while size < data.filled_size:
            fill = (await first(fills, lambda m: m.data.order_id == data.order_id)).data
            assert fill.fee == fill.price * fill.size * Decimal("0.001")
            assert (fill.side, fill.liquidity) == ("buy", "taker")
            size, value = size + fill.size, value + fill.price * fill.size
            fee += fill.fee
        assert (fee, value / size) == (data.fee, data.average_price)
        received = await first(raw, lambda m: m.data.client_oid == "mine")
        assert received.data.kind == "received"
        # A frame of the channel is read as all three.
        assert len([c for c in exchange.connections if "user:ETH-USD" in c.streams]) == 1
        await orders.aclose()
        await raw.aclose()
        await exchange.place_order(symbol="ETHUSDT", side="sell", size="0.2", market="spot")
        await first(fills, lambda m: m.data.side == "sell" and m.symbol == "ETH-USD")
        await fills.aclose()
        await until(lambda: not any("user:ETH-USD" in c.streams for c in exchange.connections))


async def test_what_happened_while_the_line_was_down_is_read(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        orders, fills = client.stream_orders(), client.stream_fills()
        await take(fills)
        resting = await exchange.place_order(
            symbol="ETHUSDT", side="buy", size="0.1", price="2000", market="spot",
            client_order_id="resting",
        )  # fmt: skip
        await first(orders, lambda m: m.data.client_order_id == "resting")
        await exchange.faults.cut()
        await exchange.cancel_order(resting.order_id, market="spot")
        await exchange.place_order(symbol="ETHUSDT", side="buy", size="0.2", market="spot")
        end = await first(
            orders, lambda m: m.data.client_order_id == "resting" and m.data.status != "new"
        )
        assert end.data.status == "canceled"
        size = Decimal(0)
        while size < Decimal("0.2"):
            size += (await first(fills, lambda m: m.symbol == "ETH-USD")).data.size
        assert size == Decimal("0.2")


async def test_wrong_passphrase_is_one_error_and_market_data_goes_on(
    exchange: SandboxExchange,
) -> None:
    async with client_of(exchange, passphrase=SecretStr("canary-4711")) as client:
        tickers = client.stream_tickers("BTC-USD")
        for stream in (client.stream_orders(), client.stream_order_book("BTC-USD")):
            with pytest.raises(AuthenticationError) as refused:
                await take(stream)
            assert "canary" not in str(refused.value)
        await take(tickers, 3)


async def test_bad_input_is_said_before_anything_is_sent(exchange: SandboxExchange) -> None:
    with pytest.raises(ConfigError, match="base64"):
        CoinbaseConfig(secret_key=SecretStr("sandbox-secret"))
    async with client_of(exchange, **UNSIGNED) as client:
        with pytest.raises(UsageError, match="BTC-USDT"):
            client.stream_tickers("BTCUSDT")
        with pytest.raises(ConfigError, match="COINBASE_API_KEY"):
            client.stream_full("BTC-USD")
        with pytest.raises(ConfigError, match="COINBASE_API_KEY"):
            client.stream_user()


async def test_heart_that_stops_costs_the_line(exchange: SandboxExchange) -> None:
    async with client_of(exchange, stale_after_seconds=0.5) as client:
        events, tickers = client.events(), client.stream_tickers("ETH-USD")
        await take(tickers, 2)
        exchange.faults.half_open()
        await happened(events, "disconnected")
        exchange.faults.heal()
        await happened(events, "resubscribed")
        await take(tickers, 2)


async def test_batches_come_beside_every_trade(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        each, batch = (client.stream_tickers("BTC-USD", batch=is_batch) for is_batch in (0, 1))
        (old, *_), batches = await take(each, 10), await take(batch, 3)
        assert old.channel == "ticker"
        assert {m.channel for m in batches} == {"ticker_batch"}
        beat = (await take(client.stream_heartbeats("BTC-USD")))[0]
        assert beat.data.last_trade_id > 0
        status = (await take(client.stream_status()))[0]
        assert status.data.product("BTC-USD").status == "online"
