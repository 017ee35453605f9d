"""Arguments and options that several commands have, and how their texts are read."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Annotated, Final

import typer

from weex_client.websocket import VENUES

__all__ = [
    "FIRST_VENUE",
    "Interval",
    "Level",
    "Market",
    "MarketChoice",
    "Sandbox",
    "Seconds",
    "Symbols",
    "Url",
    "VenueChoice",
    "positive",
    "read_age",
    "read_rotation",
]

# Made of what the other rooms have, so that a new venue needs no line here.
VenueChoice = Enum("VenueChoice", {name: name for name in VENUES})  # type: ignore[misc]
FIRST_VENUE: Final = next(iter(VenueChoice))

_BYTES: Final = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class MarketChoice(Enum):
    """The markets of a venue that has more than one."""

    contract = "contract"
    spot = "spot"


Symbols = Annotated[
    list[str] | None,
    typer.Argument(metavar="SYMBOL", help="Symbols as the venue spells them: BTCUSDT, BTC-USDT."),
]
Market = Annotated[
    MarketChoice | None, typer.Option(help="Which market; contract, if nothing else is set.")
]


def positive(value: float | None) -> float | None:
    """Return a number greater than 0, or refuse it."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise typer.BadParameter("must be a number greater than 0")
    return value


Interval = Annotated[
    str | None, typer.Option(help="Length of a candle; 1m, if nothing else is said.")
]
Level = Annotated[int | None, typer.Option(help="Book levels a side; 5 if not said.")]
Sandbox = Annotated[
    bool, typer.Option("--sandbox", help="Use the embedded exchange; needs no network.")
]
Url = Annotated[str | None, typer.Option(help="Another WebSocket address than the venue's.")]
Seconds = Annotated[
    float | None, typer.Option(callback=positive, help="Stop after so many seconds.")
]


def read_age(text: str, option: str) -> float:
    """Return the seconds of ``30s``, ``15m``, ``1h``, ``7d`` or ``2w``, or refuse the text."""
    number, unit = _amount(text)
    if unit not in _SECONDS or not number:
        raise typer.BadParameter(
            f"{text!r} is no length of time: write 30s, 15m, 1h, 7d or 2w", param_hint=option
        )
    return number * _SECONDS[unit]


def read_rotation(text: str, option: str) -> tuple[int | None, float | None]:
    """Return the bytes of ``1GB`` or the seconds of ``1h``, or refuse the text."""
    number, unit = _amount(text)
    if unit.upper() in _BYTES and number:
        return max(1, round(number * _BYTES[unit.upper()])), None
    if unit in _SECONDS and number:
        return None, number * _SECONDS[unit]
    raise typer.BadParameter(
        f"{text!r} is neither a size nor a length of time: write 500MB, 1GB, 30m, 1h or 1d",
        param_hint=option,
    )


def _amount(text: str) -> tuple[float, str]:
    found = _AMOUNT.fullmatch(text.strip())
    return (float(found[1]), found[2]) if found else (0.0, "")
