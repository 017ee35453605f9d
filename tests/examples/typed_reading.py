"""Read everything the package offers, and let mypy see that no type is lost on the way.

Nothing runs this; ``nox -s types`` checks it.
"""

# mypy: disallow-any-expr

from __future__ import annotations

from decimal import Decimal
from typing import Literal, assert_type

from weex_client import (
    Account,
    BookTicker,
    Candle,
    ConnectionEvent,
    Fill,
    Message,
    Order,
    OrderBookDelta,
    OrderBookView,
    OverflowPolicy,
    Position,
    Subscription,
    Ticker,
    Trade,
    WeexConfig,
    WeexWebSocketClient,
)
from weex_client.sandbox import SandboxExchange
from weex_client.sync import SyncClient, SyncMetrics, SyncStream


async def read_market_data(client: WeexWebSocketClient) -> None:
    """Read one message of every public stream."""
    tickers = client.stream_tickers(["BTCUSDT", "ETHUSDT"], overflow=OverflowPolicy.CONFLATE)
    assert_type(tickers, Subscription[Message[Ticker]])
    async for ticker in tickers:
        assert_type(ticker, Message[Ticker])
        assert_type(ticker.symbol, str | None)
        assert_type(ticker.timestamp, float)
        assert_type(ticker.exchange_time_ns, int | None)
        assert_type(ticker.data, Ticker)
        assert_type(ticker.data.last, Decimal)
        assert_type(ticker.data.change, Decimal | None)

    async for trade in client.stream_trades("BTCUSDT"):
        assert_type(trade, Message[Trade])
        assert_type(trade.data.price, Decimal)
        assert_type(trade.data.side, Literal["buy", "sell"])

    async with client.stream_order_book("BTCUSDT", level=5) as books:
        assert_type(books, Subscription[Message[OrderBookView]])
        book = (await anext(books)).data
        assert_type(book.bids, tuple[tuple[Decimal, Decimal], ...])
        assert_type(book.best_bid, Decimal | None)
        assert_type(book.spread, Decimal | None)

    changes = client.stream_order_book_deltas("BTCUSDT", level=200)
    assert_type(await anext(changes), Message[OrderBookDelta])
    candles = client.stream_candles("BTCUSDT", interval="1m")
    assert_type(await anext(candles), Message[Candle])
    tops = client.stream_book_tickers("BTCUSDT")
    assert_type(await anext(tops), Message[BookTicker])

    async for batch in tops.batches(max_size=10, max_wait_seconds=1.0):
        assert_type(batch, list[Message[BookTicker]])
    await tops.aclose()
    assert_type((tops.delivered, tops.dropped, tops.pending), tuple[int, int, int])


async def read_account_data(client: WeexWebSocketClient) -> None:
    """Read one message of every private stream."""
    assert_type(await anext(client.stream_account()), Message[Account])
    assert_type(await anext(client.stream_positions()), Message[Position])
    assert_type(await anext(client.stream_orders()), Message[Order])
    assert_type(await anext(client.stream_fills()), Message[Fill])


async def read_state(client: WeexWebSocketClient) -> None:
    """Read what the client says about itself."""
    assert_type(client.is_connected, bool)
    async for event in client.events():
        assert_type(event, ConnectionEvent)
        assert_type(event.timestamp, float)
    stats = client.stats()
    assert_type(stats.channels["ticker"].dropped, int)
    assert_type(stats.scopes["public"].uptime_seconds, float)


def read_without_asyncio(config: WeexConfig) -> None:
    """Read a stream in a program without asyncio."""
    with SyncClient(WeexWebSocketClient, config, retry_first_connect=True) as client:
        tickers = client.stream_tickers(["BTCUSDT"], overflow=OverflowPolicy.CONFLATE)
        assert_type(tickers, SyncStream[Message[Ticker]])
        for ticker in tickers:
            assert_type(ticker.data.last, Decimal)
        fills = client.stream(WeexWebSocketClient.stream_fills, queue_size=5)
        assert_type(fills.get(timeout=1.0), Message[Fill] | None)
        assert_type(fills.get(), Message[Fill])
        assert_type(next(client.events()), ConnectionEvent)
        assert_type(client.metrics, SyncMetrics)
        assert_type(client.error, Exception | None)


async def use_sandbox() -> None:
    """Open the embedded exchange and a client on it."""
    async with SandboxExchange(seed=7) as exchange:
        assert_type(exchange, SandboxExchange)
        config = exchange.weex_config()
        assert_type(config, WeexConfig)
        async with WeexWebSocketClient(config) as client:
            assert_type(client, WeexWebSocketClient)
