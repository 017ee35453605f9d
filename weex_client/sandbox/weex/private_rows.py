"""Accounts, orders, fills and positions as the WEEX V3 REST API spells them. Nothing is read here.

The same ids that frames spell as strings are numbers here, above 2^53.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from weex_client.sandbox.weex.account_record import AccountRecord, position_side, time_in_force
from weex_client.simulation.account_events import FillEvent, OrderState
from weex_client.simulation.desk import Desk
from weex_client.simulation.orders import FINAL
from weex_client.simulation.position import Holding
from weex_client.simulation.trading_rules import TradingRules
from weex_client.venues.weex.mirror_private import PositionFigures, money, money_or_zero, or_zero

__all__ = [
    "contract_balances",
    "contract_fill",
    "contract_order",
    "position_row",
    "spot_account",
    "spot_fill",
    "spot_order",
]

Row = dict[str, object]

_MS: Final = 1_000_000


def spot_account(desk: Desk, time_ms: int, rates: tuple[Decimal, Decimal]) -> Row:
    """Return a spot account with its balances."""
    balances: list[Row] = []
    for currency in desk.ledger.wallets:
        _, available, frozen = desk.ledger.balance(currency)
        balances.append(
            {"asset": currency, "free": money(available), "locked": money_or_zero(frozen)}
        )
    return {
        "makerCommission": 0,
        "takerCommission": 0,
        "commissionRates": {"maker": money(rates[0]), "taker": money(rates[1])},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "updateTime": time_ms,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 7,
    }


def contract_balances(desk: Desk) -> list[Row]:
    """Return the balances of a contract account."""
    rows: list[Row] = []
    for currency in desk.ledger.wallets:
        balance, available, frozen = desk.ledger.balance(currency)
        rows.append(
            {
                "asset": currency,
                "balance": money(balance),
                "availableBalance": money(available),
                "frozen": money_or_zero(frozen),
                "unrealizePnl": or_zero(desk.ledger.unrealized_pnl(currency)),
            }
        )
    return rows


def spot_order(state: OrderState, rules: TradingRules) -> Row:
    """Return a spot order."""
    request = state.request
    return {
        "symbol": request.symbol,
        "orderId": int(state.order_id),
        "clientOrderId": request.client_order_id or "",
        "price": _price(state, rules),
        "origQty": _size(state),
        "executedQty": or_zero(state.filled_size),
        "cummulativeQuoteQty": or_zero(state.filled_value),
        "status": _status(state),
        "timeInForce": time_in_force(request),
        "type": request.type.upper(),
        "side": request.side.upper(),
        "time": state.created_ns // _MS,
        "updateTime": state.updated_ns // _MS,
        "isWorking": state.status not in FINAL,
    }


def contract_order(state: OrderState, rules: TradingRules) -> Row:
    """Return a contract order."""
    request, trigger = state.request, state.request.trigger_price
    average = rules.price(0) if state.average_price is None else state.average_price
    return {
        "avgPrice": format(average, "f"),
        "clientOrderId": request.client_order_id or "",
        "cumQuote": or_zero(state.filled_value),
        "executedQty": or_zero(state.filled_size),
        "orderId": int(state.order_id),
        "origQty": _size(state),
        "price": _price(state, rules),
        "reduceOnly": request.reduce_only,
        "side": request.side.upper(),
        "positionSide": position_side(request),
        "status": _status(state),
        "stopPrice": "0" if trigger is None else format(rules.price(rules.ticks(trigger)), "f"),
        "symbol": request.symbol,
        "time": state.created_ns // _MS,
        "timeInForce": time_in_force(request),
        "type": request.type.upper(),
        "updateTime": state.updated_ns // _MS,
        "workingType": "UNKNOWN_PRICE_TYPE" if trigger is None else "CONTRACT_PRICE",
    }


def _price(state: OrderState, rules: TradingRules) -> str:
    price = state.request.price
    return format(rules.price(0 if price is None else rules.ticks(price)), "f")


def _size(state: OrderState) -> str:
    return "0" if state.size is None else format(state.size, "f")


def _status(state: OrderState) -> str:
    # No recorded order was partly filled; the private stream has no word for it either, and
    # clients of others know NEW for an order that is alive.
    return state.status.upper() if state.status in FINAL else "NEW"


def spot_fill(fill: FillEvent) -> Row:
    """Return a fill of a spot order."""
    return {
        "symbol": fill.symbol,
        "id": int(fill.fill_id),
        "orderId": int(fill.order_id),
        "price": format(fill.price, "f"),
        "qty": format(fill.size, "f"),
        "quoteQty": format(fill.notional, "f"),
        "commission": money_or_zero(fill.fee),
        "time": fill.time_ns // _MS,
        "isBuyer": fill.side == "buy",
    }


def contract_fill(fill: FillEvent, record: AccountRecord) -> Row:
    """Return a fill of a contract order."""
    order = record.desk.orders.get(fill.order_id)
    opens: str = "LONG" if fill.side == "buy" else "SHORT"
    return {
        "id": int(fill.fill_id),
        "orderId": int(fill.order_id),
        "symbol": fill.symbol,
        "buyer": fill.side == "buy",
        "commission": money_or_zero(fill.fee),
        "commissionAsset": fill.fee_currency,
        "maker": fill.liquidity == "maker",
        "price": format(fill.price, "f"),
        "qty": format(fill.size, "f"),
        "quoteQty": format(fill.notional, "f"),
        "realizedPnl": or_zero(fill.realized_pnl),
        "side": fill.side.upper(),
        "positionSide": opens if order is None else position_side(order.request),
        "time": fill.time_ns // _MS,
    }


def position_row(
    figures: PositionFigures, holding: Holding, liquidation_price: Decimal | None
) -> Row:
    """Return an open position, with what its frames do not say: profit, margin, liquidation."""
    liquidation = "0" if liquidation_price is None else format(liquidation_price, "f")
    return {
        "id": int(figures.position_id),
        "asset": figures.coin,
        "symbol": figures.symbol,
        "side": figures.side,
        "marginType": "CROSSED",
        "separatedMode": "COMBINED",
        "separatedOpenOrderId": 0,
        "leverage": format(figures.leverage.quantize(Decimal("0.01")), "f"),
        "size": format(figures.size, "f"),
        "openValue": or_zero(figures.open_value),
        "openFee": money_or_zero(figures.open_fee),
        "fundingFee": "0",
        "marginSize": format(holding.margin, "f"),
        "isolatedMargin": "0",
        "isAutoAppendIsolatedMargin": False,
        "cumOpenSize": or_zero(figures.opened_size),
        "cumOpenValue": or_zero(figures.opened_value),
        "cumOpenFee": money_or_zero(figures.opened_fee),
        "cumCloseSize": or_zero(figures.closed_size),
        "cumCloseValue": or_zero(figures.closed_value),
        "cumCloseFee": money_or_zero(figures.closed_fee),
        "cumFundingFee": "0",
        "cumLiquidateFee": "0",
        "createdMatchSequenceId": figures.created_sequence,
        "updatedMatchSequenceId": figures.updated_sequence,
        "createdTime": figures.created_ms,
        "updatedTime": figures.updated_ms,
        "unrealizePnl": or_zero(holding.unrealized_pnl or Decimal(0)),
        "liquidatePrice": liquidation,
    }
