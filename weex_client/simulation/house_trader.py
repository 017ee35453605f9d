"""A seeded trader who keeps an account moving: orders, fills, positions and balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from weex_client.errors import OrderRejectedError
from weex_client.models import Side
from weex_client.simulation.account_events import OrderState
from weex_client.simulation.draws import seeded
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_floor import TradingFloor

__all__ = ["HouseTrader"]

# Something to see every two seconds on average, a fill every five.
_SHORTEST_PAUSE_STEPS: Final = 6
_LONGEST_PAUSE_STEPS: Final = 34

# An order that has rested for twenty seconds is in nobody's way any more and goes.
_OLDEST_STEPS: Final = 200
_LEAST_RESTING: Final = 2
_MOST_RESTING: Final = 4

# How far behind the touch the patient orders wait, as a share of the price: further than it moves
# in their time.
_PATIENT_SHARE: Final = 0.0005

# How often it turns towards what it began with, so that neither coin runs out.
_HOMEWARD_SHARE: Final = 0.75

# Shares of what is typical for a level of the symbol's book: nobody's price moves by it.
_ORDER_SHARE: Final = 0.01
_MOST_HELD_SHARE: Final = 0.04


class HouseTrader:
    """Quote around the touch, take now and then, and go home from time to time.

    What it does depends on the seed, the step and the market, on nothing else; other orders of
    its account stand in its way as they would in anybody's.
    """

    def __init__(self, account: str, name: str) -> None:
        self._account = account
        self._random = seeded(f"{name}/house")
        self._next_step = 0
        self._start_lots: int | None = None
        self._resting: dict[str, int] = {}
        self._count = 0

    def act(self, floor: TradingFloor) -> None:
        """Do what is due after a step."""
        step = floor.market.step
        if step < self._next_step:
            return
        draw = self._random.random
        pause = _LONGEST_PAUSE_STEPS - _SHORTEST_PAUSE_STEPS
        self._next_step = step + _SHORTEST_PAUSE_STEPS + int(draw() * pause)
        choice, share, patience = draw(), 0.5 + draw(), draw()
        self._tidy(floor, step)
        held = self._held_lots(floor)
        is_buy = (draw() < _HOMEWARD_SHARE) == (held < 0)
        typical = floor.market.instrument.typical_lots
        lots = max(1, int(typical * _ORDER_SHARE * share))
        is_full = abs(held) > typical * _MOST_HELD_SHARE
        has_position = held and floor.desk(self._account).ledger.has_positions
        if len(self._resting) < _LEAST_RESTING:
            far = floor.market.fair_ticks * _PATIENT_SHARE
            self._quote(floor, is_buy, lots, behind=int(far * (1 + patience)))
        elif has_position and (is_full or choice > 0.9):
            self._place(floor, held < 0, abs(held), reduce_only=True)
        elif choice < 0.6 and len(self._resting) < _MOST_RESTING:
            self._quote(floor, is_buy, lots, behind=int(patience * 4) - 1)
        else:
            self._place(floor, is_buy, lots)

    def _tidy(self, floor: TradingFloor, step: int) -> None:
        """Forget what is over, and cancel what is old."""
        open_orders = floor.desk(self._account).open_orders
        for order_id, placed in list(self._resting.items()):
            if order_id not in open_orders:
                del self._resting[order_id]
            elif step - placed > _OLDEST_STEPS:
                del self._resting[order_id]
                floor.cancel(self._account, order_id)

    def _held_lots(self, floor: TradingFloor) -> int:
        """Return the position in lots, negative when short; on spot, what it has gained of base."""
        ledger, rules = floor.desk(self._account).ledger, floor.rules
        if ledger.has_positions:
            return int(ledger.holding(rules).size / rules.size_step)
        lots = rules.lots_below(ledger.wallets.get(rules.base, Decimal(0)))
        if self._start_lots is None:
            self._start_lots = lots
        return lots - self._start_lots

    def _quote(self, floor: TradingFloor, is_buy: bool, lots: int, behind: int) -> None:
        """Rest some ticks behind the best price, or one before it where there is room."""
        touch = floor.market.touch
        behind = max(behind, 0 if touch.ask - touch.bid < 2 else -1)
        price = touch.bid - behind if is_buy else touch.ask + behind
        order = self._place(floor, is_buy, lots, price=price)
        if order is not None:
            self._resting[order.order_id] = floor.market.step

    def _place(
        self,
        floor: TradingFloor,
        is_buy: bool,
        lots: int,
        *,
        price: int | None = None,
        reduce_only: bool = False,
    ) -> OrderState | None:
        """Place an order; a trader who is refused waits for better times."""
        self._count += 1
        rules, side = floor.rules, _side(is_buy)
        request = OrderRequest(
            symbol=rules.symbol,
            side=side,
            type="market" if price is None else "limit",
            size=rules.size(lots),
            price=None if price is None else rules.price(price),
            time_in_force="GTC" if price is None else "POST_ONLY",
            reduce_only=reduce_only,
            client_order_id=f"house-{rules.symbol}-{self._count}",
        )
        try:
            return floor.place(self._account, request)
        except OrderRejectedError:
            return None


def _side(is_buy: bool) -> Side:
    return "buy" if is_buy else "sell"
