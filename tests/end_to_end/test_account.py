"""An account over real sockets and signed HTTP: nothing lost, nothing twice, whatever is cut."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from tests.end_to_end.conftest import START_NS, first, happened, impatient, take
from weex_client import AuthenticationError, WeexWebSocketClient
from weex_client.sandbox import SandboxExchange

pytestmark = pytest.mark.skipif(
    not hasattr(SandboxExchange, "place_order"), reason="this exchange has no accounts"
)

# Over real sockets; 200 longer runs, on simulated time and with more kinds of trouble, are
# ``python -m tests.simulate --account --seeds 200 --seconds 300``.
RUNS = 60
RUNS_PER_TEST = 20


def account_client(exchange: Any, market: Any = "contract", **settings: Any) -> Any:
    """Return a client that reconnects at once and lets much wait."""
    config = impatient(exchange.weex_config(market), queue_size=100_000, **settings)
    return WeexWebSocketClient(config)


async def test_state_comes_first_then_news(exchange: Any) -> None:
    order = await exchange.place_order(symbol="ETHUSDT", side="buy", size="0.01", price="1")
    async with account_client(exchange) as client:
        orders = client.stream_orders()
        state = await first(orders, lambda m: m.data.order_id == order.order_id)
        assert (state.is_snapshot, state.data.status) == (True, "new")
        await exchange.cancel_order(order.order_id)
        news = await first(orders, lambda m: m.data.order_id == order.order_id)
        assert (news.is_snapshot, news.data.status) == (False, "canceled")


async def test_position_is_valued_by_the_mark_price(exchange: Any) -> None:
    async with account_client(exchange) as client:
        positions = client.stream_positions()
        await exchange.place_order(symbol="SOLUSDT", side="buy", size="1")
        valued = await first(
            positions, lambda m: m.symbol == "SOLUSDT" and m.data.unrealized_pnl is not None
        )
        data = valued.data
        worth = data.size * data.mark_price - data.entry_value
        assert data.unrealized_pnl == (worth if data.side == "long" else -worth)


async def test_wrong_secret_is_one_error_that_names_what_to_check(exchange: Any) -> None:
    async with account_client(exchange, secret_key=SecretStr("canary-4711")) as client:
        with pytest.raises(AuthenticationError, match="check key, secret") as caught:
            await take(client.stream_orders())
        assert "canary" not in str(caught.value)


async def test_order_that_ended_while_the_line_was_down_says_how(exchange: Any) -> None:
    async with account_client(exchange) as client:
        events, orders = client.events(), client.stream_orders()
        order = await exchange.place_order(symbol="ETHUSDT", side="buy", size="0.01", price="1")
        await first(orders, lambda m: m.data.order_id == order.order_id)
        await exchange.faults.cut()
        await exchange.cancel_order(order.order_id)
        end = await first(
            orders, lambda m: m.data.order_id == order.order_id and m.data.status != "new"
        )
        assert (end.data.status, end.is_snapshot) == ("canceled", False)
        await happened(events, "resubscribed")


async def _live(exchange: Any, chance: random.Random, market: str) -> dict[str, Any]:
    """Let orders live, and lines die in between; return the orders by id."""
    placed: dict[str, Any] = {}
    for _ in range(8):
        match chance.choice(("market", "market", "limit", "cancel", "cut", "turn")):
            case "market":
                side = chance.choice(("buy", "sell")) if market == "contract" else "buy"
                order = await exchange.place_order(
                    symbol="BTCUSDT", side=side, size="0.001", market=market
                )
                placed[order.order_id] = order
            case "limit":
                order = await exchange.place_order(
                    symbol="BTCUSDT", side="buy", size="0.001", price="100", market=market
                )
                placed[order.order_id] = order
            case "cancel":
                alive = [key for key, each in placed.items() if each.status == "new"]
                if alive:
                    key = chance.choice(alive)
                    placed[key] = await exchange.cancel_order(key, market=market)
            case "cut":
                await exchange.faults.cut(mid_frame=chance.random() < 0.5)
            case _:
                for _ in range(chance.randrange(50)):
                    await asyncio.sleep(0)
    return placed


async def _check(exchange: Any, seed: int) -> None:
    chance = random.Random(seed)
    market = chance.choice(("contract", "spot"))
    async with account_client(exchange, market) as client:
        orders, fills = client.stream_orders(), client.stream_fills()
        known = await exchange.place_order(
            symbol="BTCUSDT", side="buy", size="0.001", price="101", market=market
        )
        # On the spot market a symbol must have been seen: its fills are told by symbol.
        await first(orders, lambda m: m.data.order_id == known.order_id)
        placed = await _live(exchange, chance, market)
        placed[known.order_id] = await exchange.cancel_order(known.order_id, market=market)
        filled: dict[str, Decimal] = {}
        told: list[str] = []
        async with asyncio.timeout(60):
            while any(filled.get(key, 0) < each.filled_size for key, each in placed.items()):
                data = (await anext(fills)).data
                told.append(data.fill_id)
                filled[data.order_id] = filled.get(data.order_id, Decimal(0)) + data.size
            await _last_words(orders, placed, known.order_id)
        told += [message.data.fill_id for message in await take(fills, fills.pending)]
        assert len(told) == len(set(told))
        assert all(filled.get(key, 0) == each.filled_size for key, each in placed.items())


async def _last_words(orders: Any, placed: dict[str, Any], known: str) -> None:
    """Read orders until the last word on each that was seen alive is the truth.

    One that began and ended within an outage of a stream is known by its fills only.
    """
    last: dict[str, Any] = {}

    def is_true() -> bool:
        alive = {key for key, each in placed.items() if each.status == "new"} | {known}
        return alive <= last.keys() and all(
            each.status == placed[key].status for key, each in last.items() if key in placed
        )

    while not is_true():
        message = await anext(orders)
        before = last.get(message.data.order_id)
        assert before is None or before.filled_size <= message.data.filled_size
        last[message.data.order_id] = message.data


@pytest.mark.parametrize("begin", range(0, RUNS, RUNS_PER_TEST))
async def test_no_cut_loses_or_repeats_a_fill(begin: int) -> None:
    async with SandboxExchange(seed=begin, start_time_ns=START_NS) as exchange:
        for seed in range(begin, begin + RUNS_PER_TEST):
            await _check(exchange, seed)
