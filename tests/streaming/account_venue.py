"""A WEEX account in memory: private frames on lines in memory, and the REST that reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.streaming.memory_line import CREDENTIALS, Desk, MemoryConnector, MemoryTransport
from weex_client.clock import ManualClock
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.venues.weex.endpoints import sign

SETTINGS = CREDENTIALS | {"rest_url": "http://127.0.0.1:1", "reconnect_delay_seconds": 0.5}
FINAL = ("FILLED", "CANCELED")


@dataclass
class Order:
    order_id: int
    symbol: str
    size: Decimal
    side: str = "BUY"
    filled: Decimal = Decimal(0)
    status: str = "NEW"
    updated_ms: int = 0

    @property
    def unified(self) -> str:
        if self.status in FINAL:
            return self.status.lower()
        return "partially_filled" if self.filled else "new"


@dataclass
class Account:
    """What the venue knows.

    Attributes:
        orders: By id, also those that are over.
        fills: As REST tells them, oldest first.
        positions: Open sizes by symbol; zero once closed.
        balance: In USDT.
    """

    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[dict[str, Any]] = field(default_factory=list)
    positions: dict[str, Decimal] = field(default_factory=dict)
    position_ms: dict[str, int] = field(default_factory=dict)
    balance: Decimal = Decimal(1000)
    version: int = 0
    next_id: int = 700_000_000_000_000_001


class AccountVenue(MemoryConnector):
    """Keep an account, tell on private lines what happens to it, and answer what is asked.

    Attributes:
        failures: What the next requests meet: an exception, or an answer.
        asked: Path and query of every request.
        patience: Awaited between the reading of the state and the answer.
        page_size: Fills that an answer has at most.
    """

    def __init__(self, clock: ManualClock, *script: Exception | None, market: str) -> None:
        super().__init__(clock, *script)
        self.account = Account()
        self.market = market
        self.failures: list[Exception | HttpResponse] = []
        self.always_fails: Exception | HttpResponse | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.requests: list[HttpRequest] = []
        self.patience: Callable[[], Any] = lambda: asyncio.sleep(0)
        self.page_size = 100
        self.secret_key = CREDENTIALS["secret_key"]

    @property
    def now_ms(self) -> int:
        return self.clock.time_ns() // 1_000_000

    # What happens.

    def place(self, symbol: str = "BTCUSDT", size: str = "1", side: str = "BUY") -> int:
        order = Order(self._new_id(), symbol, Decimal(size), side, updated_ms=self.now_ms)
        self.account.orders[order.order_id] = order
        self._tell("orders", self.order_row(order))
        return order.order_id

    def fill(self, order_id: int, size: str = "1") -> str:
        order = self.account.orders[order_id]
        part = min(Decimal(size), order.size - order.filled)
        order.filled += part
        order.status = "FILLED" if order.filled == order.size else order.status
        order.updated_ms = self.now_ms
        fill = {
            "id": self._new_id(),
            "orderId": order_id,
            "symbol": order.symbol,
            "buyer": order.side == "BUY",
            "maker": True,
            "price": "100.5",
            "qty": str(part),
            "quoteQty": str(part * Decimal("100.5")),
            "commission": "0.01",
            "realizedPnl": "0",
            "side": order.side,
            "positionSide": "LONG",
            "time": self.now_ms,
        }
        self.account.fills.append(fill)
        self._tell("orders", self.order_row(order))
        self._tell("fill", fill_row(fill))
        self._move(order.symbol, part if order.side == "BUY" else -part)
        return str(fill["id"])

    def cancel(self, order_id: int) -> None:
        order = self.account.orders[order_id]
        order.status, order.updated_ms = "CANCELED", self.now_ms
        self._tell("orders", self.order_row(order))

    def _move(self, symbol: str, size: Decimal) -> None:
        account = self.account
        account.positions[symbol] = account.positions.get(symbol, Decimal(0)) + size
        account.position_ms[symbol] = self.now_ms
        account.balance -= Decimal("0.01")
        if self.market == "contract":
            self._tell("positions", self.position_row(symbol))
        self._tell("account", self.balance_row())

    def _new_id(self) -> int:
        self.account.next_id += 1
        return self.account.next_id

    # How frames tell it.

    def private_line(self) -> MemoryTransport | None:
        lines = [line for line in self.open_lines if line.request.url.endswith("/private")]
        return lines[-1] if lines else None

    def _tell(self, event: str, row: dict[str, Any]) -> None:
        self.account.version += 1
        line = self.private_line()
        if line is not None and any(event in params for params in line.requests("SUBSCRIBE")):
            line.say(self.frame(event, row))

    def frame(self, event: str, *rows: dict[str, Any], version: int | None = None) -> Any:
        number = self.account.version if version is None else version
        return {"e": event, "E": self.now_ms, "v": number, "msgEvent": "OrderUpdate", "d": rows}

    def order_row(self, order: Order, **changes: Any) -> dict[str, Any]:
        return {
            "id": str(order.order_id),
            "symbol": order.symbol,
            "orderSide": order.side,
            "type": "LIMIT",
            "status": order.status if order.status in FINAL else "PENDING",
            "price": "100.5",
            "size": str(order.size),
            "cumFillSize": str(order.filled),
            "cumFillValue": str(order.filled * Decimal("100.5")),
            "cumFillFee": "0",
            "updatedTime": str(order.updated_ms),
        } | changes

    def position_row(self, symbol: str) -> dict[str, Any]:
        size = self.account.positions[symbol]
        return {
            "id": f"7{sum(symbol.encode())}",
            "coin": "USDT",
            "symbol": symbol,
            "side": "LONG",
            "size": str(size),
            "openValue": str(size * 100),
            "leverage": "20",
            "marginMode": "CROSSED",
            "separatedMode": "COMBINED",
            "updatedTime": str(self.account.position_ms[symbol]),
        }

    def balance_row(self) -> dict[str, Any]:
        balance = str(self.account.balance)
        if self.market == "spot":
            row = {"coin": "USDT", "equity": balance, "available": balance, "frozen": "0"}
        else:
            row = {"coin": "USDT", "amount": balance, "marginMode": "CROSSED"}
        return row | {"updatedTime": str(self.now_ms)}

    # How requests read it.

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        parts = urlsplit(request.url)
        self.requests.append(request)
        self.asked.append((parts.path, dict(parse_qsl(parts.query))))
        self._check(request)
        failure = self.failures.pop(0) if self.failures else self.always_fails
        answer = self.answer(parts.path, dict(parse_qsl(parts.query)))
        await self.patience()
        if isinstance(failure, Exception):
            raise failure
        return failure or answer

    def _check(self, request: HttpRequest) -> None:
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        timestamp = request.headers["ACCESS-TIMESTAMP"]
        signature = sign(self.secret_key, f"{timestamp}GET{target}")
        assert request.headers["ACCESS-SIGN"] == signature

    def answer(self, path: str, query: dict[str, str]) -> HttpResponse:
        match path.removeprefix("/capi").removeprefix("/api").removeprefix("/v3"):
            case "/account/":
                balance = {"asset": "USDT", "free": str(self.account.balance), "locked": "0"}
                return told({"updateTime": self.now_ms, "balances": [balance]})
            case "/account/balance":
                balance = str(self.account.balance)
                row = {"asset": "USDT", "balance": balance, "availableBalance": balance}
                return told([row | {"frozen": "0", "unrealizePnl": "0"}])
            case "/account/position/allPosition":
                return told([self.read_position(s) for s, n in self.account.positions.items() if n])
            case "/openOrders":
                orders = self.account.orders.values()
                return told([read_order(each) for each in orders if each.status not in FINAL])
            case "/order":
                order = self.account.orders.get(int(query["orderId"]))
                code = -2200 if self.market == "spot" else -3200
                return refused(400, code) if order is None else told(read_order(order))
            case "/userTrades" | "/myTrades":
                return told(self._page(query))
        raise AssertionError(f"nobody asks for {path}")

    def _page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        assert self.market == "contract" or "symbol" in query
        last = int(query.get("endTime", 2**62))
        fills = [
            fill
            for fill in self.account.fills
            if int(query["startTime"]) <= fill["time"] <= last
            and query.get("symbol") in (None, fill["symbol"])
        ]
        return fills[::-1][: self.page_size]

    def read_position(self, symbol: str) -> dict[str, Any]:
        row = self.position_row(symbol)
        times = {"updatedTime": int(row["updatedTime"]), "id": int(row["id"])}
        return row | times | {"asset": row["coin"], "marginType": row["marginMode"]}


class AccountDesk(Desk):
    """A client, its clock, and a venue that keeps its account."""

    def __init__(self, *script: Exception | None, market: str = "contract", **settings: Any):
        super().__init__(*script)
        self.venue: AccountVenue = AccountVenue(self.clock, *script, market=market)  # type: ignore[misc]
        self.client = self.another_client(market=market, **SETTINGS | settings)


def read_order(order: Order) -> dict[str, Any]:
    value = str(order.filled * Decimal("100.5"))
    return {
        "avgPrice": "100.5",
        "clientOrderId": "",
        "cumQuote": value,
        "executedQty": str(order.filled),
        "orderId": order.order_id,
        "origQty": str(order.size),
        "price": "100.50",
        "side": order.side,
        "status": order.status,
        "symbol": order.symbol,
        "timeInForce": "GTC",
        "type": "LIMIT",
        "updateTime": order.updated_ms,
    }


def fill_row(fill: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(fill["id"]),
        "orderId": str(fill["orderId"]),
        "symbol": fill["symbol"],
        "orderSide": fill["side"],
        "fillSize": fill["qty"],
        "fillValue": fill["quoteQty"],
        "fillFee": fill["commission"],
        "direction": "MAKER",
        "createdTime": str(fill["time"]),
    }


def told(content: Any) -> HttpResponse:
    return HttpResponse(200, json.dumps(content).encode())


def refused(status: int, code: int, **facts: Any) -> HttpResponse:
    return HttpResponse(status, json.dumps({"code": code, "msg": "no"}).encode(), **facts)
