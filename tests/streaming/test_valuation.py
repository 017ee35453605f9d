"""What open positions are worth: whose ticker is read, how often, and what a reader sees."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.streaming.account_venue import AccountDesk
from tests.streaming.memory_line import BTC, ETH, read, rest, turns, until
from weex_client import OverflowPolicy
from weex_client.models import Position
from weex_client.streaming.valuation import valued


@contextlib.asynccontextmanager
async def open_account(**settings: Any) -> AsyncIterator[AccountDesk]:
    desk = AccountDesk(**settings)
    async with desk.client:
        yield desk


def held(desk: AccountDesk, symbol: str = BTC, size: str = "2") -> None:
    """Hold a position that was opened at 100."""
    desk.venue.fill(desk.venue.place(symbol, size), size)


async def mark(desk: AccountDesk, price: str, symbol: str = BTC) -> None:
    """Let the venue say a mark price."""
    line = next(line for line in desk.venue.open_lines if line.request.url.endswith("/public"))
    ticker = {"c": "1", "o": "1", "m": price}
    line.say({"e": "ticker", "E": desk.clock.time_ns() // 10**6, "s": symbol, "d": [ticker]})
    await turns(20)


async def is_watched(desk: AccountDesk, *symbols: str) -> None:
    feeds = [f"{symbol}@ticker" for symbol in symbols]
    await until(lambda: [each for each in desk.venue.subscribed() if each == feeds])


async def waiting(stream: Any) -> list[Position]:
    await turns(60)
    return [message.data for message in await read(stream, stream.pending)]


def worth(positions: list[Position]) -> list[tuple[Any, Any]]:
    return [(each.mark_price, each.unrealized_pnl) for each in positions]


@pytest.mark.parametrize(
    ("side", "price", "pnl"),
    [("long", "101", "2"), ("long", "99", "-2"), ("short", "101", "-2"), ("short", "99", "2")],
)
def test_profit_is_the_way_of_the_price_in_the_positions_direction(
    side: Any, price: str, pnl: str
) -> None:
    position = Position(symbol=BTC, side=side, size=Decimal(2), entry_price=Decimal(100))
    result = valued(position, Decimal(price))
    assert (result.mark_price, result.unrealized_pnl) == (Decimal(price), Decimal(pnl))


def test_nothing_is_worth_anything_without_a_price() -> None:
    position = Position(symbol=BTC, side="long", size=Decimal(2), entry_price=Decimal(100))
    assert valued(position, None) is position
    closed = Position(symbol=BTC, side="long", size=Decimal(0))
    assert valued(closed, Decimal(1)) is closed


async def test_open_position_is_valued_by_its_own_ticker() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        assert worth(await waiting(positions)) == [(None, None)]
        await is_watched(desk, BTC)
        await mark(desk, "103.5")
        assert worth(await waiting(positions)) == [(Decimal("103.5"), Decimal("7.0"))]


async def test_value_is_news_with_the_tickers_times() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await waiting(positions)
        desk.clock.advance(5)
        await mark(desk, "101")
        (message,) = await read(positions, 1)
        assert message.exchange_time_ns == desk.clock.time_ns() // 10**6 * 10**6
        assert (message.is_snapshot, message.sequence) == (False, None)


async def test_value_comes_once_a_second_at_most() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await waiting(positions)
        for price in ("101", "102", "103"):
            await mark(desk, price)
        assert worth(await waiting(positions)) == [(Decimal(101), Decimal(2))]
        desk.clock.advance(1)
        await mark(desk, "104")
        assert worth(await waiting(positions)) == [(Decimal(104), Decimal(8))]


async def test_price_that_did_not_move_is_no_news() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await waiting(positions)
        await mark(desk, "101")
        await waiting(positions)
        desk.clock.advance(2)
        await mark(desk, "101")
        assert await waiting(positions) == []


async def test_news_of_a_position_comes_with_the_price_that_is_known() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await waiting(positions)
        await mark(desk, "101")
        await waiting(positions)
        held(desk, size="1")
        assert worth(await waiting(positions)) == [(Decimal(101), Decimal(3))]


async def test_ticker_is_let_go_when_the_position_closes() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await is_watched(desk, BTC)
        desk.venue.fill(desk.venue.place(size="2", side="SELL"), "2")
        assert [each.size for each in await waiting(positions)] == [Decimal(2), Decimal(0)]
        await until(lambda: [f"{BTC}@ticker"] in desk.venue.unsubscribed())
        held(desk)
        await waiting(positions)
        await until(lambda: desk.venue.subscribed().count([f"{BTC}@ticker"]) == 2)


async def test_tickers_are_let_go_with_the_last_reader() -> None:
    async with open_account() as desk:
        held(desk, BTC)
        held(desk, ETH)
        first, second = desk.client.stream_positions(), desk.client.stream_positions()
        await is_watched(desk, BTC, ETH)
        await first.aclose()
        await turns(20)
        assert desk.client.stats().scopes["public"].subscriptions == 2
        await second.aclose()
        await turns(20)
        scopes = desk.client.stats().scopes
        assert (scopes["public"].subscriptions, scopes["private"].subscriptions) == (0, 0)


async def test_users_own_ticker_stays_when_the_position_closes() -> None:
    async with open_account() as desk:
        held(desk)
        tickers, positions = desk.client.stream_tickers(BTC), desk.client.stream_positions()
        await waiting(positions)
        desk.venue.fill(desk.venue.place(size="2", side="SELL"), "2")
        await waiting(positions)
        await mark(desk, "101")
        assert tickers.pending == 1
        assert desk.venue.unsubscribed() == []


async def test_second_reader_starts_from_the_open_positions_and_their_value() -> None:
    async with open_account() as desk:
        held(desk)
        first = desk.client.stream_positions()
        await waiting(first)
        await mark(desk, "101")
        second = desk.client.stream_positions()
        (message,) = await read(second, 1)
        assert (message.is_snapshot, message.data.unrealized_pnl) == (True, Decimal(2))


async def test_values_never_make_a_queue_run_over() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions(queue_size=2)
        await turns(60)
        for price in range(101, 121):
            desk.clock.advance(1)
            await mark(desk, str(price))
        assert worth(await waiting(positions)) == [(None, None), (Decimal(120), Decimal(40))]
        desk.clock.advance(1)
        await mark(desk, "130")
        assert worth(await waiting(positions)) == [(Decimal(130), Decimal(60))]


async def test_value_that_waits_is_as_old_as_the_news_behind_it() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions()
        await turns(60)
        await mark(desk, "101")
        held(desk, size="1")
        await turns(20)
        desk.clock.advance(1)
        await mark(desk, "102")
        sizes = [(each.size, each.mark_price) for each in await waiting(positions)]
        assert sizes == [
            (Decimal(2), None),
            (Decimal(2), Decimal(101)),
            (Decimal(3), Decimal(101)),
            (Decimal(3), Decimal(102)),
        ]


async def test_dropped_value_is_followed_by_another() -> None:
    async with open_account() as desk:
        held(desk)
        positions = desk.client.stream_positions(queue_size=1, overflow=OverflowPolicy.DROP_OLDEST)
        await turns(60)
        await mark(desk, "101")
        held(desk, size="1")  # takes the place of the value
        await turns(20)
        desk.clock.advance(1)
        await mark(desk, "102")
        assert worth(await waiting(positions)) == [(Decimal(102), Decimal(6))]


async def test_refused_ticker_leaves_positions_without_value() -> None:
    async with open_account() as desk:
        held(desk)
        desk.venue.acknowledges = False
        positions = desk.client.stream_positions()
        private = desk.venue.private_line
        await until(lambda: private() and private().requests("SUBSCRIBE"))
        private().say({"result": True, "id": 1})
        await is_watched(desk, BTC)
        public = desk.venue.lines[0]
        words = "INVALID_ARGUMENT: invalid symbol : cmt_btcusdt"
        public.say({"result": False, "id": 1, "msg": words})
        assert worth(await waiting(positions)) == [(None, None)]
        assert desk.client.stats().scopes["public"].subscriptions == 0
        held(desk, size="1")
        assert worth(await waiting(positions)) == [(None, None)]


async def test_spot_has_no_positions() -> None:
    async with open_account(market="spot") as desk:
        with pytest.raises(Exception, match="WEEX spot has no positions channel"):
            desk.client.stream_positions()


async def test_positions_end_with_the_client() -> None:
    desk = AccountDesk()
    async with desk.client:
        held(desk)
        positions = desk.client.stream_positions()
        await is_watched(desk, BTC)
    assert len(await rest(positions)) == 1
