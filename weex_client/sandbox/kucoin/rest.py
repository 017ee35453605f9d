"""The HTTP side of KuCoin, as far as clients of the sockets need it: markets, accounts, orders."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from weex_client.errors import (
    InsufficientBalanceError,
    OrderClosedError,
    OrderRejectedError,
    UnknownOrderError,
)
from weex_client.sandbox.branch import FEE_RATES, Branch
from weex_client.sandbox.kucoin import figures
from weex_client.sandbox.kucoin.account_record import AccountRecord
from weex_client.sandbox.kucoin.feeds import BOOK_LEVELS
from weex_client.sandbox.kucoin.logins import RefusedError
from weex_client.sandbox.kucoin.switchboard import Switchboard
from weex_client.simulation import Instrument, SymbolMarket, instrument_for
from weex_client.simulation.orders import OrderRequest
from weex_client.venues.kucoin import mirror_private
from weex_client.venues.kucoin.mirror import candle_row, digits, level_rows

__all__ = ["BOOK_PATH", "AccountRest", "MarketRest"]

Fields = Mapping[str, Any]
Read = Callable[[Fields], Awaitable[object]]
Call = Callable[[str, Fields], Awaitable[object]]

BOOK_PATH: Final = "/api/v3/market/orderbook/level2"

_MS: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_MAX_CANDLES: Final = 1_500
_NO_SYMBOL: Final = RefusedError("900001", "The symbol does not exist.")


class MarketRest:
    """Answer what everybody may ask; the whole book only to who signs."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.reads: dict[str, Read] = {
            "/api/v1/timestamp": self._time,
            "/api/v1/status": self._status,
            "/api/v2/symbols": self._symbols,
            "/api/v3/currencies": self._currencies,
            "/api/v1/market/allTickers": self._all_tickers,
            "/api/v1/market/stats": self._stats,
            "/api/v1/market/orderbook/level1": self._level1,
            "/api/v1/market/orderbook/level2_20": self._partial(20),
            "/api/v1/market/orderbook/level2_100": self._partial(100),
            "/api/v1/market/candles": self._candles,
            "/api/v1/market/histories": self._trades,
            # Clients that know all of KuCoin ask for its futures, too: there are none here.
            "/api/v1/contracts/active": self._nothing,
        }

    async def _time(self, _fields: Fields) -> object:
        return self._board.now_ns // _MS

    async def _nothing(self, _fields: Fields) -> object:
        return []

    async def _status(self, _fields: Fields) -> object:
        return {"status": "open", "msg": ""}

    async def _symbols(self, _fields: Fields) -> object:
        return [_facts(instrument_for(name, "spot")) for name in self._board.symbols.values()]

    async def _currencies(self, _fields: Fields) -> object:
        instruments = [instrument_for(name, "spot") for name in self._board.symbols.values()]
        names = dict.fromkeys([*(i.base for i in instruments), *(i.quote for i in instruments)])
        return [
            {
                "currency": name,
                "name": name,
                "fullName": name,
                "precision": 8,
                "confirms": None,
                "contractAddress": None,
                "isMarginEnabled": False,
                "isDebitEnabled": False,
                "chains": [],
            }
            for name in names
        ]

    async def _market(self, fields: Fields) -> SymbolMarket:
        try:
            return await self._board.market(str(fields.get("symbol")))
        except KeyError:
            raise _NO_SYMBOL from None

    async def _all_tickers(self, _fields: Fields) -> object:
        rows = [_ticker(await self._board.market(symbol)) for symbol in self._board.symbols]
        return {"time": self._board.now_ns // _MS, "ticker": rows}

    async def _stats(self, fields: Fields) -> object:
        return _ticker(await self._market(fields)) | {"time": self._board.now_ns // _MS}

    async def _level1(self, fields: Fields) -> object:
        market = await self._market(fields)
        now = figures.ticker_figures(market)
        return {
            "time": now.time_ms,
            "sequence": str(now.sequence),
            "price": digits(now.last[0]),
            "size": digits(now.last[1]),
            "bestBid": digits(now.bid[0]),
            "bestBidSize": digits(now.bid[1]),
            "bestAsk": digits(now.ask[0]),
            "bestAskSize": digits(now.ask[1]),
        }

    def _partial(self, level: int) -> Read:
        async def read(fields: Fields) -> object:
            return await self.book(fields, level)

        return read

    async def book(self, fields: Fields, level: int = BOOK_LEVELS) -> object:
        """Return a book; a change that was sent before it is in it."""
        try:
            sequence, (bids, asks) = await self._board.book(str(fields.get("symbol")), level)
        except KeyError:
            raise _NO_SYMBOL from None
        return {
            "time": self._board.now_ns // _MS,
            "sequence": str(sequence),
            "bids": level_rows(bids),
            "asks": level_rows(asks),
        }

    async def _candles(self, fields: Fields) -> object:
        market = await self._market(fields)
        interval = figures.SIMULATED.get(str(fields.get("type")))
        if interval is None:
            raise RefusedError("400100", "Incorrect candlestick type.")
        start, end = (
            _whole(fields, name, default) for name, default in (("startAt", 0), ("endAt", 10**10))
        )
        rows = [
            candle_row(figures.candle_figures(market.instrument, candle))
            for candle in market.candles(interval)
            if start <= candle.open_time_ns // _SECOND < (end or 10**10)
        ]
        return rows[: -_MAX_CANDLES - 1 : -1]

    async def _trades(self, fields: Fields) -> object:
        market = await self._market(fields)
        return [
            {
                "sequence": str(trade.sequence),
                "price": digits(trade.price),
                "size": digits(trade.size),
                "side": trade.side,
                "time": trade.time_ns,
            }
            for trade in figures.trade_figures(market, reversed(market.tape.newest(100)))
        ]


class AccountRest:
    """Answer who has signed: balances, orders, fills."""

    def __init__(
        self, board: Switchboard, branch: Branch, records: Mapping[str, AccountRecord]
    ) -> None:
        self._board = board
        self._branch = branch
        self._records = records
        self.calls: dict[tuple[str, str], Call] = {
            ("GET", "/api/v1/accounts"): self._accounts,
            ("GET", "/api/v1/orders"): self._orders,
            ("GET", "/api/v1/fills"): self._fills,
            ("POST", "/api/v1/orders"): self._place,
            ("POST", "/api/v1/hf/orders"): self._place,
            # The account is of the older kind, and nothing is traded on margin.
            ("GET", "/api/v1/hf/accounts/opened"): self._no,
            ("GET", "/api/v3/hf/accounts/opened"): self._no,
            ("GET", "/api/v3/margin/symbols"): self._no_items,
            ("GET", "/api/v1/isolated/symbols"): self._nothing,
        }

    async def answer(self, method: str, path: str, account: str, fields: Fields) -> object:
        """Return what is asked for.

        Raises:
            RefusedError: If there is no such thing.
        """
        await self._branch.wake()
        call = self.calls.get((method, path))
        try:
            if call is not None:
                return await call(account, fields)
            order_id = path.removeprefix("/api/v1/orders/")
            if order_id != path and method == "GET":
                return self._row(account, order_id)
            if order_id != path and method == "DELETE":
                state = await self._branch.cancel(account, order_id)
                return {"cancelledOrderIds": [state.order_id]}
        except UnknownOrderError:
            raise RefusedError("400100", "The order does not exist.") from None
        except OrderClosedError:
            raise RefusedError("400100", "The order cannot be canceled.") from None
        except InsufficientBalanceError:
            raise RefusedError("200004", "Balance insufficient!") from None
        except OrderRejectedError as exc:
            raise RefusedError("400100", str(exc)) from None
        raise RefusedError("404", "Not Found", 404)

    def _row(self, account: str, order_id: str) -> object:
        state = self._branch.find(account, order_id)
        return mirror_private.order_row(self._records[account].figures(state))

    async def _accounts(self, account: str, fields: Fields) -> object:
        ledger = self._records[account].desk.ledger
        return [
            mirror_private.account_row(currency, *ledger.balance(currency))
            for currency in ledger.wallets
            if fields.get("currency") in (None, currency) and fields.get("type") in (None, "trade")
        ]

    async def _no(self, _account: str, _fields: Fields) -> object:
        return False

    async def _nothing(self, _account: str, _fields: Fields) -> object:
        return []

    async def _no_items(self, _account: str, _fields: Fields) -> object:
        return {"timestamp": self._board.now_ns // _MS, "items": []}

    async def _orders(self, account: str, fields: Fields) -> object:
        record = self._records[account]
        is_active = fields.get("status", "done") == "active"
        orders = [record.figures(record.desk.state(each)) for each in record.desk.orders.values()]
        rows = [
            mirror_private.order_row(order)
            for order in reversed(orders)
            if order.is_active == is_active and fields.get("symbol") in (None, order.symbol)
        ]
        return _page(rows, fields)

    async def _fills(self, account: str, fields: Fields) -> object:
        start, end = _whole(fields, "startAt", 0), _whole(fields, "endAt", 10**15)
        rows = [
            mirror_private.fill_row(fill)
            for fill in reversed(self._records[account].fills)
            if start <= fill.time_ns // _MS <= end
            and fields.get("symbol") in (None, fill.symbol)
            and fields.get("orderId") in (None, fill.order_id)
        ]
        return _page(rows, fields)

    async def _place(self, account: str, fields: Fields) -> object:
        symbol = self._board.symbols.get(str(fields.get("symbol")))
        if symbol is None:
            raise _NO_SYMBOL
        kind = str(fields.get("type") or "limit")
        request = OrderRequest(
            symbol=symbol,
            # Whatever is no side or type is refused by the exchange, which knows them.
            side=cast("Any", fields.get("side")),
            type=cast("Any", kind),
            size=_number(fields, "size"),
            quote_size=_number(fields, "funds"),
            price=_number(fields, "price") if kind == "limit" else None,
            time_in_force="POST_ONLY"
            if fields.get("postOnly")
            else cast("Any", fields.get("timeInForce") or "GTC"),
            client_order_id=str(fields.get("clientOid") or "") or None,
        )
        state = await self._branch.place(account, request)
        return {"orderId": state.order_id}


def parsed(body: bytes) -> Fields:
    """Read the body of a call.

    Raises:
        RefusedError: If it is no JSON object.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise RefusedError("400100", "The request body is not JSON.", 400)
    return fields


def _page(rows: list[object], fields: Fields) -> object:
    size = min(max(_whole(fields, "pageSize", 50), 1), 500)
    current = max(_whole(fields, "currentPage", 1), 1)
    return {
        "currentPage": current,
        "pageSize": size,
        "totalNum": len(rows),
        "totalPage": -(-len(rows) // size),
        "items": rows[(current - 1) * size : current * size],
    }


def _whole(fields: Fields, name: str, default: int) -> int:
    given = str(fields.get(name, default))
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        raise RefusedError("400100", f"{name} is invalid", 400)
    return int(given)


def _number(fields: Fields, name: str) -> Decimal | None:
    given = fields.get(name)
    if given in (None, ""):
        return None
    try:
        return Decimal(str(given))
    except InvalidOperation:
        raise RefusedError("400100", f"{name} is invalid") from None


def _ticker(market: SymbolMarket) -> dict[str, object]:
    row = figures.day_row(market)
    change = row.last - row.open
    return {
        "symbol": row.symbol,
        "symbolName": row.symbol,
        "buy": digits(row.bid[0]),
        "bestBidSize": digits(row.bid[1]),
        "sell": digits(row.ask[0]),
        "bestAskSize": digits(row.ask[1]),
        "changeRate": digits((change / row.open).quantize(Decimal("0.0001"))),
        "changePrice": digits(change),
        "high": digits(row.high),
        "low": digits(row.low),
        "vol": digits(row.volume),
        "volValue": digits(row.turnover),
        "last": digits(row.last),
        "averagePrice": None,
        "takerFeeRate": digits(FEE_RATES["spot"][1]),
        "makerFeeRate": digits(FEE_RATES["spot"][0]),
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }


def _facts(instrument: Instrument) -> object:
    symbol = figures.spelled(instrument)
    step, tick = digits(instrument.size_step), digits(instrument.tick_size)
    return {
        "symbol": symbol,
        "name": symbol,
        "baseCurrency": instrument.base,
        "quoteCurrency": instrument.quote,
        "feeCurrency": instrument.quote,
        "market": instrument.quote,
        "baseMinSize": step,
        "quoteMinSize": "0.1",
        "baseMaxSize": "10000000000",
        "quoteMaxSize": "99999999",
        "baseIncrement": step,
        "quoteIncrement": tick,
        "priceIncrement": tick,
        "priceLimitRate": "0.1",
        "minFunds": "0.1",
        "isMarginEnabled": False,
        "enableTrading": True,
        "feeCategory": 1,
        "makerFeeCoefficient": "1.00",
        "takerFeeCoefficient": "1.00",
        "st": False,
    }
