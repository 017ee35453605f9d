"""What the pytest fixtures give: an exchange and a client of it, and what is told of a failure.

The fixtures themselves are in ``pytest_plugin``, because pytest imports a plugin at every start,
also where no test needs an exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from weex_client.sandbox import Chaos, SandboxExchange
from weex_client.venues.weex.endpoints import Market as MarketName
from weex_client.websocket import WeexWebSocketClient

__all__ = ["SandboxSettings", "client_of", "told"]

# A test does not wait a minute for a line that the exchange has cut.
_RECONNECT_DELAY_SECONDS = 0.01
_RECONNECT_MAX_DELAY_SECONDS = 0.1

_TOLD_FAULTS = 20


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Say what exchange a test gets, as the marker ``sandbox`` spells it.

    Attributes:
        seed: Decides the market.
        speed: Simulated seconds a real second.
        chaos: A plan of faults, or the seed of one; None for none.
        symbols: What is listed; None for twenty well-known ones.
        market: Which market the client is of.
        start_time_ns: The simulated time of the start; None for now.
        house_trader: True to let somebody keep the account's streams moving.
    """

    seed: int = 7
    speed: float = 1.0
    chaos: Chaos | int | None = None
    symbols: Iterable[str] | None = None
    market: MarketName = "contract"
    start_time_ns: int | None = None
    house_trader: bool = True

    @classmethod
    def of(cls, *layers: Mapping[str, Any]) -> SandboxSettings:
        """Return settings made of layers, of which later ones win.

        Raises:
            ValueError: If a name or a market is unknown; the text has the names.
        """
        merged: dict[str, Any] = {}
        for layer in layers:
            merged.update(layer)
        names = [field.name for field in fields(cls)]
        unknown = sorted(merged.keys() - set(names))
        if unknown:
            raise ValueError(f"a sandbox has {', '.join(names)}, but no {', '.join(unknown)}")
        settings = cls(**merged)
        if settings.market not in ("contract", "spot"):
            raise ValueError(f"the market is contract or spot, not {settings.market!r}")
        return settings

    def exchange(self) -> SandboxExchange:
        """Return the exchange, not yet open.

        Raises:
            ValueError: If the speed is not positive.
        """
        return SandboxExchange(
            seed=self.seed,
            speed=self.speed,
            symbols=self.symbols,
            start_time_ns=self.start_time_ns,
            chaos=self.chaos,
            house_trader=self.house_trader,
        )


def client_of(exchange: SandboxExchange, market: MarketName = "contract") -> WeexWebSocketClient:
    """Return a client of an exchange, not yet open, that reconnects within a tenth of a second."""
    quickly = {
        "reconnect_delay_seconds": _RECONNECT_DELAY_SECONDS,
        "reconnect_max_delay_seconds": _RECONNECT_MAX_DELAY_SECONDS,
    }
    return WeexWebSocketClient(exchange.weex_config(market).model_copy(update=quickly))


def told(exchange: SandboxExchange) -> str:
    """Return what makes a failure come again, and the faults before it, oldest first."""
    lines = [f"seed={exchange.seed} speed={exchange.speed:g} chaos={exchange.chaos}"]
    records = [record for record in exchange.faults.log if not record.frame]
    losses = len(exchange.faults.log.losses())
    lines.append(f"{exchange.faults.log.counts.total()} records of faults, {losses} frames lost")
    for record in records[-_TOLD_FAULTS:]:
        ago = (exchange.time_ns - record.market_time_ns) / 1e9
        whom = "" if record.connection is None else f" on connection {record.connection}"
        lines.append(f"{ago:8.1f} s before: {record.kind}{whom}: {record.detail}")
    return "\n".join(lines)
