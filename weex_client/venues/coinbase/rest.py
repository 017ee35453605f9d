"""What Coinbase Exchange is asked over HTTP, and how its answers are read. Pure.

The channel ``user`` begins with nothing and repeats nothing: open orders and fills are read on
every connection. How questions are signed is in ``endpoints``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from weex_client.book import BookOrder
from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    RateLimitedError,
    VenueError,
)
from weex_client.models import Message, OrderStatus, enveloped, validated, validator
from weex_client.protocol import Channel
from weex_client.rest import Detail, HttpResponse, Query
from weex_client.venues.coinbase.channels import VENUE
from weex_client.venues.coinbase.order_wire import CoinbaseFill, CoinbaseOrder, OrderMatch
from weex_client.venues.coinbase.orders import summed
from weex_client.venues.coinbase.rest_wire import RestBook, RestFill, RestOrder
from weex_client.venues.coinbase.times import rfc3339

__all__ = ["FillReader", "OrderReader", "answered", "book_query", "read_book3"]

# As many orders as the venue tells at a time, and the fills that a page has at most.
_MAX_ORDERS: Final = 1000
_FILLS_PER_PAGE: Final = 100

_MAX_WORDS: Final = 200

_orders = validator(list[RestOrder])
_order = validator(RestOrder)
_fills = validator(list[RestFill])
_book = validator(RestBook)


class OrderReader:
    """Open orders; what became of one that is open no more is asked for."""

    query: Final = Query(
        "open orders",
        "/orders",
        (
            ("status", "open"),
            ("status", "pending"),
            ("status", "active"),
            ("limit", str(_MAX_ORDERS)),
        ),
    )

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read all open orders, flagged as a snapshot; raises ``DecodeError``."""
        items = validated(_orders, body, self.query.about)
        items.sort(key=lambda item: item.created_at or 0)
        return [_order_message(each, received_time_ns, is_snapshot=True) for each in items]

    def became(self, message: Message[Any], received_time_ns: int) -> Detail:  # noqa: ARG002
        """Return how to ask what became of an order."""
        return Detail(Query("order", f"/orders/{message.data.order_id}"), _read_order)

    def more(self, message: Message[Any]) -> Detail | None:
        """Return how to ask for the executions of an order, one by one.

        Frames tell executions, not sums: which of them are in what an answer has summed up, only
        their ids tell.
        """
        order: CoinbaseOrder = message.data
        if not order.settled_size:
            return None
        query = Query(
            "fills of an order",
            "/fills",
            (("order_id", order.order_id), ("limit", str(_FILLS_PER_PAGE))),
        )

        def read(body: bytes, received_time_ns: int) -> Message[Any]:
            fills = validated(_fills, body, query.about)
            told = tuple(
                OrderMatch(each.trade_id, each.price, each.size, each.fee)
                for each in sorted(fills, key=lambda each: each.trade_id)
                if each.order_id == order.order_id
            )
            return message.model_copy(
                update={
                    "data": _itemized(order, told),
                    "received_time_ns": received_time_ns,
                    "is_snapshot": False,
                }
            )

        return Detail(query, read)


def _itemized(order: CoinbaseOrder, told: tuple[OrderMatch, ...]) -> CoinbaseOrder:
    """Return an order with its executions one by one, as far as an answer told them."""
    size = sum((each.size for each in told), Decimal(0))
    if order.settled_size is None or size < order.settled_size:
        return order  # there are more of them than were told
    nought = Decimal(0)
    ids = {each.trade_id for each in told}
    later = tuple(each for each in order.matches if each.trade_id not in ids)
    return summed(
        order.model_copy(
            update={
                "matches": (*told, *later),
                "settled_size": nought,
                "settled_value": nought,
                "settled_fee": nought,
            }
        )
    )


def _read_order(body: bytes, received_time_ns: int) -> Message[Any]:
    item = validated(_order, body, "order")
    return _order_message(item, received_time_ns, is_snapshot=False)


def _status(item: RestOrder) -> OrderStatus:
    if item.status == "rejected":
        return "rejected"
    if item.status in ("done", "settled"):
        return "canceled" if item.done_reason == "canceled" else "filled"
    return "partially_filled" if item.filled_size else "new"


def _order_message(item: RestOrder, received_time_ns: int, *, is_snapshot: bool) -> Message[Any]:
    is_filled = bool(item.filled_size)
    value = item.executed_value if is_filled else Decimal(0)
    fee = item.fill_fees if is_filled else Decimal(0)
    data = CoinbaseOrder(
        order_id=item.id,
        client_order_id=item.client_oid or None,
        symbol=item.product_id,
        side=item.side,
        type="stop" if item.stop_price is not None and item.status == "active" else item.type,
        status=_status(item),
        price=item.price,
        size=item.size,
        filled_size=item.filled_size,
        average_price=value / item.filled_size if is_filled and value is not None else None,
        fee=fee,
        funds=item.funds,
        stop_price=item.stop_price,
        reason=item.done_reason,
        filled_value=value,
        settled_size=item.filled_size,
        settled_value=value,
        settled_fee=fee,
    )
    time_ns = item.created_at if item.done_at is None else item.done_at
    return enveloped(
        VENUE,
        Channel.ORDERS.value,
        item.product_id,
        data,
        time_ns,
        received_time_ns,
        is_snapshot=is_snapshot,
    )


class FillReader:
    """Fills, which the venue tells of one product at a time.

    Args:
        products: Whose; those of the newest thousand orders are read as well.
    """

    page_size: Final = _FILLS_PER_PAGE

    def __init__(self, products: Sequence[str] = ()) -> None:
        # A fill that was missed is one of a recent order, open or not.
        self.symbols_query: Final[Query | None] = Query(
            "recent orders", "/orders", (("status", "all"), ("limit", str(_MAX_ORDERS)))
        )
        self._products = frozenset(products)

    def read_symbols(self, body: bytes) -> frozenset[str]:
        """Read which products may have fills; raises ``DecodeError``."""
        found = {each.product_id for each in validated(_orders, body, "recent orders")}
        return self._products | found

    def page(self, symbol: str | None, start_ms: int, end_ms: int | None) -> Query:
        """Return how to ask for fills of a product, from and until a time."""
        parameters = [("limit", str(self.page_size)), ("start_date", _moment(start_ms))]
        if symbol is not None:
            parameters.insert(0, ("product_id", symbol))
        if end_ms is not None:
            parameters.append(("end_date", _moment(end_ms)))
        return Query("fills", "/fills", tuple(parameters))

    def read(self, body: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
        """Read a page; raises ``DecodeError``."""
        return [_fill_message(each, received_time_ns) for each in validated(_fills, body, "fills")]


def _moment(milliseconds: int) -> str:
    return rfc3339(milliseconds * 1_000_000, 3)


def _fill_message(item: RestFill, received_time_ns: int) -> Message[Any]:
    data = CoinbaseFill(
        fill_id=f"{item.trade_id}:{item.order_id}",
        order_id=item.order_id,
        symbol=item.product_id,
        side=item.side,
        price=item.price,
        size=item.size,
        fee=item.fee,
        liquidity={"M": "maker", "T": "taker"}.get(item.liquidity or ""),
        trade_id=str(item.trade_id),
    )
    return enveloped(
        VENUE, Channel.FILLS.value, item.product_id, data, item.created_at, received_time_ns
    )


# The level-3 book.


def book_query(product: str) -> Query:
    """Return how to ask for every resting order of a product."""
    return Query("level-3 book", f"/products/{product}/book", (("level", "3"),))


def read_book3(body: bytes) -> tuple[list[BookOrder], int]:
    """Read every resting order, first come first, and the sequence after which they stood so.

    Raises:
        DecodeError: If the answer does not fit.
    """
    book = validated(_book, body, "level-3 book")
    orders = [BookOrder(order_id, "buy", price, size) for price, size, order_id in book.bids]
    orders += [BookOrder(order_id, "sell", price, size) for price, size, order_id in book.asks]
    return orders, book.sequence


# What an answer is at all.


def answered(query: Query, response: HttpResponse, secrets: Sequence[str]) -> bytes | None:
    """Return what an answer says, or None if what was asked about does not exist.

    Args:
        query: The question.
        response: What came back.
        secrets: Texts that must not be repeated, whatever the venue quotes.

    Raises:
        AuthenticationError: If the venue refuses the credentials.
        RateLimitedError: If it wants to be asked later.
        ConnectError: If it cannot answer now.
        VenueError: If it refuses the question.
    """
    status = response.status
    if status < 300:
        return response.body
    if status == 404 and query.about == "order":
        return None  # an order canceled before anything was filled is forgotten
    words = _words(response.body)
    for secret in secrets:
        words = words.replace(secret, "***")
    said = f" ({words})" if words else ""
    text = f"Coinbase Exchange refused to tell the {query.about} with HTTP {status}{said}"
    if status in (401, 403):
        raise AuthenticationError(
            f"{text}; check key, secret, passphrase, the key's permissions and address list, and"
            " this machine's clock",
            server_time_ns=response.server_time_ns,
        )
    if status == 429:
        raise RateLimitedError(text, retry_after_seconds=response.retry_after_seconds)
    if status < 400:
        raise VenueError(
            f"{query.path} redirects with HTTP {status}: not followed, because credentials would"
            " go there; set rest_url in the configuration"
        )
    if status >= 500:
        raise ConnectError(
            text, url=query.path, status=status, retry_after_seconds=response.retry_after_seconds
        )
    raise VenueError(text)


def _words(body: bytes) -> str:
    """Read ``{"message": "..."}``; empty where an answer is none of these, as a gateway's page."""
    try:
        message = TypeAdapter(dict[str, Any]).validate_json(body).get("message")
    except ValidationError:
        return ""
    return "".join(each for each in str(message or "") if each.isprintable())[:_MAX_WORDS]
