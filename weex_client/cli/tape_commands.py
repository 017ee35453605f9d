"""The commands about tapes, their options and their help. What they do lives in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weex_client.cli.options import (
    FIRST_VENUE,
    Market,
    Symbols,
    VenueChoice,
    positive,
    read_age,
    read_rotation,
)
from weex_client.cli.record import RecordRequest
from weex_client.cli.record import record as run_recorder
from weex_client.cli.request import WatchRequest
from weex_client.cli.running import run_command

__all__ = ["record"]


def record(
    symbols: Symbols = None,
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The tape; one that exists is gone on with.")
    ],
    channel: Annotated[
        list[str] | None,
        typer.Option(help="What to record, again for each: one of 'weex-client venues'."),
    ] = None,
    venue: Annotated[VenueChoice, typer.Option(help="Which exchange.")] = FIRST_VENUE,
    market: Market = None,
    interval: Annotated[
        str | None, typer.Option(help="Length of a candle; 1m, if nothing else is said.")
    ] = None,
    level: Annotated[int | None, typer.Option(help="Book levels a side; 5 if not said.")] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the embedded exchange; needs no network.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Another WebSocket address than the venue's.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(callback=positive, help="Stop after so many seconds.")
    ] = None,
    rotate: Annotated[
        str | None,
        typer.Option(metavar="SIZE|AGE", help="Begin a new part: 500MB, 1GB, 30m, 1h, 1d."),
    ] = None,
    retain: Annotated[
        str | None, typer.Option(metavar="AGE", help="Remove parts older than: 12h, 7d, 4w.")
    ] = None,
    redact_private: Annotated[
        bool, typer.Option("--redact-private", help="Leave out what is about the account.")
    ] = False,
) -> int:
    """Record streams in a file until Ctrl-C, to be replayed, asked and exported.

    Example: weex-client record BTCUSDT --channel trades --channel book --out tape.db
    """
    request = RecordRequest(
        watch=WatchRequest(
            symbols=tuple(symbols or ()),
            venue=venue.value,
            market=None if market is None else market.value,
            interval=interval,
            level=level,
            sandbox=sandbox,
            url=url,
            seconds=seconds,
        ),
        channels=tuple(channel or ()),
        out=out,
        rotation=(None, None) if rotate is None else read_rotation(rotate, "--rotate"),
        retain_seconds=None if retain is None else read_age(retain, "--retain"),
        redact_private=redact_private,
    )
    return run_command(lambda: run_recorder(request))
