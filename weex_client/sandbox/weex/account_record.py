"""One account of one WEEX market as the venue tells of it: frames, and what REST remembers."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from weex_client.protocol import Channel
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.weex.position_book import PositionBook, Turnover
from weex_client.simulation.account_events import (
    AccountEvent,
    BalanceChange,
    FillEvent,
    OrderState,
    PositionChange,
)
from weex_client.simulation.desk import Desk
from weex_client.simulation.orders import FINAL, OrderRequest
from weex_client.simulation.trading_rules import EXACT, TradingRules
from weex_client.venues.weex import mirror_private as mirror
from weex_client.venues.weex.endpoints import Market as MarketName

__all__ = [
    "CHANNELS",
    "DEPOSIT_UPDATE",
    "ORDER_UPDATE",
    "AccountRecord",
    "position_side",
    "time_in_force",
]

CHANNELS: Final[dict[str, Channel]] = {
    "account": Channel.ACCOUNT,
    "orders": Channel.ORDERS,
    "fill": Channel.FILLS,
    "positions": Channel.POSITIONS,
}

ORDER_UPDATE: Final = "OrderUpdate"
DEPOSIT_UPDATE: Final = "DepositUpdate"

# REST shows the newest ones; a client that was away reads back a few minutes.
_FILLS_KEPT: Final = 10_000
_MS: Final = 1_000_000
ZERO: Final = Decimal(0)


class _News(NamedTuple):
    """One item of a frame.

    Attributes:
        event: The frame's ``e``.
        subject: What it is about: no frame has two items about the same.
    """

    event: str
    symbol: str | None
    subject: str
    item: mirror.Item


class AccountRecord:
    """Turn what happens to an account into the venue's frames, for whoever listens.

    Attributes:
        desk: The account's orders and ledger.
        version: Of the newest frame; one counter for all channels.
        fills: The newest fills, oldest first.
        positions: Their ids and totals.
        listeners: Who gets the frames of each channel.
    """

    def __init__(
        self,
        market: MarketName,
        desk: Desk,
        rules: Callable[[str], TradingRules],
        opened_ns: int,
    ) -> None:
        self.desk = desk
        self.version = 0
        self.fills: deque[FillEvent] = deque(maxlen=_FILLS_KEPT)
        self.positions = PositionBook()
        self.listeners: dict[str, dict[Connection, None]] = {name: {} for name in CHANNELS}
        self._market = market
        self._rules = rules
        self._opened_ms = opened_ns // _MS
        self._fill_prices: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
        self._deposits: dict[str, Decimal] = {}
        self._amounts: dict[str, Decimal] = {}

    def note_deposit(self, currency: str, amount: Decimal) -> None:
        """Count a deposit."""
        self._deposits[currency] = EXACT.add(self._deposits.get(currency, ZERO), amount)

    def tell(self, events: Sequence[AccountEvent], cause: str = ORDER_UPDATE) -> None:
        """Send what happened, in the order of cause, to whoever listens."""
        time_ms = max(map(_time_ns, events), default=0) // _MS
        news = [each for event in events for each in self._read(event)]
        for name, run in groupby(news, key=lambda each: each.event):
            frame: dict[str, _News] = {}
            for each in run:
                if each.subject in frame:
                    self._send(name, time_ms, cause, frame.values())
                    frame = {}
                frame[each.subject] = each
            self._send(name, time_ms, cause, frame.values())

    def _send(self, name: str, time_ms: int, cause: str, news: Collection[_News]) -> None:
        self.version += 1
        listeners = self.listeners[name]
        if not listeners:
            return
        items = [each.item for each in news]
        text = mirror.encode_private(name, time_ms, self.version, cause, items)
        symbols = {each.symbol for each in news}
        symbol = symbols.pop() if len(symbols) == 1 else None
        frame = OutgoingFrame(text, name, CHANNELS[name], symbol)
        for connection in listeners:
            connection.send(frame)

    def _read(self, event: AccountEvent) -> list[_News]:
        match event:
            case OrderState():
                return [_News("orders", event.request.symbol, event.order_id, self.order(event))]
            case FillEvent():
                return [_News("fill", event.symbol, event.fill_id, self._fill(event))]
            case PositionChange():
                return [
                    _News(
                        "positions",
                        event.symbol,
                        figures.position_id,
                        mirror.contract_position(figures),
                    )
                    for figures in self.positions.figures(event)
                ]
            case BalanceChange():
                item = self._balance(event)
                return [] if item is None else [_News("account", None, event.currency, item)]

    def order(self, state: OrderState) -> mirror.Item:
        """Return an order as its frames spell it."""
        request, rules = state.request, self._rules(state.request.symbol)
        holding = self.desk.ledger.holdings.get(rules.symbol)
        price, trigger = request.price, request.trigger_price
        figures = mirror.OrderFigures(
            order_id=state.order_id,
            client_order_id=request.client_order_id or "",
            symbol=rules.symbol,
            base=rules.base,
            quote=rules.quote,
            side=request.side.upper(),
            position_side=position_side(request),
            type=request.type.upper(),
            time_in_force=time_in_force(request),
            reduce_only=request.reduce_only,
            price=None if price is None else rules.price(rules.ticks(price)),
            zero_price=rules.price(0),
            size=None if request.size is None else state.size,
            quote_size=request.quote_size,
            trigger_price=None if trigger is None else rules.price(rules.ticks(trigger)),
            leverage=Decimal(1) if holding is None else holding.leverage,
            taker_fee_rate=rules.taker_fee_rate,
            maker_fee_rate=rules.maker_fee_rate,
            status=self._status(state),
            cancel_reason=_cancel_reason(state),
            fill_prices=self._fill_prices.get(state.order_id),
            filled_size=state.filled_size,
            filled_value=state.filled_value,
            fee=state.fee,
            realized_pnl=state.realized_pnl,
            created_ms=state.created_ns // _MS,
            updated_ms=state.updated_ns // _MS,
        )
        if state.status in FINAL:
            self._fill_prices.pop(state.order_id, None)
        return mirror.spot_order(figures) if self._is_spot else mirror.contract_order(figures)

    def _status(self, state: OrderState) -> str:
        """Return the venue's word; it has none of its own for a partly filled order."""
        if state.status not in FINAL:
            order = self.desk.orders.get(state.order_id)
            waits = order is not None and order.trigger is not None
            return "UNTRIGGERED" if waits else "PENDING"
        return state.status.upper()

    def _fill(self, event: FillEvent) -> mirror.Item:
        self.fills.append(event)
        before = self._fill_prices.get(event.order_id, (event.price,) * 3)
        self._fill_prices[event.order_id] = (
            event.price,
            max(before[1], event.price),
            min(before[2], event.price),
        )
        rules, order = self._rules(event.symbol), self.desk.orders[event.order_id]
        figures = mirror.FillFigures(
            event.fill_id,
            event.order_id,
            event.symbol,
            rules.base,
            rules.quote,
            event.side.upper(),
            position_side(order.request),
            event.size,
            event.notional,
            event.fee,
            event.realized_pnl,
            event.liquidity == "maker",
            event.time_ns // _MS,
        )
        if self._is_spot:
            return mirror.spot_fill(figures)
        self.positions.note(event)
        return mirror.contract_fill(figures)

    def _balance(self, event: BalanceChange) -> mirror.Item | None:
        """Return a balance; on contract only when its amount has changed, for it says no more."""
        if self._is_spot:
            return mirror.spot_balance(
                mirror.SpotBalanceFigures(
                    event.currency, event.balance, event.available, event.frozen
                )
            )
        if self._amounts.get(event.currency) == event.balance:
            return None
        self._amounts[event.currency] = event.balance
        turnover = self.positions.turnovers.get(event.currency) or Turnover()
        return mirror.contract_balance(
            mirror.ContractBalanceFigures(
                event.currency,
                event.balance,
                self._deposits.get(event.currency, ZERO),
                turnover.opened["LONG"],
                turnover.opened["SHORT"],
                turnover.closed["LONG"],
                turnover.closed["SHORT"],
                turnover.fees,
                self._opened_ms,
                event.time_ns // _MS,
            )
        )

    @property
    def _is_spot(self) -> bool:
        return self._market == "spot"


def position_side(request: OrderRequest) -> mirror.PositionSide:
    """Return which position an order is about: buys open longs, and close shorts if they may."""
    return "LONG" if (request.side == "buy") != request.reduce_only else "SHORT"


def time_in_force(request: OrderRequest) -> str:
    """Return an order's time in force; whatever becomes a market order takes what it can."""
    return "IOC" if request.type.endswith("market") else request.time_in_force


def _cancel_reason(state: OrderState) -> str:
    if state.reason is None or state.status == "filled":
        return mirror.NO_CANCEL_REASON
    # The venue's list is open; these are ours, spelled as it spells.
    return "_".join(re.findall(r"\w+", state.reason.partition(":")[0])).upper()


def _time_ns(event: AccountEvent) -> int:
    return event.updated_ns if isinstance(event, OrderState) else event.time_ns
