"""The commands, their options and their help. What they do lives in the modules they call."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from weex_client import __version__
from weex_client.cli import export_command, tape_commands
from weex_client.cli.failures import FAILURE, SUCCESS, USAGE, complain, explained
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
    positive,
)
from weex_client.cli.outlet import drop_standard_output
from weex_client.cli.paper import PaperRequest
from weex_client.cli.paper import paper as trade
from weex_client.cli.request import WatchRequest
from weex_client.cli.running import run_command
from weex_client.cli.sandbox import serve, tell_faults
from weex_client.cli.store_command import store
from weex_client.cli.venues import show_venues
from weex_client.cli.watch import watch as show
from weex_client.sandbox import SandboxExchange
from weex_client.sandbox.taped import TapeExchange

__all__ = ["app", "run"]

# Typer's own failures, wherever its version keeps them (since 0.20 it carries its own click).
_WrongUsage: Final[type[Exception]] = typer.BadParameter.__mro__[1]
_CommandError: Final[type[Exception]] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"weex-client {__version__}")
        raise typer.Exit


@app.callback()
def weex_client(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Stream exchange market data to the terminal, to scripts and to tests.

    Example: weex-client watch --sandbox BTCUSDT ETHUSDT
    """


@app.command()
def watch(
    symbols: Symbols = None,
    venue: Annotated[VenueChoice, typer.Option(help="Which exchange.")] = FIRST_VENUE,
    market: Market = None,
    channel: Annotated[
        str | None,
        typer.Option(help="What to show: ticker, or one of 'weex-client venues'."),
    ] = None,
    interval: Interval = None,
    level: Level = None,
    sandbox: Sandbox = False,
    url: Url = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
    seconds: Seconds = None,
) -> int:
    """Show streams as they come: a live table on a terminal, plain lines elsewhere.

    Example: weex-client watch BTCUSDT ETHUSDT --channel trades --json --count 100
    """
    request = WatchRequest(
        symbols=tuple(symbols or ()),
        venue=venue.value,
        market=None if market is None else market.value,
        channel=channel,
        interval=interval,
        level=level,
        sandbox=sandbox,
        url=url,
        json=json,
        count=count,
        seconds=seconds,
    )
    return run_command(lambda: show(request))


@app.command()
def venues() -> int:
    """Print which channels each venue has, with their levels and intervals.

    Example: weex-client venues
    """
    return run_command(show_venues)


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Which port; 0 for a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed is the same market.")] = 7,
    speed: Annotated[
        float, typer.Option(callback=positive, help="Simulated seconds a real second.")
    ] = 1.0,
    chaos: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Let things go wrong; the same seed is the same plan."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="TAPE", help="Serve what 'record' has written instead of a market."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell on standard error what goes wrong.")
    ] = False,
) -> int:
    """Run the embedded exchange until Ctrl-C; its first line of output says where it is.

    Example: weex-client sandbox --port 8765 --seed 42
    """
    if verbose:
        tell_faults()
    if replay is not None:
        tape = replay
        return run_command(lambda: serve(TapeExchange(tape, host, port, speed, chaos=chaos)))
    return run_command(
        lambda: serve(SandboxExchange(seed=seed, host=host, port=port, speed=speed, chaos=chaos))
    )


@app.command()
def paper(
    symbols: Annotated[
        list[str], typer.Argument(metavar="SYMBOL", help="Symbols such as BTCUSDT.")
    ],
    strategy: Annotated[
        str,
        typer.Option(
            metavar="MODULE:NAME", help="A strategy coroutine, or a PaperTradingEngine subclass."
        ),
    ],
    venue: Annotated[VenueChoice, typer.Option(help="Which exchange.")] = FIRST_VENUE,
    market: Market = None,
    sandbox: Sandbox = False,
    seconds: Seconds = None,
    balance: Annotated[
        float, typer.Option(callback=positive, help="What the account begins with.")
    ] = 10_000.0,
    leverage: Annotated[float, typer.Option(min=1, help="Times the margin (contract).")] = 1.0,
    report: Annotated[
        Path | None, typer.Option(help="Write a report: a page, or the fills if it ends in .csv.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Save the account in a file, or resume it from there.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="TAPE", help="Trade in what 'record' has written: a backtest."),
    ] = None,
) -> int:
    """Trade on paper: a strategy of yours, live prices, an account that is not real.

    Example: weex-client paper BTCUSDT --sandbox --strategy mybot:strategy --report report.html
    """
    request = PaperRequest(
        symbols=tuple(symbols),
        strategy=strategy,
        venue=venue.value,
        market=None if market is None else market.value,
        sandbox=sandbox,
        seconds=seconds,
        balance=balance,
        leverage=leverage,
        report=report,
        state=state,
        replay=replay,
    )
    return run_command(lambda: trade(request))


app.command()(tape_commands.record)
app.command()(tape_commands.replay)
app.add_typer(tape_commands.tape_app, name="tape")
app.command()(store)
app.command()(export_command.export)


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments.

    Returns:
        The exit status.
    """
    # Without a handler the logging module prints warnings and tracebacks on standard error.
    logging.getLogger().addHandler(logging.NullHandler())
    if sys.stdout is None:
        complain("standard output is closed: there is nowhere to print to")
        return FAILURE
    try:
        status = app(list(arguments), prog_name="weex-client", standalone_mode=False)
    except _WrongUsage as exc:
        help_command = _help_command(exc)
        complain(f"{_said(exc).rstrip('.')}; see {help_command}")
        return USAGE
    except _CommandError as exc:
        complain(_said(exc))
        return USAGE
    except typer.Abort:
        return SUCCESS
    except SystemExit:  # rich's answer to a broken pipe while it prints the help
        return SUCCESS
    except OSError as exc:
        drop_standard_output()
        if isinstance(exc, BrokenPipeError):
            return SUCCESS
        complain(explained(exc)[0])
        return FAILURE
    return status if isinstance(status, int) else SUCCESS


def _said(error: Exception) -> str:
    said = getattr(error, "format_message", None)
    # Typer passes pydantic's words on.
    return (str(error) if said is None else str(said())).replace("Value error, ", "")


def _help_command(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = "weex-client" if context is None else str(context.command_path)
    return f"{path} --help"
