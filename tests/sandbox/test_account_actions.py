"""Orders placed by a test: what comes back, what everybody sees, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.conftest import START_NS, Frame, Turn, WireClient, dial, until
from weex_client.errors import (
    DuplicateOrderError,
    InsufficientBalanceError,
    InvalidOrderError,
    OrderClosedError,
    OrderRejectedError,
    PostOnlyError,
    UnknownOrderError,
)
from weex_client.sandbox import SandboxExchange


@pytest.fixture
async def exchange() -> AsyncIterator[SandboxExchange]:
    """Run an exchange without a house trader."""
    running = SandboxExchange(seed=7, speed=20, start_time_ns=START_NS, house_trader=False)
    async with running:
        await running.deposit("USDT", 10_000_000)
        yield running


class Follower:
    """Keep a book, making sure that it is never crossed nor breaks its chain."""

    def __init__(self, client: WireClient) -> None:
        self.book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self._client = client
        self._last: int | None = None

    async def until(self, time_ms: int) -> None:
        """Follow until a time."""
        while True:
            frame: Frame = await self._client.until(
                lambda f: f.get("e") in ("depthSnapshot", "depth")
            )
            assert frame["e"] == "depthSnapshot" or frame["U"] == self._last
            self._last = frame["u"]
            for side, levels in self.book.items():
                levels.update(dict(frame[side]))
                for price in [price for price, size in levels.items() if size == "0"]:
                    del levels[price]
                assert len(levels) == 15
            assert max(map(Decimal, self.book["b"])) < min(map(Decimal, self.book["a"]))
            if frame["E"] >= time_ms:
                return


async def test_a_resting_order_is_in_everybody_s_book(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth200")
        snapshot = await client.next("depthSnapshot")
        price = snapshot["b"][50][0]
        order = await exchange.place_order(
            symbol="btcusdt", side="buy", size="123.4567", price=price
        )
        assert (order.status, order.price, order.size) == (
            "new",
            Decimal(price),
            Decimal("123.4567"),
        )
        change = await client.until(lambda f: price in dict(f.get("b", ())))
        assert Decimal(dict(change["b"])[price]) >= Decimal("123.4567")
        await exchange.cancel_order(order.order_id)
        change = await client.until(lambda f: price in dict(f.get("b", ())))
        assert Decimal(dict(change["b"])[price]) < Decimal("123.4567")


async def test_trades_of_accounts_are_on_the_public_tape(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("ETHUSDT@trade")
        await client.answer()
        order = await exchange.place_order(symbol="ETHUSDT", side="buy", size="13.371")
        seen: Decimal = Decimal(0)
        while seen < 13:
            frame = await client.next("trade", "ETHUSDT")
            rows = {row["t"]: row for row in frame["d"]}
            seen = sum(
                (Decimal(row["q"]) for row in rows.values() if not row["m"]), start=Decimal(0)
            )
        assert order.status == "filled"


async def test_the_public_book_never_breaks_nor_crosses_under_orders(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        follower = Follower(client)
        for size, price in (("30", None), ("40", "81000"), ("5", None), ("60", "82000")):
            for side in ("buy", "sell"):
                try:
                    await exchange.place_order(
                        symbol="BTCUSDT",
                        side=side,  # type: ignore[arg-type]
                        size=size,
                        price=price,
                    )
                except OrderRejectedError:
                    continue
            await follower.until(exchange.time_ns // 1_000_000 + 1_000)


async def test_the_ticker_shows_the_last_trade(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("ETHUSDT@ticker")
        order = await exchange.place_order(symbol="ETHUSDT", side="buy", size="300")
        prices = set()
        while not any(Decimal(p) > (order.average_price or 0) for p in prices):
            prices.add((await client.next("ticker", "ETHUSDT"))["d"][0]["c"])


async def test_a_resting_order_fills_when_the_market_comes_to_it(
    exchange: SandboxExchange, turn: Turn
) -> None:
    record = exchange.front("weex").records["spot"]["sandbox-key"]
    await exchange.place_order(symbol="BTCUSDT", side="buy", size="0.001", market="spot")
    last = record.fills[-1].price
    order = await exchange.place_order(
        symbol="BTCUSDT", side="buy", size="0.001", price=last - Decimal("0.05"), market="spot"
    )
    await until(lambda: record.fills[-1].order_id == order.order_id)
    assert record.fills[-1].price == order.price
    assert record.fills[-1].liquidity == "maker"


async def test_two_accounts_trade_with_each_other(exchange: SandboxExchange) -> None:
    exchange.open_account("other", "secret", "pass")
    mine = await exchange.place_order(symbol="BTCUSDT", side="buy", size="50", price=80_500)
    assert mine.status in ("partially_filled", "filled", "new")
    other = await exchange.place_order(
        symbol="BTCUSDT", side="sell", size="1", account="other", time_in_force="IOC", price=78_000
    )
    assert other.status == "filled"
    assert exchange.weex_config(account="other").credentials() == ("other", "secret", "pass")


async def refuse(exchange: SandboxExchange, kind: type[Exception], **order: Any) -> Any:
    with pytest.raises(kind) as refused:
        await exchange.place_order(**({"symbol": "BTCUSDT", "side": "buy"} | order))
    return refused.value


async def test_what_is_refused_is_typed_and_changes_nothing(exchange: SandboxExchange) -> None:
    await exchange.place_order(
        symbol="BTCUSDT", side="buy", size=1, price=70_000, client_order_id="mine"
    )
    desk = exchange._premises.branches["contract"].desk("sandbox-key")
    before = desk.ledger.balance("USDT"), list(desk.orders)
    fields = {
        "size": {"size": 0},
        "price": {"size": 1, "price": "70000.001"},
        "symbol": {"symbol": "NOPEUSDT", "size": 1},
        "side": {"side": "hold", "size": 1},
        "quote_size": {"quote_size": 100},
        "reduce_only": {"side": "sell", "size": 1, "reduce_only": True},
        "trigger_price": {"size": 1, "type": "stop_market"},
        "time_in_force": {"size": 1, "price": 70_000, "time_in_force": "SOON"},
    }
    for field, order in fields.items():
        assert (await refuse(exchange, InvalidOrderError, **order)).field == field
    for number in (0.1, "a lot", None):
        await refuse(exchange, InvalidOrderError, size=number, price=70_000)
    await refuse(exchange, InsufficientBalanceError, size=10_000, price=70_000)
    await refuse(exchange, DuplicateOrderError, size=1, price=70_000, client_order_id="mine")
    await refuse(exchange, PostOnlyError, size=1, price=83_000, time_in_force="POST_ONLY")
    await refuse(exchange, KeyError, size=1, account="nobody")
    assert (desk.ledger.balance("USDT"), list(desk.orders)) == before


async def test_a_cancel_by_either_id_and_of_what_is_over(exchange: SandboxExchange) -> None:
    order = await exchange.place_order(
        symbol="BTCUSDT", side="buy", size=1, price=70_000, client_order_id="mine"
    )
    assert (await exchange.cancel_order("mine")).status == "canceled"
    for order_id in (order.order_id, "mine"):
        with pytest.raises(OrderClosedError):
            await exchange.cancel_order(order_id)
    with pytest.raises(UnknownOrderError):
        await exchange.cancel_order("nobody's")
    with pytest.raises(UnknownOrderError):
        await exchange.cancel_order(order.order_id, market="spot")


async def test_accounts_are_opened_once(exchange: SandboxExchange) -> None:
    with pytest.raises(ValueError, match="already"):
        exchange.open_account("sandbox-key", "other", "other")
    with pytest.raises(ValueError, match="needs"):
        exchange.open_account("other", "", "pass")
    with pytest.raises(InvalidOrderError):
        await exchange.deposit("USDT", -1)
