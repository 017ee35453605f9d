"""What WEEX tells of a contract position beside its size: id and totals. Nothing trades here."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count
from typing import Final

from weex_client.simulation.account_events import FillEvent, PositionChange
from weex_client.simulation.trading_rules import EXACT
from weex_client.venues.weex.mirror_private import PositionFigures, PositionSide

__all__ = ["PositionBook", "Turnover"]

ZERO: Final = Decimal(0)

# As long as the venue's, and apart from orders and fills.
_FIRST_ID: Final = 600_000_000_000_000_001
_FIRST_SEQUENCE: Final = 5_000_000_001
_MS: Final = 1_000_000

# The fee of what is still open is a share of what opening cost, which need not be a round number.
_FEE_STEP: Final = Decimal("0.00000001")


@dataclass(slots=True)
class Turnover:
    """Values opened and closed of each side, and the fees of it all, quote units."""

    opened: dict[PositionSide, Decimal] = field(default_factory=lambda: dict(_NOTHING))
    closed: dict[PositionSide, Decimal] = field(default_factory=lambda: dict(_NOTHING))
    fees: Decimal = ZERO


_NOTHING: Final[dict[PositionSide, Decimal]] = {"LONG": ZERO, "SHORT": ZERO}


@dataclass(slots=True)
class _Total:
    """Sums of what opened a position, or closed it."""

    size: Decimal = ZERO
    value: Decimal = ZERO
    fee: Decimal = ZERO

    def add(self, size: Decimal, value: Decimal, fee: Decimal) -> None:
        self.size = EXACT.add(self.size, size)
        self.value = EXACT.add(self.value, value)
        self.fee = EXACT.add(self.fee, fee)


@dataclass(slots=True)
class _Position:
    """One position's life."""

    position_id: str
    side: PositionSide
    created_ms: int
    created_sequence: int
    size: Decimal = ZERO
    opened: _Total = field(default_factory=lambda: _Total())
    closed: _Total = field(default_factory=lambda: _Total())


class PositionBook:
    """Follow one account's positions fill by fill.

    Attributes:
        turnovers: What was traded since the account was opened, by currency of the margin.
    """

    def __init__(self) -> None:
        self.turnovers: dict[str, Turnover] = {}
        self._open: dict[str, _Position] = {}
        self._ended: dict[str, list[_Position]] = {}
        self._ids = count(_FIRST_ID)
        self._sequences = count(_FIRST_SEQUENCE)
        self._sequence = _FIRST_SEQUENCE

    def note(self, fill: FillEvent) -> None:
        """Follow one fill: it closes what is open on the other side, and opens with the rest."""
        self._sequence = next(self._sequences)
        side: PositionSide = "LONG" if fill.side == "buy" else "SHORT"
        position = self._open.get(fill.symbol)
        closing = ZERO
        if position is not None and position.side != side:
            closing = min(position.size, fill.size)
            self._add(fill, position, closing, is_opening=False)
            position.size = EXACT.subtract(position.size, closing)
            if not position.size:
                self._ended.setdefault(fill.symbol, []).append(self._open.pop(fill.symbol))
        opening = EXACT.subtract(fill.size, closing)
        if not opening:
            return
        position = self._open.get(fill.symbol)
        if position is None:
            position = _Position(str(next(self._ids)), side, fill.time_ns // _MS, self._sequence)
            self._open[fill.symbol] = position
        self._add(fill, position, opening, is_opening=True)
        position.size = EXACT.add(position.size, opening)

    def _add(
        self, fill: FillEvent, position: _Position, size: Decimal, *, is_opening: bool
    ) -> None:
        """Count a part of a fill."""
        value = EXACT.multiply(fill.price, size)
        # The fee is a rate of the value, so that its share of a part is exact.
        fee = EXACT.divide(EXACT.multiply(fill.fee, size), fill.size)
        (position.opened if is_opening else position.closed).add(size, value, fee)
        turnover = self.turnovers.setdefault(fill.fee_currency, Turnover())
        values = turnover.opened if is_opening else turnover.closed
        values[position.side] = EXACT.add(values[position.side], value)
        turnover.fees = EXACT.add(turnover.fees, fee)

    def figures(self, change: PositionChange, *, is_read: bool = False) -> list[PositionFigures]:
        """Return a position after a change, behind those that ended on the way to it.

        Args:
            change: The position as it is now.
            is_read: True if nobody is told by it, and those that ended still are to be told.
        """
        ended = [] if is_read else self._ended.pop(change.symbol, [])
        rows = [self._row(each, change, ZERO) for each in ended]
        position = self._open.get(change.symbol)
        if position is not None:
            rows.append(self._row(position, change, change.entry_value))
        return rows

    def _row(self, position: _Position, change: PositionChange, value: Decimal) -> PositionFigures:
        open_fee = ZERO
        if position.size:
            share = EXACT.divide(
                EXACT.multiply(position.opened.fee, position.size), position.opened.size
            )
            open_fee = share.quantize(_FEE_STEP, ROUND_HALF_EVEN, EXACT)
        return PositionFigures(
            position.position_id,
            change.currency,
            change.symbol,
            position.side,
            change.leverage,
            position.size,
            value,
            open_fee,
            position.opened.size,
            position.opened.value,
            position.opened.fee,
            position.closed.size,
            position.closed.value,
            position.closed.fee,
            position.created_sequence,
            self._sequence,
            position.created_ms,
            change.time_ns // _MS,
        )
