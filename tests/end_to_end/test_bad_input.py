"""What a user asks for in vain gets a clear error, and costs nobody else anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.end_to_end.conftest import client_of, first, happened, impatient, take, until
from tests.end_to_end.scripted_venue import ScriptedVenue
from weex_client import (
    ClientClosedError,
    ConfigError,
    ConnectError,
    SubscriptionRejectedError,
    UnsupportedChannelError,
    UsageError,
    WeexConfig,
    WeexWebSocketClient,
)
from weex_client.sandbox import SandboxExchange
from weex_client.venues.weex.endpoints import LIMITS


async def rejection(stream: object) -> SubscriptionRejectedError:
    """Return what a stream of an unknown symbol ends with, before any message."""
    with pytest.raises(SubscriptionRejectedError) as rejected:
        await take(stream)
    with pytest.raises(StopAsyncIteration):
        await take(stream)
    return rejected.value


@pytest.mark.parametrize("market", ["contract", "spot"])
async def test_an_unknown_symbol_ends_its_stream_and_no_other(
    exchange: SandboxExchange, market: str
) -> None:
    async with client_of(exchange, market) as client:
        events = client.events()
        good = client.stream_tickers("BTCUSDT")
        await first(good)
        error = await rejection(client.stream_trades("NOPEUSDT"))
        assert (error.channel, error.symbol) == ("trades", "NOPEUSDT")
        assert "invalid symbol" in error.reason
        assert "NOPEUSDT" in str(error)
        rejected = await happened(events, "rejected")
        assert (rejected.channel, rejected.symbol) == ("trades", "NOPEUSDT")
        await take(good, good.pending + 10)
        (connection,) = exchange.connections
        assert connection.streams == {"BTCUSDT@ticker"}
        assert connection.refusals == 1


async def test_a_refused_symbol_is_not_asked_for_again_on_that_socket(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    good = client.stream_tickers("BTCUSDT")
    for _ in range(8):
        await rejection(client.stream_trades("NOPEUSDT"))
    await take(good, good.pending + 10)
    (connection,) = exchange.connections
    assert connection.refusals == 1


async def test_one_unknown_symbol_among_fifty_in_one_turn_costs_the_fifty_nothing(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    good = [client.stream_tickers(name) for name in exchange.symbols[:10]]
    good += [client.stream_trades(name) for name in exchange.symbols[:10]]
    bad = client.stream_tickers("NOPEUSDT")
    good += [client.stream_order_book(name) for name in exchange.symbols[:15]]
    good += [client.stream_candles(name) for name in exchange.symbols[:15]]
    assert len(good) == 50
    await rejection(bad)
    for stream in good:
        await first(stream)
    (connection,) = exchange.connections
    assert connection.refusals == 1
    assert len(connection.streams) == 50


async def test_an_unknown_symbol_ends_the_stream_that_asked_for_several(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    good = client.stream_tickers("BTCUSDT")
    several = client.stream_tickers(["ETHUSDT", "NOPEUSDT", "BTCUSDT"])
    with pytest.raises(SubscriptionRejectedError) as rejected:
        await first(several, lambda _: False)
    assert rejected.value.symbol == "NOPEUSDT"
    (connection,) = exchange.connections
    await until(lambda: connection.streams == {"BTCUSDT@ticker"})
    await take(good, good.pending + 10)


async def test_six_unknown_symbols_one_after_another_do_not_close_the_socket_under_the_good(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    good, events = client.stream_order_book("BTCUSDT"), client.events()
    await first(good)
    for number in range(6):
        error = await rejection(client.stream_tickers(f"NOPE{number}USDT"))
        assert error.symbol == f"NOPE{number}USDT"
    # The sixth would be the last on that socket: the session leaves it before.
    assert (await happened(events, "resubscribed")).symbol == "BTCUSDT"
    await take(good, good.pending + 10)
    assert exchange.counters.closed_for_refusals == 0
    assert client.stats().scopes["public"].reconnects == 1


async def test_twelve_unknown_symbols_in_one_turn_are_all_rejected(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    bad = [client.stream_tickers(f"NOPE{number}USDT") for number in range(12)]
    good = client.stream_tickers("BTCUSDT")
    for stream in bad:
        await rejection(stream)
    await take(good, good.pending + 10)
    assert exchange.counters.closed_for_refusals == 0


async def test_so_many_requests_as_could_close_the_socket_are_never_unanswered(
    venue: ScriptedVenue,
) -> None:
    async with WeexWebSocketClient(venue.config()) as client:
        venue.is_slow = True
        streams = []
        for number in range(6):
            streams.append(client.stream_tickers(f"NOPE{number}USDT"))
            for _ in range(20):
                await asyncio.sleep(0)
        assert 0 < len(venue.unanswered) < LIMITS.rejects_per_connection


@pytest.mark.parametrize("symbols", [[], (), "", " ", [""], ["BTCUSDT", ""]])
async def test_no_symbol_is_refused_at_the_call(
    exchange: SandboxExchange, client: WeexWebSocketClient, symbols: object
) -> None:
    for stream in (client.stream_tickers, client.stream_trades, client.stream_candles):
        with pytest.raises(UsageError, match="BTCUSDT"):
            stream(symbols)  # type: ignore[arg-type]
    assert exchange.counters.requests == 0


@pytest.mark.parametrize("symbol", ["BTC USDT", "BTC@USDT", 'BTC"', "BTC,ETH", "БТЦ", "BTC\nUSDT"])
async def test_what_no_symbol_looks_like_is_refused_at_the_call(
    client: WeexWebSocketClient, symbol: str
) -> None:
    with pytest.raises(UsageError, match="not a symbol"):
        client.stream_tickers(symbol)


@pytest.mark.parametrize("level", [0, -5, 201, 100_000])
async def test_a_level_that_the_venue_lacks_is_refused_with_those_it_has(
    client: WeexWebSocketClient, level: int
) -> None:
    with pytest.raises(UnsupportedChannelError, match="1 to 200") as refused:
        client.stream_order_book("BTCUSDT", level)
    assert refused.value.venue == "weex"
    with pytest.raises(UnsupportedChannelError, match="15, 200") as refused:
        client.stream_order_book_deltas("BTCUSDT", level)
    assert refused.value.available == ("15", "200")


@pytest.mark.parametrize(("market", "lacks"), [("contract", "2h"), ("spot", "3m")])
async def test_an_interval_that_the_venue_lacks_is_refused_with_those_it_has(
    exchange: SandboxExchange, market: str, lacks: str
) -> None:
    async with client_of(exchange, market) as client:
        for interval in (lacks, "", "1M " if market == "spot" else "1M"):
            with pytest.raises(UnsupportedChannelError, match="1m, 5m, 15m") as refused:
                client.stream_candles("BTCUSDT", interval)
            assert "1m" in refused.value.available
            assert lacks not in refused.value.available


async def test_positions_are_refused_on_spot_with_what_it_has(exchange: SandboxExchange) -> None:
    async with client_of(exchange, "spot") as client:
        with pytest.raises(UnsupportedChannelError, match="bookticker") as refused:
            client.stream_positions()
        assert "orders" in refused.value.available
        assert "positions" not in refused.value.available


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/v3/ws/public", "127.0.0.1:80", "ws://", "ftp://x", "ws://h:99999"]
)
def test_a_url_that_is_no_websocket_is_refused_by_the_settings(url: str) -> None:
    with pytest.raises(ConfigError, match="WEEX_PUBLIC_URL"):
        WeexConfig(public_url=url)


async def test_an_address_where_nobody_listens_is_said_at_the_door() -> None:
    async with SandboxExchange() as exchange:
        config = exchange.weex_config()
    client = WeexWebSocketClient(config)
    with pytest.raises(ConnectError) as refused:
        await client.connect()
    assert refused.value.retryable
    assert not client.is_connected
    with pytest.raises(ClientClosedError):
        client.stream_tickers("BTCUSDT")


async def test_a_wrong_path_is_said_at_the_door_and_not_retried(exchange: SandboxExchange) -> None:
    config = impatient(exchange.weex_config(), public_url=f"{exchange.ws_url}/nowhere")
    with pytest.raises(ConnectError) as refused:
        await WeexWebSocketClient(config, retry_first_connect=True).connect()
    assert (refused.value.status, refused.value.retryable) == (404, False)


async def test_a_first_dial_can_be_tried_until_somebody_listens() -> None:
    exchange = SandboxExchange(speed=60)
    await exchange.start()
    config = impatient(exchange.weex_config())
    await exchange.close()
    client = WeexWebSocketClient(config, retry_first_connect=True)
    opening = asyncio.create_task(client.connect())
    await until(lambda: True)
    async with exchange:
        await opening
        await first(client.stream_tickers("BTCUSDT"))
        await client.disconnect()


async def test_private_streams_without_credentials_name_the_settings(
    exchange: SandboxExchange,
) -> None:
    bare = impatient(exchange.weex_config(), api_key=None, secret_key=None, passphrase=None)
    async with WeexWebSocketClient(bare) as client:
        for stream in (
            client.stream_account,
            client.stream_positions,
            client.stream_orders,
            client.stream_fills,
        ):
            with pytest.raises(ConfigError) as refused:
                stream()
            for name in ("WEEX_API_KEY", "WEEX_SECRET_KEY", "WEEX_PASSPHRASE"):
                assert name in str(refused.value)
        await first(client.stream_tickers("BTCUSDT"))
        assert set(client.stats().scopes) == {"public"}


async def test_a_queue_without_room_is_refused_at_the_call(client: WeexWebSocketClient) -> None:
    for size in (0, -1):
        with pytest.raises(UsageError, match="queue_size"):
            client.stream_tickers("BTCUSDT", queue_size=size)
    with pytest.raises(ValueError, match="sometimes"):
        client.stream_tickers("BTCUSDT", overflow="sometimes")  # type: ignore[arg-type]
    assert client.stats().scopes["public"].subscriptions == 0


async def test_a_client_that_is_not_open_says_how_to_open_it(exchange: SandboxExchange) -> None:
    client = client_of(exchange)
    for _ in range(2):
        with pytest.raises(ClientClosedError, match="async with"):
            client.stream_tickers("BTCUSDT")
        with pytest.raises(ClientClosedError, match="async with"):
            client.events()
        async with client:
            await first(client.stream_tickers("BTCUSDT"))
