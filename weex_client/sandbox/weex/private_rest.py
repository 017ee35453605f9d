"""The private HTTP API of WEEX V3, as far as clients of the sockets need it: reads and orders."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Response

from weex_client.errors import (
    InsufficientBalanceError,
    InvalidOrderError,
    OrderClosedError,
    OrderRejectedError,
    UnknownOrderError,
)
from weex_client.sandbox.branch import FEE_RATES, Branch
from weex_client.sandbox.http_answer import json_answer
from weex_client.sandbox.weex import private_rows as rows
from weex_client.sandbox.weex.account_record import AccountRecord
from weex_client.sandbox.weex.logins import Logins, RefusedLoginError
from weex_client.simulation.account_events import FillEvent, OrderState
from weex_client.simulation.ledger import ContractLedger
from weex_client.simulation.orders import OrderRequest
from weex_client.venues.weex.endpoints import Market as MarketName

__all__ = ["PrivateRest"]

Fields = Mapping[str, Any]
Call = Callable[[Branch, str, Fields], Awaitable[object]]

# API docs, "Error codes"; also what clients of others know them as.
_UNKNOWN_ERROR: Final = -1000
_SYSTEM_ERROR: Final = -1054
_INVALID_FIELD: Final = {
    "time_in_force": -1115,
    "type": -1116,
    "side": -1117,
    "symbol": -1121,
    "price": -1160,
    "size": -1160,
}
_PARAM_ERROR: Final = -1142
_INVALID_JSON: Final = -1135
_MISSING_PARAM: Final = -1141
_UNKNOWN_ORDER: Final[dict[MarketName, int]] = {"spot": -2200, "contract": -3200}

_MAX_ROWS: Final = 1_000
_MS: Final = 1_000_000


class RefusedCallError(Exception):
    """The venue answers HTTP 400 with this body."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.body: dict[str, object] = {"code": code, "msg": text}


class PrivateRest:
    """Answer what is signed.

    Args:
        branches: The accounts of each market.
        records: What the venue tells of them.
        logins: Who may see what.
        times_ms: Returns between which times the exchange's clock can be seen to be.
    """

    def __init__(
        self,
        branches: Mapping[MarketName, Branch],
        records: Mapping[MarketName, Mapping[str, AccountRecord]],
        logins: Logins,
        times_ms: Callable[[], Sequence[tuple[int, int]]],
    ) -> None:
        self._branches = branches
        self._records = records
        self._logins = logins
        self._times_ms = times_ms
        self._calls: dict[tuple[str, str], tuple[MarketName, Call]] = {
            ("GET", "/api/v3/account"): ("spot", self._spot_account),
            ("GET", "/api/v3/order"): ("spot", self._order),
            ("GET", "/api/v3/openOrders"): ("spot", self._open_orders),
            ("GET", "/api/v3/allOrders"): ("spot", self._past_orders),
            ("GET", "/api/v3/myTrades"): ("spot", self._fills),
            ("POST", "/api/v3/order"): ("spot", self._place),
            ("DELETE", "/api/v3/order"): ("spot", self._cancel),
            ("DELETE", "/api/v3/openOrders"): ("spot", self._cancel_all),
            ("GET", "/capi/v3/account/balance"): ("contract", self._contract_balances),
            ("GET", "/capi/v3/account/position/allPosition"): ("contract", self._positions),
            ("GET", "/capi/v3/account/position/singlePosition"): ("contract", self._positions),
            ("GET", "/capi/v3/order"): ("contract", self._order),
            ("GET", "/capi/v3/openOrders"): ("contract", self._open_orders),
            ("GET", "/capi/v3/order/history"): ("contract", self._past_orders),
            ("GET", "/capi/v3/userTrades"): ("contract", self._fills),
            ("POST", "/capi/v3/order"): ("contract", self._place),
            ("DELETE", "/capi/v3/order"): ("contract", self._cancel),
            ("DELETE", "/capi/v3/allOpenOrders"): ("contract", self._cancel_all),
        }

    async def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response | None:
        """Return the answer to a request, or None where no such call is private."""
        parts = urlsplit(target)
        known = self._calls.get((method, parts.path.rstrip("/")))
        if known is None:
            return None
        market, call = known
        # Bytes that are no text cannot be signed rightly; they are refused below.
        signed = method + target + body.decode(errors="replace")
        try:
            account = self._logins.account(headers, signed, self._times_ms())
        except RefusedLoginError as refused:
            return json_answer(refused.status, refused.body)
        try:
            fields: Fields = _json(body) if body else dict(parse_qsl(parts.query))
            branch = self._branches[market]
            await branch.wake()
            return json_answer(200, await call(branch, account, fields))
        except RefusedCallError as refused:
            return json_answer(400, refused.body)
        except OrderRejectedError as refused:
            return json_answer(400, _rejection(refused, market))

    # What is held.

    async def _spot_account(self, branch: Branch, account: str, _fields: Fields) -> object:
        desk = branch.desk(account)
        return rows.spot_account(desk, branch.now_ns // _MS, FEE_RATES["spot"])

    async def _contract_balances(self, branch: Branch, account: str, _fields: Fields) -> object:
        branch.value_positions()
        return rows.contract_balances(branch.desk(account))

    async def _positions(self, branch: Branch, account: str, fields: Fields) -> object:
        branch.value_positions()
        record = self._records[branch.name][account]
        ledger = cast("ContractLedger", record.desk.ledger)
        wanted = fields.get("symbol")
        return [
            rows.position_row(figures, holding, ledger.liquidation_price(holding.rules))
            for symbol, holding in ledger.holdings.items()
            if holding.size and wanted in (None, symbol)
            for figures in record.positions.figures(
                record.desk.position(holding, branch.now_ns), is_read=True
            )
        ]

    # Orders and fills.

    async def _order(self, branch: Branch, account: str, fields: Fields) -> object:
        return _order_row(branch, branch.find(account, _order_id(fields)))

    async def _open_orders(self, branch: Branch, account: str, fields: Fields) -> object:
        desk = branch.desk(account)
        states = [desk.state(order) for order in desk.open_orders.values()]
        return [_order_row(branch, state) for state in _chosen(states, fields)]

    async def _past_orders(self, branch: Branch, account: str, fields: Fields) -> object:
        desk = branch.desk(account)
        # Spot has one list for all orders, contract one for those that are over.
        states = [
            desk.state(order)
            for order in desk.orders.values()
            if branch.name == "spot" or order.is_final
        ]
        return [_order_row(branch, state) for state in _chosen(states, fields)]

    async def _fills(self, branch: Branch, account: str, fields: Fields) -> object:
        record = self._records[branch.name][account]
        wanted = fields.get("orderId")
        fills = [fill for fill in record.fills if wanted in (None, fill.order_id)]
        return [_fill_row(branch, record, fill) for fill in _chosen(fills, fields)]

    async def _place(self, branch: Branch, account: str, fields: Fields) -> object:
        state = await branch.place(account, _request(fields))
        answer: dict[str, object] = {
            "symbol": state.request.symbol,
            "orderId": int(state.order_id),
            "clientOrderId": state.request.client_order_id or "",
            "transactTime": state.created_ns // _MS,
        }
        return answer if branch.name == "spot" else answer | {"success": True}

    async def _cancel(self, branch: Branch, account: str, fields: Fields) -> object:
        return _canceled(await branch.cancel(account, _order_id(fields)))

    async def _cancel_all(self, branch: Branch, account: str, fields: Fields) -> object:
        desk = branch.desk(account)
        states = [desk.state(order) for order in desk.open_orders.values()]
        canceled = []
        for state in _chosen(states, {"symbol": fields.get("symbol"), "limit": str(_MAX_ROWS)}):
            # An earlier cancel can end an order that only reduces.
            if state.order_id in desk.open_orders:
                canceled.append(_canceled(await branch.cancel(account, state.order_id)))
        return canceled


def _json(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise RefusedCallError(_INVALID_JSON, "Invalid JSON request.")
    return fields


def _order_id(fields: Fields) -> str:
    given = fields.get("orderId") or fields.get("origClientOrderId")
    if not given:
        raise RefusedCallError(-1140, "Either orderId or origClientOrderId must be sent.")
    return str(given)


def _request(fields: Fields) -> OrderRequest:
    """Read an order.

    Raises:
        RefusedCallError: If something is missing, or no number.
    """
    for name in ("symbol", "side", "type", "quantity"):
        if not fields.get(name):
            raise RefusedCallError(_MISSING_PARAM, f"Parameter '{name}' cannot be empty.")
    side, kind = str(fields["side"]).lower(), str(fields["type"]).lower()
    closes = {"LONG": "sell", "SHORT": "buy"}.get(str(fields.get("positionSide")))
    return OrderRequest(
        symbol=str(fields["symbol"]).upper(),
        # Whatever is no side or type is refused by the exchange, which knows them.
        side=cast("Any", side),
        type=cast("Any", kind),
        size=_number(fields, "quantity"),
        price=_number(fields, "price") if kind == "limit" else None,
        time_in_force=cast("Any", str(fields.get("timeInForce") or "GTC").upper()),
        reduce_only=closes == side or fields.get("reduceOnly") is True,
        client_order_id=str(fields.get("newClientOrderId") or "") or None,
    )


def _number(fields: Fields, name: str) -> Decimal | None:
    if fields.get(name) is None:
        return None
    try:
        return Decimal(str(fields[name]))
    except InvalidOperation:
        raise RefusedCallError(_PARAM_ERROR, f"Parameter '{name}' is invalid.") from None


def _chosen(events: Sequence[Any], fields: Fields) -> list[Any]:
    """Return what a query asks for, the newest last, as many as it wants."""
    symbol = fields.get("symbol")
    start, end = (_time(fields, name) for name in ("startTime", "endTime"))
    limit = str(fields.get("limit") or 500)
    if not limit.isascii() or not limit.isdecimal() or not 0 < int(limit[:6]) <= _MAX_ROWS:
        raise RefusedCallError(
            -1140, f"Parameter validation failed. limit must be between 1 and {_MAX_ROWS}."
        )
    chosen = []
    for event in events:
        is_order = isinstance(event, OrderState)
        made_ns = event.created_ns if is_order else event.time_ns
        of = event.request.symbol if is_order else event.symbol
        if symbol in (None, of) and start <= made_ns // _MS <= end:
            chosen.append(event)
    return chosen[-int(limit) :]


def _time(fields: Fields, name: str) -> float:
    given = fields.get(name)
    if given is None:
        return float("-inf") if name == "startTime" else float("inf")
    if not str(given).isascii() or not str(given).isdecimal() or len(str(given)) > 18:
        raise RefusedCallError(_PARAM_ERROR, f"Parameter '{name}' is invalid.")
    return int(given)


def _order_row(branch: Branch, state: OrderState) -> object:
    rules = branch.rules(state.request.symbol)
    if branch.name == "spot":
        return rows.spot_order(state, rules)
    return rows.contract_order(state, rules)


def _fill_row(branch: Branch, record: AccountRecord, fill: FillEvent) -> object:
    return rows.spot_fill(fill) if branch.name == "spot" else rows.contract_fill(fill, record)


def _canceled(state: OrderState) -> dict[str, object]:
    return {
        "orderId": int(state.order_id),
        "origClientOrderId": state.request.client_order_id or "",
        "status": state.status.upper(),
    }


def _rejection(refused: OrderRejectedError, market: MarketName) -> dict[str, object]:
    match refused:
        case InvalidOrderError():
            code, text = _INVALID_FIELD.get(refused.field, _PARAM_ERROR), str(refused)
        case InsufficientBalanceError():
            code, text = _SYSTEM_ERROR, f"FAILED_PRECONDITION: amount not enough: {refused}"
        case UnknownOrderError() | OrderClosedError():
            code, text = _UNKNOWN_ORDER[market], f"Order does not exist: {refused}"
        case _:
            code, text = _UNKNOWN_ERROR, str(refused)
    return {"code": code, "msg": text}
