"""A small exchange to trade on: one symbol, whole numbers, accounts with plenty of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.ledger import ContractLedger, Ledger, SpotLedger
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_rules import TradingRules

SYMBOL = "BTCUSDT"

RULES = TradingRules(SYMBOL, "BTC", "USDT", Decimal("0.5"), Decimal("0.1"))
FREE = TradingRules(SYMBOL, "BTC", "USDT", Decimal("0.5"), Decimal("0.1"), Decimal(0), Decimal(0))


def number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


class Floor:
    """Trade on a pretend exchange with short words; sizes and prices may be plain numbers."""

    def __init__(
        self,
        *accounts: str,
        rules: TradingRules = RULES,
        money: object = 1_000_000,
        leverage: object = 1,
        spot: bool = False,
    ) -> None:
        self.exchange = PretendExchange()
        self.exchange.list_symbol(rules)
        self.rules = rules
        self.now_ns = 0
        self.events: list[Any] = []
        for account in accounts or ("ann",):
            ledger: Ledger = SpotLedger() if spot else ContractLedger(Decimal(str(leverage)))
            ledger.deposit("USDT", Decimal(str(money)))
            self.exchange.open_account(account, ledger)

    def submit(self, side: Any, size: object = None, price: object = None, **rest: Any) -> Any:
        """Submit an order: a limit order where there is a price, else a market order."""
        account = rest.pop("account", "ann")
        numbers = {name: number(rest.pop(name, None)) for name in ("trigger_price", "quote_size")}
        kind = rest.pop("type", "limit" if price is not None else "market")
        request = OrderRequest(
            symbol=SYMBOL,
            side=side,
            type=kind,
            size=number(size),
            price=number(price),
            **numbers,
            **rest,
        )
        self.now_ns += 1
        state, self.events = self.exchange.submit(account, request, self.now_ns)
        return state

    def buy(self, size: object = None, price: object = None, **rest: Any) -> Any:
        return self.submit("buy", size, price, **rest)

    def sell(self, size: object = None, price: object = None, **rest: Any) -> Any:
        return self.submit("sell", size, price, **rest)

    def book(self, bids: dict[Any, Any], asks: dict[Any, Any]) -> list[Any]:
        """Show the watched book: size by price."""
        sides = [
            {
                self.rules.ticks(Decimal(str(price))): int(
                    Decimal(str(size)) / self.rules.size_step
                )
                for price, size in levels.items()
            }
            for levels in (bids, asks)
        ]
        self.now_ns += 1
        self.events = self.exchange.see_book(SYMBOL, *sides, self.now_ns)
        return self.events

    def trade(self, price: object, size: object, *, buyer_is_taker: bool = False) -> list[Any]:
        """Show somebody's trade."""
        ticks = self.rules.ticks(Decimal(str(price)))
        lots = self.rules.lots(Decimal(str(size)))
        self.now_ns += 1
        self.events = self.exchange.see_trade(
            SYMBOL, ticks, lots, self.now_ns, buyer_is_taker=buyer_is_taker
        )
        return self.events

    def mark(self, price: object) -> list[Any]:
        """Show a mark price."""
        self.now_ns += 1
        self.events = self.exchange.see_mark(SYMBOL, Decimal(str(price)), self.now_ns)
        return self.events

    def order(self, state: Any, account: str = "ann") -> Any:
        """Return an order as it is now."""
        desk = self.exchange.desks[account]
        return desk.state(desk.orders[state.order_id])

    def fills(self, account: str = "ann") -> list[tuple[str, str]]:
        """Return price and size of the fills of the last operation."""
        return [
            (str(event.price), str(event.size))
            for event in self.events
            if hasattr(event, "fill_id") and event.account == account
        ]

    def ledger(self, account: str = "ann") -> Any:
        return self.exchange.desks[account].ledger

    def balance(self, currency: str = "USDT", account: str = "ann") -> Any:
        return self.ledger(account).balance(currency)

    def picture(self) -> object:
        """Return all that trading could have changed, to compare."""
        return [
            (
                account,
                dict(desk.ledger.wallets),
                {
                    symbol: (each.size, each.value, each.buying, each.selling, each.fees)
                    for symbol, each in desk.ledger.holdings.items()
                    if each.size or each.buying or each.selling or each.fill_count
                },
                [desk.state(order) for order in desk.orders.values()],
                [desk.ledger.balance(currency) for currency in ("USDT", "BTC")],
                [self.exchange.matcher(SYMBOL).levels(side, 99) for side in ("bid", "ask")],
            )
            for account, desk in self.exchange.desks.items()
        ]
