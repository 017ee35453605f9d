"""What a trader does on a paper account, once a market is there: orders, streams, closing out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from weex_client.clock import Clock
from weex_client.errors import (
    ClientClosedError,
    InvalidOrderError,
    NoMarketError,
    RiskLimitError,
    UnsupportedChannelError,
)
from weex_client.models import Account, Message, Side
from weex_client.paper.account import ACCOUNT, PaperAccount
from weex_client.paper.feed import MarketFeed
from weex_client.paper.messages import VENUE, PaperFill, PaperOrder, PaperPosition, order_of
from weex_client.paper.report import PaperReport, report_of
from weex_client.paper.risk import RiskGuard
from weex_client.protocol import Channel
from weex_client.simulation import (
    ContractLedger,
    OrderRequest,
    OrderState,
    OrderType,
    SpotLedger,
    TimeInForce,
)
from weex_client.simulation.position import Holding
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.streaming.subscription import Subscription

__all__ = ["Number", "PaperTrader", "positive"]

Number = Decimal | int | str | float

_QUEUE_SIZE = 1000


class PaperTrader(ABC):
    """Trade one paper account; ``PaperTradingEngine`` adds what drives it."""

    def __init__(self, account: PaperAccount, guard: RiskGuard, clock: Clock) -> None:
        self._account = account
        self._guard = guard
        self._clock = clock
        self._feed: MarketFeed | None = None
        self._ended_by: Exception | None = None

    # What there is.

    @property
    def balance(self) -> Decimal:
        """What is in the wallet, quote units: what was realized and paid is in it."""
        return self._account.ledger.balance(self._account.currency).balance

    @property
    def available(self) -> Decimal:
        """What new orders may use, quote units."""
        return self._account.ledger.balance(self._account.currency).available

    @property
    def equity(self) -> Decimal:
        """What the account is worth at the marks, quote units."""
        return self._account.ledger.equity(self._account.currency)

    @property
    def positions(self) -> Mapping[str, Decimal]:
        """Sizes of what is open by symbol, base units: positive is long, negative short."""
        held = self._account.ledger.holdings
        return {symbol: each.size for symbol, each in held.items() if each.size}

    @property
    def orders(self) -> Mapping[str, PaperOrder]:
        """Orders by id as they are now; of those that are over, the newest 10,000."""
        return MappingProxyType(self._account.orders)

    @property
    def open_orders(self) -> Mapping[str, PaperOrder]:
        """Orders by id that are not over, oldest first."""
        shown = self._account.orders
        open_ones = self._account.desk.open_orders
        return {order_id: shown[order_id] for order_id in open_ones if order_id in shown}

    @property
    def trades(self) -> list[PaperFill]:
        """Own fills, oldest first; the newest 100,000."""
        return list(self._account.board.fills)

    def has_position(self, symbol: str) -> bool:
        """Tell whether something of a symbol is open."""
        return symbol in self.positions

    def position(self, symbol: str) -> PaperPosition | None:
        """Return a contract position in full, or None when nothing is open."""
        snapshot = self._account.snapshot(Channel.POSITIONS)
        return next((each.data for each in snapshot if each.symbol == symbol), None)

    def calculate_portfolio_value(self, current_price: Number | None = None) -> Decimal:
        """Return what the account is worth.

        Args:
            current_price: Another price than the mark, of the one symbol that is traded.

        Raises:
            InvalidOrderError: If the price is no number, or several symbols are open.
        """
        if current_price is None:
            return self.equity
        price = _number(current_price, "current_price", None)
        held = [each for each in self._account.ledger.holdings.values() if each.size]
        if len(held) > 1:
            raise InvalidOrderError(
                "several symbols are open, one price does not value them: leave it out",
                symbol=None,
                field="current_price",
            )
        value = self.equity
        for holding in held:
            mark = holding.mark if holding.mark is not None else _cost(holding)
            value += holding.size * (price - mark)
        return value

    def report(self) -> PaperReport:
        """Return what the account has come to so far."""
        account = self._account
        return report_of(account.board, account.ledger, account.currency, account.desk.written_off)

    # What a trader does.

    async def submit(
        self,
        symbol: str,
        side: Side,
        size: Number | None = None,
        *,
        price: Number | None = None,
        type: OrderType | None = None,  # noqa: A002 - as the payload calls it
        time_in_force: TimeInForce = "GTC",
        trigger_price: Number | None = None,
        quote_size: Number | None = None,
        reduce_only: bool = False,
        client_order_id: str | None = None,
    ) -> PaperOrder:
        """Submit an order; it is saved, if the engine saves, when this returns.

        Args:
            symbol: Any symbol of the client's market; one that is not followed yet is, then.
            side: ``buy`` or ``sell``.
            size: Base units.
            price: The limit.
            type: A limit order where there is a price, a market order where there is none; say
                it for ``stop``, ``take_profit``, ``stop_market`` and ``take_profit_market``.
            time_in_force: ``GTC``, ``IOC``, ``FOK`` or ``POST_ONLY``.
            trigger_price: Last price that makes a stop or take-profit order active.
            quote_size: Instead of a size: what a spot market buy may spend.
            reduce_only: Never open a position, nor turn one round.
            client_order_id: Your own id, unique in the account.

        Returns:
            The order as it is now: it may be filled already.

        Raises:
            OrderRejectedError: If it is refused; a subclass says why. Nothing has changed then.
            ClientClosedError: If the engine does not run.
            WeexClientError: What ended the market's streams or the file, if something did.
        """
        symbol = symbol.upper()
        request = OrderRequest(
            symbol=symbol,
            side=side,
            type=type or ("market" if price is None else "limit"),
            size=_optional(size, "size", symbol),
            quote_size=_optional(quote_size, "quote_size", symbol),
            price=_optional(price, "price", symbol),
            trigger_price=_optional(trigger_price, "trigger_price", symbol),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_order_id=client_order_id,
        )
        request.check()
        await self._running().ready(symbol)
        limit = self._guard.blocks(self._clock.time_ns())
        if limit is not None and not reduce_only and not self._only_closes(request):
            raise RiskLimitError(
                f"{limit} is broken: only orders that reduce are taken", symbol=symbol, limit=limit
            )
        order = await self._place(request)
        await self._look()
        return order

    async def cancel(self, order_id: str) -> PaperOrder:
        """Cancel an order, and return it as it ended.

        Raises:
            UnknownOrderError: If there is no such order.
            OrderClosedError: If it is over; it names how.
        """
        events = self._account.exchange.cancel(ACCOUNT, order_id, self._clock.time_ns())
        await self._account.settle(events)
        state = next(event for event in events if isinstance(event, OrderState))
        return order_of(state)

    async def cancel_all(self, symbol: str | None = None) -> None:
        """Cancel every open order, or those of one symbol."""
        events = self._account.exchange.cancel_all(
            ACCOUNT, self._clock.time_ns(), symbol, "canceled by its owner"
        )
        await self._account.settle(events)

    async def close_all(self) -> None:
        """Cancel every order and close every position at the market, as far as its book goes.

        Raises:
            NoMarketError: If a symbol has no book now; the others are closed.
        """
        await self.cancel_all()
        missing: NoMarketError | None = None
        for symbol, size in self.positions.items():
            try:
                await self._reduce(symbol, size.copy_abs())
            except NoMarketError as exc:
                missing = exc
        if missing is not None:
            raise missing

    async def set_leverage(self, symbol: str, leverage: Number) -> None:
        """Change a symbol's leverage, also of what is open.

        Raises:
            InvalidOrderError: If it is out of range, or the market is spot.
            InsufficientBalanceError: If the account cannot hold the greater margin.
        """
        ledger = self._account.ledger
        if not isinstance(ledger, ContractLedger):
            raise InvalidOrderError("spot has no leverage", symbol=symbol, field="leverage")
        await self._running().ready(symbol)
        rules = self._account.exchange.rules(symbol)
        ledger.set_leverage(rules, _number(leverage, "leverage", symbol))
        now_ns = self._clock.time_ns()
        await self._account.settle(
            [self._account.desk.position(ledger.holding(rules), now_ns)]
            if ledger.holding(rules).size
            else self._account.desk.balances(now_ns)
        )

    # The streams of a real client.

    def stream_account(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[Account]]:
        """Stream balances as they change; what is there now comes first, as a snapshot."""
        return self._stream(Channel.ACCOUNT, queue_size, overflow)

    def stream_positions(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[PaperPosition]]:
        """Stream positions as they change, and at most once a second at a new mark.

        Raises:
            UnsupportedChannelError: If the market is spot, which has none.
        """
        if not self._account.ledger.has_positions:
            raise UnsupportedChannelError(
                "a spot account has no positions; its channels: account, orders, fills",
                venue=VENUE,
                available=("account", "orders", "fills"),
            )
        return self._stream(Channel.POSITIONS, queue_size, overflow)

    def stream_orders(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[PaperOrder]]:
        """Stream orders as they change; those that are open come first, as a snapshot."""
        return self._stream(Channel.ORDERS, queue_size, overflow)

    def stream_fills(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[PaperFill]]:
        """Stream own executions from now on."""
        return self._stream(Channel.FILLS, queue_size, overflow)

    def _stream(
        self, channel: Channel, queue_size: int | None, overflow: OverflowPolicy
    ) -> Subscription[Any]:
        size = _QUEUE_SIZE if queue_size is None else queue_size
        first = self._account.snapshot(channel)
        return self._account.streams.open(channel, size, overflow, first)

    # Inside.

    @abstractmethod
    async def _look(self) -> None:
        """Value the account after something has changed."""

    def _running(self) -> MarketFeed:
        if self._ended_by is not None:
            raise self._ended_by
        if self._feed is None:
            raise ClientClosedError(
                "the engine does not run: use 'async with engine.trading(client)', or"
                " await engine.run(client, strategy)"
            )
        return self._feed

    async def _place(self, request: OrderRequest) -> PaperOrder:
        state, events = self._account.exchange.submit(ACCOUNT, request, self._clock.time_ns())
        await self._account.settle(events)
        # As it was saved: by now, more may have happened that is not saved yet.
        return order_of(state)

    async def _reduce(self, symbol: str, size: Decimal) -> None:
        """Close some of a position at the market, never more than there is by now."""
        account = self._account
        rules, held = account.exchange.rules(symbol), account.ledger.holdings[symbol].size
        lots = rules.lots_below(min(size, held.copy_abs()))
        if lots:
            request = OrderRequest(
                symbol=symbol,
                side="sell" if held > 0 else "buy",
                type="market",
                size=rules.size(lots),
                reduce_only=account.ledger.has_positions,
            )
            await self._place(request)

    def _only_closes(self, request: OrderRequest) -> bool:
        """Tell whether an order, however it fills, opens nothing."""
        size = self.positions.get(request.symbol, Decimal(0))
        if isinstance(self._account.ledger, SpotLedger):
            return request.side == "sell"
        is_against = (size > 0) if request.side == "sell" else (size < 0)
        return is_against and request.size is not None and request.size <= abs(size)


def _cost(holding: Holding) -> Decimal:
    return holding.entry_price or Decimal(0)


def positive(field: str, value: Number, symbol: str) -> Decimal:
    """Return a number that is greater than 0.

    Raises:
        InvalidOrderError: If it is not.
    """
    number = _number(value, field, symbol)
    if number <= 0:
        raise InvalidOrderError(
            f"{field} must be greater than 0, not {value}", symbol=symbol, field=field
        )
    return number


def _optional(value: Number | None, field: str, symbol: str) -> Decimal | None:
    return None if value is None else _number(value, field, symbol)


def _number(value: Number, field: str, symbol: str | None) -> Decimal:
    """Return a number as it is written: 0.1 is a tenth, also where it was a float."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InvalidOrderError(
            f"{field} must be a number, not {value!r}", symbol=symbol, field=field
        )
    return number
