"""The command that trades on paper. The engine is in ``weex_client.paper``."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from weex_client.cli.failures import SUCCESS
from weex_client.cli.outlet import Outlet
from weex_client.cli.request import WatchRequest
from weex_client.cli.sandbox import opened
from weex_client.cli.screens import LineScreen, LiveScreen, Screen
from weex_client.cli.views.paper import PaperView
from weex_client.client import StreamClient
from weex_client.errors import ConnectError, UnsupportedChannelError, UsageError, WeexClientError
from weex_client.paper import PaperReport, PaperTradingEngine, Strategy
from weex_client.recording import replaying
from weex_client.sandbox import SandboxExchange
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.streaming.subscription import Subscription
from weex_client.websocket import VENUES

__all__ = ["PaperRequest", "paper"]


@dataclass(frozen=True, slots=True)
class PaperRequest:
    """Hold the arguments and options of ``paper``."""

    symbols: tuple[str, ...]
    strategy: str
    venue: str = "weex"
    market: str | None = None
    sandbox: bool = False
    seconds: float | None = None
    balance: float = 10_000.0
    leverage: float = 1.0
    report: Path | None = None
    state: Path | None = None
    replay: Path | None = None

    def check(self) -> None:
        """Make sure that the options fit each other.

        Raises:
            UsageError: If they do not.
        """
        if self.sandbox and self.replay is not None:
            raise UsageError("--sandbox and --replay exclude each other: choose one")

    @property
    def where(self) -> str:
        """Return in a word what market it is, if not the live one."""
        if self.replay is not None:
            return "replayed"
        return "sandbox" if self.sandbox else ""


async def paper(request: PaperRequest) -> int:
    """Trade until the strategy returns, time is up, or a risk limit stops it.

    Returns:
        Success.

    Raises:
        WeexClientError: If something could not be opened, or the strategy raised.
    """
    request.check()
    make, strategy = _loaded(request.strategy)
    async with contextlib.AsyncExitStack() as stack:
        exchange = None
        if request.sandbox:
            exchange = await stack.enter_async_context(opened(SandboxExchange()))
        config = WatchRequest(request.symbols, venue=request.venue, market=request.market).config(
            exchange
        )
        is_contract = getattr(config, "market", "spot") == "contract"
        market: Literal["contract", "spot"] = "contract" if is_contract else "spot"
        engine = make(
            request.balance,
            symbols=request.symbols,
            market=market,
            leverage=request.leverage,
            state=request.state,
        )
        tape = None if request.replay is None else replaying(request.replay)
        client = VENUES[request.venue](config, connector=tape)
        try:
            await stack.enter_async_context(client)
        except ConnectError as exc:
            raise _advised(exc, request) from exc
        words = (request.venue, market, request.where, "on paper")
        async with _shown(engine, client, " ".join(filter(None, words))):
            report = await engine.run(
                client, strategy, seconds=request.seconds, report=request.report
            )
    await Outlet().line(_summary(report, request))
    return SUCCESS


def _loaded(name: str) -> tuple[type[PaperTradingEngine], Strategy | None]:
    """Return the engine's class and the strategy that ``module:name`` stands for.

    Raises:
        UsageError: If it stands for neither.
    """
    module_name, separator, attribute = name.partition(":")
    if not separator or not module_name or not attribute:
        raise UsageError(f"--strategy is module:name, for example mybot:strategy, not {name!r}")
    folder = os.getcwd()  # noqa: PTH109 - as python -m does, a text
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as exc:
        raise UsageError(f"--strategy: there is no module {exc.name!r} here") from exc
    except AttributeError as exc:
        raise UsageError(f"--strategy: {module_name} has no {attribute!r}") from exc
    except Exception as exc:  # whatever a user's module does when it is imported
        raise UsageError(
            f"--strategy: {module_name} cannot be imported: {type(exc).__name__}: {exc}"
        ) from exc
    if inspect.isclass(found) and issubclass(found, PaperTradingEngine):
        return found, None
    if inspect.iscoroutinefunction(found):
        return PaperTradingEngine, found
    raise UsageError(
        f"--strategy: {name} is neither 'async def strategy(engine, client)' nor a subclass of"
        " PaperTradingEngine"
    )


def _advised(error: ConnectError, request: PaperRequest) -> ConnectError:
    if request.sandbox:
        return error
    return ConnectError(
        f"{error}; check the network, or add --sandbox to trade at the embedded exchange",
        url=error.url,
        status=error.status,
    )


@contextlib.asynccontextmanager
async def _shown(
    engine: PaperTradingEngine, client: StreamClient, place: str
) -> AsyncIterator[None]:
    """Show what happens to an engine's account while open."""
    screen: Screen
    if sys.stdout.isatty() and not Console().is_dumb_terminal:
        screen = LiveScreen(PaperView(engine), place, client)
    else:
        screen = LineScreen(as_json=False)
    # What is shown too late is of no use: a slow terminal loses lines, never the account's.
    policy = OverflowPolicy.DROP_OLDEST
    streams: list[Subscription[Any]] = [
        engine.stream_orders(overflow=policy),
        engine.stream_fills(overflow=policy),
    ]
    with contextlib.suppress(UnsupportedChannelError):  # spot
        streams.append(engine.stream_positions(overflow=policy))
    # A reader that fails, as when nobody takes the lines any more, ends the run.
    async with screen.opened(), asyncio.TaskGroup() as group:
        readers = [group.create_task(_read(stream, screen)) for stream in streams]
        readers.append(group.create_task(_follow_events(client, screen)))
        try:
            yield
        finally:
            for reader in readers:
                reader.cancel()


async def _read(stream: Subscription[Any], screen: Screen) -> None:
    with contextlib.suppress(WeexClientError):  # the run itself raises it
        async with stream:
            async for message in stream:
                await screen.show(message)


async def _follow_events(client: StreamClient, screen: Screen) -> None:
    async with client.events() as events:
        async for event in events:
            # The engine follows books and tickers by their newest: that is no loss.
            if event.kind != "slow_consumer":
                screen.note(event)


def _summary(report: PaperReport, request: PaperRequest) -> str:
    written = "" if request.report is None else f"; report in {request.report}"
    return f"{report}{written}"
