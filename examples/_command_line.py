"""The options that every example understands; the examples themselves do not need it.

Copy an example without its last lines and start it with
``asyncio.run(example(WeexConfig.from_env()))``.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

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
    parser = argparse.ArgumentParser(description=example.__doc__)
    parser.add_argument(
        "--sandbox", action="store_true", help="use the embedded exchange instead of the venue"
    )
    parser.add_argument("--seconds", type=float, help="stop after so long")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(example, venue, options.sandbox, options.seconds))


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
