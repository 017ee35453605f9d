"""The commands about tapes, their options and their help. What they do lives in other modules."""

from __future__ import annotations

from pathlib import Path
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
    read_age,
    read_rotation,
)
from weex_client.cli.record import RecordRequest
from weex_client.cli.record import record as run_recorder
from weex_client.cli.replay import ReplayRequest
from weex_client.cli.replay import replay as play
from weex_client.cli.request import WatchRequest
from weex_client.cli.running import run_command
from weex_client.cli.tape_info import show_tape

__all__ = ["record", "replay", "tape_app"]

tape_app = typer.Typer(help="Tell what was recorded.")
Tape = Annotated[Path, typer.Argument(metavar="TAPE", help="What 'record' has written.")]


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
    interval: Interval = None,
    level: Level = None,
    sandbox: Sandbox = False,
    url: Url = None,
    seconds: Seconds = None,
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


def replay(
    tape: Tape,
    channel: Annotated[
        str | None, typer.Option(help="Which channel; all that were recorded, if not said.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Of which symbol; several times for several.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Of which exchange.")] = None,
    level: Annotated[int | None, typer.Option(min=1, help="Book levels a side.")] = None,
    interval: Annotated[str | None, typer.Option(help="Length of a candle.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="2026-11-21T18:30 or Unix seconds.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The first moment not wanted.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.0, help="1 as it was, 10 ten times as fast, 0 at once.")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    digest: Annotated[
        bool, typer.Option("--digest", help="Print the SHA-256 of what --json prints.")
    ] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
) -> int:
    """Print what was recorded, as 'watch' printed it when it came.

    Example: weex-client replay tape.db --channel trades --symbol BTCUSDT --json
    """
    request = ReplayRequest(
        tape=tape,
        channel=channel,
        symbols=tuple(symbol or ()),
        venue=venue,
        level=level,
        interval=interval,
        start=start,
        end=end,
        speed=speed,
        json=json,
        digest=digest,
        count=count,
    )
    return run_command(lambda: play(request))


@tape_app.command()
def info(
    tape: Tape,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Tell which sessions, channels and gaps are on a tape.

    Example: weex-client tape info tape.db
    """
    return run_command(lambda: show_tape(tape, as_json=json))
