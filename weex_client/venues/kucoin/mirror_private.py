"""The server's side of KuCoin's account: its frames, and its rows over HTTP. Pure."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Literal, NamedTuple

from weex_client.venues.kucoin.channels import BALANCES, ORDERS, STOP_ORDERS
from weex_client.venues.kucoin.mirror import digits

__all__ = [
    "BalanceFigures",
    "FillFigures",
    "OrderFigures",
    "account_row",
    "encode_balance",
    "encode_order",
    "encode_stop_order",
    "fill_row",
    "order_row",
]

OrderEvent = Literal["received", "open", "match", "filled", "canceled"]
StopEvent = Literal["open", "triggered", "cancel"]
StopKind = Literal["loss", "entry"]

_MS = 1_000_000
_ACCOUNT = "trade"


class FillFigures(NamedTuple):
    """One fill of one order."""

    trade_id: str
    order_id: str
    symbol: str
    side: str
    price: Decimal
    size: Decimal
    value: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Literal["maker", "taker"]
    time_ns: int


class OrderFigures(NamedTuple):
    """One order at one moment; sizes in base units, a market buy's funds in quote units."""

    order_id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    price: Decimal | None
    size: Decimal | None
    funds: Decimal | None
    filled_size: Decimal
    filled_value: Decimal
    fee: Decimal
    fee_currency: str
    is_active: bool
    is_canceled: bool
    created_ns: int
    time_ns: int

    @property
    def remaining(self) -> Decimal:
        """Return what is not filled."""
        return Decimal(0) if self.size is None else self.size - self.filled_size


class BalanceFigures(NamedTuple):
    """One currency's balance, and how it has changed."""

    currency: str
    total: Decimal
    available: Decimal
    hold: Decimal
    available_change: Decimal
    hold_change: Decimal
    event: str
    number: int
    time_ns: int


def encode_order(event: OrderEvent, order: OrderFigures, fill: FillFigures | None = None) -> str:
    """Write what has happened to an order; a ``match`` has its fill."""
    data: dict[str, object] = {
        "clientOid": order.client_order_id,
        "orderId": order.order_id,
        "orderTime": order.created_ns // _MS,
        "orderType": order.type,
        "side": order.side,
        "symbol": order.symbol,
        "ts": order.time_ns,
        "type": event,
        "status": _status(event, fill),
    }
    if order.price is not None:
        data["price"] = digits(order.price)
    if order.size is not None:
        data["originSize"] = digits(order.size)
    if order.funds is not None:
        data["originFunds"] = digits(order.funds)
    if event != "received":
        remaining = order.remaining
        is_over = event in ("filled", "canceled")
        data["filledSize"] = digits(order.filled_size)
        data["remainSize"] = "0" if is_over else digits(remaining)
        data["canceledSize"] = digits(remaining) if event == "canceled" else "0"
        if order.size is not None:
            data["size"] = digits(order.size)
    if fill is not None:
        data |= {
            "matchPrice": digits(fill.price),
            "matchSize": digits(fill.size),
            "tradeId": fill.trade_id,
            "liquidity": fill.liquidity,
            "feeType": f"{fill.liquidity}Fee",
        }
    return _private(ORDERS, "orderChange", data)


def _status(event: OrderEvent, fill: FillFigures | None) -> str:
    match event:
        case "received":
            return "new"
        case "open":
            return "open"
        case "match":  # of an order that rests it stays open
            return "match" if fill is not None and fill.liquidity == "taker" else "open"
        case _:
            return "done"


def encode_stop_order(
    event: StopEvent, order: OrderFigures, kind: StopKind, stop_price: Decimal
) -> str:
    """Write what has happened to an order that waits for a price."""
    data: dict[str, object] = {
        "orderId": order.order_id,
        "orderPrice": "0" if order.price is None else digits(order.price),
        "orderType": "stop",
        "side": order.side,
        "size": "0" if order.size is None else digits(order.size),
        "stop": kind,
        "stopPrice": digits(stop_price),
        "symbol": order.symbol,
        "tradeType": "TRADE",
        "type": event,
        "createdAt": order.created_ns // _MS,
        "ts": order.time_ns,
    }
    if event == "triggered":
        data["triggerSuccess"] = True
    return _private(STOP_ORDERS, "stopOrder", data)


def encode_balance(balance: BalanceFigures) -> str:
    """Write a balance after a change."""
    data = {
        "accountId": f"{_ACCOUNT}-{balance.currency}",
        "currency": balance.currency,
        "total": digits(balance.total),
        "available": digits(balance.available),
        "hold": digits(balance.hold),
        "availableChange": digits(balance.available_change),
        "holdChange": digits(balance.hold_change),
        "relationContext": {},
        "relationEvent": f"{_ACCOUNT}.{balance.event}",
        "relationEventId": str(balance.number),
        "time": str(balance.time_ns // _MS),
    }
    return _private(BALANCES, "account.balance", data)


def _private(topic: str, subject: str, data: object) -> str:
    frame = {
        "topic": topic,
        "type": "message",
        "subject": subject,
        "userId": "sandbox",
        "channelType": "private",
        "data": data,
    }
    return json.dumps(frame, separators=(",", ":"))


def account_row(currency: str, total: Decimal, available: Decimal, hold: Decimal) -> object:
    """Return a balance as ``GET /api/v1/accounts`` has it."""
    return {
        "id": f"{_ACCOUNT}-{currency}",
        "currency": currency,
        "type": _ACCOUNT,
        "balance": digits(total),
        "available": digits(available),
        "holds": digits(hold),
    }


def order_row(order: OrderFigures) -> object:
    """Return an order as ``GET /api/v1/orders`` has it."""
    return {
        "id": order.order_id,
        "symbol": order.symbol,
        "opType": "DEAL",
        "type": order.type,
        "side": order.side,
        "price": "0" if order.price is None else digits(order.price),
        "size": "0" if order.size is None else digits(order.size),
        "funds": "0" if order.funds is None else digits(order.funds),
        "dealFunds": digits(order.filled_value),
        "dealSize": digits(order.filled_size),
        "fee": digits(order.fee),
        "feeCurrency": order.fee_currency,
        "stop": "",
        "stopPrice": "0",
        "timeInForce": "GTC",
        "clientOid": order.client_order_id,
        "isActive": order.is_active,
        "cancelExist": order.is_canceled,
        "createdAt": order.created_ns // _MS,
        "tradeType": "TRADE",
    }


def fill_row(fill: FillFigures) -> object:
    """Return a fill as ``GET /api/v1/fills`` has it."""
    return {
        "symbol": fill.symbol,
        "tradeId": fill.trade_id,
        "orderId": fill.order_id,
        "counterOrderId": "",
        "side": fill.side,
        "liquidity": fill.liquidity,
        "forceTaker": fill.liquidity == "taker",
        "price": digits(fill.price),
        "size": digits(fill.size),
        "funds": digits(fill.value),
        "fee": digits(fill.fee),
        "feeRate": "0.001",
        "feeCurrency": fill.fee_currency,
        "stop": "",
        "type": "limit",
        "createdAt": fill.time_ns // _MS,
        "tradeType": "TRADE",
    }
