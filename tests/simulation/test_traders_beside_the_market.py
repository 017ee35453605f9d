"""Traders beside the seeded market: it stays the market of its seed, they get its prices."""

from __future__ import annotations

from decimal import Decimal

from weex_client.simulation import (
    ContractLedger,
    Market,
    OrderRequest,
    PretendExchange,
    TradingRules,
)

START_NS = 1_790_000_000_000_000_000
SYMBOL = "BTCUSDT"


def traded(steps: int, *, is_trading: bool) -> tuple[object, int, Decimal]:
    market = Market(7, START_NS, (SYMBOL,)).symbol("contract", SYMBOL)
    rules = TradingRules.of(market.instrument, Decimal("0.0002"), Decimal("0.0006"))
    exchange = PretendExchange()
    exchange.list_symbol(rules)
    ledger = ContractLedger(Decimal(10))
    ledger.deposit("USDT", Decimal(1_000_000))
    exchange.open_account("house", ledger)
    fills, seen = 0, 0
    for step in range(steps):
        market.advance()
        if not is_trading:
            continue
        for trade in market.tape.since(seen):
            events = exchange.see_trade(
                SYMBOL,
                trade.price,
                trade.lots,
                trade.time_ns,
                buyer_is_taker=not trade.buyer_is_maker,
            )
            fills += sum(hasattr(event, "fill_id") for event in events)
        seen = market.tape.count
        events = exchange.see_limit_book(SYMBOL, market.book, market.time_ns)
        fills += sum(hasattr(event, "fill_id") for event in events)
        exchange.see_mark(SYMBOL, rules.price(market.mark), market.time_ns)
        if step % 5 == 0:
            exchange.cancel_all("house", market.time_ns)
            touch = market.touch
            quotes = (("buy", touch.bid), ("sell", touch.ask))
            for side, price in quotes:
                request = OrderRequest(
                    symbol=SYMBOL, side=side, size=Decimal("0.05"), price=rules.price(price)
                )
                exchange.submit("house", request, market.time_ns)
        if step % 40 == 0:
            side = "sell" if ledger.holding(rules).size > 0 else "buy"
            request = OrderRequest(symbol=SYMBOL, side=side, type="market", size=Decimal("0.1"))
            _, events = exchange.submit("house", request, market.time_ns)
            fills += sum(hasattr(event, "fill_id") for event in events)
    shown = (market.book.bids.top(200), market.book.asks.top(200), list(market.tape.prints))
    return shown, fills, ledger.equity("USDT")


def test_the_same_seed_is_the_same_market_whoever_trades_beside_it() -> None:
    quiet, _, _ = traded(600, is_trading=False)
    busy, fills, equity = traded(600, is_trading=True)
    assert busy == quiet
    assert fills > 20
    assert equity != 1_000_000
    assert traded(600, is_trading=True) == (busy, fills, equity)
