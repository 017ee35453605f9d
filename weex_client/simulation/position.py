"""What one account holds of one symbol, and what it cost. Who may trade is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from weex_client.simulation.trading_rules import EXACT, TradingRules

__all__ = ["Holding", "Settlement"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Say what a fill did.

    Attributes:
        fee: What it cost, in ``fee_currency``; positive is paid.
        fee_currency: What the fee was taken from.
        realized_pnl: Realized by it in quote units, fees not counted.
    """

    fee: Decimal
    fee_currency: str
    realized_pnl: Decimal


@dataclass(slots=True)
class Holding:
    """Keep one symbol's position and the totals of its fills.

    Attributes:
        size: Base units: positive is long, negative short.
        value: What opening it cost or brought, quote units, never negative.
        leverage: Times the margin that the position is worth.
        mark: What it is valued at, or None until known.
        buying: Quote value of resting orders that buy.
        selling: Quote value of resting orders that sell.
        buying_size: Base units of those that buy.
        selling_size: Base units of those that sell.
        realized_pnl: Realized so far, quote units, fees not counted.
        fees: Fees so far, valued in quote units.
        volume: Traded so far, quote units.
        fill_count: Fills so far.
        wins: Fills that realized a profit after their own fee.
        losses: Fills that realized a loss after their own fee.
    """

    rules: TradingRules
    leverage: Decimal = Decimal(1)
    size: Decimal = ZERO
    value: Decimal = ZERO
    mark: Decimal | None = None
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    buying_size: Decimal = ZERO
    selling_size: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    volume: Decimal = ZERO
    fill_count: int = 0
    wins: int = 0
    losses: int = 0

    @property
    def unit(self) -> Decimal:
        """Return a tick of one lot, quote units: to this all divisions are rounded."""
        return self.rules.unit

    @property
    def entry_price(self) -> Decimal | None:
        """Return the average price of what is open, or None when nothing is."""
        if not self.size:
            return None
        return self.rules.average(self.value, self.size.copy_abs())

    @property
    def unrealized_pnl(self) -> Decimal | None:
        """Return profit or loss at the mark, quote units; None until a mark is known."""
        if not self.size:
            return ZERO
        if self.mark is None:
            return None
        worth = EXACT.multiply(self.size, self.mark)
        cost = self.value if self.size > 0 else self.value.copy_negate()
        return EXACT.subtract(worth, cost)

    @property
    def margin(self) -> Decimal:
        """Return what the open position holds of the account: entry value / leverage."""
        return self.share_of(self.value)

    def share_of(self, value: Decimal) -> Decimal:
        """Return a value divided by the leverage, rounded up to a tick of one lot."""
        if self.leverage == 1:
            return value
        return _shortened(EXACT.divide(value, self.leverage), self.unit, ROUND_CEILING)

    @property
    def opening(self) -> Decimal:
        """Return the value that orders can still add to what is open, at worst.

        Orders on one side can all fill while those on the other do not. Those against the
        position close it first; what they hold beyond its size opens one the other way, which
        takes the place of this one.
        """
        if not self.size:
            return max(self.buying, self.selling)
        with_it, against, size = self.buying, self.selling, self.selling_size
        if self.size < 0:
            with_it, against, size = self.selling, self.buying, self.buying_size
        beyond = EXACT.subtract(size, self.size.copy_abs())
        if beyond <= 0:
            return with_it
        turned = EXACT.divide(EXACT.multiply(against, beyond), size)
        turned = _shortened(turned, self.unit, ROUND_CEILING)
        return max(with_it, EXACT.subtract(turned, self.value))

    def rest(self, price: Decimal, size: Decimal, *, is_buy: bool) -> None:
        """Count a resting order, or with a negative size what is gone of one."""
        value = EXACT.multiply(price, size)
        if is_buy:
            self.buying = EXACT.add(self.buying, value)
            self.buying_size = EXACT.add(self.buying_size, size)
        else:
            self.selling = EXACT.add(self.selling, value)
            self.selling_size = EXACT.add(self.selling_size, size)

    @property
    def frozen(self) -> Decimal:
        """Return what orders hold back: margin and taker's fee of what they can add."""
        opening = self.opening
        if not opening:
            return ZERO
        fee = EXACT.multiply(opening, self.rules.taker_fee_rate)
        return EXACT.add(self.share_of(opening), fee)

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Add a signed size at a price; what closes is realized against the average entry.

        Returns:
            The profit realized, quote units, fees not counted. Its rounding stays in ``value``,
            so that no digit is lost over a position's life.
        """
        cost = EXACT.multiply(change.copy_abs(), price)
        size = self.size
        if not size or (size > 0) == (change > 0):
            self.size = EXACT.add(size, change)
            self.value = EXACT.add(self.value, cost)
            return ZERO
        closed = min(size.copy_abs(), change.copy_abs())
        portion = self._portion(closed)
        worth = EXACT.multiply(closed, price)
        realized = EXACT.subtract(worth, portion) if size > 0 else EXACT.subtract(portion, worth)
        self.size = EXACT.add(size, change)
        if closed == size.copy_abs():
            self.value = EXACT.subtract(cost, worth)
        else:
            self.value = EXACT.subtract(self.value, portion)
        return realized

    def _portion(self, closed: Decimal) -> Decimal:
        held = self.size.copy_abs()
        if closed == held:
            return self.value
        share = EXACT.divide(EXACT.multiply(self.value, closed), held)
        return _shortened(share, self.unit, ROUND_HALF_EVEN)

    def copy(self) -> Holding:
        """Return a holding of the same position and orders, to try something; without totals."""
        return Holding(
            self.rules,
            self.leverage,
            self.size,
            self.value,
            self.mark,
            self.buying,
            self.selling,
            self.buying_size,
            self.selling_size,
        )

    def count(
        self, notional: Decimal, fee: Decimal, realized: Decimal, *, is_closing: bool
    ) -> None:
        """Add a fill to the totals; the fee is valued in quote units."""
        self.volume = EXACT.add(self.volume, notional)
        self.fees = EXACT.add(self.fees, fee)
        self.realized_pnl = EXACT.add(self.realized_pnl, realized)
        self.fill_count += 1
        if is_closing:
            is_win = realized > fee
            self.wins += is_win
            self.losses += not is_win


def _shortened(number: Decimal, unit: Decimal, rounding: str) -> Decimal:
    """Return a number unrounded where it is a multiple of the unit, else rounded to one."""
    ratio = EXACT.divide(number, unit)
    whole = ratio.to_integral_value(rounding)
    return number if whole == ratio else EXACT.multiply(whole, unit)
