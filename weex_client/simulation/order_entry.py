"""The checks that an order passes before anything happens. Nothing is changed here."""

from __future__ import annotations

from weex_client.errors import DuplicateOrderError, InvalidOrderError, NoMarketError, PostOnlyError
from weex_client.simulation.desk import Desk
from weex_client.simulation.ledger import Intent, Ledger
from weex_client.simulation.matching import Plan
from weex_client.simulation.orders import OrderRequest, RestingOrder
from weex_client.simulation.trading_rules import TradingRules

__all__ = ["checked", "expiry", "fit_to_position", "made", "rests"]


def made(
    request: OrderRequest, rules: TradingRules, desk: Desk, order_id: str, now_ns: int
) -> RestingOrder:
    """Return the order of a request, in ticks and lots.

    Raises:
        InvalidOrderError: If it could not be anybody's order, or reduces what is not there.
        DuplicateOrderError: If the account has used the client order id.
    """
    request.check()
    if request.reduce_only and not desk.ledger.has_positions:
        raise InvalidOrderError(
            "spot has no positions to reduce", symbol=rules.symbol, field="reduce_only"
        )
    if request.quote_size is not None and desk.ledger.has_positions:
        raise InvalidOrderError(
            "orders by quote amount are for spot: give a size",
            symbol=rules.symbol,
            field="quote_size",
        )
    if request.client_order_id is not None and desk.knows(request.client_order_id):
        raise DuplicateOrderError(
            f"there is an order {request.client_order_id!r} already",
            symbol=rules.symbol,
            client_order_id=request.client_order_id,
        )
    order = RestingOrder(
        order_id=order_id,
        account=desk.account,
        request=request,
        rules=rules,
        is_buy=request.side == "buy",
        price=None if request.price is None else rules.ticks(request.price),
        lots=0 if request.size is None else rules.lots(request.size),
        created_ns=now_ns,
        updated_ns=now_ns,
    )
    if request.quote_size is not None:
        rules.check_amount(request.quote_size)
        order.spend = rules.tick_lots_below(request.quote_size)
    if request.trigger_price is not None:
        order.trigger = rules.ticks(request.trigger_price, "trigger_price")
    elif request.reduce_only:
        fit_to_position(order, rules, desk)
    return order


def fit_to_position(order: RestingOrder, rules: TradingRules, desk: Desk) -> None:
    """Cut an order that only reduces to the position that is there.

    Raises:
        InvalidOrderError: If there is none, or the order would add to it.
    """
    closable = desk.closable(rules, order)
    if not closable:
        raise InvalidOrderError(
            f"there is no position in {rules.symbol} that a reduce-only"
            f" {order.request.side} would reduce",
            symbol=rules.symbol,
            field="reduce_only",
        )
    order.lots = min(order.lots, closable)


def checked(plan: Plan, order: RestingOrder, rules: TradingRules, ledger: Ledger) -> Plan:
    """Return what an order may do, which is what was planned or, of fill-or-kill, nothing.

    Raises:
        NoMarketError: If a market order meets nobody.
        InvalidOrderError: If a quote amount buys nothing.
        PostOnlyError: If a post-only order would take.
        InsufficientBalanceError: If the account cannot pay for it.
    """
    if order.price is None and not plan.hits:
        if order.spend is not None and plan.is_complete:
            raise InvalidOrderError(
                f"quote_size {order.request.quote_size} buys less than {rules.size_step}",
                symbol=rules.symbol,
                field="quote_size",
            )
        raise NoMarketError(
            f"there is nothing to match a market order for {rules.symbol} with",
            symbol=rules.symbol,
        )
    if order.request.time_in_force == "POST_ONLY" and plan.hits:
        best = rules.price(plan.hits[0].price)
        raise PostOnlyError(
            f"a post-only order would take at {best}", symbol=rules.symbol, best_price=best
        )
    if order.request.time_in_force == "FOK" and not plan.is_complete:
        plan = Plan([], [], 0, is_complete=False)
    fills = [(rules.price(hit.price), rules.size(hit.lots)) for hit in plan.hits]
    intent = Intent(order.is_buy, fills, reduce_only=order.request.reduce_only)
    if order.price is not None and rests(order) and not plan.is_complete:
        rest = rules.size(order.remaining - plan.lots)
        intent = intent._replace(rest_price=rules.price(order.price), rest_size=rest)
    ledger.check(rules, intent)
    return plan


def rests(order: RestingOrder) -> bool:
    """Tell whether what an order does not take stays in the book."""
    is_patient = order.request.time_in_force in ("GTC", "POST_ONLY")
    return order.price is not None and is_patient


def expiry(order: RestingOrder) -> str:
    """Return why an order that does not rest has ended."""
    if order.request.time_in_force == "FOK":
        return "fill or kill: not all of it could be filled at once"
    return "nothing more was there to take at its price"
