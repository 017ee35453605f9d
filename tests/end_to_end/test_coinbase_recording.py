"""What Coinbase Exchange really sent in half a minute, through the real client."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from websockets.asyncio.server import serve

from tests.end_to_end.coinbase_wire import Player, peculiar, recorded
from tests.end_to_end.conftest import nothing_is_left, take, until
from tests.venues.coinbase.recordings import frames
from weex_client import CoinbaseConfig, CoinbaseWebSocketClient, Message
from weex_client.sandbox import SandboxExchange
from weex_client.simulation import DEFAULT_SYMBOLS

__all__ = ["nothing_is_left"]

PRODUCT = "BAND-GBP"
LEVEL = 5
SYMBOLS = DEFAULT_SYMBOLS[:10]
QUIET = {"delisted": (), "house_trader": False}


@asynccontextmanager
async def playing(frames: Sequence[str]) -> AsyncIterator[tuple[Player, CoinbaseWebSocketClient]]:
    """Open a client of a venue that says what was recorded."""
    player = Player(frames)
    async with serve(player.serve, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}"
        # Nothing beats here: silence says nothing about the line.
        settings: dict[str, Any] = {"queue_size": 100_000, "stale_after_seconds": 600.0}
        config = CoinbaseConfig(_env_file=None, public_url=url, **settings)
        async with CoinbaseWebSocketClient(config) as client:
            yield player, client


async def test_recording_comes_out_message_for_message_without_a_hole() -> None:
    lines = [frame.decode() for frame in frames("recording-2021-band-gbp")]
    async with playing(lines) as (_, client):
        told: list[Any] = []
        events = client.events()
        listener = asyncio.create_task(_collect(events, told))
        book = client.stream_order_book(PRODUCT, level=1000)
        deltas = client.stream_order_book_deltas(PRODUCT)
        tickers, trades = client.stream_tickers(PRODUCT), client.stream_trades(PRODUCT)
        views = await take(book, 472)
        changes = await take(deltas, 472)
        await take(tickers, 5)
        ids = [int(m.data.trade_id) for m in await take(trades, 5)]
        counts = [stream.pending for stream in (book, deltas, tickers, trades)]
        await events.aclose()
        await listener
    assert counts == [0, 0, 0, 0]
    assert ids == list(range(ids[0], ids[0] + 5))
    assert {event.kind for event in told} <= {"connected"}
    assert all(m.data.best_bid < m.data.best_ask for m in views)
    assert _folded(changes) == (dict(views[-1].data.bids), dict(views[-1].data.asks))
    assert (len(views[-1].data.bids), len(views[-1].data.asks)) == (148, 162)


async def test_ten_products_come_out_frame_for_frame_whatever_their_peculiarities() -> None:
    """As the real recording of ten products over half a minute, on the wire of the sandbox."""
    async with SandboxExchange(seed=11, speed=60, symbols=SYMBOLS, **QUIET) as exchange:
        products = tuple(exchange.front("coinbase").symbols)
        raw = await recorded(exchange, products, seconds=20.0)
        lines = peculiar(raw)
        wanted = Counter((each["product_id"], each["type"]) for each in map(json.loads, lines))
        truth = {product: _true_sides(exchange, product, lines) for product in products}
    assert len(products) == 10
    assert len(lines) > 1500
    async with playing(lines) as (player, client):
        told: list[Any] = []
        events = client.events()
        listener = asyncio.create_task(_collect(events, told))
        books = {each: client.stream_order_book(each, level=LEVEL) for each in products}
        deltas = {each: client.stream_order_book_deltas(each) for each in products}
        trades = client.stream_trades(products)
        await until(lambda: player.requests)
        tickers = client.stream_tickers(products)
        for product in products:
            count = wanted[product, "snapshot"] + wanted[product, "l2update"]
            views = await take(books[product], count)
            assert all(m.data.best_bid < m.data.best_ask for m in views), product
            changes = await take(deltas[product], count)
            assert _folded(changes, has_batches=True) == truth[product], product
            bids, asks = (tuple(sorted(side.items())) for side in truth[product])
            assert views[-1].data.bids == bids[::-1][:LEVEL], product
            assert views[-1].data.asks == asks[:LEVEL], product
        matches = wanted_of(wanted, "last_match") + wanted_of(wanted, "match")
        told_trades = await take(trades, matches)
        told_tickers = await take(tickers, wanted_of(wanted, "ticker"))
        streams = (*books.values(), *deltas.values(), trades, tickers)
        assert [(each.pending, each.dropped) for each in streams] == [(0, 0)] * 22
        stats, answers = client.stats(), player.requests
        await events.aclose()
        await listener
    for product in products:
        mine = [m for m in told_trades if m.symbol == product]
        ids = [int(m.data.trade_id) for m in mine]
        assert ids == list(range(ids[0], ids[0] + len(ids))), product
        assert [m.is_snapshot for m in mine] == [True] + [False] * (len(mine) - 1)
        figures = [m.data for m in told_tickers if m.symbol == product]
        assert len(figures) == wanted[product, "ticker"]
    # All that is compared above keeps a slow machine from its sockets: that is told, and no harm.
    assert {event.kind for event in told} <= {"connected", "stale"}
    assert all(not each.gaps and not each.decode_errors for each in stats.channels.values())
    assert stats.scopes["public"].frames == len(lines) + answers
    assert not stats.scopes["public"].unknown_frames


def wanted_of(wanted: Counter[tuple[str, str]], kind: str) -> int:
    return sum(count for (_, each), count in wanted.items() if each == kind)


def _true_sides(
    exchange: SandboxExchange, product: str, lines: Sequence[str]
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the exchange's own book after a product's last recorded change."""
    (*_, last) = (
        fields
        for fields in map(json.loads, lines)
        if (fields["type"], fields["product_id"]) == ("l2update", product)
    )
    time_us = round(datetime.fromisoformat(last["time"]).timestamp() * 1e6)
    bids, asks = exchange.true_book("spot", product, 10_000, time_us, venue="coinbase")
    return dict(bids), dict(asks)


async def _collect(events: Any, told: list[Any]) -> None:
    told += [event async for event in events]


def _folded(
    changes: list[Message[Any]], *, has_batches: bool = False
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Keep a book as a reader of changes would.

    Only a batch removes what was not there: the same frame had put it there.
    """
    sides: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
    for message in changes:
        for side, levels in zip(sides, (message.data.bids, message.data.asks), strict=True):
            if message.is_snapshot:
                side.clear()
            for price, size in levels:
                if size:
                    side[price] = size
                elif price in side or not has_batches:
                    del side[price]
    return sides
