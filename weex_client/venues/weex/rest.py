"""What WEEX V3 is asked about an account over REST, and what the answers mean. Pure.

Source:
    Sheet, sections 3 and 8, for paths and signature; for the order's detail and for fills, whose
    pages the sheet does not name, what ccxt 4.5.90 (``weex.py``) calls and reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

from weex_client.errors import DecodeError
from weex_client.models import Message, Payload, enveloped, gone
from weex_client.protocol import Channel
from weex_client.rest import AccountReads, Detail, Query
from weex_client.venues.weex.codec import VENUE
from weex_client.venues.weex.endpoints import Market
from weex_client.venues.weex.private import order_status, ratio
from weex_client.venues.weex.rest_answers import shaped
from weex_client.venues.weex.rest_wire import (
    ContractBalance,
    RestFill,
    RestOrder,
    RestPosition,
    SpotState,
)
from weex_client.venues.weex.wire import WeexAccount, WeexFill, WeexOrder, WeexPosition

__all__ = ["account_reads"]

# The most that both markets give in one answer (ccxt 4.5.90).
_FILLS_PER_PAGE: Final = 100


def account_reads(channel: StrEnum, market: Market) -> AccountReads | None:
    """Return how the state behind a private channel is read on a market."""
    is_spot = market == "spot"
    match channel:
        case Channel.ACCOUNT:
            return _SpotBalances() if is_spot else _ContractBalances()
        case Channel.POSITIONS:
            return _Positions()
        case Channel.ORDERS:
            return _Orders("/api/v3" if is_spot else "/capi/v3")
        case Channel.FILLS:
            return _SpotFills() if is_spot else _ContractFills()
        case _:
            return None


def _message(
    channel: StrEnum,
    symbol: str | None,
    data: Payload,
    time_ms: int | None,
    received_time_ns: int,
    *,
    is_snapshot: bool,
) -> Message[Any]:
    """Put what was read into its envelope; a time that the venue does not say stays None."""
    time_ns = None if time_ms is None else time_ms * 1_000_000
    return enveloped(
        VENUE, channel.value, symbol, data, time_ns, received_time_ns, is_snapshot=is_snapshot
    )


_spot_state = TypeAdapter(SpotState)
_contract_balances = TypeAdapter(list[ContractBalance])
_positions = TypeAdapter(list[RestPosition])
_order = TypeAdapter(RestOrder)
_orders = TypeAdapter(list[RestOrder])
_fills = TypeAdapter(list[RestFill])


class _SpotBalances:
    """Balances of the spot market; one time for all of them."""

    query: Final = Query("balances", "/api/v3/account/")

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        state = shaped(_spot_state, body, self.query.about)
        return [
            _message(
                Channel.ACCOUNT,
                None,
                WeexAccount(
                    currency=each.asset,
                    balance=each.free + each.locked,
                    available=each.free,
                    frozen=each.locked,
                ),
                state.updateTime,
                received_time_ns,
                is_snapshot=True,
            )
            for each in state.balances
        ]

    def became(self, message: Message[Any], received_time_ns: int) -> Message[Any] | None:
        nought = Decimal(0)
        return gone(message, received_time_ns, balance=nought, available=nought, frozen=nought)


class _ContractBalances:
    """Balances of the contract market: crossed margin only, without a time."""

    query: Final = Query("balances", "/capi/v3/account/balance")

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        return [
            _message(
                Channel.ACCOUNT,
                None,
                WeexAccount(
                    currency=each.asset,
                    balance=each.balance,
                    available=each.availableBalance,
                    frozen=each.frozen,
                ),
                None,
                received_time_ns,
                is_snapshot=True,
            )
            for each in shaped(_contract_balances, body, self.query.about)
        ]

    def became(self, message: Message[Any], received_time_ns: int) -> Message[Any] | None:
        if message.data.isolated_position_id is not None:
            return None  # not among these balances, whatever becomes of it
        return gone(message, received_time_ns, balance=Decimal(0), available=None, frozen=None)


class _Positions:
    """Open positions of the contract market."""

    query: Final = Query("open positions", "/capi/v3/account/position/allPosition")

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        return [
            _message(
                Channel.POSITIONS,
                each.symbol.upper(),
                WeexPosition(
                    symbol=each.symbol.upper(),
                    side="long" if each.side == "LONG" else "short",
                    size=each.size,
                    entry_price=ratio(each.openValue, each.size),
                    leverage=each.leverage,
                    margin_mode=_lower(each.marginMode),
                    position_id=each.id,
                    entry_value=each.openValue,
                    currency=each.coin,
                    separated_mode=_lower(each.separatedMode),
                ),
                each.updatedTime,
                received_time_ns,
                is_snapshot=True,
            )
            for each in shaped(_positions, body, self.query.about)
            if each.size
        ]

    def became(self, message: Message[Any], received_time_ns: int) -> Message[Any] | None:
        nought = Decimal(0)
        return gone(message, received_time_ns, size=nought, entry_price=None, entry_value=nought)


class _Orders:
    """Open orders of either market; what became of one that is open no more is asked for."""

    def __init__(self, root: str) -> None:
        self.query: Final = Query("open orders", f"{root}/openOrders")
        self._detail_path = f"{root}/order"

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        items = shaped(_orders, body, self.query.about)
        messages = [_order_message(each, received_time_ns, is_snapshot=True) for each in items]
        messages.sort(key=lambda message: message.timestamp)
        return messages

    def became(self, message: Message[Any], received_time_ns: int) -> Detail:  # noqa: ARG002
        parameters = ("symbol", message.data.symbol), ("orderId", message.data.order_id)
        return Detail(Query("order", self._detail_path, parameters), _read_order)


def _read_order(body: bytes, received_time_ns: int) -> Message[Any]:
    return _order_message(shaped(_order, body, "order"), received_time_ns, is_snapshot=False)


def _order_message(item: RestOrder, received_time_ns: int, *, is_snapshot: bool) -> Message[Any]:
    data = WeexOrder(
        order_id=item.orderId,
        client_order_id=item.clientOrderId or None,
        symbol=item.symbol.upper(),
        side=item.side,
        type=item.type.lower(),
        status=order_status(item.status, item.executedQty),
        price=item.price or None,
        size=item.origQty or None,
        filled_size=item.executedQty,
        average_price=ratio(item.quote, item.executedQty),
        status_text=item.status,
        position_side=item.positionSide,
        time_in_force=item.timeInForce,
        reduce_only=item.reduceOnly,
        trigger_price=item.stopPrice or None,
    )
    return _message(
        Channel.ORDERS,
        data.symbol,
        data,
        item.updateTime,
        received_time_ns,
        is_snapshot=is_snapshot,
    )


class _ContractFills:
    """Fills of the contract market, of all symbols at once."""

    page_size: Final = _FILLS_PER_PAGE
    symbols_query: Query | None = None
    _path = "/capi/v3/userTrades"

    def read_symbols(self, body: bytes) -> frozenset[str]:
        return frozenset(each.symbol for each in shaped(_orders, body, "open orders"))

    def page(self, symbol: str | None, start_ms: int, end_ms: int | None) -> Query:
        parameters = [("startTime", str(start_ms)), ("limit", str(self.page_size))]
        if symbol is not None:
            parameters.insert(0, ("symbol", symbol))
        if end_ms is not None:
            parameters.append(("endTime", str(end_ms)))
        return Query("fills", self._path, tuple(parameters))

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        items = shaped(_fills, body, "fills")
        return [_fill_message(each, received_time_ns) for each in items]


class _SpotFills(_ContractFills):
    """Fills of the spot market, which tells those of one symbol at a time."""

    symbols_query: Query | None = Query("open orders", "/api/v3/openOrders")
    _path = "/api/v3/myTrades"


def _fill_message(item: RestFill, received_time_ns: int) -> Message[Any]:
    side = item.side
    if side is None:
        if item.isBuyer is None:
            raise DecodeError("fills: neither side nor isBuyer")  # a guess would turn it around
        side = "buy" if item.isBuyer else "sell"
    data = WeexFill(
        fill_id=item.id,
        order_id=item.orderId,
        symbol=item.symbol.upper(),
        side=side,
        price=item.price,
        size=item.qty,
        fee=item.commission,
        liquidity=None if item.maker is None else "maker" if item.maker else "taker",
        notional=item.quoteQty,
        position_side=item.positionSide,
        realized_pnl=item.realizedPnl,
    )
    return _message(
        Channel.FILLS, data.symbol, data, item.time, received_time_ns, is_snapshot=False
    )


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
