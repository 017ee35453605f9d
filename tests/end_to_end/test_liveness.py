"""A venue that answers and delivers nothing, over real sockets; and what the report says of it."""

from __future__ import annotations

from tests.end_to_end.conftest import START_NS, client_of, first, happened, impatient, take
from weex_client import Continuity, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange


def past(client: WeexWebSocketClient, channel: str) -> Continuity:
    return next(each for each in client.continuity() if each.channel == channel)


async def test_an_exchange_that_falls_silent_but_answers_is_left_for_another_connection(
    exchange: SandboxExchange,
) -> None:
    config = impatient(exchange.weex_config(), stale_after_seconds=1.0)
    async with WeexWebSocketClient(config) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await first(stream)
        exchange.faults.mute()
        gone = await happened(events, "disconnected")
        assert "no data came" in gone.cause
        assert "though the venue answers" in gone.cause
        exchange.faults.unmute()
        again = await happened(events, "resubscribed")
        assert again.duration_seconds >= 2.0
        await take(stream, stream.pending + 1)
        ticker = past(client, "ticker")
        assert 0.0 < ticker.covered < 1.0
        # On a slow machine a pause of the test's own is long enough for a second one.
        assert {hole.cause for hole in ticker.holes} == {"it fell silent"}


async def test_a_channel_that_falls_silent_beside_others_is_stale_and_then_resubscribed(
    exchange: SandboxExchange,
) -> None:
    config = impatient(exchange.weex_config(), stale_after_seconds=1.0)
    async with WeexWebSocketClient(config) as client:
        tickers, books = client.stream_tickers("BTCUSDT"), client.stream_order_book("BTCUSDT")
        events = client.events()
        await first(tickers)
        await first(books)
        exchange.faults.mute(channel="ticker")
        stale = await happened(events, "stale")
        assert (stale.channel, stale.symbol) == ("ticker", "BTCUSDT")
        assert stale.duration_seconds >= 2.0
        exchange.faults.unmute()
        again = await happened(events, "resubscribed")
        assert (again.channel, again.symbol) == ("ticker", "BTCUSDT")
        assert client.stats().scopes["public"].reconnects == 0
        assert past(client, "book").is_complete


async def test_the_report_tells_bridged_cuts_from_holes() -> None:
    # So slow that the replay of 20 trades reaches back over the cut.
    slow = SandboxExchange(seed=7, speed=5, start_time_ns=START_NS)
    async with slow as exchange, client_of(exchange) as client:
        trades, tickers = client.stream_trades("BTCUSDT"), client.stream_tickers("BTCUSDT")
        events = client.events()
        await first(trades)
        await first(tickers)
        await exchange.faults.cut()
        lost = await happened(events, "disconnected")
        for _ in range(2):
            await happened(events, "resubscribed")
        assert past(client, "trades").is_complete
        (hole,) = past(client, "ticker").holes
        assert hole.cause == lost.cause
        assert hole.end is not None
        await client.disconnect()
        (told,) = past(client, "ticker").holes  # what was, is still told
        assert (told.duration_seconds, told.cause) == (hole.duration_seconds, hole.cause)


async def test_each_client_reports_its_own(exchange: SandboxExchange) -> None:
    async with client_of(exchange) as one, client_of(exchange) as other:
        await first(one.stream_tickers("BTCUSDT"))
        assert other.continuity() == ()
