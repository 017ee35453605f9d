"""Each kind of channel on connections of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from weex_client.clock import ManualClock
from weex_client.errors import AuthenticationError, ConfigError, RateLimitedError
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

from .memory_line import (
    BTC,
    CREDENTIALS,
    ETH,
    LOCAL,
    Desk,
    MemoryConnector,
    MemoryTransport,
    lasts,
    open_desk,
    read,
    snapshot,
    symbols,
    ticker,
    turns,
    until,
)


@asynccontextmanager
async def separate(**settings: Any) -> AsyncIterator[Desk]:
    async with open_desk(connection_per_channel=True, **settings) as desk:
        yield desk


def line_of(desk: Desk, feed: str) -> MemoryTransport:
    """The line that was asked for a feed last."""
    return next(
        line
        for line in reversed(desk.venue.lines)
        if any(feed in params for params in line.requests("SUBSCRIBE"))
    )


async def test_each_kind_of_channel_has_its_own_connection() -> None:
    async with separate(**CREDENTIALS) as desk:
        _streams = (
            desk.client.stream_tickers((BTC, ETH)),
            desk.client.stream_trades(BTC),
            desk.client.stream_trades(ETH),
            desk.client.stream_candles(BTC),
            desk.client.stream_order_book(BTC, 15),
            desk.client.stream_order_book_deltas(BTC, 15),
            desk.client.stream_orders(),
            desk.client.stream_fills(),
        )
        await desk.subscribed(6)
        assert sorted(desk.venue.subscribed()) == [
            ["BTCUSDT@depth15"],
            ["BTCUSDT@kline_1m_LAST_PRICE"],
            ["BTCUSDT@ticker", "ETHUSDT@ticker"],
            ["BTCUSDT@trade", "ETHUSDT@trade"],
            ["fill"],
            ["orders"],
        ]
        # The connection dialled at the door serves whoever comes first.
        assert len(desk.venue.dials) == 6
        scopes = desk.client.stats().scopes
        assert (scopes["public"].connections, scopes["public"].subscriptions) == (4, 6)
        assert (scopes["private"].connections, scopes["private"].subscriptions) == (2, 2)


async def test_ones_loss_does_not_touch_another() -> None:
    async with separate() as desk:
        tickers = desk.client.stream_tickers(BTC)
        book = desk.client.stream_order_book(BTC)
        events = desk.client.events()
        await desk.subscribed(2)
        await desk.pass_time(1)
        line_of(desk, "BTCUSDT@ticker").cut(1011)
        await turns(20)
        assert not desk.client.is_connected
        line_of(desk, "BTCUSDT@depth15").say(snapshot())
        assert (await read(book, 1))[0].is_snapshot
        told = [each for each in await read(events, events.pending) if each.kind != "connected"]
        assert [(each.kind, each.channel) for each in told] == [
            ("disconnected", "ticker"),
            ("reconnecting", "ticker"),
        ]
        await desk.pass_time(1)
        await desk.subscribed(3)
        assert desk.client.is_connected
        line_of(desk, "BTCUSDT@ticker").say(ticker(last=2))
        assert await lasts(tickers, 1) == [2]


async def test_reader_that_holds_its_socket_back_holds_no_other() -> None:
    async with separate() as desk:
        held = desk.client.stream_tickers(BTC, queue_size=1, overflow=OverflowPolicy.BLOCK)
        book = desk.client.stream_order_book(BTC)
        await desk.subscribed(2)
        line_of(desk, "BTCUSDT@ticker").say(*(ticker(last=number) for number in range(9)))
        await turns(20)
        line_of(desk, "BTCUSDT@depth15").say(snapshot())
        assert (await read(book, 1))[0].symbol == BTC
        assert held.pending < 9


async def test_credentials_refused_end_the_private_streams_alone() -> None:
    async with separate(**CREDENTIALS) as desk:
        tickers = desk.client.stream_tickers(BTC)
        await desk.subscribed()
        desk.venue.script = [AuthenticationError("wrong key")] * 4
        streams = desk.client.stream_orders(), desk.client.stream_fills()
        for stream in streams:
            with pytest.raises(AuthenticationError):
                await asyncio.wait_for(anext(stream), 1)
        desk.venue.lines[0].say(ticker(last=4))
        assert await lasts(tickers, 1) == [4]


async def test_connections_of_all_channels_count_towards_the_address() -> None:
    async with separate() as desk:
        _streams = desk.client.stream_tickers(symbols(1500)), desk.client.stream_trades(BTC)
        await until(lambda: desk.client.stats().scopes["public"].connections == 16)
        with pytest.raises(RateLimitedError, match="takes 5 more connections, but 16 are held"):
            desk.client.stream_candles(symbols(500))


async def test_full_channel_opens_further_connections_of_its_own() -> None:
    async with separate() as desk:
        _streams = desk.client.stream_tickers(symbols(150)), desk.client.stream_trades(BTC)
        await desk.subscribed(3)
        counts = sorted(len(params) for params in desk.venue.subscribed())
        assert counts == [1, 50, 100]


async def test_private_stream_without_credentials_names_the_settings() -> None:
    async with separate() as desk:
        with pytest.raises(ConfigError, match="WEEX_API_KEY"):
            desk.client.stream_orders()


async def test_channels_can_be_separated_by_the_clients_keyword() -> None:
    clock = ManualClock()
    venue = MemoryConnector(clock)
    config = WeexConfig(_env_file=None, **LOCAL)
    client = WeexWebSocketClient(config, connector=venue, clock=clock, connection_per_channel=True)
    async with client:
        _streams = client.stream_tickers(BTC), client.stream_trades(BTC)
        await until(lambda: len(venue.subscribed()) == 2)
        assert len(venue.dials) == 2


async def test_client_with_separate_channels_can_be_opened_again_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    desk = Desk(connection_per_channel=True)
    for count in (1, 2):
        async with desk.client:
            _streams = desk.client.stream_tickers(BTC), desk.client.stream_trades(BTC)
            await desk.subscribed(2 * count)
        assert desk.venue.open_lines == []
        assert desk.client.stats().scopes["public"].subscriptions == 0
    assert asyncio.all_tasks() == before
