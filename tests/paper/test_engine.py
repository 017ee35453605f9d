"""The engine on a live market: orders, streams, strategies, limits, reports."""

from __future__ import annotations

import asyncio
import contextlib
import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.paper.conftest import first, until
from weex_client import (
    ClientClosedError,
    ConfigError,
    DuplicateOrderError,
    InsufficientBalanceError,
    InvalidOrderError,
    NoMarketError,
    OrderClosedError,
    OverflowPolicy,
    PostOnlyError,
    RiskLimitError,
    StrategyError,
    SubscriptionRejectedError,
    UnknownOrderError,
    UnsupportedChannelError,
    UsageError,
    WeexWebSocketClient,
)
from weex_client.models import Account, Payload
from weex_client.paper import PaperTradingEngine, RiskLimits
from weex_client.sandbox import SandboxExchange


async def test_market_orders_fill_at_the_books_prices_and_all_streams_tell(
    client: WeexWebSocketClient,
) -> None:
    engine = PaperTradingEngine(100_000)
    async with engine.trading(client):
        orders, fills = engine.stream_orders(), engine.stream_fills()
        positions, account = engine.stream_positions(), engine.stream_account()

        order = await engine.submit("BTCUSDT", "buy", "0.01")

        assert order.status == "filled"
        assert (await first(account)).is_snapshot
        statuses = [(await anext(orders)).data.status for _ in range(2)]
        assert statuses[0] == "new"
        fill = (await first(fills)).data
        assert (fill.order_id, fill.liquidity) == (order.order_id, "taker")
        assert fill.fee == fill.notional * Decimal("0.0006")
        position = await first(positions)
        assert (position.venue, position.channel) == ("paper", "positions")
        assert position.data.side == "long"
        balance = await first(account, lambda message: not message.is_snapshot)
        assert balance.data.balance == engine.balance < 100_000
        marked = await first(positions, lambda m: m.data.unrealized_pnl is not None)
        assert marked.data.mark_price > 0
        assert engine.positions == {"BTCUSDT": Decimal("0.0100")}
        assert engine.has_position("BTCUSDT")
    with pytest.raises(StopAsyncIteration):
        await first(orders, lambda message: message.data.status == "never")


async def test_resting_orders_are_filled_by_the_market(client: WeexWebSocketClient) -> None:
    engine = PaperTradingEngine(1_000_000)
    async with (
        engine.trading(client),
        client.stream_order_book("BTCUSDT", overflow=OverflowPolicy.CONFLATE) as books,
    ):
        async with asyncio.timeout(60):
            while not engine.trades:
                book = (await anext(books)).data
                with contextlib.suppress(PostOnlyError):  # the market has moved meanwhile
                    await engine.submit(
                        "BTCUSDT", "buy", "0.5", price=book.best_bid, time_in_force="POST_ONLY"
                    )
        fill = engine.trades[0]
        assert fill.liquidity == "maker"
        assert fill.price == engine.orders[fill.order_id].price
        assert fill.fee == fill.notional * Decimal("0.0002")


async def test_bad_orders_are_refused_and_change_nothing(client: WeexWebSocketClient) -> None:
    engine = PaperTradingEngine(100)
    async with engine.trading(client):
        for size in (0, -1, "x", float("nan"), "0.00001"):
            with pytest.raises(InvalidOrderError):
                await engine.submit("BTCUSDT", "buy", size)
        with pytest.raises(InvalidOrderError):
            await engine.submit("BTCUSDT", "buy", 1, price="100.001")
        with pytest.raises(InsufficientBalanceError):
            await engine.submit("BTCUSDT", "buy", 1)
        with pytest.raises(UnknownOrderError):
            await engine.cancel("1")
        filled = await engine.submit("BTCUSDT", "buy", "0.0001")
        with pytest.raises(OrderClosedError):
            await engine.cancel(filled.order_id)
        for price, size in ((0, 1), (-1, 1), (80_000, 0), (80_000, -1), (80_000, "x")):
            for execute in (engine.execute_buy, engine.execute_sell):
                with pytest.raises(InvalidOrderError):
                    await execute(price, size)
        assert await engine.execute_buy(80_000, "0.00001") is None  # less than a step
        resting = await engine.submit(
            "BTCUSDT", "buy", "0.0001", price=1000, client_order_id="mine"
        )
        before = engine.report(), engine.available
        with pytest.raises(DuplicateOrderError):
            await engine.submit("BTCUSDT", "buy", "0.0001", client_order_id="mine")
        assert (engine.report(), engine.available) == before
        assert list(engine.open_orders) == [resting.order_id]
        assert (await engine.cancel(resting.order_id)).status == "canceled"
    assert len(engine.orders) == 2


async def test_orders_need_an_engine_that_runs_and_it_runs_once(
    client: WeexWebSocketClient,
) -> None:
    engine = PaperTradingEngine()
    with pytest.raises(ClientClosedError):
        await engine.submit("BTCUSDT", "buy", 1)
    async with engine.trading(client):
        pass
    with pytest.raises(UsageError):
        await engine.run(client)


async def test_leverage_longs_shorts_and_closing_out(client: WeexWebSocketClient) -> None:
    engine = PaperTradingEngine(10_000, symbols=("BTCUSDT", "ETHUSDT"))
    async with engine.trading(client):
        await engine.set_leverage("BTCUSDT", 20)
        await engine.submit("BTCUSDT", "buy", "0.5")  # about 40,000 with 10,000
        await engine.submit("ETHUSDT", "sell", 1)
        await engine.submit("BTCUSDT", "sell", "0.5", price=1_000_000)
        assert engine.positions["ETHUSDT"] == -1
        position = engine.position("BTCUSDT")
        assert position is not None
        assert position.leverage == 20
        assert position.liquidation_price is not None
        with pytest.raises(InvalidOrderError):
            await engine.set_leverage("BTCUSDT", 1000)
        with pytest.raises(InvalidOrderError):
            engine.calculate_portfolio_value(80_000)
        await engine.close_all()
        assert engine.positions == {}
        assert engine.open_orders == {}
        assert engine.equity == engine.balance == engine.available
    report = engine.report()
    assert report.equity == 10_000 + report.realized_pnl - report.fees
    assert set(report.symbols) == {"BTCUSDT", "ETHUSDT"}


async def test_one_bot_follows_a_real_account_and_one_on_paper() -> None:
    async def follow(account: WeexWebSocketClient | PaperTradingEngine, buy: Any) -> list[Any]:
        orders, fills = account.stream_orders(), account.stream_fills()
        positions, balances = account.stream_positions(), account.stream_account()
        state = await first(balances, lambda m: m.data.currency == "USDT" and m.is_snapshot)
        bought = await buy()
        order = await first(orders, lambda m: m.data.order_id == bought and m.data.is_final)
        fill = await first(fills, lambda m: m.data.order_id == bought)
        position = await first(positions, lambda m: m.symbol == "ETHUSDT" and m.data.mark_price)
        balance = await first(balances, lambda m: m.data.currency == "USDT" and not m.is_snapshot)
        return [state, order, fill, position, balance]

    engine = PaperTradingEngine(100_000)
    async with (
        SandboxExchange(seed=7, house_trader=False) as exchange,
        WeexWebSocketClient(exchange.weex_config()) as client,
        engine.trading(client),
    ):

        async def buy_on_paper() -> str:
            return (await engine.submit("ETHUSDT", "buy", 1)).order_id

        async def buy() -> str:
            return (await exchange.place_order(symbol="ETHUSDT", side="buy", size=1)).order_id

        pairs = zip(await follow(client, buy), await follow(engine, buy_on_paper), strict=True)
        for real, paper in pairs:
            assert (real.channel, real.is_snapshot) == (paper.channel, paper.is_snapshot)
            unified = type(paper.data).__mro__[1]  # Order of PaperOrder
            for name in (Account if unified is Payload else unified).model_fields:
                kinds = type(getattr(real.data, name)), type(getattr(paper.data, name))
                told = [kind for kind in kinds if kind is not type(None)]
                assert len(set(told)) <= 1, (name, kinds)
    for open_stream in (engine.stream_orders, engine.stream_fills):
        with pytest.raises(ClientClosedError, match="has run"):
            open_stream()


async def test_spot_buys_for_a_quote_amount_and_has_no_positions_stream_of_its_own(
    exchange: SandboxExchange,
) -> None:
    engine = PaperTradingEngine(market="spot")
    async with (
        WeexWebSocketClient(exchange.weex_config("spot")) as client,
        engine.trading(client),
    ):
        bought = await engine.submit("BTCUSDT", "buy", quote_size=1000)
        assert 990 < bought.filled_value <= 1000
        with pytest.raises(UnsupportedChannelError, match="no positions"):
            engine.stream_positions()
        assert engine.calculate_portfolio_value(100_000) > 10_000
        with pytest.raises(InvalidOrderError):
            await engine.set_leverage("BTCUSDT", 2)
        with pytest.raises(InvalidOrderError):
            await engine.submit("BTCUSDT", "sell", 1, reduce_only=True)
        await engine.close_all()
        assert engine.positions.get("BTCUSDT", 0) < Decimal("0.000001")  # dust below a step
    assert engine.report().equity == (
        10_000
        + engine.report().realized_pnl
        + engine.report().unrealized_pnl
        - engine.report().fees
    )


async def test_symbol_that_was_not_named_is_followed_when_an_order_names_it(
    client: WeexWebSocketClient,
) -> None:
    engine = PaperTradingEngine(100_000)
    async with engine.trading(client):
        assert (await engine.submit("ethusdt", "buy", 1)).status == "filled"


async def test_strategy_coroutine_trades_and_the_report_is_written(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    async def strategy(engine: PaperTradingEngine, client: WeexWebSocketClient) -> None:
        await engine.submit("BTCUSDT", "buy", "0.01")
        await engine.submit("BTCUSDT", "sell", "0.01")

    engine = PaperTradingEngine()
    report = await engine.run(client, strategy, report=tmp_path / "fills.csv")

    assert report.fill_count == len(report.fills) >= 2
    assert report.win_rate is not None
    assert "max drawdown" in str(report)
    with (tmp_path / "fills.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["side"] for row in rows][-1] == "sell"
    assert Decimal(rows[0]["price"]) == report.fills[0].price


async def test_report_without_a_folder_is_refused_before_anything_runs(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    for path in (tmp_path / "nowhere" / "fills.csv", tmp_path):
        with pytest.raises(ConfigError, match="no such folder"):
            await PaperTradingEngine().run(client, report=path)


async def test_strategy_that_raises_loses_its_orders_and_the_report_is_written(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    async def hasty(engine: PaperTradingEngine, client: WeexWebSocketClient) -> None:
        await engine.submit("BTCUSDT", "buy", "0.01", price=1000)
        raise ZeroDivisionError("oh")

    engine = PaperTradingEngine()
    with pytest.raises(StrategyError, match="ZeroDivisionError: oh") as raised:
        await engine.run(client, hasty, report=tmp_path / "fills.csv")

    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert "hasty" in raised.value.strategy
    assert [order.status for order in engine.orders.values()] == ["canceled"]
    assert engine.balance == engine.available == 10_000
    assert (tmp_path / "fills.csv").exists()


class Flipper(PaperTradingEngine):
    """Buy and sell by turns; count what came of it."""

    turns = 0

    def generate_signal(self, price: float) -> Any:
        assert isinstance(price, float)
        self.turns += 1
        return ("buy", "sell", "hold")[self.turns % 3]


async def test_subclass_with_signals_trades_as_the_document_runs_it(
    exchange: SandboxExchange,
) -> None:
    engine = Flipper(initial_balance=10000)
    task = asyncio.create_task(engine.simulate_trading(exchange.weex_config()))
    await until(lambda: len(engine.trades) >= 4 or task.done())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {fill.side for fill in engine.trades} == {"buy", "sell"}
    assert f"{engine.calculate_portfolio_value(80_000.5):.2f} {engine.balance:.2f}"


async def test_signal_that_is_none_is_said(client: WeexWebSocketClient) -> None:
    class Shouting(PaperTradingEngine):
        def generate_signal(self, price: float) -> Any:
            return "BUY"

    with pytest.raises(StrategyError, match="not 'BUY'"):
        await Shouting().run(client)


async def test_signals_of_several_symbols_need_a_strategy(client: WeexWebSocketClient) -> None:
    with pytest.raises(StrategyError, match="one symbol"):
        await Flipper(symbols=("BTCUSDT", "ETHUSDT")).run(client)


async def test_seconds_end_a_run(client: WeexWebSocketClient) -> None:
    report = await PaperTradingEngine().run(client, seconds=0.05)
    assert report.equity == report.initial_balance
    assert report.win_rate is None


async def test_market_that_the_venue_refuses_ends_the_run(client: WeexWebSocketClient) -> None:
    with pytest.raises(SubscriptionRejectedError):
        await PaperTradingEngine(symbols="NOPEUSDT").run(client)


async def test_book_that_may_be_old_is_not_traded_with(
    exchange: SandboxExchange, client: WeexWebSocketClient
) -> None:
    engine = PaperTradingEngine(100_000)
    async with engine.trading(client), client.events() as events:
        await engine.submit("BTCUSDT", "buy", "0.01")
        await exchange.faults.close(1001, "maintenance")
        await first(events, lambda event: event.kind == "disconnected")
        await until(lambda: engine._account.exchange.matcher("BTCUSDT").best("ask") is None)
        with pytest.raises(NoMarketError):
            await engine.submit("BTCUSDT", "buy", "0.01")


# Risk limits.


async def test_position_beyond_its_limit_is_reduced(client: WeexWebSocketClient) -> None:
    engine = PaperTradingEngine(100_000, risk_limits=RiskLimits(max_position_size=1000))
    async with engine.trading(client):
        await engine.submit("BTCUSDT", "buy", "0.1")
        await until(lambda: engine.positions["BTCUSDT"] < Decimal("0.02"))
        assert engine.breaches[0].limit == "max_position_size"
        assert engine.positions["BTCUSDT"] > 0


@pytest.mark.parametrize("action", ["reduce", "stop"])
async def test_limit_is_enforced_to_the_end_where_the_book_is_too_thin_at_first(
    client: WeexWebSocketClient, action: Any
) -> None:
    async def greedy(engine: PaperTradingEngine, client: WeexWebSocketClient) -> None:
        async for _ in client.stream_order_book("ETHUSDT"):
            with contextlib.suppress(NoMarketError):  # fifteen levels hold some 150
                await engine.submit("ETHUSDT", "buy", 200)
            if engine.breaches:
                return

    limits = RiskLimits(max_position_size=800_000, on_position_size=action)
    engine = PaperTradingEngine(10**9, symbols="ETHUSDT", risk_limits=limits)
    async with engine.trading(client):
        await greedy(engine, client)
        assert engine.breaches[0].action == action
        assert engine.has_position("ETHUSDT")
        if action == "reduce":
            await until(lambda: not engine._guard.broken)
        else:
            await until(lambda: not engine.has_position("ETHUSDT"))


async def test_loss_may_halve_positions(client: WeexWebSocketClient) -> None:
    limits = RiskLimits(max_daily_loss=1, on_daily_loss="reduce")
    engine = PaperTradingEngine(100_000, risk_limits=limits)
    async with engine.trading(client):
        await engine.submit("BTCUSDT", "buy", "0.5")  # the fee alone is more
        await until(lambda: engine.positions["BTCUSDT"] == Decimal("0.25"))
        await until(lambda: not engine._halves)
        await engine.submit("BTCUSDT", "buy", "0.1")
        assert engine.positions["BTCUSDT"] == Decimal("0.35")  # once for each breach


async def test_closing_out_buys_nothing_that_a_strategy_sold_meanwhile(
    exchange: SandboxExchange, tmp_path: Path
) -> None:
    engine = PaperTradingEngine(
        10**6, market="spot", symbols=("BTCUSDT", "ETHUSDT"), state=tmp_path / "state.db"
    )
    async with (
        WeexWebSocketClient(exchange.weex_config("spot")) as client,
        engine.trading(client),
    ):
        await engine.submit("BTCUSDT", "buy", "0.1")
        await engine.submit("ETHUSDT", "buy", 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.close_all())
            group.create_task(engine.submit("ETHUSDT", "sell", "0.9994"))
        assert engine.positions.get("ETHUSDT", 0) < Decimal("0.00001")


async def test_daily_loss_closes_all_and_lets_nothing_be_opened(
    client: WeexWebSocketClient,
) -> None:
    limits = RiskLimits(max_daily_loss=1)
    engine = PaperTradingEngine(100_000, risk_limits=limits)
    async with engine.trading(client):
        await until(lambda: engine._guard.day is not None)
        await engine.submit("BTCUSDT", "buy", "0.5")  # the fee alone is more
        await until(lambda: not engine.positions)
        assert engine.breaches[0].action == "close_all"
        with pytest.raises(RiskLimitError) as refused:
            await engine.submit("BTCUSDT", "buy", "0.01")
        assert refused.value.limit == "max_daily_loss"


async def test_drawdown_stops_the_strategy(client: WeexWebSocketClient) -> None:
    async def stubborn(engine: PaperTradingEngine, client: WeexWebSocketClient) -> None:
        await engine.submit("BTCUSDT", "buy", "0.5")
        await asyncio.Event().wait()

    engine = PaperTradingEngine(100_000, risk_limits=RiskLimits(max_drawdown=0.0001))
    report = await engine.run(client, stubborn)
    assert [breach.action for breach in engine.breaches] == ["stop"]
    assert engine.positions == {}
    assert report.max_drawdown > Decimal("0.0001")


@pytest.mark.parametrize(
    "wrong",
    [{"max_drawdown": 0}, {"max_daily_loss": -1}, {"max_position_size": "x"}, {"on_drawdown": "x"}],
    ids=str,
)
def test_limits_must_make_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RiskLimits(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_balance": 0},
        {"initial_balance": "money"},
        {"leverage": 0.5},
        {"market": "options"},
        {"taker_fee_rate": float("inf")},
    ],
    ids=str,
)
async def test_settings_must_make_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        PaperTradingEngine(**wrong)


async def test_streams_of_the_account_have_limits_too(client: WeexWebSocketClient) -> None:
    engine = PaperTradingEngine()
    with pytest.raises(UsageError):
        engine.stream_orders(queue_size=0)
    with pytest.raises(UsageError):
        engine.stream_orders(overflow=OverflowPolicy.CONFLATE)


async def test_report_is_one_page_that_needs_nothing_else(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    pytest.importorskip("plotly")

    async def strategy(engine: PaperTradingEngine, client: WeexWebSocketClient) -> None:
        await engine.submit("BTCUSDT", "buy", "0.01")
        await until(lambda: len(engine.report().equity_curve) > 1)
        await engine.submit("BTCUSDT", "sell", "0.01")

    page = tmp_path / "report.html"
    await PaperTradingEngine().run(client, strategy, report=page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "Drawdown" in text
    assert "<td>BTCUSDT</td>" in text
    assert "<script src=" not in text
    assert "<link" not in text
