"""The house trader: that there is always something to see, and always the same for a seed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from weex_client.simulation import Market, SymbolMarket
from weex_client.simulation.account_events import FillEvent, OrderState, PositionChange
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.house_trader import HouseTrader
from weex_client.simulation.ledger import ContractLedger, Ledger, SpotLedger
from weex_client.simulation.trading_floor import TradingFloor
from weex_client.simulation.trading_rules import TradingRules

START_NS = 1_790_134_567_942_000_000


def traded(segment: Any, steps: int, symbol: str = "BTCUSDT", money: int = 100_000) -> list[Any]:
    """Return what happened to a house account."""
    ledger: Ledger = ContractLedger(Decimal(20)) if segment == "contract" else SpotLedger()
    ledger.deposit("USDT", Decimal(money))
    if segment == "spot":
        ledger.deposit("BTC", Decimal("0.3125"))
    exchange = PretendExchange()
    exchange.open_account("house", ledger)
    events: list[Any] = []

    def join(market: SymbolMarket) -> None:
        rules = TradingRules.of(market.instrument, Decimal("0.0002"), Decimal("0.0008"))
        TradingFloor(market, exchange, rules, events.extend, HouseTrader("house", f"7/{segment}"))

    market = Market(7, START_NS, [symbol], join).symbol(segment, symbol)
    for _ in range(steps):
        market.advance()
    return events


@pytest.mark.parametrize("segment", ["contract", "spot"])
def test_something_fills_every_few_seconds_and_something_always_rests(segment: Any) -> None:
    events = traded(segment, 3_000)
    fills = [event.time_ns for event in events if isinstance(event, FillEvent)]
    assert 300 / 10 < len(fills) < 300
    assert Counter(e.liquidity for e in events if isinstance(e, FillEvent)).keys() == {
        "maker",
        "taker",
    }
    alive: set[str] = set()
    bare = 0
    for event in events:
        if isinstance(event, OrderState):
            is_alive = event.status in ("new", "partially_filled") and event.price is not None
            (alive.add if is_alive else alive.discard)(event.order_id)
            bare += not alive
    assert bare < len(events) / 20


def test_positions_open_close_and_turn() -> None:
    events = traded("contract", 6_000)
    positions = [event for event in events if isinstance(event, PositionChange)]
    assert {position.side for position in positions} == {"long", "short"}
    assert sum(not position.size for position in positions) > 3


@pytest.mark.parametrize("segment", ["contract", "spot"])
def test_the_same_seed_trades_the_same(segment: Any) -> None:
    assert traded(segment, 1_000) == traded(segment, 1_000)


def test_a_coin_made_up_is_traded_too() -> None:
    events = traded("contract", 1_500, "COIN7USDT")
    assert any(isinstance(event, FillEvent) for event in events)


def test_a_house_trader_without_money_waits() -> None:
    events = traded("contract", 500, money=1)
    assert not any(isinstance(event, OrderState) for event in events)
