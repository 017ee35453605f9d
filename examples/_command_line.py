"""The options that every example understands; the examples themselves do not need it.

Copy an example without its last lines and start it with
``asyncio.run(example(WeexConfig.from_env()))``, or, where it is a plain function, with
``example(WeexConfig.from_env())``.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

from weex_client import WeexConfig
from weex_client.sandbox import SandboxExchange
from weex_client.websocket import VENUES

Example = Callable[..., Awaitable[None]]


def run(example: Example, venue: str = "weex") -> None:
    """Run an example until it ends, its time is up, or somebody presses Ctrl-C.

    It is called with a venue's settings, or with those of every venue by name.

    Args:
        example: What to run.
        venue: Whose settings it wants; ``all`` for every venue's.
    """
    options = _options(example.__doc__)
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(example, venue, options.sandbox, options.seconds))


def run_in_thread(example: Callable[[WeexConfig], None]) -> None:
    """Run an example without asyncio until it ends, its time is up, or for Ctrl-C."""
    options = _options(example.__doc__)
    with suppress(KeyboardInterrupt), _stopped_after(options.seconds):
        if options.sandbox:
            with _sandbox() as config:
                example(config)
        else:
            example(WeexConfig.from_env())


def _options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--sandbox", action="store_true", help="use the embedded exchange instead of the venue"
    )
    parser.add_argument("--seconds", type=float, help="stop after so long")
    return parser.parse_args()


async def _run(example: Example, venue: str, use_sandbox: bool, seconds: float | None) -> None:
    async with AsyncExitStack() as stack:
        settings: Callable[[str], Any] = _from_environment
        if use_sandbox:
            settings = (await stack.enter_async_context(SandboxExchange())).config
        configs = {name: settings(name) for name in VENUES if venue in (name, "all")}
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await example(configs if venue == "all" else configs[venue])


def _from_environment(name: str) -> Any:
    return VENUES[name].config_class.from_env()


@contextmanager
def _sandbox() -> Iterator[WeexConfig]:
    """Run the embedded exchange, which is asynchronous, in a thread of its own."""
    opened: Future[WeexConfig] = Future()
    loop, is_over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with SandboxExchange() as exchange:
            opened.set_result(exchange.weex_config())
            await is_over.wait()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield opened.result()
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()


@contextmanager
def _stopped_after(seconds: float | None) -> Iterator[None]:
    """Press Ctrl-C when the time is up."""
    main = threading.get_ident()
    timer = threading.Timer(seconds or 0, lambda: signal.pthread_kill(main, signal.SIGINT))
    if seconds is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
