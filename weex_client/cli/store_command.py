"""The command that stores streams, its options and its help. What it does lives in ``store``."""

from __future__ import annotations

from typing import Annotated

import typer

from weex_client.cli.options import (
    FIRST_VENUE,
    Interval,
    Level,
    Market,
    Sandbox,
    Seconds,
    Symbols,
    Url,
    VenueChoice,
)
from weex_client.cli.request import WatchRequest
from weex_client.cli.running import run_command
from weex_client.cli.store import StoreRequest
from weex_client.cli.store import store as keep

__all__ = ["store"]


def store(
    symbols: Symbols = None,
    to: Annotated[
        str, typer.Option(metavar="ADDRESS", help="sqlite:FILE, or mongodb://HOST/DATABASE.")
    ] = "sqlite:market.db",
    channel: Annotated[
        list[str] | None,
        typer.Option(help="What to store, again for each: one of 'weex-client venues'."),
    ] = None,
    venue: Annotated[VenueChoice, typer.Option(help="Which exchange.")] = FIRST_VENUE,
    market: Market = None,
    interval: Interval = None,
    level: Level = None,
    sandbox: Sandbox = False,
    url: Url = None,
    seconds: Seconds = None,
) -> int:
    """Store streams in an SQLite file or in MongoDB, each message once.

    Example: weex-client store BTCUSDT --channel trades --channel candles --to sqlite:market.db
    """
    watched = WatchRequest(
        symbols=tuple(symbols or ()),
        venue=venue.value,
        market=None if market is None else market.value,
        interval=interval,
        level=level,
        sandbox=sandbox,
        url=url,
        seconds=seconds,
    )
    return run_command(lambda: keep(StoreRequest(watched, tuple(channel or ()), to)))
