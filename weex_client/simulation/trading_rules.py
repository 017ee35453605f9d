"""What a symbol's orders must look like, and what trading it costs. Nothing trades here."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

from weex_client.errors import InvalidOrderError
from weex_client.simulation.instrument import Instrument

__all__ = ["EXACT", "TradingRules"]

# Money is reckoned in this context, never in the caller's: its 28 digits would round a fee.
EXACT = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])

# No exchange quotes beyond 10^18 units or 18 decimals; a thousand noughts are somebody's mistake.
_MAX_EXPONENT = 18


@dataclass(frozen=True, slots=True)
class TradingRules:
    """Describe how one symbol is traded.

    Attributes:
        symbol: Upper case, such as ``BTCUSDT``.
        base: What a size counts.
        quote: What a price counts.
        tick_size: Smallest price step, quote units.
        size_step: Smallest size step, base units.
        maker_fee_rate: Share of the notional paid by who rested: 0.0002 is two basis points.
        taker_fee_rate: Share of the notional paid by who crossed the spread.
        maintenance_rate: Share of the notional that a position's account must be worth.
        max_leverage: Most times the margin that a position may be worth.
        unit: A tick of one lot, quote units.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    size_step: Decimal
    maker_fee_rate: Decimal = Decimal("0.0002")
    taker_fee_rate: Decimal = Decimal("0.0006")
    maintenance_rate: Decimal = Decimal("0.01")
    max_leverage: Decimal = Decimal(125)
    unit: Decimal = field(init=False, repr=False)

    def __post_init__(self) -> None:
        unit = EXACT.multiply(self.tick_size, self.size_step)
        object.__setattr__(self, "unit", unit)

    @classmethod
    def of(
        cls, instrument: Instrument, maker_fee_rate: Decimal, taker_fee_rate: Decimal
    ) -> TradingRules:
        """Return the rules of an instrument of the seeded market."""
        return cls(
            instrument.symbol,
            instrument.base,
            instrument.quote,
            instrument.tick_size,
            instrument.size_step,
            maker_fee_rate,
            taker_fee_rate,
        )

    def ticks(self, price: Decimal, field: str = "price") -> int:
        """Return a price in ticks.

        Raises:
            InvalidOrderError: If it is not positive, or no whole number of ticks.
        """
        return self._steps(price, self.tick_size, field, "tick size")

    def lots(self, size: Decimal) -> int:
        """Return a size in lots.

        Raises:
            InvalidOrderError: If it is not positive, or no whole number of steps.
        """
        return self._steps(size, self.size_step, "size", "size step")

    def lots_below(self, size: Decimal) -> int:
        """Return the most lots that a size holds; zero where it is too small or negative."""
        return max(0, int(EXACT.divide_int(size, self.size_step)))

    def price(self, ticks: int) -> Decimal:
        """Return a price in quote units, with the digits of the tick size."""
        return EXACT.multiply(Decimal(ticks), self.tick_size)

    def size(self, lots: int) -> Decimal:
        """Return a size in base units, with the digits of the size step."""
        return EXACT.multiply(Decimal(lots), self.size_step)

    def notional(self, tick_lots: int) -> Decimal:
        """Return the exact sum of prices times sizes in quote units."""
        return EXACT.multiply(Decimal(tick_lots), self.unit)

    def average(self, notional: Decimal, size: Decimal) -> Decimal:
        """Return an average price, rounded to a ten-thousandth of a tick."""
        unit = EXACT.scaleb(self.tick_size, -4)
        ratio = EXACT.divide(notional, EXACT.multiply(size, unit))
        average = EXACT.multiply(ratio.to_integral_value(ROUND_HALF_EVEN), unit)
        # Nearly always a whole number of ticks: then with a price's own digits.
        ticks, rest = EXACT.divmod(average, self.tick_size)
        return average if rest else EXACT.multiply(ticks, self.tick_size)

    def tick_lots_below(self, notional: Decimal) -> int:
        """Return the most tick-lots that a quote amount pays for."""
        return max(0, int(EXACT.divide_int(notional, self.unit)))

    def check_amount(self, notional: Decimal) -> None:
        """Make sure that a quote amount could be an order's.

        Raises:
            InvalidOrderError: If it is not positive or not reckonable.
        """
        self._check(notional, "quote_size")

    def _check(self, number: Decimal, field: str) -> None:
        if not number.is_finite() or number <= 0:
            raise InvalidOrderError(
                f"{field} must be greater than 0, not {number}", symbol=self.symbol, field=field
            )
        exponent = number.as_tuple().exponent
        if number.adjusted() > _MAX_EXPONENT or int(exponent) < -2 * _MAX_EXPONENT:
            raise InvalidOrderError(
                f"{field} {number} has more digits than any order", symbol=self.symbol, field=field
            )

    def _steps(self, number: Decimal, step: Decimal, field: str, name: str) -> int:
        self._check(number, field)
        whole, rest = EXACT.divmod(number, step)
        if rest:
            raise InvalidOrderError(
                f"{field} {number} of {self.symbol} is no multiple of the {name} {step}",
                symbol=self.symbol,
                field=field,
            )
        return int(whole)
