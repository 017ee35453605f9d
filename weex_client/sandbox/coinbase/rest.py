"""The HTTP side of the exchange as Coinbase Exchange: products and books, orders and fills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from websockets.http11 import Response

from weex_client.errors import OrderRejectedError, UnknownOrderError
from weex_client.sandbox.branch import FEE_RATES
from weex_client.sandbox.coinbase.board import Board, rows
from weex_client.sandbox.coinbase.call_fields import (
    Fields,
    RefusedCallError,
    fields_of,
    limit_of,
    listed,
    moment_ns,
    number,
    time_in_force_of,
    whole,
)
from weex_client.sandbox.coinbase.floor import Floor
from weex_client.sandbox.coinbase.happenings import Execution, order_uuid, simulated_id
from weex_client.sandbox.coinbase.logins import Logins, RefusedLoginError
from weex_client.sandbox.coinbase.products import (
    SEGMENT,
    currency_rows,
    match_figures,
    product_row,
    side_of,
)
from weex_client.sandbox.http_answer import json_answer
from weex_client.simulation import OrderState, SymbolMarket
from weex_client.simulation.orders import OrderRequest
from weex_client.venues.coinbase.times import rfc3339

__all__ = ["Rest"]

_CANDLES: Final = {60: "1m", 300: "5m", 900: "15m", 3600: "1h", 86400: "1d"}
_TOP_LEVELS: Final = {1: 1, 2: 1_000_000}


class Rest:
    """Answer what clients ask beside their sockets.

    Args:
        floor: The products.
        logins: Who may see what.
    """

    def __init__(self, floor: Floor, logins: Logins) -> None:
        self._floor = floor
        self._logins = logins

    async def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Return the answer to a request.

        Args:
            method: ``GET``, ``POST`` or ``DELETE``.
            target: Path and query below the venue's REST address, as they are signed.
            headers: Names in upper case.
            body: What was sent behind the headers.
        """
        parts = urlsplit(target)
        steps = tuple(step for step in parts.path.split("/") if step)
        fields = fields_of(parts.query)
        try:
            public = await self._public(method, steps, fields)
            if public is not None:
                return json_answer(200, public)
            signed = method + target + body.decode(errors="replace")
            account = self._logins.of_call(headers, signed)
            return json_answer(200, await self._private(method, steps, fields, account, body))
        except RefusedLoginError as refused:
            return json_answer(401, {"message": str(refused)})
        except RefusedCallError as refused:
            return json_answer(refused.status, {"message": str(refused)})
        except OrderRejectedError as refused:
            return json_answer(400, {"message": str(refused)})

    # For everybody.

    async def _public(self, method: str, steps: tuple[str, ...], fields: Fields) -> object:
        if method != "GET":
            return None
        now_ns = self._floor.now_ns
        match steps:
            case ("time",):
                return {"iso": rfc3339(now_ns, 3), "epoch": now_ns / 1e9}
            case ("products",):
                return [product_row(*each) for each in self._floor.products.items()]
            case ("currencies",):
                return currency_rows(self._floor.products)
            case ("products", product):
                return product_row(product, self._symbol(product))
            case ("products", product, name):
                return await self._of_product(product, name, fields)
        return None

    def _symbol(self, product: str) -> str:
        symbol = self._floor.products.get(product)
        if symbol is None:
            raise RefusedCallError(404, "NotFound")
        return symbol

    async def _of_product(self, product: str, name: str, fields: Fields) -> object:
        self._symbol(product)
        board = await self._floor.caught_up(product)
        if name == "book":
            return self._book(board, whole(fields.get("level", "1")))
        market, queues = board.market, board.queues
        if market is None or queues is None:
            raise RefusedCallError(404, "NotFound")
        match name:
            case "trades":
                return self._trades(market, board)
            case "candles":
                return _candles(market, whole(fields.get("granularity", "60")))
            case "stats":
                return _stats(market)
            case "ticker":
                return _ticker(market, board)
        raise RefusedCallError(404, "NotFound")

    def _book(self, board: Board, level: int) -> object:
        sequence = 0 if board.queues is None else board.queues.sequence
        book: dict[str, object] = {"sequence": sequence, "auction_mode": False, "auction": None}
        book["time"] = rfc3339(self._floor.now_ns)
        if level == 3:
            for name, is_buy in (("bids", True), ("asks", False)):
                book[name] = [
                    [format(price, "f"), format(size, "f"), order_id]
                    for price, size, order_id in board.orders(is_buy=is_buy)
                ]
            return book
        count = _TOP_LEVELS.get(level)
        if count is None:
            raise RefusedCallError(400, "Invalid level")
        bids, asks = board.sides()
        for name, levels in (("bids", bids), ("asks", asks)):
            book[name] = [[*row, 1] for row in rows(levels[:count])]
        return book

    def _trades(self, market: SymbolMarket, board: Board) -> object:
        queues = board.queues
        if queues is None:
            return []
        return [
            {
                "trade_id": figures.trade_id,
                "side": figures.maker_side,
                "size": format(figures.size, "f"),
                "price": format(figures.price, "f"),
                "time": rfc3339(figures.time_ns),
            }
            for match, when_ns in reversed(queues.matches)
            for figures in (match_figures(market.instrument, match, when_ns),)
        ]

    # For the owner.

    async def _private(
        self, method: str, steps: tuple[str, ...], fields: Fields, account: str, body: bytes
    ) -> object:
        await self._floor.wake()
        match method, steps:
            case "GET", ("orders",):
                return self._orders(account, fields)
            case "GET", ("orders", name):
                return self._order_row(self._find(account, name))
            case "GET", ("fills",):
                return self._fills(account, fields)
            case "GET", ("accounts",):
                return self._accounts(account)
            case "POST", ("orders",):
                return await self._place(account, body)
            case "DELETE", ("orders", name):
                state = self._find(account, name)
                await self._floor.branch.cancel(account, state.order_id)
                return name
        raise RefusedCallError(404, "NotFound")

    def _orders(self, account: str, fields: Fields) -> object:
        desk = self._floor.branch.desk(account)
        wanted = set(listed(fields.get("status"))) or {"open", "pending", "active"}
        product = fields.get("product_id")
        found = []
        for order in reversed(desk.orders.values()):
            row = self._order_row(desk.state(order))
            is_wanted = row["status"] in wanted or "all" in wanted
            if is_wanted and product in (None, row["product_id"]):
                found.append(row)
        return found[: limit_of(fields)]

    def _find(self, account: str, name: str) -> OrderState:
        own_name = name.removeprefix("client:")
        order_id = own_name if own_name != name else simulated_id(name)
        try:
            return self._floor.branch.find(account, order_id or name)
        except UnknownOrderError:
            raise RefusedCallError(404, "NotFound") from None

    def _order_row(self, state: OrderState) -> dict[str, object]:
        request = state.request
        fee = state.filled_value * FEE_RATES[SEGMENT][1]
        is_over = state.status not in ("new", "partially_filled")
        row: dict[str, object] = {
            "id": order_uuid(state.order_id),
            "product_id": self._floor.name(request.symbol),
            "profile_id": self._floor.users[state.account]["profile_id"],
            "side": request.side,
            "type": "limit" if request.price is not None else "market",
            "time_in_force": request.time_in_force,
            "post_only": request.time_in_force == "POST_ONLY",
            "created_at": rfc3339(state.created_ns),
            "fill_fees": format(fee, "f"),
            "filled_size": format(state.filled_size, "f"),
            "executed_value": format(state.filled_value, "f"),
            "status": "done" if is_over else "active" if _waits(state) else "open",
            "settled": is_over,
        }
        optional: dict[str, object] = {
            "client_oid": request.client_order_id,
            "price": request.price,
            "size": request.size,
            "funds": request.quote_size,
            "stop_price": request.trigger_price,
        }
        if is_over:
            optional["done_at"] = rfc3339(state.updated_ns)
            optional["done_reason"] = "filled" if state.status == "filled" else "canceled"
        for name, value in optional.items():
            if value is not None:
                row[name] = format(value, "f") if isinstance(value, Decimal) else value
        return row

    def _fills(self, account: str, fields: Fields) -> object:
        order, product = fields.get("order_id"), fields.get("product_id")
        if order is None and product is None:
            raise RefusedCallError(400, "Missing product_id or order_id")
        start_ns = moment_ns(fields.get("start_date"), 0)
        end_ns = moment_ns(fields.get("end_date"), None)
        found = []
        for name, board in self._floor.boards.items():
            if board.queues is None or product not in (None, name):
                continue
            found += [
                self._fill_row(name, each, board)
                for each in board.queues.executions
                if each.state.account == account
                and order in (None, order_uuid(each.state.order_id))
                and each.time_ns >= (start_ns or 0)
                and (end_ns is None or each.time_ns <= end_ns)
            ]
        found.sort(key=lambda row: str(row["created_at"]), reverse=True)
        return found[: limit_of(fields)]

    def _fill_row(self, product: str, each: Execution, board: Board) -> dict[str, object]:
        if board.market is None:
            raise RefusedCallError(404, "NotFound")
        instrument = board.market.instrument
        price, size = instrument.price(each.price), instrument.size(each.lots)
        rate = FEE_RATES[SEGMENT][0 if each.is_maker else 1]
        return {
            "created_at": rfc3339(each.time_ns),
            "trade_id": each.trade_id,
            "product_id": product,
            "order_id": order_uuid(each.state.order_id),
            **self._floor.users[each.state.account],
            "liquidity": "M" if each.is_maker else "T",
            "price": format(price, "f"),
            "size": format(size, "f"),
            "fee": format(price * size * rate, "f"),
            "side": each.state.request.side,
            "settled": True,
        }

    def _accounts(self, account: str) -> object:
        ledger = self._floor.branch.desk(account).ledger
        found = []
        for currency in ledger.wallets:
            balance, available, held = ledger.balance(currency)
            found.append(
                {
                    "id": str(self._floor.users[account]["profile_id"])[:-4] + currency[:4],
                    "currency": "USD" if currency == "USDT" else currency,
                    "balance": format(balance, "f"),
                    "available": format(available, "f"),
                    "hold": format(held, "f"),
                    "profile_id": self._floor.users[account]["profile_id"],
                    "trading_enabled": True,
                }
            )
        return found

    async def _place(self, account: str, body: bytes) -> object:
        try:
            fields = json.loads(body, parse_float=Decimal)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise RefusedCallError(400, "Bad Request")
        request = OrderRequest(
            symbol=self._symbol(str(fields.get("product_id"))),
            side=fields.get("side", ""),
            type=fields.get("type", "limit"),
            size=number(fields.get("size"), "size"),
            price=number(fields.get("price"), "price"),
            quote_size=number(fields.get("funds"), "funds"),
            time_in_force=time_in_force_of(fields),
            client_order_id=fields.get("client_oid"),
        )
        return self._order_row(await self._floor.branch.place(account, request))


def _waits(state: OrderState) -> bool:
    return state.request.trigger_price is not None and not state.filled_size


def _candles(market: SymbolMarket, granularity: int) -> object:
    interval = _CANDLES.get(granularity)
    if interval is None:
        raise RefusedCallError(400, "Unsupported granularity")
    instrument = market.instrument
    return [
        [
            each.open_time_ns // 1_000_000_000,
            float(instrument.price(each.low)),
            float(instrument.price(each.high)),
            float(instrument.price(each.open)),
            float(instrument.price(each.close)),
            float(instrument.size(each.lots)),
        ]
        for each in reversed(market.candles(interval))
    ]


def _stats(market: SymbolMarket) -> object:
    day, instrument = market.day(), market.instrument
    return {
        "open": format(instrument.price(day.open), "f"),
        "high": format(instrument.price(day.high), "f"),
        "low": format(instrument.price(day.low), "f"),
        "last": format(instrument.price(day.last), "f"),
        "volume": format(instrument.size(day.lots), "f"),
    }


def _ticker(market: SymbolMarket, board: Board) -> object:
    touch, instrument = market.touch, market.instrument
    found: dict[str, object] = {
        "bid": format(instrument.price(touch.bid), "f"),
        "ask": format(instrument.price(touch.ask), "f"),
        "volume": format(instrument.size(market.day().lots), "f"),
    }
    if board.queues is not None and board.queues.last is not None:
        match, when_ns = board.queues.last
        figures = match_figures(instrument, match, when_ns)
        found |= {
            "trade_id": figures.trade_id,
            "price": format(figures.price, "f"),
            "size": format(figures.size, "f"),
            "time": rfc3339(figures.time_ns),
            "side": side_of(is_buy=match.is_buy),
        }
    return found
