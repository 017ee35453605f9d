"""The accounts of one segment: what they trade, and which venues hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, Protocol

from weex_client.errors import InvalidOrderError, UnknownOrderError
from weex_client.sandbox.stage import Stage
from weex_client.simulation import Segment, SymbolMarket
from weex_client.simulation.account_events import AccountEvent, OrderState
from weex_client.simulation.desk import Desk
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.house_trader import HouseTrader
from weex_client.simulation.ledger import ContractLedger, Ledger, SpotLedger
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_floor import TradingFloor
from weex_client.simulation.trading_rules import TradingRules

__all__ = ["FEE_RATES", "Branch", "Deposit", "Witness"]

# Maker's and taker's share of the notional.
FEE_RATES: Final[dict[Segment, tuple[Decimal, Decimal]]] = {
    "contract": (Decimal("0.0002"), Decimal("0.0008")),
    "spot": (Decimal("0.001"), Decimal("0.001")),
}

# Of every symbol: what one would try out with.
LEVERAGE: Final = Decimal(20)

Deposit = tuple[str, Decimal]
"""A currency, and how much of it came in."""


class Witness(Protocol):
    """Hear of what happens to accounts, to tell it to their owners."""

    def opened(self, account: str, desk: Desk, balances: Mapping[str, Decimal]) -> None:
        """Hear of a new account, and what it began with."""

    def happened(
        self, account: str, events: Sequence[AccountEvent], deposit: Deposit | None
    ) -> None:
        """Hear what happened to an account, in the order of cause.

        Args:
            account: Whose, by key.
            events: What happened.
            deposit: What came in, where that was the cause.
        """


class Branch:
    """Keep the accounts of one segment, and let them trade in it.

    Nothing is simulated for it until somebody looks: then the house trader's symbol catches up,
    as if it had been watched from the start, and is kept current from there on.

    Args:
        name: ``contract`` or ``spot``.
        stage: The market.
        house: The account of the house trader, or None for no house trader.

    Attributes:
        witnesses: Who hears of what happens; a venue that shows accounts adds itself.
    """

    def __init__(self, name: Segment, stage: Stage, house: str | None) -> None:
        self.name = name
        self.witnesses: list[Witness] = []
        self._stage = stage
        self._house = house
        self._exchange = PretendExchange()
        self._floors: dict[str, TradingFloor] = {}
        self._desks: dict[str, Desk] = {}

    # Accounts.

    def open_account(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account with some money in it.

        Raises:
            ValueError: If there is one of that name.
            InvalidOrderError: If a balance is not positive.
        """
        ledger: Ledger = SpotLedger() if self.name == "spot" else ContractLedger(LEVERAGE)
        for currency, amount in balances.items():
            ledger.deposit(currency, amount)
        desk = self._exchange.open_account(account, ledger)
        # What it opens with is no news.
        desk.changes(self.now_ns)
        self._desks[account] = desk
        for witness in self.witnesses:
            witness.opened(account, desk, balances)

    def desk(self, account: str) -> Desk:
        """Return an account's orders and ledger.

        Raises:
            KeyError: If there is none of that name.
        """
        return self._desks[account]

    async def deposit(self, account: str, currency: str, amount: Decimal) -> None:
        """Add money to an account, and tell it.

        Raises:
            InvalidOrderError: If the amount is not positive.
            KeyError: If there is no such account.
        """
        await self.wake()
        desk = self._desks[account]
        desk.ledger.deposit(currency, amount)
        events = desk.changes(self.now_ns)
        for witness in self.witnesses:
            witness.happened(account, events, (currency, amount))

    # Orders.

    async def place(self, account: str, request: OrderRequest) -> OrderState:
        """Place an order.

        Raises:
            OrderRejectedError: If it is refused; a subclass says why. Nothing has changed then.
        """
        if request.symbol not in self._stage.market:
            raise InvalidOrderError(
                f"{request.symbol} is not listed", symbol=request.symbol, field="symbol"
            )
        await self.wake()
        await self._keep(request.symbol)
        return self._floors[request.symbol].place(account, request)

    async def cancel(self, account: str, order_id: str) -> OrderState:
        """Cancel an order by the exchange's id or, where no order has that, the client's.

        Raises:
            UnknownOrderError: If the account has no such order.
            OrderClosedError: If it is over.
        """
        await self.wake()
        order = self.find(account, order_id)
        return self._floors[order.request.symbol].cancel(account, order.order_id)

    def find(self, account: str, order_id: str) -> OrderState:
        """Return an order, by the exchange's id or, where no order has that, the client's.

        Raises:
            UnknownOrderError: If the account has no such order.
        """
        desk = self._desks[account]
        order = desk.orders.get(order_id)
        if order is None:
            # Ids of clients are looked for from the newest: they may be used again one day.
            by_client = (
                each
                for each in reversed(desk.orders.values())
                if each.request.client_order_id == order_id
            )
            order = next(by_client, None)
        if order is None:
            raise UnknownOrderError(f"there is no order {order_id}", symbol=None, order_id=order_id)
        return desk.state(order)

    def value_positions(self) -> None:
        """Value everything that is open at the marks of now."""
        for floor in self._floors.values():
            if self._stage.is_kept(self.name, floor.rules.symbol):
                floor.see_mark()

    # The market.

    async def wake(self) -> None:
        """Make sure that the accounts have come to the current step, and stay so."""
        if self._house is not None and self._stage.market.symbols:
            await self._keep(self._stage.market.symbols[0])

    async def _keep(self, symbol: str) -> None:
        # Kept only once it is current: the clock moves what is kept without giving way.
        await self._stage.caught_up(self.name, symbol)
        self._stage.keep(self.name, symbol)

    def open_floor(self, market: SymbolMarket) -> None:
        """Let the accounts into a symbol's market; the first listed has the house trader."""
        symbol = market.instrument.symbol
        house = None
        if self._house is not None and symbol == self._stage.market.symbols[0]:
            house = HouseTrader(self._house, f"{self._stage.market.seed}/{self.name}/{symbol}")
        rules = TradingRules.of(market.instrument, *FEE_RATES[self.name])
        self._floors[symbol] = TradingFloor(market, self._exchange, rules, self._tell, house)

    def _tell(self, events: Sequence[AccountEvent]) -> None:
        for account, own in groupby(events, key=lambda event: event.account):
            news = list(own)
            for witness in self.witnesses:
                witness.happened(account, news, None)

    def rules(self, symbol: str) -> TradingRules:
        """Return the rules of a symbol that was traded."""
        return self._exchange.rules(symbol)

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self._stage.now_ns
