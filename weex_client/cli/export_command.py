"""The options of ``export`` and their help. What it does lives in ``export``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, get_args

import typer

from weex_client.cli.export import ExportRequest, export_tape
from weex_client.cli.running import run_command
from weex_client.export import FileFormat

__all__ = ["export"]

FormatChoice = Enum("FormatChoice", {name: name for name in get_args(FileFormat)})  # type: ignore[misc]


def export(
    tape: Annotated[Path, typer.Argument(metavar="TAPE", help="What 'record' has written.")],
    channel: Annotated[str, typer.Option(help="What to export: trades, book, ticker, ...")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to.")],
    format: Annotated[  # noqa: A002 - the option's name
        FormatChoice | None, typer.Option(help="What the name of FILE ends in, if not said.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Of which symbol; several times for several.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="2026-11-21T18:30 or Unix seconds.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The first moment not wanted.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Of which exchange.")] = None,
    interval: Annotated[
        str | None,
        typer.Option(help="With trades: build candles of 7s, 90m, 4h; with candles: which."),
    ] = None,
    level: Annotated[int | None, typer.Option(min=1, help="Book levels a side.")] = None,
) -> int:
    """Write what was recorded to a file: CSV, JSON lines or Parquet.

    Example: weex-client export tape.db --channel trades --symbol BTCUSDT --out trades.csv
    """
    request = ExportRequest(
        tape=tape,
        channel=channel,
        out=out,
        file_format=None if format is None else format.value,
        symbols=tuple(symbol or ()),
        venue=venue,
        start=start,
        end=end,
        interval=interval,
        level=level,
    )
    return run_command(lambda: export_tape(request))
