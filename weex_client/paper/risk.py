"""Risk limits: when one is broken, and which action that calls for. The engine carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from weex_client.errors import ConfigError

__all__ = ["Breach", "RiskAction", "RiskGuard", "RiskLimits"]

RiskAction = Literal["reduce", "close_all", "stop"]
_ACTIONS: Final = ("reduce", "close_all", "stop")
_DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Say how much may be risked, and what the engine does when it is more.

    ``reduce`` brings positions back within the limit (after a loss: halves them), once for each
    breach. ``close_all`` cancels all orders, closes all positions and lets none be opened until
    the next UTC day. ``stop`` does the same, for good, and ends the strategy.

    Attributes:
        max_position_size: Most notional of all positions together, quote units.
        max_daily_loss: Most that may be lost since 0:00 UTC (or the start), quote units.
        max_drawdown: Most that equity may fall below its peak: 0.1 is ten percent.
        on_position_size: What to do when positions are too large.
        on_daily_loss: What to do when too much was lost today.
        on_drawdown: What to do when equity has fallen too far.

    Raises:
        ConfigError: If a limit is not positive, or an action is none.
    """

    max_position_size: Decimal | float | None = None
    max_daily_loss: Decimal | float | None = None
    max_drawdown: Decimal | float | None = None
    on_position_size: RiskAction = "reduce"
    on_daily_loss: RiskAction = "close_all"
    on_drawdown: RiskAction = "stop"

    def __post_init__(self) -> None:
        for name in ("max_position_size", "max_daily_loss", "max_drawdown"):
            value = getattr(self, name)
            if value is not None and not _is_positive(value):
                raise ConfigError(f"{name} must be a number greater than 0, not {value!r}")
        for name in ("on_position_size", "on_daily_loss", "on_drawdown"):
            if getattr(self, name) not in _ACTIONS:
                raise ConfigError(f"{name} is one of {', '.join(_ACTIONS)}")


def _is_positive(value: Decimal | float) -> bool:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return False
    return number.is_finite() and number > 0


class Breach(NamedTuple):
    """One limit that was broken.

    Attributes:
        limit: Its name.
        action: What the engine does.
        value: What it came to.
        allowed: What it may be.
        time_ns: When.
    """

    limit: str
    action: RiskAction
    value: Decimal
    allowed: Decimal
    time_ns: int


class RiskGuard:
    """Watch equity and exposure, and tell of each breach once.

    Attributes:
        is_stopped: True once an action was ``stop``.
        closed_day: The UTC day on which nothing may be opened, or None.
        day: The day that the loss is counted for.
        day_equity: Equity at its start.
        peak: Highest equity so far.
        broken: Names of the limits that are broken now.
    """

    def __init__(self, limits: RiskLimits) -> None:
        self.limits = limits
        self.is_stopped = False
        self.closed_day: int | None = None
        self.closed_by = ""
        self.day: int | None = None
        self.day_equity = Decimal(0)
        self.peak = Decimal(0)
        self.broken: set[str] = set()

    def blocks(self, now_ns: int) -> str | None:
        """Return the name of the limit that lets nothing be opened now, or None."""
        if self.is_stopped or self.closed_day == now_ns // _DAY_NS:
            return self.closed_by
        return None

    def look(self, equity: Decimal, exposure: Decimal, now_ns: int) -> list[Breach]:
        """Return the limits that are newly broken.

        Args:
            equity: What the account is worth.
            exposure: Notional of all positions, quote units.
            now_ns: Now.
        """
        day = now_ns // _DAY_NS
        if day != self.day:
            self.day, self.day_equity = day, equity
        self.peak = max(self.peak, equity)
        limits = self.limits
        fallen = (self.peak - equity) / self.peak if self.peak > 0 else Decimal(0)
        found: list[Breach] = []
        for name, allowed, value, action in (
            ("max_position_size", limits.max_position_size, exposure, limits.on_position_size),
            (
                "max_daily_loss",
                limits.max_daily_loss,
                self.day_equity - equity,
                limits.on_daily_loss,
            ),
            ("max_drawdown", limits.max_drawdown, fallen, limits.on_drawdown),
        ):
            if allowed is None:
                continue
            bound = Decimal(str(allowed))
            if value <= bound:
                self.broken.discard(name)
            elif name not in self.broken:
                self.broken.add(name)
                found.append(Breach(name, action, value, bound, now_ns))
                self._note(name, action, day)
        return found

    def saved(self) -> dict[str, object]:
        """Return what must be known again after a restart."""
        return {
            "is_stopped": self.is_stopped,
            "closed_day": self.closed_day,
            "closed_by": self.closed_by,
            "day": self.day,
            "day_equity": str(self.day_equity),
            "peak": str(self.peak),
            "broken": sorted(self.broken),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what ``saved`` returned."""
        self.is_stopped = saved["is_stopped"]
        self.closed_day, self.closed_by = saved["closed_day"], saved["closed_by"]
        self.day, self.day_equity = saved["day"], Decimal(saved["day_equity"])
        self.peak, self.broken = Decimal(saved["peak"]), set(saved["broken"])

    def _note(self, name: str, action: RiskAction, day: int) -> None:
        if action == "reduce" or self.is_stopped:
            return
        self.closed_day, self.closed_by = day, name
        self.is_stopped = action == "stop"
