"""The server's side of the WEEX V3 private wire: account, orders, fills and positions.

Greeting, acks and refusals are spelled as on the public socket, in ``mirror``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Final, Literal, NamedTuple

__all__ = [
    "ContractBalanceFigures",
    "FillFigures",
    "OrderFigures",
    "PositionFigures",
    "SpotBalanceFigures",
    "contract_balance",
    "contract_fill",
    "contract_order",
    "contract_position",
    "encode_private",
    "encode_private_ping",
    "spot_balance",
    "spot_fill",
    "spot_order",
]

Item = dict[str, object]
PositionSide = Literal["LONG", "SHORT"]

# Live and ended orders alike carry this where nobody cancelled them (contract-orders.jsonl).
NO_CANCEL_REASON: Final = "UNKNOWN_ORDER_CANCEL_REASON"

# What no order of ours ever has: attached stops, rebates, liquidation fees.
_LIQUIDATE_FEE_RATE: Final = "0.01"


class SpotBalanceFigures(NamedTuple):
    """What a spot account holds of one coin."""

    coin: str
    equity: Decimal
    available: Decimal
    frozen: Decimal


class ContractBalanceFigures(NamedTuple):
    """One coin of a contract account, with its totals since the account was opened."""

    coin: str
    amount: Decimal
    deposited: Decimal
    opened_long: Decimal
    opened_short: Decimal
    closed_long: Decimal
    closed_short: Decimal
    fees: Decimal
    created_ms: int
    updated_ms: int


class OrderFigures(NamedTuple):
    """One order; prices and sizes have the symbol's digits, None is what it has not.

    Attributes:
        zero_price: A price of nothing, with the symbol's digits.
        quote_size: Quote amount of a market buy (spot).
        fill_prices: Newest, highest and lowest price of its fills, or None without one.
    """

    order_id: str
    client_order_id: str
    symbol: str
    base: str
    quote: str
    side: str
    position_side: PositionSide
    type: str
    time_in_force: str
    reduce_only: bool
    price: Decimal | None
    zero_price: Decimal
    size: Decimal | None
    quote_size: Decimal | None
    trigger_price: Decimal | None
    leverage: Decimal
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal
    status: str
    cancel_reason: str
    fill_prices: tuple[Decimal, Decimal, Decimal] | None
    filled_size: Decimal
    filled_value: Decimal
    fee: Decimal
    realized_pnl: Decimal
    created_ms: int
    updated_ms: int


class FillFigures(NamedTuple):
    """One execution of an order."""

    fill_id: str
    order_id: str
    symbol: str
    base: str
    quote: str
    side: str
    position_side: PositionSide
    size: Decimal
    value: Decimal
    fee: Decimal
    realized_pnl: Decimal
    is_maker: bool
    time_ms: int


class PositionFigures(NamedTuple):
    """One position with its totals since it was opened; a size of zero is a closed one."""

    position_id: str
    coin: str
    symbol: str
    side: PositionSide
    leverage: Decimal
    size: Decimal
    open_value: Decimal
    open_fee: Decimal
    opened_size: Decimal
    opened_value: Decimal
    opened_fee: Decimal
    closed_size: Decimal
    closed_value: Decimal
    closed_fee: Decimal
    created_sequence: int
    updated_sequence: int
    created_ms: int
    updated_ms: int


def encode_private(
    event: str, time_ms: int, version: int, cause: str, items: Iterable[Item]
) -> str:
    """Write a private frame.

    Args:
        event: ``account``, ``orders``, ``fill`` or ``positions``.
        time_ms: When the frame is built.
        version: The account's counter, shared by its channels.
        cause: Why, as ``msgEvent`` spells it.
        items: Whole objects of everything that changed.

    Source:
        WEEX V3, sheet section 8.
    """
    return _text({"e": event, "E": time_ms, "v": version, "msgEvent": cause, "d": list(items)})


def encode_private_ping(time_ms: int) -> str:
    """Write the private socket's ping; its key is ``type``, the public one's ``event``."""
    return _text({"type": "ping", "time": str(time_ms)})


def spot_balance(figures: SpotBalanceFigures) -> Item:
    """Return an item of a spot ``account`` frame."""
    return {
        "coin": figures.coin,
        "equity": money(figures.equity),
        "available": money(figures.available),
        "frozen": money_or_zero(figures.frozen),
    }


def contract_balance(figures: ContractBalanceFigures) -> Item:
    """Return an item of a contract ``account`` frame; it says nothing of what is available."""
    return {
        "coin": figures.coin,
        "marginMode": "CROSSED",
        "crossSymbol": "0",
        "isolatedPositionId": "0",
        "amount": money(figures.amount),
        "pendingDepositAmount": "0.00000000",
        "pendingWithdrawAmount": "0.00000000",
        "pendingTransferInAmount": "0",
        "pendingTransferOutAmount": "0",
        "liquidating": False,
        "legacyAmount": money(figures.amount),
        "cumDepositAmount": money(figures.deposited),
        "cumWithdrawAmount": "0.00000000",
        "cumTransferInAmount": "0",
        "cumTransferOutAmount": "0",
        "cumMarginMoveInAmount": "0",
        "cumMarginMoveOutAmount": "0",
        "cumPositionOpenLongAmount": or_zero(figures.opened_long),
        "cumPositionOpenShortAmount": or_zero(figures.opened_short),
        "cumPositionCloseLongAmount": or_zero(figures.closed_long),
        "cumPositionCloseShortAmount": or_zero(figures.closed_short),
        "cumPositionFillFeeAmount": money_or_zero(figures.fees),
        "cumPositionLiquidateFeeAmount": "0",
        "cumPositionFundingAmount": "0",
        "cumOrderFillFeeIncomeAmount": "0",
        "cumOrderLiquidateFeeIncomeAmount": "0",
        "createdTime": str(figures.created_ms),
        "updatedTime": str(figures.updated_ms),
    }


def spot_order(figures: OrderFigures) -> Item:
    """Return an item of a spot ``orders`` frame."""
    return {
        "id": figures.order_id,
        "symbol": figures.symbol,
        "baseCoin": figures.base,
        "quoteCoin": figures.quote,
        "orderSide": figures.side,
        "price": "0" if figures.price is None else _digits(figures.price),
        "size": "0" if figures.size is None else _digits(figures.size),
        "value": "0" if figures.quote_size is None else _digits(figures.quote_size),
        "clientOrderId": figures.client_order_id,
        "type": figures.type,
        "timeInForce": figures.time_in_force,
        "reduceOnly": figures.reduce_only,
        "triggerPrice": "0" if figures.trigger_price is None else _digits(figures.trigger_price),
        "orderSource": "API",
        "openTpslParentOrderId": "0",
        "setOpenTp": False,
        "setOpenSl": False,
        "takerFeeRate": _digits(figures.taker_fee_rate),
        "makerFeeRate": _digits(figures.maker_fee_rate),
        "feeDiscount": "1",
        "takerFeeDiscount": "1",
        "makerFeeDiscount": "1",
        **_progress(figures),
        "cumFillFee": money_or_zero(figures.fee),
        "createdTime": str(figures.created_ms),
        "updatedTime": str(figures.updated_ms),
    }


def contract_order(figures: OrderFigures) -> Item:
    """Return an item of a contract ``orders`` frame."""
    price = figures.zero_price if figures.price is None else figures.price
    return {
        "id": figures.order_id,
        "coin": figures.quote,
        "symbol": figures.symbol,
        **_MODES,
        "positionSide": figures.position_side,
        "orderSide": figures.side,
        "price": _digits(price),
        "size": "0" if figures.size is None else _digits(figures.size),
        "clientOrderId": figures.client_order_id,
        "type": figures.type,
        "timeInForce": figures.time_in_force,
        "reduceOnly": figures.reduce_only,
        "triggerPrice": "0" if figures.trigger_price is None else _digits(figures.trigger_price),
        "triggerPriceType": "CONTRACT_PRICE",
        "orderSource": "API",
        "openTpslParentOrderId": "0",
        "positionTpsl": False,
        "setOpenTp": False,
        "setOpenSl": False,
        "leverage": _digits(figures.leverage),
        "takerFeeRate": _digits(figures.taker_fee_rate),
        "makerFeeRate": _digits(figures.maker_fee_rate),
        "feeDiscount": "1",
        "liquidateFeeRate": _LIQUIDATE_FEE_RATE,
        **_progress(figures),
        "cumFillFee": money_or_zero(figures.fee),
        "cumLiquidateFee": "0",
        "cumRealizePnl": or_zero(figures.realized_pnl),
        "createdTime": str(figures.created_ms),
        "updatedTime": str(figures.updated_ms),
    }


def _progress(figures: OrderFigures) -> Item:
    latest, highest, lowest = figures.fill_prices or (Decimal(0),) * 3
    return {
        "status": figures.status,
        "triggerTime": "0",
        "triggerPriceTime": "0",
        "triggerPriceValue": "0",
        "cancelReason": figures.cancel_reason,
        "latestFillPrice": or_zero(latest),
        "maxFillPrice": or_zero(highest),
        "minFillPrice": or_zero(lowest),
        "cumFillSize": or_zero(figures.filled_size),
        "cumFillValue": or_zero(figures.filled_value),
    }


def spot_fill(figures: FillFigures) -> Item:
    """Return an item of a spot ``fill`` frame."""
    return {
        "id": figures.fill_id,
        "symbol": figures.symbol,
        "baseCoin": figures.base,
        "quoteCoin": figures.quote,
        "orderId": figures.order_id,
        "orderSide": figures.side,
        "fillSize": _digits(figures.size),
        "fillValue": _digits(figures.value),
        "fillFee": money_or_zero(figures.fee),
        "direction": "MAKER" if figures.is_maker else "TAKER",
        "createdTime": str(figures.time_ms),
        "updatedTime": str(figures.time_ms),
    }


def contract_fill(figures: FillFigures) -> Item:
    """Return an item of a contract ``fill`` frame."""
    return {
        "id": figures.fill_id,
        "coin": figures.quote,
        "symbol": figures.symbol,
        "orderId": figures.order_id,
        **_MODES,
        "positionSide": figures.position_side,
        "orderSide": figures.side,
        "fillSize": _digits(figures.size),
        "fillValue": _digits(figures.value),
        "fillFee": money_or_zero(figures.fee),
        "liquidateFee": "0",
        "realizePnl": or_zero(figures.realized_pnl),
        "direction": "MAKER" if figures.is_maker else "TAKER",
        "createdTime": str(figures.time_ms),
        "updatedTime": str(figures.time_ms),
    }


def contract_position(figures: PositionFigures) -> Item:
    """Return an item of a ``positions`` frame; mark, profit and liquidation price are not in it."""
    return {
        "id": figures.position_id,
        "coin": figures.coin,
        "symbol": figures.symbol,
        "side": figures.side,
        **_MODES,
        "leverage": _digits(figures.leverage),
        "size": or_zero(figures.size),
        "openValue": or_zero(figures.open_value),
        "openFee": money_or_zero(figures.open_fee),
        "fundingFee": "0",
        "isolatedMargin": "0",
        "autoAppendIsolatedMargin": False,
        "cumOpenSize": or_zero(figures.opened_size),
        "cumOpenValue": or_zero(figures.opened_value),
        "cumOpenFee": money_or_zero(figures.opened_fee),
        "cumCloseSize": or_zero(figures.closed_size),
        "cumCloseValue": or_zero(figures.closed_value),
        "cumCloseFee": money_or_zero(figures.closed_fee),
        "cumFundingFee": "0",
        "cumLiquidateFee": "0",
        "createdMatchSequenceId": str(figures.created_sequence),
        "updatedMatchSequenceId": str(figures.updated_sequence),
        "createdTime": str(figures.created_ms),
        "updatedTime": str(figures.updated_ms),
    }


# One net position a symbol, with the whole account behind it.
_MODES: Final[Mapping[str, object]] = {
    "marginMode": "CROSSED",
    "separatedMode": "COMBINED",
    "separatedOpenOrderId": "0",
}

_EIGHT_DIGITS: Final = -8
# The caller's context has 28 digits and would round a long amount.
_WIDE: Final = Context(prec=120)


def money(number: Decimal) -> str:
    """Spell an amount with eight decimals; with more where it has them, so that none is lost."""
    exponent = number.normalize(_WIDE).as_tuple().exponent
    if isinstance(exponent, int) and exponent < _EIGHT_DIGITS:
        return _digits(number.normalize(_WIDE))
    return _digits(number.quantize(Decimal(1).scaleb(_EIGHT_DIGITS), context=_WIDE))


def money_or_zero(number: Decimal) -> str:
    """Spell an amount as `money` does, and nothing at all as ``0``."""
    return money(number) if number else "0"


def or_zero(number: Decimal) -> str:
    """Spell a number with its own digits, and nothing at all as ``0``."""
    return _digits(number) if number else "0"


def _digits(number: Decimal) -> str:
    return format(number, "f")


def _text(frame: Mapping[str, object]) -> str:
    return json.dumps(frame, separators=(",", ":"))
