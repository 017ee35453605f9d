"""What KuCoin is asked about an account and about books, and what the answers mean. Pure.

Source:
    Sheet, sections 7.5 and 8; for pages and fields of orders, fills and accounts, which the sheet
    only names, the venue's REST pages "Get Order List", "Get Trade History" and "Get Account List".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from weex_client.models import Message, OrderStatus, enveloped, exact_json, gone, validated
from weex_client.protocol import Channel
from weex_client.rest import AccountReads, Detail, Query
from weex_client.venues.kucoin.channels import VENUE
from weex_client.venues.kucoin.private import FilledValues, liquidity, positive
from weex_client.venues.kucoin.rest_wire import RestAccount, RestFill, RestOrder, RestPage
from weex_client.venues.kucoin.wire import KucoinAccount, KucoinFill, KucoinOrder

__all__ = ["BOOK_PATH", "ORDER_PATH", "account_reads", "book_query"]

BOOK_PATH: Final = "/api/v3/market/orderbook/level2"
ORDER_PATH: Final = "/api/v1/orders"

# The most that a page of orders or fills has.
_PAGE_SIZE: Final = 500

# Accounts of which the list tells all; of others (isolated margin) their absence says nothing.
_LISTED: Final = frozenset({"main", "trade", "trade_hf", "margin"})

T = TypeVar("T")

_accounts = TypeAdapter(list[RestAccount]).validate_python
_page = TypeAdapter(RestPage).validate_python
_orders = TypeAdapter(list[RestOrder]).validate_python
_order = TypeAdapter(RestOrder).validate_python
_fills = TypeAdapter(list[RestFill]).validate_python


def book_query(symbol: str) -> Query:
    """Return how a whole book is asked for; the question must be signed."""
    return Query("order book", BOOK_PATH, (("symbol", symbol),))


def account_reads(channel: StrEnum, values: FilledValues) -> AccountReads | None:
    """Return how the state behind a private channel is read, or None where it is not.

    Args:
        channel: The channel.
        values: Where is kept what the fills of orders have cost.
    """
    match channel:
        case Channel.ACCOUNT:
            return _Balances()
        case Channel.ORDERS:
            return _Orders(values)
        case Channel.FILLS:
            return _Fills()
        case _:
            return None


def _content(validate: Callable[[Any], T], body: bytes, about: str, *, is_page: bool = False) -> T:
    """Read the ``data`` of an answer; its values stay out of the error's text."""
    content = exact_json(body, about)
    if isinstance(content, dict) and "data" in content:
        content = content["data"]
    if is_page:
        content = validated(_page, content, about).items
    return validated(validate, content, about)


class _Balances:
    """All balances of all accounts, without a time."""

    query: Final = Query("balances", "/api/v1/accounts")

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        return [
            enveloped(
                VENUE,
                Channel.ACCOUNT.value,
                None,
                KucoinAccount(
                    currency=each.currency,
                    balance=each.balance,
                    available=each.available,
                    frozen=each.holds,
                    account=each.type,
                    account_id=each.id,
                ),
                None,
                received_time_ns,
                is_snapshot=True,
            )
            for each in _content(_accounts, body, self.query.about)
        ]

    def became(self, message: Message[Any], received_time_ns: int) -> Message[Any] | None:
        if message.data.account not in _LISTED:
            return None
        nought = Decimal(0)
        return gone(message, received_time_ns, balance=nought, available=nought, frozen=nought)


class _Orders:
    """Open orders; what became of one that is not among them is asked for by its id.

    So are those that stand on a second page, and turn out to be open: nobody is told that they
    are gone.
    """

    query: Final = Query(
        "open orders", ORDER_PATH, (("status", "active"), ("pageSize", str(_PAGE_SIZE)))
    )

    def __init__(self, values: FilledValues) -> None:
        self._values = values

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        items = _content(_orders, body, self.query.about, is_page=True)
        messages = [self._message(each, received_time_ns, is_snapshot=True) for each in items]
        messages.sort(key=lambda message: message.timestamp)
        return messages

    def became(self, message: Message[Any], received_time_ns: int) -> Detail:  # noqa: ARG002
        query = Query("order", f"{ORDER_PATH}/{message.data.order_id}")
        return Detail(query, self._read_order)

    def _read_order(self, body: bytes, received_time_ns: int) -> Message[Any]:
        return self._message(_content(_order, body, "order"), received_time_ns, is_snapshot=False)

    def _message(
        self, item: RestOrder, received_time_ns: int, *, is_snapshot: bool
    ) -> Message[Any]:
        filled_size, value = item.dealSize or Decimal(0), item.dealFunds
        if item.isActive and value is not None:
            self._values.note(item.id, filled_size, value)
        data = KucoinOrder(
            order_id=item.id,
            client_order_id=item.clientOid or None,
            symbol=item.symbol,
            side=item.side,
            type=item.type.lower(),
            status=_status(item, filled_size),
            price=positive(item.price),
            size=positive(item.size),
            filled_size=filled_size,
            average_price=value / filled_size if value is not None and filled_size else None,
            fee=item.fee,
            funds=positive(item.funds),
            stop=item.stop or None,
            stop_price=positive(item.stopPrice),
            fee_currency=item.feeCurrency or None,
        )
        # ``createdAt`` is when it was placed: when it last changed, the answer does not say.
        return enveloped(
            VENUE,
            Channel.ORDERS.value,
            item.symbol,
            data,
            None,
            received_time_ns,
            is_snapshot=is_snapshot,
        )


def _status(item: RestOrder, filled_size: Decimal) -> OrderStatus:
    if item.isActive:
        return "partially_filled" if filled_size > 0 else "new"
    return "canceled" if item.cancelExist else "filled"


class _Fills:
    """Fills of all symbols, a week of them at most."""

    page_size: Final = _PAGE_SIZE
    symbols_query: Query | None = None

    def read_symbols(self, body: bytes) -> frozenset[str]:  # noqa: ARG002  # nobody needs to know
        return frozenset()

    def page(self, symbol: str | None, start_ms: int, end_ms: int | None) -> Query:
        parameters = [("tradeType", "TRADE"), ("pageSize", str(self.page_size))]
        if symbol is not None:
            parameters.append(("symbol", symbol))
        parameters.append(("startAt", str(start_ms)))
        if end_ms is not None:
            parameters.append(("endAt", str(end_ms)))
        return Query("fills", "/api/v1/fills", tuple(parameters))

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        return [
            enveloped(
                VENUE,
                Channel.FILLS.value,
                each.symbol,
                KucoinFill(
                    fill_id=each.tradeId,
                    order_id=each.orderId,
                    symbol=each.symbol,
                    side=each.side,
                    price=each.price,
                    size=each.size,
                    fee=each.fee,
                    liquidity=liquidity(each.liquidity),
                    fee_currency=each.feeCurrency or None,
                ),
                each.createdAt,
                received_time_ns,
            )
            for each in _content(_fills, body, "fills", is_page=True)
        ]
