"""What Coinbase Exchange really sent in half a minute, through the real client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.end_to_end.conftest import nothing_is_left, take
from tests.venues.coinbase.recordings import frames
from weex_client import CoinbaseConfig, CoinbaseWebSocketClient, Message
from weex_client.venues.coinbase.mirror import encode_ack

__all__ = ["nothing_is_left"]

PRODUCT = "BAND-GBP"
WANTED = {"level2_batch", "ticker", "matches"}


async def replay(socket: ServerConnection) -> None:
    """Acknowledge, and play the recording once all that is in it is subscribed."""
    served: dict[str, list[str]] = {}
    try:
        async for text in socket:
            for channel in json.loads(text)["channels"]:
                served[channel["name"]] = channel["product_ids"]
            await socket.send(encode_ack(served))
            if served.keys() >= WANTED:
                for frame in frames("recording-2021-band-gbp"):
                    await socket.send(frame.decode())
    except ConnectionClosed:
        return


async def test_recording_comes_out_message_for_message_without_a_hole() -> None:
    async with serve(replay, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2) as server:
        port = server.sockets[0].getsockname()[1]
        config = CoinbaseConfig(_env_file=None, public_url=f"ws://127.0.0.1:{port}")
        async with CoinbaseWebSocketClient(config) as client:
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


async def _collect(events: Any, told: list[Any]) -> None:
    told += [event async for event in events]


def _folded(changes: list[Message[Any]]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Keep a book as a reader of changes would."""
    sides: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
    for message in changes:
        for side, levels in zip(sides, (message.data.bids, message.data.asks), strict=True):
            if message.is_snapshot:
                side.clear()
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    del side[price]
    return sides
