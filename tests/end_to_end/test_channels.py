"""Every public channel of both markets arrives, typed and complete."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.end_to_end.conftest import START_NS, asked, client_of, first, from_each, take
from weex_client import UnsupportedChannelError
from weex_client.models import BookTicker, Candle, Message, OrderBookView, Ticker, Trade
from weex_client.sandbox import SandboxExchange

MARKETS = ["contract", "spot"]


def is_enveloped(message: Message[Any], channel: str, symbol: str) -> bool:
    return (
        (message.venue, message.channel, message.symbol) == ("weex", channel, symbol)
        and message.exchange_time_ns is not None
        and abs(message.timestamp - message.exchange_time_ns / 1e9) < 1e-6
        and message.received_time_ns > 0
    )


@pytest.mark.parametrize("market", MARKETS)
async def test_tickers_of_several_symbols_come_in_one_stream(
    exchange: SandboxExchange, market: str
) -> None:
    async with client_of(exchange, market) as client:
        stream = client.stream_tickers(["BTCUSDT", "ETHUSDT"])
        seen: dict[str, Message[Ticker]] = {}
        for message in await from_each(stream, "BTCUSDT", "ETHUSDT"):
            assert isinstance(message.data, Ticker)
            assert is_enveloped(message, "ticker", message.symbol)
            seen[message.symbol] = message
        assert set(seen) == {"BTCUSDT", "ETHUSDT"}
        for message in seen.values():
            ticker = message.data
            assert ticker.open is not None
            assert ticker.low is not None
            assert ticker.high is not None
            assert ticker.low <= ticker.last <= ticker.high
            assert ticker.price_change == ticker.last - ticker.open
            assert (ticker.mark_price is None) == (market == "spot")


@pytest.mark.parametrize("market", MARKETS)
async def test_trades_begin_with_history_and_go_on_in_order_without_repeats(
    exchange: SandboxExchange, market: str
) -> None:
    async with client_of(exchange, market) as client:
        trades = await take(client.stream_trades("ETHUSDT"), 200)
    assert all(isinstance(trade.data, Trade) for trade in trades)
    assert all(is_enveloped(trade, "trades", "ETHUSDT") for trade in trades)
    assert [trade.is_snapshot for trade in trades] == [True] * 20 + [False] * 180
    assert len({trade.data.trade_id for trade in trades}) == 200
    assert all(a.data.timestamp <= b.data.timestamp for a, b in pairwise(trades))
    assert {trade.data.side for trade in trades} == {"buy", "sell"}
    assert all(trade.data.size > 0 for trade in trades)


@pytest.mark.parametrize("market", MARKETS)
async def test_each_candle_closes_once_and_the_next_opens_where_it_ended(market: str) -> None:
    closed: list[Message[Candle]] = []
    fast = SandboxExchange(seed=7, speed=300, start_time_ns=START_NS)
    async with fast as exchange, client_of(exchange, market) as client:
        stream = client.stream_candles("BTCUSDT", "1m")
        while sum(not message.is_snapshot for message in closed) < 3:
            message = await first(stream)
            assert isinstance(message.data, Candle)
            assert is_enveloped(message, "candles", "BTCUSDT")
            if closed:
                assert message.data.open_time == closed[-1].data.close_time
            if message.data.is_closed:
                closed.append(message)
        await stream.aclose()
        # A new reader is told by the exchange what was closed: the same.
        async with client_of(exchange, market) as other:
            history = await take(other.stream_candles("BTCUSDT", "1m"), 300)
    assert len(closed) >= 303
    assert all(a.data.close_time == b.data.open_time for a, b in pairwise(closed))
    replayed = {message.data.open_time: message.data for message in history}
    live = [message.data for message in closed if not message.is_snapshot]
    assert [replayed[candle.open_time] for candle in live] == live


@pytest.mark.parametrize("market", MARKETS)
async def test_books_come_complete_and_sorted(exchange: SandboxExchange, market: str) -> None:
    async with client_of(exchange, market) as client:
        for message in await take(client.stream_order_book("SOLUSDT", level=10), 20):
            book = message.data
            assert isinstance(book, OrderBookView)
            assert is_enveloped(message, "book", "SOLUSDT")
            assert len(book.bids) == len(book.asks) == 10
            assert list(book.bids) == sorted(book.bids, reverse=True)
            assert list(book.asks) == sorted(book.asks)
            assert book.best_bid is not None
            assert book.best_ask is not None
            assert book.spread == book.best_ask - book.best_bid > 0
            assert book.mid == (book.best_ask + book.best_bid) / 2
            assert book.sequence == message.sequence


async def test_top_of_book_comes_on_spot(exchange: SandboxExchange) -> None:
    async with client_of(exchange, "spot") as client:
        stream = client.stream_book_tickers(["BTCUSDT", "ETHUSDT"])
        tops = await from_each(stream, "BTCUSDT", "ETHUSDT")
    assert {top.symbol for top in tops} == {"BTCUSDT", "ETHUSDT"}
    for top in tops:
        assert isinstance(top.data, BookTicker)
        assert is_enveloped(top, "bookticker", top.symbol)
        assert isinstance(top.data.bid, Decimal)
        assert top.data.bid < top.data.ask
        assert top.data.bid_size is not None
        assert top.data.bid_size > 0
    of_one = [top.sequence for top in tops if top.symbol == "BTCUSDT"]
    assert of_one == sorted(of_one)


async def test_top_of_book_is_refused_on_contract_at_the_call(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        with pytest.raises(UnsupportedChannelError) as refused:
            client.stream_book_tickers("BTCUSDT")
        assert "bookticker" not in refused.value.available
        assert "book" in refused.value.available
    assert exchange.counters.requests == 0


async def test_symbols_are_understood_in_any_spelling(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as client:
        stream = client.stream_tickers([" btcusdt ", "BtcUsdt"])
        assert (await first(stream)).symbol == "BTCUSDT"
        (connection,) = exchange.connections
        assert connection.streams == {"BTCUSDT@ticker"}


async def test_every_channel_at_once_takes_one_connection_and_one_request(
    exchange: SandboxExchange,
) -> None:
    async with client_of(exchange, "spot") as client:
        streams = [
            client.stream_tickers("BTCUSDT"),
            client.stream_trades("BTCUSDT"),
            client.stream_order_book("BTCUSDT", 5),
            client.stream_order_book("BTCUSDT", 50),
            client.stream_order_book_deltas("BTCUSDT"),
            client.stream_candles("BTCUSDT", "1m"),
            client.stream_candles("BTCUSDT", "1h"),
            client.stream_book_tickers("BTCUSDT"),
        ]
        for stream in streams:
            await first(stream)
        (connection,) = exchange.connections
        ((method, streams_asked),) = asked(connection)
        assert method == "SUBSCRIBE"
        assert streams_asked == [
            "BTCUSDT@ticker",
            "BTCUSDT@trade",
            "BTCUSDT@depth15",
            "BTCUSDT@depth200",
            "BTCUSDT@kline_1m_LAST_PRICE",
            "BTCUSDT@kline_1h_LAST_PRICE",
            "BTCUSDT@bookTicker",
        ]
